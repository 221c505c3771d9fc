"""Another stimulus with its amplitude spectrum and random phases."""

from collections.abc import Generator, Mapping
from typing import Literal

import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.plugin.contract import Seeded, parameter
from repscape.stimuli.lib.derived import Derived
from repscape.stimuli.lib.frame import Frame

# The axes of (image, y, x) over which phases are drawn.
AXES = {
    "temporal_phase_1d": (0,),
    "spatial_phase_2d": (1, 2),
    "spatial_phase_3d": (0, 1, 2),
    "scrambled_spatial_phase_3d": (0, 1, 2),
}


class PhaseScramble(Seeded, Derived):
    """Another stimulus, its phases turned by random angles; its amplitude spectrum stays as it is.

    The angles are the phases of Gaussian white noise: uniform, and antisymmetric, so that the result is real.
    The three channels of a pixel are turned by the same angles, which keeps the relations of colours. Means
    (the frequency 0) are not turned. Values beyond 8 bits are clipped; the file says how many.
    """

    method: Literal[
        "temporal_phase_1d", "spatial_phase_2d", "spatial_phase_3d", "scrambled_spatial_phase_3d"
    ] = parameter(
        "What is scrambled, keeping its amplitude spectrum: each pixel's time course; each image; the "
        "whole movie, over time and space; or the whole movie with its images in random order, which also "
        "destroys their sequence. Images are assumed to follow each other in equal steps.",
        "spatial_phase_2d",
    )

    def images(self) -> Generator[Frame, None, dict]:
        """Scramble the images of the other stimulus.

        Returns
        -------
        attributes : dict
            After the last image: ``clipped_share``; ``image_order`` of ``scrambled_spatial_phase_3d``, the
            index in the other stimulus of the image at each position when the phases were turned.

        Raises
        ------
        DataError
            A single image is to be scrambled in time; the images have different sizes.
        """
        from repscape.stimuli.lib.quantize import Clipping

        parents = self.parents_of_one_size(f"'{self.method}'")
        if len(parents) == 1 and 0 in AXES[self.method]:
            raise DataError(f"{self.of}: {_single_image(self.method)}")
        random, clipping = np.random.default_rng(self.seed), Clipping()
        movie = np.stack([frame.pixels for frame in parents])
        attributes = {}
        if self.method == "scrambled_spatial_phase_3d":
            order = random.permutation(len(movie))
            movie, attributes = movie[order], {"image_order": order}
        for frame, values in zip(parents, scramble(movie, AXES[self.method], random), strict=True):
            yield frame._replace(pixels=clipping.to_uint8(values))
        return attributes | clipping.attributes

    def check_parents(self, image_counts: Mapping[str, int | None]) -> None:
        """Refuse to scramble a single image in time."""
        if image_counts["of"] == 1 and 0 in AXES[self.method]:
            raise ConfigError(_single_image(self.method))


def _single_image(method: str) -> str:
    return (
        f"'{method}' scrambles changes over time, but this stimulus has a single image. Use a stimulus "
        "with several images, or 'method: spatial_phase_2d'."
    )


def scramble(movie: np.ndarray, axes: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Turn the phases of a movie by random angles.

    Parameters
    ----------
    movie : array (image, y, x, channel)
    axes : tuple of int
        Over which the spectrum is taken.
    random : numpy.random.Generator

    Returns
    -------
    float64 array (image, y, x, channel)
    """
    size = [movie.shape[axis] for axis in axes]
    rotation = np.fft.rfftn(random.standard_normal(movie.shape[:3]), axes=axes)
    rotation /= np.abs(rotation)
    rotation[tuple(0 if axis in axes else slice(None) for axis in range(3))] = 1.0
    scrambled = np.empty(movie.shape)
    for channel in range(movie.shape[3]):  # one at a time: spectra are large
        spectrum = np.fft.rfftn(movie[..., channel], axes=axes)
        scrambled[..., channel] = np.fft.irfftn(spectrum * rotation, s=size, axes=axes)
    return scrambled
