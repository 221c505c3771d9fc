"""The images in a stimulus's file: of one size, or of different ones.

Images of one size are ``images`` (image, y, x, channel). Images of their own sizes lie one after another,
each row by row: ``pixels`` (pixel, channel), with ``image_height``, ``image_width`` and ``first_pixel``
(image). This is the one place that knows both; all else asks for an image, or for some, or for their sizes.
"""

from collections.abc import Iterator

import numpy as np

OF_OWN_SIZES = ("pixels", "image_height", "image_width", "first_pixel")


def count(stimulus) -> int:
    """Return how many images a stimulus has.

    Parameters
    ----------
    stimulus : netCDF4.Dataset or xarray.Dataset
        Open; here as below.
    """
    return stimulus.variables["images" if "images" in stimulus.variables else "first_pixel"].shape[0]


def sizes(stimulus) -> np.ndarray:
    """Return height and width of each image, int (image, 2)."""
    if "images" in stimulus.variables:
        return np.tile(np.array(stimulus.variables["images"].shape[1:3], int), (count(stimulus), 1))
    columns = [np.asarray(stimulus.variables[name][:]) for name in ("image_height", "image_width")]
    return np.stack(columns, axis=1).astype(int)


def image(stimulus, index: int) -> np.ndarray:
    """Return an image, uint8 (y, x, channel)."""
    if "images" in stimulus.variables:
        return np.asarray(stimulus.variables["images"][index])
    first, height, width = (
        int(stimulus.variables[name][index]) for name in ("first_pixel", "image_height", "image_width")
    )
    pixels = np.asarray(stimulus.variables["pixels"][first : first + height * width])
    return pixels.reshape(height, width, -1)


def some(stimulus, part: range) -> "np.ndarray | Iterator[np.ndarray]":
    """Return consecutive images: an array (image, y, x, channel), or of their own sizes one by one."""
    if "images" in stimulus.variables:
        return np.asarray(stimulus.variables["images"][part.start : part.stop])
    return (image(stimulus, index) for index in part)


def rows(stimulus, part: range) -> range:
    """Return the rows of the file's largest variable that consecutive images have (see `netcdf.check`)."""
    if "images" in stimulus.variables or not part:
        return part
    first, last = (int(stimulus.variables["first_pixel"][index]) for index in (part[0], part[-1]))
    height, width = (int(stimulus.variables[name][part[-1]]) for name in ("image_height", "image_width"))
    return range(first, last + height * width)
