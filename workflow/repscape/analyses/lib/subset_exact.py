"""How good a choice of k items can be: exactly for small cases, a bound for all."""

from math import comb

import numpy as np

from repscape.analyses.lib.unevenness import unevenness

MOST_ITEMS = 200  # beyond, only the bound is computed
_WORK = 100_000_000  # values looked at (sets, partial ones included, × items) before the search is given up
_BLOCK = 2**21  # values held at once
_LARGEST_SPECTRAL = 2000  # items of which all eigenvalues are still computed


def solve(square: np.ndarray, k: int, goal: str, aim, loss: float) -> tuple[np.ndarray | None, float] | None:
    """Look for a choice that is better than one of a given loss, through all that there are.

    Branch and bound (Land & Doig, Econometrica 28:497, 1960), depth first, many sets at once: a set is
    extended by items that come after its last, and given up where no extension can be better. With `q`
    items to come, the sum of dissimilarities can grow by no more than the q largest of: an item's
    dissimilarities to the set, and half of its q − 1 largest to what may still come.

    Parameters
    ----------
    square : float64 array (item, item)
    k : int
    goal : {"largest", "target", "uniform"}
    aim : gives `of_mean` (not for ``uniform``)
    loss : float
        Of the best choice known.

    Returns
    -------
    (chosen, loss), or (None, loss) where nothing is better; None where there is too much to look at
    """
    n = len(square)
    if goal == "uniform":
        return _every_spread(aim.square, k, loss) if comb(n, k) * comb(k, 2) <= _WORK else None
    if n > MOST_ITEMS or (goal == "target" and comb(n, k) * n > _WORK):
        return None  # of a target: nearly every partial set can still meet it
    return _every_mean(square, k, aim, loss)


def highest_mean(square: np.ndarray, k: int) -> float:
    """Return a mean dissimilarity that no k items exceed.

    The smaller of two bounds. By rows: half of the sum, over k items, of their k − 1 largest
    dissimilarities. By eigenvalues (up to 2,000 items): the indicator x of a choice is (k/n)·1 + y with
    y ⊥ 1 and ‖y‖² = k − k²/n, so xᵀDx is at most the maximum of a quadratic function on a sphere, which
    Lagrangian duality bounds: λ‖y‖² + Σ_e g_e²/(λ − a_e) for every λ above the largest eigenvalue a of the
    centred D. Both are loose where dissimilarities are nearly independent of each other.
    """
    n = len(square)
    without_self = square + np.diag(np.full(n, -np.inf))
    rows = np.sort(np.partition(without_self, n - k + 1 - (k == n), axis=1)[:, n - k + 1 :].sum(1))
    bound = rows[n - k :].sum() / (k * (k - 1))
    if k < n <= _LARGEST_SPECTRAL:
        bound = min(bound, _spectral(square, k))
    return float(bound)


def _spectral(square: np.ndarray, k: int) -> float:
    from scipy.optimize import minimize_scalar

    n = len(square)
    means = square.mean(1)
    centred = square - means - means[:, None] + means.mean()
    eigenvalues, vectors = np.linalg.eigh(centred)
    weights = (vectors.T @ (k * (means - means.mean()))) ** 2
    radius = k - k**2 / n
    top = eigenvalues[-1]
    width = max(top - eigenvalues[0], np.abs(square).max() * 1e-6, 1e-300)

    def dual(log_distance):
        multiplier = top + width * np.exp(log_distance)
        return multiplier * radius + (weights / (multiplier - eigenvalues)).sum()

    found = minimize_scalar(dual, bounds=(-25, 5), method="bounded")
    return (k**2 * means.mean() + found.fun) / (k * (k - 1)) * (1 + 1e-12) + 1e-12 * width / k


def _every_mean(square: np.ndarray, k: int, aim, loss: float):
    n = len(square)
    pairs = k * (k - 1) / 2
    to_come = _Extensions(square, k)
    target = aim.target
    sure = 1e-12 * aim.scale
    best: np.ndarray | None = None
    looked_at = 0
    # Of each set: its items, the sum of its pairs, each item's sum of dissimilarities to it.
    stack = [(np.empty((1, 0), np.int64), np.zeros(1), np.zeros((1, n)))]
    while stack:
        items, totals, sums = stack.pop()
        size = items.shape[1]
        last = items[:, -1] if size else np.full(len(items), -1)
        parent, item = np.nonzero(np.arange(n) > last[:, None])
        enough = n - 1 - item >= k - size - 1
        parent, item = parent[enough], item[enough]
        looked_at += len(item)
        if looked_at * n > _WORK:
            return None
        totals = totals[parent] + sums[parent, item]
        if size + 1 == k:
            losses = aim.of_mean(totals / pairs)
            at = int(np.argmin(losses)) if len(losses) else -1
            if at >= 0 and losses[at] < loss - sure:
                best, loss = np.append(items[parent[at]], item[at]), float(losses[at])
            continue
        sums = sums[parent] + square[item]
        highest = (totals + to_come.most(sums, item, k - size - 1)) / pairs
        if target is None:
            promising = -highest < loss - sure
        else:
            lowest = (totals + to_come.least(sums, item, k - size - 1)) / pairs
            promising = np.maximum(0, np.maximum(lowest - target, target - highest)) < loss - sure
        keep = np.flatnonzero(promising)
        keep = keep[np.argsort(highest[keep], kind="stable")]  # the most promising is popped first
        items = np.column_stack([items[parent], item])
        step = max(1, _BLOCK // n**2)
        for start in range(0, len(keep), step):
            some = keep[start : start + step]
            stack.append((items[some], totals[some], sums[some]))
    return best, loss


class _Extensions:
    """What the sum of dissimilarities can still grow by."""

    def __init__(self, square: np.ndarray, k: int):
        self.n = len(square)
        self.half_most = self._halves(square, k)
        self.half_least = -self._halves(-square, k)

    @staticmethod
    def _halves(square: np.ndarray, k: int) -> np.ndarray:
        """Return half of the sum of an item's c largest ones to items after `last`: (c, last, item)."""
        n = len(square)
        halves = np.full((k, n, n), -np.inf)
        halves[0] = 0
        for last in range(n):
            later = np.where(np.eye(n, dtype=bool), -np.inf, square)[:, last + 1 :]
            sums = -np.sort(-later, axis=1)[:, : k - 1].cumsum(1).T / 2
            halves[1 : 1 + len(sums), last] = sums
        return halves

    def most(self, sums: np.ndarray, last: np.ndarray, count: int) -> np.ndarray:
        """Return no less than what any `count` items after `last` add to sets with these sums."""
        gains = np.where(np.arange(self.n) > last[:, None], sums + self.half_most[count - 1][last], -np.inf)
        return np.partition(gains, self.n - count, axis=1)[:, self.n - count :].sum(1)

    def least(self, sums: np.ndarray, last: np.ndarray, count: int) -> np.ndarray:
        """Return no more than what any `count` items after `last` add."""
        gains = np.where(np.arange(self.n) > last[:, None], sums + self.half_least[count - 1][last], np.inf)
        return np.partition(gains, count - 1, axis=1)[:, :count].sum(1)


def _every_spread(square: np.ndarray, k: int, loss: float):
    """Look at every choice, for how evenly its dissimilarities are spread."""
    from itertools import chain, combinations, islice

    first, second = np.triu_indices(k, 1)
    every = combinations(range(len(square)), k)
    best = None
    while block := list(islice(every, max(1, _BLOCK // k**2))):
        items = np.fromiter(chain.from_iterable(block), np.int64, len(block) * k).reshape(-1, k)
        losses = unevenness(square[items[:, first], items[:, second]])
        at = int(np.argmin(losses))
        if losses[at] < loss - 1e-12:
            best, loss = items[at], float(losses[at])
    return best, loss
