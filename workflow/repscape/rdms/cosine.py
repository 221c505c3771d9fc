"""Cosine distance of normalised activity."""

import numpy as np

from repscape.rdms.distances import squared_distances
from repscape.rdms.normalisation import Scaling, moments


def dissimilarity(activity: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Return 1 − z_i·z_j / (‖z_i‖ ‖z_j‖), with z the normalised activity.

    The angle is seen from the normalisation's shift: from 0 with ``mean``, ``max`` and ``none``,
    from the layer's mean with ``zscore``. Computed as ½ ‖u_i − u_j‖² of z at unit norm.

    Parameters
    ----------
    activity : float32 array (image, unit)
    scaling : Scaling
        Only the shift matters.

    Returns
    -------
    float64 array (pair,)
        NaN for images whose z is 0 everywhere.
    """
    means, squares = moments(activity)
    norms = np.sqrt(squares + activity.shape[1] * np.square(means - scaling.shift))
    return squared_distances(activity, shift=scaling.shift, scale=norms) / 2
