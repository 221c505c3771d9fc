"""What a plan knows of torchvision's architectures and weights, without torch: torchvision_weights.csv.

``python -m repscape.networks.lib.layer_table_build`` writes it.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".csv")
COLUMNS = ("architecture", "weights", "resize", "interpolation", "default")


@cache
def _rows() -> dict[str, dict[str, str]]:
    with open(FILE, encoding="utf-8", newline="") as stream:
        return {row["architecture"]: row for row in csv.DictReader(stream)}


def architectures() -> list[str]:
    """List the architectures."""
    return sorted(_rows())


def names(architecture: str) -> list[str] | None:
    """Return the names of an architecture's weights, None if there is no such architecture."""
    row = _rows().get(architecture)
    return None if row is None else row["weights"].split()


def default(architecture: str) -> str:
    """Return the name of the weights that are the default."""
    return _rows()[architecture]["default"]


def resizing(architecture: str) -> dict[str, tuple[int, Any]]:
    """Return to what and how the transforms of weights resize: {weights: (side, filter)}."""
    row = _rows()[architecture]
    columns = (row[name].split() for name in ("weights", "resize", "interpolation"))
    return {name: (int(side), interpolation) for name, side, interpolation in zip(*columns, strict=True)}
