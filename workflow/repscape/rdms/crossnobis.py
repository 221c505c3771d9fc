"""Cross-validated Mahalanobis distance: unbiased by noise, 0 on average where responses are the same."""

import numpy as np

from repscape.rdms.distances import pairs
from repscape.rdms.noise import products
from repscape.rdms.normalisation import Scaling
from repscape.rdms.sqeuclidean import dissimilarity as sqeuclidean
from repscape.rdms.trials import Trials, counted


def dissimilarity(activity: np.ndarray, scaling: Scaling, trials: Trials | None = None) -> np.ndarray:
    """Return the mean of (x_ia − x_ja)' Σ⁻¹ (x_ib − x_jb) / n over all pairs of different repeats a, b.

    The noise of different repeats is independent, so its products are 0 on average; where two images
    evoke the same, values below 0 are as likely as those above (Walther et al., NeuroImage 137:188, 2016).
    It equals leaving out one repeat after the other. Images that were shown more often than others are
    compared on the repeats that both have: what all responses of a repeat share then cancels. Σ: see
    `repscape.rdms.noise`.

    Parameters
    ----------
    activity : float32 array (image, unit)
    scaling : Scaling
        Used where there are no trials: Σ⁻¹ does away with any scale.
    trials : Trials, optional
        Of the same images and units. A network has none, and no noise: then this is what crossnobis
        estimates, with Σ the identity, the distance of `sqeuclidean`.

    Returns
    -------
    float64 array (pair,)

    Raises
    ------
    DataError
        Some image was shown once.
    """
    if trials is None:
        return sqeuclidean(activity, scaling)
    counts = counted(trials, len(activity))
    trial = np.full((len(activity), counts.max()), -1)
    trial[trials.image, trials.repeat] = np.arange(len(trials.image))
    every = products(trials)
    i, j = pairs(len(activity))
    common = np.minimum(counts[i], counts[j])
    found = np.empty(len(i))
    for repeats in np.unique(common):
        having = np.flatnonzero(counts >= repeats)
        places = trial[having, :repeats]
        blocks = every[np.ix_(places.ravel(), places.ravel())].reshape(len(having), repeats, len(having), -1)
        second = np.zeros((len(activity),) * 2)
        second[np.ix_(having, having)] = blocks.sum((1, 3)) - np.einsum("iaja->ij", blocks)
        own = second.diagonal()
        now = common == repeats
        distance = own[i] + own[j] - second[i, j] - second[j, i]
        found[now] = distance[now] / (repeats * (repeats - 1))
    return found
