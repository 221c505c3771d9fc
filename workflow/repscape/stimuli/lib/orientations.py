"""Orientations that a recording was shown: trials of like orientation as one condition, tilts with signs."""

from typing import Literal, NamedTuple

import numpy as np

from repscape.core.errors import DataError
from repscape.core.logs import logger

# Of the angles as a file has them: left as they are, or as tilts from vertical
Convention = Literal["angle", "tilt"]


class Conditions(NamedTuple):
    """What trials were shown.

    Attributes
    ----------
    values : float64 array (condition,)
        Orientations in degrees, ascending.
    of_trial : int array (trial,)
        The index of each trial's condition in `values`; -1 where the trial is left out.
    """

    values: np.ndarray
    of_trial: np.ndarray


def conditions(angles: np.ndarray, bin_width: float = 1, convention: Convention = "angle") -> Conditions:
    """Find the conditions of trials, binned and signed as in the exercise on mouse V1.

    Bins are [k w, (k + 1) w) from 0 to 360 degrees, and a bin's value is the mean angle of its trials; a
    width of at most 1 does not bin: trials of exactly the same angle are one condition. The convention
    ``tilt``, of angles from 0 to 360 with 90 vertical, keeps conditions up to 180 degrees and subtracts 90: 0
    is vertical, negative values are tilted left, positive ones right (Neuromatch Academy, W1D5, on Stringer
    et al., Cell 184:2767, 2021).

    Parameters
    ----------
    angles : number array (trial,)
        In degrees.
    bin_width : float
    convention : {"angle", "tilt"}

    Raises
    ------
    DataError
        Angles are not finite numbers; bins or tilts are asked for of angles outside 0 to 360; none is left.
    """
    angles = np.asarray(angles)
    if angles.dtype.kind not in "iuf" or angles.ndim != 1:
        raise DataError(f"expected one angle per trial, found {angles.dtype} of shape {angles.shape}")
    angles = angles.astype(np.float64)
    if not np.isfinite(angles).all():
        raise DataError(f"{np.sum(~np.isfinite(angles))} of {len(angles)} angles are not finite (NaN or inf)")
    outside = angles[(angles < 0) | (angles > 360)]
    if convention == "tilt" and outside.size:
        raise DataError(
            f"expected angles from 0 to 360 degrees, of which 90 is vertical, found {outside[0]:g}. If "
            "angles are measured from vertical, set 'convention: angle' for the stimulus and the recording"
        )
    if len(angles) > 2 and np.abs(angles).max() <= 2 * np.pi and (angles % 1).any():
        logger.warning("all angles are between %.2f and %.2f: are they radians?", angles.min(), angles.max())
    if bin_width > 1:
        if outside.size:
            raise DataError(
                f"expected angles from 0 to 360 degrees to bin, found {outside[0]:g}. Bring the angles "
                "into this range, or leave out 'bin'"
            )
        keys = np.digitize(angles, np.arange(0, 360 + bin_width, bin_width))
        found, of_trial = np.unique(keys, return_inverse=True)
        values = np.array([angles[keys == key].mean() for key in found])
    else:
        values, of_trial = np.unique(angles, return_inverse=True)
    if convention == "tilt":
        in_range = values <= 180  # a beginning, since values ascend
        if not in_range.any():
            raise DataError("all angles are above 180 degrees, so none is left as a tilt")
        of_trial = np.where(in_range[of_trial], of_trial, -1)
        values = values[in_range] - 90
    return Conditions(values, of_trial)
