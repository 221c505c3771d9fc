"""Sine and square gratings, full field or in a circular patch."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import PositiveFloat

from repscape.core.errors import ConfigError
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import Angles, Count, Degrees
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.synthetic import Synthetic, check_orientations

DEFAULT_COUNT = 30
GREY = 127.5  # halfway between black and white


class Gratings(Synthetic):
    """Gratings of different orientations.

    With x to the right and y down from the image's centre, in units of the image's width, the luminance at a
    pixel's centre is 127.5 (1 + contrast · w(2π f u + phase)), where u = x sin θ + y cos θ, w is sin or the
    sign of sin, and the result is rounded.
    """

    count: Count | None = parameter(
        "How many orientations, evenly spaced from 0 to below 180 degrees; by default 30, unless "
        "`orientations` lists them.",
        None,
    )
    orientations: Angles | None = parameter(
        "Orientations θ of the bars in degrees, counter-clockwise: 0 is horizontal, 90 vertical.", None
    )
    spatial_frequency: PositiveFloat = parameter("The spatial frequency f, in cycles per image width.", 8.0)
    phase: Degrees = parameter(
        "The phase in degrees; at 0 the sine rises through zero at the image's centre.", 0.0
    )
    contrast: float = parameter("Michelson contrast.", 1.0, ge=0, le=1)
    wave: Literal["sine", "square"] = parameter("The profile across the bars.", "sine")
    aperture: Literal["full", "circle"] = parameter(
        "``circle`` shows a disc in the middle, with mean grey around it.", "full"
    )
    radius: float = parameter(
        "Radius of the disc, as a fraction of the image's shorter side.", 0.4, gt=0, le=1
    )

    def images(self) -> Iterator[Frame]:
        """Draw the gratings."""
        self.check()
        height, width = self.size
        y, x = np.mgrid[:height, :width] + 0.5
        x, y = (x - width / 2) / width, (y - height / 2) / width
        outside = np.hypot(x, y) > self.radius * min(self.size) / width
        for orientation in self._angles():
            theta = np.deg2rad(orientation)
            cycles = self.spatial_frequency * (x * np.sin(theta) + y * np.cos(theta)) + self.phase / 360
            if self.wave == "sine":
                modulation = np.sin(2 * np.pi * cycles)
            else:  # rounded, or the last bit of sin θ would decide about pixels on an edge
                modulation = np.where(np.round(cycles, 9) % 1 < 0.5, 1.0, -1.0)
            if self.aperture == "circle":
                modulation[outside] = 0.0
            # rounded first, so that the last bit does not decide about ties
            luminance = np.round(GREY * (1 + self.contrast * modulation), 6)
            yield Frame(
                f"orientation_{orientation:07.3f}",
                np.rint(luminance).astype(np.uint8),
                factors={"orientation": _as_factor(orientation)},
            )

    def image_count(self) -> int:
        """Return the number of orientations."""
        return len(self._angles())

    def image_factors(self) -> dict[str, list[str]]:
        """Return the orientation of each image, in degrees."""
        return {"orientation": list(map(_as_factor, self._angles()))}

    def check(self) -> None:
        """Refuse an orientation that is listed twice, and frequencies that the pixels cannot show."""
        if self.count is not None and self.orientations is not None:
            raise ConfigError("expected 'count' or 'orientations', found both. Remove one of them.")
        check_orientations(self.orientations)
        if self.spatial_frequency > self.size[1] / 2:
            raise ConfigError(
                f"spatial_frequency: {self.spatial_frequency:g} cycles need more than {self.size[1]} "
                f"pixels of width. Set 'spatial_frequency' to at most {self.size[1] / 2:g}, or make 'size' "
                "larger."
            )

    def _angles(self) -> list[float]:
        if self.orientations is not None:
            return self.orientations
        count = self.count or DEFAULT_COUNT
        return [180 * index / count for index in range(count)]


def _as_factor(orientation: float) -> str:
    return f"{orientation:.10g}"
