"""Root mean squared difference of normalised activity."""

import numpy as np

from repscape.rdms.normalisation import Scaling
from repscape.rdms.sqeuclidean import dissimilarity as sqeuclidean


def dissimilarity(activity: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Return √(Σ_u (z_iu − z_ju)² / n), the square root of `sqeuclidean`.

    Parameters
    ----------
    activity : float32 array (image, unit)
    scaling : Scaling

    Returns
    -------
    float64 array (pair,)
        NaN where the scale is 0.
    """
    return np.sqrt(sqeuclidean(activity, scaling))
