"""What exchanges promise, and how unevenly values are spread."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial.distance import pdist, squareform

from repscape.analyses.lib import subset_goals
from repscape.analyses.lib.subset_goals import goal_of, unevenness


def points(n, seed=0, dims=3):
    return squareform(pdist(np.random.default_rng(seed).normal(size=(n, dims))))


def steps(x):
    """Integrate (F(x) − x)² between the steps of F."""
    for place, (low, high) in enumerate(pairwise([0, *x, 1])):
        share = place / len(x)
        yield quad(lambda at, share=share: (share - at) ** 2, low, high)[0]


@pytest.mark.parametrize("goal", ["largest", "target", "uniform"])
def test_exchanges_are_worth_what_they_promise(goal):
    square = points(11, 6)
    aim = goal_of(goal, square, 4, 0.9 if goal == "target" else None)
    chosen, others = np.array([1, 4, 5, 9]), np.array([0, 2, 3, 6, 7, 8, 10])
    aim.begin(chosen)
    promised = aim.swapped(chosen, others)
    for out, into in np.ndindex(promised.shape):
        after = np.append(np.delete(chosen, out), others[into])
        aim.begin(chosen)
        aim.change(others[into], chosen[out])
        assert aim.here() == pytest.approx(promised[out, into])
        aim.begin(after)
        assert aim.here() == pytest.approx(promised[out, into])
        if goal == "uniform":  # the sum over bins is about the integral
            integral = np.sqrt(promised[out, into] / subset_goals._BINS) / 6
            assert integral == pytest.approx(aim.loss(after), abs=0.01)
        else:
            assert promised[out, into] == pytest.approx(aim.loss(after))


@pytest.mark.parametrize("m", [1, 4, 9])
def test_unevenness_is_the_integral(m):
    x = np.sort(np.random.default_rng(m).random(m))
    assert unevenness(x[None])[0] == pytest.approx(np.sqrt(sum(steps(x))))
    even = (np.arange(m) + 0.5) / m
    assert unevenness(even[None])[0] == pytest.approx(1 / (m * np.sqrt(12)))
