"""The units that respond most to some stimuli."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from repscape.core.words import listing, number
from repscape.plugin.contract import OnDevice, parameter
from repscape.plugin.parameter_types import StimulusFiles
from repscape.populations.lib.layer import Layer, Selection
from repscape.populations.lib.up_to import UpTo


class Top(OnDevice, UpTo):
    """The units with the largest mean response to some stimuli, ranked by it."""

    records = "chosen_units"
    draw_kinds = ("random", "equal", "ranked")

    reference: StimulusFiles = parameter(
        "The stimuli over whose images responses are averaged, with equal weight for each image."
    )

    def measure(self, network: Path, layers: Sequence[Layer]) -> dict[str, np.ndarray]:
        """Return each unit's mean response over all images of the reference stimuli, float64 (unit,)."""
        from repscape.populations.lib.mean_responses import mean_responses

        return mean_responses(
            network, layers, self.reference, batch=self.batch, threads=self.threads, device=self.device
        )

    def select(self, layer: Layer) -> Selection:
        """Take the units of largest mean response; all of a smaller layer.

        The whole layer is searched. Of units with equal responses, such as the many zeros after a ReLU,
        those with the smaller index come first.
        """
        order = np.argsort(-np.asarray(layer.measured), kind="stable")[: self.units]
        unit = np.sort(order)
        rank = np.empty(len(unit), dtype=np.int32)
        rank[np.searchsorted(unit, order)] = np.arange(len(unit))
        return Selection(unit.astype(np.int32), "unit", self.units, rank)

    def caption(self) -> str:
        """Say which units of each layer these are."""
        return (
            f"the units of each layer with the largest mean response to "
            f"{listing(self.addresses('reference'))}, up to {number(self.units)}"
        )
