"""The units that answer most to some stimuli."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import PositiveInt

from repscape.plugin.contract import OnDevice, Population, parameter
from repscape.plugin.parameter_types import StimulusFiles
from repscape.populations.lib.layer import Layer, Selection


class Top(OnDevice, Population):
    """The units that answer most to some stimuli."""

    draw_kinds = ("random", "equal", "ranked")

    units: PositiveInt = parameter("How many.")
    reference: StimulusFiles = parameter("By name; every image counts the same.")

    def measure(self, network: Path, layers: Sequence[Layer]) -> dict[str, np.ndarray]:
        """Return each unit's mean response over all images of the reference stimuli.

        Parameters
        ----------
        network : Path
            The frozen network.
        layers : sequence of Layer

        Returns
        -------
        dict of label to float64 (unit,)
        """
        from repscape.populations.lib.mean_responses import mean_responses

        return mean_responses(
            network, layers, self.reference, batch=self.batch, threads=self.threads, device=self.device
        )

    def select(self, layer: Layer) -> Selection:
        """Take the units of largest mean response to the reference stimuli; all where a layer is smaller.

        The whole layer is searched. Of units with equal responses, such as the many zeros after a ReLU,
        those with the smaller index come first.

        Parameters
        ----------
        layer : Layer
        """
        order = np.argsort(-layer.measured, kind="stable")[: self.units]
        unit = np.sort(order)
        rank = np.empty(len(unit), dtype=np.int32)
        rank[np.searchsorted(unit, order)] = np.arange(len(unit))
        return Selection(unit.astype(np.int32), "unit", self.units, rank)
