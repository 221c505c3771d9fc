"""The square gratings of an exercise on mouse V1, tilted left and right of vertical.

Neuromatch Academy, W1D5 (https://compneuro.neuromatch.io), its function `grating`: what a network is
trained on to tell tilts apart, and what is held against recordings of Stringer et al. (Cell 184:2767,
2021).
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveFloat

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.io.array_files import array, kind
from repscape.plugin.parameter_types import Angles, Count, File
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.orientations import Convention, conditions

WIDTH, HEIGHT = 640, 480  # pixels, of the whole screen
GREY = 128  # stands for 0.5, which 8 bits do not have: they have 127 and 128 of 255


def frames(
    *,
    orientations: Angles | None = None,
    count: Count | None = None,
    random: Count | None = None,
    recorded: File | None = None,
    variable: str = "stimuli",
    bin: Annotated[float, Field(gt=0, le=180)] = 1.0,
    convention: Convention = "tilt",
    spatial_frequency: PositiveFloat = 1 / 28,
    resolution: Annotated[float, Field(gt=0, le=1)] = 0.1,
    patch: bool = False,
    seed: int = 0,
) -> Iterator[Frame]:
    """Draw gratings; exactly one of `orientations`, `count`, `random` and `recorded` says which.

    With x and y in pixels of the whole screen from its upper left corner, a pixel is white where
    cos(f (x cos θ + y sin θ)) is above 0, and black elsewhere; θ is the angle from vertical. Black is
    0, white 255. With `patch`, θ is larger by 0.1 radians, which fits the bars into a disc around 3/4
    of the width; outside it is grey, 128 (0.502 of white, for 0.5).

    An image is labelled ``right`` where its angle is above 0, else ``left``; its factor ``orientation``
    is the angle in degrees, with all digits.

    Parameters
    ----------
    orientations : list of float, optional
        Angles from vertical in degrees, positive to the right.
    count : int, optional
        How many angles, evenly spaced from -90 to below 90 degrees.
    random : int, optional
        How many angles, drawn uniformly between -90 and 90 degrees as the exercise draws them: by
        numpy's `RandomState(seed)`, (rand - 0.5) 180. More leave the first as they were.
    recorded : path, optional
        A file with the angles of a recording's trials, in degrees; NaN: none. The angles shown are its
        conditions in ascending order. It may be of any kind that `repscape.io.array_files` reads.
    variable : str
        The array of the file; that of ``.npy`` files has no name.
    bin, convention :
        How angles of `recorded` become conditions: see `repscape.stimuli.lib.orientations.conditions`.
    spatial_frequency : float
        f, in radians per pixel of the whole screen: a period is 2π/f pixels, 176 by default.
    resolution : float
        Pixels of the image per pixel of the screen, which has 640 × 480: 0.1 makes 64 × 48.
    patch : bool
    seed : int
        Of `random`.

    Raises
    ------
    ConfigError
        None or several of the four are given; an angle is given twice; the spatial frequency is above
        what the pixels can show.
    DataError
        The file of a recording is not what it should be.
    """
    check(
        orientations=orientations,
        count=count,
        random=random,
        recorded=recorded,
        spatial_frequency=spatial_frequency,
        resolution=resolution,
    )
    if recorded is not None:
        angles = _recorded(Path(recorded), variable, bin, convention)
    else:
        angles = _angles(orientations, count, random, seed)
    for index, angle in enumerate(angles):
        yield Frame(
            f"grating_{index:06d}_{angle:+08.3f}",
            grating(angle, spatial_frequency, resolution, patch),
            label="right" if angle > 0 else "left",
            factors={"orientation": repr(angle)},
        )


def draws(given: Mapping) -> bool:
    """Whether a section of the config draws anything at random, and so needs a seed."""
    return given.get("random") is not None


def how_many(*, orientations, count, random) -> int | None:
    """Say how many images there will be; None where a file says it."""
    return count or random or (None if orientations is None else len(orientations))


def factor_names() -> list[str]:
    """Name the factors, also where a file says their values."""
    return ["orientation"]


def factors(*, orientations, count, random, seed) -> dict[str, list[str]] | None:
    """Tell the orientations of all images; None where a file says them."""
    if orientations is None and count is None and random is None:
        return None
    return {"orientation": list(map(repr, _angles(orientations, count, random, seed)))}


def check(*, orientations, count, random, recorded, spatial_frequency, resolution) -> None:
    """Refuse parameters that do not go together; the config asks before a job does."""
    given = {"orientations": orientations, "count": count, "random": random, "recorded": recorded}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        raise ConfigError(
            f"expected one of {', '.join(map(repr, given))}, found {' and '.join(named) or 'none'}."
        )
    if orientations is not None and len(set(orientations)) < len(orientations):
        raise ConfigError("an orientation is listed twice in 'orientations'. List each once.")
    if not all(math.isfinite(angle) for angle in orientations or []):
        raise ConfigError("orientations: expected numbers of degrees, found one that is not finite.")
    if spatial_frequency > math.pi * resolution:
        raise ConfigError(
            f"{spatial_frequency:g} radians a pixel cannot be shown at a resolution of {resolution:g}: a "
            "period needs two pixels of the image. Set 'spatial_frequency' to at most "
            f"{math.pi * resolution:.4g}, or 'resolution' to at least {spatial_frequency / math.pi:.4g}."
        )


def grating(angle: float, spatial_frequency: float, resolution: float, patch: bool) -> np.ndarray:
    """Draw one grating; see `frames`.

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


def _angles(orientations, count, random, seed) -> list[float]:
    if orientations is not None:
        return [float(angle) for angle in orientations]
    if count is not None:
        return [180 * index / count - 90 for index in range(count)]
    return ((np.random.RandomState(seed % 2**32).rand(random) - 0.5) * 180).tolist()


def _recorded(file: Path, variable: str, width: float, convention: Convention) -> list[float]:
    """Read the angles of a recording's trials and return those of its conditions."""
    name = None if kind(file) == "npy" else variable
    angles = np.atleast_1d(np.squeeze(array(file, name)))
    if angles.ndim == 1 and angles.dtype.kind == "f" and np.isnan(angles).any():
        there = ~np.isnan(angles)
        logger.info("%s: %d of %d trials have no angle and are left out", file, (~there).sum(), len(there))
        angles = angles[there]
    try:
        found = conditions(angles, width, convention).values.tolist()
    except DataError as error:
        raise DataError(f"{file}: {variable}: {error}.") from error
    if {-90.0, 90.0} <= set(found):
        logger.warning(
            "%s: -90 and 90 degrees from vertical are both there, as one grating with two labels", file
        )
    return found
