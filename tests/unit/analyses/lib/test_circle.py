"""Numbers on a circle: cut, gaps, shares, distances; what does not go around is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repscape.analyses.lib.circle import apart, as_numbers, on_circle
from repscape.core.errors import DataError


def circle(values, period=180.0):
    return on_circle([repr(float(value)) for value in values], period, "orientation", "here")


def test_values_in_order_and_where_each_is():
    found = circle([135, 0, 90, 0, 45])
    np.testing.assert_array_equal(found.values, [0, 45, 90, 135])
    np.testing.assert_array_equal(found.of, [3, 0, 2, 0, 1])
    np.testing.assert_array_equal(found.gaps, 45)
    np.testing.assert_array_equal(found.arcs, 0.25)
    np.testing.assert_array_equal(found.middles, [22.5, 67.5, 112.5, 157.5])
    np.testing.assert_allclose(found.phases, [0, np.pi / 2, np.pi, 3 * np.pi / 2])


def test_tilts_are_cut_at_90_and_the_two_horizontals_are_one():
    found = circle([-90, -30, 30, 90])
    assert found.begin == -90
    np.testing.assert_array_equal(found.values, [-90, -30, 30])
    np.testing.assert_array_equal(found.of, [0, 1, 2, 0])
    np.testing.assert_array_equal(found.middles, [-60, 0, 60])


def test_rounding_does_not_part_what_is_one_value():
    found = circle([0, 60, 120, 180 - 1e-11, 60 + 1e-11])
    assert len(found.values) == 3
    np.testing.assert_array_equal(found.of, [0, 1, 2, 0, 1])
    np.testing.assert_allclose(found.values, [0, 60, 120], atol=1e-9)
    assert (circle([-1e-15, 60, 120]).values < 90).all()


def test_uneven_values_share_the_circle_by_what_is_nearest():
    values = np.array([3.0, 10, 40, 90, 100, 170])
    found = circle(values)
    grid = np.arange(0, 180, 0.01) + 0.005
    nearest = np.abs((grid[:, None] - values + 90) % 180 - 90).argmin(1)
    np.testing.assert_allclose(found.arcs, np.bincount(nearest) / len(grid), atol=1e-4)


@pytest.mark.parametrize(
    ("count", "about", "parts"),
    [
        (36, 12, 12),
        (24, 12, 12),
        (30, 12, 10),
        (30, 18, 15),
        (24, 18, 12),
        (8, 12, 8),
        (4, 18, 4),
        (37, 18, 18),
    ],
)
@pytest.mark.parametrize("begin", [0, -90])
def test_bins_hold_equally_many_values(count, about, parts, begin):
    """Whatever rounding makes of a value between two of them."""
    found = circle(begin + np.arange(count) * 180 / count)
    assert found.parts(about) == parts
    rounding = np.random.default_rng(0).uniform(-1e-5, 1e-5, (50, count))
    share = found.shares((found.values + rounding).ravel().astype(np.float32), parts)
    np.testing.assert_allclose(
        share,
        1 / parts
        if count % parts == 0
        else np.bincount([int(np.floor(at * parts / count + 0.5)) % parts for at in range(count)]) / count,
    )


def test_values_at_uneven_distances_have_bins_all_the_same():
    assert circle(np.array([3.0, 10, 40, 90, 100, 170])).parts(12) == 12
    assert np.isnan(circle(np.arange(0, 180, 30.0)).shares([], 6)).all()


@given(st.floats(-1000, 1000), st.floats(-1000, 1000), st.sampled_from([180.0, 360.0]))
def test_distance_is_that_of_points_on_a_circle(first, second, period):
    turn = 2j * np.pi / period
    angle = np.abs(np.angle(np.exp(turn * first) / np.exp(turn * second)))
    assert apart(first, second, period) == pytest.approx(angle * period / (2 * np.pi), abs=1e-6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["0", "45", "east"], r"numbers.*'orientation'.*'east'"),
        (["0", "45", "nan"], "'nan'"),
        (["0", "90", "180"], r"3.*'orientation'.*circle.* 180.* 2"),
        (["0", "30", "60", "80"], r"around.*circle.* 180.* 80.* 0"),
        (["-40", "-10", "10", "40"], r"40.*-40"),
    ],
)
def test_what_does_not_go_around_is_refused(values, message):
    with pytest.raises(DataError, match=message):
        on_circle(values, 180, "orientation", "here")


@pytest.mark.parametrize("value", ["red", "nan", "inf", ""])
def test_values_that_are_no_numbers_are_named(value):
    with pytest.raises(DataError, match=f"here: .* 'hue', found '{value}'"):
        as_numbers(["010", "20.5", value], "hue", "here")
    np.testing.assert_array_equal(as_numbers(["010", "-20.5"], "hue", "here"), [10, -20.5])
