"""Correlation distance: one minus Pearson's r over units."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.lib.distances import squared_distances, squared_distances_in_blocks
from repscape.metrics.lib.normalisation import Scaling, moments
from repscape.metrics.lib.rounding import constant, rounding_by_moments, rounding_of
from repscape.metrics.lib.streamed_rows import Rows
from repscape.plugin.contract import Metric


class Correlation(Metric):
    """Correlation distance: one minus Pearson's r over units."""

    squared = True
    caption = "correlation distance (1 − r)"
    formula = "1 − Pearson's r over units"
    largest = 2.0
    synonyms = ("pearson", "pearsonr", "pearsoncorrelation", "corr", "r", "1r", "corrcoef")

    def dissimilarity(self, activity: np.ndarray, scaling: Scaling) -> np.ndarray:
        """Return 1 − r_ij, with Pearson's r over the drawn units.

        Computed as ½ ‖u_i − u_j‖² of the images' centred activity at unit norm, which is the same and
        stays accurate where r is close to 1.

        Parameters
        ----------
        activity : float32 array (image, unit)
        scaling : Scaling
            Not used: r does not depend on it.

        Returns
        -------
        float64 array (pair,)
            NaN for images of activity that is constant but for rounding.
        """
        return correlation_distances(activity)

    def in_blocks(self, activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
        """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
        return correlation_distances_in_blocks(activity)

    def squared_rounding(self, activity: np.ndarray | Rows, scaling: Scaling) -> np.ndarray:
        """Return what rounding may add to squared distances from each image; see `rounding_of`."""
        _, norms = _moments(activity)
        return rounding_of(activity, differences=True) / norms**2 / 2


def correlation_distances(activity: np.ndarray) -> np.ndarray:
    """Return 1 − r of all pairs of images, float64 (pair,), from activity (image, unit)."""
    means, norms = _moments(activity)
    return squared_distances(activity, shift=means, scale=norms) / 2


def correlation_distances_in_blocks(activity: Rows) -> Iterator[np.ndarray]:
    """Yield what `correlation_distances` returns, in consecutive parts."""
    means, norms = _moments(activity)
    return (part / 2 for part in squared_distances_in_blocks(activity, shift=means, scale=norms))


def _moments(activity: np.ndarray | Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return each image's mean, and the norm of what deviates from it; 0 where that is rounding."""
    means, squares = moments(activity)
    alike = constant(squares, rounding_by_moments(activity, means, squares))
    return means, np.sqrt(np.where(alike, 0, squares))
