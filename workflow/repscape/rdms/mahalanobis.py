"""Mahalanobis distance: squared distance of mean responses in units of their noise."""

import numpy as np

from repscape.rdms.distances import pairs
from repscape.rdms.noise import products
from repscape.rdms.normalisation import Scaling
from repscape.rdms.sqeuclidean import dissimilarity as sqeuclidean
from repscape.rdms.trials import Trials


def dissimilarity(activity: np.ndarray, scaling: Scaling, trials: Trials | None = None) -> np.ndarray:
    """Return (x̄_i − x̄_j)' Σ⁻¹ (x̄_i − x̄_j) / n, with x̄ an image's mean response.

    Σ is the covariance of single trials (see `repscape.rdms.noise`). Noise that is left in the means
    makes every distance larger; `crossnobis` has no such bias.

    Parameters
    ----------
    activity : float32 array (image, unit)
    scaling : Scaling
        Used where there are no trials: Σ⁻¹ does away with any scale.
    trials : Trials, optional
        Of the same images and units. A network has none, and no noise: Σ is then the identity, and the
        distance that of `sqeuclidean`.

    Returns
    -------
    float64 array (pair,)

    Raises
    ------
    DataError
        No image was shown twice.
    """
    if trials is None:
        return sqeuclidean(activity, scaling)
    share = np.zeros((len(activity), len(trials.image)))
    share[trials.image, np.arange(len(trials.image))] = 1
    share /= share.sum(1, keepdims=True)
    second = share @ products(trials) @ share.T
    i, j = pairs(len(activity))
    own = second.diagonal()
    return np.maximum(own[i] + own[j] - 2 * second[i, j], 0)
