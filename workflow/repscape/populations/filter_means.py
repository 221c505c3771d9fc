"""One value a channel: its mean over positions."""

from collections.abc import Mapping

import numpy as np

from repscape.plugin.contract import Population, parameter
from repscape.populations.lib import channels as chosen_channels
from repscape.populations.lib.channels import Channels
from repscape.populations.lib.layer import Layer, Selection
from repscape.traced.layer_info import Row


class FilterMeans(Population):
    """One value a channel: its mean over positions."""

    channels: Channels | None = parameter(
        'By default all. Counted from 0, and slices (``"0:32"``); for all layers, or for each.',
        None,
    )

    def check(self) -> None:
        """Refuse a channel that is listed twice; see `channels.check`."""
        if self.channels is not None:
            chosen_channels.check(self.channels)

    def check_layers(self, layers: Mapping[str, Row], image: tuple[int, int] | None) -> None:
        """Refuse channels that a layer of a network does not have; see `filters.check_layers`."""
        if self.channels is not None:
            chosen_channels.check_layers(self.channels, {name: row.channels for name, row in layers.items()})

    def estimated_units(self, layer: str, units: int, count: int) -> int:
        """Return how many values are recorded of a layer of so many units and channels."""
        return count if self.channels is None else len(chosen_channels.of_layer(self.channels, layer, count))

    def select(self, layer: Layer) -> Selection:
        """Take the spatial mean of channels (of tokens: the mean of dimensions of the embedding).

        Parameters
        ----------
        layer : Layer

        Raises
        ------
        DataError
            The layer does not have one of them.
        """
        if self.channels is None:
            chosen = np.arange(layer.channels)
        else:
            chosen = chosen_channels.of_layer(self.channels, layer.label, layer.channels)
        return Selection(chosen.astype(np.int32), "channel_mean", len(chosen))
