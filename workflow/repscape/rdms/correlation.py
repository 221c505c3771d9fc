"""Correlation distance: one minus Pearson's r over units."""

from collections.abc import Iterator

import numpy as np

from repscape.rdms.distances import squared_distances, squared_distances_in_blocks
from repscape.rdms.normalisation import Scaling, moments
from repscape.rdms.rows import Rows

SQUARED = True
CAPTION = "correlation distance (1 − r)"
FORMULA = "1 − Pearson's r over units"
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
        NaN for images of constant activity.
    """
    means, squares = moments(activity)
    return squared_distances(activity, shift=means, scale=np.sqrt(squares)) / 2


def in_blocks(activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
    """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
    means, squares = moments(activity)
    return (part / 2 for part in squared_distances_in_blocks(activity, shift=means, scale=np.sqrt(squares)))
