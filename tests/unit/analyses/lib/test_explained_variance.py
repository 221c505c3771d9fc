"""Reliability, R² and its resamples, against independent sources and planted ones."""

import numpy as np
import pytest
from scipy.stats import f_oneway
from sklearn.metrics import r2_score

from repscape.analyses.lib.explained_variance import p_above, p_different, r2, reliability, resampled_medians


def sahani_linden(response):
    """Signal power over the power of the mean response, of (repeat, image), by the formulae of 2003."""
    repeats = len(response)
    of_mean = np.var(response.mean(0), ddof=1)
    mean_of = np.mean([np.var(each, ddof=1) for each in response])
    return (repeats * of_mean - mean_of) / (repeats - 1) / of_mean


def test_reliability_is_that_of_an_analysis_of_variance():
    random = np.random.default_rng(0)
    for repeats in (2, 5):
        response = random.normal(100, 1, (8, repeats, 3)) + random.normal(size=(8, 1, 3))
        found = reliability(response.reshape(-1, 3), np.repeat(np.arange(8), repeats))
        expected = [1 - 1 / f_oneway(*response[..., neuron]).statistic for neuron in range(3)]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_reliability_is_the_share_of_signal_power_where_repeats_do_not_drift():
    """Repeats with the same mean each: then Sahani and Linden's formula has no drift to leave out."""
    random = np.random.default_rng(0)
    response = random.normal(size=(4, 9)) + random.normal(size=9)
    response -= response.mean(1, keepdims=True)
    expected = sahani_linden(response)
    between, noise = response.mean(0), response - response.mean(0)
    assert expected == pytest.approx(1 - (noise**2).sum() / (3 * 8) / 4 / between.var(ddof=1))
    found = reliability(response.T.reshape(-1, 1), np.repeat(np.arange(9), 4))
    # One-way analysis of variance divides the same squares by 3 · 9 degrees of freedom, not 3 · 8.
    assert 1 - found[0] == pytest.approx((1 - expected) * 8 / 9)


def test_reliability_is_what_was_planted_also_with_unequal_repeats_and_noise():
    """Signal variance 1; the noise of image i has variance 1 + i mod 3 and 2 to 6 trials."""
    random = np.random.default_rng(1)
    repeats = 2 + np.arange(60) % 5
    image = np.repeat(np.arange(60), repeats)
    neurons = 4000
    signal = random.normal(size=(60, neurons))
    noise = random.normal(size=(len(image), neurons)) * np.sqrt(1 + image % 3)[:, None]
    power = np.mean((1 + np.arange(60) % 3) / repeats)
    found = reliability(signal[image] + noise, image)
    assert np.median(found) == pytest.approx(1 / (1 + power), abs=0.01)
    assert np.median(reliability(noise, image)) == pytest.approx(0, abs=0.05)


def test_reliability_of_a_plain_loop_with_images_shown_once():
    random = np.random.default_rng(2)
    image = random.permutation(np.repeat(np.arange(5), [1, 2, 3, 1, 4]))
    response = random.normal(size=(11, 2)) + 1e4
    for neuron, found in enumerate(reliability(response, image)):
        own = [response[image == at, neuron] for at in range(5)]
        pooled = sum(((one - one.mean()) ** 2).sum() for one in own) / (11 - 5)
        noise = np.mean([pooled / len(one) for one in own])
        assert found == pytest.approx(1 - noise / np.var([one.mean() for one in own], ddof=1), rel=1e-6)


def test_reliability_is_undefined_without_repeats_and_for_constant_neurons():
    assert np.isnan(reliability(np.random.default_rng(0).normal(size=(5, 2)), np.arange(5))).all()
    response = np.ones((6, 2))
    response[:, 1] = [1, 1, 2, 2, 3, 3]
    np.testing.assert_array_equal(reliability(response, np.repeat(np.arange(3), 2)), [np.nan, 1])


def test_noise_bounds_what_can_be_explained():
    """Predicting the true means exactly gives R² as large as the reliability, on average."""
    random = np.random.default_rng(3)
    image = np.repeat(np.arange(80), 3)
    signal = random.normal(size=(80, 2000))
    response = signal[image] + 1.5 * random.normal(size=(240, 2000))
    means = np.array([response[image == at].mean(0) for at in range(80)])
    reached = r2((means - signal) ** 2, (means - means.mean(0)) ** 2)
    assert reached.mean() == pytest.approx(1 / (1 + 1.5**2 / 3), abs=0.02)
    assert reliability(response, image).mean() == pytest.approx(reached.mean(), abs=0.02)


def test_r2_is_scikit_learns_where_the_mean_is_that_of_all():
    random = np.random.default_rng(0)
    response, predicted = random.normal(size=(2, 30, 4))
    found = r2((response - predicted) ** 2, (response - response.mean(0)) ** 2)
    np.testing.assert_allclose(found, r2_score(response, predicted, multioutput="raw_values"))


def test_medians_of_resamples_are_those_of_a_loop():
    """Whole images are drawn, for all neurons alike, and neurons by themselves."""
    random = np.random.default_rng(0)
    errors, totals = random.uniform(0.5, 1, (9, 7)), random.uniform(0.8, 2, (9, 7))
    scale = random.uniform(0.5, 1, 7)
    found = resampled_medians(errors, totals, scale, 4000, 1)
    loop = []
    for _ in range(4000):
        images, neurons = random.integers(0, 9, 9), random.integers(0, 7, 7)
        values = 1 - errors[images].sum(0) / totals[images].sum(0)
        loop.append(np.median((values / scale)[neurons]))
    for q in (0.025, 0.25, 0.5, 0.75, 0.975):
        assert np.quantile(found, q) == pytest.approx(np.quantile(loop, q), abs=0.02)
    np.testing.assert_array_equal(found, resampled_medians(errors, totals, scale, 4000, 1))


def test_p_of_resamples():
    values = np.array([[1.0] * 99, [-1.0] * 99, [1.0] * 49 + [-1.0] * 50, [np.nan] * 99])
    np.testing.assert_allclose(p_above(values), [0.01, 1, 0.51, np.nan])
    np.testing.assert_allclose(p_different(values), [0.02, 0.02, 1, np.nan])
