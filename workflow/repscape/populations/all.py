"""Every unit."""

import numpy as np

from repscape.plugin.contract import Population
from repscape.populations.lib.layer import Layer, Selection


class All(Population):
    """Every unit of each layer."""

    records = "maps"
    of_recordings = True

    def select(self, layer: Layer) -> Selection:
        """Take all units of a layer: up to millions for each image."""
        return Selection(np.arange(layer.units, dtype=np.int32), "unit", layer.units)

    def caption(self) -> str:
        """Say which units of each layer these are."""
        return "all units of each layer"
