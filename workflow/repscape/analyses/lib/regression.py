"""Straight lines through values of a few stimuli, for many layers at once."""

import numpy as np

FEWEST = 3  # through two points goes every line


def regress(x: np.ndarray, y: np.ndarray, axis: int) -> dict[str, np.ndarray]:
    """Fit y = slope · x + intercept by least squares along an axis, where both are finite.

    Returns
    -------
    dict
        ``r``, ``slope``, ``intercept`` (NaN with fewer than 3 values, or where x, and for r also y,
        is constant) and ``n``.
    """
    x, y = np.broadcast_arrays(x, y)
    both = np.isfinite(x) & np.isfinite(y)
    n = both.sum(axis)
    enough = np.where(n >= FEWEST, n, np.nan)
    mean_x, mean_y = (np.where(both, v, 0).sum(axis) / enough for v in (x, y))
    dx, dy = (np.where(both, v - np.expand_dims(mean, axis), 0) for v, mean in ((x, mean_x), (y, mean_y)))
    xx, yy, xy = (dx**2).sum(axis), (dy**2).sum(axis), (dx * dy).sum(axis)
    # What rounding leaves of a constant's deviations is no variance.
    xx, yy = (
        np.where(square > n * (4 * np.finfo(float).eps * mean) ** 2, square, np.nan)
        for square, mean in ((xx, mean_x), (yy, mean_y))
    )
    slope = xy / xx
    r = np.clip(xy / np.sqrt(xx * yy), -1, 1)
    return {"r": r, "slope": slope, "intercept": mean_y - slope * mean_x, "n": n.astype(np.int32)}


def leave_one_out(x: np.ndarray, y: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest R² when any one of the values is left out."""
    x, y = np.broadcast_arrays(x, y)
    r2 = np.stack(
        [
            regress(np.delete(x, left, axis), np.delete(y, left, axis), axis)["r"] ** 2
            for left in range(y.shape[axis])
        ]
    )
    undefined = np.isnan(r2).all(0)
    return (
        np.where(undefined, np.nan, np.where(np.isnan(r2), np.inf, r2).min(0)),
        np.where(undefined, np.nan, np.where(np.isnan(r2), -np.inf, r2).max(0)),
    )
