"""One shift and one scale for all images and drawn units of a layer."""

from functools import cache
from typing import Literal, NamedTuple

import numpy as np

from repscape.core.logs import logger
from repscape.metrics.lib.rounding import constant, rounding_by_moments
from repscape.metrics.lib.streamed_rows import Rows

Kind = Literal["zscore", "mean", "max", "none"]
# What captions say was done to activity
NORMALISATIONS: dict[str, str] = {
    "zscore": "z-scored with one mean and one SD per layer and stimulus (over its images and units)",
    "mean": "divided by the mean per layer and stimulus (over its images and units)",
    "max": "divided by the maximum per layer and stimulus (over its images and units)",
    "none": "not normalised",
}

# A mean below either says more of chance than of a layer. Sparse activity is not meant: were one value in
# 10,000 alone not 0, the mean would be 1/100 SD.
_SMALL, _ERRORS = 0.01, 3

_BLOCK = 2**17  # values in float64 at once: they fit the processor's cache


class Scaling(NamedTuple):
    """Normalised activity is (activity − shift) / scale; a scale of 0 makes it undefined (NaN)."""

    shift: float
    scale: float


def moments(activity: np.ndarray | Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return each image's mean over units and its sum of squared deviations from that mean.

    In float64 and in two passes, so that float32 activity of mean 100 and SD 0.001 loses nothing;
    equal images have equal moments, and constant images deviate by exactly 0.

    Parameters
    ----------
    activity : float32 array (image, unit), or Rows

    Returns
    -------
    two float64 arrays (image,)
    """
    images, units = activity.shape
    means, squares = np.empty(images), np.empty(images)
    rows = max(1, _BLOCK // units)
    for start in range(0, images, rows):
        block = slice(start, start + rows)
        values = activity[block].astype(np.float64)
        means[block] = values.sum(axis=1) / units
        values -= means[block, np.newaxis]
        # Summed as the means are: einsum's order of summation depends on where in memory a row lies.
        squares[block] = np.square(values, out=values).sum(axis=1)
    return means, squares


def scaling(activity: np.ndarray | Rows, kind: Kind) -> Scaling:
    """Return the shift and scale of a layer's normalisation.

    ``zscore``: mean and (population) standard deviation over images × units, 0 of activity that is constant
    but for rounding. ``mean`` and ``max``: divide by the mean or the maximum. ``none``: leave as it is. Of a
    mean near 0 the log warns.

    Parameters
    ----------
    activity : float32 array (image, unit), or Rows
    kind : str
    """
    if kind == "none":
        return Scaling(0.0, 1.0)
    if kind == "max":
        return Scaling(0.0, float(activity.max()))
    means, squares = moments(activity)
    mean = means.mean()
    sd = np.sqrt(squares.sum() / activity.size + np.square(means - mean).mean())
    if constant(sd**2 * activity.size, rounding_by_moments(activity, means, squares).sum()):
        sd = 0.0
    if kind == "mean":
        if abs(mean) < sd * max(_SMALL, _ERRORS / np.sqrt(activity.size)):
            _warn_centred()
        return Scaling(0.0, float(mean))
    return Scaling(float(mean), float(sd))


@cache
def _warn_centred() -> None:
    """Warn once a job, and not for each draw of units."""
    logger.warning(
        "normalisation 'mean': expected activity with a mean above 0, as after a ReLU, found a mean below "
        "%g SD or %d of its standard errors. Distances divided by such a mean are huge and meaningless. "
        "For activity around 0 use another normalisation, such as 'zscore'.",
        _SMALL, _ERRORS,
    )  # fmt: skip
