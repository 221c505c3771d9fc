"""What to call RDMs that are shown together."""

from collections.abc import Mapping, Sequence


def naming_labels(cells: Mapping[str, Sequence[str]]) -> list[str]:
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
