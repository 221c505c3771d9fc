"""All positions of chosen channels."""

from collections.abc import Mapping

import numpy as np

from repscape.plugin.contract import Population, parameter
from repscape.populations.lib import channels as chosen_channels
from repscape.populations.lib.channels import Channels
from repscape.populations.lib.layer import Layer, Selection
from repscape.traced.layer_info import Row


class Filters(Population):
    """All positions of chosen channels."""

    channels: Channels = parameter('Counted from 0, and slices (``"0:32"``); for all layers, or for each.')

    def check(self) -> None:
        """Refuse a channel that is listed twice; see `channels.check`."""
        chosen_channels.check(self.channels)

    def check_layers(self, layers: Mapping[str, Row], image: tuple[int, int] | None) -> None:
        """Refuse channels that a layer of a network does not have.

        Parameters
        ----------
        layers : dict of name to Row
            The layers that a study records from a network.
        image : (int, int) or None
            Not used: channels do not depend on it.

        Raises
        ------
        ConfigError
        """
        chosen_channels.check_layers(self.channels, {name: row.channels for name, row in layers.items()})

    def estimated_units(self, layer: str, units: int, count: int) -> int:
        """Return how many units are recorded of a layer of so many units and channels."""
        return len(chosen_channels.of_layer(self.channels, layer, count)) * units // max(count, 1)

    def select(self, layer: Layer) -> Selection:
        """Take every position of the chosen channels of a layer.

        Parameters
        ----------
        layer : Layer

        Raises
        ------
        DataError
            The layer does not have one of them.
        """
        chosen = chosen_channels.of_layer(self.channels, layer.label, layer.channels)
        positions = layer.height * layer.width
        unit = (chosen[:, np.newaxis] * positions + np.arange(positions)).ravel()
        return Selection(unit.astype(np.int32), "unit", len(unit))
