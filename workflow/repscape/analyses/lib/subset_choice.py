"""Choosing k of n items by their dissimilarities: the most different, or those that fit a purpose.

Greedy choices, improved by exchanging one item at a time from several starts; small cases are solved
exactly (`subset_exact`), and a bound says how much better than what was found any choice could be.
"""

from typing import Literal, NamedTuple

import numpy as np

from repscape.analyses.lib import subset_exact
from repscape.analyses.lib.unevenness import unevenness
from repscape.core.errors import DataError, unknown
from repscape.rdms.condensed import entries_of

Goal = Literal["largest", "target", "uniform"]

# Random sets to begin from, beside the greedy one; exchanges cost most for `uniform`.
STARTS = {"largest": 16, "target": 16, "uniform": 4}
_BINS = 128  # of the range of dissimilarities, while exchanging items for `uniform`
_SURE = 1e-12  # relative; what rounding may do to a sum is no improvement


class Subset(NamedTuple):
    """A choice of items, and how good it is.

    Attributes
    ----------
    indices : tuple of int
        In ascending order.
    value : float
        What the goal is about: the mean dissimilarity (`largest`), its distance from the target
        (`target`), or the distance of the dissimilarities' distribution from a uniform one (`uniform`).
    bound : float
        No choice has a larger mean (`largest`) or a smaller distance (the others).
    gap : float
        ``|bound - value|``; 0 where the choice is known to be the best.
    exact : bool
        Whether it is known to be the best.
    mean, sd : float
        Of the chosen items' dissimilarities.
    greedy : float
        The value of the greedy choice alone.
    """

    indices: tuple[int, ...]
    value: float
    bound: float
    gap: float
    exact: bool
    mean: float
    sd: float
    greedy: float


def choose(
    dissimilarities,
    k: int,
    goal: Goal = "largest",
    *,
    target: float | None = None,
    seed: int = 0,
    starts: int | None = None,
) -> Subset:
    """Choose k items.

    - ``largest``: the mean dissimilarity of their pairs is as large as can be (the maximum diversity
      problem; Martí et al., J. Heuristics 19:591, 2013).
    - ``target``: it is as close as can be to `target`.
    - ``uniform``: their dissimilarities, scaled to [0, 1] by the smallest and the largest of all items,
      are spread as evenly as can be: √∫(F(x) − x)² dx is smallest, with F their cumulative distribution.

    Parameters
    ----------
    dissimilarities : array (item, item) or (pair,)
        Symmetric, or its pairs i<j in row-major order.
    k : int
        From 2 to the number of items.
    goal : {"largest", "target", "uniform"}
    target : float
        The mean that ``target`` asks for.
    seed : int
        Of the random starts. The order of the items does not matter: the same ones are chosen.
    starts : int, optional
        Random starts, by default those of `STARTS`. The greedy choice is always one more, so the result
        is never worse.

    Returns
    -------
    Subset

    Raises
    ------
    DataError
        A dissimilarity is not a finite number; the array is no matrix of dissimilarities; k or the goal is
        impossible; `target` is missing or in vain; for ``uniform``, all are equal.
    """
    square = as_square(dissimilarities)
    n = len(square)
    if not 2 <= k <= n:
        raise DataError(f"k: expected from 2 to the number of items ({n}), found {k}.")
    if goal not in STARTS:
        raise DataError(f"goal: {unknown(goal, STARTS)}")
    if (goal == "target") != (target is not None):
        raise DataError(f"target: the goal 'target' needs one and no other takes one; goal: {goal}.")
    order = _canonical(square)
    square = square[np.ix_(order, order)]
    aim = _aim(goal, square, k, target)
    greedy = _greedy(aim, k)
    tried = [greedy, _improved(aim, greedy)]
    generator = np.random.default_rng(seed)
    for _ in range((STARTS[goal] if starts is None else starts) if k < n else 0):
        tried.append(_improved(aim, np.sort(generator.permutation(n)[:k])))
    losses = [aim.loss(chosen) for chosen in tried]
    chosen, loss = tried[int(np.argmin(losses))], min(losses)
    floor = aim.floor(loss)
    exact = k == n or loss - floor <= _SURE * aim.scale
    if not exact:
        better = subset_exact.solve(square, k, goal, aim, loss)
        if better is not None:
            exact = True
            if better[0] is not None:
                chosen, loss = better[0], better[1]
    sign = -1 if goal == "largest" else 1
    pairs = square[np.ix_(chosen, chosen)][np.triu_indices(k, 1)]
    bound = sign * (loss if exact else floor)
    return Subset(
        indices=tuple(sorted(int(item) for item in order[chosen])),
        value=sign * loss,
        bound=bound,
        gap=abs(bound - sign * loss),
        exact=bool(exact),
        mean=float(pairs.mean()),
        sd=float(pairs.std()),
        greedy=sign * losses[0],
    )


def rankings(dissimilarities) -> tuple[int, ...]:
    """Order all items, so that the first k of them are the greedy choice of k with the largest mean.

    The two most dissimilar items come first (of these the one that is more dissimilar from all others),
    then always the item with the largest sum of dissimilarities to those before it; of equal ones
    the one that comes first. These sets are nested, the best ones need not be: see `choose`.

    Parameters
    ----------
    dissimilarities : as in `choose`

    Returns
    -------
    tuple of int
    """
    square = as_square(dissimilarities)
    n = len(square)
    first, second = np.unravel_index(np.argmax(square - np.diag(np.full(n, np.inf))), square.shape)
    if square[second].sum() > square[first].sum():
        first, second = second, first
    ranked = [int(first), int(second)]
    sums = square[first] + square[second]
    sums[ranked] = -np.inf
    while len(ranked) < n:
        ranked.append(int(np.argmax(sums)))
        sums = sums + square[ranked[-1]]
        sums[ranked[-1]] = -np.inf
    return tuple(ranked)


def random_values(dissimilarities, k: int, draws: int, seed: int, *, uniform: bool = False) -> np.ndarray:
    """Return the mean dissimilarity of random sets of k items, or how uneven theirs are; float64 (draw,)."""
    square = as_square(dissimilarities)
    measure = _Uniform(square, k).loss if uniform else _Mean(square, k, 0.0).mean
    generator = np.random.default_rng(seed)
    drawn = (generator.permutation(len(square))[:k] for _ in range(draws))
    return np.array([measure(chosen) for chosen in drawn])


def as_square(dissimilarities) -> np.ndarray:
    """Return a float64 matrix (item, item) with a zero diagonal, of a matrix or of its pairs.

    Raises
    ------
    DataError
        It is not symmetric, has no whole number of items, fewer than two, or values that are not finite.
    """
    values = np.asarray(dissimilarities, np.float64)
    if values.ndim == 1:
        n = entries_of(len(values))
        if n * (n - 1) // 2 != len(values) or n < 2:
            raise DataError(f"dissimilarities: {len(values)} values are not all pairs of a number of items.")
        square = np.zeros((n, n))
        first, second = np.triu_indices(n, 1)
        square[first, second] = square[second, first] = values
    elif values.ndim == 2 and values.shape[0] == values.shape[1] and len(values) >= 2:
        square = values.copy()
        np.fill_diagonal(square, 0)
        if not np.array_equal(square, square.T, equal_nan=True):
            raise DataError("dissimilarities: the matrix is not symmetric.")
        first, second = np.triu_indices(len(square), 1)
    else:
        raise DataError(f"dissimilarities: expected (item, item) or (pair,), found shape {values.shape}.")
    wrong = np.flatnonzero(~np.isfinite(square[first, second]))
    if wrong.size:
        raise DataError(
            f"dissimilarities: {wrong.size} of {len(first)} are not finite, the first of items "
            f"{first[wrong[0]]} and {second[wrong[0]]}. Leave these items, or this RDM, out."
        )
    return square


def _canonical(square: np.ndarray) -> np.ndarray:
    """Order items by their dissimilarities alone, the most dissimilar first."""
    ordered = np.sort(square, axis=1)  # so that sums do not depend on the order of the items
    return np.lexsort((ordered[:, -1], (ordered**2).sum(1), -ordered.sum(1)))


def _aim(goal: Goal, square: np.ndarray, k: int, target: float | None):
    if goal == "uniform":
        return _Uniform(square, k)
    return _Mean(square, k, target)


class _Mean:
    """The largest mean, or one close to a target. The loss is −mean, or the distance from the target."""

    def __init__(self, square: np.ndarray, k: int, target: float | None):
        self.square, self.k, self.target = square, k, target
        self.scale = np.abs(square).max() or 1.0

    def of_mean(self, mean):
        return -mean if self.target is None else np.abs(mean - self.target)

    def mean(self, chosen: np.ndarray) -> float:
        return float(self.square[np.ix_(chosen, chosen)][np.triu_indices(len(chosen), 1)].mean())

    def loss(self, chosen: np.ndarray) -> float:
        return float(self.of_mean(self.mean(chosen)))

    def begin(self, chosen: np.ndarray) -> None:
        """Remember each item's sum of dissimilarities to the chosen ones, and the sum of their pairs."""
        self.sums = self.square[:, chosen].sum(1)
        self.total = self.sums[chosen].sum() / 2

    def here(self) -> float:
        """Return the loss of what is chosen, as `swapped` counts it."""
        return float(self.of_mean(self.total / (self.k * (self.k - 1) / 2)))

    def added(self, others: np.ndarray, size: int) -> np.ndarray:
        """Return the losses with one of the others added to `size` chosen ones."""
        return self.of_mean((self.total + self.sums[others]) / (size * (size + 1) / 2))

    def swapped(self, chosen: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the losses (chosen, other) with one of the chosen given for one of the others."""
        gain = self.sums[others] - self.sums[chosen][:, None] - self.square[np.ix_(chosen, others)]
        return self.of_mean((self.total + gain) / (self.k * (self.k - 1) / 2))

    def change(self, added: int, removed: int | None) -> None:
        self.total += self.sums[added]
        self.sums += self.square[:, added]
        if removed is not None:
            self.sums -= self.square[:, removed]
            self.total -= self.sums[removed]

    def floor(self, loss: float) -> float:
        """Return what no choice can be below."""
        if self.target is None:
            return -subset_exact.highest_mean(self.square, self.k)
        if loss <= _SURE * self.scale:
            return 0.0
        highest = subset_exact.highest_mean(self.square, self.k)
        lowest = -subset_exact.highest_mean(-self.square, self.k)
        return max(0.0, self.target - highest, lowest - self.target)


class _Uniform:
    """Dissimilarities spread evenly over the range of all. The loss is √∫(F(x) − x)² dx.

    While items are exchanged F is looked at in the middle of each of `_BINS` bins, where the integral
    becomes a sum over bins and thus every exchange a few products; what is found is judged by the integral.
    """

    scale = 1.0

    def __init__(self, square: np.ndarray, k: int):
        off = ~np.eye(len(square), dtype=bool)
        low, high = square[off].min(), square[off].max()
        if low == high:
            raise DataError(
                "dissimilarities: all are equal, so that none are spread more evenly than others."
            )
        self.k, self.pairs = k, k * (k - 1) / 2
        self.square = (square - low) / (high - low)
        # The first bin in whose middle a dissimilarity is counted; none counts itself.
        self.bins = np.where(off, np.ceil(self.square * _BINS - 0.5), _BINS).astype(np.int16)
        self.even = (np.arange(_BINS) + 0.5) / _BINS

    def loss(self, chosen: np.ndarray) -> float:
        values = self.square[np.ix_(chosen, chosen)][np.triu_indices(len(chosen), 1)]
        return float(unevenness(values[None])[0])

    def begin(self, chosen: np.ndarray) -> None:
        """Remember how many dissimilarities to the chosen ones are below each bin's middle: (item, bin)."""
        n = len(self.square)
        counts = np.zeros((n, _BINS + 1))
        for item in chosen:
            counts[np.arange(n), self.bins[item]] += 1
        self.below = counts[:, :-1].cumsum(1)
        self.total = self.below[chosen].sum(0) / 2

    def here(self) -> float:
        return float(np.square(self.total - self.pairs * self.even).sum())

    def added(self, others: np.ndarray, size: int) -> np.ndarray:
        pairs = size * (size + 1) / 2
        return np.square((self.total + self.below[others]) / pairs - self.even).sum(1)

    def swapped(self, chosen: np.ndarray, others: np.ndarray) -> np.ndarray:
        # With e the excess of counts, a and b the counts of who comes and who goes and t their own pair,
        # Σ (e + a − b − t)² term by term; t is 1 from a bin on, so its products are sums of tails.
        excess = self.total - self.pairs * self.even
        comes, goes = self.below[others], self.below[chosen]
        at = self.bins[np.ix_(chosen, others)]
        rows = np.arange(len(chosen))[:, None], np.arange(len(others))[None, :]
        tail_excess, tail_comes, tail_goes = (_tails(values) for values in (excess[None], comes, goes))
        squares = excess @ excess + (comes**2).sum(1) + (goes**2).sum(1)[:, None] + (_BINS - at)
        products = comes @ excess - (goes @ excess)[:, None] - goes @ comes.T
        of_pair = tail_excess[0][at] + tail_comes[rows[1], at] - tail_goes[rows[0], at]
        return squares + 2 * products - 2 * of_pair

    def change(self, added: int, removed: int | None) -> None:
        n = len(self.square)
        for item, sign in ((added, 1), (removed, -1)):
            if item is not None:
                step = np.zeros((n, _BINS + 1))
                step[np.arange(n), self.bins[item]] = sign
                own = self.below[item].copy()
                self.below += step[:, :-1].cumsum(1)
                self.total = self.total + (own if sign > 0 else -self.below[item])

    def floor(self, loss: float) -> float:
        """Return what m values in the middles of m equal parts have."""
        return 1 / (self.pairs * np.sqrt(12))


def _tails(values: np.ndarray) -> np.ndarray:
    """Return for each row the sums from each place to the end, and 0 after it."""
    sums = np.zeros((len(values), values.shape[1] + 1))
    sums[:, :-1] = values[:, ::-1].cumsum(1)[:, ::-1]
    return sums


def _greedy(aim, k: int) -> np.ndarray:
    """Begin with the pair that is best (for `uniform` the most dissimilar), always add the best item."""
    n = len(aim.square)
    of_pairs = -aim.square if isinstance(aim, _Uniform) else aim.of_mean(aim.square)
    first, second = np.unravel_index(
        np.argmin(np.where(np.eye(n, dtype=bool), np.inf, of_pairs)), aim.square.shape
    )
    chosen = [int(first), int(second)]
    left = np.ones(n, bool)
    left[chosen] = False
    aim.begin(np.array(chosen))
    while len(chosen) < k:
        others = np.flatnonzero(left)
        best = int(others[np.argmin(aim.added(others, len(chosen)))])
        aim.change(best, None)
        chosen.append(best)
        left[best] = False
    return np.sort(chosen)


def _improved(aim, chosen: np.ndarray) -> np.ndarray:
    """Exchange one chosen item for another, always the pair that helps most, until none does."""
    n = len(aim.square)
    if len(chosen) == n:
        return chosen
    chosen = chosen.copy()
    others = np.setdiff1d(np.arange(n), chosen)
    aim.begin(chosen)
    last = np.inf
    while True:
        losses = aim.swapped(chosen, others)
        best = np.unravel_index(np.argmin(losses), losses.shape)
        here = aim.here()
        if not losses[best] < min(last, here) - _SURE * max(aim.scale, abs(here)):
            return np.sort(chosen)
        last = losses[best]
        goes, comes = chosen[best[0]], others[best[1]]
        aim.change(int(comes), int(goes))
        chosen[best[0]], others[best[1]] = comes, goes
