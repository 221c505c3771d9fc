"""A small version of the benchmark: on populations of known geometry, estimates are what they should be.

Bounds follow from the number of simulations: of chance 1 in 1,000 or 4 standard errors.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

PATH = Path(__file__).parents[2] / "benchmarks" / "inference_coverage.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("inference_coverage", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_geometry_is_that_of_many_neurons(benchmark):
    generator = np.random.default_rng(0)
    images = benchmark.features(generator, 8)
    true = benchmark.responses(images, benchmark.preferred(generator, 200_000))
    i, j = np.triu_indices(8, 1)
    np.testing.assert_allclose(benchmark.geometry(images), ((true[i] - true[j]) ** 2).mean(1), atol=2e-3)


def test_crossnobis_is_unbiased_and_others_are_not(benchmark):
    count = 40
    errors = benchmark.bias(count, images=12, units=30, repeats=3)
    sem = {metric: own.std(0, ddof=1) / np.sqrt(count) for metric, own in errors.items()}
    for metric in ("crossnobis", "crossnobis_diagonal"):
        assert (np.abs(errors[metric].mean(0)) < 4 * sem[metric]).all(), metric
    for metric in ("sqeuclidean", "correlation", "mahalanobis"):
        assert (errors[metric].mean(0) > 0.05)[0], metric
        assert (errors[metric].mean(0) > 10 * sem[metric])[0], metric


def test_noise_adds_twice_its_variance_of_means_to_squared_distances(benchmark):
    """Known: 2 σ²/R, at σ² = (1 − SHARED) + SHARED E[w²] of NOISE²."""
    generator = np.random.default_rng(1)
    images = np.tile(benchmark.features(generator, 1), (30, 1))
    made = benchmark.recorded(generator, images, benchmark.preferred(generator, 3000), repeats=4)
    found = benchmark.distances("sqeuclidean", made).mean()
    assert found == pytest.approx(2 * benchmark.NOISE**2 / 4, rel=0.15)
    # In units of noise that is 0.5; the shared noise of a hundred trials does not average out wholly.
    assert abs(benchmark.distances("crossnobis_diagonal", made).mean()) < 0.1


@pytest.mark.parametrize("bootstrap", ["entries", "both"])
def test_intervals_hold_what_they_are_to_hold(benchmark, bootstrap):
    """By ranks; with few images and resamples the interval may hold less often than 95%, not below 85%."""
    count = 24
    found = benchmark.coverage(
        bootstrap, count, images=16, units=40, comparison="spearman", metric="sqeuclidean", resamples=30,
        fixed=2, fresh=100, permutations=99,
    )  # fmt: skip
    least = stats.binom.ppf(0.001, count, 0.85)
    assert (found.holds.sum(0) >= least).all()
    assert (found.p_permutation[:, 2] <= 0.05).sum() <= stats.binom.ppf(0.999, count, 0.05)
    assert (found.p_permutation[:, 0] <= 0.05).mean() > 0.5
