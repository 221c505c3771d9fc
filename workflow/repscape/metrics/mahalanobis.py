"""Mahalanobis distance: squared distance of mean responses in units of their noise."""

import numpy as np

from repscape.metrics.lib.distances import pairs
from repscape.metrics.lib.noise import Noise
from repscape.metrics.lib.pattern_distances import MeanSquare
from repscape.metrics.lib.single_trials import Trials

_ROUNDING = 16 * np.finfo(np.float64).eps  # of the two norms, of which the products cancel


class Mahalanobis(MeanSquare):
    """Mahalanobis distance: squared distance of mean responses in units of their noise."""

    squared = True
    caption = "Mahalanobis distance"
    formula = (
        "(x_i − x_j)' Σ⁻¹ (x_i − x_j) / n, x mean responses, Σ the covariance of trials, n units; "
        "without trials sqeuclidean"
    )
    synonyms = ("mahal", "mahalonobis")

    def of_trials(self, activity: np.ndarray, trials: Trials) -> np.ndarray:
        """Return (x̄_i − x̄_j)' Σ⁻¹ (x̄_i − x̄_j) / n, with x̄ an image's mean response.

        Σ is the covariance of single trials (see `repscape.metrics.lib.noise`). Noise that is left in the
        means makes every distance larger; `crossnobis` has no such bias.

        Parameters
        ----------
        activity : float32 array (image, unit)
        trials : Trials
            Of the same images and units. A network has none: the distance is that of `sqeuclidean`.

        Returns
        -------
        float64 array (pair,)

        Raises
        ------
        DataError
            No image was shown twice.
        """
        means = np.zeros((len(activity), trials.response.shape[1]))
        np.add.at(means, trials.image, trials.response)
        means /= np.bincount(trials.image, minlength=len(activity))[:, np.newaxis]
        means -= means.mean(0)  # no distance changes, and products cancel less
        second = Noise(trials).products(means, means)
        i, j = pairs(len(activity))
        norms = second.diagonal()[i] + second.diagonal()[j]
        found = norms - 2 * second[i, j]
        return np.where(found <= _ROUNDING * norms, 0, found)
