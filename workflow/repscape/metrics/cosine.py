"""Cosine distance of normalised activity."""

from collections.abc import Iterator

import numpy as np

from repscape.metrics.lib.distances import squared_distances, squared_distances_in_blocks
from repscape.metrics.lib.normalisation import Scaling, moments
from repscape.metrics.lib.rounding import constant, rounding_of
from repscape.metrics.lib.streamed_rows import Rows
from repscape.plugin.contract import Metric


class Cosine(Metric):
    """Cosine distance of normalised activity."""

    squared = True
    caption = "cosine distance"
    formula = "1 − cosine of the angle between activity over units"
    largest = 2.0
    synonyms = ("cos", "angle", "1cos", "cosinesimilarity")

    def dissimilarity(self, activity: np.ndarray, scaling: Scaling) -> np.ndarray:
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
        return squared_distances(activity, shift=scaling.shift, scale=_norms(activity, scaling)) / 2

    def in_blocks(self, activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
        """Yield what `dissimilarity` returns, in consecutive parts; see `squared_distances_in_blocks`."""
        norms = _norms(activity, scaling)
        return (part / 2 for part in squared_distances_in_blocks(activity, shift=scaling.shift, scale=norms))

    def squared_rounding(self, activity: np.ndarray | Rows, scaling: Scaling) -> np.ndarray:
        """Return what rounding may add to squared distances from each image; see `rounding_of`."""
        return rounding_of(activity, differences=True) / _norms(activity, scaling) ** 2 / 2


def _norms(activity: np.ndarray | Rows, scaling: Scaling) -> np.ndarray:
    """Return ‖z_i‖, but for the scale; 0 where it is rounding."""
    means, squares = moments(activity)
    squares = squares + activity.shape[1] * np.square(means - scaling.shift)
    return np.sqrt(np.where(constant(squares, rounding_of(activity)), 0, squares))
