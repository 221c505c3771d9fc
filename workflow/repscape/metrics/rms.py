"""Root mean squared difference of normalised activity."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.streamed_rows import Rows
from repscape.metrics.sqeuclidean import dissimilarity as sqeuclidean
from repscape.metrics.sqeuclidean import in_blocks as sqeuclidean_in_blocks
from repscape.metrics.sqeuclidean import squared_rounding as squared_rounding

SQUARED = False
CAPTION = "root mean squared difference"
FORMULA = "√(Σ_u (z_iu − z_ju)² / n), z normalised activity, n units: the root of sqeuclidean"
SYNONYMS = ("rmse", "rmsd", "rootmeansquare", "rootmeansquared")


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


def in_blocks(activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
    """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
    return map(np.sqrt, sqeuclidean_in_blocks(activity, scaling))
