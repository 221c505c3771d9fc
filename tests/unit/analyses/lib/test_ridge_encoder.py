"""Ridge predictions of neurons, against scikit-learn's in a loop."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from repscape.analyses.lib.ridge_encoder import encode

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def planted(images=60, units=30, neurons=25, seed=0):
    random = np.random.default_rng(seed)
    activity = random.normal(size=(images, units)) * random.uniform(0.5, 5, units)
    signal = StandardScaler().fit_transform(activity) @ random.normal(size=(units, neurons)) / np.sqrt(units)
    return activity, signal + random.normal(size=signal.shape) * random.uniform(0.05, 3, neurons)


@pytest.mark.parametrize("units", [12, 100])
def test_encoding_is_that_of_ridge_cv_in_a_loop(units):
    """With a strength for each neuron, chosen by leaving out single training images."""
    activity, response = planted(units=units)
    fold = np.random.default_rng(0).permutation(60) % 4
    found = encode(activity, response, np.arange(60), fold, STRENGTHS)
    for number in range(4):
        train, test = fold != number, fold == number
        scaled = StandardScaler().fit(activity[train]).transform(activity) / np.sqrt(units)
        alphas = np.array(STRENGTHS) * train.sum()
        model = RidgeCV(alphas, alpha_per_target=True).fit(scaled[train], response[train])
        np.testing.assert_allclose(found.strength[number] * train.sum(), model.alpha_)
        errors = (response[test] - model.predict(scaled[test])) ** 2
        np.testing.assert_allclose(found.errors[test], errors, rtol=1e-5, atol=1e-7)
        totals = (response[test] - response[train].mean(0)) ** 2
        np.testing.assert_allclose(found.totals[test], totals)
    assert len(np.unique(found.strength)) > 2


def test_neurons_are_taken_in_parts():
    activity, response = planted()
    fold = np.arange(60) % 4
    whole = encode(activity, response, np.arange(60), fold, STRENGTHS)
    parts = encode(activity, response, np.arange(60), fold, STRENGTHS, block=60 * 4)
    for first, second in zip(whole, parts, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-9)
