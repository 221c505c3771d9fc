"""Cross-validated Mahalanobis distance: unbiased by noise, 0 on average where responses are the same."""

import numpy as np

from repscape.metrics.lib.crossvalidation import crossvalidated
from repscape.metrics.lib.noise import Noise
from repscape.metrics.lib.pattern_distances import MeanSquare
from repscape.metrics.lib.single_trials import Trials, counted


class Crossnobis(MeanSquare):
    """Cross-validated Mahalanobis distance: unbiased by noise, 0 on average where responses are the same."""

    squared = True
    signed = True
    caption = "cross-validated Mahalanobis distance"
    formula = (
        "mean over repeats a of (x_ia − x_ja)' Σ⁻¹ (m_i − m_j) / n, m means and Σ covariance of "
        "other repeats, n units; without trials sqeuclidean"
    )
    synonyms = ("cvmahalanobis", "crossvalidatedmahalanobis", "ldc", "lcmahalanobis")

    def of_trials(self, activity: np.ndarray, trials: Trials) -> np.ndarray:
        """Return the mean over repeats a of (x_ia − x_ja)' Σ⁻¹ (m_i − m_j) / n, m the means of other repeats.

        See `repscape.metrics.lib.crossvalidation`, and for Σ `repscape.metrics.lib.noise` (Walther et al.,
        NeuroImage 137:188, 2016). Σ is estimated from the other repeats alone. Estimated from all trials, it
        would fit the noise of the very products that are to have none on average, and distances would be too
        large: with 100 units and 90 degrees of freedom by half of what noise adds to Mahalanobis distances.

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
            Some image was shown fewer than three times: of two, one is left, without noise to estimate.
        """
        counted(trials, len(activity), 3, "crossnobis_diagonal needs two")

        def of_others(left: int) -> Noise:
            return Noise(trials.selected(np.flatnonzero(trials.repeat != left)))

        return crossvalidated(trials, len(activity), of_others)
