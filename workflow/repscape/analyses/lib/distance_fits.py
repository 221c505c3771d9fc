"""Distances in layers regressed on those of the images, with permutations of the images."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.regression import regress
from repscape.rdms.compare.permutation import ROUNDING, orders_of
from repscape.rdms.condensed import entries_of, permuted_pairs

_BLOCK = 2**21  # permuted distances held at once


class Fit(NamedTuple):
    """How the distances in layers follow those of the images; of several stimuli together, pooled.

    Attributes
    ----------
    r, slope, intercept : float64 arrays (layer,)
    p, p_layers : float64 arrays (layer,)
        By permutations; see `p_values`.
    used : bool array (layer,), or (stimulus, layer) where pooled
        Which layers have defined distances.
    within : float64 array (layer,)
        The correlation without differences between stimuli.
    """

    r: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray
    p: np.ndarray
    p_layers: np.ndarray
    used: np.ndarray
    within: np.ndarray


class _Sums(NamedTuple):
    """Sums over the pairs of a stimulus, of centred distances x of images and y in layers: float64 (layer,).

    Attributes
    ----------
    permuted : float64 array (permutation, layer)
        Σ xy with the images of x in another order.
    """

    xy: np.ndarray
    xx: np.ndarray
    yy: np.ndarray
    permuted: np.ndarray


def fit_stimulus(
    distances: np.ndarray, reference: int, permutations: int, seed: int
) -> tuple[Fit, _Sums] | None:
    """Regress the distances of a stimulus's images in each layer on those in one layer.

    Parameters
    ----------
    distances : float64 array (layer, pair)
    reference : int
        The layer that stands for the images.
    permutations : int
    seed : int

    Returns
    -------
    Fit and sums for `fit_pooled`; None where the distances of the images are undefined or all equal
    """
    fit = regress(distances[reference], distances, axis=1)
    # An RDM with undefined distances has no correlation; one of few images is one all the same
    used = np.isfinite(distances).all(1) & np.isfinite(fit["slope"])
    if not used[reference]:
        return None
    y = np.where(used[:, None], distances - distances.mean(1, keepdims=True), 0)
    x = y[reference]
    shuffled = permuted(x, y, permutations, seed)
    sums = _Sums(y @ x, (x**2).sum() * used, (y**2).sum(1), shuffled)
    tested = used & np.isfinite(fit["r"])
    p, p_layers = p_values(fit["r"], _ratio(shuffled, np.sqrt((x**2).sum() * sums.yy)), tested, reference)
    r, slope, intercept = (np.where(used, fit[name], np.nan) for name in ("r", "slope", "intercept"))
    if len(shuffled) < permutations:  # pooled, stimuli are permuted independently of each other
        every = np.vstack([sums.xy, shuffled])
        sums = sums._replace(
            permuted=every[np.random.default_rng(seed).integers(len(every), size=permutations)]
        )
    return Fit(r, slope, intercept, p, p_layers, used, fit["r"]), sums


def fit_pooled(
    distances: np.ndarray,
    fits: Sequence[tuple[Fit, _Sums] | None],
    reference: int,
    permutations: int,
) -> Fit:
    """Regress the distances of all stimuli's images together.

    Parameters
    ----------
    distances : float64 array (stimulus, layer, pair)
        NaN at the end of those of stimuli with fewer images.
    fits : what `fit_stimulus` returned for each stimulus; None leaves it out
    reference : int
    permutations : int
    """
    layers = distances.shape[1]
    used = np.array([np.zeros(layers, bool) if fit is None else fit[0].used for fit in fits])
    x = np.where(used[:, :, None], distances[:, [reference]], np.nan)
    x, y = (np.swapaxes(array, 0, 1).reshape(layers, -1) for array in (x, distances))
    fit = regress(x, y, axis=1)
    xy, xx, yy, null = np.zeros(layers), np.zeros(layers), np.zeros(layers), np.zeros((permutations, layers))
    for _, sums in filter(None, fits):
        xy, xx, yy, null = xy + sums.xy, xx + sums.xx, yy + sums.yy, null + sums.permuted
    norm = np.sqrt(xx * yy)
    within = _ratio(xy, norm)
    p, p_layers = p_values(within, _ratio(null, norm), np.isfinite(within), reference)
    return Fit(fit["r"], fit["slope"], fit["intercept"], p, p_layers, used, within)


def permuted(x: np.ndarray, y: np.ndarray, permutations: int, seed: int) -> np.ndarray:
    """Return Σ x′ y over pairs, x′ the distances x with their images in another order.

    Parameters
    ----------
    x : float64 array (pair,)
    y : float64 array (layer, pair)
    permutations : int
    seed : int

    Returns
    -------
    float64 array (permutation, layer)
        Of images that have no more orders than 1 + `permutations`, each but the actual one once.
    """
    orders = orders_of(entries_of(len(x)), permutations, seed, max(1, _BLOCK // len(x)))
    return np.concatenate([x[permuted_pairs(some)] @ y.T for some in orders])


def p_values(
    r: np.ndarray, null: np.ndarray, tested: np.ndarray, reference: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return each layer's p, alone and among all layers but the one compared with.

    Parameters
    ----------
    r : float64 array (layer,)
    null : float64 array (permutation, layer)
    tested : bool array (layer,)
        Which layers have a correlation.
    reference : int
        The layer compared with.
    """
    others = tested & (np.arange(len(r)) != reference)
    size = np.abs(null)
    reached = np.abs(r) - ROUNDING
    largest = np.where(others, size, 0).max(1)
    count = len(null) + 1
    alone = (1 + (size >= reached).sum(0)) / count
    together = (1 + (largest[:, None] >= reached).sum(0)) / count
    return np.where(tested, alone, np.nan), np.where(others, together, np.nan)


def _ratio(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Divide; NaN where the divisor is 0."""
    return values / np.where(by > 0, by, np.nan)
