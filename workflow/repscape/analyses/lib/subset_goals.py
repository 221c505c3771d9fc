"""What a choice of items is for: the largest mean dissimilarity, a target, or an even spread.

A goal gives each choice a loss, and says quickly how exchanges of single items would change it.
"""

from typing import Literal

import numpy as np

from repscape.core.errors import DataError

Name = Literal["largest", "target", "uniform"]

SURE = 1e-12  # relative; what rounding may do to a sum is no improvement
_BINS = 128  # of the range of dissimilarities, while exchanging items for `uniform`
_FEW = 10_000_000  # values up to which exchanges are judged by the integral


def goal_of(name: Name, square: np.ndarray, k: int, target: float | None) -> "Mean | Uniform":
    """Return the goal of a name, for choices of k items of a matrix (item, item)."""
    return Uniform(square, k) if name == "uniform" else Mean(square, k, target)


class Mean:
    """The largest mean, or one close to a target. The loss is −mean, or the distance from the target."""

    def __init__(self, square: np.ndarray, k: int, target: float | None):
        """Take a matrix (item, item), how many items are chosen, and the target, if there is one."""
        self.square, self.k, self.target = square, k, target
        self.scale = np.abs(square).max() or 1.0

    def of_mean(self, mean):  # noqa: ANN201 (as what it takes)
        """Return the loss of a mean."""
        return -mean if self.target is None else np.abs(mean - self.target)

    def mean(self, chosen: np.ndarray) -> float:
        """Return the mean dissimilarity of some items."""
        return float(self.square[np.ix_(chosen, chosen)][np.triu_indices(len(chosen), 1)].mean())

    def loss(self, chosen: np.ndarray) -> float:
        """Return the loss of a choice."""
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
        """Note that an item is now chosen, and another no longer."""
        self.total += self.sums[added]
        self.sums += self.square[:, added]
        if removed is not None:
            self.sums -= self.square[:, removed]
            self.total -= self.sums[removed]


class Uniform:
    """Dissimilarities spread evenly over the range of all. The loss is √∫(F(x) − x)² dx.

    While items are exchanged F is looked at in the middle of each of `_BINS` bins, where the integral
    becomes a sum over bins and thus every exchange a few products; what is found is judged by the integral.
    """

    scale = 1.0

    def __init__(self, square: np.ndarray, k: int):
        """Take a matrix (item, item), and how many items are chosen."""
        off = ~np.eye(len(square), dtype=bool)
        low, high = square[off].min(), square[off].max()
        if low == high:
            raise DataError(
                "dissimilarities: all are equal, so no choice is spread more evenly than another."
            )
        self.k, self.pairs = k, k * (k - 1) / 2
        self.square = (square - low) / (high - low)
        # The first bin in whose middle a dissimilarity is counted; none counts itself.
        self.bins = np.where(off, np.ceil(self.square * _BINS - 0.5), _BINS).astype(np.int16)
        self.even = (np.arange(_BINS) + 0.5) / _BINS

    def loss(self, chosen: np.ndarray) -> float:
        """Return the loss of a choice."""
        values = self.square[np.ix_(chosen, chosen)][np.triu_indices(len(chosen), 1)]
        return float(unevenness(values[None])[0])

    def refined(self, chosen: np.ndarray) -> np.ndarray:
        """Exchange items as long as the integral gets smaller, where there are few enough exchanges."""
        first, second = np.triu_indices(self.k, 1)
        others = np.setdiff1d(np.arange(len(self.square)), chosen)
        if len(chosen) * len(others) * len(first) > _FEW:
            return chosen
        loss = self.loss(chosen)
        while len(others):
            sets = np.repeat(chosen[None], len(chosen) * len(others), axis=0)
            gone = np.arange(len(sets)) // len(others)
            sets[np.arange(len(sets)), gone] = np.tile(others, len(chosen))
            losses = unevenness(self.square[sets[:, first], sets[:, second]])
            best = int(np.argmin(losses))
            if not losses[best] < loss - SURE:
                break
            chosen, loss = sets[best], losses[best]
            others = np.setdiff1d(np.arange(len(self.square)), chosen)
        return np.sort(chosen)

    def begin(self, chosen: np.ndarray) -> None:
        """Remember how many dissimilarities to the chosen ones are below each bin's middle: (item, bin)."""
        n = len(self.square)
        counts = np.zeros((n, _BINS + 1))
        for item in chosen:
            counts[np.arange(n), self.bins[item]] += 1
        self.below = counts[:, :-1].cumsum(1)
        self.total = self.below[chosen].sum(0) / 2

    def here(self) -> float:
        """Return the loss of what is chosen, as `swapped` counts it."""
        return float(np.square(self.total - self.pairs * self.even).sum())

    def added(self, others: np.ndarray, size: int) -> np.ndarray:
        """Return the losses with one of the others added to `size` chosen ones."""
        pairs = size * (size + 1) / 2
        return np.square((self.total + self.below[others]) / pairs - self.even).sum(1)

    def swapped(self, chosen: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the losses (chosen, other) with one of the chosen given for one of the others."""
        # With e the excess of counts, a and b the counts of who comes and who goes and t the pair of the two,
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
        """Note that an item is now chosen, and another no longer."""
        n = len(self.square)
        for item, sign in ((added, 1), (removed, -1)):
            if item is not None:
                step = np.zeros((n, _BINS + 1))
                step[np.arange(n), self.bins[item]] = sign
                before = self.below[item].copy()
                self.below += step[:, :-1].cumsum(1)
                self.total = self.total + (before if sign > 0 else -self.below[item])


def _tails(values: np.ndarray) -> np.ndarray:
    """Return for each row the sums from each value to the end, and 0 after it."""
    sums = np.zeros((len(values), values.shape[1] + 1))
    sums[:, :-1] = values[:, ::-1].cumsum(1)[:, ::-1]
    return sums


def unevenness(values: np.ndarray) -> np.ndarray:
    """Return √∫(F(x) − x)² dx over [0, 1], with F the cumulative distribution of some values.

    With the m values in order, x₁ ≤ … ≤ x_m, and F = p/m from x_p to x_{p+1}, the integral is
    Σ_p ((x_p − (p − ½)/m)² / m) + 1/(12 m²), as of the Cramér-von Mises statistic.

    Parameters
    ----------
    values : float array (set, m), between 0 and 1

    Returns
    -------
    float64 array (set,)
    """
    m = values.shape[1]
    even = (np.arange(m) + 0.5) / m
    return np.sqrt(np.square(np.sort(values, axis=1) - even).mean(1) + 1 / (12 * m**2))
