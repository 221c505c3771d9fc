"""The bootstrap over images: medians over the pairs of images drawn with replacement."""

import numpy as np

from repscape.rdms.compare.significance import LEVEL

_BLOCK = 2**18  # counts of pairs held at once: they fit the processor's cache


def resampled_medians(
    distances: np.ndarray,
    counts: np.ndarray,
    pairs: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    block: int = _BLOCK,
) -> np.ndarray:
    """Return the median over the pairs of different images, in every resample.

    Parameters
    ----------
    distances : float64 array (pair,)
    counts : int array (image, resample)
        How often each image was drawn; a pair counts as often as the product of its two.
    pairs : two int arrays (pair,), optional
        The images of each pair; by default all pairs i < j, row by row.
    block : int
        How many counts of pairs are held at once.

    Returns
    -------
    float64 array (resample,)
        NaN where a resample has copies of one image only; everywhere if a distance is NaN or there is none.
    """
    images, resamples = counts.shape
    if not distances.size or np.isnan(distances).any():
        return np.full(resamples, np.nan)
    first, second = np.triu_indices(images, 1) if pairs is None else pairs
    order = np.argsort(distances, kind="stable")
    first, second, ordered = first[order], second[order], np.append(distances[order], np.nan)
    by_resample = np.ascontiguousarray(counts.T, np.int16 if images**2 < 2**16 else np.int32)
    medians = np.empty(resamples)
    step = max(1, block // len(order))
    for start in range(0, resamples, step):
        some = by_resample[start : start + step]
        until = np.take(some, first, axis=1)
        np.multiply(until, np.take(some, second, axis=1), out=until)
        np.cumsum(until, axis=1, out=until)
        total = until[:, -1]
        # Of an even number of values the median is the mean of the two in the middle.
        lower, upper = (
            np.add.reduce(until <= middle[:, None], axis=1, dtype=np.int32)
            for middle in ((total - 1) // 2, total // 2)
        )
        medians[start : start + step] = np.where(total > 0, (ordered[lower] + ordered[upper]) / 2, np.nan)
    return medians


def interval(resampled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits that hold the middle 95% of the last axis; NaN where nothing is."""
    ordered = np.sort(np.asarray(resampled, np.float64), axis=-1)  # NaN last
    count = np.isfinite(ordered).sum(-1)
    limits = []
    for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2):
        rank = share * np.maximum(count - 1, 0)
        below = np.floor(rank).astype(int)
        pair = [
            np.take_along_axis(ordered, at[..., None], -1)[..., 0]
            for at in (below, np.minimum(below + 1, np.maximum(count - 1, 0)))
        ]
        limits.append(pair[0] + (rank - below) * (pair[1] - pair[0]))
    return limits[0], limits[1]
