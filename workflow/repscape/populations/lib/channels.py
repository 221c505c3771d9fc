"""Channels of a layer, chosen by number or by Python's slices (``"0:32"``), for all layers or for each."""

import re
from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field

from repscape.core.errors import ConfigError, DataError
from repscape.plugin.contract import Population, parameter
from repscape.traced.layer_info import LayerInfo

SLICE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?")


def _check_slice(value):
    if isinstance(value, str) and not SLICE.fullmatch(value):
        raise ValueError(f"expected a number or a slice such as 0:32, found '{value}'")
    if isinstance(value, str) and _slice(value).step == 0:
        raise ValueError("the step of a slice cannot be 0")
    return value


def _as_list(value):
    return [value] if isinstance(value, int | str) else value


Entry = Annotated[Annotated[int, Field(ge=0)] | str, BeforeValidator(_check_slice)]
Some = Annotated[
    list[Entry],
    BeforeValidator(_as_list, json_schema_input_type=Entry | Annotated[list[Entry], Field(min_length=1)]),
    Field(min_length=1),
]
Channels = Some | dict[str, Some]


DOC = 'Which channels: numbers from 0 and slices (``"0:32"``), for all layers, or for each layer by its name.'


class OfChannels(Population, shared=True):
    """Populations of chosen channels; by default of all."""

    channels: Channels | None = parameter(DOC, None)

    def check(self) -> None:
        """Refuse a channel that is listed twice."""
        if self.channels is not None:
            check(self.channels)

    def check_layers(self, layers: Mapping[str, LayerInfo], image: tuple[int, int] | None) -> None:
        """Refuse channels that a layer of a network does not have."""
        if self.channels is not None:
            check_layers(self.channels, {name: row.channels for name, row in layers.items()})

    def estimated_units(self, layer: str, units: int, channels: int) -> int:
        """Return the number of chosen channels."""
        return len(self._chosen(layer, channels))

    def _chosen(self, layer: str, count: int) -> np.ndarray:
        """Return the chosen channels of a layer that has `count`."""
        return np.arange(count) if self.channels is None else of_layer(self.channels, layer, count)


def check(channels: Channels) -> None:
    """Refuse a number that is listed twice.

    Raises
    ------
    ConfigError
        Names it.
    """
    for layer, chosen in (channels if isinstance(channels, Mapping) else {"": channels}).items():
        twice = sorted({entry for entry in chosen if isinstance(entry, int) and chosen.count(entry) > 1})
        if twice:
            raise ConfigError(f"channels{'.' * bool(layer)}{layer}: {twice[0]} is listed twice.")


def check_layers(channels: Channels, counts: Mapping[str, int]) -> None:
    """Refuse channels that layers do not have.

    Parameters
    ----------
    channels : see `of_layer`
    counts : mapping of layer to its number of channels

    Raises
    ------
    ConfigError
        Names the layers, how many channels they have, and the first that they lack.
    """
    if isinstance(channels, Mapping):
        missing = [name for name in counts if name not in channels]
        if missing:
            raise ConfigError(
                f"channels: expected a list for every recorded layer, found none for {', '.join(missing)}."
            )
    lacking = [said for layer, count in counts.items() if (said := _lacking(channels, layer, count))]
    if lacking:
        name = lacking[-1].partition(" ")[0]
        raise ConfigError(
            f"channels: {'; '.join(lacking)}. List the channels of each layer: {{{name}: [0, …], …}}."
        )


def of_layer(channels: Channels, layer: str, count: int) -> np.ndarray:
    """Return the chosen channels of a layer.

    Parameters
    ----------
    channels : list of int or text, or mapping of layer to such a list
        Numbers count from 0; slices are Python's, so that they end where a layer does.
    layer : str
    count : int
        How many channels the layer has.

    Returns
    -------
    int array (channel,), ascending, each once

    Raises
    ------
    DataError
        The layer has none of a slice, or not one of the numbers.
    """
    said = _lacking(channels, layer, count)
    if said:
        raise DataError(f"channels: {said}. List the channels of this layer: {{{layer}: [0, …], …}}.")
    chosen = {channel for entry in _of(channels, layer) for channel in _numbers(entry, count)}
    return np.array(sorted(chosen))


def covers(channels: Channels, layer: str, channel: int, count: int) -> bool:
    """Whether a channel is one of those chosen of a layer that has `count`; see `of_layer`."""
    return any(channel in _numbers(entry, count) for entry in _of(channels, layer))


def _lacking(channels: Channels, layer: str, count: int) -> str:
    """Say what of the chosen a layer does not have; nothing if it has all."""
    entries = _of(channels, layer)
    highest = max((entry for entry in entries if isinstance(entry, int)), default=-1)
    if highest >= count:
        return f"{layer} has no channel {highest} (it has {count}, from 0)"
    empty = [entry for entry in entries if not _numbers(entry, count)]
    return f"{layer} has no channels in {empty[0]} (it has {count})" if empty else ""


def _numbers(entry: int | str, count: int) -> range:
    return range(entry, entry + 1) if isinstance(entry, int) else range(count)[_slice(entry)]


def _slice(text: str) -> slice:
    return slice(*(None if part.strip() == "" else int(part) for part in text.split(":")))


def _of(channels: Channels, layer: str) -> list[int | str]:
    return channels[layer] if isinstance(channels, Mapping) else channels
