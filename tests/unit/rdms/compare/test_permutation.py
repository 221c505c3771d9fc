"""Tests of models by permuting entries: by all orders, one after the other, and as meta-RDMs have them."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist, squareform

from repscape.rdms.compare.permutation import p_values, permutation_tests

SIMILARITY = {
    "pearson": lambda x, y: stats.pearsonr(x, y)[0],
    "spearman": lambda x, y: stats.spearmanr(x, y)[0],
    "cosine": lambda x, y: x @ y / np.linalg.norm(x) / np.linalg.norm(y),
    "kendall": lambda x, y: np.mean(
        [np.sign((x[i] - x[j]) * (y[i] - y[j])) for i, j in zip(*np.triu_indices(len(x), 1), strict=True)]
    ),
}


def made(entries, repeats=2, seed=0):
    generator = np.random.default_rng(seed)
    true = generator.normal(size=(entries, 3))
    data = np.array([pdist(true + 0.6 * generator.normal(size=true.shape)) for _ in range(repeats)])
    models = np.array([pdist(true), pdist(generator.normal(size=true.shape)), data[0] ** 2])
    return data, models


@pytest.mark.parametrize("comparison", SIMILARITY)
def test_few_entries_are_permuted_in_all_orders(comparison):
    data, models = made(4)
    similarity = SIMILARITY[comparison]
    upper = np.triu_indices(4, 1)
    null = np.array(
        [
            [
                np.mean([similarity(squareform(one)[np.ix_(order, order)][upper], model) for one in data])
                for model in models
            ]
            for order in map(list, permutations(range(4)))
        ]
    )
    found = permutation_tests([data], [models], comparison, 100, seed=0)
    assert found.count == 23
    np.testing.assert_allclose(found.p, (null >= null[0] - 1e-12).mean(0))
    np.testing.assert_allclose(found.p_max, (null.max(1)[:, None] >= null[0] - 1e-12).mean(0))


@pytest.mark.parametrize("comparison", ["pearson", "spearman", "kendall", "cosine", "whitened_pearson"])
def test_one_repeat_has_the_p_of_meta_rdms(comparison):
    data, models = made(11, repeats=1)
    found = permutation_tests([data], [models], comparison, 150, seed=4)
    expected = p_values(np.concatenate([data, models]), comparison, 150, seed=4)[: len(models)]
    np.testing.assert_array_equal(found.p, expected)
    assert (found.p_max >= found.p).all()


def test_several_sets():
    """Each has orders of its own: two sets with a weak likeness each are surer than one."""
    several = [made(7, repeats=1, seed=seed) for seed in range(6)]
    data, models = zip(*several, strict=True)
    whole = permutation_tests(data, models, "pearson", 400, seed=1)
    each = [permutation_tests([d], [m], "pearson", 400, seed=1).p[0] for d, m in several]
    assert whole.count == 400
    assert whole.p[0] <= min(each)
    shuffled = permutation_tests(data[::-1], models[::-1], "pearson", 400, seed=1)
    np.testing.assert_allclose(whole.p, shuffled.p, atol=0.1)


def test_false_positives_are_as_rare_as_said():
    """Of the smallest p of 6 unrelated models, corrected, few are below 0.05; uncorrected many."""
    corrected, single = [], []
    for seed in range(80):
        generator = np.random.default_rng(seed)
        rdms = np.array([pdist(generator.normal(size=(10, 4))) for _ in range(7)])
        found = permutation_tests([rdms[:1]], [rdms[1:]], "pearson", 99, seed=seed)
        corrected.append(found.p_max.min() <= 0.05)
        single += (found.p <= 0.05).tolist()
    assert np.sum(corrected) <= stats.binom.ppf(0.999, 80, 0.05)
    assert stats.binom.ppf(0.001, 480, 0.05) <= np.sum(single) <= stats.binom.ppf(0.999, 480, 0.05) + 10
