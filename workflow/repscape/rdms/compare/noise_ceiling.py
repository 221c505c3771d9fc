"""Similarities of RDMs with gaps, and how like the data the best of models could be.

Similarities are rsatoolbox's; whitened ones equal its, but need no matrix of pairs, so that RDMs of a few
hundred entries with gaps can be compared many times.
"""

import numpy as np

from repscape.metrics.lib.ranks import ranks
from repscape.rdms.compare.comparison import COMPARISONS, Similarity
from repscape.rdms.compare.whitening import whitened_similarity


def similarities(models: np.ndarray, data: np.ndarray, comparison: Similarity) -> np.ndarray:
    """Return how like each model each RDM of the data is; values that are NaN in all are left out.

    Parameters
    ----------
    models : float array (model, pair)
    data : float array (repeat, pair)
    comparison : a `Similarity`

    Returns
    -------
    float64 array (model, repeat)
    """
    about = COMPARISONS[comparison]
    if about.whitened:
        return whitened_similarity(models, data, about.centred)
    from rsatoolbox.rdm import compare

    if about.ranked:  # r of the ranks
        used = np.isfinite(models).all(0) & np.isfinite(data).all(0)
        return compare(ranks(models[:, used]), ranks(data[:, used]), COMPARISONS["pearson"].rsatoolbox)
    return compare(models, data, about.rsatoolbox)


def noise_ceiling(data: np.ndarray, numbers: np.ndarray, comparison: Similarity) -> tuple[float, float]:
    """Return the noise ceiling of RDMs; copies of one have the same number.

    As rsatoolbox's `boot_noise_ceiling`, each RDM normalised or ranked once: how similar RDMs are to the mean
    of those with other numbers, and of all (to the sum, which is as similar). For Kendall's τ the best common
    RDM is not known; mean ranks are near it.

    Parameters
    ----------
    data : float array (repeat, pair)
    numbers : int array (repeat,)
    comparison : a `Similarity`

    Returns
    -------
    lower, upper : float
        NaN where all have one number.
    """
    different = np.unique(numbers)
    if len(different) < 2:
        return np.nan, np.nan
    used = np.isfinite(data).all(0)
    normalised = np.full(data.shape, np.nan)
    normalised[:, used] = _normalised(data[:, used], comparison)
    groups = numbers == different[:, None]
    pooled = np.array([normalised[~group].sum(0) for group in groups] + [normalised.sum(0)])
    if comparison == "kendall":  # slow: only what is needed
        alike = np.full((len(pooled), len(data)), np.nan)
        for at, group in enumerate(groups):
            alike[np.ix_([at, -1], group)] = similarities(pooled[[at, -1]], data[group], comparison)
    else:
        alike = similarities(pooled, data, comparison)
    lower = np.mean([alike[at, group].mean() for at, group in enumerate(groups)])
    upper = np.mean([alike[-1, group].mean() for group in groups])
    return float(lower), float(upper)


def split_half_ceiling(data: np.ndarray, comparison: Similarity) -> tuple[float, float]:
    """Return the noise ceiling of halves of the same trials, averaged over the ways to split them.

    Parameters
    ----------
    data : float array (split × half, pair)
        The two halves of each split, one after the other.

    Returns
    -------
    lower, upper : float
        How similar the two halves are, and each is to the mean of both.
    """
    both = np.arange(2)
    each = [noise_ceiling(data[at : at + 2], both, comparison) for at in range(0, len(data), 2)]
    lower, upper = np.mean(each, axis=0)
    return float(lower), float(upper)


def reliability(half: float) -> float:
    """Return r of the whole with another such whole, from r of two halves (Spearman and Brown, 1910)."""
    return 2 * half / (1 + half)


def _normalised(rows: np.ndarray, comparison: Similarity) -> np.ndarray:
    """Bring RDMs together as rsatoolbox's `pool_rdm` does before it averages them."""
    about = COMPARISONS[comparison]
    if about.by_order:
        return ranks(rows)
    if about.centred:
        rows = rows - rows.mean(1, keepdims=True)
    return rows / np.sqrt((rows**2).mean(1, keepdims=True))
