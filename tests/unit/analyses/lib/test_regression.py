"""Straight lines through a few values."""

import numpy as np
import pytest

from repscape.analyses.lib.regression import leave_one_out, regress


def test_one_outlier_makes_a_correlation_and_leaving_it_out_tells():
    x, y = np.array([1, 2, 3, 4, 100.0]), np.array([3, 1, 4, 2, 100.0])
    assert regress(x, y, 0)["r"] ** 2 > 0.99
    low, _ = leave_one_out(x, y, 0)
    assert low < 0.05


@pytest.mark.parametrize(
    ("x", "y"), [([1, 2], [1, 2]), ([1, 2, np.nan], [1, 2, 3]), ([0.1, 0.1, 0.1], [1, 2, 3])]
)
def test_no_line_through_two_points_or_one_place(x, y):
    fit = regress(np.array(x, float), np.array(y, float), 0)
    assert np.isnan([fit["r"], fit["slope"], fit["intercept"]]).all()


def test_what_does_not_vary_has_a_slope_but_no_correlation():
    fit = regress(np.array([1.0, 2, 3]), np.full(3, 0.1), 0)
    assert np.isnan(fit["r"])
    assert fit["slope"] == pytest.approx(0, abs=1e-15)
