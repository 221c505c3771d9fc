"""Euclidean distance of normalised activity."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.lib.distances import squared_distances, squared_distances_in_blocks
from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.rounding import rounding_of
from repscape.metrics.lib.streamed_rows import Rows
from repscape.plugin.contract import Metric


class Euclidean(Metric):
    """Euclidean distance of normalised activity."""

    squared = False
    caption = "Euclidean distance, summed over units"
    formula = "√(Σ_u (z_iu − z_ju)²), z normalised activity, not divided by the number of units"
    synonyms = ("euclid", "l2", "2norm", "norm")

    def dissimilarity(self, activity: np.ndarray, scaling: Scaling) -> np.ndarray:
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

    def in_blocks(self, activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
        """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
        return map(np.sqrt, squared_distances_in_blocks(activity, scale=abs(scaling.scale)))

    def squared_rounding(self, activity: np.ndarray | Rows, scaling: Scaling) -> np.ndarray:
        """Return what rounding may add to squared distances from each image; see `rounding_of`."""
        return rounding_of(activity, differences=True) / scaling.scale**2
