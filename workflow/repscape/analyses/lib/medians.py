"""Medians over pairs of images; exact ones of more values than fit into memory, by counting."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from repscape.rdms.condensed import entries_of

Median = Literal["pairs", "full_matrix"]

MANY = 2**21  # pairs from which medians are taken by counting, in constant memory: those of 2,049 images
CHUNK = 2**22  # values read at once
_HALF = 16  # bits that a pass tells apart


def median_of(dissimilarity: np.ndarray, median: Median = "pairs") -> np.ndarray:
    """Return the median over the last axis, of pairs or of the square matrix that they fill.

    Parameters
    ----------
    dissimilarity : float array (…, pair)
        All pairs of n images: n (n − 1) / 2.
    median : {"pairs", "full_matrix"}

    Returns
    -------
    float64 array (…)
        NaN where any pair is.
    """
    values = dissimilarity.astype(np.float64)
    if median == "full_matrix":
        diagonal = np.zeros((*values.shape[:-1], entries_of(values.shape[-1])))
        values = np.concatenate([values, values, diagonal], axis=-1)
    return np.median(values, axis=-1)


def stored_medians(dissimilarity, images: int, median: Median = "pairs", *, many: int = MANY) -> np.ndarray:
    """Return the medians over pairs of a variable of a file, float64 (metric, repeat).

    Parameters
    ----------
    dissimilarity : netCDF4.Variable (metric, repeat, pair)
    images : int
    median : {"pairs", "full_matrix"}
    many : int
        More pairs than this stay in their file.
    """
    pairs = dissimilarity.shape[-1]
    if pairs <= many:
        return median_of(dissimilarity[:], median)
    values = np.empty(dissimilarity.shape[:-1])
    for at in np.ndindex(values.shape):

        def read(some: slice, at=at) -> np.ndarray:
            return dissimilarity[(*at, some)]

        values[at] = streamed_median(read, pairs, images if median == "full_matrix" else 0)
    return values


def streamed_median(
    read: Callable[[slice], np.ndarray], count: int, twice_and_zeros: int = 0, *, chunk: int = CHUNK
) -> float:
    """Return the median of float32 values that are read twice, a few million at a time.

    The bits of a float32, taken for an integer, are in the order of the values (those of negative values
    reversed). One pass counts values by the upper half of these bits, a second one those in the middle by the
    lower half: then the middle values are known to the last bit.

    Parameters
    ----------
    read : callable
        Takes a slice of values, returns them as a float32 array.
    count : int
        How many values there are.
    twice_and_zeros : int, optional
        Take every value twice, and so many zeros beside: the median over a square matrix.
    chunk : int
        How many values are read at once.

    Returns
    -------
    float
        As `numpy.median` of the same values as float64: NaN where any is.
    """
    times, zeros = (2, twice_and_zeros) if twice_and_zeros else (1, 0)
    zero = int(_ordered(np.zeros(1, np.float32))[0])
    upper = np.zeros(2**_HALF, np.int64)
    for start in range(0, count, chunk):
        values = read(slice(start, min(start + chunk, count)))
        if np.isnan(values).any():
            return float("nan")
        upper += np.bincount(_ordered(values) >> _HALF, minlength=2**_HALF)
    upper *= times
    upper[zero >> _HALF] += zeros
    total = times * count + zeros
    if not total:
        return float("nan")
    middles = sorted({(total - 1) // 2, total // 2})
    below = np.cumsum(upper)
    bins = [int(np.searchsorted(below, middle, side="right")) for middle in middles]
    lower = {upper_half: np.zeros(2**_HALF, np.int64) for upper_half in bins}
    for start in range(0, count, chunk):
        keys = _ordered(read(slice(start, min(start + chunk, count))))
        for upper_half, counts in lower.items():
            some = keys[keys >> _HALF == upper_half] & (2**_HALF - 1)
            counts += np.bincount(some, minlength=2**_HALF)
    found = []
    for middle, upper_half in zip(middles, bins, strict=True):
        counts = lower[upper_half] * times
        if zero >> _HALF == upper_half:
            counts[zero & (2**_HALF - 1)] += zeros
        rank = middle - (int(below[upper_half - 1]) if upper_half else 0)
        key = upper_half << _HALF | int(np.searchsorted(np.cumsum(counts), rank, side="right"))
        found.append(_value(key))
    return float(np.mean(found))


def _ordered(values: np.ndarray) -> np.ndarray:
    """Return integers in the order of float32 values: int64."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    bits = np.where(bits >> 31, ~bits, bits | np.uint32(2**31))
    return bits.astype(np.int64)


def _value(key: int) -> float:
    """Return the value of which `_ordered` gave this integer."""
    bits = key & (2**31 - 1) if key >> 31 else ~key & (2**32 - 1)
    return float(np.array(bits, np.uint32).view(np.float32))
