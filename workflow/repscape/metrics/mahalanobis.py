"""Mahalanobis distance: squared distance of mean responses in units of their noise."""

import numpy as np

from repscape.metrics.lib.distances import pairs
from repscape.metrics.lib.noise import Noise
from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.single_trials import Trials
from repscape.metrics.sqeuclidean import dissimilarity as sqeuclidean
from repscape.metrics.sqeuclidean import in_blocks as in_blocks  # asked where there are no trials
from repscape.metrics.sqeuclidean import squared_rounding as squared_rounding

SQUARED = True
CAPTION = "Mahalanobis distance"
FORMULA = (
    "(x_i − x_j)' Σ⁻¹ (x_i − x_j) / n, x mean responses, Σ the covariance of trials, n units; "
    "without trials sqeuclidean"
)
SYNONYMS = ("mahal", "mahalonobis")
_ROUNDING = 16 * np.finfo(np.float64).eps  # of the two norms, of which the products cancel


def dissimilarity(activity: np.ndarray, scaling: Scaling, trials: Trials | None = None) -> np.ndarray:
    """Return (x̄_i − x̄_j)' Σ⁻¹ (x̄_i − x̄_j) / n, with x̄ an image's mean response.

    Σ is the covariance of single trials (see `repscape.metrics.lib.noise`). Noise that is left in the means
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
    means = np.zeros((len(activity), trials.response.shape[1]))
    np.add.at(means, trials.image, trials.response)
    means /= np.bincount(trials.image, minlength=len(activity))[:, np.newaxis]
    means -= means.mean(0)  # no distance changes, and products cancel less
    second = Noise(trials).products(means, means)
    i, j = pairs(len(activity))
    norms = second.diagonal()[i] + second.diagonal()[j]
    found = norms - 2 * second[i, j]
    return np.where(found <= _ROUNDING * norms, 0, found)
