"""What an inference says, in sentences: the layer most like the reference, and which are as like it."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from repscape.rdms.compare.significance import ALPHA, CORRECTIONS, Correction
from repscape.rdms.labels import FOLLOWING, Where, as_list

# Measured by tests/benchmarks/inference_coverage.py: of models unlike the data
OF_THESE_ENTRIES = (
    "Only repeats were resampled, so intervals and t-tests generalise to other repeats with the same "
    "entries (images), not to other images. With new images, one in five unrelated models would be found "
    "above 0. `bootstrap: both` generalises to both."
)
_NAMED = 6  # layers that are named; of more, the first


def statement(
    variables: Mapping, labels: Mapping[str, list], by: Iterable[str], reference: Where
) -> list[str]:
    """Say in sentences which model is most like the reference, and in which layers sources differ.

    Parameters
    ----------
    variables : mapping of name to (dims, values)
        Of the analysis `inference`.
    labels : mapping of label to its values, one a model
    by : labels in which models differ
    reference : the labels by which the reference was chosen
    """
    values = {name: variable[1] for name, variable in variables.items()}
    what = "models" if set(by) - {"source", "layer"} else "layers"
    name = " ".join(" + ".join(map(str, as_list(value))) for value in reference.values())
    said = best(_names(labels), values, name, "fdr", what)
    if "other_source" in values:
        layers = _names({label: values for label, values in labels.items() if label != "source"})
        others = values["other_source"]
        said += between(labels["source"], layers, others, values, "fdr")
    return said


def _names(labels: Mapping[str, list]) -> list[str]:
    """Name models by their source and layer, and by other labels in which they differ."""
    first = [label for label in ("source", "layer") if label in labels]
    others = [
        label
        for label, values in labels.items()
        if label not in (*first, *FOLLOWING) and len(set(values)) > 1
    ]
    chosen = first + others or list(labels)[:1]  # a single model may have a name alone
    return [" ".join(map(str, values)) for values in zip(*(labels[label] for label in chosen), strict=True)]


def best(
    names: Sequence[str],
    found: Mapping[str, np.ndarray],
    reference: str,
    correction: Correction,
    what: str = "layers",
) -> list[str]:
    """Say which model is most like the reference, with its interval, and which do not differ from it.

    Parameters
    ----------
    names : sequence of str
        Of the models.
    found : mapping
        ``similarity``, ``low``, ``high`` (model) and ``p_pair_{correction}`` (model, model).
    reference : str
        What it is called.
    correction : a key of `CORRECTIONS`
    what : str
        What the models are.
    """
    at = int(np.argmax(found["similarity"]))
    value, low, high = (float(found[key][at]) for key in ("similarity", "low", "high"))
    text = [
        f"Most similar to {reference} is {names[at]}: {value:.2f} (95% interval {low:.2f} to {high:.2f}), "
        f"of {len(names)} {what if len(names) > 1 else what.removesuffix('s')}."
    ]
    p = found[f"p_pair_{correction}"][at]
    alike = [name for other, name in enumerate(names) if other != at and not p[other] < ALPHA]
    tests = f"two-sided t-tests, corrected for all pairs by {CORRECTIONS[correction].authors}"
    if len(names) == 1:
        return text
    if not alike:
        return [*text, f"All others differ from it ({tests})."]
    return [*text, f"Not different from it ({tests}): {_some(alike)}."]


def between(
    sources: Sequence[str],
    layers: Sequence[str],
    others: Sequence[str],
    found: Mapping[str, np.ndarray],
    correction: Correction,
) -> list[str]:
    """Say in which layers two sources of the same layers differ: a sentence for each two.

    Parameters
    ----------
    sources, layers : sequences of str
        Of the models.
    others : sequence of str
        Sources that models are compared with, in their layer.
    found : mapping
        ``source_difference`` and ``p_source_{correction}`` (model, other), NaN where there is no such layer;
        ``similarity`` (model).
    correction : a key of `CORRECTIONS`
    """
    sources, layers = np.array(sources, object), np.array(layers, object)
    most = {source: float(found["similarity"][sources == source].max()) for source in set(sources)}
    text = []
    for one in sorted(most, key=lambda source: (-most[source], source)):
        for other in sorted(set(others) & set(most), key=lambda source: (-most[source], source)):
            column = list(others).index(other)
            difference = found["source_difference"][:, column]
            p = found[f"p_source_{correction}"][:, column]
            compared = (sources == one) & np.isfinite(p)
            if (-most[one], one) >= (-most[other], other) or not compared.any():
                continue
            sure = compared & (p < ALPHA)
            kinds = {
                "more similar in": layers[sure & (difference > 0)],
                "less similar in": layers[sure & (difference < 0)],
                "no difference in": layers[compared & ~sure],
            }
            said = "; ".join(f"{words} {_some(list(names))}" for words, names in kinds.items() if len(names))
            text.append(
                f"{one} compared with {other} in the same layer (two-sided t-tests, corrected for their "
                f"{int(compared.sum())} layers by {CORRECTIONS[correction].authors}): {said}."
            )
    return text


def _some(names: Sequence[str]) -> str:
    """List names, of many the first few and how many more there are."""
    names = list(names)
    if len(names) > _NAMED + 1:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
