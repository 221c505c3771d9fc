"""Ridge regression on principal axes, against scikit-learn on the units themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.preprocessing import StandardScaler

from repscape.analyses.lib.principal_axes import principal
from repscape.analyses.lib.ridge import Ridge

SHAPES = [(30, 8), (30, 30), (30, 200)]  # fewer units than rows, as many, more


def made(rows, units, seed=0, targets=3):
    random = np.random.default_rng(seed)
    activity = (
        random.normal(size=(rows, units)) * random.uniform(1, 10, units) + random.normal(size=units) * 9
    )
    activity[:, 2] = 7  # constant
    weights = random.normal(size=(units, targets)) / np.sqrt(units)
    return activity, StandardScaler().fit_transform(activity) @ weights + random.normal(size=(rows, targets))


def standardised(activity, training):
    return StandardScaler().fit(activity[training]).transform(activity) / np.sqrt(activity.shape[1])


@pytest.mark.parametrize(("rows", "units"), SHAPES)
@pytest.mark.parametrize("strength", [1e-4, 1e-1, 10])
def test_predictions_are_those_of_scikit_learn(rows, units, strength):
    activity, targets = made(rows, units)
    training = np.random.default_rng(1).permutation(rows)[: rows * 2 // 3]
    found = Ridge(principal(activity, training), targets[training]).predict(np.arange(rows), strength)
    scaled = standardised(activity, training)
    model = SklearnRidge(alpha=strength * len(training)).fit(scaled[training], targets[training])
    np.testing.assert_allclose(found, model.predict(scaled), rtol=1e-7, atol=1e-8)
    mean = targets[training].mean(0)
    kernel = KernelRidge(alpha=strength * len(training)).fit(scaled[training], targets[training] - mean)
    np.testing.assert_allclose(found, kernel.predict(scaled) + mean, rtol=1e-7, atol=1e-8)


def test_units_are_taken_in_parts():
    activity, _ = made(30, 200)
    whole = principal(activity, np.arange(20))
    parts = principal(activity, np.arange(20), chunk=7)
    np.testing.assert_allclose(
        parts.coordinates @ parts.coordinates.T, whole.coordinates @ whole.coordinates.T, atol=1e-12
    )


@pytest.mark.parametrize(("rows", "units"), SHAPES)
def test_products_of_rows_stay_and_variances_sum_to_the_share_of_units_that_vary(rows, units):
    activity, _ = made(rows, units)
    training = np.arange(20)
    axes, scaled = principal(activity, training), standardised(activity, training)
    np.testing.assert_allclose(
        axes.coordinates @ axes.coordinates[training].T, scaled @ scaled[training].T, atol=1e-10
    )
    assert axes.variance.sum() == pytest.approx((units - 1) / units)
    assert (np.diff(axes.variance) <= 1e-15).all()


@pytest.mark.parametrize(("rows", "units"), SHAPES)
def test_groups_left_out_are_those_of_a_loop(rows, units):
    """Against regressions that were fitted without the group, also where groups are of different sizes."""
    activity, targets = made(rows, units)
    training = np.arange(rows)
    group = np.random.default_rng(2).integers(0, 9, rows)
    assert len(set(np.bincount(group))) > 2
    regression = Ridge(principal(activity, training), targets)
    # Without the group there are fewer rows; what is fitted is the penalty alpha, which stays.
    expected = cross_val_predict(
        SklearnRidge(alpha=0.01 * rows), standardised(activity, training), targets, groups=group,
        cv=LeaveOneGroupOut(),
    )  # fmt: skip
    np.testing.assert_allclose(regression.left_out(0.01, group), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("rows", "units"), SHAPES)
def test_single_rows_left_out_are_those_of_ridge_cv(rows, units):
    activity, targets = made(rows, units)
    strengths = np.array([1e-3, 1e-2, 1e-1, 1.0])
    training = np.arange(rows)
    regression = Ridge(principal(activity, training), targets)
    found = [((regression.left_out(s, training) - targets) ** 2).mean(0) for s in strengths]
    theirs = RidgeCV(strengths * rows, alpha_per_target=True, store_cv_results=True)
    theirs.fit(standardised(activity, training), targets)
    np.testing.assert_allclose(found, theirs.cv_results_.mean(0).T, rtol=1e-5)
    np.testing.assert_allclose(strengths[np.argmin(found, axis=0)] * rows, theirs.alpha_)


def test_each_target_may_have_a_strength_of_its_own():
    activity, targets = made(30, 50)
    regression = Ridge(principal(activity, np.arange(20)), targets[:20])
    own = np.array([0.001, 0.1, 10])
    found = regression.predict(np.arange(20, 30), own)
    for at, strength in enumerate(own):
        np.testing.assert_allclose(found[:, at], regression.predict(np.arange(20, 30), strength)[:, at])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 100), st.floats(-100, 100))
def test_neither_scale_nor_order_of_units_matters(seed, scale, shift):
    activity, targets = made(24, 40, seed)
    training = np.arange(16)
    random = np.random.default_rng(seed)
    changed = activity[:, random.permutation(40)] * scale + shift
    first, second = (
        Ridge(principal(each, training), targets[training]).predict(np.arange(24), 0.01)
        for each in (activity, changed)
    )
    np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_turning_standardised_predictors_changes_nothing(seed):
    """Ridge regression knows only products of rows: on axes that are turned, predictions are the same."""
    activity, targets = made(24, 40, seed)
    axes = principal(activity, np.arange(16))
    size = len(axes.variance)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]
    turned = axes.coordinates @ turn
    model = SklearnRidge(alpha=0.01 * 16).fit(turned[:16], targets[:16])
    np.testing.assert_allclose(
        Ridge(axes, targets[:16]).predict(np.arange(24), 0.01), model.predict(turned), atol=1e-7
    )


def test_a_unit_that_hardly_varies_in_training_does_not_outweigh_all_others():
    """Its scale is a tenth of the layer's, written out here as a loop over units."""
    random = np.random.default_rng(0)
    activity = random.normal(size=(30, 8))
    training = np.arange(20)
    activity[training, 0] *= 1e-9
    activity[training, 1] = 3.0
    deviations = [np.sqrt(np.mean((unit[training] - unit[training].mean()) ** 2)) for unit in activity.T]
    least = 0.1 * np.sqrt(np.mean(np.square(deviations)))
    scaled = np.array(
        [
            (unit - unit[training].mean()) / max(sd, least) / np.sqrt(8)
            for unit, sd in zip(activity.T, deviations, strict=True)
        ]
    ).T
    axes = principal(activity, training)
    expected = scaled @ scaled[training].T
    found = axes.coordinates @ axes.coordinates[training].T
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(found).max() < 10
