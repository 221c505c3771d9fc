"""What the rounding of activity may add to distances: smaller ones may be 0."""

import numpy as np

from repscape.core.chunks import slices
from repscape.metrics.lib.streamed_rows import Rows

# Activity that differs by fewer units in the last place may be equal: each step of a network may round
_ULPS = 4
_SMALLEST, _LARGEST = 1e-20, 1e36  # sums of squares in the range of single precision
_BLOCK = 2**17  # values in float64 at once: they fit the processor's cache


def rounding_of(activity: np.ndarray | Rows, differences: bool = False) -> np.ndarray:
    """Return how far rounding may move an image, squared: Σ_u (4 ε a_iu)².

    ε is the spacing of the activity's type at 1, 1.2e-7 of float32. Two images whose squared distance is
    below the sum of their two values may be equal.

    Parameters
    ----------
    activity : float array (image, unit), or Rows
    differences : bool
        Leave out units that are the same in all images: however large, they add no difference.

    Returns
    -------
    float64 array (image,)
    """
    images, units = activity.shape
    squares = np.empty(images)
    first = activity[0:1][0]
    same = np.flatnonzero(first == activity[images - 1 : images][0]) if differences else np.arange(0)
    for block in slices(images, max(1, _BLOCK // units)):
        values = activity[block]
        kind = values.dtype
        squares[block] = _squares(values)
        if len(same):
            same = same[(values[:, same] == first[same]).all(axis=0)]
    if first[same].any():  # taken off a sum, they would leave their rounding
        other = np.setdiff1d(np.arange(units), same)
        for block in slices(images, max(1, _BLOCK // units)):
            squares[block] = _squares(activity[block][:, other])
    return _ulps(kind) ** 2 * squares


def rounding_by_moments(activity: np.ndarray | Rows, means: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Return what `rounding_of` does, from the `moments` of the same activity: Σ a² = Σ (a − m)² + n m²."""
    return _ulps(activity[0:1].dtype) ** 2 * (squares + activity.shape[1] * np.square(means))


def _ulps(kind: np.dtype) -> float:
    """Return by how much a value of 1 may be off."""
    return _ULPS * float(np.finfo(kind if kind.kind == "f" else np.float64).eps)


def _squares(values: np.ndarray) -> np.ndarray:
    """Return the sum of squares of each row: in single precision, unless it leaves its range."""
    if values.dtype == np.float32:
        with np.errstate(over="ignore", under="ignore"):
            found = np.vecdot(values, values)
        if found.min(initial=1) > _SMALLEST and found.max(initial=1) < _LARGEST:
            return found.astype(np.float64)
    return np.vecdot(values.astype(np.float64), values.astype(np.float64))


def constant(squares: np.ndarray, rounding: np.ndarray) -> np.ndarray:
    """Say where squared deviations are no larger than those of equal values after rounding: bool array."""
    return squares <= rounding / 4  # what lies apart by some rounding is half of it from its mean


def flush_rounding(
    values: np.ndarray, first: np.ndarray, second: np.ndarray, squared: bool | None
) -> np.ndarray:
    """Return dissimilarities, with 0 for those that rounding alone may have made: they are ties.

    Parameters
    ----------
    values : float array (pair,)
    first, second : float arrays (pair,)
        What the rounding of each of the two images' activity adds to their squared distance, as a metric's
        `squared_rounding` returns it.
    squared : bool or None
        Whether the values are squared distances.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(values) if squared else np.square(values)
        return np.where(size <= first + second, 0, values)
