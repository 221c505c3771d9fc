"""One value a channel: its mean over positions."""

import numpy as np

from repscape.populations.layer import Layer, Selection


def select(layer: Layer) -> Selection:
    """Take the spatial mean of every channel (of tokens: the mean of every embedding dimension)."""
    return Selection(np.arange(layer.channels, dtype=np.int32), "channel_mean", layer.channels)
