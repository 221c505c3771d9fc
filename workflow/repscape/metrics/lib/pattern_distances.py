"""Distances between activity patterns, which several metrics are, up to a factor or a root."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from repscape.metrics.lib.distances import squared_distances, squared_distances_in_blocks
from repscape.metrics.lib.normalisation import Scaling, moments
from repscape.metrics.lib.rounding import constant, rounding_by_moments, rounding_of
from repscape.metrics.lib.streamed_rows import Rows
from repscape.plugin.contract import Metric


class Terms(NamedTuple):
    """What a distance is computed with; see `PatternDistance`.

    Attributes
    ----------
    shift, scale : float, or float64 array (image,)
        Patterns of a scale of 0 are undefined.
    divisor : float
    """

    shift: float | np.ndarray
    scale: float | np.ndarray
    divisor: float


class PatternDistance(Metric, shared=True):
    """Squared distances of standardised activity, or with ``squared = False`` their roots.

    δ_ij = Σ_u (z_iu − z_ju)² / divisor, with z = (a − shift) / scale of the activity a. They stay accurate
    where patterns are alike; see `repscape.metrics.lib.distances`.
    """

    def _terms(self, activity: np.ndarray | Rows, scaling: Scaling) -> Terms:
        """Return what the distance is computed with, from activity (image, unit)."""
        raise NotImplementedError

    def dissimilarity(self, activity: np.ndarray, scaling: Scaling) -> np.ndarray:
        """Return δ of all pairs of images, float64 (pair,); NaN where a pattern is undefined."""
        shift, scale, divisor = self._terms(activity, scaling)
        found = squared_distances(activity, shift, scale) / divisor
        return found if self.squared else np.sqrt(found)

    def in_blocks(self, activity: Rows, scaling: Scaling) -> Iterator[np.ndarray]:
        """Yield what `dissimilarity` returns in consecutive parts, for images in any number."""
        shift, scale, divisor = self._terms(activity, scaling)
        for part in squared_distances_in_blocks(activity, shift, scale):
            yield part / divisor if self.squared else np.sqrt(part / divisor)

    def squared_rounding(self, activity: np.ndarray | Rows, scaling: Scaling) -> np.ndarray | None:
        """Return what rounding may add to squared distances from each image; see `rounding_of`."""
        _, scale, divisor = self._terms(activity, scaling)
        return rounding_of(activity, differences=True) / np.square(scale) / divisor


class MeanSquare(PatternDistance, shared=True):
    """Mean squared differences of normalised activity: Σ_u (z_iu − z_ju)² / n, of n drawn units.

    With ``zscore`` they do not depend on the activity's mean and scale. They equal 2 (1 − r_ij) only if every
    image is z-scored by itself; the layer-wide normalisation keeps the differences in mean and spread
    between images.
    """

    def _terms(self, activity: np.ndarray | Rows, scaling: Scaling) -> Terms:
        return Terms(0.0, abs(scaling.scale), activity.shape[1])


class CorrelationDistance(PatternDistance, shared=True):
    """1 − Pearson's r over units: ½ ‖u_i − u_j‖² of the images' centred activity at unit norm.

    It does not depend on the normalisation. Images of activity that is constant but for rounding are NaN.
    """

    def _terms(self, activity: np.ndarray | Rows, scaling: Scaling) -> Terms:
        means, squares = moments(activity)
        alike = constant(squares, rounding_by_moments(activity, means, squares))
        return Terms(means, np.sqrt(np.where(alike, 0, squares)), 2)
