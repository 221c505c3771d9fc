"""Units drawn uniformly without replacement."""

import numpy as np

from repscape.core.seeds import derive
from repscape.plugin.parameter_types import Units
from repscape.populations.lib.layer import Layer, Selection

# Also of recordings: needs neither channels nor places
RECORDINGS = True


def select(layer: Layer, *, units: Units, seed: int = 0) -> Selection:
    """Draw units of a layer, each with the same probability; all of them where it is smaller.

    Samples drawn from this population are conditional on it. For draws that are independent of
    each other record ``all``.

    Parameters
    ----------
    layer : Layer
    units : int
        How many.
    seed : int
        Together with the layer's label the seed of the draw.
    """
    generator = np.random.default_rng(derive(seed, layer.label))
    count = min(units, layer.units)
    chosen = generator.choice(layer.units, count, replace=False, shuffle=False)
    return Selection(np.sort(chosen).astype(np.int32), "unit", units)
