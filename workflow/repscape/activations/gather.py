"""Picks the values of a population from a layer's output, on the device that has it."""

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
        Whether the selection is the whole layer: no units are looked up then.
    """

    selection: Selection
    everything: bool
    strides: tuple[int, ...] | None = None

    def __post_init__(self):
        """Allocate the indices now: once a network runs, they would lie among the network's outputs."""
        self.index = torch.empty(0 if self.everything else len(self.selection.unit), dtype=torch.int64)

    def __call__(self, output: torch.Tensor, room: torch.Tensor | None = None) -> torch.Tensor:
        """Return float32 (image, unit), a copy: the output may be overwritten afterwards.

        Parameters
        ----------
        output : tensor (image, channel, y, x), or (image, channel), …
        room : float32 tensor (value,), optional
            Memory for at least as many values as are gathered, which are written to it (see `Room`).
        """
        values, positions = output, tuple(range(2, output.ndim))
        if self.selection.statistic == "channel_mean":
            values = values.mean(positions, dtype=torch.float32) if positions else values
        elif self.selection.statistic == "position_mean":
            values = (
                values.mean(1, dtype=torch.float32).flatten(1) if positions else values.mean(1, keepdim=True)
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
        """Pick by each unit's one index in memory: several times as fast as by channel, y and x."""
        shape, strides = values.shape[1:], values.stride()[1:]
        if strides != self.strides:
            axes = np.unravel_index(self.selection.unit.astype(np.int64), shape)
            index = sum(at * stride for at, stride in zip(axes, strides, strict=True))
            self.index, self.strides = self.index.copy_(torch.from_numpy(index)).to(values.device), strides
        extent = 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        lying = values.as_strided((len(values), extent), (values.stride(0), 1))
        if lying.dtype == gathered.dtype:
            torch.index_select(lying, 1, self.index, out=gathered)
        else:
            gathered.copy_(lying.index_select(1, self.index))


class Room:
    """Memory for what is gathered of a batch, shared by all layers: one each would leave memory in pieces."""

    def __init__(self, units: int, device: torch.device):
        """Note how many units a layer has at most."""
        self._units, self._device, self._values = units, device, torch.empty(0)

    def of(self, images: int) -> torch.Tensor:
        """Return memory for so many images, float32 (value,)."""
        if len(self._values) != images * self._units:
            self._values = torch.empty(0)  # goes before the next is taken
            self._values = torch.empty(images * self._units, device=self._device)
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
