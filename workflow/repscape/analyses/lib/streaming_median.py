"""Exact medians of more values than fit into memory, by counting."""

from collections.abc import Callable

import numpy as np

_CHUNK = 2**22  # values read at once
_HALF = 16  # bits that a pass tells apart


def streamed_median(read: Callable[[slice], np.ndarray], count: int, twice_and_zeros: int = 0) -> float:
    """Return the median of float32 values that are read twice, a few million at a time.

    The bits of a float32, taken for an integer, are in the order of the values (those of negative values
    reversed). One pass counts values by the upper half of these bits, a second one those in the middle by the
    lower half: then the middle values are known to the last bit.

    Parameters
    ----------
    read : callable
        Takes a slice of places, returns float32 values (place,).
    count : int
        How many values there are.
    twice_and_zeros : int, optional
        Take every value twice, and so many zeros beside: the median over a square matrix.

    Returns
    -------
    float
        As `numpy.median` of the same values as float64: NaN where any is.
    """
    times, zeros = (2, twice_and_zeros) if twice_and_zeros else (1, 0)
    zero = int(_ordered(np.zeros(1, np.float32))[0])
    upper = np.zeros(2**_HALF, np.int64)
    for start in range(0, count, _CHUNK):
        values = read(slice(start, min(start + _CHUNK, count)))
        if np.isnan(values).any():
            return float("nan")
        upper += np.bincount(_ordered(values) >> _HALF, minlength=2**_HALF)
    upper *= times
    upper[zero >> _HALF] += zeros
    total = times * count + zeros
    if not total:
        return float("nan")
    places = sorted({(total - 1) // 2, total // 2})
    below = np.cumsum(upper)
    bins = [int(np.searchsorted(below, place, side="right")) for place in places]
    lower = {own: np.zeros(2**_HALF, np.int64) for own in bins}
    for start in range(0, count, _CHUNK):
        keys = _ordered(read(slice(start, min(start + _CHUNK, count))))
        for own, counts in lower.items():
            chosen = keys[keys >> _HALF == own] & (2**_HALF - 1)
            counts += np.bincount(chosen, minlength=2**_HALF)
    middle = []
    for place, own in zip(places, bins, strict=True):
        counts = lower[own] * times
        if zero >> _HALF == own:
            counts[zero & (2**_HALF - 1)] += zeros
        rank = place - (int(below[own - 1]) if own else 0)
        key = own << _HALF | int(np.searchsorted(np.cumsum(counts), rank, side="right"))
        middle.append(_value(key))
    return float(np.mean(middle))


def _ordered(values: np.ndarray) -> np.ndarray:
    """Return integers in the order of float32 values: int64."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    bits = np.where(bits >> 31, ~bits, bits | np.uint32(2**31))
    return bits.astype(np.int64)


def _value(key: int) -> float:
    """Return the value of which `_ordered` gave this integer."""
    bits = key & (2**31 - 1) if key >> 31 else ~key & (2**32 - 1)
    return float(np.array(bits, np.uint32).view(np.float32))
