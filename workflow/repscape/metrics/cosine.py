"""Cosine distance of normalised activity."""

import numpy as np

from repscape.metrics.lib.normalisation import Scaling, moments
from repscape.metrics.lib.pattern_distances import PatternDistance, Terms
from repscape.metrics.lib.rounding import constant, rounding_of
from repscape.metrics.lib.streamed_rows import Rows


class Cosine(PatternDistance):
    """Cosine distance of normalised activity: 1 − z_i·z_j / (‖z_i‖ ‖z_j‖), NaN for images whose z is 0.

    The angle is seen from the normalisation's shift: from 0 with ``mean``, ``max`` and ``none``, from the
    layer's mean with ``zscore``. Computed as ½ ‖u_i − u_j‖² of z at unit norm.
    """

    squared = True
    caption = "cosine distance"
    formula = "1 − cosine of the angle between activity over units"
    largest = 2.0
    synonyms = ("cos", "angle", "1cos", "cosinesimilarity")

    def _terms(self, activity: np.ndarray | Rows, scaling: Scaling) -> Terms:
        """Return the shift and, as scale, ‖z_i‖ up to the normalisation's; 0 where it is rounding."""
        means, squares = moments(activity)
        squares = squares + activity.shape[1] * np.square(means - scaling.shift)
        norms = np.sqrt(np.where(constant(squares, rounding_of(activity)), 0, squares))
        return Terms(scaling.shift, norms, 2)
