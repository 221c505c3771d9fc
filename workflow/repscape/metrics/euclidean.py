"""Euclidean distance of normalised activity."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.lib.distances import squared_distances, squared_distances_in_blocks
from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.normalisation import rounding as rounding_of
from repscape.metrics.lib.streamed_rows import Rows

SQUARED = False
CAPTION = "Euclidean distance, summed over units"
FORMULA = "√(Σ_u (z_iu − z_ju)²), z normalised activity, not divided by the number of units"
SYNONYMS = ("euclid", "l2", "2norm", "norm")


def dissimilarity(activity: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Return ‖z_i − z_j‖, with z the normalised activity (``normalisation: none``: the activity itself).

    It grows with the number of drawn units; `rms` does not.

    Parameters
    ----------
    activity : float32 array (image, unit)
    scaling : Scaling

    Returns
    -------
    float64 array (pair,)
        NaN where the scale is 0.
    """
    return np.sqrt(squared_distances(activity, scale=abs(scaling.scale)))


def in_blocks(activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
    """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
    return map(np.sqrt, squared_distances_in_blocks(activity, scale=abs(scaling.scale)))


def squared_rounding(activity: np.ndarray | Rows, scaling: Scaling) -> np.ndarray:
    """Return what rounding may add to squared distances from each image; see `measures.settled`."""
    return rounding_of(activity, differences=True) / scaling.scale**2
