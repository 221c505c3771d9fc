"""Means within and between categories, tests and intervals, against loops written from the formulae."""

from itertools import permutations as all_orders
from math import factorial

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import silhouette_score

from repscape.analyses.lib import category_means as tested

rng = np.random.default_rng(3)


def random_rdm(images, dims=6, seed=0):
    return squareform(pdist(np.random.default_rng(seed).normal(size=(images, dims)), "sqeuclidean"))


def loops(square, codes, weights=None):
    """Average by loops over pairs: (within, between) of all categories, then of each."""
    weights = np.ones(len(codes)) if weights is None else weights
    found = []
    for category in [None, *range(max(codes) + 1)]:
        sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
        for i in range(len(codes)):
            for j in range(i):
                if category in (None, codes[i], codes[j]):
                    weight = weights[i] * weights[j]
                    sums[codes[i] == codes[j]][0] += weight * square[i, j]
                    sums[codes[i] == codes[j]][1] += weight
        found.append([total / count if count else np.nan for total, count in sums.values()])
    return np.array(found).T


@pytest.mark.parametrize("sizes", [(4, 4), (2, 5, 3), (1, 6), (1, 1, 2), (7, 2, 1, 4)])
def test_means_are_those_of_loops(sizes):
    codes = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    square = random_rdm(len(codes), seed=sum(sizes))
    found = tested.means(square, tested.counts_of(codes, len(sizes)))
    within, between = loops(square, codes)
    np.testing.assert_allclose(found.within, within)
    np.testing.assert_allclose(found.between, between)
    np.testing.assert_allclose(found.clustering, between - within)
    np.testing.assert_allclose(found.index, (between - within) / (between + within))
    assert np.isnan(found.within[1:]).tolist() == [size == 1 for size in sizes]


def test_images_drawn_twice_count_twice_and_never_with_themselves():
    codes = np.array([0, 1, 0, 1, 1, 0, 0])
    square = random_rdm(7)
    draws = tested.image_draws(codes, 200, seed=1)
    assert draws.shape == (2, 200, 7)
    for category in (0, 1):
        assert (draws[category].sum(1) == (codes == category).sum()).all()
        assert not draws[category][:, codes != category].any()
    found = tested.resampled_means(square, draws, block=20)
    for sample in range(200):
        within, between = loops(square, codes, draws[:, sample].sum(0))
        np.testing.assert_allclose(found.within[:, sample], within)
        np.testing.assert_allclose(found.between[:, sample], between)


def test_the_index_goes_from_minus_one_to_one_and_is_undefined_for_negative_means():
    codes = np.array([0, 0, 1, 1])
    counts = tested.counts_of(codes, 2)
    apart = np.where(codes[:, None] == codes, 0.0, 2.0)
    assert tested.means(apart, counts).index.tolist() == [1, 1, 1]
    together = np.where(codes[:, None] == codes, 1.0, 0.0) - np.eye(4)
    assert tested.means(together, counts).index.tolist() == [-1, -1, -1]
    assert np.isnan(tested.means(np.zeros((4, 4)), counts).index).all()
    found = tested.means(apart - 1 + np.eye(4), counts)
    assert np.isnan(found.index).all()
    assert np.isfinite(found.clustering).all()


def test_the_order_of_images_and_the_names_of_categories_do_not_matter():
    codes = np.repeat([0, 1, 2], [3, 4, 5])
    square, order = random_rdm(12), rng.permutation(12)
    plain = tested.means(square, tested.counts_of(codes, 3))
    shuffled = tested.means(square[np.ix_(order, order)], tested.counts_of(codes[order], 3))
    renamed = tested.means(square, tested.counts_of(2 - codes, 3))
    np.testing.assert_allclose(shuffled.index, plain.index)
    np.testing.assert_allclose(renamed.index, plain.index[[0, 3, 2, 1]])


def test_few_images_are_permuted_in_every_way():
    codes = np.array([0, 1, 0, 1, 2])
    square = random_rdm(5, seed=5)
    found = tested.permutation_test(square, codes, 1000, seed=0)
    assert (found.count, found.exact) == (5 * 4 * 3 * 2 // 4 - 1, True)
    actual = loops(square, codes)
    null = np.array([loops(square, np.array(order)) for order in all_orders(codes)])  # each four times
    expected = (null[:, 1] - null[:, 0] >= actual[1] - actual[0] - 1e-9).mean(0)
    np.testing.assert_allclose(found.p[:3], expected[:3])
    assert np.isnan(found.p[3])


def test_every_arrangement_comes_once():
    for codes in (np.array([1, 0, 0, 1]), np.array([0, 1, 1, 2, 2, 2])):
        count = tested.arrangements_of(codes)
        assert count == factorial(len(codes)) / np.prod([factorial(size) for size in np.bincount(codes)])
        found = np.concatenate(list(tested.arrangements(codes, count - 1, 0, step=4)))
        assert len({tuple(one) for one in found} | {tuple(codes)}) == count == len(found) + 1
        assert (np.sort(found, 1) == np.sort(codes)).all()


def test_permutations_do_not_depend_on_blocks_or_the_order_of_images():
    codes = np.repeat([0, 1], [6, 8])
    square, order = random_rdm(14), rng.permutation(14)
    first = tested.permutation_test(square, codes, 300, seed=4)
    small = tested.permutation_test(square, codes, 300, seed=4, block=100)
    np.testing.assert_array_equal(first.p, small.p)
    assert (first.count, first.exact) == (300, False)
    other = tested.permutation_test(square[np.ix_(order, order)], codes[order], 3000, seed=4)
    whole = tested.permutation_test(square, codes, 3002, seed=4)  # all 3,003 ways
    assert whole.exact
    np.testing.assert_allclose(other.p, whole.p, atol=0.03)


def test_p_is_uniform_where_categories_mean_nothing():
    codes = np.repeat([0, 1, 2], 4)
    p = np.array(
        [tested.permutation_test(random_rdm(12, seed=at), codes, 99, seed=at).p for at in range(400)]
    )
    for level in (0.05, 0.2, 0.5):  # within 4 standard errors
        reach = 4 * np.sqrt(level * (1 - level) / 400)
        assert (abs((p <= level).mean(0) - level) < reach).all()


def test_known_categories_are_found():
    codes = np.repeat([0, 1, 2], 6)
    patterns = np.eye(3, 10)[codes] * 4 + rng.normal(size=(18, 10))
    square = squareform(pdist(patterns, "sqeuclidean"))
    found = tested.permutation_test(square, codes, 499, seed=0)
    assert found.p.tolist() == [1 / 500] * 4
    values = tested.means(square, tested.counts_of(codes, 3))
    assert values.index[0] > 0.3
    # another measure of the same: both order these categories, and no categories, alike
    none = rng.permutation(codes)
    worse = tested.means(square, tested.counts_of(none, 3))
    assert worse.index[0] < 0.1
    scores = [silhouette_score(square, which, metric="precomputed") for which in (codes, none)]
    assert scores[0] > 0.3 > scores[1]


def test_the_difference_orders_divisions_as_the_correlation_with_a_categorical_rdm_does():
    from rsatoolbox.rdm import RDMs, compare_correlation, get_categorical_rdm

    sizes = [3, 4, 5]
    codes = np.repeat(np.arange(3), sizes)
    data = RDMs(squareform(random_rdm(12), checks=False)[None])
    both = []
    for seed in range(20):
        division = np.random.default_rng(seed).permutation(codes)
        correlation = compare_correlation(get_categorical_rdm(division), data)[0, 0]
        clustering = tested.means(random_rdm(12), tested.counts_of(division, 3)).clustering[0]
        both.append((correlation, clustering))
    correlations, clusterings = np.array(both).T
    # the share of pairs within is the same for all, so the two are proportional
    np.testing.assert_allclose(clusterings / correlations, clusterings[0] / correlations[0])


def test_intervals_hold_the_true_index_about_as_often_as_they_say():
    centres = np.random.default_rng(1).normal(size=(3, 10)) * 0.6

    def draw(count, seed):
        generator = np.random.default_rng(seed)
        codes = np.repeat(np.arange(3), count)
        patterns = centres[codes] + generator.normal(size=(len(codes), 10))
        return codes, squareform(pdist(patterns, "sqeuclidean"))

    codes, many = draw(400, 0)
    true = tested.means(many, tested.counts_of(codes, 3)).index
    held = []
    for seed in range(1, 121):
        codes, square = draw(8, seed)
        resampled = tested.resampled_means(square, tested.image_draws(codes, 200, seed)).index
        low, high = np.quantile(resampled, [0.025, 0.975], axis=1)
        held.append((low <= true) & (true <= high))
    assert (np.mean(held, axis=0) > 0.87).all()
