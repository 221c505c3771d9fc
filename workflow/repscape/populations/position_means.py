"""One value a location: its mean over channels."""

import numpy as np

from repscape.populations.layer import Layer, Selection

DRAWS = ("random",)


def select(layer: Layer) -> Selection:
    """Take the mean over channels at every position (of tokens: the mean of every token)."""
    positions = layer.height * layer.width
    return Selection(np.arange(positions, dtype=np.int32), "position_mean", positions)
