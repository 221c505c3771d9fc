"""An RDM as a vector of its values over pairs of entries i < j, row by row (the condensed form).

Where activity was constant for an entry, all pairs with it are undefined; so what is undefined is left out by
entries (`defined_entries`).
"""

from math import sqrt

import numpy as np

from repscape.core.errors import DataError
from repscape.metrics.lib.distances import pairs

# Of the largest value of an RDM, or of a metric: what is smaller, computed in float64, may be rounding alone
ROUNDING = 16 * np.finfo(np.float64).eps


def entries_of(length: int) -> int:
    """Return the number of entries of an RDM with so many values."""
    return round((1 + sqrt(1 + 8 * length)) / 2)


def condensed_index(i: np.ndarray | int, j: np.ndarray | int, entries: int) -> np.ndarray:
    """Return the index of the value of each pair of different entries, whichever of the two comes first."""
    low, high = np.minimum(i, j), np.maximum(i, j)
    return low * (2 * entries - low - 1) // 2 + high - low - 1


def permuted_pairs(orders: np.ndarray) -> np.ndarray:
    """Return the index of the value of each pair of permuted entries: int array (order, pair).

    Parameters
    ----------
    orders : int array (order, entry)
    """
    first, second = pairs(orders.shape[1])
    return condensed_index(orders[:, first], orders[:, second], orders.shape[1])


def defined_entries(vectors: np.ndarray) -> np.ndarray:
    """Find the entries of each RDM between which every value is finite.

    The entry that lacks most values is left out, the first of equals, until none are lacking.

    Returns
    -------
    bool array (rdm, entry)
    """
    entries = entries_of(vectors.shape[1])
    first, second = pairs(entries)
    kept = np.ones((len(vectors), entries), bool)
    for at in np.flatnonzero(~np.isfinite(vectors).all(1)):
        lacking = np.zeros((entries, entries), bool)
        lacking[first, second] = lacking[second, first] = ~np.isfinite(vectors[at])
        while (counts := lacking.sum(0)).any():
            worst = counts.argmax()
            kept[at, worst] = False
            lacking[worst] = lacking[:, worst] = False
    return kept


def flush_rounding(values: np.ndarray, scale: float = 0.0) -> np.ndarray:
    """Return an RDM's values, with 0 for what rounding may have made alone: these are ties.

    Parameters
    ----------
    values : float64 array (…, pair)
        Those of each RDM are compared with the largest of them.
    scale : float
        How large values of the metric are, where that is known: 1 of 1 − r.
    """
    with np.errstate(invalid="ignore"):
        size = np.abs(values)
        largest = np.where(np.isfinite(size), size, 0).max(-1, keepdims=True, initial=scale)
        return np.where(size <= ROUNDING * largest, 0, values)


def checked(vectors) -> np.ndarray:
    """Return RDMs as float64 (rdm, pair), with 0 for what is rounding.

    Raises
    ------
    DataError
        These are not RDMs.
    """
    vectors = np.asarray(vectors, np.float64)
    entries = entries_of(vectors.shape[-1]) if vectors.ndim else 0
    if vectors.ndim != 2 or entries * (entries - 1) // 2 != vectors.shape[1]:
        raise DataError(
            "expected one row per RDM with its values over pairs of entries (3 for 3 entries, 6 for 4, "
            f"…), found an array of shape {vectors.shape}. SciPy's squareform turns square matrices into "
            "rows."
        )
    return flush_rounding(vectors)
