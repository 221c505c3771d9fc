"""RDMs as squares of colours, on a page in mm."""

import numpy as np

UNDEFINED = "#D9D9D9"


def colours():
    """Return the colours of dissimilarities; what is undefined is grey."""
    import matplotlib

    return matplotlib.colormaps["viridis"].with_extremes(bad=UNDEFINED)


def limits(values: np.ndarray) -> tuple[float, float]:
    """Return where colours begin, at 0 or below what is negative, and end, at the largest value or 1."""
    finite = values[np.isfinite(values)]
    return min(0.0, finite.min(initial=0)), finite.max(initial=0) or 1.0


def percent_ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks of an RDM's values (pair,) from 0 to 100; equal ones have their mean rank."""
    from scipy.stats import rankdata

    ranks = rankdata(values.astype(np.float64), nan_policy="omit")
    return 100 * (ranks - 1) / max(np.isfinite(values).sum() - 1, 1)


def draw(
    axes, matrix: np.ndarray, left: float, top: float, side: float, low: float, high: float, gid: str
) -> None:
    """Draw a matrix with its upper left corner at a point."""
    axes.imshow(
        matrix, vmin=low, vmax=high, cmap=colours(), extent=(left, left + side, top + side, top),
        aspect="auto", interpolation="none", gid=gid,
    )  # fmt: skip
