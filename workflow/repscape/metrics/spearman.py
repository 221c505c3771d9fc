"""Rank correlation distance: one minus Spearman's ρ over units."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.correlation import dissimilarity as correlation
from repscape.metrics.correlation import in_blocks as correlation_in_blocks
from repscape.metrics.lib.normalisation import Scaling, constant, moments, rounding_by_moments
from repscape.metrics.lib.streamed_rows import Rows

SQUARED = True
CAPTION = "rank correlation distance (1 − ρ)"
FORMULA = "1 − Spearman's ρ over units"
LARGEST = 2.0
SYNONYMS = ("spearmanr", "spearmanrho", "rho", "1rho", "rank", "rankcorrelation")


def dissimilarity(activity: np.ndarray, scaling: Scaling) -> np.ndarray:
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
    return correlation(_ranks(activity), scaling)


def in_blocks(activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
    """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
    return correlation_in_blocks(activity.mapped(_ranks), scaling)


def _ranks(activity: np.ndarray) -> np.ndarray:
    """Return each answer's rank among those to the same image; 0 of constant ones, but for rounding."""
    from scipy.stats import rankdata

    means, squares = moments(activity)
    found = rankdata(activity, axis=1)
    found[constant(squares, rounding_by_moments(activity, means, squares))] = 0
    return found
