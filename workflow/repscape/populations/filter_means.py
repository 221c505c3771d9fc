"""One value a channel: its mean over positions."""

import numpy as np

from repscape.populations.lib import channels as chosen_channels
from repscape.populations.lib.channels import Channels
from repscape.populations.lib.layer import Layer, Selection
from repscape.traced.layer_info import Row


def check(*, channels: Channels | None) -> None:
    """Refuse a channel that is listed twice; see `channels.check`."""
    if channels is not None:
        chosen_channels.check(channels)


def check_layers(layers: dict[str, Row], image: tuple[int, int] | None, *, channels: Channels | None) -> None:
    """Refuse channels that a layer of a network does not have; see `filters.check_layers`."""
    if channels is not None:
        chosen_channels.check_layers(channels, {name: row.channels for name, row in layers.items()})


def about_units(layer: str, units: int, count: int, *, channels: Channels | None) -> int:
    """Return how many values are recorded of a layer of so many units and channels."""
    return count if channels is None else len(chosen_channels.of_layer(channels, layer, count))


def select(layer: Layer, *, channels: Channels | None = None) -> Selection:
    """Take the spatial mean of channels (of tokens: the mean of dimensions of the embedding).

    Parameters
    ----------
    layer : Layer
    channels : list of int or text, or dict of layer to such a list, optional
        By default all. Counted from 0, and slices (``"0:32"``); for all layers, or for each.

    Raises
    ------
    DataError
        The layer does not have one of them.
    """
    if channels is None:
        chosen = np.arange(layer.channels)
    else:
        chosen = chosen_channels.of_layer(channels, layer.label, layer.channels)
    return Selection(chosen.astype(np.int32), "channel_mean", len(chosen))
