"""Correlation distance: one minus Pearson's r over units."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.lib.distances import squared_distances, squared_distances_in_blocks
from repscape.metrics.lib.normalisation import Scaling, constant, moments, rounding_by_moments
from repscape.metrics.lib.normalisation import rounding as rounding_of
from repscape.metrics.lib.streamed_rows import Rows

SQUARED = True
CAPTION = "correlation distance (1 − r)"
FORMULA = "1 − Pearson's r over units"
LARGEST = 2.0
SYNONYMS = ("pearson", "pearsonr", "pearsoncorrelation", "corr", "r", "1r", "corrcoef")


def dissimilarity(activity: np.ndarray, scaling: Scaling) -> np.ndarray:
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
    means, norms = _moments(activity)
    return squared_distances(activity, shift=means, scale=norms) / 2


def in_blocks(activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
    """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
    means, norms = _moments(activity)
    return (part / 2 for part in squared_distances_in_blocks(activity, shift=means, scale=norms))


def squared_rounding(activity: np.ndarray | Rows, scaling: Scaling) -> np.ndarray:
    """Return what rounding may add to squared distances from each image; see `measures.settled`."""
    _, norms = _moments(activity)
    return rounding_of(activity, differences=True) / norms**2 / 2


def _moments(activity: np.ndarray | Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return each image's mean, and the norm of what deviates from it; 0 where that is rounding."""
    means, squares = moments(activity)
    alike = constant(squares, rounding_by_moments(activity, means, squares))
    return means, np.sqrt(np.where(alike, 0, squares))
