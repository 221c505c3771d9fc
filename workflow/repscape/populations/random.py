"""Units drawn uniformly without replacement."""

import numpy as np

from repscape.core.seeds import derive
from repscape.plugin.contract import Population, parameter
from repscape.plugin.parameter_types import Units
from repscape.populations.lib.layer import Layer, Selection

# Also of recordings: needs neither channels nor places


class Random(Population):
    """Units drawn uniformly without replacement."""

    of_recordings = True

    units: Units = parameter("How many.")
    seed: int = parameter("Together with the layer's label the seed of the draw.", 0)

    def select(self, layer: Layer) -> Selection:
        """Draw units of a layer, each with the same probability; all of them where it is smaller.

        Samples drawn from this population are conditional on it. For draws that are independent of
        each other record ``all``.

        Parameters
        ----------
        layer : Layer
        """
        generator = np.random.default_rng(derive(self.seed, layer.label))
        count = min(self.units, layer.units)
        chosen = generator.choice(layer.units, count, replace=False, shuffle=False)
        return Selection(np.sort(chosen).astype(np.int32), "unit", self.units)
