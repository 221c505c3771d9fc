"""What tuning curves on a circle are like: preferred value, selectivity, width; how sure that is."""

from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.chance import permutation_generators
from repscape.analyses.lib.circle import Circle
from repscape.core.seeds import derive

BLOCK = 1 << 23  # values that are in memory at once as float64; functions take another as `block`
_TOGETHER = 100  # permutations


class Shape(NamedTuple):
    """What the curves of units are like; float64 (unit,), NaN where a curve is constant.

    Attributes
    ----------
    preferred : in units of the circle's values
    selectivity : from 0, all directions alike, to 1, a single value
    width : in units of the circle's values
    harmonic : from 0 to 1
    """

    preferred: np.ndarray
    selectivity: np.ndarray
    width: np.ndarray
    harmonic: np.ndarray


def curves(answers: np.ndarray, circle: Circle, *, block: int = BLOCK) -> tuple[np.ndarray, np.ndarray]:
    """Average answers to the same value.

    Parameters
    ----------
    answers : float array (item, unit)
        To images or in trials whose values are ``circle.of``.

    Returns
    -------
    mean, sem : float64 arrays (value, unit)
        The standard error SD/√n with the sample SD (n − 1), NaN where a value was shown once.
    """
    count = np.bincount(circle.of)[:, None]
    mean = np.empty((len(count), answers.shape[1]))
    sem = np.empty_like(mean)
    for units in _blocks(answers.shape, block):
        own = answers[:, units].astype(np.float64)
        mean[:, units] = summed(own, circle.of) / count
        squares = summed((own - mean[:, units][circle.of]) ** 2, circle.of)
        with np.errstate(divide="ignore", invalid="ignore"):
            sem[:, units] = np.sqrt(squares / (count - 1) / count)
    sem[count[:, 0] < 2] = np.nan
    return mean, sem


def summed(values: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Sum the rows of each value, all values having some: (value, …)."""
    order = np.argsort(of, kind="stable")
    return np.add.reduceat(values[order], np.searchsorted(of[order], np.arange(of.max() + 1)), axis=0)


def kernel(circle: Circle, sd: float) -> np.ndarray:
    """Return what curves are multiplied with to be smoothed by a Gaussian around the circle.

    K_kl ∝ w_l Σ_m exp(−(θ_k − θ_l + mP)² / 2 sd²), rows adding up to 1, with w_l the share of the circle
    that is nearest to θ_l.

    Parameters
    ----------
    circle : Circle
    sd : float
        In units of its values; 0 leaves curves as they are.

    Returns
    -------
    float64 array (value, value)
    """
    if not sd:
        return np.eye(len(circle.values))
    farthest = np.ceil(5 * sd / circle.period) + 1
    turns = circle.period * np.arange(-farthest, farthest + 1)
    away = np.subtract.outer(circle.values, circle.values)[..., None] + turns
    weights = np.exp(-0.5 * (away / sd) ** 2).sum(-1) * circle.arcs
    return weights / weights.sum(1, keepdims=True)


def shape(curve: np.ndarray, circle: Circle, *, block: int = BLOCK) -> Shape:
    """Measure curves.

    With r_k the mean answer to the value θ_k, w_k the share of the circle of period P that is nearest to
    it, φ_k = 2π θ_k / P (for orientations the doubled angle) and b_k = r_k − min r,

        R = Σ_k w_k b_k exp(iφ_k) / Σ_k w_k b_k.

    The preferred value is P arg(R) / 2π, the vector average (Swindale, Biol Cybern 78:45, 1998), and
    selectivity is |R|, that is 1 − circular variance, or the global orientation selectivity index
    (Ringach et al., J Neurosci 22:5639, 2002; Mazurek et al., Front Neural Circuits 8:92, 2014). They are
    of what a unit answers beyond its least answer: answers may be negative, as z-scored ones are, and
    neither a constant added to them nor a positive factor changes anything. What noise adds to the
    least answer makes selectivity smaller.

    Width is half the width at half height between the least and the largest answer, at the two points
    next to the largest where the curve, interpolated linearly, falls to this height. Of curves with
    several peaks it is that of the highest.

    `harmonic` is the share of a curve's variance that the best cosine of one cycle around the circle
    explains (least squares, weighted by w_k): small where a preferred value means little, in curves of
    several peaks or of noise, but also in very narrow ones.

    Parameters
    ----------
    curve : float64 array (value, unit)
    circle : Circle

    Returns
    -------
    Shape
        A curve counts as constant where its SD is below the rounding of float32, 2⁻²³ of its mean.
    """
    parts = [_shape(curve[:, units], circle) for units in _blocks(curve.shape, block)]
    return Shape(*map(np.concatenate, zip(*parts, strict=True)))


def _shape(curve: np.ndarray, circle: Circle) -> Shape:
    arcs, phases = circle.arcs, circle.phases
    constant = curve.std(0) <= np.finfo(np.float32).eps * np.abs(curve.mean(0))
    with np.errstate(divide="ignore", invalid="ignore"):
        above = curve - curve.min(0)
        resultant = (arcs * np.exp(1j * phases)) @ above / (arcs @ above)
        preferred = circle.wrapped(np.angle(resultant) * circle.period / (2 * np.pi))
        found = Shape(
            preferred, np.abs(resultant), _half_width(above, circle), _harmonic(curve, arcs, phases)
        )
    return Shape(*(np.where(constant, np.nan, values) for values in found))


def _harmonic(curve: np.ndarray, arcs: np.ndarray, phases: np.ndarray) -> np.ndarray:
    root = np.sqrt(arcs)[:, None]
    away = (curve - arcs @ curve) * root
    basis = np.stack([np.ones_like(phases), np.cos(phases), np.sin(phases)], 1) * root
    basis, _ = np.linalg.qr(basis)
    return ((basis.T @ away) ** 2).sum(0) / (away**2).sum(0)


def _half_width(above: np.ndarray, circle: Circle) -> np.ndarray:
    """Return half the width at half height of curves whose least value is 0: float64 (unit,)."""
    count, units = above.shape
    half, peak = above.max(0) / 2, above.argmax(0)
    widths = np.zeros(units)
    for step in (1, -1):
        at = (peak + step * np.arange(count + 1)[:, None]) % count  # around the circle, from the peak on
        own = np.take_along_axis(above, at, 0)
        after = np.maximum((own <= half).argmax(0), 1)  # some value is, since the least is 0
        gap = circle.gaps[at[:-1] if step > 0 else at[1:]]  # from each to the next
        way = np.concatenate([np.zeros((1, units)), np.cumsum(gap, 0)])
        every = np.arange(units)
        high, low = own[after - 1, every], own[after, every]
        share = (high - half) / (high - low)
        widths += way[after - 1, every] + share * (way[after, every] - way[after - 1, every])
    return widths / 2


def reliability(
    answers: np.ndarray, of: np.ndarray, splits: int, seed: int, *, block: int = BLOCK
) -> np.ndarray:
    """Return how well curves of half of the trials agree, corrected for being of half of them.

    The trials of each value are split at random in halves of equal size (an odd one is left out), r is
    Pearson's correlation of the two mean curves over the values shown at least twice, averaged over
    splits, and 2r / (1 + r) what it would be of all trials (Spearman 1910; Brown 1910). Negative r, which
    chance alone makes, become 2r / (1 − r), so that the least is −1.

    Parameters
    ----------
    answers : float array (trial, unit)
    of : int array (trial,)
        The index of the trial's value.
    splits : int
    seed : int

    Returns
    -------
    float64 array (unit,)
        NaN where fewer than three values were shown twice, or every split has a constant half.
    """
    counts = np.bincount(of)
    twice = np.flatnonzero(counts >= 2)
    if len(twice) < 3 or not splits:
        return np.full(answers.shape[1], np.nan)
    halves = (counts[twice] // 2)[:, None]
    number = np.full(len(counts), -1)  # of each value, among those shown twice
    number[twice] = np.arange(len(twice))
    total, defined = np.zeros(answers.shape[1]), np.zeros(answers.shape[1])
    for split in range(splits):
        shuffled = np.random.default_rng(derive(seed, "split", split)).permutation(len(of))
        order = shuffled[np.argsort(of[shuffled], kind="stable")]
        rank = np.arange(len(of)) - np.searchsorted(of[order], of[order])
        half = counts[of[order]] // 2  # none of a value that was shown once
        parts = [order[rank < half], order[(rank >= half) & (rank < 2 * half)]]
        for units in _blocks(answers.shape, block):
            first, second = (
                summed(answers[part][:, units].astype(np.float64), number[of[part]]) / halves
                for part in parts
            )
            r = _correlation(first, second)
            total[units] += np.nan_to_num(r)
            defined[units] += np.isfinite(r)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = total / defined
    return 2 * r / (1 + np.abs(r))


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Pearson's r of columns, NaN where one is constant."""
    first, second = first - first.mean(0), second - second.mean(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (first * second).sum(0) / np.sqrt((first**2).sum(0) * (second**2).sum(0))


def p_values(
    answers: np.ndarray, circle: Circle, permutations: int, seed: int, *, block: int = BLOCK
) -> np.ndarray:
    """Test whether units are tuned, by permuting which trial had which value.

    The statistic is |Σ_k w_k r_k exp(iφ_k)| of answers about their mean: the amplitude of the curve's first
    harmonic, of which preferred value and selectivity speak. p = (1 + number of permutations that have
    as large a one) / (1 + permutations). No distribution of the noise is assumed, only that under the
    null hypothesis trials could be exchanged.

    Parameters
    ----------
    answers : float array (item, unit)
    circle : Circle
    permutations, seed : int
        All units share the permutations.

    Returns
    -------
    float64 array (unit,), NaN where a unit is constant
    """
    share = (circle.arcs / np.bincount(circle.of))[circle.of] * np.exp(1j * circle.phases)[circle.of]
    orders = [random.permutation(len(share)) for random in permutation_generators(seed, permutations)]
    p = np.full(answers.shape[1], np.nan)
    for units in _blocks(answers.shape, block):
        own = answers[:, units].astype(np.float64)
        own -= own.mean(0)
        observed = np.abs(share @ own)
        as_large = np.zeros(observed.shape)
        for start in range(0, permutations, _TOGETHER):
            permuted = share[np.array(orders[start : start + _TOGETHER])]
            squares = (permuted.real @ own) ** 2 + (permuted.imag @ own) ** 2
            as_large += (np.sqrt(squares) >= observed * (1 - 1e-9)).sum(0)
        p[units] = np.where(own.any(0), (1 + as_large) / (1 + permutations), np.nan)
    return p


def _blocks(shape: tuple[int, int], block: int) -> list[slice]:
    """Divide the units of answers (item, unit) so that not too many are in memory at once."""
    step = max(1, block // max(1, shape[0]))
    return [slice(start, start + step) for start in range(0, shape[1], step)]
