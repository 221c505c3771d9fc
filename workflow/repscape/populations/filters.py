"""All positions of chosen channels."""

import numpy as np

from repscape.populations.lib import channels as chosen_channels
from repscape.populations.lib.channels import Channels
from repscape.populations.lib.layer import Layer, Selection
from repscape.traced.layer_info import Row


def check(*, channels: Channels) -> None:
    """Refuse a channel that is listed twice; see `channels.check`."""
    chosen_channels.check(channels)


def check_layers(layers: dict[str, Row], image: tuple[int, int] | None, *, channels: Channels) -> None:
    """Refuse channels that a layer of a network does not have.

    Parameters
    ----------
    layers : dict of name to Row
        The layers that a study records from a network.
    image : (int, int) or None
        Not used: channels do not depend on it.
    channels : as in `select`

    Raises
    ------
    ConfigError
    """
    chosen_channels.check_layers(channels, {name: row.channels for name, row in layers.items()})


def about_units(layer: str, units: int, count: int, *, channels: Channels) -> int:
    """Return how many units are recorded of a layer of so many units and channels."""
    return len(chosen_channels.of_layer(channels, layer, count)) * units // max(count, 1)


def select(layer: Layer, *, channels: Channels) -> Selection:
    """Take every position of the chosen channels of a layer.

    Parameters
    ----------
    layer : Layer
    channels : list of int or text, or dict of layer to such a list
        Counted from 0, and slices (``"0:32"``); for all layers, or for each.

    Raises
    ------
    DataError
        The layer does not have one of them.
    """
    chosen = chosen_channels.of_layer(channels, layer.label, layer.channels)
    positions = layer.height * layer.width
    unit = (chosen[:, np.newaxis] * positions + np.arange(positions)).ravel()
    return Selection(unit.astype(np.int32), "unit", len(unit))
