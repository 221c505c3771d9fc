"""Rank correlation distance: one minus Spearman's ρ over units."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.correlation import correlation_distances, correlation_distances_in_blocks
from repscape.metrics.lib.normalisation import Scaling, moments
from repscape.metrics.lib.rounding import constant, rounding_by_moments
from repscape.metrics.lib.streamed_rows import Rows
from repscape.plugin.contract import Metric


class Spearman(Metric):
    """Rank correlation distance: one minus Spearman's ρ over units."""

    squared = True
    caption = "rank correlation distance (1 − ρ)"
    formula = "1 − Spearman's ρ over units"
    largest = 2.0
    synonyms = ("spearmanr", "spearmanrho", "rho", "1rho", "rank", "rankcorrelation")

    def dissimilarity(self, activity: np.ndarray, scaling: Scaling) -> np.ndarray:
        """Return 1 − ρ_ij, Pearson's correlation of the ranks over units (ties share their mean rank).

        Parameters
        ----------
        activity : float32 array (image, unit)
        scaling : Scaling
            Not used: ranks do not depend on it.

        Returns
        -------
        float64 array (pair,)
            NaN for images of activity that is constant but for rounding.
        """
        return correlation_distances(_ranks(activity))

    def in_blocks(self, activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
        """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
        return correlation_distances_in_blocks(activity.mapped(_ranks))


def _ranks(activity: np.ndarray) -> np.ndarray:
    """Return each answer's rank among those to the same image; 0 of constant ones, but for rounding."""
    from scipy.stats import rankdata

    means, squares = moments(activity)
    found = rankdata(activity, axis=1)
    found[constant(squares, rounding_by_moments(activity, means, squares))] = 0
    return found
