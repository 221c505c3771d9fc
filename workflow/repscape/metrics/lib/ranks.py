"""Ranks, where few different numbers are counted instead of sorted: most of the time of a bootstrap."""

import numpy as np

_COUNTED = 8  # times as many numbers as values are counted in less time than the values are sorted


def ranks(rows: np.ndarray) -> np.ndarray:
    """Return the ranks of values in each row, from 1; equal ones get their average rank.

    Parameters
    ----------
    rows : float array (row, value)
        All values finite. Fast where they are halves of whole numbers, none of them large or negative, as
        what `in_order` returns, ranks, and sums of these.

    Returns
    -------
    float64 array (row, value)
    """
    from scipy.stats import rankdata

    found = np.empty(rows.shape)
    for ranked, row in zip(found, rows, strict=True):
        numbers = _doubled(row)
        if numbers is None:
            ranked[:] = rankdata(row)
        else:
            counts = np.bincount(numbers)
            ranked[:] = (counts.cumsum() - (counts - 1) / 2)[numbers]
    return found


def in_order(rows: np.ndarray) -> np.ndarray:
    """Return at which of its row's different values, from the smallest, each value stands.

    Parameters
    ----------
    rows : float array (…, value)
        All values finite.

    Returns
    -------
    float64 array of the same shape
        Whole numbers from 0: any of them, each any number of times, have the same ranks as the values.
    """
    from scipy.stats import rankdata

    return rankdata(rows, method="dense", axis=-1) - 1.0


def _doubled(row: np.ndarray) -> np.ndarray | None:
    """Return twice the values if these are small whole numbers."""
    doubled = 2 * row
    if not row.size or doubled.min() < 0 or doubled.max() > _COUNTED * len(row):
        return None
    numbers = doubled.astype(np.int64)
    return numbers if (numbers == doubled).all() else None
