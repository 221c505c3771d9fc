"""Whether RDMs are alike at all: tests by permuting the entries of one of them.

`p_values` tests each two of some RDMs, `permutation_tests` models against data.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations as all_orders
from math import factorial
from typing import NamedTuple

import numpy as np

from repscape.core.seeds import derive
from repscape.metrics.lib.distances import pairs
from repscape.rdms.compare.comparison import Comparison, blocks_of_same_entries, standardised
from repscape.rdms.compare.kendall import tau_a
from repscape.rdms.condensed import checked, entries_of, permuted_pairs

_BLOCK = 2**22  # values in memory at once
_ROWS = 64  # RDMs permuted at once: those before them were compared with them already
# Permutations that give the same value must count as such, whatever rounding makes of them.
ROUNDING = 1e-10
_FEW = 9  # entries whose orders, 362,880, can all be taken


class Permutation(NamedTuple):
    """Tests of models against data whose entries have other labels.

    Attributes
    ----------
    p : float64 array (model,)
        One-sided, of each model by itself.
    p_max : float64 array (model,)
        Corrected for all models: against the largest similarity of any in each permutation (Nichols & Holmes,
        Hum. Brain Mapp. 15:1, 2002). It knows how alike models are, as Holm's correction does not.
    count : int
        How many permutations were taken.
    """

    p: np.ndarray
    p_max: np.ndarray
    count: int  # type: ignore[assignment] # a tuple's method of this name is not used


def permutation_tests(
    data: Sequence[np.ndarray],
    models: Sequence[np.ndarray],
    comparison: Comparison,
    permutations: int,
    seed: int,
) -> Permutation:
    """Test models for being more like the data than if the data's entries had other labels.

    The similarity is the mean over sets and repeats. The entries of a set have the same order in all
    repeats, and each set has different orders. p = (1 + permutations that are at least as similar) /
    (1 + permutations). Of one set whose entries have no more than
    1 + `permutations` orders, each is taken once, and p is exact.

    Parameters
    ----------
    data : sequence of float arrays (repeat, pair)
        One a set of entries. All values finite.
    models : sequence of float arrays (model, pair)
        One a set.
    comparison : str
        See `repscape.rdms.compare.comparison.compare`.
    permutations, seed : int

    Returns
    -------
    Permutation
    """
    sizes = [entries_of(d.shape[1]) for d in data]
    count = orders_used(sizes[0], permutations) if len(data) == 1 else permutations
    similarity = [_similarity(d, m, comparison) for d, m in zip(data, models, strict=True)]
    of_sets = [of(np.arange(size)[np.newaxis])[0] for of, size in zip(similarity, sizes, strict=True)]
    actual = np.mean(of_sets, axis=0)
    larger, largest_larger, taken = np.zeros(len(actual), int), np.zeros(len(actual), int), 0
    step = max(1, _BLOCK // max(d.shape[1] for d in data))
    orders = [_orders(size, count, seed, at, len(data), step) for at, size in enumerate(sizes)]
    for together in zip(*orders, strict=True):
        null = sum(of(order) for of, order in zip(similarity, together, strict=True)) / len(data)
        larger += (null >= actual - ROUNDING).sum(0)
        largest_larger += (null.max(1, keepdims=True) >= actual - ROUNDING).sum(0)
        taken += len(null)
    return Permutation((1 + larger) / (1 + taken), (1 + largest_larger) / (1 + taken), taken)


def _orders(entries: int, count: int, seed: int, at: int, sets: int, step: int) -> Iterator[np.ndarray]:
    """Yield orders of a set's entries; of several sets, as many at a time for each."""
    if sets == 1:
        return orders_of(entries, count, seed, step)
    generator = np.random.default_rng(derive(seed, "orders of entries", at, entries))
    sizes = [min(step, count - start) for start in range(0, count, step)]
    return (np.array([generator.permutation(entries) for _ in range(size)]) for size in sizes)


def _similarity(data: np.ndarray, models: np.ndarray, comparison: Comparison) -> Callable:
    """Return a function from orders (order, entry) to similarities (order, model), mean over repeats."""
    if comparison == "kendall":

        def by_tau(orders):
            permuted = data.take(permuted_pairs(orders), axis=1).reshape(-1, data.shape[1])
            return tau_a(permuted, models).reshape(len(data), len(orders), -1).mean(0)

        return by_tau
    # All others are products with one vector: the mean over repeats of the standardised RDMs.
    mean = standardised(data, comparison)[0].mean(0)
    right = standardised(models, comparison)[1].T
    return lambda orders: mean[permuted_pairs(orders)] @ right


def p_values(
    vectors: np.ndarray, kind: Comparison, permutations: int, seed: int, *, block: int = _BLOCK
) -> np.ndarray:
    """Test each two RDMs for being more alike than if the entries of one had other labels.

    p = (1 + permutations that are at least as similar) / (1 + permutations); the entries of the RDM that
    comes first are permuted. Where the entries have no more than
    1 + `permutations` orders, each order is taken once: p is then exact, a multiple of 1 / orders.

    The permutations depend on the seed and the number of entries alone: what else is compared does not
    matter, and all pairs of RDMs share them.

    Parameters
    ----------
    vectors, kind : as in `compare`
    permutations, seed : int
    block : int
        Values in memory at once.

    Returns
    -------
    float64 array (pair of rdms,)
        One-sided; NaN where the comparison is undefined.
    """
    vectors = checked(vectors)
    found = np.full((len(vectors), len(vectors)), np.nan)
    for some, others, used in blocks_of_same_entries(vectors):
        for rows in np.split(some, range(_ROWS, len(some), _ROWS)):
            columns = others[others > rows[0]]
            if columns.size:
                x, y = vectors[rows][:, used], vectors[columns][:, used]
                found[np.ix_(rows, columns)] = _p(x, y, kind, permutations, seed, block)
    return found[pairs(len(vectors))]


def _p(
    x: np.ndarray, y: np.ndarray, kind: Comparison, permutations: int, seed: int, block: int
) -> np.ndarray:
    """Test every row of x, its entries permuted, against every row of y."""
    if kind == "kendall":
        left, right = x, y
    else:
        # Permuting entries does not change a norm: two RDMs' distances are ordered as their angles are.
        angle = "cosine" if kind == "euclidean" else kind
        left, right = standardised(x, angle)[0], standardised(y, angle)[1]
        if kind == "euclidean":
            left, right = np.nan_to_num(left), np.nan_to_num(right)  # of values 0: all equally far

    def similarity(left):
        return tau_a(left, right) if kind == "kendall" else left @ right.T

    actual = similarity(left)
    counts = np.zeros(actual.shape, np.int64)
    entries = entries_of(x.shape[1])
    step = max(1, block // (len(x) * max(x.shape[1], len(y))))
    total = 0
    for orders in orders_of(entries, permutations, seed, step):
        permuted = left.take(permuted_pairs(orders), axis=1).reshape(-1, x.shape[1])
        null = similarity(permuted).reshape(len(x), len(orders), len(y))
        counts += (null >= actual[:, np.newaxis] - ROUNDING).sum(1)
        total += len(orders)
    return np.where(np.isnan(actual), np.nan, (1 + counts) / (1 + total))


def orders_used(entries: int, permutations: int) -> int:
    """Return how many permutations `p_values` takes: no more than there are beside the actual order."""
    return min(permutations, factorial(entries) - 1) if entries <= _FEW else permutations


def orders_of(entries: int, permutations: int, seed: int, step: int) -> Iterator[np.ndarray]:
    """Yield orders of the entries, int array (at most `step`, entry)."""
    count = orders_used(entries, permutations)
    if entries <= _FEW and count == factorial(entries) - 1:
        every = np.array(list(all_orders(range(entries))))[1:]  # the first is the actual order
        yield from (every[start : start + step] for start in range(0, count, step))
        return
    generator = np.random.default_rng(derive(seed, "orders of entries", entries))
    for start in range(0, count, step):
        # one after the other, so that they do not depend on how many are in memory at once
        yield np.array([generator.permutation(entries) for _ in range(min(step, count - start))])
