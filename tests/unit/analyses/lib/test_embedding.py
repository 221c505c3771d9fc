"""Maps of RDMs against scikit-learn, SciPy and configurations that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform
from sklearn import manifold
from sklearn.decomposition import PCA

from repscape.analyses.lib import embedding, squared_distances
from repscape.analyses.lib import points as points_of
from repscape.core.errors import DataError
from repscape.metrics.lib.normalisation import scaling
from repscape.metrics.sqeuclidean import Sqeuclidean


def cloud(entries=12, dims=2, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(entries, dims))


def rough(entries=12, seed=0):
    """Distances that no points have: some break the triangle inequality."""
    return np.random.default_rng(seed).uniform(0.2, 2, entries * (entries - 1) // 2)


def run(method, distances, dims=2, **options):
    if method in ("smacof", "tsne"):
        options = {"n_init": 2, "seed": 3} | options
    return embedding.METHODS[method](distances, dims, **options)


@pytest.mark.parametrize("method", ["classical", "pca", "smacof"])
@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_points_in_the_plane_are_found_again(method, scale):
    known = cloud(scale=scale)
    found = run(method, pdist(known))
    np.testing.assert_allclose(pdist(found.points), pdist(known), rtol=1e-9)
    moved, disparity = points_of.aligned(found.points, known)
    np.testing.assert_allclose(moved, known, atol=1e-9 * scale)
    assert disparity < 1e-12
    assert found.stress_1 < 1e-9


@given(
    entries=st.integers(3, 9), dims=st.integers(1, 2), seed=st.integers(0, 99),
    method=st.sampled_from(["classical", "smacof"]),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_order_of_entries_does_not_matter(entries, dims, seed, method):
    distances = squareform(rough(entries, seed))
    order = np.random.default_rng(seed).permutation(entries)
    first = run(method, squareform(distances), dims, **{"n_init": 0} if method == "smacof" else {})
    second = run(
        method,
        squareform(distances[np.ix_(order, order)]),
        dims,
        **{"n_init": 0} if method == "smacof" else {},
    )
    assert second.stress == pytest.approx(first.stress, rel=1e-4, abs=1e-12)
    at = np.triu_indices(entries, 1)
    again = squareform(pdist(first.points))[np.ix_(order, order)][at]
    np.testing.assert_allclose(pdist(second.points), again, atol=2e-2 if method == "smacof" else 1e-6)


def test_classical_is_scikit_learns():
    distances = rough()
    found = embedding.classical(distances, 3)
    expected = manifold.ClassicalMDS(n_components=3, metric="precomputed").fit(squareform(distances))
    np.testing.assert_allclose(pdist(found.points), pdist(expected.embedding_), rtol=1e-9)
    np.testing.assert_allclose(found.eigenvalues[:3], expected.eigenvalues_, rtol=1e-9)
    matrix = squareform(distances) ** 2
    centring = np.eye(12) - 1 / 12
    values = np.linalg.eigvalsh(-0.5 * centring @ matrix @ centring)
    np.testing.assert_allclose(found.eigenvalues, values[::-1], atol=1e-9)
    np.testing.assert_allclose(found.explained, values[::-1][:3] / np.abs(values).sum(), rtol=1e-9)
    assert found.negative == pytest.approx(-values[values < 0].sum() / np.abs(values).sum())
    assert found.negative > 0.01


def test_stress_is_scikit_learns():
    """One run from the same start has the same points; both stresses are as they are reported there."""
    distances = rough()
    target = squareform(distances)
    start = embedding.classical(distances, 2).points
    options = {"n_components": 2, "init": start, "n_init": 1, "max_iter": 1000, "eps": 1e-8}
    points, raw = manifold.smacof(target, normalized_stress=False, **options)
    _, normalised = manifold.smacof(target, normalized_stress=True, **options)
    assert points_of.stress(points, distances) == pytest.approx((raw, normalised), rel=1e-9)
    found = run("smacof", distances, n_init=0)
    assert (found.stress, found.stress_1) == pytest.approx((raw, normalised), rel=1e-5)
    by_hand = sum(
        (target[i, j] - np.linalg.norm(points[i] - points[j])) ** 2 for i in range(12) for j in range(i)
    )
    assert raw == pytest.approx(by_hand)


def test_more_starts_are_never_worse_and_as_good_as_scikit_learns():
    for seed in range(3):
        distances = rough(12, seed)
        stresses = [run("smacof", distances, n_init=count).stress for count in (0, 2, 5)]
        assert stresses == sorted(stresses, reverse=True)
        model = manifold.MDS(
            metric="precomputed",
            n_init=5,
            init="random",
            random_state=embedding._state(3),
            max_iter=1000,
            eps=1e-8,
        )
        assert stresses[-1] <= model.fit(squareform(distances)).stress_ * (1 + 1e-5)
    assert stresses[-1] < embedding.classical(distances, 2).stress


def test_pca_is_that_of_the_patterns():
    activity = np.random.default_rng(0).normal(2, 3, (10, 40)).astype(np.float32)
    of = scaling(activity, "zscore")
    found = run(
        "pca", squared_distances.distances(Sqeuclidean().dissimilarity(activity, of), squared=True), 3
    )
    expected = PCA(3).fit(activity.astype(np.float64) / of.scale / np.sqrt(40))
    scores = expected.transform(activity.astype(np.float64) / of.scale / np.sqrt(40))
    np.testing.assert_allclose(np.abs(found.points), np.abs(scores), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.explained, expected.explained_variance_ratio_, rtol=1e-5)


def test_pca_of_correlation_is_that_of_normalised_patterns():
    patterns = np.random.default_rng(0).normal(size=(8, 30))
    found = run("pca", squared_distances.distances(pdist(patterns, "correlation"), squared=True))
    centred = patterns - patterns.mean(1, keepdims=True)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True) / np.sqrt(2)
    np.testing.assert_allclose(np.abs(found.points), np.abs(PCA(2).fit_transform(unit)), atol=1e-9)


def test_pca_refuses_what_has_no_patterns():
    with pytest.raises(DataError, match=r"PCA .*eigenvalue"):
        run("pca", rough())


def patterns_of(metric):
    generator = np.random.default_rng(1)
    patterns = generator.normal(size=(9, 20))
    if metric == "spearman":
        return pdist(patterns.argsort(1).argsort(1), "correlation")
    return pdist(patterns, {"pearson": "correlation"}.get(metric, metric))


def test_tsne_keeps_neighbours():
    groups = np.repeat([[0, 0, 0], [20, 0, 0], [0, 20, 0]], 8, axis=0) + cloud(24, 3)
    found = run("tsne", pdist(groups))
    nearest = squareform(pdist(found.points)) + np.diag(np.full(24, np.inf))
    assert (nearest.argmin(1) // 8 == np.arange(24) // 8).all()
    assert np.isfinite(found.divergence)
    assert np.isnan([found.stress, found.stress_1]).all()


def test_tsne_is_scikit_learns():
    """The distances are not squared twice: given the coordinates, scikit-learn finds the same."""
    known = cloud(20, 3)
    start = embedding.classical(pdist(known), 2).points
    model = manifold.TSNE(
        perplexity=5, init=(start / start[:, 0].std() * 1e-4).astype(np.float32), method="exact"
    ).fit(known)
    found = run("tsne", pdist(known), n_init=0, perplexity=5)
    assert found.divergence == pytest.approx(model.kl_divergence_, rel=1e-2)


def test_tsne_of_points_more_starts_are_never_worse():
    distances = pdist(cloud(12, 4))
    divergences = [run("tsne", distances, n_init=count).divergence for count in (0, 2, 4)]
    assert divergences == sorted(divergences, reverse=True)


@pytest.mark.parametrize("perplexity", [1, 11, 30])
def test_perplexity_has_limits(perplexity):
    with pytest.raises(DataError, match=f"perplexity: .*11 .*found {perplexity}"):
        run("tsne", pdist(cloud(12)), perplexity=perplexity)


def test_tsne_needs_four_entries():
    with pytest.raises(DataError, match=r"t-SNE.* 4.* 3"):
        run("tsne", pdist(cloud(3)))
    assert run("tsne", pdist(cloud(4))).points.shape == (4, 2)


@pytest.mark.parametrize("method", list(embedding.METHODS))
def test_same_seed_same_bytes(method):
    distances = squared_distances.distances(patterns_of("correlation"), squared=True)
    first, second = run(method, distances), run(method, distances)
    assert first.points.tobytes() == second.points.tobytes()
    assert first.points.dtype == np.float64


def test_random_starts_follow_the_seed():
    distances = rough(20, seed=10)
    starts = [run("smacof", distances, n_init=1, seed=seed).points.tobytes() for seed in range(2)]
    assert starts[0] != starts[1]


@pytest.mark.parametrize("method", ["classical", "pca", "smacof"])
def test_axes_are_principal_and_signed(method):
    for seed in range(6):
        points = run(method, pdist(cloud(10, 3, seed)), 2).points
        np.testing.assert_allclose(points.mean(0), 0, atol=1e-9)
        covariance = points.T @ points
        assert covariance[0, 0] > covariance[1, 1]
        assert abs(covariance[0, 1]) < 1e-9
        assert (points.max(0) == np.abs(points).max(0)).all()


def test_equally_large_values_do_not_leave_the_sign_to_rounding():
    for noise in (-1e-12, 1e-12):
        points = np.array([[-1, 0.5], [1 + noise, -0.5], [0, 0]])
        assert (points_of.signed(points)[0] > 0).all()


@pytest.mark.parametrize("method", ["classical", "pca", "smacof"])
def test_equal_entries_lie_on_each_other(method):
    found = run(method, np.zeros(6))
    assert (found.points == 0).all()
    assert (found.stress, found.stress_1) == (0, 0)


def test_dimensions_that_there_are_not_stay_empty():
    found = embedding.classical(pdist(np.arange(6.0)[:, None]), 3)
    np.testing.assert_allclose(found.points[:, 1:], 0, atol=1e-12)
    assert found.negative == 0
    assert found.explained[0] == 1


def test_more_dimensions_than_entries_span_are_refused():
    with pytest.raises(DataError, match=r"dims: .* 1 to 3 .* 4 entries.* 4"):
        embedding.classical(np.ones(6), 4)


def test_smacof_finds_what_many_descents_find():
    """The least of many descents; scikit-learn's four random starts end 2% and more above it."""
    distances = pdist(np.random.default_rng(0).normal(size=(40, 6)))
    random = np.random.default_rng(1).normal(scale=4, size=(60, 40, 2))
    many = [embedding._descended(points, squareform(distances), 200, 0)[1] / 2 for points in random]
    _, usual = manifold.smacof(
        squareform(distances), n_init=4, normalized_stress=False, random_state=0, max_iter=100
    )
    assert usual > 1.02 * min(many)
    assert embedding.smacof(distances, 2, n_init=16, seed=0).stress < 1.01 * min(many)
