"""Every metric against other libraries and float64 loops written from the formulae."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr
from sklearn.metrics import pairwise_distances

from repscape.metrics.lib import distances
from repscape.metrics.lib.distances import pairs, squared_distances
from repscape.metrics.lib.normalisation import Scaling, scaling
from repscape.plugin.registry import find, names

METRICS = ["correlation", "cosine", "euclidean", "rms", "spearman", "sqeuclidean"]
OF_TRIALS = ["crossnobis", "crossnobis_diagonal", "mahalanobis"]  # see lib/test_single_trials.py
IDENTITY = Scaling(0.0, 1.0)


def rdm(metric, activity, normalisation="none"):
    return find("metrics", metric)().dissimilarity(activity, scaling(activity, normalisation))


def normal(images=12, units=300, seed=0):
    return np.random.default_rng(seed).normal(size=(images, units)).astype(np.float32)


def rank(values):
    """Mean ranks, the slow way."""
    return np.array([(values < value).sum() + ((values == value).sum() + 1) / 2 for value in values])


def by_formula(metric, activity, normalisation):
    """Float64 loops written from the definitions."""
    a = np.asarray(activity, np.float64)
    if normalisation == "zscore":
        z = a - a.mean()
        z /= np.sqrt((z**2).mean())
    else:
        z = a / {"mean": a.mean(), "max": a.max(), "none": 1.0}[normalisation]
    ranks = np.array([rank(image) for image in activity]) if metric == "spearman" else None
    out = []
    for i in range(len(a)):
        for j in range(i + 1, len(a)):
            mean_square = ((z[i] - z[j]) ** 2).mean()
            x, y = a[i], a[j]
            if metric == "spearman":
                x, y = ranks[i], ranks[j]
            if metric == "cosine":
                x, y = z[i], z[j]
            if metric in ("spearman", "correlation"):
                x, y = x - x.mean(), y - y.mean()
            out.append(
                {
                    "sqeuclidean": mean_square,
                    "rms": mean_square**0.5,
                    "euclidean": ((z[i] - z[j]) ** 2).sum() ** 0.5,
                }.get(metric)
                if metric in ("sqeuclidean", "rms", "euclidean")
                # 1 − cos as half the squared chord, which does not cancel near 0
                else ((x / np.sqrt(x @ x) - y / np.sqrt(y @ y)) ** 2).sum() / 2
            )
    return np.array(out)


@pytest.mark.parametrize("metric", sorted({*names("metrics")} - {*METRICS, *OF_TRIALS}))
def test_a_further_metric_is_tested(metric):
    own = Path(__file__).with_name(f"test_{metric}.py")
    assert own.exists(), f"compare its values with something independent in {own.name}"


@pytest.mark.parametrize("normalisation", ["zscore", "mean", "max", "none"])
@pytest.mark.parametrize("metric", METRICS)
def test_equals_the_formula(metric, normalisation):
    activity = np.maximum(normal() + normal(1, 300, 1), 0)
    np.testing.assert_allclose(
        rdm(metric, activity, normalisation), by_formula(metric, activity, normalisation), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("metric", "method"),
    # rsatoolbox's "euclidean" is the squared distance divided by the number of units
    [("sqeuclidean", "euclidean"), ("correlation", "correlation")],
)
def test_equals_rsatoolbox(metric, method):
    activity = normal(20, 500)
    oracle = calc_rdm(Dataset(activity.astype(np.float64)), method=method).dissimilarities[0]
    np.testing.assert_allclose(rdm(metric, activity), oracle, rtol=1e-5)


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "correlation", "cosine"])
def test_equals_scipy_and_scikit_learn(metric):
    activity = normal(20, 500)
    scale = 500 if metric == "sqeuclidean" else 1
    oracle = pdist(activity.astype(np.float64), metric) / scale
    np.testing.assert_allclose(rdm(metric, activity), oracle, rtol=1e-5)
    square = pairwise_distances(activity.astype(np.float64), metric=metric) / scale
    np.testing.assert_allclose(rdm(metric, activity), square[np.triu_indices(20, 1)], rtol=1e-5)


def test_spearman_equals_scipy_with_ties():
    activity = np.round(normal(8, 200) * 2) / 2
    oracle = 1 - spearmanr(activity, axis=1).statistic[np.triu_indices(8, 1)]
    np.testing.assert_allclose(rdm("spearman", activity), oracle, rtol=1e-5)


def small_on_large_mean():
    return (100 + 0.001 * normal(10, 2000)).astype(np.float32)


def unit_means():
    return (100 + 10 * normal(1, 2000, 1) + 0.001 * normal(10, 2000)).astype(np.float32)


def tight_clusters():
    centres = np.repeat(normal(4, 2000, 1), 5, axis=0)
    return (centres + 1e-4 * normal(20, 2000)).astype(np.float32)


def tightest_clusters():
    """Images of a cluster differ in the last bit of a few units."""
    activity = np.repeat(normal(3, 2000, 1), 4, axis=0)
    for image in range(len(activity)):
        some = slice(image, image + 3)
        activity[image, some] = np.nextafter(activity[image, some], np.float32(9))
    return activity


def one_far_image():
    activity = normal(30, 2000)
    activity[7] *= 1000
    return activity


def contrasts():
    """The same pattern at different gains and offsets: r is nearly 1 where distances are large."""
    gains = np.linspace(1, 5, 8)[:, np.newaxis]
    return (gains * normal(1, 2000, 1) + 3 * gains + 1e-3 * normal(8, 2000)).astype(np.float32)


def one_large_among_many_small():
    """Images on a circle of two large units; in float32 the small ones fall below the last bit."""
    angle = np.arange(24)[:, np.newaxis] * np.pi / 12
    activity = 2.4e-4 * np.sign(np.cos(angle - 0.1)) * np.ones(2000)
    activity[:, :2] = np.hstack([np.cos(angle), np.sin(angle)])
    return activity.astype(np.float32)


def tiny():
    return normal(10, 500) * np.float32(1e-22)


def huge():
    return normal(10, 500) * np.float32(1e24)


HARD = [
    small_on_large_mean, unit_means, tight_clusters, tightest_clusters, one_far_image, contrasts,
    one_large_among_many_small, tiny, huge,
]  # fmt: skip


def among(images, metric, activity, normalisation="none", times=1):
    """The RDM of the first images where all come several times, so that others than few are computed."""
    found = rdm(metric, np.tile(activity, (times, 1)), normalisation)
    return squareform(found, checks=False)[:images, :images][np.triu_indices(images, 1)]


# Up to 200 images are computed in float64, more in float32 where that suffices.
SEVERAL = pytest.mark.parametrize("times", [1, 30], ids=["few images", "many images"])


@SEVERAL
@pytest.mark.parametrize("normalisation", ["zscore", "none"])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("make", HARD)
def test_accurate_to_1e_4_on_hard_activity(make, metric, normalisation, times):
    activity = make()
    expected = by_formula(metric, activity, normalisation)
    assert expected.max() > 0
    found = among(len(activity), metric, activity, normalisation, times)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-25)


@pytest.mark.parametrize("spread", [1e-3, 0.3, 1])
def test_accurate_with_many_images(spread):
    activity = np.repeat(normal(60, 500, 1), 5, axis=0) + spread * normal(300, 500)
    precise = activity.astype(np.float64)
    np.testing.assert_allclose(rdm("euclidean", activity, "none"), pdist(precise), rtol=1e-4)
    np.testing.assert_allclose(rdm("correlation", activity), pdist(precise, "correlation"), rtol=1e-4)


@SEVERAL
def test_accurate_with_many_units(times):
    activity = np.maximum(normal(12, 400_000) + normal(1, 400_000, 1), 0)
    activity[3] *= 20
    expected = pdist(activity.astype(np.float64), "sqeuclidean") / 400_000
    found = among(12, "sqeuclidean", activity, times=1 if times == 1 else 17)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("images", [40, 210])
@pytest.mark.parametrize("units", [1, 2, 7, 1001, 10_007])
@pytest.mark.parametrize("metric", METRICS)
def test_identical_images_are_at_exactly_0_and_none_below(metric, units, images):
    activity = 100 + normal(images, units)
    activity[[3, 17, 39]] = activity[0]
    dissimilarity = rdm(metric, activity, "zscore")
    first, second = pairs(images)
    same = np.isin(first, [0, 3, 17, 39]) & np.isin(second, [0, 3, 17, 39])
    if units == 1 and metric in ("correlation", "spearman"):
        assert np.isnan(dissimilarity).all()
        return
    assert (dissimilarity[same] == 0).all()
    assert (dissimilarity >= 0).all()
    if units > 7 or (units == 7 and images == 40):  # of few units, others may be equal by chance
        assert (dissimilarity[~same] > 0).all()


@pytest.mark.parametrize("metric", names("metrics"))
def test_all_images_identical(metric):
    activity = np.repeat(normal(1, 50), 5, axis=0)
    np.testing.assert_array_equal(rdm(metric, activity, "zscore"), 0)


@pytest.mark.parametrize("metric", ["sqeuclidean", "rms", "correlation", "spearman", "cosine"])
def test_constant_activity_is_nan(metric):
    activity = np.full((5, 1000), 0.1, np.float32)
    assert scaling(activity, "zscore").scale == 0
    assert np.isnan(rdm(metric, activity, "zscore")).all()


@pytest.mark.parametrize("metric", ["correlation", "spearman"])
def test_a_constant_image_is_nan_and_spoils_no_other(metric):
    activity = 100 + normal(6, 1000)
    activity[2] = np.float32(0.1)
    dissimilarity = rdm(metric, activity)
    first, second = pairs(6)
    with_constant = (first == 2) | (second == 2)
    assert np.isnan(dissimilarity[with_constant]).all()
    others = rdm(metric, np.delete(activity, 2, axis=0))
    np.testing.assert_allclose(dissimilarity[~with_constant], others, rtol=1e-5)


def test_an_image_of_zeros_has_no_cosine():
    activity = normal(4, 100)
    activity[0] = 0
    np.testing.assert_array_equal(np.isnan(rdm("cosine", activity)), [1, 1, 1, 0, 0, 0])


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("normalisation", ["zscore", "mean", "max"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("metric", METRICS)
def test_activity_that_is_not_finite_is_nan_never_0_or_inf(metric, value, normalisation):
    activity = normal(5, 100)
    activity[1, 3] = value
    first, second = pairs(5)
    dissimilarity = rdm(metric, activity, normalisation)
    if metric == "spearman" and value == np.inf:  # an infinite answer has a rank
        assert np.isfinite(dissimilarity).all()
        return
    assert np.isnan(dissimilarity[(first == 1) | (second == 1)]).all()
    assert not np.isinf(dissimilarity).any()
    assert not (dissimilarity == 0).any()


def test_scale_0_is_nan():
    assert np.isnan(find("metrics", "sqeuclidean")().dissimilarity(normal(), Scaling(0.0, 0.0))).all()


shapes = {"images": st.integers(2, 9), "units": st.integers(2, 60), "seed": st.integers(0, 2**32)}


@settings(max_examples=30, deadline=None)
@given(**shapes)
@pytest.mark.parametrize("metric", names("metrics"))
def test_permuting_images_and_units_permutes_the_rdm(metric, images, units, seed):
    activity = normal(images, units, seed)
    generator = np.random.default_rng(seed)
    order, columns = generator.permutation(images), generator.permutation(units)
    square = np.zeros((images, images))
    square[np.triu_indices(images, 1)] = rdm(metric, activity, "zscore")
    square += square.T
    moved = rdm(metric, activity[order][:, columns], "zscore")
    expected = square[np.ix_(order, order)][np.triu_indices(images, 1)]
    np.testing.assert_allclose(moved, expected, rtol=1e-4, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(gain=st.floats(0.01, 100), offset=st.floats(-10, 10), **shapes)
def test_zscore_undoes_affine_maps(images, units, seed, gain, offset):
    # Integers times a power of two keep the map itself exact.
    activity = np.round(normal(images, units, seed) * 64)
    activity[0, :2] = 0, 1
    gain, offset = 2.0 ** np.round(np.log2(gain)), np.round(offset)
    mapped = (activity * gain + offset * gain).astype(np.float32)
    for metric in ("sqeuclidean", "rms", "cosine", "correlation"):
        np.testing.assert_allclose(
            rdm(metric, mapped, "zscore"), rdm(metric, activity, "zscore"), rtol=1e-4, atol=1e-12
        )


@settings(max_examples=30, deadline=None)
@given(**shapes)
def test_scaling_laws(images, units, seed):
    activity = normal(images, units, seed)
    factors = {"sqeuclidean": 4, "rms": 2, "euclidean": 2, "correlation": 1, "cosine": 1, "spearman": 1}
    for metric, factor in factors.items():
        expected = factor * rdm(metric, activity, "none")
        np.testing.assert_allclose(rdm(metric, 2 * activity, "none"), expected, rtol=1e-4, atol=1e-12)
    np.testing.assert_allclose(rdm("rms", activity) * np.sqrt(units), rdm("euclidean", activity), rtol=1e-4)


@settings(max_examples=30, deadline=None)
@given(**shapes)
def test_correlation_is_half_the_sqeuclidean_of_images_zscored_by_themselves(images, units, seed):
    activity = normal(images, units, seed).astype(np.float64)
    by_image = (activity - activity.mean(1, keepdims=True)) / activity.std(1, keepdims=True)
    np.testing.assert_allclose(
        rdm("correlation", activity.astype(np.float32)),
        rdm("sqeuclidean", by_image) / 2,
        rtol=1e-4,
        atol=1e-10,
    )


def test_triangle_inequality_of_the_euclidean_distance():
    square = np.zeros((12, 12))
    square[np.triu_indices(12, 1)] = rdm("euclidean", normal())
    square += square.T
    assert (square[:, :, None] <= square[:, None, :] + square[None, :, :] + 1e-5).all()


def test_pairs_are_row_major():
    first, second = pairs(4)
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == [
        (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)
    ]  # fmt: skip


def test_rows_may_be_memory_ordered_either_way():
    activity = normal()
    np.testing.assert_allclose(
        squared_distances(np.asfortranarray(activity)), squared_distances(activity), rtol=1e-5
    )


def test_centring_units_keeps_the_fast_product_trustworthy():
    activity = (100 + 10 * normal(1, 2000, 1) + normal(10, 2000)).astype(np.float32)
    _, doubtful = distances._by_product(activity, np.zeros(10), np.ones(10), np.float32)
    assert not doubtful.any()
