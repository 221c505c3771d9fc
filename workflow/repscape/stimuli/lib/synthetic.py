"""What images that are computed, not read, have in common: their size, their number, their orientations."""

import math
from collections.abc import Sequence
from typing import Literal

from repscape.core.errors import ConfigError
from repscape.plugin.contract import Seeded, Stimulus, parameter
from repscape.plugin.parameter_types import Size


class Synthetic(Stimulus, shared=True):
    """Images of any size."""

    size: Size = parameter("Height and width of the images, in pixels.", (256, 256))


class RandomSeries(Seeded, Synthetic, shared=True):
    """Any number of images, each drawn at random after the one before it."""

    count: int = parameter(
        "How many images; a larger number keeps the first images as they were.", 30, ge=1, le=1_000_000
    )

    def image_count(self) -> int:
        """Return `count`."""
        return self.count


class Noise(RandomSeries, shared=True):
    """Noise: grey, or with three colour channels that are independent of each other."""

    colour: Literal["rgb", "grey"] = parameter(
        "Whether pixels have three independent channels or one.", "rgb"
    )


def check_orientations(orientations: Sequence[float] | None) -> None:
    """Refuse a list of orientations that has one twice."""
    if orientations is None:
        return
    if not all(map(math.isfinite, orientations)):
        raise ConfigError("orientations: expected finite numbers of degrees, found one that is not finite.")
    if len(set(orientations)) < len(orientations):
        raise ConfigError("orientations: expected each once, found one twice. Remove it.")
