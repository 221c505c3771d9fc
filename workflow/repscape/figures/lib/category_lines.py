"""Which RDMs of an analysis of categories are drawn: a panel a source, a point a layer."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.category_table import TESTS
from repscape.core.errors import ConfigError
from repscape.figures.lib import rdm_names
from repscape.rdms.labels import FOLLOWING, Where, indices_where

CHOSEN = ("stimulus", "set", "metric", "population", "size")  # of these one is shown
OWN = (*TESTS, "permutations", "exact")  # variables over RDMs that are no labels


ALONE = ""  # the panel of sources of one layer each


class Panel(NamedTuple):
    """The RDMs of a panel, from input to output, and what they are called."""

    rdms: list[int]
    layers: list[str]


def chosen_panels(table, where: Where | None, show: str) -> dict[str, Panel]:
    """Choose RDMs by their labels, and put those that differ in their layer alone into one panel. Sources
    of one layer share the last panel.

    Of several metrics, stimuli and populations of a source the first is shown, of sample sizes the
    largest.

    Parameters
    ----------
    table : Dataset
        Of an analysis `category_index`.
    where : mapping of label to a value or several, or None
    show : str
        What is shown of them.

    Raises
    ------
    ConfigError
        A label or value is unknown; or a metric that can be negative has no index.
    """
    labels = rdm_names.labels_of(table, without=OWN)
    rdms = np.array(indices_where(labels, where))
    naming = [
        name
        for name in labels
        if name not in ("layer", *FOLLOWING, *CHOSEN) and len(set(labels[name][rdms])) > 1
    ]
    groups: dict[str, list[int]] = {}
    for rdm in rdms.tolist():
        named = rdm_names.name(labels, rdm, naming) or str(labels["source"][rdm])
        groups.setdefault(named, []).append(rdm)
    panels: dict[str, Panel] = {}
    alone = Panel([], [])
    for name, several in groups.items():
        own = sorted(_of_one_kind(labels, several), key=lambda at: _depth(labels, at))
        layers = [str(labels["layer"][at]) for at in own]
        if len(own) == 1 and len(groups) > 1:
            alone.rdms.extend(own)
            alone.layers.append(f"{name} {layers[0]}")
        else:
            panels[name] = Panel(own, layers)
        if show == "index" and np.isnan(table["index"].values[own]).all():
            raise ConfigError(
                f"show: {name} has no index with the metric '{labels['metric'][own[0]]}', whose "
                "dissimilarities can be negative. Choose `show: clustering`, or another metric with "
                "'where'."
            )
    return panels | ({ALONE: alone} if alone.rdms else {})


def _of_one_kind(labels: Mapping[str, np.ndarray], rdms: list[int]) -> list[int]:
    """Choose RDMs of one stimulus, metric and sample size."""
    for label in CHOSEN:
        if label in labels:
            values = [str(labels[label][at]) for at in rdms]
            one = _largest(values) if label == "size" else values[0]
            if label == "population":  # the first that is sampled by size, where one is
                sized = [at for at in rdms if "size" in labels and labels["size"][at] not in ("", "all")]
                one = str(labels[label][sized[0]]) if sized else one
            rdms = [at for at, value in zip(rdms, values, strict=True) if value == one]
    return rdms


def _largest(sizes: list[str]) -> str:
    return max(sizes, key=lambda size: (size == "all", int(size) if size.isdigit() else 0))


def _depth(labels: Mapping[str, np.ndarray], at: int) -> int:
    return int(labels["layer_order"][at]) if "layer_order" in labels else 0
