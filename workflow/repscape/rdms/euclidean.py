"""Euclidean distance of the activity itself, whatever the normalisation."""

import numpy as np

from repscape.rdms.distances import squared_distances
from repscape.rdms.normalisation import Scaling


def dissimilarity(activity: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Return ‖a_i − a_j‖, in the units of the activity; `rms` is its normalised form.

    It grows with the number of drawn units and with the activity's scale.

    Parameters
    ----------
    activity : float32 array (image, unit)
    scaling : Scaling
        Not used.

    Returns
    -------
    float64 array (pair,)
    """
    return np.sqrt(squared_distances(activity))
