"""What a file of maps holds beside the labels of RDMs, and which maps follow each other."""

from typing import TYPE_CHECKING

from repscape.rdms.labels import FOLLOWING

if TYPE_CHECKING:
    import pandas as pd

# What a map has beside the labels of its RDM
NUMBERS = ("stress", "stress_1", "divergence", "negative", "disparity")
OWN = (*NUMBERS, "position", "previous", "rooted", "placed", "eigenvalue", "explained", "rdm", "entry", "dim")


def chains(table: "pd.DataFrame", labels: list[str], align: str) -> list[list[int]]:
    """Put in order the RDMs that agree in all labels but one: layers by depth, others as they are listed."""
    others = [label for label in labels if label not in (align, *FOLLOWING)]
    found: dict[tuple, list[int]] = {}
    for at in range(len(table)):
        found.setdefault(tuple(table[label][at] for label in others), []).append(at)
    if align == "layer" and "layer_order" in labels:
        return [sorted(rows, key=list(table["layer_order"]).__getitem__) for rows in found.values()]
    return list(found.values())
