"""Units drawn at random without replacement."""

import numpy as np

from repscape.core.seeds import derive
from repscape.core.words import plural
from repscape.plugin.contract import Seeded
from repscape.populations.lib.layer import Layer, Selection
from repscape.populations.lib.up_to import UpTo


class Random(Seeded, UpTo):
    """Units drawn at random without replacement, each with the same probability.

    The draw depends on the seed and the layer's label. Samples that are drawn from this population are
    conditional on it. For draws that are independent of each other record ``all``.
    """

    of_recordings = True

    def select(self, layer: Layer) -> Selection:
        """Draw units of a layer; take all of a smaller one."""
        generator = np.random.default_rng(derive(self.seed, layer.label))
        count = min(self.units, layer.units)
        chosen = generator.choice(layer.units, count, replace=False, shuffle=False)
        return Selection(np.sort(chosen).astype(np.int32), "unit", self.units)

    def caption(self) -> str:
        """Say which units of each layer these are."""
        return f"up to {plural(self.units, 'unit', 'units')} of each layer, recorded at random"
