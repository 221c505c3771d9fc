"""Root mean squared difference of normalised activity."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.squared_euclidean import SquaredEuclidean
from repscape.metrics.lib.streamed_rows import Rows


class Rms(SquaredEuclidean):
    """Root mean squared difference of normalised activity."""

    squared = False
    caption = "root mean squared difference"
    formula = "√(Σ_u (z_iu − z_ju)² / n), z normalised activity, n units: the root of sqeuclidean"
    synonyms = ("rmse", "rmsd", "rootmeansquare", "rootmeansquared")

    def dissimilarity(self, activity: np.ndarray, scaling: Scaling) -> np.ndarray:
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
        return np.sqrt(super().dissimilarity(activity, scaling))

    def in_blocks(self, activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
        """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
        return map(np.sqrt, super().in_blocks(activity, scaling))
