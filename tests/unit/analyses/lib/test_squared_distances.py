"""Which dissimilarities are squared distances, and what cannot be a distance."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from repscape.analyses.lib import embedding, squared_distances
from repscape.core.errors import DataError


def patterns_of(metric):
    generator = np.random.default_rng(1)
    patterns = generator.normal(size=(9, 20))
    if metric == "spearman":
        return pdist(patterns.argsort(1).argsort(1), "correlation")
    return pdist(patterns, {"pearson": "correlation"}.get(metric, metric))


@pytest.mark.parametrize("metric", ["sqeuclidean", "correlation", "cosine", "spearman", "pearson"])
def test_squared_distances_are_euclidean_once_rooted(metric):
    """Only the roots can be had by points: without, eigenvalues are negative."""
    labels = {"metric": metric, "metric_sub": "correlation"} if metric == "pearson" else {"metric": metric}
    assert squared_distances.is_squared(labels, None)
    values = patterns_of(metric)
    assert embedding.classical(squared_distances.distances(values, squared=True), 2).negative < 1e-9
    assert embedding.classical(squared_distances.distances(values, squared=False), 2).negative > 1e-4


def test_rank_correlations_without_ties_are_euclidean_once_rooted():
    from scipy.stats import kendalltau

    patterns = np.random.default_rng(2).normal(size=(9, 20))
    values = np.array(
        [1 - kendalltau(patterns[i], patterns[j])[0] for i, j in zip(*np.triu_indices(9, 1), strict=True)]
    )
    assert embedding.classical(squared_distances.distances(values, squared=True), 2).negative < 1e-9


def test_nan_is_refused_and_told():
    values = np.ones(10)
    values[5] = np.nan
    with pytest.raises(DataError, match=r"1.* 10.* 1.* 3"):
        squared_distances.distances(values, squared=False)


def test_negative_values_are_refused_and_rounding_is_not():
    with pytest.raises(DataError, match=r"1.* 3.* 0.* 2.*: -0.1"):
        squared_distances.distances(np.array([1, -0.1, 2]), squared=True)
    assert squared_distances.distances(np.array([1, -1e-8, 4]), squared=True).tolist() == [1, 0, 2]
