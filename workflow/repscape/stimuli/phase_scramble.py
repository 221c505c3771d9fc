"""Another stimulus with its amplitude spectrum and random phases."""

from collections.abc import Generator
from typing import Literal

import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.plugin.parameter_types import SizeOfMother, StimulusFile
from repscape.stimuli.lib.frame import Frame

# The axes of (image, y, x) over which phases are drawn.
AXES = {
    "temporal_phase_1d": (0,),
    "spatial_phase_2d": (1, 2),
    "spatial_phase_3d": (0, 1, 2),
    "scrambled_spatial_phase_3d": (0, 1, 2),
}


def frames(
    *,
    of: StimulusFile,
    kind: Literal[
        "temporal_phase_1d", "spatial_phase_2d", "spatial_phase_3d", "scrambled_spatial_phase_3d"
    ] = "spatial_phase_2d",
    size: SizeOfMother = None,
    seed: int,
) -> Generator[Frame, None, dict]:
    """Turn the phases of a stimulus by random angles; its amplitude spectrum stays as it is.

    The angles are the phases of Gaussian white noise: uniform, and antisymmetric, so that the result
    is real. The three channels of a pixel are turned by the same angles, which keeps the relations of
    colours. Means (the frequency 0) are not turned. The images keep the names, times and labels of
    those in whose place they are. Values beyond 8 bits are clipped; how many is recorded.

    Parameters
    ----------
    of : stimulus
    kind : {'temporal_phase_1d', 'spatial_phase_2d', 'spatial_phase_3d', 'scrambled_spatial_phase_3d'}
        What keeps its amplitude spectrum: each pixel's time course; each image; the whole movie, over
        time and space; the whole movie after its images were put into a random order, which also
        takes away how they followed each other. Images are taken to follow each other in equal steps.
    seed : int

    Returns
    -------
    attributes : dict
        At the end of the frames: ``clipped_share``; ``image_order`` of
        ``scrambled_spatial_phase_3d``, the index in the other stimulus of what stood at each place
        when the phases were turned.

    Raises
    ------
    DataError
        A single image is to be scrambled in time; the images have different sizes.
    """
    from repscape.stimuli.lib import parent_stimulus
    from repscape.stimuli.lib.quantize import Clipping

    shown = parent_stimulus.of_one_size(parent_stimulus.read(of), of, f"'{kind}'")
    if len(shown) == 1 and 0 in AXES[kind]:
        raise DataError(f"{of}: {_still(kind)}")
    draw, clipping = np.random.default_rng(seed), Clipping()
    movie = np.stack([frame.pixels for frame in shown])
    attributes = {}
    if kind == "scrambled_spatial_phase_3d":
        order = draw.permutation(len(movie))
        movie, attributes = movie[order], {"image_order": order}
    for frame, values in zip(shown, scramble(movie, AXES[kind], draw), strict=True):
        yield frame._replace(pixels=clipping.to_uint8(values))
    return attributes | clipping.attributes


def check(*, kind, how_many) -> None:
    """Refuse to scramble a single image in time; the config asks before a job does."""
    if how_many["of"] == 1 and 0 in AXES[kind]:
        raise ConfigError(_still(kind))


def _still(kind: str) -> str:
    return (
        f"'{kind}' scrambles how images change in time, and this stimulus has a single image. Take a "
        "stimulus of several images, or 'kind: spatial_phase_2d'."
    )


def scramble(movie: np.ndarray, axes: tuple[int, ...], draw: np.random.Generator) -> np.ndarray:
    """Turn the phases of a movie by random angles.

    Parameters
    ----------
    movie : array (image, y, x, channel)
    axes : tuple of int
        Over which the spectrum is taken.
    draw : numpy.random.Generator

    Returns
    -------
    float64 array (image, y, x, channel)
    """
    size = [movie.shape[axis] for axis in axes]
    turn = np.fft.rfftn(draw.standard_normal(movie.shape[:3]), axes=axes)
    turn /= np.abs(turn)
    turn[tuple(0 if axis in axes else slice(None) for axis in range(3))] = 1.0
    turned = np.empty(movie.shape)
    for channel in range(movie.shape[3]):  # one at a time: spectra are large
        spectrum = np.fft.rfftn(movie[..., channel], axes=axes)
        turned[..., channel] = np.fft.irfftn(spectrum * turn, s=size, axes=axes)
    return turned
