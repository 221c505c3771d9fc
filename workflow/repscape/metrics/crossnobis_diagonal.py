"""Cross-validated distance, each unit in units of its noise: for two repeats, or many units."""

import numpy as np

from repscape.metrics.lib.crossvalidation import crossvalidated
from repscape.metrics.lib.noise import Noise
from repscape.metrics.lib.pattern_distances import MeanSquare
from repscape.metrics.lib.single_trials import Trials


class CrossnobisDiagonal(MeanSquare):
    """Cross-validated distance, each unit in units of its noise: for two repeats, or many units."""

    squared = True
    signed = True
    caption = "cross-validated squared distance by each unit's noise"
    formula = "crossnobis with the variances of Σ alone; without trials sqeuclidean"
    synonyms = ("crossnobisdiag", "crosseuclidean", "cveuclidean", "crossvalidatedeuclidean")

    def of_trials(self, activity: np.ndarray, trials: Trials) -> np.ndarray:
        """Return the distance of `crossnobis` with a diagonal Σ: covariances between units are left out.

        Where every image has three presentations, variances are estimated from the repeats that are not left
        out, and nothing biases the distance. With two they are of both, and it is too large by about
        2 / (trials − images), where 1 is the variance of a single trial.

        Parameters
        ----------
        activity, trials : as of `crossnobis`

        Returns
        -------
        float64 array (pair,)

        Raises
        ------
        DataError
            Some image was shown once.
        """
        fewest = np.bincount(trials.image, minlength=len(activity)).min()

        def noise(left: int) -> Noise:
            others = np.flatnonzero(trials.repeat != left) if fewest > 2 else np.arange(len(trials.image))
            return Noise(trials.selected(others), diagonal=True)

        return crossvalidated(trials, len(activity), noise)
