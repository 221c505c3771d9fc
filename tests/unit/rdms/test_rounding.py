"""What rounding alone makes different is equal: its ranks say nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau, spearmanr

from repscape.metrics.lib.normalisation import moments, scaling
from repscape.metrics.lib.rounding import rounding_by_moments, rounding_of
from repscape.metrics.lib.streamed_rows import Rows
from repscape.rdms import blockwise
from repscape.rdms.compare.comparison import compare
from repscape.rdms.compare.meta import meta_rdms
from repscape.rdms.compute import NamedMetric, dissimilarities, scalings_of
from repscape.rdms.condensed import flush_rounding
from repscape.rdms.table.rdm_stack import without_rounding

METRICS = ("sqeuclidean", "rms", "euclidean", "correlation", "cosine", "spearman")


def measures(kind="zscore", metrics=METRICS):
    return [NamedMetric.of(name, name, kind) for name in metrics]


def rdms(activity, kind="zscore"):
    own = measures(kind)
    return dict(zip(METRICS, dissimilarities(activity, own, scalings_of(activity, own)), strict=True))


def rounded(activity, seed=0):
    """The same answers as another order of summation gives them: some are the next number up or down."""
    random = np.random.default_rng(seed)
    step = random.integers(-1, 2, activity.shape).astype(np.float32)
    return np.nextafter(activity.astype(np.float32), activity.astype(np.float32) + step)


@pytest.mark.parametrize("kind", ["zscore", "none"])
@pytest.mark.parametrize("mean", [0, 100])
def test_equal_images_are_equal_but_for_rounding(kind, mean):
    image = mean + np.random.default_rng(1).normal(size=500)
    other = mean + np.random.default_rng(2).normal(size=500)
    activity = rounded(np.array([image, image, image, other]))
    assert len(np.unique(activity, axis=0)) == 4
    for name, values in rdms(activity, kind).items():
        assert (values[[0, 1, 3]] == 0).all() or name == "spearman"
        assert (values[[2, 4, 5]] > 1e-5).all()


def test_small_differences_are_kept():
    base = np.random.default_rng(3).normal(size=(1, 500)) + 5
    activity = (base + 1e-4 * np.random.default_rng(4).normal(size=(6, 500))).astype(np.float32)
    found = rdms(activity, "none")
    np.testing.assert_allclose(found["euclidean"], pdist(activity.astype(np.float64)), rtol=1e-4)
    np.testing.assert_allclose(
        found["correlation"], pdist(activity.astype(np.float64), "correlation"), rtol=1e-4
    )


@pytest.mark.parametrize("blocks", [False, True])
def test_a_large_unit_that_does_not_vary_hides_no_distance(blocks):
    """A neuron of arbitrary units that is constant at a million, beside others around 0."""
    random = np.random.default_rng(10)
    activity = np.full((6, 11), 1e6, np.float32)
    activity[:, 1:] = random.normal(0, 0.05, (6, 10))
    own = measures("none", ["euclidean", "sqeuclidean", "rms"])
    if blocks:
        found = np.zeros((3, 1, 15), np.float32)
        scalings = scalings_of(activity, own)
        blockwise.fill(found, 0, Rows(activity.__getitem__, 6, 11), own, scalings, None)
        found = found[:, 0]
    else:
        found = dissimilarities(activity, own, scalings_of(activity, own))
    expected = pdist(activity.astype(np.float64))
    for values, true in zip(found, (expected, expected**2 / 11, expected / 11**0.5), strict=True):
        np.testing.assert_allclose(values, true, rtol=1e-5)


def test_constant_but_for_rounding_is_constant():
    activity = rounded(np.full((5, 300), 0.1))
    assert scaling(activity, "zscore").scale == 0
    for name, values in rdms(activity).items():
        assert np.isnan(values).all(), name
    activity[:4] += np.random.default_rng(5).normal(size=(4, 300)).astype(np.float32)
    for name in ("correlation", "spearman"):
        values = rdms(activity)[name]
        np.testing.assert_array_equal(np.isnan(values), [0, 0, 0, 1, 0, 0, 1, 0, 1, 1])


def test_blocks_say_the_same():
    random = np.random.default_rng(6)
    activity = rounded(np.repeat(random.normal(size=(8, 40)), 3, axis=0))
    own = measures(metrics=METRICS[:5])
    scalings = scalings_of(activity, own)
    rows = Rows(activity.__getitem__, *activity.shape)
    values = np.full((5, 1, 24 * 23 // 2), np.nan, np.float32)
    blockwise.fill(values, 0, rows, own, scalings, None)
    expected = dissimilarities(activity, own, scalings)
    assert (values == 0).sum() == 5 * 8 * 3
    np.testing.assert_array_equal(values[:, 0] == 0, expected == 0)


@pytest.mark.parametrize("kind", ["spearman", "kendall"])
def test_values_that_are_but_rounding_beside_others_are_ties(kind):
    random = np.random.default_rng(7)
    values = random.normal(size=(2, 15)) ** 2
    values[0, :6] = 0
    noisy = values + 1e-17 * random.random(values.shape) * (values == 0)
    other = {"spearman": spearmanr, "kendall": lambda x, y: kendalltau(x, y, variant="c")}[kind]
    exact = compare(values, kind)
    np.testing.assert_array_equal(compare(noisy, kind), exact)
    np.testing.assert_array_equal(flush_rounding(noisy), values)
    if kind == "spearman":
        assert exact[0] == pytest.approx(1 - other(*values).statistic)


def test_rdms_are_0_from_themselves():
    values = np.random.default_rng(8).random((1, 190))
    same = np.repeat(values, 3, axis=0) * np.array([[1], [3.3], [0.7]])
    for kind in ("pearson", "spearman", "cosine", "whitened_pearson", "whitened_cosine"):
        np.testing.assert_array_equal(compare(same, kind), 0)


def table(metric, normalisation, **labels):
    random = np.random.default_rng(9)
    values = [1e-16 * random.random(15), random.random(15), random.random(15)]
    entries = [pd.Index(list("abcdef"), name="image")] * 3
    shared = {"metric": metric, "measure": metric, "normalisation": normalisation, "repeat": 0}
    made = pd.DataFrame({"layer": ["one", "two", "three"], **shared})
    return made.assign(entries=entries, dissimilarity=pd.Series(values, dtype=object))


@pytest.mark.parametrize(
    ("metric", "normalisation", "rounding"),
    [("correlation", "none", True), ("sqeuclidean", "zscore", True), ("sqeuclidean", "none", False)],
)
def test_rdms_of_rounding_alone_are_all_ties(metric, normalisation, rounding, caplog):
    """Where the metric tells how large its values are: activity in tesla has small distances."""
    made = table(metric, normalisation)
    assert (without_rounding(made)[0] == 0).all() == rounding
    found = meta_rdms(made, ["layer"], comparisons=["spearman", "pearson"])
    for values in found["dissimilarity"]:
        assert np.isnan(values).tolist() == [rounding, rounding, False]
    assert ("layer one" in caplog.text) == rounding


@pytest.mark.parametrize("size", [1e-30, 1e-12, 1.0, 1e12, 1e25])
def test_rounding_of_any_size_is_that_of_double_precision(size):
    """Single precision serves where it can, and moments where they are known."""
    activity = (size * np.random.default_rng(0).normal(3, 1, (5, 200))).astype(np.float32)
    expected = (4 * np.finfo(np.float32).eps) ** 2 * np.square(activity.astype(np.float64)).sum(axis=1)
    np.testing.assert_allclose(rounding_of(activity), expected, rtol=1e-4)
    found = rounding_by_moments(activity, *moments(activity))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("spread", [1.0, 1e-3, 1e-6])
def test_the_rounding_of_a_large_unit_that_does_not_vary_is_not_left(spread):
    """Taken off a sum, it would leave its own rounding, in which small distances vanish."""
    activity = (spread * np.random.default_rng(0).normal(size=(6, 50))).astype(np.float32)
    beside = np.column_stack([activity, np.full(6, 1e6, np.float32), np.zeros(6, np.float32)])
    expected = rounding_of(activity)
    np.testing.assert_allclose(rounding_of(beside, differences=True), expected, rtol=1e-4)
    found = rdms(beside, "none")["euclidean"]
    np.testing.assert_allclose(found, pdist(activity.astype(np.float64)), rtol=1e-4)
