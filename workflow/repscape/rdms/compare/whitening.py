"""Comparisons that take account of how the values of an RDM covary: those of pairs with a common entry."""

import numpy as np

from repscape.metrics.lib.distances import pairs
from repscape.rdms.condensed import entries_of


def whitened(vectors: np.ndarray) -> np.ndarray:
    """Return V⁻¹ y, times 2, of each row y.

    V = 2I + AAᵀ, where A (pair, entry) is 1 where the entry is of the pair. AᵀA = (n − 2)I + 11ᵀ, so that
    Woodbury's identity gives 2V⁻¹ = I − A (nI + 11ᵀ)⁻¹ Aᵀ.
    """
    entries = entries_of(vectors.shape[1])
    first, second = pairs(entries)
    sums = np.zeros((len(vectors), entries))
    for at, y in enumerate(vectors):
        sums[at] = np.bincount(first, y, entries) + np.bincount(second, y, entries)
    means = (sums - vectors.sum(1, keepdims=True) / entries) / entries
    return vectors - means[:, first] - means[:, second]


def whitened_similarity(x: np.ndarray, y: np.ndarray, centred: bool) -> np.ndarray:
    """Return the whitened cosine or r of every row of x with every row of y, where all have the same gaps.

    As `compare`, with V of the pairs that there are: those of a bootstrap sample of entries lack the pairs of
    two copies of one entry. With A as in `whitened`, of these pairs, Woodbury's identity needs a matrix of
    entries alone: 2V⁻¹ = I − A (2I + AᵀA)⁻¹ Aᵀ.

    Parameters
    ----------
    x, y : float arrays (rdm, pair)
        NaN in the same pairs of all.
    centred : bool
        Whether it is r: means are taken off.

    Returns
    -------
    float64 array (rdm of x, rdm of y)
    """
    entries = entries_of(x.shape[1])
    there = np.isfinite(x).all(0) & np.isfinite(y).all(0)
    first, second = (ends[there] for ends in pairs(entries))
    inner = np.zeros((entries, entries))
    inner[first, second] = inner[second, first] = 1
    np.fill_diagonal(inner, inner.sum(0) + 2)
    rows = np.concatenate([x, y])[:, there]
    if centred:
        rows = rows - rows.mean(1, keepdims=True)
    sums = np.array([np.bincount(first, row, entries) + np.bincount(second, row, entries) for row in rows])
    shares = np.linalg.solve(inner, sums.T).T
    white = rows - shares[:, first] - shares[:, second]
    with np.errstate(invalid="ignore", divide="ignore"):
        norm = np.sqrt(np.einsum("rp,rp->r", rows, white))
        return (rows[: len(x)] / norm[: len(x), None]) @ (white[len(x) :] / norm[len(x) :, None]).T
