"""What to call RDMs that are shown together."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np

Labels = Mapping[str, np.ndarray] | Mapping[str, list[str]]


def labels_of(table, without: Collection[str] = (), dim: str = "rdm") -> dict[str, np.ndarray]:
    """Return the labels of RDMs in a file opened with xarray: str (rdm,), but those `without`."""
    names = [str(name) for name in table.variables if table[name].dims == (dim,)]
    return {name: table[name].values.astype(str) for name in names if name not in without}


def name(labels: Labels, at: int, naming: Iterable[str]) -> str:
    """Name an RDM by some of its labels."""
    return " · ".join(filter(None, (str(labels[label][at]) for label in naming)))


def naming_labels(cells: Labels) -> list[str]:
    """Choose the labels by which RDMs that are shown together are named: those in which they differ.

    Their source comes first and their layer counts. Another label is left out where each source has one
    value of it, as the metric of a recording, and where some only lack it, as recordings have no size.

    Parameters
    ----------
    cells : mapping of label to its values, one an RDM
    """
    different = [name for name in cells if len(set(cells[name]) - {""}) > 1]
    if "source" not in different:
        return different

    def within_a_source(name: str) -> bool:
        found = set(zip(cells["source"], cells[name], strict=True))
        return len(found) > len(set(cells["source"]))

    naming = [name for name in different if name in ("source", "layer") or within_a_source(name)]
    return sorted(naming, key=lambda name: name != "source")
