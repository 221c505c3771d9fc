"""Reading RDM files, of few and of many images.

Pairs are labelled one by one up to 2,000 images (2 million pairs). Beyond, labels would take many times the
room of the dissimilarities, so that the file has the images' names alone, as ``name`` (image): pairs are in
the same order, i < j, row by row. What needs whole RDMs in memory takes up to 5,000 images (12 million
pairs).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from repscape.core.errors import DataError
from repscape.rdms.condensed import condensed_index

if TYPE_CHECKING:
    import netCDF4

LABELLED = 2_000
WHOLE = 5_000


def count(file: "netCDF4.Dataset") -> int:
    """Return how many images an RDM is of."""
    if "name" in file.variables:
        return file.dimensions["image"].size
    return int(file["image_j"][-1]) + 1


def names(file: "netCDF4.Dataset") -> list[str]:
    """Return the images' names, in order."""
    if "name" in file.variables:
        return list(file["name"][:])
    return [file["name_i"][0], *file["name_j"][: count(file) - 1]]


def whole(file: "netCDF4.Dataset") -> "netCDF4.Variable":
    """Return the variable (metric, repeat, pair) for someone who is going to read all of it.

    Raises
    ------
    DataError
        The RDM is too large for that.
    """
    images = count(file)
    if images > WHOLE:
        raise DataError(
            f"{file.filepath()}: expected an RDM of at most {WHOLE:,} images to read it whole, found "
            f"{images:,}. Differentiation and rdm_gallery can use any number of images. For others, define "
            "a stimulus with fewer images, or a set of them (rdms.sets)."
        )
    return file["dissimilarity"]


def of_pairs(
    values: "netCDF4.Variable | np.ndarray", i: np.ndarray, j: np.ndarray, images: int
) -> np.ndarray:
    """Pick some pairs of images, a row of the RDM at a time: many are not read whole.

    Parameters
    ----------
    values : float32 (metric, repeat, pair), of a file or an array
    i, j : int arrays (picked,)
        The images of each pair, in any order.
    images : int
        How many the RDM is of.

    Returns
    -------
    float32 array (metric, repeat, picked)
    """
    at = condensed_index(i, j, images)
    found = np.empty((*values.shape[:2], len(at)), np.float32)
    order = np.argsort(at)
    for row in np.split(order, np.flatnonzero(np.diff(np.minimum(i, j)[order])) + 1):
        begin, stop = at[row[0]], at[row[-1]] + 1
        found[..., row] = values[..., begin:stop][..., at[row] - begin]
    return found


def presentations(attributes: Mapping) -> int:
    """Return how many presentations of each image have separate RDMs; 1 where RDMs are of mean responses.

    Repeats are draws of units × presentations, those of one draw together.
    """
    return int(attributes.get("presentations", 1))
