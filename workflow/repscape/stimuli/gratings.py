"""Sine and square gratings, full field or in a circular patch."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from repscape.core.errors import ConfigError
from repscape.plugin.contract import Stimulus, parameter
from repscape.plugin.parameter_types import Angles, Count, Degrees, Size
from repscape.stimuli.lib.frame import Frame

DEFAULT_COUNT = 30
GREY = 127.5  # halfway between black and white


class Gratings(Stimulus):
    """Sine and square gratings, full field or in a circular patch."""

    count: Count | None = parameter(
        "How many orientations, evenly spaced from 0 to below 180 degrees; 30 if `orientations` is not "
        "given either.",
        None,
    )
    orientations: Angles | None = parameter(
        "Orientations θ of the bars in degrees, counter-clockwise: 0 is horizontal, 90 vertical.",
        None,
    )
    spatial_frequency: PositiveFloat = parameter("f, in cycles per image width.", 8.0)
    phase: Degrees = parameter(
        "In degrees; 0 puts a rising zero crossing of the sine at the image's centre.", 0.0
    )
    contrast: Annotated[float, Field(ge=0, le=1)] = parameter("Michelson contrast, from 0 to 1.", 1.0)
    wave: Literal["sine", "square"] = parameter("{'sine'.", "sine")
    aperture: Literal["full", "circle"] = parameter(
        "``circle`` shows a centred disc; outside it is mean grey.", "full"
    )
    radius: Annotated[float, Field(gt=0, le=1)] = parameter(
        "Of the disc, as a fraction of the image's shorter side.", 0.4
    )
    size: Size = parameter("(height.", (256, 256))

    def images(self) -> Iterator[Frame]:
        """Draw gratings of different orientations.

        With x to the right and y down from the image's centre, in units of the image's width, the
        luminance at a pixel's centre is 127.5 (1 + contrast · w(2π f u + phase)), where
        u = x sin θ + y cos θ, w is sin or the sign of sin, and the result is rounded.

        Raises
        ------
        ConfigError
            Both `count` and `orientations` are given; an orientation is given twice; the spatial
            frequency is above what the pixels can show.
        """
        orientations = self.orientations
        self.check()
        orientations = _orientations(self.count, orientations)
        height, width = self.size
        y, x = np.mgrid[:height, :width] + 0.5
        x, y = (x - width / 2) / width, (y - height / 2) / width
        outside = np.hypot(x, y) > self.radius * min(self.size) / width
        for orientation in orientations:
            theta = np.deg2rad(orientation)
            cycles = self.spatial_frequency * (x * np.sin(theta) + y * np.cos(theta)) + self.phase / 360
            if self.wave == "sine":
                modulation = np.sin(2 * np.pi * cycles)
            else:  # rounded, or the last bit of sin θ would decide about pixels on an edge
                modulation = np.where(np.round(cycles, 9) % 1 < 0.5, 1.0, -1.0)
            if self.aperture == "circle":
                modulation[outside] = 0.0
            luminance = np.round(
                GREY * (1 + self.contrast * modulation), 6
            )  # ties must not hang on a last bit
            yield Frame(
                f"orientation_{orientation:07.3f}",
                np.rint(luminance).astype(np.uint8),
                factors={"orientation": _degrees(orientation)},
            )

    def image_count(self) -> int:
        """Say how many images there will be."""
        return len(_orientations(self.count, self.orientations))

    def image_factors(self) -> dict[str, list[str]]:
        """Tell the orientation of each image, in degrees."""
        return {
            "orientation": [
                _degrees(orientation) for orientation in _orientations(self.count, self.orientations)
            ]
        }

    def check(self) -> None:
        """Refuse parameters that do not go together; the config asks before a job does."""
        if self.count is not None and self.orientations is not None:
            raise ConfigError("expected 'count' or 'orientations', found both. Remove one of them.")
        if self.orientations is not None and len(set(self.orientations)) < len(self.orientations):
            raise ConfigError("an orientation is listed twice in 'orientations'. List each once.")
        if self.spatial_frequency > self.size[1] / 2:
            raise ConfigError(
                f"{self.spatial_frequency:g} cycles cannot be shown by {self.size[1]} pixels of width. Set "
                f"'spatial_frequency' to at most {self.size[1] / 2:g} or make 'size' larger."
            )


def _orientations(count: int | None, orientations: list[float] | None) -> list[float]:
    if orientations is not None:
        return orientations
    return [180 * index / (count or DEFAULT_COUNT) for index in range(count or DEFAULT_COUNT)]


def _degrees(orientation: float) -> str:
    return f"{orientation:.10g}"
