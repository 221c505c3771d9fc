"""Choosing k of n items by their dissimilarities: the most different, or those that fit a purpose.

Greedy choices, and random ones, improved by exchanging one item at a time; the best of many is kept.
"""

from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.subset_goals import SURE, Mean, Name, Uniform, goal_of
from repscape.core.errors import DataError, unknown
from repscape.rdms.condensed import entries_of

VALUES = ("value", "mean", "sd", "greedy")
"""What files say of each choice, a number each."""

# Random sets to begin from, beside the greedy one: at least and at most, of as many as cost about the same
STARTS = {"largest": (16, 16), "target": (16, 16), "uniform": (4, 64)}
_COST = 200_000  # starts × items × chosen
_REFINED = 4  # the best choices for `uniform`, which is then judged by its integral


class Subset(NamedTuple):
    """A choice of items, and how good it is.

    Attributes
    ----------
    indices : tuple of int
        In ascending order.
    value : float
        What the goal is about: the mean dissimilarity (`largest`), its distance from the target
        (`target`), or the distance of the dissimilarities' distribution from a uniform one (`uniform`).
    mean, sd : float
        Of the chosen items' dissimilarities.
    greedy : float
        The value of the greedy choice alone.
    """

    indices: tuple[int, ...]
    value: float
    mean: float
    sd: float
    greedy: float


def choose(
    dissimilarities,
    k: int,
    goal: Name = "largest",
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
        Random starts; by default 16, for ``uniform`` from 4 of very many items to 64 of a few. The greedy
        choice is always one more, so the result is never worse.

    Returns
    -------
    Subset

    Raises
    ------
    DataError
        A dissimilarity is not a finite number; the array is no matrix of dissimilarities; k or the goal is
        impossible; `target` is missing, or given for another goal; for ``uniform``, all are equal.
    """
    square = as_square(dissimilarities)
    n = len(square)
    if not 2 <= k <= n:
        raise DataError(f"k: expected from 2 to the number of items ({n}), found {k}.")
    if goal not in STARTS:
        raise DataError(f"goal: {unknown(goal, STARTS)}")
    if (goal == "target") != (target is not None):
        raise DataError(f"target: the goal 'target' needs one, other goals cannot have one; goal: {goal}.")
    order = _canonical(square)
    square = square[np.ix_(order, order)]
    aim = goal_of(goal, square, k, target)
    greedy = _greedy(aim, k)
    tried = [greedy, _improved(aim, greedy)]
    generator = np.random.default_rng(seed)
    if starts is None:
        starts = int(np.clip(_COST // (n * k), *STARTS[goal]))
    for _ in range(starts if k < n else 0):
        tried.append(_improved(aim, np.sort(generator.permutation(n)[:k])))
    if isinstance(aim, Uniform):
        tried += [aim.refined(chosen) for chosen in sorted(tried, key=aim.loss)[:_REFINED]]
    losses = [aim.loss(chosen) for chosen in tried]
    chosen, loss = tried[int(np.argmin(losses))], min(losses)
    sign = -1 if goal == "largest" else 1
    pairs = square[np.ix_(chosen, chosen)][np.triu_indices(k, 1)]
    return Subset(
        indices=tuple(sorted(int(item) for item in order[chosen])),
        value=sign * loss,
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
    measure = Uniform(square, k).loss if uniform else Mean(square, k, 0.0).mean
    generator = np.random.default_rng(seed)
    sets = (generator.permutation(len(square))[:k] for _ in range(draws))
    return np.array([measure(chosen) for chosen in sets])


def as_square(dissimilarities) -> np.ndarray:
    """Return a float64 matrix (item, item) with a zero diagonal, of a matrix or of its pairs.

    Raises
    ------
    DataError
        It is not symmetric, has no whole number of items, fewer than two, or values that are not finite.
    """
    from scipy.spatial.distance import squareform

    values = np.array(dissimilarities, np.float64)
    if values.ndim == 2 and values.shape[0] == values.shape[1] >= 2:
        np.fill_diagonal(values, 0)
        if not np.array_equal(values, values.T, equal_nan=True):
            raise DataError("dissimilarities: expected a symmetric matrix.")
        values = squareform(values, checks=False)
    elif values.ndim != 1:
        raise DataError(f"dissimilarities: expected (item, item) or (pair,), found shape {values.shape}.")
    n = entries_of(len(values))
    if n * (n - 1) // 2 != len(values) or n < 2:
        raise DataError(f"dissimilarities: {len(values)} values are not all pairs of a number of items.")
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        first, second = (index[wrong[0]] for index in np.triu_indices(n, 1))
        raise DataError(
            f"dissimilarities: {wrong.size} of {len(values)} are not finite, the first of items {first} "
            f"and {second}. Leave out these items or this RDM."
        )
    return squareform(values)


def _canonical(square: np.ndarray) -> np.ndarray:
    """Order items by their dissimilarities alone, the most dissimilar first."""
    ordered = np.sort(square, axis=1)  # so that sums do not depend on the order of the items
    return np.lexsort((ordered[:, -1], (ordered**2).sum(1), -ordered.sum(1)))


def _greedy(aim: Mean | Uniform, k: int) -> np.ndarray:
    """Begin with the pair that is best (for `uniform` the most dissimilar), always add the best item."""
    n = len(aim.square)
    of_pairs = -aim.square if isinstance(aim, Uniform) else aim.of_mean(aim.square)
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


def _improved(aim: Mean | Uniform, chosen: np.ndarray) -> np.ndarray:
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
        if not losses[best] < min(last, here) - SURE * max(aim.scale, abs(here)):
            return np.sort(chosen)
        last = losses[best]
        goes, comes = chosen[best[0]], others[best[1]]
        aim.change(int(comes), int(goes))
        chosen[best[0]], others[best[1]] = comes, goes
