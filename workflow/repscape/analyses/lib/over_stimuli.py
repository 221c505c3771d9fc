"""What analyses over stimuli have in common: which stimuli, and the layer that stands for the images."""

from collections.abc import Iterable

import numpy as np

from repscape.core.errors import ConfigError, unknown
from repscape.core.logs import logger
from repscape.plugin.contract import Analysis, parameter
from repscape.study.study import Study


class OverStimuli(Analysis, shared=True):
    """An analysis over stimuli."""

    stimuli: list[str] | None = parameter("The stimuli. By default all.", None)

    def check_stimuli(self, study: Study) -> None:
        """Refuse stimuli that the study does not have, or none at all, with a `ConfigError`."""
        for name in self.stimuli or ():
            if name not in study.stimuli:
                raise ConfigError(f"stimuli: {unknown(name, study.stimuli)}")
        if self.stimuli == []:
            raise ConfigError("stimuli: the list is empty. Leave the key out for all stimuli.")

    def indices(self, names: Iterable[str]) -> np.ndarray:
        """Return which of the names are of stimuli that take part, in their order."""
        return np.flatnonzero([self.stimuli is None or name in self.stimuli for name in names])


class AgainstImages(OverStimuli, shared=True):
    """Layers compared with one that stands for the images."""

    against: str = parameter(
        "The layer that represents the images; other layers are compared with it.", "input"
    )

    def check_against(self, study: Study) -> None:
        """Refuse a layer that a network does not record, with a `ConfigError`."""
        for source in study.networks:
            layers = study.layers[source]
            if self.against not in layers:
                raise ConfigError(
                    f"against: '{source}' does not record this layer: {unknown(self.against, layers)} Add it "
                    f"under networks.{source}.layers, or compare with another."
                )

    def warn_of_stimuli(self, source: str, stimuli: Iterable[str]) -> None:
        """Warn of stimuli that a recording was shown but no network."""
        logger.warning(
            "'%s' was shown stimuli that no network was shown, so there is no layer '%s' to compare with: "
            "%s. They are omitted for '%s'. Show them to a network.",
            source, self.against, ", ".join(stimuli), source,
        )  # fmt: skip


def by_depth(orders: Iterable[tuple[str, int]]) -> list[str]:
    """Return layers, given with their order in a network, by the smallest one; equal ones as they come."""
    depth: dict[str, int] = {}
    for layer, order in orders:
        depth[layer] = min(order, depth.get(layer, order))
    return sorted(depth, key=depth.__getitem__)
