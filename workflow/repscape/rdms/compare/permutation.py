"""Whether models are like data at all: tests by permuting the entries of the data."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from repscape.core.seeds import derive
from repscape.rdms.compare.comparison import (
    ROUNDING,
    Comparison,
    orders_of,
    orders_used,
    places_of,
    standardised,
    tau_a,
)
from repscape.rdms.condensed import entries_of

_BLOCK = 2**22  # values held at once


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
    repeats, and sets have orders of their own. p = (1 + permutations that are at least as similar) /
    (1 + permutations) (Mantel, Cancer Res. 27:209, 1967). Of one set whose entries have no more than
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
    actual = [own(np.arange(size)[np.newaxis])[0] for own, size in zip(similarity, sizes, strict=True)]
    held = np.mean(actual, axis=0)
    larger, largest_larger, taken = np.zeros(len(held), int), np.zeros(len(held), int), 0
    step = max(1, _BLOCK // max(d.shape[1] for d in data))
    orders = [_orders(size, count, seed, at, len(data), step) for at, size in enumerate(sizes)]
    for together in zip(*orders, strict=True):
        null = sum(own(order) for own, order in zip(similarity, together, strict=True)) / len(data)
        larger += (null >= held - ROUNDING).sum(0)
        largest_larger += (null.max(1, keepdims=True) >= held - ROUNDING).sum(0)
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
            permuted = data.take(places_of(orders), axis=1).reshape(-1, data.shape[1])
            return tau_a(permuted, models).reshape(len(data), len(orders), -1).mean(0)

        return by_tau
    # All others are products with one vector: the mean over repeats of the standardised RDMs.
    mean = standardised(data, comparison)[0].mean(0)
    right = standardised(models, comparison)[1].T
    return lambda orders: mean[places_of(orders)] @ right
