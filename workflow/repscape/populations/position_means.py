"""One value a location: its mean over channels."""

import numpy as np

from repscape.plugin.contract import Population
from repscape.populations.lib.layer import Layer, Selection


class PositionMeans(Population):
    """One value a location: its mean over channels."""

    draw_kinds = ("random",)

    def estimated_units(self, layer: str, units: int, count: int) -> int:
        """Return how many values are recorded of a layer of so many units and channels."""
        return units // max(count, 1)

    def select(self, layer: Layer) -> Selection:
        """Take the mean over channels at every position (of tokens: the mean of every token)."""
        positions = layer.height * layer.width
        return Selection(np.arange(positions, dtype=np.int32), "position_mean", positions)
