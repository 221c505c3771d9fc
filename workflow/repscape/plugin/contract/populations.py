"""All that a way to select units may define."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from repscape.plugin.base import Plugin

if TYPE_CHECKING:
    import numpy as np

    from repscape.populations.lib.layer import Layer, Selection
    from repscape.traced.layer_info import LayerInfo


class Population(Plugin, shared=True):
    """A way to select the units of each layer that are recorded: ``populations/NAME.py``."""

    _required = ("select",)

    of_recordings: bool = False
    """Whether neurons can be selected so, which have no channels and no place."""

    records: Literal["units", "chosen_units", "maps", "channel_means", "position_means"] = "units"
    """What it records of a layer: units that stand for all, units that are chosen for what they do or where
    they lie, whole maps of channels, means of channels over positions, or of positions over channels."""

    draw_kinds: tuple[str, ...] = ("random", "equal")
    """How the population can be sampled (``samples: draw``)."""

    def select(self, layer: "Layer") -> "Selection":
        """Select units of a layer; ``layer.measured`` is what `measure` returned for it."""
        raise NotImplementedError

    def measure(self, network: Path, layers: "Sequence[Layer]") -> "Mapping[str, np.ndarray]":
        """Measure something of each unit, by the layers' labels, with a network at hand."""
        raise NotImplementedError

    def check_layers(self, layers: "Mapping[str, LayerInfo]", image: tuple[int, int] | None) -> None:
        """Refuse layers that lack what is selected, with a `ConfigError`."""

    def estimated_units(self, layer: str, units: int, channels: int) -> int:
        """Return about how many units are recorded of a layer; 0: only the job can tell."""
        return min(units, getattr(self, "units", units))

    def caption(self) -> str:
        """Say which units of each layer these are, for a caption: ``all units of each layer``."""
        return ""
