"""What a figure of categories by depth says beneath it."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib.category_rdm import FEWEST
from repscape.analyses.lib.category_table import ALL
from repscape.figures.lib import captions
from repscape.figures.lib.category_lines import ALONE, Panel
from repscape.figures.lib.source_panels import labelled
from repscape.rdms.compare.significance import ALPHA, Correction

WHAT = {
    "index": (
        "Category index by depth: (between − within) / (between + within), of the mean {metric} between "
        "and within categories; 0 if images of a category are as similar as others, 1 if they are equal."
    ),
    "clustering": (
        "Category clustering by depth: the mean {metric} between categories minus that within them; 0 if "
        "images of a category are as similar as others."
    ),
    "dissimilarity": "Mean {metric} between images within and across categories, by depth.",
    "differentiation": (
        "Differentiation by depth, of each category separately and across categories: the median {metric} "
        "over their pairs of images."
    ),
}


def caption(table, panels: Mapping[str, Panel], show: str, correction: Correction, each: int) -> str:
    """Say what is shown, how it was sampled, and how sure it is.

    Parameters
    ----------
    table : Dataset
        Of an analysis `category_index`.
    panels : mapping of name to Panel
    show : str
    correction : a key of `CORRECTIONS`
    each : int
        How many categories have separate lines.
    """
    rdms = [at for panel in panels.values() for at in panel.rdms]
    metric = captions.escape(captions.listing(dict.fromkeys(_metric(table, at) for at in rdms)))
    text = [
        WHAT[show].format(metric=metric),
        _sampled(table, rdms),
        _sure(table, rdms, panels, show, correction, each),
        labelled({name: panel.layers for name, panel in panels.items()}, wide=[ALONE]),
    ]
    return " ".join(filter(None, text))


def _metric(table, at: int) -> str:
    name = str(table["metric"].values[at])
    return captions.metric(str(table["measure"].values[at]) if "measure" in table else name, name)


def _sampled(table, rdms: list[int]) -> str:
    """Say of which images and units RDMs are, and over what they were averaged."""
    largest = table["images"].isel(rdm=rdms).max("rdm")
    counts = {
        captions.escape(name): captions.number(int(count))
        for name, count in zip(table["category"].values, largest.values, strict=True)
        if count and name != ALL
    }
    images = ", ".join(f"{name} {count}" for name, count in counts.items())
    text = f"Images by {captions.escape(table.attrs['factor'])}: {images}"
    for label in ("stimulus", "population", "size"):
        values = dict.fromkeys(filter(None, table[label].values[rdms].astype(str))) if label in table else {}
        if values:
            text += f"; {label} {captions.listing(map(captions.escape, values))}"
    return "; ".join([text, *captions.averaged(table, rdms)]) + "."


def _sure(table, rdms, panels, show: str, correction: Correction, each: int) -> str:
    """Say what intervals and marks are, in one sentence."""
    whole = table.isel(rdm=rdms)
    variable = {"dissimilarity": "within", "differentiation": "differentiation_within"}.get(show, show)
    parts = []
    if np.isfinite(whole[f"{variable}_low"]).any():
        resamples = captions.number(int(table.attrs["resamples"]))
        parts.append(
            f"Bands: 95% intervals over {resamples} bootstrap samples of the images of each category"
        )
    few = bool((whole["images"] < FEWEST).where(whole["images"] > 0, False).any())
    if few:
        parts.append(
            f"categories with fewer than {FEWEST} images have none, and then all together have none either"
        )
    if show in ("index", "clustering"):
        layers = max(len(panel.rdms) for panel in panels.values())
        taken = sorted(set(map(int, whole["permutations"].values)))
        all_ways = ", which are all possible ones" if bool(whole["exact"].all()) else ""
        parts.append(
            f"full markers: p < {ALPHA:g}{_correction(layers, each, correction)}, by "
            f"{captions.listing(map(captions.number, taken))} permutations of the images' "
            f"categories{all_ways}"
        )
    sentence = "; ".join(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def _correction(layers: int, each: int, correction: Correction) -> str:
    """Say for how many tests p was corrected."""
    if layers * max(each, 1) == 1:
        return ""
    about = captions.CORRECTIONS[correction]
    more = " (lines of single categories: also for the categories)" if each else ""
    return f" after correction ({about.authors}) for the layers of each source{more}"
