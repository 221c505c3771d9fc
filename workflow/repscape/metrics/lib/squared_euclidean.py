"""Mean squared difference of normalised activity, which several metrics are made of."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.lib.distances import squared_distances, squared_distances_in_blocks
from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.rounding import rounding_of
from repscape.metrics.lib.streamed_rows import Rows
from repscape.plugin.contract import Metric


class SquaredEuclidean(Metric, shared=True):
    """Mean squared difference of normalised activity, which several metrics are made of."""

    def dissimilarity(self, activity: np.ndarray, scaling: Scaling) -> np.ndarray:
        """Return δ_ij = Σ_u (z_iu − z_ju)² / n, with z the normalised activity and n the drawn units.

        With ``zscore`` it does not depend on the activity's mean and scale. It equals 2 (1 − r_ij) only
        if every image is z-scored by itself; the layer-wide normalisation here keeps the differences
        in mean and spread between images.

        Parameters
        ----------
        activity : float32 array (image, unit)
        scaling : Scaling

        Returns
        -------
        float64 array (pair,)
            NaN where the scale is 0.
        """
        return squared_distances(activity, scale=abs(scaling.scale)) / activity.shape[1]

    def in_blocks(self, activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
        """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
        units = activity.shape[1]
        return (part / units for part in squared_distances_in_blocks(activity, scale=abs(scaling.scale)))

    def squared_rounding(self, activity: np.ndarray | Rows, scaling: Scaling) -> np.ndarray:
        """Return what rounding may add to squared distances from each image; see `rounding_of`."""
        return rounding_of(activity, differences=True) / scaling.scale**2 / activity.shape[1]
