"""The square gratings of an exercise on mouse V1, tilted left and right of vertical.

Neuromatch Academy, W1D5 (https://compneuro.neuromatch.io), its function `grating`: what a network is
trained on to tell tilts apart, and what is compared with recordings of Stringer et al. (Cell 184:2767,
2021).
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from pydantic import PositiveFloat

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.io.array_files import array, kind
from repscape.plugin.contract import Seeded, Stimulus, parameter
from repscape.plugin.parameter_types import Angles, Count, File
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.orientations import Convention, conditions
from repscape.stimuli.lib.synthetic import check_orientations

WIDTH, HEIGHT = 640, 480  # pixels, of the whole screen
GREY = 128  # stands for 0.5, which 8 bits do not have: they have 127 and 128 of 255


class TiltGratings(Seeded, Stimulus):
    """Square gratings; exactly one of `orientations`, `count`, `random` and `recorded` says at which angles.

    With x and y in pixels of the whole screen from its upper left corner, a pixel is white where
    cos(f (x cos θ + y sin θ)) is above 0, and black elsewhere; θ is the angle from vertical. Black is 0,
    white 255. An image is labelled ``right`` where its angle is above 0, else ``left``; its factor
    ``orientation`` is the angle in degrees, with all digits.
    """

    orientations: Angles | None = parameter("Angles from vertical in degrees, positive to the right.", None)
    count: Count | None = parameter("How many angles, evenly spaced from -90 to below 90 degrees.", None)
    random: Count | None = parameter(
        "How many angles, drawn uniformly between -90 and 90 degrees as in the exercise: (rand - 0.5) "
        "180, with numpy's `RandomState(seed)`. A larger number keeps the first angles as they were.",
        None,
    )
    recorded: File | None = parameter(
        "A file with the angles of a recording's trials, in degrees; NaN: no angle. Its different angles, "
        "in ascending order, are the angles of the images. The file may be .npy, .npz, NetCDF, HDF5, .mat "
        "or CSV.",
        None,
    )
    variable: str = parameter(
        "The array of `recorded` with the angles; not needed for ``.npy`` files, whose array has no name.",
        "stimuli",
    )
    bin: float = parameter(
        "The width in degrees of the bins into which the angles of `recorded` are put; each bin is one "
        "condition.",
        1.0,
        gt=0,
        le=180,
    )
    convention: Convention = parameter(
        "Whether the angles of `recorded` are measured from vertical (``angle``), or run from 0 to 360 "
        "degrees, with 90 vertical (``tilt``).",
        "tilt",
    )
    spatial_frequency: PositiveFloat = parameter(
        "The spatial frequency f, in radians per pixel of the whole screen: a period is 2π/f pixels, 176 "
        "by default.",
        1 / 28,
    )
    resolution: float = parameter(
        "Pixels of the image per pixel of the screen (640 × 480): 0.1 makes images of 64 × 48.",
        0.1,
        gt=0,
        le=1,
    )
    patch: bool = parameter(
        "Show the bars only in a disc around 3/4 of the width, rotated by 0.1 radians, on grey (128 of 255).",
        False,
    )

    def images(self) -> Iterator[Frame]:
        """Draw the gratings.

        Raises
        ------
        DataError
            The file of a recording is not what it should be.
        """
        self.check()
        if self.recorded is not None:
            angles = recorded_angles(Path(self.recorded), self.variable, self.bin, self.convention)
        else:
            angles = self._angles()
        for index, angle in enumerate(angles):
            yield Frame(
                f"grating_{index:06d}_{angle:+08.3f}",
                grating(angle, self.spatial_frequency, self.resolution, self.patch),
                label="right" if angle > 0 else "left",
                factors={"orientation": repr(angle)},
            )

    @classmethod
    def takes_seed(cls, values: Mapping) -> bool:
        """Say whether angles are drawn at random."""
        return values.get("random") is not None

    def image_count(self) -> int | None:
        """Return the number of angles; None where a file says it."""
        return self.count or self.random or (None if self.orientations is None else len(self.orientations))

    def factor_names(self) -> list[str]:
        """Name the one factor, also where a file says its values."""
        return ["orientation"]

    def image_factors(self) -> dict[str, list[str]] | None:
        """Return the orientation of each image; None where a file says it."""
        return None if self.image_count() is None else {"orientation": list(map(repr, self._angles()))}

    def check(self) -> None:
        """Refuse angles that are said in several ways, and frequencies that the pixels cannot show."""
        ways = ("orientations", "count", "random", "recorded")
        given = [name for name in ways if getattr(self, name) is not None]
        if len(given) != 1:
            raise ConfigError(
                f"expected one of {', '.join(map(repr, ways))}, found {' and '.join(given) or 'none'}."
            )
        check_orientations(self.orientations)
        if self.spatial_frequency > math.pi * self.resolution:
            raise ConfigError(
                f"spatial_frequency: {self.spatial_frequency:g} radians per pixel cannot be shown at a "
                f"resolution of {self.resolution:g}, since a period needs two pixels of the image. Set "
                f"'spatial_frequency' to at most {math.pi * self.resolution:.4g}, or 'resolution' to at "
                f"least {self.spatial_frequency / math.pi:.4g}."
            )

    def _angles(self) -> list[float]:
        """Return the angles where the config says them."""
        if self.orientations is not None:
            return [float(angle) for angle in self.orientations]
        if self.count is not None:
            return [180 * index / self.count - 90 for index in range(self.count)]
        return ((np.random.RandomState(self.seed % 2**32).rand(self.random or 0) - 0.5) * 180).tolist()


def grating(angle: float, spatial_frequency: float, resolution: float, patch: bool) -> np.ndarray:
    """Draw one grating (see `TiltGratings`).

    Parameters
    ----------
    angle : float
        From vertical, in degrees.
    spatial_frequency : float
        In radians per pixel of the screen.
    resolution : float
        Pixels of the image per pixel of the screen.
    patch : bool

    Returns
    -------
    uint8 array (y, x)
    """
    theta = np.deg2rad(angle) + 0.1 * patch
    # in the order of the exercise's operations: the last digit decides about a pixel on an edge
    x, y = (spatial_frequency * np.arange(0, side * resolution) / resolution for side in (WIDTH, HEIGHT))
    xx, yy = np.meshgrid(x, y)
    pixels = np.where(np.cos(xx * np.cos(theta) + yy * np.sin(theta)) > 0, np.uint8(255), np.uint8(0))
    if patch:
        across, down = np.meshgrid(np.arange(len(x)), np.arange(len(y)))
        away = ((across - len(x) * 0.75) ** 2 + (down - len(y) / 2) ** 2) ** 0.5
        pixels[away >= WIDTH / 3 / 2 * resolution] = GREY
    return pixels


def recorded_angles(file: Path, variable: str, width: float, convention: Convention) -> list[float]:
    """Read the angles of a recording's trials and return those of its conditions.

    Raises
    ------
    DataError
        The file cannot be read, or has no array of angles.
    """
    angles = np.atleast_1d(np.squeeze(array(file, None if kind(file) == "npy" else variable)))
    if angles.ndim == 1 and angles.dtype.kind == "f" and np.isnan(angles).any():
        known = ~np.isnan(angles)
        logger.info("%s: %d of %d trials have no angle and are omitted", file, (~known).sum(), len(known))
        angles = angles[known]
    try:
        found = conditions(angles, width, convention).values.tolist()
    except DataError as error:
        raise DataError(f"{file}: {variable}: {error}.") from error
    if {-90.0, 90.0} <= set(found):
        logger.warning(
            "%s: has both -90 and 90 degrees from vertical, which are the same grating with two labels", file
        )
    return found
