import numpy as np
import pytest

from repscape.metrics.lib.normalisation import Scaling, _warn_centred, moments, scaling


def normal(images=12, units=300, seed=0):
    return np.random.default_rng(seed).normal(size=(images, units)).astype(np.float32)


@pytest.mark.parametrize("shape", [(3, 5), (30, 200), (7, 40_001), (2, 300_000), (900, 333)])
def test_zscore_is_the_mean_and_population_sd_over_everything(shape):
    activity = normal(*shape) * 3 + 1
    shift, scale = scaling(activity, "zscore")
    np.testing.assert_allclose(shift, activity.astype(np.float64).mean(), rtol=1e-12)
    np.testing.assert_allclose(scale, activity.astype(np.float64).std(), rtol=1e-12)


def test_zscore_of_a_small_spread_on_a_large_mean():
    activity = (100 + 0.001 * normal(30, 5000)).astype(np.float32)
    np.testing.assert_allclose(
        scaling(activity, "zscore").scale, activity.astype(np.float64).std(), rtol=1e-9
    )


def test_mean_max_and_none():
    activity = np.abs(normal())
    assert scaling(activity, "none") == Scaling(0.0, 1.0)
    assert scaling(activity, "max") == Scaling(0.0, float(activity.max()))
    shift, scale = scaling(activity, "mean")
    assert shift == 0
    np.testing.assert_allclose(scale, activity.astype(np.float64).mean(), rtol=1e-12)


@pytest.mark.parametrize(
    ("activity", "told"),
    [
        (normal(30, 5000), 1),
        (normal(30, 5000) + 0.005, 1),
        (normal(5, 20) - normal(5, 20).mean(), 1),
        (normal(30, 5000) + 0.1, 0),
        (np.maximum(normal(30, 5000) - 3, 0), 0),  # about one value in 700 is not 0
        (np.eye(1000, dtype=np.float32)[:30], 0),
        (np.full((3, 5), 2, np.float32), 0),
    ],
)
def test_of_a_mean_near_0_the_log_warns_once(caplog, activity, told):
    """Distances divided by it are as large as chance makes them small."""
    _warn_centred.cache_clear()
    for _ in range(3):
        scaling(activity, "mean")
        scaling(activity, "zscore")
    assert caplog.text.count("expected activity with a mean above 0") == told


@pytest.mark.parametrize("value", [0.1, 1 / 3, 100.7, -3e-20, 1e30])
@pytest.mark.parametrize("shape", [(3, 7), (30, 100_003)])
def test_constant_activity_has_scale_exactly_0(value, shape):
    assert scaling(np.full(shape, value, np.float32), "zscore").scale == 0


def test_moments_of_equal_images_are_equal():
    activity = 100 + np.repeat(normal(1, 10_007), 31, axis=0)
    means, squares = moments(activity)
    assert len(set(means.tolist())) == 1
    assert len(set(squares.tolist())) == 1
