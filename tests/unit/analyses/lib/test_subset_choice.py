"""Choices of items against brute force, and rankings."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial.distance import pdist, squareform

from repscape.analyses.lib.subset_choice import choose, random_values, rankings
from repscape.analyses.lib.subset_goals import unevenness
from repscape.core.errors import DataError


def points(n, seed=0, dims=3):
    return squareform(pdist(np.random.default_rng(seed).normal(size=(n, dims))))


def independent(n, seed=0):
    values = np.random.default_rng(seed).normal(size=(n, n))
    np.fill_diagonal(values, 0)
    return (values + values.T) / 2


def tied(n, seed=0):
    return np.round(points(n, seed))


def pairs_of(square, chosen):
    return [square[i, j] for i, j in combinations(sorted(chosen), 2)]


def spread(square, chosen):
    """√∫(F(x) − x)² dx, integrated numerically between its steps."""
    every = pairs_of(square, range(len(square)))
    x = sorted((d - min(every)) / (max(every) - min(every)) for d in pairs_of(square, chosen))
    return np.sqrt(sum(steps(x)))


def steps(x):
    """Integrate (F(x) − x)² between the steps of F."""
    for place, (low, high) in enumerate(pairwise([0, *x, 1])):
        share = place / len(x)
        yield quad(lambda at, share=share: (share - at) ** 2, low, high)[0]


VALUES = {
    "largest": lambda square, chosen: -np.mean(pairs_of(square, chosen)),
    "target": lambda square, chosen: abs(np.mean(pairs_of(square, chosen)) - 0.9),
    "uniform": spread,
}


def chosen_by(square, k, goal, **keywords):
    return choose(square, k, goal, target=0.9 if goal == "target" else None, **keywords)


def every_loss(square, k, goal):
    """What `VALUES` gives of every choice, at once."""
    every = np.array(list(combinations(range(len(square)), k)))
    pairs = square[every[:, :, None], every[:, None, :]][:, *np.triu_indices(k, 1)]
    if goal == "uniform":
        low, high = min(pairs_of(square, range(len(square)))), square.max()
        return unevenness((pairs - low) / (high - low))
    return -pairs.mean(1) if goal == "largest" else abs(pairs.mean(1) - 0.9)


@pytest.mark.parametrize("goal", ["largest", "target", "uniform"])
@pytest.mark.parametrize("make", [points, independent, tied])
@pytest.mark.parametrize(("n", "k"), [(4, 2), (5, 4), (6, 6), (7, 3), (9, 4), (12, 5), (13, 7), (14, 6)])
def test_no_choice_of_a_few_items_is_better(goal, make, n, k):
    for seed in (n * 10 + k, 0, 1):
        square = make(n, seed=seed)
        found = chosen_by(square, k, goal)
        value = -found.value if goal == "largest" else found.value
        assert value == pytest.approx(every_loss(square, k, goal).min(), abs=1e-12)
        assert value == pytest.approx(VALUES[goal](square, found.indices), abs=1e-6)
        assert len(set(found.indices)) == k
        assert found.mean == pytest.approx(np.mean(pairs_of(square, found.indices)))
        assert found.sd == pytest.approx(np.std(pairs_of(square, found.indices)))


@pytest.mark.parametrize("k", range(2, 13))
def test_the_largest_of_twelve(k):
    for seed, make in ((0, points), (1, independent), (2, tied)):
        square = make(12, seed)
        assert choose(square, k).value == pytest.approx(-every_loss(square, k, "largest").min())


@pytest.mark.parametrize(("goal", "starts"), [("largest", 4), ("target", 4), ("uniform", 0)])
@pytest.mark.parametrize("make", [points, independent])
def test_never_worse_than_greedy(goal, starts, make):
    square = make(1000, 0)
    found = chosen_by(square, 50, goal, seed=0, starts=starts)
    if goal == "largest":
        assert found.greedy <= found.value
        greedy = rankings(square)[:50]
        assert found.greedy == pytest.approx(np.mean(pairs_of(square, greedy)))
    else:
        assert found.value < found.greedy


@pytest.mark.parametrize("goal", ["largest", "target", "uniform"])
def test_no_single_exchange_helps(goal):
    square = independent(40, 3)
    found = chosen_by(square, 15, goal)
    if goal == "uniform":  # exchanges are judged on a grid
        return
    others = set(range(40)) - set(found.indices)
    for out in found.indices:
        for into in others:
            chosen = (set(found.indices) - {out}) | {into}
            assert VALUES[goal](square, chosen) >= VALUES[goal](square, found.indices) - 1e-12


@pytest.mark.parametrize("goal", ["largest", "target", "uniform"])
@pytest.mark.parametrize(("n", "k"), [(8, 3), (60, 20)])
def test_order_of_items_does_not_matter(goal, n, k):
    square = points(n, 5)
    order = np.random.default_rng(1).permutation(n)
    found, again = (
        chosen_by(square, k, goal, seed=3),
        chosen_by(square[np.ix_(order, order)], k, goal, seed=3),
    )
    assert again.value == found.value
    assert sorted(order[list(again.indices)]) == list(found.indices)


def test_pairs_or_matrix_and_the_same_twice():
    square = independent(50, 2)
    found = choose(square, 10, seed=4)
    assert choose(squareform(square, checks=False), 10, seed=4) == found
    assert choose(square + 7 * np.eye(50), 10, seed=4) == found


def test_a_target_beyond_reach_is_the_largest_mean():
    square = squareform(pdist(np.random.default_rng(0).normal(size=(120, 30)), "correlation"))
    found = choose(square, 40, "target", target=2.0)
    assert found.value == pytest.approx(2.0 - choose(square, 40).value, abs=1e-3)


def test_rankings_are_nested_greedy_choices():
    square = np.array(
        [
            [0, 1, 2, 9, 3],
            [1, 0, 8, 4, 2],
            [2, 8, 0, 5, 7],
            [9, 4, 5, 0, 1],
            [3, 2, 7, 1, 0],
        ],
        float,
    )
    # 0 and 3 are furthest apart (9), 3 more from the rest (19 > 15); then 2 (5 + 2), 1 (4 + 1 + 8), 4.
    assert rankings(square) == (3, 0, 2, 1, 4)
    assert rankings(np.array([0.5])) == (0, 1)
    square = points(30, 8)
    ranked = rankings(square)
    assert sorted(ranked) == list(range(30))
    for k in range(2, 29):
        sums = {item: sum(square[item, other] for other in ranked[:k]) for item in ranked[k:]}
        assert sums[ranked[k]] == pytest.approx(max(sums.values()))


def test_random_values():
    square = points(20, 1)
    values = random_values(square, 5, 4000, seed=1)
    assert values.mean() == pytest.approx(np.mean(pairs_of(square, range(20))), abs=0.02)
    assert (random_values(square, 5, 4000, seed=1) == values).all()
    uneven = random_values(square, 4, 50, seed=2, uniform=True)
    assert uneven.min() >= choose(square, 4, "uniform").value
    assert random_values(square, 20, 3, seed=0) == pytest.approx(np.mean(pairs_of(square, range(20))))


@pytest.mark.parametrize(
    ("values", "k", "keywords", "message"),
    [
        ([1, np.nan, 2], 2, {}, r"1.* 3.*finite.*first.*items 0.* 2"),
        ([1, 2, np.inf], 2, {}, r"items 1.* 2"),
        ([1, 2, 3, 4], 2, {}, r"4.*pairs"),
        ([[0, 1], [2, 0]], 2, {}, "symmetric"),
        (np.zeros((2, 3)), 2, {}, "shape"),
        ([1, 2, 3], 4, {}, r"k:.* 2.*number.*items \(3\).* 4"),
        ([1, 2, 3], 1, {}, "found 1"),
        ([1, 2, 3], 2, {"goal": "target"}, "needs one"),
        ([1, 2, 3], 2, {"goal": "larges"}, "'larges'.*'largest'"),
        ([1, 2, 3], 2, {"target": 1.0}, "cannot have one; goal: largest"),
        ([2, 2, 2], 2, {"goal": "uniform"}, "all are equal"),
    ],
)
def test_bad_input(values, k, keywords, message):
    with pytest.raises(DataError, match=message):
        choose(np.array(values, float), k, **keywords)
