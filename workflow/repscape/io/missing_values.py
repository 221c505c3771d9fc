"""Numbers that stand for missing values, such as -999 or the largest integer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from repscape.core.errors import DataError

_FAR = 5  # by how much all responses must be smaller than what may stand for a missing one
_USUAL = [
    *(sign * (10.0**digits - 1) for digits in (2, 3, 4, 5, 6) for sign in (-1, 1)),
    *(sign * 2.0**bits + more for bits in (15, 31, 63) for sign, more in ((-1, 0), (-1, 1), (1, -1))),
    *(sign * size for size in (1e20, 1e30, 1e36, 9.969209968386869e36) for sign in (-1, 1)),
]


def to_nan(values: np.ndarray, missing: Sequence[float] | None, file: Path) -> np.ndarray:
    """Put NaN where numbers stand for missing values.

    Parameters
    ----------
    values : array
    missing : sequence of float, optional
        The numbers that stand for missing values. Without it, numbers that may do so are asked about.
    file : path
        For messages.

    Raises
    ------
    DataError
        `missing` is not given, and the smallest or the largest value may stand for a missing one.
    """
    if values.dtype.kind not in "iuf" or not values.size:
        return values
    if missing:
        floating = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
        absent = np.isin(values, np.asarray(missing).astype(floating))
        if absent.any():
            values = values.astype(floating)
            values[absent] = np.nan
        return values
    if missing is None:
        low, high = np.nanmin(values, initial=0), np.nanmax(values, initial=0)
        for end in (low, high):
            near = [one for one in _USUAL if np.isclose(float(end), one, rtol=1e-6, atol=0)]
            if not near:
                continue
            others = values[np.isfinite(values) & (values != end)]
            if others.size and np.abs(others.astype(float)).max() * _FAR < abs(float(end)):
                raise DataError(
                    f"{file}: {np.sum(values == end)} values are {end:g}, the others {others.min():g} to "
                    f"{others.max():g}. Does {end:g} stand for missing values? Then set 'missing_values: "
                    f"[{end:.16g}]'. If it is a response, set 'missing_values: []'."
                )
    return values
