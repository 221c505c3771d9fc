"""Squared Euclidean distances that stay accurate in float32, at the speed of a matrix product.

‖x − y‖² = ‖x‖² + ‖y‖² − 2 x·y turns all distances into one matrix product, but cancels where the
distance is small beside the norms. Three things keep the relative error below 1e-4: each unit's
mean over images is subtracted first (no distance changes, and what is common to all images would
otherwise dominate the norms); distances that are still small beside the norms are computed again
in float64; and those that are small even for that, from the differences themselves.
"""

from functools import lru_cache

import numpy as np

_BLOCK = 2**17  # values held in float64 at once: they fit the processor's cache
# A squared distance is trusted if it is larger than this share of the two squared norms. Products
# err by up to 3e-6 of the norms in float32 and 5e-15 in float64 (measured with 1e6 units).
_TRUSTED = {np.float32: 0.05, np.float64: 1e-10}
_TINY = 1e-20  # below, squares of single values leave the range of float32
_MANY = 0.01  # share of distances from which a product in float64 costs less than differences


@lru_cache(maxsize=4)
def pairs(images: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices i and j of all pairs of images i < j, in row-major order."""
    first, second = np.triu_indices(images, 1)
    first.flags.writeable = second.flags.writeable = False
    return first, second


def squared_distances(rows: np.ndarray, shift=0.0, scale=1.0) -> np.ndarray:
    """Return Σ_u (z_iu − z_ju)² for all pairs of rows of z = (rows − shift) / scale.

    Exactly 0 for equal rows, and never negative.

    Parameters
    ----------
    rows : float array (image, unit)
    shift, scale : float, or float array (image,)
        One for all rows, or each row's own. Rows whose scale is not positive and finite are undefined.

    Returns
    -------
    float64 array (pair,)
        In the order of `pairs`; NaN where a row is undefined or not finite.
    """
    images = len(rows)
    first, second = pairs(images)
    shift, scale = np.broadcast_to(shift, images), np.broadcast_to(scale, images)
    usable = (scale > 0) & np.isfinite(scale) & np.isfinite(shift)
    defined = usable[first] & usable[second]
    # Undefined rows get no weight, so that they do not spoil the means over images.
    shift = np.where(usable, shift, 0.0)
    weight = 1 / np.where(usable, scale, np.inf)

    with np.errstate(invalid="ignore", over="ignore"):
        distances, doubtful = _by_product(rows, shift, weight, np.float32)
        doubtful &= defined
        if np.count_nonzero(doubtful) > _MANY * len(doubtful):
            precise, still_doubtful = _by_product(rows, shift, weight, np.float64)
            distances[doubtful] = precise[doubtful]
            doubtful &= still_doubtful
        at = np.flatnonzero(doubtful)
        step = max(1, _BLOCK // rows.shape[1])
        for start in range(0, len(at), step):
            some = at[start : start + step]
            differences = _standardised(rows, shift, weight, first[some])
            differences -= _standardised(rows, shift, weight, second[some])
            distances[some] = np.einsum("pu,pu->p", differences, differences)
    distances[~(defined & np.isfinite(distances))] = np.nan
    return distances


def _standardised(rows, shift, weight, chosen) -> np.ndarray:
    """Return (rows − shift) × weight of the chosen rows in float64."""
    values = rows[chosen].astype(np.float64)
    values -= shift[chosen, np.newaxis]
    values *= weight[chosen, np.newaxis]
    return values


def _by_product(rows, shift, weight, dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances from a matrix product in `dtype`, and which are not to be trusted."""
    images, units = rows.shape
    step = max(1, _BLOCK // units)
    blocks = [slice(start, start + step) for start in range(0, images, step)]
    mean = sum(weight[block] @ rows[block].astype(np.float64) for block in blocks)
    mean = (mean - weight @ shift) / images
    centred = np.empty(rows.shape, dtype)
    for block in blocks:
        values = _standardised(rows, shift, weight, block)
        values -= mean
        centred[block] = values
    product = centred @ centred.T
    first, second = pairs(images)
    squares = product.diagonal().astype(np.float64)
    norms = squares[first] + squares[second]
    distances = norms - 2 * product[first, second]
    return distances, ~(distances > np.maximum(_TRUSTED[dtype] * norms, _TINY))
