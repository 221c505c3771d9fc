"""Euclidean distance of normalised activity."""

import numpy as np

from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.pattern_distances import PatternDistance, Terms
from repscape.metrics.lib.streamed_rows import Rows


class Euclidean(PatternDistance):
    """Euclidean distance of normalised activity: √(Σ_u (z_iu − z_ju)²), NaN where the scale is 0.

    It grows with the number of drawn units; `rms` does not.
    """

    squared = False
    caption = "Euclidean distance, summed over units"
    formula = "√(Σ_u (z_iu − z_ju)²), z normalised activity, not divided by the number of units"
    synonyms = ("euclid", "l2", "2norm", "norm")

    def _terms(self, activity: np.ndarray | Rows, scaling: Scaling) -> Terms:
        return Terms(0.0, abs(scaling.scale), 1)
