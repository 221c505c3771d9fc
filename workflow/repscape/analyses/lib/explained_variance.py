"""How much of the responses of neurons is explained, how much could be, and how that varies with images."""

from collections.abc import Iterator

import numpy as np


def reliability(response: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Estimate which share of the variance of mean responses over images is not noise.

    This is the largest R² of any prediction of the means: signal power divided by the power of
    the mean response (Sahani & Linden, NeurIPS 15, 2003; Schoppe et al., Front. Comput. Neurosci. 10:10,
    2016). With s² the variance of trials about the mean of their image, over all n_i trials of all images
    (each image loses a degree of freedom), and all images with the same noise,

        reliability = 1 − s² · mean over images of 1 / n_i, divided by the variance over images of the means.

    With equal numbers of trials that is 1 − 1/F of a one-way analysis of variance, the intraclass correlation
    ICC(1, k) (Shrout & Fleiss, Psychol. Bull. 86:420, 1979), whether or not noise is the same. The estimate
    is not confined to 0 … 1.

    Parameters
    ----------
    response : float array (trial, neuron)
    image : int array (trial,)
        Each from 0 at least once.

    Returns
    -------
    float64 (neuron,)
        NaN without repeats, or where the means are all the same.
    """
    counts = np.bincount(image)
    order = np.argsort(image, kind="stable")
    first = np.cumsum(counts) - counts
    values = np.asarray(response, np.float64)[order]
    values = values - values[:1]  # which loses nothing where responses are far from 0
    means = np.add.reduceat(values, first) / counts[:, None]
    if counts.max() < 2:
        return np.full(values.shape[1], np.nan)
    pooled = ((values - means[image[order]]) ** 2).sum(0) / (counts - 1).sum()
    noise = pooled * np.mean(1 / counts)
    variance = means.var(0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, 1 - noise / variance, np.nan)


def r2(errors: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Return 1 − Σ errors / Σ totals over the first axis; NaN where totals are 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        total = totals.sum(0)
        return np.where(total > 0, 1 - errors.sum(0) / total, np.nan)


def resampled_medians(
    errors: np.ndarray,
    totals: np.ndarray,
    scale: np.ndarray,
    resamples: int,
    seed: int,
    *,
    block: int = 2**22,
) -> np.ndarray:
    """Resample images and neurons, and return the median R² / scale over neurons.

    Images and neurons are drawn with replacement, each by itself (Owen, Ann. Appl. Stat. 1:386, 2007: the
    pigeonhole bootstrap, whose intervals are rather too wide than too narrow). Predictions are
    not made again. With one seed, the draws are the same for all models.

    Parameters
    ----------
    errors, totals : float64 (image, neuron)
        Squares: R² is one minus the ratio of their sums.
    scale : float64 (neuron,)
    resamples : int
    seed : int
    block : int
        Values of resampled neurons that are in memory at once.

    Returns
    -------
    float64 (resample,)
    """
    images, neurons = errors.shape
    found = []
    for counts, drawn in _draws(images, neurons, resamples, seed, block):
        with np.errstate(divide="ignore", invalid="ignore"):
            values = (1 - (counts @ errors) / (counts @ totals)) / scale
        # A neuron is undefined where only images are drawn that its training means predict exactly.
        median = np.nanmedian if np.isnan(values).any() else np.median
        found.append(median(np.take_along_axis(values, drawn, 1), axis=1))
    return np.concatenate(found)


def _draws(
    images: int, neurons: int, resamples: int, seed: int, block: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield how often each image is drawn (resample, image) and which neurons are (resample, neuron)."""
    random = np.random.default_rng(seed)
    step = max(1, block // neurons)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        counts = random.multinomial(images, np.full(images, 1 / images), count).astype(np.float64)
        yield counts, random.integers(0, neurons, (count, neurons))


def p_above(resampled: np.ndarray) -> np.ndarray:
    """Return p of a value above 0, one-sided: the share of resamples (…, resample) that are not above."""
    return _shares((resampled <= 0).sum(-1), resampled)


def p_different(resampled: np.ndarray) -> np.ndarray:
    """Return p of a value that is not 0, two-sided: twice the smaller share beyond 0, at most 1."""
    beyond = np.minimum((resampled <= 0).sum(-1), (resampled >= 0).sum(-1))
    return np.minimum(1, 2 * _shares(beyond, resampled))


def _shares(counts: np.ndarray, resampled: np.ndarray) -> np.ndarray:
    """Return (1 + counts) / (1 + resamples); NaN where resamples are undefined."""
    return np.where(np.isnan(resampled).any(-1), np.nan, (1 + counts) / (1 + resampled.shape[-1]))
