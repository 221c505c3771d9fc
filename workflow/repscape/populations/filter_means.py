"""Means over positions, one of each channel."""

import numpy as np

from repscape.populations.lib.channels import OfChannels
from repscape.populations.lib.layer import Layer, Selection


class FilterMeans(OfChannels):
    """Means over positions, one of each channel (of tokens: one of each dimension of the embedding)."""

    records = "channel_means"

    def select(self, layer: Layer) -> Selection:
        """Take the spatial mean of channels.

        Raises
        ------
        DataError
            The layer does not have one of them.
        """
        chosen = self._chosen(layer.label, layer.channels)
        return Selection(chosen.astype(np.int32), "channel_mean", len(chosen))

    def caption(self) -> str:
        """Say which means of each layer these are."""
        if self.channels is None:
            return "the means of each layer's filters over positions (with one position, its units)"
        return "the means over positions of the filters chosen in each layer"
