"""Every unit."""

import numpy as np

from repscape.populations.lib.layer import Layer, Selection

# Also of recordings: needs neither channels nor places
RECORDINGS = True


def select(layer: Layer) -> Selection:
    """Take all units of a layer: up to millions for each image."""
    return Selection(np.arange(layer.units, dtype=np.int32), "unit", layer.units)
