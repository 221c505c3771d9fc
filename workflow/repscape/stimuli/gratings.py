"""Sine and square gratings, full field or in a circular patch."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from repscape.core.errors import ConfigError
from repscape.plugin.parameter_types import Angles, Count, Degrees, Size
from repscape.stimuli.lib.frame import Frame

DEFAULT_COUNT = 30
GREY = 127.5  # halfway between black and white


def frames(
    *,
    count: Count | None = None,
    orientations: Angles | None = None,
    spatial_frequency: PositiveFloat = 8.0,
    phase: Degrees = 0.0,
    contrast: Annotated[float, Field(ge=0, le=1)] = 1.0,
    wave: Literal["sine", "square"] = "sine",
    aperture: Literal["full", "circle"] = "full",
    radius: Annotated[float, Field(gt=0, le=1)] = 0.4,
    size: Size = (256, 256),
) -> Iterator[Frame]:
    """Draw gratings of different orientations.

    With x to the right and y down from the image's centre, in units of the image's width, the
    luminance at a pixel's centre is 127.5 (1 + contrast · w(2π f u + phase)), where
    u = x sin θ + y cos θ, w is sin or the sign of sin, and the result is rounded.

    Parameters
    ----------
    count : int, optional
        How many orientations, evenly spaced from 0 to below 180 degrees; 30 if `orientations` is
        not given either.
    orientations : list of float, optional
        Orientations θ of the bars in degrees, counter-clockwise: 0 is horizontal, 90 vertical.
    spatial_frequency : float
        f, in cycles per image width.
    phase : float
        In degrees; 0 puts a rising zero crossing of the sine at the image's centre.
    contrast : float
        Michelson contrast, from 0 to 1.
    wave : {'sine', 'square'}
    aperture : {'full', 'circle'}
        ``circle`` shows a centred disc; outside it is mean grey.
    radius : float
        Of the disc, as a fraction of the image's shorter side.
    size : (height, width) in pixels

    Raises
    ------
    ConfigError
        Both `count` and `orientations` are given; an orientation is given twice; the spatial
        frequency is above what the pixels can show.
    """
    check(count=count, orientations=orientations, spatial_frequency=spatial_frequency, size=size)
    orientations = _orientations(count, orientations)
    height, width = size
    y, x = np.mgrid[:height, :width] + 0.5
    x, y = (x - width / 2) / width, (y - height / 2) / width
    outside = np.hypot(x, y) > radius * min(size) / width
    for orientation in orientations:
        theta = np.deg2rad(orientation)
        cycles = spatial_frequency * (x * np.sin(theta) + y * np.cos(theta)) + phase / 360
        if wave == "sine":
            modulation = np.sin(2 * np.pi * cycles)
        else:  # rounded, or the last bit of sin θ would decide about pixels on an edge
            modulation = np.where(np.round(cycles, 9) % 1 < 0.5, 1.0, -1.0)
        if aperture == "circle":
            modulation[outside] = 0.0
        luminance = np.round(GREY * (1 + contrast * modulation), 6)  # ties must not hang on a last bit
        yield Frame(
            f"orientation_{orientation:07.3f}",
            np.rint(luminance).astype(np.uint8),
            factors={"orientation": _degrees(orientation)},
        )


def how_many(*, count, orientations) -> int:
    """Say how many images there will be."""
    return len(_orientations(count, orientations))


def factors(*, count, orientations) -> dict[str, list[str]]:
    """Tell the orientation of each image, in degrees."""
    return {"orientation": [_degrees(orientation) for orientation in _orientations(count, orientations)]}


def _orientations(count: int | None, orientations: list[float] | None) -> list[float]:
    if orientations is not None:
        return orientations
    return [180 * index / (count or DEFAULT_COUNT) for index in range(count or DEFAULT_COUNT)]


def _degrees(orientation: float) -> str:
    return f"{orientation:.10g}"


def check(*, count, orientations, spatial_frequency, size) -> None:
    """Refuse parameters that do not go together; the config asks before a job does."""
    if count is not None and orientations is not None:
        raise ConfigError("expected 'count' or 'orientations', found both. Remove one of them.")
    if orientations is not None and len(set(orientations)) < len(orientations):
        raise ConfigError("an orientation is listed twice in 'orientations'. List each once.")
    if spatial_frequency > size[1] / 2:
        raise ConfigError(
            f"{spatial_frequency:g} cycles cannot be shown by {size[1]} pixels of width. Set "
            f"'spatial_frequency' to at most {size[1] / 2:g} or make 'size' larger."
        )
