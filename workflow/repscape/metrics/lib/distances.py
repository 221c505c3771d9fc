"""Squared Euclidean distances that stay accurate in float32, at the speed of a matrix product.

‖x − y‖² = ‖x‖² + ‖y‖² − 2 x·y turns all distances into one matrix product, but cancels where the
distance is small beside the norms. Three things keep the relative error below 1e-4: each unit's
mean over images is subtracted first (no distance changes, and what is common to all images would
otherwise dominate the norms); distances that are still small beside the norms are computed in
float64; and those that are small even for that, from the differences themselves.

Of more images than a matrix of all pairs has memory for, the same is done block by block
(`squared_distances_in_blocks`).
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from repscape.core.chunks import slices
from repscape.metrics.lib.streamed_rows import Rows

_BLOCK = 2**17  # values in float64 at once: they fit the processor's cache
_CHUNK = 2**14  # units in one product: bounds its memory and, in float32, its rounding errors
_FEW = 200  # images up to which a product in float64 costs little beside preparing the rows
# A squared distance is trusted if it is larger than this share of the two squared norms. Each step
# of a product's longest sum may lose half a unit in the last place. With a chunk these are about
# 430 steps (matrix products add up to 384 terms, then these sums), 2.5e-5 in float32, for the norms
# and for the product: 5e-5 of the norms in all. This does happen where one unit outweighs many
# small ones, as in a softmax; evenly spread activity errs by 1e-7.
_TRUSTED = {np.float32: 0.5, np.float64: 1e-9}
_TINY = 1e-20  # below, squares of single values leave the range of float32
_MANY = 0.01  # share of distances from which a product in float64 costs less than differences
_ROWS = 1024  # in a block at most, however few their values are


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
        One for all rows, or one a row. Rows whose scale is not positive and finite are undefined.

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
        dtype = np.float64 if images <= _FEW else np.float32
        distances, doubtful = _by_product(rows, shift, weight, dtype)
        doubtful &= defined
        if dtype is np.float32 and np.count_nonzero(doubtful) > _MANY * len(doubtful):
            precise, still_doubtful = _by_product(rows, shift, weight, np.float64)
            distances[doubtful] = precise[doubtful]
            doubtful &= still_doubtful
        at = np.flatnonzero(doubtful)
        step = max(1, _BLOCK // rows.shape[1])
        for start in range(0, len(at), step):
            some = at[start : start + step]
            i, j = first[some], second[some]
            differences = _standardised(rows[i], shift[i], weight[i])
            differences -= _standardised(rows[j], shift[j], weight[j])
            distances[some] = np.einsum("pu,pu->p", differences, differences)
    distances[~(defined & np.isfinite(distances))] = np.nan
    return distances


def squared_distances_in_blocks(rows: Rows, shift=0.0, scale=1.0) -> Iterator[np.ndarray]:
    """Yield what `squared_distances` returns, in consecutive parts.

    A part has all pairs i < j of some consecutive i. Beside the parts, memory is needed for two blocks of
    rows, whatever the number of images.

    Parameters
    ----------
    rows : Rows
        Float values (image, unit).
    shift, scale : as in `squared_distances`

    Yields
    ------
    float64 arrays (pair,)
    """
    images, units = rows.shape
    shift, scale = np.broadcast_to(shift, images), np.broadcast_to(scale, images)
    usable = (scale > 0) & np.isfinite(scale) & np.isfinite(shift)
    shift = np.where(usable, shift, 0.0)
    weight = 1 / np.where(usable, scale, np.inf)
    step = max(1, min(_ROWS, rows.block // images, rows.block // units))
    with np.errstate(invalid="ignore", over="ignore"):
        mean = _mean(rows, shift, weight)

        def standardised(some) -> np.ndarray:
            return _standardised(rows[some], shift[some], weight[some])

        def centred(block: slice) -> np.ndarray:
            found = np.empty((block.stop - block.start, units), np.float32)
            for part in slices(len(found), max(1, _BLOCK // units)):
                part_of_all = slice(block.start + part.start, block.start + part.stop)
                found[part] = standardised(part_of_all) - mean
            return found

        for block in slices(images, step):
            first = centred(block)
            lengths = images - 1 - np.arange(block.start, block.stop)
            begins = np.concatenate([[0], np.cumsum(lengths)])
            part = np.empty(begins[-1])
            for other in slices(images - block.start, step):
                other = slice(block.start + other.start, block.start + other.stop)
                same = other == block
                second = first if same else centred(other)
                distances = _between(block, other, first, second, standardised, mean, same)
                distances[~(usable[block, np.newaxis] & usable[other] & np.isfinite(distances))] = np.nan
                for row, begin in enumerate(begins[:-1]):
                    # of row i, the pairs from j = i + 1 on lie together
                    i = block.start + row
                    left = max(other.start, i + 1)
                    if left < other.stop:
                        part[begin + left - i - 1 : begin + other.stop - i - 1] = distances[
                            row, left - other.start :
                        ]
            yield part


def _between(block, other, first, second, standardised, mean, same: bool) -> np.ndarray:
    """Return the squared distances between two blocks of rows: float64 (row, row)."""
    distances, doubtful = _of_blocks(first, second)
    if np.count_nonzero(doubtful) > _MANY * doubtful.size:
        precise = [standardised(rows) - mean for rows in ((block,) if same else (block, other))]
        distances, still_doubtful = _of_blocks(precise[0], precise[-1])
        doubtful &= still_doubtful
    if same:  # each pair once, and none of a row with itself
        doubtful &= np.tri(len(doubtful), doubtful.shape[1], -1, bool).T
    at = np.argwhere(doubtful)
    if len(at):
        i, j = at.T
        rows = standardised(block), standardised(other)
        for some in slices(len(at), max(1, _BLOCK // first.shape[1])):
            differences = rows[0][i[some]] - rows[1][j[some]]
            distances[i[some], j[some]] = np.einsum("pu,pu->p", differences, differences)
    return distances


def _of_blocks(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances of centred rows from products in their type, and which are doubtful."""
    product = np.zeros((len(first), len(second)))
    norms = np.zeros(product.shape)
    for units in slices(first.shape[1], _CHUNK):
        one, two = first[:, units], second[:, units]
        product += one @ two.T
        norm = [np.einsum("iu,iu->i", rows, rows, dtype=np.float64) for rows in (one, two)]
        norms += norm[0][:, np.newaxis] + norm[1]
    product *= -2
    product += norms
    norms *= _TRUSTED[first.dtype.type]
    return product, ~(product > np.maximum(norms, _TINY, out=norms))


def _mean(rows: Rows, shift: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return each unit's mean over standardised rows: float64 (unit,)."""
    images, units = rows.shape
    blocks = slices(images, max(1, _BLOCK // units))
    return (sum(weight[block] @ rows[block].astype(np.float64) for block in blocks) - weight @ shift) / images


def _by_product(rows, shift, weight, dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances from matrix products in `dtype`, and which are not to be trusted."""
    images, units = rows.shape
    product = np.zeros((images, images))
    for start in range(0, units, _CHUNK):
        centred = _centred(rows[:, start : start + _CHUNK], shift, weight, dtype)
        product += centred @ centred.T
    first, second = pairs(images)
    squares = product.diagonal()
    norms = squares[first] + squares[second]
    distances = product[first, second]
    distances *= -2
    distances += norms
    norms *= _TRUSTED[dtype]
    return distances, ~(distances > np.maximum(norms, _TINY, out=norms))


def _centred(rows, shift, weight, dtype) -> np.ndarray:
    """Return standardised rows minus each unit's mean over them, in `dtype`."""
    images, units = rows.shape
    step = max(1, _BLOCK // units)
    blocks = [slice(start, start + step) for start in range(0, images, step)]
    mean = sum(weight[block] @ rows[block].astype(np.float64) for block in blocks)
    mean = (mean - weight @ shift) / images
    centred = np.empty(rows.shape, dtype)
    for block in blocks:
        values = _standardised(rows[block], shift[block], weight[block])
        np.subtract(values, mean, out=centred[block], casting="same_kind")
    return centred


def _standardised(rows, shift, weight) -> np.ndarray:
    """Return (rows − shift) × weight in float64, with a shift and a weight for each row."""
    values = rows.astype(np.float64)
    if shift.any():
        values -= shift[:, np.newaxis]
    values *= weight[:, np.newaxis]
    return values
