"""How alike RDMs are: comparisons of their values, and tests by permuting entries.

An RDM is a vector of its values over pairs of entries i < j, row by row. Where activity was constant for
an entry, all pairs with it are undefined; so what is undefined is left out by entries: two RDMs are
compared on the entries that both define.
"""

from collections.abc import Iterator
from itertools import permutations as all_orders
from math import factorial, sqrt
from typing import Literal

import numpy as np

from repscape.core.errors import DataError
from repscape.core.seeds import derive
from repscape.metrics.lib.distances import pairs
from repscape.rdms.condensed import entries_of, places

Comparison = Literal[
    "pearson", "spearman", "kendall", "cosine", "euclidean", "whitened_pearson", "whitened_cosine"
]
# One minus a similarity is half the squared distance of vectors of length 1: of values (minus their mean), of
# ranks, and for τ-a without ties of the signs of differences.
NOT_SQUARED = ("euclidean",)
_BLOCK = 2**22  # values held at once
_ROWS = 64  # RDMs permuted at once: those before them were compared with them already
# Permutations that give the same value must count as such, whatever rounding makes of them.
ROUNDING = 1e-10
# Kendall's τ of many short RDMs is a matrix product of signs; of few long ones, sorting costs less.
_SIGNS_PER_RDM, _MOST_SIGNS = 100, 20_000
# Of the largest value of an RDM, or of a metric: what is smaller, computed in float64, may be rounding alone.
_ROUNDING = 16 * np.finfo(np.float64).eps
_FEW = 9  # entries whose orders, 362,880, can all be taken


def compare(vectors: np.ndarray, kind: Comparison) -> np.ndarray:
    """Return how dissimilar each two RDMs are.

    One minus a similarity, or the distance, of the two RDMs' values x and y:

    - ``pearson``: Pearson's r. NaN where an RDM's values are all equal, as they are with two entries.
    - ``spearman``: r of the ranks; ties get their average rank. Here as in ``kendall``, values that are but
      rounding beside the RDM's largest are ties (`settled`).
    - ``kendall``: Kendall's τ-a, (concordant − discordant) / all pairs of values. Ties are neither, so that
      an RDM with ties is not perfectly similar to itself, and one of equal values has τ-a = 0.
      τ-a does not favour models that predict ties (Nili et al., PLoS Comput. Biol. 10:e1003553, 2014).
    - ``cosine``: the cosine of the angle; NaN where all values are 0.
    - ``euclidean``: the distance √Σ (x − y)². Where pairs are left out, times √(all pairs / pairs used).
    - ``whitened_cosine``: x'V⁻¹y / √(x'V⁻¹x · y'V⁻¹y), with V the covariance of the values of an RDM of
      independent patterns, up to a factor: 4 for a pair with itself, 1 for pairs with a common entry, else 0
      (Diedrichsen et al., Neurons Behav. Data Anal. Theory 5(3), 2021). ``whitened_pearson``: the same of
      values minus their mean.

    Parameters
    ----------
    vectors : float array (rdm, pair)
        Values that are not finite are undefined; see `defined_entries`.
    kind : str

    Returns
    -------
    float64 array (pair of rdms,)
        NaN where fewer than two entries are defined in both.

    Raises
    ------
    DataError
        These are not RDMs.
    """
    vectors = _checked(vectors)
    found = np.full((len(vectors), len(vectors)), np.nan)
    for some, others, used in _blocks(vectors):
        x = vectors[some][:, used]
        y = x if some is others else vectors[others][:, used]
        found[np.ix_(some, others)] = _dissimilarities(x, y, kind, vectors.shape[1])
    return found[pairs(len(vectors))]


def p_values(vectors: np.ndarray, kind: Comparison, permutations: int, seed: int) -> np.ndarray:
    """Test each two RDMs for being more alike than if the entries of one had other labels.

    p = (1 + permutations that are at least as similar) / (1 + permutations); the entries of the RDM that
    comes first are permuted (Mantel, Cancer Res. 27:209, 1967). Where the entries have no more than
    1 + `permutations` orders, each order is taken once: p is then exact, a multiple of 1 / orders.

    The permutations depend on the seed and the number of entries alone: what else is compared does not
    matter, and all pairs of RDMs share them.

    Parameters
    ----------
    vectors, kind : as in `compare`
    permutations : int
    seed : int

    Returns
    -------
    float64 array (pair of rdms,)
        One-sided; NaN where the comparison is undefined.
    """
    vectors = _checked(vectors)
    found = np.full((len(vectors), len(vectors)), np.nan)
    for some, others, used in _blocks(vectors):
        for rows in np.split(some, range(_ROWS, len(some), _ROWS)):
            columns = others[others > rows[0]]
            if columns.size:
                x, y = vectors[rows][:, used], vectors[columns][:, used]
                found[np.ix_(rows, columns)] = _p(x, y, kind, permutations, seed)
    return found[pairs(len(vectors))]


def orders_used(entries: int, permutations: int) -> int:
    """Return how many permutations `p_values` takes: no more than there are beside the actual order."""
    return min(permutations, factorial(entries) - 1) if entries <= _FEW else permutations


def defined_entries(vectors: np.ndarray) -> np.ndarray:
    """Find the entries of each RDM between which every value is finite.

    The entry that lacks most values is left out, the first of equals, until none are lacking.

    Returns
    -------
    bool array (rdm, entry)
    """
    entries = entries_of(vectors.shape[1])
    first, second = pairs(entries)
    kept = np.ones((len(vectors), entries), bool)
    for at in np.flatnonzero(~np.isfinite(vectors).all(1)):
        lacking = np.zeros((entries, entries), bool)
        lacking[first, second] = lacking[second, first] = ~np.isfinite(vectors[at])
        while (counts := lacking.sum(0)).any():
            worst = counts.argmax()
            kept[at, worst] = False
            lacking[worst] = lacking[:, worst] = False
    return kept


def left_out(vectors: np.ndarray) -> np.ndarray:
    """Return which share of the pairs of entries is left out when each two RDMs are compared.

    Returns
    -------
    float64 array (pair of rdms,)
    """
    kept = defined_entries(vectors).astype(np.float64)
    common = kept @ kept.T
    used = common * (common - 1) / 2
    return 1 - used[pairs(len(vectors))] / vectors.shape[1]


def settled(values: np.ndarray, scale: float = 0.0) -> np.ndarray:
    """Return an RDM's values, with 0 for what rounding may have made alone: these are ties.

    Parameters
    ----------
    values : float64 array (…, pair)
        Those of each RDM are compared with the largest of them.
    scale : float
        How large values of the metric are, where it tells it: 1 of 1 − r.
    """
    with np.errstate(invalid="ignore"):
        size = np.abs(values)
        largest = np.where(np.isfinite(size), size, 0).max(-1, keepdims=True, initial=scale)
        return np.where(size <= _ROUNDING * largest, 0, values)


def _checked(vectors) -> np.ndarray:
    """Return RDMs as float64 (rdm, pair), without what is rounding."""
    vectors = np.asarray(vectors, np.float64)
    entries = entries_of(vectors.shape[-1]) if vectors.ndim else 0
    if vectors.ndim != 2 or entries * (entries - 1) // 2 != vectors.shape[1]:
        raise DataError(
            "expected RDMs as rows of their values over pairs of entries (3 for 3 entries, 6 for 4, …), "
            f"found an array of shape {vectors.shape}. Square matrices become rows by scipy's squareform."
        )
    return settled(vectors)


def _blocks(vectors: np.ndarray) -> Iterator[tuple]:
    """Yield RDMs, RDMs to compare them with, and on which values; RDMs of the same entries together."""
    if not vectors.size:
        return
    first, second = pairs(entries_of(vectors.shape[1]))
    masks, which = np.unique(defined_entries(vectors), axis=0, return_inverse=True)
    members = [np.flatnonzero(which == mask) for mask in range(len(masks))]
    for a, b in np.ndindex(len(masks), len(masks)):
        some, others = members[a], members[b]
        common = masks[a] & masks[b]
        if some[0] <= others[-1] and common.sum() > 1:
            everything = common.all()
            yield some, others, slice(None) if everything else common[first] & common[second]


def _dissimilarities(x: np.ndarray, y: np.ndarray, kind: Comparison, length: int) -> np.ndarray:
    """Compare every row of x with every row of y."""
    if kind == "euclidean":
        from scipy.spatial.distance import cdist

        return cdist(x, y) * sqrt(length / x.shape[1])
    similarity = tau_a(x, y) if kind == "kendall" else standardised(x, kind)[0] @ standardised(y, kind)[1].T
    found = 1 - similarity.clip(-1, 1)
    found[found <= _ROUNDING * sqrt(x.shape[1])] = 0  # rounding of a sum over pairs grows with its root
    return found


def standardised(vectors: np.ndarray, kind: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """Return a and b such that a_i · b_j is the similarity of RDMs i and j."""
    values = vectors
    if kind == "spearman":
        from scipy.stats import rankdata

        values = rankdata(values, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = values / np.abs(values).max(1, keepdims=True)  # so that squares stay in range
        if kind in ("pearson", "spearman", "whitened_pearson"):
            constant = values.max(1) == values.min(1)
            values = values - values.mean(1, keepdims=True)
            values[constant] = np.nan
        weighted = _whitened(values) if kind.startswith("whitened") else values
        norm = np.sqrt(np.einsum("rp,rp->r", values, weighted))[:, np.newaxis]
        return values / norm, weighted / norm


def _whitened(vectors: np.ndarray) -> np.ndarray:
    """Return V⁻¹ y, times 2, of each row y.

    V = 2I + AAᵀ, where A (pair, entry) is 1 where the entry is of the pair. AᵀA = (n − 2)I + 11ᵀ, so that
    Woodbury's identity gives 2V⁻¹ = I − A (nI + 11ᵀ)⁻¹ Aᵀ.
    """
    entries = entries_of(vectors.shape[1])
    first, second = pairs(entries)
    sums = np.zeros((len(vectors), entries))
    for at, y in enumerate(vectors):
        sums[at] = np.bincount(first, y, entries) + np.bincount(second, y, entries)
    means = (sums - vectors.sum(1, keepdims=True) / entries) / entries
    return vectors - means[:, first] - means[:, second]


def whitened_similarity(x: np.ndarray, y: np.ndarray, kind: Comparison) -> np.ndarray:
    """Return the whitened cosine or r of every row of x with every row of y, where all have the same gaps.

    As `compare`, with V of the pairs that there are: those of a bootstrap sample of entries lack the pairs of
    two copies of one entry. With A as in `_whitened`, of these pairs, Woodbury's identity needs a matrix of
    entries alone: 2V⁻¹ = I − A (2I + AᵀA)⁻¹ Aᵀ.

    Parameters
    ----------
    x, y : float arrays (rdm, pair)
        NaN in the same pairs of all.
    kind : {"whitened_cosine", "whitened_pearson"}

    Returns
    -------
    float64 array (rdm of x, rdm of y)
    """
    entries = entries_of(x.shape[1])
    there = np.isfinite(x).all(0) & np.isfinite(y).all(0)
    first, second = (ends[there] for ends in pairs(entries))
    inner = np.zeros((entries, entries))
    inner[first, second] = inner[second, first] = 1
    np.fill_diagonal(inner, inner.sum(0) + 2)
    rows = np.concatenate([x, y])[:, there]
    if kind == "whitened_pearson":
        rows = rows - rows.mean(1, keepdims=True)
    sums = np.array([np.bincount(first, row, entries) + np.bincount(second, row, entries) for row in rows])
    shares = np.linalg.solve(inner, sums.T).T
    white = rows - shares[:, first] - shares[:, second]
    with np.errstate(invalid="ignore", divide="ignore"):
        norm = np.sqrt(np.einsum("rp,rp->r", rows, white))
        return (rows[: len(x)] / norm[: len(x), None]) @ (white[len(x) :] / norm[len(x) :, None]).T


def tau_a(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return Kendall's τ-a between every row of x and every row of y."""
    from scipy.stats import rankdata

    length = x.shape[1]
    if length < 2:
        return np.full((len(x), len(y)), np.nan)
    if length > min(_SIGNS_PER_RDM * min(len(x), len(y)), _MOST_SIGNS):
        return np.array([[_tau_by_sorting(a, b) for b in y] for a in x])
    ranks = [rankdata(v, method="dense", axis=1).astype(np.float32) for v in ([x] if x is y else [x, y])]
    sums = np.zeros((len(x), len(y)))
    step = max(1, _BLOCK // ((len(x) + len(y)) * length))
    for start in range(0, length - 1, step):
        signs = [_signs(rank, start, min(start + step, length - 1)) for rank in ranks]
        sums += signs[0] @ signs[-1].T  # sums of fewer than 2**24 signs are exact in float32
    return sums / (length * (length - 1) / 2)


def _signs(ranks: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Return the signs of the differences of values start … stop − 1 from all after each."""
    return np.concatenate(
        [(ranks[:, at + 1 :] - ranks[:, [at]]).clip(-1, 1) for at in range(start, stop)], axis=1
    )


def _tau_by_sorting(x: np.ndarray, y: np.ndarray) -> float:
    """Return τ-a from SciPy's τ-b = (concordant − discordant) / √(untied in x · untied in y)."""
    from scipy.stats import kendalltau

    every = len(x) * (len(x) - 1) / 2
    untied = [every - (n * (n - 1) / 2).sum() for n in (np.unique(v, return_counts=True)[1] for v in (x, y))]
    return float(kendalltau(x, y).statistic) * sqrt(untied[0] * untied[1]) / every if all(untied) else 0.0


def _p(x: np.ndarray, y: np.ndarray, kind: Comparison, permutations: int, seed: int) -> np.ndarray:
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

    held = similarity(left)
    counts = np.zeros(held.shape, np.int64)
    entries = entries_of(x.shape[1])
    step = max(1, _BLOCK // (len(x) * max(x.shape[1], len(y))))
    total = 0
    for orders in orders_of(entries, permutations, seed, step):
        permuted = left.take(places_of(orders), axis=1).reshape(-1, x.shape[1])
        null = similarity(permuted).reshape(len(x), len(orders), len(y))
        counts += (null >= held[:, np.newaxis] - ROUNDING).sum(1)
        total += len(orders)
    return np.where(np.isnan(held), np.nan, (1 + counts) / (1 + total))


def orders_of(entries: int, permutations: int, seed: int, step: int) -> Iterator[np.ndarray]:
    """Yield orders of the entries, int array (at most `step`, entry)."""
    count = orders_used(entries, permutations)
    if entries <= _FEW and count == factorial(entries) - 1:
        every = np.array(list(all_orders(range(entries))))[1:]  # the first is the actual order
        yield from (every[start : start + step] for start in range(0, count, step))
        return
    generator = np.random.default_rng(derive(seed, "orders of entries", entries))
    for start in range(0, count, step):
        # one after the other, so that they do not depend on how many are held at once
        yield np.array([generator.permutation(entries) for _ in range(min(step, count - start))])


def places_of(orders: np.ndarray) -> np.ndarray:
    """Return where the value of each pair of permuted entries stands: int array (order, pair)."""
    first, second = pairs(orders.shape[1])
    return places(orders[:, first], orders[:, second], orders.shape[1])
