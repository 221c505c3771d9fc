"""Comparisons of RDMs: against SciPy, rsatoolbox and loops, and what permutations must give."""

import itertools
import math
import os
from pathlib import Path

import numpy as np
import pytest
import rsatoolbox
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat
from scipy.spatial.distance import pdist, squareform
from scipy.stats import kendalltau, kstest, pearsonr, spearmanr

from repscape.core.errors import DataError
from repscape.rdms.compare import kendall
from repscape.rdms.compare.comparison import COMPARISONS, compare, left_out
from repscape.rdms.compare.permutation import orders_of, orders_used, p_values
from repscape.rdms.compare.whitening import whitened_similarity
from repscape.rdms.condensed import defined_entries

KINDS = list(COMPARISONS)
ORACLES = {
    "pearson": "corr",
    "spearman": "spearman",
    "kendall": "tau-a",
    "cosine": "cosine",
    "whitened_pearson": "corr_cov",
    "whitened_cosine": "cosine_cov",
}


def rdms(count, entries, seed=0, ties=False):
    random = np.random.default_rng(seed)
    common = random.normal(size=(entries, 3))
    values = np.array([pdist(common + random.normal(size=common.shape), "sqeuclidean") for _ in range(count)])
    return np.round(values) if ties else values


def tau_a(x, y):
    """Return concordant minus discordant pairs of values, over all pairs."""
    signs = [np.sign(x[i] - x[j]) * np.sign(y[i] - y[j]) for i, j in itertools.combinations(range(len(x)), 2)]
    return sum(signs) / len(signs)


@pytest.mark.parametrize("kind", ORACLES)
@pytest.mark.parametrize("ties", [False, True])
def test_comparisons_equal_rsatoolbox(kind, ties):
    values = rdms(6, 9, ties=ties)
    toolbox = rsatoolbox.rdm.RDMs(values)
    expected = 1 - rsatoolbox.rdm.compare(toolbox, toolbox, method=ORACLES[kind])
    np.testing.assert_allclose(compare(values, kind), expected[np.triu_indices(6, 1)], atol=1e-10)


@pytest.mark.parametrize("ties", [False, True])
def test_comparisons_equal_scipy_and_loops(ties):
    values = rdms(5, 7, seed=2, ties=ties)
    loops = {
        "pearson": lambda x, y: 1 - pearsonr(x, y).statistic,
        "spearman": lambda x, y: 1 - spearmanr(x, y).statistic,
        "kendall": lambda x, y: 1 - tau_a(x, y),
        "cosine": lambda x, y: 1 - x @ y / np.sqrt((x @ x) * (y @ y)),
        "euclidean": lambda x, y: math.dist(x, y),
    }
    for kind, loop in loops.items():
        expected = [loop(x, y) for x, y in itertools.combinations(values, 2)]
        np.testing.assert_allclose(compare(values, kind), expected, atol=1e-12)


def test_whitening_inverts_the_covariance():
    """V written out: 4 for a pair with itself, 1 for pairs that share an entry."""
    values = rdms(4, 6)
    pairs = list(itertools.combinations(range(6), 2))
    v = np.array([[4 if p == q else len(set(p) & set(q)) for q in pairs] for p in pairs], float)
    for kind, x in (
        ("whitened_cosine", values),
        ("whitened_pearson", values - values.mean(1, keepdims=True)),
    ):
        product = x @ np.linalg.solve(v, x.T)
        norms = np.sqrt(np.diag(product))
        expected = 1 - product / np.outer(norms, norms)
        np.testing.assert_allclose(compare(values, kind), expected[np.triu_indices(4, 1)], atol=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_kendall_by_signs_equals_kendall_by_sorting(ties):
    values = rdms(4, 12, seed=5, ties=ties)
    values[0] = 3.0
    by_signs = kendall.tau_a(values, values)
    np.testing.assert_allclose(by_signs, kendall.tau_a(values, values, most_signs=0), atol=1e-12)
    expected = [[tau_a(x, y) for x in values] for y in values]
    np.testing.assert_allclose(by_signs, expected, atol=1e-12)


def test_kendall_without_ties_equals_scipy_in_blocks():
    values = rdms(3, 20)
    expected = [[kendalltau(x, y).statistic for x in values] for y in values]
    np.testing.assert_allclose(kendall.tau_a(values, values, block=5000), expected, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_entries_does_not_matter(kind):
    values = rdms(4, 6)
    order = np.random.default_rng(1).permutation(6)
    other = np.array([squareform(squareform(v)[np.ix_(order, order)]) for v in values])
    np.testing.assert_allclose(compare(other, kind), compare(values, kind), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_rdms_and_scales(kind):
    values = rdms(2, 6)
    same = np.array([values[0], values[0], values[1], values[1] * 1e-200])
    found = squareform(compare(same, kind), checks=False)
    assert found[0, 1] == pytest.approx(0, abs=1e-12)
    if kind != "euclidean":
        np.testing.assert_allclose(found[0, 3], found[0, 2], atol=1e-12)
    np.testing.assert_allclose(found[0, 2], found[1, 2], atol=1e-12)
    assert (found >= 0).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 7), st.integers(2, 5), st.integers(0, 10**6), st.sampled_from(KINDS))
def test_bounds(entries, count, seed, kind):
    found = compare(np.random.default_rng(seed).random((count, entries * (entries - 1) // 2)), kind)
    assert found.shape == (count * (count - 1) // 2,)
    assert (found >= 0).all()
    assert kind == "euclidean" or (found <= 2).all()


def test_an_rdm_of_equal_values_has_no_correlation():
    values = np.array([[1.0] * 10, np.arange(10.0), np.zeros(10)])
    for kind in ("pearson", "spearman", "whitened_pearson"):
        assert np.isnan(compare(values, kind)).all()
        assert np.isnan(p_values(values, kind, 50, 0)).all()
    assert np.isnan(compare(values, "cosine")).tolist() == [False, True, True]
    np.testing.assert_array_equal(compare(values, "kendall"), 1)
    np.testing.assert_array_equal(p_values(values, "kendall", 50, 0), 1)
    np.testing.assert_array_equal(p_values(values, "euclidean", 50, 0), 1)


@pytest.mark.parametrize("kind", KINDS)
def test_undefined_entries_are_left_out_of_a_comparison(kind):
    """The image of constant activity has no correlation with any other."""
    values = rdms(4, 7)
    first, second = np.triu_indices(7, 1)
    lacking = values.copy()
    lacking[1, (first == 2) | (second == 2)] = np.nan
    lacking[3, (first == 5) | (second == 5)] = np.inf
    found = squareform(compare(lacking, kind), checks=False)
    whole = squareform(compare(values, kind), checks=False)
    assert found[0, 2] == pytest.approx(whole[0, 2], abs=1e-12)
    for i, j, without in ((0, 1, {2}), (2, 3, {5}), (1, 3, {2, 5})):
        used = ~np.isin(first, list(without)) & ~np.isin(second, list(without))
        expected = compare(values[[i, j]][:, used], kind)[0]
        if kind == "euclidean":
            expected *= math.sqrt(21 / used.sum())
        assert found[i, j] == pytest.approx(expected, abs=1e-12)
    shares = squareform(left_out(lacking), checks=False)
    assert shares[0, 2] == 0
    assert shares[0, 1] == pytest.approx(6 / 21)
    assert shares[1, 3] == pytest.approx(11 / 21)


def test_which_entries_are_defined():
    values = np.ones((4, 10))
    values[1] = np.nan
    values[2, 0] = np.nan  # entries 0 and 1
    assert defined_entries(values).sum(1).tolist() == [5, 1, 4, 5]
    assert defined_entries(values)[2].tolist() == [False, True, True, True, True]
    found = compare(values, "cosine")
    assert np.isnan(found).tolist() == [True, False, False, True, True, False]
    np.testing.assert_array_equal(left_out(values), [1, 0.4, 0, 1, 1, 0.4])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ties", [False, True])
def test_p_of_few_entries_is_exact(kind, ties):
    """All 120 orders of 5 entries, by a loop."""
    values = rdms(3, 5, seed=3, ties=ties)
    found = squareform(p_values(values, kind, 1000, 0), checks=False)
    for i, j in itertools.combinations(range(3), 2):
        square = squareform(values[i])
        null = [
            compare(np.array([squareform(square[np.ix_(order, order)]), values[j]]), kind)[0]
            for order in map(list, itertools.permutations(range(5)))
        ]
        assert found[i, j] == pytest.approx(np.mean(null <= null[0] + 1e-9))


@pytest.mark.parametrize("kind", KINDS)
def test_p_of_many_entries_is_near_a_loop(kind):
    values = rdms(3, 8, seed=6)
    found = p_values(values, kind, 400, 1)
    random = np.random.default_rng(0)
    for at, (x, y) in enumerate(itertools.combinations(values, 2)):
        square, null = squareform(x), []
        for _ in range(300):
            order = random.permutation(8)
            null.append(compare(np.array([squareform(square[np.ix_(order, order)]), y]), kind)[0])
        expected = (1 + np.sum(null <= compare(np.array([x, y]), kind)[0])) / 301
        assert found[at] == pytest.approx(expected, abs=0.12)


@pytest.mark.parametrize("kind", KINDS)
def test_p_does_not_depend_on_what_else_is_compared(kind):
    values = rdms(6, 10)
    whole = squareform(p_values(values, kind, 99, 3), checks=False)
    assert p_values(values[[1, 4]], kind, 99, 3, block=1000)[0] == whole[1, 4]
    assert (p_values(values, kind, 99, 3, block=1000) == whole[np.triu_indices(6, 1)]).all()


def test_p_is_uniform_where_nothing_is_related_and_small_where_it_is():
    random = np.random.default_rng(4)
    unrelated = np.array([pdist(random.normal(size=(9, 3))) for _ in range(400)])
    found = [
        p_values(pair, "pearson", 99, seed)[0] for seed, pair in enumerate(unrelated.reshape(200, 2, -1))
    ]
    assert kstest(found, "uniform").pvalue > 0.01
    assert p_values(np.array([unrelated[0], unrelated[0] ** 2]), "spearman", 999, 0)[0] == 0.001


def test_p_with_undefined_entries_permutes_those_that_are_left():
    values = rdms(2, 8)
    first, second = np.triu_indices(8, 1)
    lacking = values.copy()
    lacking[1, (first == 3) | (second == 3)] = np.nan
    used = (first != 3) & (second != 3)
    for kind in ("pearson", "euclidean"):
        np.testing.assert_array_equal(
            p_values(lacking, kind, 200, 5), p_values(values[:, used], kind, 200, 5)
        )
    lacking[1] = np.nan
    assert np.isnan(p_values(lacking, "pearson", 50, 0)).all()


@pytest.mark.parametrize("shape", [(3,), (2, 5), (2, 4, 4), ()])
def test_what_is_no_stack_of_rdms_is_refused(shape):
    with pytest.raises(DataError, match=r"over pairs of entries .* shape"):
        compare(np.zeros(shape), "pearson")
    with pytest.raises(DataError, match="squareform"):
        p_values(np.zeros(shape), "pearson", 9, 0)


def test_orders():
    assert [orders_used(n, 1000) for n in (2, 3, 4, 6, 7, 200)] == [1, 5, 23, 719, 1000, 1000]
    assert orders_used(4, 10) == 10
    sampled = np.concatenate(list(orders_of(4, 10, 0, 3)))
    assert sampled.shape == (10, 4)
    assert (np.sort(sampled, axis=1) == np.arange(4)).all()


def test_monkey_and_human_inferior_temporal_cortex():
    """r = 0.49 between the two species' RDMs of 92 objects (Kriegeskorte et al., Neuron 60:1126, 2008)."""
    name = "Kriegeskorte_Neuron2008_supplementalData.mat"
    mirrors = os.environ.get("REPSCAPE_MIRROR", "").split(":")
    file = next((found for mirror in mirrors if mirror for found in Path(mirror).rglob(name)), None)
    if file is None:
        pytest.skip(f"REPSCAPE_MIRROR has no {name}")
    pairs = np.triu_indices(92, 1)
    content = loadmat(file, simplify_cells=True)["RDMs_mIT_hIT_fig1"]
    rdms = [np.asarray(species["RDM"], float) for species in content]
    stack = np.array([rdm[pairs] if rdm.ndim == 2 else rdm for rdm in rdms])
    assert 1 - compare(stack, "pearson")[0] == pytest.approx(0.49, abs=0.005)
    assert p_values(stack, "pearson", 999, 0)[0] == 0.001


@pytest.mark.parametrize("kind", ["whitened_cosine", "whitened_pearson"])
@pytest.mark.parametrize("gaps", [False, True])
def test_whitening_with_gaps(kind, gaps):
    """By the covariance of the pairs that there are, and as rsatoolbox has it."""
    generator = np.random.default_rng(0)
    entries = 14
    first, second = np.triu_indices(entries, 1)
    x, y = generator.random((3, len(first))), generator.random((2, len(first)))
    if gaps:
        lacking = (first // 2 == second // 2) | (generator.random(len(first)) < 0.2)
        x[:, lacking] = y[:, lacking] = np.nan
    found = whitened_similarity(x, y, kind == "whitened_pearson")
    theirs = rsatoolbox.rdm.compare(x, y, ORACLES[kind])
    np.testing.assert_allclose(found, theirs, rtol=1e-9)
    there = np.isfinite(x[0])
    ends = np.zeros((entries, len(first)))
    ends[first, np.arange(len(first))], ends[second, np.arange(len(first))] = 1, -1
    inverse = np.linalg.inv(((ends.T @ ends) ** 2)[np.ix_(there, there)])
    for i, j in np.ndindex(3, 2):
        a, b = x[i, there], y[j, there]
        if kind == "whitened_pearson":
            a, b = a - a.mean(), b - b.mean()
        expected = a @ inverse @ b / np.sqrt((a @ inverse @ a) * (b @ inverse @ b))
        assert found[i, j] == pytest.approx(expected, abs=1e-10)
