"""Means over channels, one of each position."""

import numpy as np

from repscape.plugin.contract import Population
from repscape.populations.lib.layer import Layer, Selection


class PositionMeans(Population):
    """Means over channels, one of each position (of tokens: one of each token)."""

    records = "position_means"
    draw_kinds = ("random",)

    def estimated_units(self, layer: str, units: int, channels: int) -> int:
        """Return the number of positions."""
        return units // max(channels, 1)

    def select(self, layer: Layer) -> Selection:
        """Take the mean over channels at every position."""
        positions = layer.height * layer.width
        return Selection(np.arange(positions, dtype=np.int32), "position_mean", positions)

    def caption(self) -> str:
        """Say which means of each layer these are."""
        return "the means of each layer's positions over channels"
