"""Ranks of many samples of the same values: sorted once, then counted."""

import numpy as np


def in_order(rows: np.ndarray) -> np.ndarray:
    """Return at which of its row's different values, from the smallest, each value stands.

    Parameters
    ----------
    rows : float array (…, value)
        All values finite.

    Returns
    -------
    int64 array of the same shape, from 0
    """
    from scipy.stats import rankdata

    return rankdata(rows, method="dense", axis=-1).astype(np.int64) - 1


def of_sample(rows: np.ndarray) -> np.ndarray:
    """Return the ranks of values in each row; equal ones get their average rank.

    Parameters
    ----------
    rows : int array (row, value)
        Some of what `in_order` returns, each any number of times.

    Returns
    -------
    float64 array (row, value), from 1
    """
    ranks = np.empty(rows.shape)
    for own, row in zip(ranks, rows, strict=True):
        counts = np.bincount(row)
        own[:] = (counts.cumsum() - (counts - 1) / 2)[row]
    return ranks
