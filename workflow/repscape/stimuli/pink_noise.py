"""Noise whose amplitude falls with spatial frequency, as that of natural images does."""

from collections.abc import Generator

import numpy as np

from repscape.plugin.contract import parameter
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.quantize import Clipping
from repscape.stimuli.lib.synthetic import Noise


class PinkNoise(Noise):
    """Images whose amplitude spectrum is 1 / f^exponent and whose phases are random.

    The amplitude is exact for each image; only the phases are drawn. They are those of Gaussian white noise,
    uniform and consistent with real pixels. f is the distance from the origin of the plane of spatial
    frequencies, in cycles per pixel in both directions. Each image has a mean of 127.5 and, before its values
    are rounded and clipped to 8 bits, the same standard deviation.
    """

    exponent: float = parameter(
        "The exponent of the spectrum: 1 is pink noise, 0 white, 2 brown.", 1.0, ge=-5, le=5
    )
    contrast: float = parameter(
        "RMS contrast: standard deviation over mean. Above about 0.35, more than 0.5 % of the values are "
        "clipped.",
        0.3,
        gt=0,
        le=1,
    )

    def images(self) -> Generator[Frame, None, dict]:
        """Draw the images.

        Returns
        -------
        attributes : dict
            After the last image: ``clipped_share``.
        """
        random, clipping = np.random.default_rng(self.seed), Clipping()
        channels = 3 if self.colour == "rgb" else 1
        for index in range(self.count):
            planes = [luminance(self.size, self.exponent, self.contrast, random) for _ in range(channels)]
            pixels = clipping.to_uint8(np.stack(planes, axis=2) if channels == 3 else planes[0])
            yield Frame(f"pink_{index:06d}", pixels)
        return clipping.attributes


def luminance(
    size: tuple[int, int], exponent: float, contrast: float, random: np.random.Generator
) -> np.ndarray:
    """Draw one plane of noise, float64 (y, x), before it is rounded."""
    spectrum = np.fft.rfft2(random.standard_normal(size))
    frequency = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1]))
    frequency[0, 0] = 1.0  # the mean is set below
    spectrum *= frequency**-exponent / np.abs(spectrum)
    spectrum[0, 0] = 0.0
    noise = np.fft.irfft2(spectrum, s=tuple(size))
    return 127.5 * (1 + contrast * noise / noise.std())
