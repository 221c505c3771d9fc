"""What an RDM of entries on a circle is like: whether it closes, where it is stretched or opened."""

from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.circle import Circle, apart

NUMBERS = ("closing", "r_circle", "r_line", "r_opened", "opened_at")
"""What is found of an RDM, a number each."""

_NEAR = 12  # of the circle: pairs this near to each other are those that tell whether it closes


class CircleFit(NamedTuple):
    """What an RDM of entries on a circle is like.

    Attributes
    ----------
    lag, mean, sd : float64 arrays (lag,)
        Dissimilarity by how far two values are apart, the shorter way; `sd` is NaN of a single pair.
    pairs : int array (lag,)
    gap : float64 array (gap,)
        The middles between neighbours on the circle, ascending; the last is where it is cut to be a line.
    neighbours : float64 array (gap,)
        The dissimilarity of the two values beside a gap.
    stretch : float64 array (gap,)
    line : float64 array (gap,)
        r with distances on the line that remains if the circle is cut at the gap.
    closing, r_circle, r_line, r_opened, opened_at : float
    """

    lag: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    pairs: np.ndarray
    gap: np.ndarray
    neighbours: np.ndarray
    stretch: np.ndarray
    line: np.ndarray
    closing: float
    r_circle: float
    r_line: float
    r_opened: float
    opened_at: float


def fit_circle(square: np.ndarray, circle: Circle) -> CircleFit:
    """Describe an RDM of entries on a circle.

    Entries of the same value are averaged first: D_kl is the mean dissimilarity of the entries of the
    values θ_k and θ_l, and what follows is of pairs of different values. Lags are multiples of the mean
    spacing, P / number of values, to the nearest of which each pair's distance on the circle is rounded
    (at least to the first); m(lag) is the mean of D over the pairs of a lag.

    `stretch`, of a gap between neighbours: Σ D / Σ m(lag) over the pairs that are at most P/12 (or the
    widest gap) apart and between which the gap lies on the shorter way. 1: a step across it is like steps of
    the same size elsewhere; more: the representation is stretched there, or opened.

    `closing` = Σ m'(lag) / Σ D over the pairs whose shorter way goes across the ends of the range (from
    `circle.begin` + P back to `begin`), of those at most as far apart; m' is the mean over the
    pairs of the lag that do not go across. 1: the ends are as near as values equally far apart are elsewhere,
    the circle closes; towards 0: they are as far apart as ends of a line; above 1: they are nearer, as where
    it is open elsewhere.

    `r_circle` and `r_line`: Spearman's ρ, over pairs, of D with distance on the circle and with the
    distance |θ_k − θ_l| on the line between the ends. `line` is the same for the circle cut at any gap,
    `r_opened` its largest value and `opened_at` where.

    Parameters
    ----------
    square : float64 array (entry, entry)
        Finite.
    circle : Circle
        Of the entries.

    Returns
    -------
    CircleFit
    """
    matrix = _of_values(square, circle)
    count, period = len(matrix), circle.period
    first, second = np.triu_indices(count, 1)
    d = matrix[first, second]
    straight = circle.values[second] - circle.values[first]
    away = apart(circle.values[first], circle.values[second], period)
    lag = np.maximum(np.rint(away / period * count).astype(int), 1) - 1
    mean, sd, pairs = _by_lag(d, lag)
    across = straight > period / 2  # the shorter way goes across the ends
    near = away <= max(period / _NEAR, circle.gaps.max()) * (1 + 1e-9)
    # Gap k is between the values k and k + 1, the last between the last and the first.
    gaps = np.arange(count)[:, None]
    between = (first <= gaps) & (gaps < second)
    over = near & (between ^ across)
    ends = near & across
    others, _, _ = _by_lag(d[~across], lag[~across], len(mean))
    with np.errstate(divide="ignore", invalid="ignore"):
        stretch = (over @ d) / (over @ mean[lag])
        closing = others[lag[ends]].sum() / d[ends].sum()
    rank = _ranked(d)
    line = np.array([rank @ _ranked(np.where(one, period - straight, straight)) for one in between])
    best = int(np.argmax(line)) if np.isfinite(line).any() else 0
    return CircleFit(
        lag=np.arange(1, len(mean) + 1) * period / count,
        mean=mean,
        sd=sd,
        pairs=pairs,
        gap=circle.middles,
        neighbours=matrix[np.arange(count), (np.arange(count) + 1) % count],
        stretch=stretch,
        line=line,
        closing=float(closing),
        r_circle=float(rank @ _ranked(away)),
        r_line=float(line[-1]),
        r_opened=float(line[best]),
        opened_at=float(circle.middles[best]),
    )


def _of_values(square: np.ndarray, circle: Circle) -> np.ndarray:
    """Return the mean dissimilarity of the entries of each two values, float64 (value, value)."""
    belongs = np.eye(len(circle.values))[circle.of]
    belongs /= belongs.sum(0)
    return belongs.T @ square @ belongs


def _by_lag(d: np.ndarray, lag: np.ndarray, count: int | None = None):
    """Return mean, SD and number of pairs by lag."""
    pairs = np.bincount(lag, minlength=count or 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(lag, d, len(pairs)) / pairs
        squares = np.bincount(lag, (d - mean[lag]) ** 2, len(pairs))
        return mean, np.where(pairs > 1, np.sqrt(squares / (pairs - 1)), np.nan), pairs


def _ranked(values: np.ndarray) -> np.ndarray:
    """Return ranks of mean 0 and length 1, whose products are Spearman's ρ; NaN if all are equal."""
    from scipy.stats import rankdata

    largest = np.abs(values).max(initial=0) or 1.0
    ranks = rankdata(np.round(values / largest, 12))  # what is but rounding beside the largest are ties
    ranks -= ranks.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        return ranks / np.linalg.norm(ranks)
