"""One RDM's dissimilarities within and between categories, with tests and intervals."""

from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.category_means import (
    counts_of,
    image_draws,
    means,
    permutation_test,
    resampled_means,
)
from repscape.analyses.lib.image_resampling import interval, resampled_medians
from repscape.analyses.lib.of_rdms import OneRdm
from repscape.core.natural_order import natural
from repscape.metrics.lib.distances import pairs
from repscape.plugin.registry import find_or_base

FEWEST = 4  # images of a category, for an interval: of fewer, it would hold the true value too rarely
MEANS = ("within", "between", "clustering", "index")
MEDIANS = ("differentiation_within", "differentiation_between")


class CategoryRdm(NamedTuple):
    """What was found of an RDM.

    Attributes
    ----------
    rdm : OneRdm
    categories : list of str
        In natural order.
    images : int array (category,)
    values : dict of str to float64 array (1 + category,)
        `MEANS` and `MEDIANS`, of all categories first, each with ``_low`` and ``_high``; ``p``.
    permutations : int
    exact : bool
    mean, median : float64 arrays (category, category)
        On the diagonal within a category.
    """

    rdm: OneRdm
    categories: list[str]
    images: np.ndarray
    values: dict[str, np.ndarray]
    permutations: int
    exact: bool
    mean: np.ndarray
    median: np.ndarray


def measure(
    rdm: OneRdm, categories: np.ndarray, single: np.ndarray, permutations: int, resamples: int, seed: int
) -> CategoryRdm:
    """Compare an RDM's dissimilarities within and between categories.

    Parameters
    ----------
    rdm : OneRdm
        Averaged over draws and presentations.
    categories : str array (entry,)
    single : float64 array (repeat, pair)
        The RDMs that it is the mean of: differentiation is the mean over them.
    permutations, resamples, seed : int
    """
    from scipy.spatial.distance import squareform

    names = sorted(set(map(str, categories[rdm.defined])), key=natural)
    codes = np.array([names.index(str(name)) for name in categories[rdm.defined]])
    square = squareform(rdm.values, checks=False)
    counts = counts_of(codes, len(names))
    found = means(square, counts)
    draws = image_draws(codes, resamples, seed)
    resampled = resampled_means(square, draws)
    values = {name: getattr(found, name) for name in MEANS}
    drawn = {name: getattr(resampled, name) for name in MEANS}
    if find_or_base("metrics", str(rdm.row.get("measure", ""))).signed:  # a ratio of what may be negative
        values["index"], drawn["index"] = (np.full_like(own["index"], np.nan) for own in (values, drawn))

    first, second = pairs(len(rdm.defined))
    kept = rdm.defined[first] & rdm.defined[second]
    first, second = pairs(len(codes))
    each, mean = single[:, kept], rdm.values
    counted = draws.sum(0).T.astype(np.int64)
    for name, near in zip(MEDIANS, (True, False), strict=True):
        masks = _masks(codes[first], codes[second], len(names), near)
        values[name] = np.array([_median(each[:, mask]) for mask in masks])
        medians = [resampled_medians(mean[m], counted, (first[m], second[m])) for m in masks]
        shift = values[name] - [_median(mean[None, m]) for m in masks]
        drawn[name] = np.array(medians) + shift[:, None]
    sizes = np.bincount(codes)
    sure = np.concatenate([[sizes.min()], sizes]) >= FEWEST
    for name, own in drawn.items():
        low, high = interval(own)
        values[f"{name}_low"], values[f"{name}_high"] = (np.where(sure, one, np.nan) for one in (low, high))
    test = permutation_test(square, codes, permutations, seed)
    values["p"] = test.p
    blocks = [
        [
            (codes[first] == i) & (codes[second] == j) | (codes[first] == j) & (codes[second] == i)
            for j in range(len(names))
        ]
        for i in range(len(names))
    ]
    return CategoryRdm(
        rdm, names, sizes.astype(np.int32), values, test.count, test.exact,
        np.array([[_mean(mean[block]) for block in row] for row in blocks]),
        np.array([[_median(each[:, block]) for block in row] for row in blocks]),
    )  # fmt: skip


def _masks(first: np.ndarray, second: np.ndarray, categories: int, near: bool) -> list[np.ndarray]:
    """Say which pairs are within categories (near), or between them: of all, then of each."""
    same = (first == second) == near
    return [same] + [same & ((first == code) | (second == code)) for code in range(categories)]


def _median(values: np.ndarray) -> float:
    """Return the mean over repeats of the median over pairs, from values (repeat, pair)."""
    return float(np.median(values, axis=1).mean()) if values.size else np.nan


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else np.nan
