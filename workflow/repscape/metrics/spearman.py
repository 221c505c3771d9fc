"""Rank correlation distance: one minus Spearman's ρ over units."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.lib.normalisation import Scaling, moments
from repscape.metrics.lib.pattern_distances import CorrelationDistance
from repscape.metrics.lib.rounding import constant, rounding_by_moments
from repscape.metrics.lib.streamed_rows import Rows


class Spearman(CorrelationDistance):
    """Rank correlation distance: one minus Spearman's ρ over units, Pearson's r of the ranks.

    Ties share their mean rank. Images of activity that is constant but for rounding are NaN.
    """

    squared = True
    caption = "rank correlation distance (1 − ρ)"
    formula = "1 − Spearman's ρ over units"
    largest = 2.0
    synonyms = ("spearmanr", "spearmanrho", "rho", "1rho", "rank", "rankcorrelation")

    def dissimilarity(self, activity: np.ndarray, scaling: Scaling) -> np.ndarray:
        """Return 1 − ρ of all pairs of images, float64 (pair,)."""
        return super().dissimilarity(_ranks(activity), scaling)

    def in_blocks(self, activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
        """Yield what `dissimilarity` returns in consecutive parts, for images in any number."""
        return super().in_blocks(activity.mapped(_ranks), scaling)

    def squared_rounding(self, activity: np.ndarray | Rows, scaling: Scaling) -> None:
        """Return nothing: how far rounding moves ranks is not known."""


def _ranks(activity: np.ndarray) -> np.ndarray:
    """Return each unit's rank in its image; 0 in images that are constant but for rounding."""
    from scipy.stats import rankdata

    means, squares = moments(activity)
    found = rankdata(activity, axis=1)
    found[constant(squares, rounding_by_moments(activity, means, squares))] = 0
    return found
