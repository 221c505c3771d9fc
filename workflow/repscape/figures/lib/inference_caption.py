"""The caption of an inference: what was compared, and how sure it is."""

import json
from collections.abc import Set

import numpy as np

from repscape.analyses.lib import inference_summary
from repscape.figures.lib import captions
from repscape.figures.lib.depth import labelled
from repscape.figures.lib.inference_models import Shown, different
from repscape.rdms.compare.comparison import COMPARISONS
from repscape.rdms.compare.significance import ALPHA, Correction

FACTORS = {
    "entries": "entries (images)", "sets": "sets of entries", "repeats": "repeats of the reference",
    "units": "units of the reference",
}  # fmt: skip


def caption(table, shown: Shown, correction: Correction, marks: Set[str]) -> str:
    """Say what was compared and how sure it is.

    Parameters
    ----------
    table : Dataset
    shown : Shown
    correction : a key of `CORRECTIONS`
    marks : set of str
        Those that are drawn.
    """
    text = [
        _compared(table, shown),
        _averaged(table, shown),
        _intervals(table, shown),
        _ceiling(table, shown, correction),
        _tests(table, shown, correction, "alike" in marks),
        _permutations(table, shown),
        *map(captions.escape, _between(table, shown, correction)),
        "Stars: the one of the two that is more similar to the reference in this layer."
        if "more" in marks
        else "",
        _left_out(table),
        labelled({names[0]: layers for names, layers in shown.panels.items()}),
    ]
    return " ".join(filter(None, text))


def _nouns(shown: Shown) -> tuple[str, str]:
    """Return what models are called, one and several."""
    return ("layer", "layers") if shown.of_layers else ("model", "models")


def reference(table) -> str:
    """Name the reference in a few words."""
    words = [
        " + ".join(map(str, value)) if isinstance(value, list) else str(value)
        for value in json.loads(table.reference).values()
    ]
    return captions.shorten(" ".join(words), 30)


def _compared(table, shown: Shown) -> str:
    """Say what is compared with what, and how."""
    several = table.sizes["entry_set"] > 1
    repeats = table.sizes["data_repeat"]
    entries = sorted(set(table["entries"].values.tolist()))
    count = str(entries[0]) if len(entries) == 1 else f"{entries[0]} to {entries[-1]}"
    labels = ", ".join(
        f"{captions.escape(label)} {captions.escape(captions.listing(np.atleast_1d(value)))}"
        for label, value in json.loads(table.reference).items()
    )
    over = f", mean over {table.sizes['entry_set']} sets of entries" if several else ""
    also = " and" if several else ", mean"
    if table.attrs.get("halves", 0):
        over += (
            f"{also} over both halves of the reference's trials, split at random "
            f"{captions.plural(repeats // 2, 'time', 'times')}"
        )
    elif repeats > 1:
        over += f"{also} over {repeats} repeats of the reference"
    return (
        f"Similarity of the RDMs of the {_nouns(shown)[1]} of "
        f"{captions.listing(map(captions.escape, shown.lines))} to the "
        f"RDM{'s' if several or repeats > 1 else ''} of {labels}, the reference: "
        f"{COMPARISONS[table.comparison].words} over pairs of {count} entries{over}. The reference is not "
        "compared with itself."
    )


def _averaged(table, shown: Shown) -> str:
    """Say over which labels RDMs of a model were averaged."""
    over = [captions.escape(label) for label in np.atleast_1d(table.attrs.get("averaged_over", []))]
    if not over:
        return ""
    most = table["rdms_averaged"].values[shown.models].max()
    return f"Each {_nouns(shown)[0]} is the mean of its RDMs over {captions.listing(over)} (at most {most})."


def _intervals(table, shown: Shown) -> str:
    """Say how intervals were found, and of what they speak."""
    resampled = [FACTORS[str(name)] for name in np.atleast_1d(table.resampled_factors)]
    text = (
        f"{'Bands' if shown.of_layers else 'Bars'}: 95% intervals by Student's t ({table.dof} degrees of "
        f"freedom) with the standard error of {captions.number(table.resamples)} bootstrap samples of "
        f"{captions.listing(resampled)}; they generalise to other "
        f"{captions.listing(name.split(' (')[0] for name in resampled)} of the same kind."
    )
    if table.attrs.get("bootstrap") == "repeats":
        text += f" {captions.escape(inference_summary.OF_THESE_ENTRIES)}"
    return text


def _ceiling(table, shown: Shown, correction: Correction) -> str:
    """Say what the noise ceiling is, and how many models reach it."""
    low, high = table["ceiling"].values
    if not np.isfinite([low, high]).all():
        return ""
    below = table[f"p_ceiling_{correction}"].values[shown.models] < ALPHA
    reach = int((~below | (table["similarity"].values[shown.models] >= low)).sum())
    what = (
        "the similarity of the halves to each other (lower limit) and to the mean of both (upper)"
        if table.attrs.get("halves", 0)
        else "the similarity of the repeats to the mean of the others (lower limit) and of all (upper)"
    )
    text = (
        f"Grey: the noise ceiling, {low:.2f} to {high:.2f}: {what}. Of the {len(shown.models)} "
        f"{_nouns(shown)[1]} shown, {reach} {'does' if reach == 1 else 'do'} not lie below its lower limit "
        "(two-sided t-test, corrected as below)."
    )
    if "reliability" in table.attrs:
        text += (
            f" Two RDMs of all trials would correlate with r = {table.reliability:.2f} (Spearman and Brown)."
        )
    return text


def _tests(table, shown: Shown, correction: Correction, some_alike: bool) -> str:
    """Say what marks mean: which models are above 0, which is the best, and which do not differ from it."""
    layer, layers = _nouns(shown)
    best, tests = shown.best, table.sizes["model"]
    naming = ["source", "layer", *([] if shown.of_layers else different(shown))]
    name = ", ".join(
        str(shown.labels[label][best])
        for label in naming
        if label in shown.labels and shown.labels[label][best]
    )
    similarity, low, high = (table[key].values[best] for key in ("similarity", "low", "high"))
    text = (
        f"Full markers: above 0 (one-sided t-test), p < {ALPHA:g}"
        f"{captions.corrected(tests, layers, correction)}. Triangle: the most similar {layer} "
        f"({captions.escape(name)}, {similarity:.2f}, 95% interval {low:.2f} to {high:.2f})."
    )
    if tests > 1:
        alike = f"Dashes: {layers} that do not differ"
        text += (
            f" {alike if some_alike else 'All others shown differ'} from it (two-sided t-test of the "
            "difference, corrected in the same way for all "
            f"{captions.plural(tests * (tests - 1) // 2, 'pair', 'pairs')})."
        )
    return text


def _permutations(table, shown: Shown) -> str:
    """Say how many models are more similar than by chance."""
    if "p_permutation_max" not in table:
        return ""
    layer, layers = _nouns(shown)
    above = int((table["p_permutation_max"].values[shown.models] < ALPHA).sum())
    return (
        f"By permutation of the reference's entries, {above} of the {len(shown.models)} {layers} shown "
        f"{'is' if above == 1 else 'are'} more similar to it than expected by chance (p < {ALPHA:g}; "
        f"{captions.number(table.permutations)} permutations, corrected by the largest similarity of any "
        f"{layer} in each permutation)."
    )


def _between(table, shown: Shown, correction: Correction) -> list[str]:
    """Say how sources with the same layers differ."""
    if "other_source" not in table:
        return []
    labels, models = shown.labels, shown.models
    naming = ("layer", *different(shown))
    return inference_summary.between(
        labels["source"][models].tolist(),
        [" ".join(str(labels[label][at]) for label in labels if label in naming) for at in models],
        table["other_source"].values.tolist(),
        {
            name: table[name].values[models]
            for name in ("similarity", "source_difference", f"p_source_{correction}")
        },
        correction,
    )


def _left_out(table) -> str:
    if table.attrs.get("left_out") is None:
        return ""
    left = [captions.escape(each) for each in np.atleast_1d(table.left_out)]
    return f"Omitted: {'; '.join(left[:4])}{' …' if len(left) > 4 else ''}."
