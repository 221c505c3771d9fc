"""Sources of the same layers, a network and its untrained twin, compared layer by layer."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from repscape.rdms.compare.inference import Inference


def compared(labels: Mapping[str, list], found: "Inference", dependent: Sequence[str]) -> dict:
    """Compare each layer with the same layer of other sources, corrected over the layers of each two.

    Sources have the same layers if those of a name lie at the same depth, and these are more than half.

    Parameters
    ----------
    labels : mapping of label to its values, one a model
    found : Inference
    dependent : labels that follow from others

    Returns
    -------
    dict of variables
        float64 (model, other_source): ``source_difference``, how much more like the reference a model is than
        that source in its layer; ``source_low``, ``source_high``; ``p_source`` and its corrections. NaN
        where there is no such layer. Empty where no two sources have the same layers.
    """
    from repscape.rdms.compare.significance import CORRECTIONS, corrected, student_interval

    keys = [label for label in labels if label not in ("source", *dependent)]
    depths: dict[str, dict[tuple, int]] = {}
    rows: dict[tuple, int] = {}
    for at, source in enumerate(labels.get("source", [])):
        key = tuple(str(labels[label][at]) for label in keys)
        depths.setdefault(source, {})[key] = labels["layer_order"][at] if "layer_order" in labels else 0
        rows[source, key] = at
    twins = {
        (one, other): [(rows[one, key], rows[other, key]) for key in layers.keys() & depths[other].keys()]
        for one, layers in depths.items()
        for other in depths
        if one != other and _alike(layers, depths[other])
    }
    others = [source for source in depths if any(other == source for _, other in twins)]
    if not others:
        return {}
    shape = len(found.similarity), len(others)
    names = ["source_difference", "source_low", "source_high", "p_source"]
    names += [f"p_source_{method}" for method in CORRECTIONS]
    arrays = {name: np.full(shape, np.nan) for name in names}
    for (_, other), both in twins.items():
        first, second = np.array(sorted(both)).T
        column = others.index(other)
        difference = found.similarity[first] - found.similarity[second]
        low, high = student_interval(difference, found.sem_pair[first, second], found.dof, most=2)
        p = found.p_pair[first, second]
        for name, values in zip(
            names, (difference, low, high, p, *(corrected(p, method) for method in CORRECTIONS)), strict=True
        ):
            arrays[name][first, column] = values
    variables = {name: (("model", "other_source"), values) for name, values in arrays.items()}
    return variables | {"other_source": (("other_source",), others)}


def _alike(one: dict[tuple, int], other: dict[tuple, int]) -> bool:
    shared = one.keys() & other.keys()
    return 2 * len(shared) > min(len(one), len(other)) and all(one[key] == other[key] for key in shared)
