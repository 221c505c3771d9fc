"""Rank correlation distance: one minus Spearman's ρ over units."""

import numpy as np

from repscape.rdms.correlation import dissimilarity as correlation
from repscape.rdms.normalisation import Scaling


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
        NaN for images of constant activity.
    """
    from scipy.stats import rankdata

    return correlation(rankdata(activity, axis=1), scaling)
