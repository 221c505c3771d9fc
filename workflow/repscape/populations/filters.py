"""All positions of chosen channels."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.errors import ConfigError, DataError
from repscape.networks.tables import Row
from repscape.populations.layer import Layer, Selection

Channels = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]


def check(*, channels: Channels | dict[str, Channels]) -> None:
    """Refuse a channel that is listed twice.

    Raises
    ------
    ConfigError
        Names it.
    """
    for layer, chosen in (channels if isinstance(channels, dict) else {"": channels}).items():
        twice = sorted({channel for channel in chosen if chosen.count(channel) > 1})
        if twice:
            raise ConfigError(f"channels{'.' * bool(layer)}{layer}: {twice[0]} is listed twice.")


def check_layers(
    layers: dict[str, Row], image: tuple[int, int] | None, *, channels: Channels | dict[str, Channels]
) -> None:
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
        Names the layers, how many channels they have, and the first that they lack.
    """
    if isinstance(channels, dict):
        missing = [name for name in layers if name not in channels]
        if missing:
            raise ConfigError(
                f"channels: expected a list for every recorded layer, found none for {', '.join(missing)}."
            )
    lacking = []
    for name, row in layers.items():
        highest = max(_of(channels, name))
        if highest >= row.channels:
            lacking.append(f"{name} has no channel {highest} (it has {row.channels}, from 0)")
    if lacking:
        raise ConfigError(
            f"channels: {'; '.join(lacking)}. Give each layer a list of its own, {{{name}: [0, …], …}}."
        )


def select(layer: Layer, *, channels: Channels | dict[str, Channels]) -> Selection:
    """Take every position of the chosen channels of a layer.

    Parameters
    ----------
    layer : Layer
    channels : list of int, or dict of layer to list of int
        Counted from 0; one list for all layers, or a list for each layer.

    Raises
    ------
    DataError
        The layer does not have one of them.
    """
    chosen = np.sort(np.asarray(_of(channels, layer.label)))
    if chosen[-1] >= layer.channels:
        raise DataError(
            f"channels: layer {layer.label} has {layer.channels} channels, counted from 0, found "
            f"{chosen[-1]}. Give the layer a list of its own, {{{layer.label}: [0, …], …}}."
        )
    positions = layer.height * layer.width
    unit = (chosen[:, np.newaxis] * positions + np.arange(positions)).ravel()
    return Selection(unit.astype(np.int32), "unit", len(unit))


def _of(channels: Channels | dict[str, Channels], layer: str) -> Sequence[int]:
    return channels[layer] if isinstance(channels, dict) else channels
