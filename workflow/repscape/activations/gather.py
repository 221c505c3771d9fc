"""Picks the values of a population out of a layer's output, on the device where it lies."""

from dataclasses import dataclass

import numpy as np
import torch

from repscape.populations.lib.layer import Selection


@dataclass
class Gatherer:
    """Gathers one layer.

    Attributes
    ----------
    selection : Selection
    everything : bool
        Whether the selection is the whole layer: no places are looked up then.
    """

    selection: Selection
    everything: bool
    strides: tuple[int, ...] | None = None

    def __post_init__(self):
        """Take memory for the places now: once a network runs, it would lie among the network's outputs."""
        self.place = torch.empty(0 if self.everything else len(self.selection.unit), dtype=torch.int64)

    def __call__(self, output: torch.Tensor, room: torch.Tensor | None = None) -> torch.Tensor:
        """Return float32 (image, unit), a copy: the output may be overwritten afterwards.

        Parameters
        ----------
        output : tensor (image, channel, y, x), or (image, channel), …
        room : float32 tensor (value,), optional
            Of at least as many values as are gathered, which are put there (see `Room`).
        """
        values, places = output, tuple(range(2, output.ndim))
        if self.selection.statistic == "channel_mean":
            values = values.mean(places, dtype=torch.float32) if places else values
        elif self.selection.statistic == "position_mean":
            values = (
                values.mean(1, dtype=torch.float32).flatten(1) if places else values.mean(1, keepdim=True)
            )
        images, units = len(values), len(self.selection.unit)
        if room is None:
            room = torch.empty(images * units, device=values.device)
        gathered = room[: images * units].view(images, units)
        if self.everything:
            gathered.view(values.shape).copy_(values)
        else:
            self._pick(values, gathered)
        return gathered

    def _pick(self, values: torch.Tensor, gathered: torch.Tensor) -> None:
        """Pick by each unit's one place in memory: several times as fast as by channel, y and x."""
        shape, strides = values.shape[1:], values.stride()[1:]
        if strides != self.strides:
            index = np.unravel_index(self.selection.unit.astype(np.int64), shape)
            place = sum(i * stride for i, stride in zip(index, strides, strict=True))
            self.place, self.strides = self.place.copy_(torch.from_numpy(place)).to(values.device), strides
        extent = 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        lying = values.as_strided((len(values), extent), (values.stride(0), 1))
        if lying.dtype == gathered.dtype:
            torch.index_select(lying, 1, self.place, out=gathered)
        else:
            gathered.copy_(lying.index_select(1, self.place))


class Room:
    """Memory for what is gathered of a batch: one for all layers, for one each would leave it in pieces."""

    def __init__(self, units: int, place: torch.device):
        """Say how many units a layer has at most."""
        self._units, self._place, self._values = units, place, torch.empty(0)

    def of(self, images: int) -> torch.Tensor:
        """Return room for so many images, float32 (value,)."""
        if len(self._values) != images * self._units:
            self._values = torch.empty(0)  # goes before the next is taken
            self._values = torch.empty(images * self._units, device=self._place)
        return self._values


def coordinates(selection: Selection, channels: int, height: int, width: int) -> dict[str, np.ndarray]:
    """Return ``unit`` and, where they are defined, ``channel``, ``y`` and ``x`` of what is gathered."""
    unit = selection.unit.astype(np.int32)
    if selection.statistic == "channel_mean":
        found = {"channel": unit}
    elif selection.statistic == "position_mean":
        found = dict(zip(("y", "x"), np.unravel_index(unit, (height, width)), strict=True))
    else:
        found = dict(
            zip(("channel", "y", "x"), np.unravel_index(unit, (channels, height, width)), strict=True)
        )
    return {"unit": unit} | {name: values.astype(np.int32) for name, values in found.items()}
