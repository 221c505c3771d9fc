"""One value a location: its mean over channels."""

import numpy as np

from repscape.populations.lib.layer import Layer, Selection

DRAWS = ("random",)


def about_units(layer: str, units: int, count: int) -> int:
    """Return how many values are recorded of a layer of so many units and channels."""
    return units // max(count, 1)


def select(layer: Layer) -> Selection:
    """Take the mean over channels at every position (of tokens: the mean of every token)."""
    positions = layer.height * layer.width
    return Selection(np.arange(positions, dtype=np.int32), "position_mean", positions)
