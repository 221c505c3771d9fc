"""Models of an inference as a figure shows them: lines through the layers of sources, in panels."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from repscape.rdms.compare.significance import ALPHA, Correction
from repscape.rdms.labels import Where, indices_where

# Labels, also of lower levels, in which lines do not differ: the layer, and what follows from others
_ALONG = ("layer", "measure", "normalisation")
_OF_NETWORKS = (
    "source", "population", "size", "metric", "population_sub", "size_sub", "metric_sub", "source_sub",
)  # fmt: skip


class Spot(NamedTuple):
    """Where a model is along its line.

    Attributes
    ----------
    name : str
    depth : int
    of_layer : bool
        Whether it is placed by its layer, and not by another label.
    """

    name: str
    depth: int
    of_layer: bool


class Shown(NamedTuple):
    """What is shown of an inference; models are numbers of its table's rows.

    Attributes
    ----------
    labels : mapping of label to array (model,)
    models : list of int
    spots : dict of model to Spot
    lines : dict of name to list of models, in order of depth
    panels : dict of tuple of the names of lines to list of layers
    best : int
        The model most similar to the reference.
    """

    labels: Mapping[str, np.ndarray]
    models: list[int]
    spots: dict[int, Spot]
    lines: dict[str, list[int]]
    panels: dict[tuple[str, ...], list[str]]
    best: int

    @property
    def of_layers(self) -> bool:
        """Whether all models are placed by their layers."""
        return all(spot.of_layer for spot in self.spots.values())


def select(table, where: Where | None) -> Shown:
    """Choose models by their labels and arrange them.

    Parameters
    ----------
    table : Dataset
        A file of the analysis `inference`.
    where : mapping of label to a value or values, optional
    """
    labels = {
        str(name): table[name].values
        for name in table.variables  # a label may be called as the dimension
        if table[name].dims == ("model",) and table[name].dtype.kind in "OU"
    }
    models = indices_where(labels, where, what="model")
    spots = _spots(labels, table["layer_order"].values, models)
    lines = _lines(labels, spots, models)
    best = models[int(np.argmax(table["similarity"].values[models]))]
    return Shown(labels, models, spots, lines, _panels(spots, lines), best)


def _spots(labels: Mapping, order: np.ndarray, shown: list[int]) -> dict[int, Spot]:
    """Place each model by its layer; those of a source of one layer by the labels in which they differ."""
    by_source: dict[str, list[int]] = {}
    for at in shown:
        by_source.setdefault(str(labels["source"][at]), []).append(at)
    found: dict[int, Spot] = {}
    for models in by_source.values():
        own = [label for label in _different(labels, models) if label not in _OF_NETWORKS]
        by_label = own and len(set(labels["layer"][models])) == 1
        for depth, at in enumerate(models):
            if by_label:
                found[at] = Spot(" ".join(str(labels[label][at]) for label in own), depth, False)
            else:
                found[at] = Spot(str(labels["layer"][at]), int(order[at]), True)
    return found


def _different(labels: Mapping, models: list[int]) -> list[str]:
    """Name the labels, beside that of the layer and those that follow, in which models differ."""
    return [
        label
        for label, values in labels.items()
        if label.removesuffix("_sub") not in _ALONG and len(set(values[models])) > 1
    ]


def different(shown: Shown) -> list[str]:
    """Name the labels, beside source and layer, in which models differ."""
    return [label for label in _different(shown.labels, shown.models) if label != "source"]


def _lines(labels: Mapping, spots: dict[int, Spot], shown: list[int]) -> dict[str, list[int]]:
    """Return the models of each line in order of depth, by the labels in which lines differ."""
    by_layer = [at for at in shown if spots[at].of_layer]
    different = [label for label in _different(labels, shown) if label in _OF_NETWORKS]
    different += [label for label in _different(labels, by_layer) if label not in _OF_NETWORKS]
    different = different or ["source"]
    lines: dict[str, list[int]] = {}
    for at in sorted(shown, key=lambda at: spots[at].depth):
        words = [str(labels[label][at]) for label in different]
        lines.setdefault(" · ".join(filter(None, words)), []).append(at)
    named = sorted(lines, key=lambda name: min(lines[name]))
    return {name: lines[name] for name in named}


def _panels(spots: dict[int, Spot], lines: dict[str, list[int]]) -> dict[tuple[str, ...], list[str]]:
    """Put lines through the same layers in one panel, also where one lacks a few: {lines: layers}."""
    depths = [{spots[at].name: spots[at].depth for at in models} for models in lines.values()]
    panels: list[tuple[list[str], dict[str, int]]] = []
    for name, own in zip(lines, depths, strict=True):
        for names, layers in panels:
            shared = own.keys() & layers.keys()
            if 2 * len(shared) > min(len(own), len(layers)) and all(own[k] == layers[k] for k in shared):
                names.append(name)
                layers.update(own)
                break
        else:
            panels.append(([name], dict(own)))
    return {tuple(names): sorted(layers, key=layers.__getitem__) for names, layers in panels}


def more_alike(table, shown: Shown, names: tuple[str, ...], correction: Correction) -> dict[str, list[int]]:
    """Find where one of two sources in a panel is more like the reference than the other.

    Parameters
    ----------
    table : Dataset
    shown : Shown
    names : of the lines in the panel
    correction : a key of `CORRECTIONS`

    Returns
    -------
    dict of the line's name to places in the panel's layers
    """
    if len(names) != 2 or "other_source" not in table:
        return {}
    layers, lines = shown.panels[names], shown.lines
    sources = {name: set(shown.labels["source"][lines[name]]) for name in names}
    others = table["other_source"].values.tolist()
    p, difference = (table[key].values for key in (f"p_source_{correction}", "source_difference"))
    found = {}
    for name, other in zip(names, reversed(names), strict=True):
        if len(sources[other]) > 1 or sources[other] == sources[name] or not sources[other] <= set(others):
            return {}
        column = others.index(*sources[other])
        more = [
            layers.index(shown.spots[at].name)
            for at in lines[name]
            if p[at, column] < ALPHA and difference[at, column] > 0
        ]
        if more:
            found[name] = more
    return found
