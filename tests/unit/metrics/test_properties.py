"""What a metric says of itself is true of what it computes."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from repscape.metrics.lib.normalisation import Scaling
from repscape.plugin.registry import find, names

# Distances between patterns. Others that are not squared need not embed in a Euclidean space: of L1, say, the
# root does, though it is no squared distance between the patterns.
EUCLIDEAN = ("euclidean", "rms")
ACTIVITY = np.random.default_rng(0).normal(size=(12, 30)).astype(np.float32)


def of(metric):
    return find("metrics", metric)().dissimilarity(ACTIVITY, Scaling(0, 1))


def least_eigenvalue(distances):
    squares = squareform(distances) ** 2
    centring = np.eye(len(squares)) - 1 / len(squares)
    values = np.linalg.eigvalsh(-centring @ squares @ centring / 2)
    return values[0] / values[-1]


@pytest.mark.parametrize("metric", names("metrics"))
def test_what_is_squared_is_euclidean_once_rooted(metric):
    said, values = find("metrics", metric), of(metric)
    assert said.squared is not None
    assert said.caption
    assert said.formula
    if said.squared:
        assert least_eigenvalue(np.sqrt(values)) > -1e-6
        assert least_eigenvalue(values) < -1e-3


@pytest.mark.parametrize("metric", EUCLIDEAN)
def test_euclidean_distances_embed_as_they_are(metric):
    assert not find("metrics", metric).squared
    assert least_eigenvalue(of(metric)) > -1e-6


def test_which_of_the_euclidean_metrics_is_the_root_of_which():
    distances, units = pdist(ACTIVITY.astype(np.float64)), ACTIVITY.shape[1]
    np.testing.assert_allclose(of("sqeuclidean"), distances**2 / units, rtol=1e-6)
    np.testing.assert_allclose(of("rms"), distances / np.sqrt(units), rtol=1e-6)
    np.testing.assert_allclose(of("euclidean"), distances, rtol=1e-6)
    for metric in ("sqeuclidean", "rms"):
        assert "/ n" in find("metrics", metric).formula
    assert "not divided" in find("metrics", "euclidean").formula


@pytest.mark.parametrize("metric", [name for name in names("metrics") if find("metrics", name).largest])
def test_the_largest_value_is_the_largest(metric):
    """Of opposite patterns around their mean."""
    pattern = np.array([1.0, 2, 3, 4, -1, -2, -3, -4])
    opposite = np.stack([pattern, -pattern, pattern + 1e-3 * pattern**2]).astype(np.float32)
    found = find("metrics", metric)().dissimilarity(opposite, Scaling(0, 1))
    assert found.max() == pytest.approx(find("metrics", metric).largest)
