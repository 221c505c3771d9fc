"""All positions of chosen channels."""

import numpy as np

from repscape.core.words import listing
from repscape.plugin.contract import parameter
from repscape.populations.lib.channels import DOC, Channels, OfChannels
from repscape.populations.lib.layer import Layer, Selection


class Filters(OfChannels):
    """All positions of chosen channels."""

    records = "maps"

    channels: Channels = parameter(DOC)

    def estimated_units(self, layer: str, units: int, channels: int) -> int:
        """Return the number of positions times that of the chosen channels."""
        return super().estimated_units(layer, units, channels) * units // max(channels, 1)

    def select(self, layer: Layer) -> Selection:
        """Take every position of the chosen channels of a layer.

        Raises
        ------
        DataError
            The layer does not have one of them.
        """
        positions = layer.height * layer.width
        chosen = self._chosen(layer.label, layer.channels)
        unit = (chosen[:, np.newaxis] * positions + np.arange(positions)).ravel()
        return Selection(unit.astype(np.int32), "unit", len(unit))

    def caption(self) -> str:
        """Say which units of each layer these are."""
        if isinstance(self.channels, dict):
            return "all positions of the filters chosen in each layer"
        return f"all positions of these filters of each layer: {listing(self.channels)}"
