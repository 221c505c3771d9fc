"""Noise whose amplitude falls with spatial frequency, as that of natural images does."""

from collections.abc import Generator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from repscape.plugin.parameter_types import Count, Size
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.quantize import Clipping


def frames(
    *,
    count: Count = 30,
    size: Size = (256, 256),
    exponent: Annotated[float, Field(ge=-5, le=5)] = 1.0,
    contrast: Annotated[float, Field(gt=0, le=1)] = 0.3,
    colour: Literal["rgb", "grey"] = "rgb",
    seed: int,
) -> Generator[Frame, None, dict]:
    """Draw images whose amplitude spectrum is 1 / f^exponent and whose phases are random.

    The amplitude is exact for each image, only the phases are drawn: those of Gaussian white noise,
    uniform and consistent with real pixels. f is the distance from the origin of the plane of spatial
    frequencies, in cycles per pixel in both directions. Each image has a mean of 127.5 and, before
    values are rounded and clipped to 8 bits, the same standard deviation.

    Parameters
    ----------
    count : int
        How many images. More images leave the first ones as they were.
    size : (height, width) in pixels
    exponent : float
        1 is pink noise, 0 white, 2 brown.
    contrast : float
        Standard deviation over mean (RMS contrast), above 0 to 1. From about 0.35 on more than
        0.5 % of the values are clipped.
    colour : {'rgb', 'grey'}
        Whether each channel of a pixel is drawn for itself.
    seed : int

    Returns
    -------
    attributes : dict
        At the end of the frames: ``clipped_share``.
    """
    draw, clipping = np.random.default_rng(seed), Clipping()
    channels = 3 if colour == "rgb" else 1
    for index in range(count):
        planes = [luminance(size, exponent, contrast, draw) for _ in range(channels)]
        pixels = clipping.to_uint8(np.stack(planes, axis=2) if channels == 3 else planes[0])
        yield Frame(f"pink_{index:06d}", pixels)
    return clipping.attributes


def how_many(*, count) -> int:
    """Say how many images there will be."""
    return count


def luminance(size, exponent: float, contrast: float, draw: np.random.Generator) -> np.ndarray:
    """Draw one plane of noise, float64 (y, x), before it is rounded."""
    spectrum = np.fft.rfft2(draw.standard_normal(size))
    frequency = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1]))
    frequency[0, 0] = 1.0  # the mean is set below
    spectrum *= frequency**-exponent / np.abs(spectrum)
    spectrum[0, 0] = 0.0
    noise = np.fft.irfft2(spectrum, s=tuple(size))
    return 127.5 * (1 + contrast * noise / noise.std())
