"""Activity along the principal axes of some of its rows: all that linear and first-layer weights can see."""

from typing import NamedTuple

import numpy as np

LEAST = 0.1  # of the layer's SD (root mean square over units), the least SD that a unit is divided by


class Axes(NamedTuple):
    """Rows along the principal axes of the training rows.

    Attributes
    ----------
    coordinates : float64 (row, axis)
        Of all rows, relative to the mean of the training rows.
    variance : float64 (axis,)
        Sum of squares of the training rows' coordinates, divided by their number; descending. They sum to
        the share of units that vary.
    training : int array (training row,)
    """

    coordinates: np.ndarray
    variance: np.ndarray
    training: np.ndarray


def principal(activity: np.ndarray, training: np.ndarray, *, chunk: int = 2048) -> Axes:
    """Standardise units by the training rows, and turn all rows to the principal axes of these.

    Units get the mean 0 and the SD 1 of the training rows and are divided by the root of their number, so
    that a penalty means the same in layers of any size. No unit is divided by less than a tenth of the
    layer's SD: one that hardly varies among the training rows, as after a ReLU, would outweigh all others
    in a row where it does answer.

    Turning changes no product of two rows. What is orthogonal to the training rows is left out: weights
    that are fitted with a penalty on their squares, or by gradient descent from 0, have no part in it.
    One eigendecomposition, of the smaller of rows × rows and units × units, then serves every target and
    every penalty.

    Parameters
    ----------
    activity : float array (row, unit)
        Finite.
    training : int array (training row,)
        Indices of the rows that are trained on.
    chunk : int
        Units whose float64 values are in memory at once.
    """
    from scipy.linalg import eigh

    rows, units = activity.shape
    starts = range(0, units, chunk)
    sd = np.concatenate(
        [activity[training, start : start + chunk].std(0, dtype=np.float64) for start in starts]
    )
    sd = np.maximum(sd, LEAST * np.sqrt(np.mean(sd**2))) if sd.any() else np.ones(units)

    def standardised(start: int) -> np.ndarray:
        part = np.asarray(activity[:, start : start + chunk], np.float64)
        scale = sd[start : start + chunk] * np.sqrt(units)
        return (part - part[training].mean(0)) / scale

    if units < len(training):
        scaled = np.hstack([standardised(start) for start in starts])
        own = scaled[training]
        squares, vectors = eigh(own.T @ own)
        kept = _kept(squares, len(training))
        coordinates = scaled @ vectors[:, kept]
    else:
        products = np.zeros((rows, rows))
        for start in starts:
            scaled = standardised(start)
            products += scaled @ scaled.T  # symmetric, which BLAS knows
        products = products[:, training]
        squares, vectors = eigh(products[training])
        kept = _kept(squares, len(training))
        coordinates = products @ (vectors[:, kept] / np.sqrt(squares[kept]))
    return Axes(coordinates, squares[kept] / len(training), training)


def _kept(squares: np.ndarray, rows: int) -> np.ndarray:
    """Return the indices of eigenvalues that are more than rounding, the largest first."""
    order = np.argsort(-squares, kind="stable")
    return order[squares[order] > max(squares.max(), 0) * rows * np.finfo(float).eps]
