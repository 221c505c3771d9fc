"""Responses in single precision, as the activity of networks is."""

import numpy as np

from repscape.core.errors import DataError
from repscape.recordings.lib.responses import Responses


def to_single(responses: Responses) -> np.ndarray:
    """Return the responses in single precision, as activity of networks is, (trial, neuron, feature).

    Raises
    ------
    DataError
        They are no such numbers, or single precision makes different ones equal.
    """
    values = np.asarray(responses.values)
    if values.dtype.kind not in "buif" or values.ndim not in (2, 3) or not values.size:
        hint = " Save their magnitude, or their real and imaginary parts." if values.dtype.kind == "c" else ""
        raise DataError(
            f"{responses.where}: expected numbers of shape (trial, neuron), found {values.dtype} of shape "
            f"{values.shape}.{hint}"
        )
    values = values.reshape(*values.shape[:2], -1)
    with np.errstate(over="ignore"):
        single = values.astype(np.float32, copy=False)
    if values.dtype.itemsize > 4 or (values.dtype.kind in "iu" and values.dtype.itemsize == 4):
        _check_precision(values, responses.where)
    return single


def _check_precision(values: np.ndarray, where: str) -> None:
    """Refuse neurons whose responses differ by less than single precision has.

    Floating-point numbers that differ by the rounding of double precision alone are taken for equal; whole
    numbers below 2^20 are kept.
    """
    low, high = values.min(0), values.max(0)
    for at in np.argwhere(~(np.isfinite(low) & np.isfinite(high))):
        neuron = values[(slice(None), *at)]
        finite = neuron[np.isfinite(neuron)]
        low[tuple(at)], high[tuple(at)] = (finite.min(), finite.max()) if finite.size else (0, 0)
    largest = np.maximum(np.abs(low.astype(float)), np.abs(high.astype(float)))
    with np.errstate(over="ignore"):
        span, least = (high - low).astype(float), 1000 * np.spacing(largest.astype(np.float32))
    rounding = 1e-12 * largest if values.dtype.kind == "f" else 0
    lost = (largest > np.finfo(np.float32).max) | ((span > rounding) & (span < least))
    for at in np.argwhere(lost & (largest < 2**20)):  # whole numbers, of which steps of 1 are no rounding
        neuron = values[(slice(None), *at)]
        lost[tuple(at)] = (neuron[np.isfinite(neuron)] % 1 != 0).any()
    if lost.any():
        neuron = int(np.argwhere(lost)[0][0])
        raise DataError(
            f"{where}: {lost.any(-1).sum()} neurons have different responses that are equal in single "
            f"precision, such as neuron {neuron}, from {low[neuron].min():.15g} to "
            f"{high[neuron].max():.15g}. Subtract their common offset, or scale them."
        )
