"""RDMs of entries on a circle: planted circles, lines and cuts; SciPy; loops written from the definitions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import pdist, squareform

from repscape.analyses.lib.circle import on_circle
from repscape.analyses.lib.circle_fit import fit_circle

TILTS = np.arange(-90, 90, 2.0)


def circle(values, period=180.0):
    return on_circle([repr(float(value)) for value in values], period, "orientation", "here")


def described(points, values=TILTS, period=180.0):
    return fit_circle(squareform(pdist(points)), circle(values, period))


def points_on_circle(values, period=180.0):
    turn = 2 * np.pi * values / period
    return np.stack([np.cos(turn), np.sin(turn)], 1)


def test_a_circle_closes_and_is_nowhere_stretched():
    found = described(points_on_circle(TILTS))
    assert found.closing == pytest.approx(1)
    np.testing.assert_allclose(found.stretch, 1)
    assert found.r_circle == pytest.approx(1)
    assert found.r_line < 0.8
    chord = 2 * np.sin(np.pi * found.lag / 180)
    np.testing.assert_allclose(found.lag, np.arange(2, 91, 2))
    np.testing.assert_allclose(found.mean, chord)
    np.testing.assert_allclose(found.sd[:-1], 0, atol=1e-7)
    assert found.pairs.tolist() == [90] * 44 + [45]
    np.testing.assert_allclose(found.neighbours, 2 * np.sin(np.pi / 90))


def test_a_line_is_open_at_its_ends():
    found = described(TILTS[:, None])
    assert found.r_line == found.r_opened == pytest.approx(1)
    assert found.opened_at == pytest.approx(89)
    assert found.r_circle < 0.8
    # of n values, n lags apart across the ends they are 90 − n apart on the line, elsewhere n
    lags = np.arange(1, 8)
    expected = (lags * lags).sum() / (lags * (90 - lags)).sum()
    assert found.closing == pytest.approx(expected)
    assert found.stretch[-1] == found.stretch.max() > 3
    assert found.stretch[len(TILTS) // 2] < 1


def test_where_tilts_are_told_apart_the_circle_is_cut():
    """Left and right of vertical are far apart at 0 and at ±90, as a trained layer would have them."""
    found = described(np.hstack([points_on_circle(TILTS), 5.0 * (TILTS >= 0)[:, None]]))
    peaks = found.gap[np.argsort(found.stretch)[-2:]]
    assert sorted(peaks.tolist()) == [-1, 89]
    assert found.closing < 0.4
    one = described(np.where(TILTS < 0, TILTS + 180, TILTS)[:, None])
    assert one.opened_at == -1
    assert one.r_opened == pytest.approx(1)
    assert one.r_line < 0.5
    assert one.closing > 1  # it is open elsewhere


def by_loop(values, square, period):
    """The definitions of `fit_circle`, one pair after the other."""
    begin = -period / 2 if min(values) < 0 else 0
    order = sorted(range(len(values)), key=lambda at: values[at])
    values, square = [values[at] for at in order], square[np.ix_(order, order)]
    count = len(values)
    middles = [(values[k] + values[k + 1]) / 2 for k in range(count - 1)]
    end = (values[-1] + values[0] + period) / 2
    middles.append(end if end < begin + period else end - period)
    widest = max([b - a for a, b in itertools.pairwise(values)] + [values[0] + period - values[-1]])
    pairs = []
    for k, m in itertools.combinations(range(count), 2):
        straight = values[m] - values[k]
        away = min(straight, period - straight)
        lag = max(1, round(away * count / period))
        pairs.append((k, m, straight, away, lag, square[k, m]))
    mean = {lag: np.mean([p[5] for p in pairs if p[4] == lag]) for lag in {p[4] for p in pairs}}
    inner = {
        lag: np.mean([p[5] for p in pairs if p[4] == lag and p[2] <= period / 2] or [np.nan]) for lag in mean
    }
    near = [p for p in pairs if p[3] <= max(period / 12, widest) + 1e-9]
    stretch = []
    for gap in range(count):
        over = [p for p in near if (p[0] <= gap < p[1]) == (p[2] <= period / 2)]
        stretch.append(sum(p[5] for p in over) / sum(mean[p[4]] for p in over))
    ends = [p for p in near if p[2] > period / 2]
    closing = sum(inner[p[4]] for p in ends) / sum(p[5] for p in ends)
    d = [p[5] for p in pairs]
    line = []
    for gap in range(count):  # the circle cut here: values up to the gap go behind the others
        moved = [value + period * (at <= gap) for at, value in enumerate(values)]
        line.append(stats.spearmanr(d, [abs(moved[p[0]] - moved[p[1]]) for p in pairs]).statistic)
    r_circle = stats.spearmanr(d, [p[3] for p in pairs]).statistic
    return mean, middles, stretch, closing, line, r_circle


@pytest.mark.parametrize("period", [180.0, 360.0])
@pytest.mark.parametrize("signed", [True, False])
def test_definitions_written_as_loops(period, signed):
    random = np.random.default_rng(3)
    values = random.permutation(
        np.round(np.sort(random.uniform(0, period, 23)), 3) - (period / 2 if signed else 0)
    )
    square = squareform(pdist(points_on_circle(values, period) + 0.3 * random.normal(size=(23, 2))))
    found = fit_circle(square, circle(values, period))
    mean, middles, stretch, closing, line, r_circle = by_loop(values.tolist(), square, period)
    for lag, value in mean.items():
        assert found.mean[lag - 1] == pytest.approx(value)
    np.testing.assert_allclose(found.gap, middles)
    np.testing.assert_allclose(found.stretch, stretch)
    np.testing.assert_allclose(found.line, line)
    assert found.closing == pytest.approx(closing, nan_ok=True)
    assert found.r_circle == pytest.approx(r_circle)
    assert found.r_line == found.line[-1]
    assert found.r_opened == max(found.line)
    assert found.opened_at == found.gap[np.argmax(found.line)]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.integers(0, 35), st.floats(0.01, 100))
def test_turning_and_scaling(seed, turn, factor):
    """A turn of the circle turns the gaps; a factor of the dissimilarities changes no ratio."""
    random = np.random.default_rng(seed)
    values = np.arange(0, 180, 5.0)
    square = squareform(pdist(random.normal(size=(36, 4))))
    first = fit_circle(square, circle(values))
    second = fit_circle(factor * square, circle((values + 5 * turn) % 180))
    np.testing.assert_allclose(second.mean, factor * first.mean)
    assert second.r_circle == pytest.approx(first.r_circle)
    np.testing.assert_allclose(np.roll(second.stretch, -turn), first.stretch)
    np.testing.assert_allclose(np.roll(second.line, -turn), first.line)
    order = random.permutation(36)
    third = fit_circle(square[np.ix_(order, order)], circle(values[order]))
    np.testing.assert_allclose(third.stretch, first.stretch)
    assert third.closing == pytest.approx(first.closing)


def test_images_of_the_same_value_are_averaged():
    """Two phases of each orientation: dissimilarities between orientations are means of four."""
    values = np.repeat(np.arange(0, 180, 20.0), 2)
    square = squareform(pdist(np.random.default_rng(0).normal(size=(18, 3))))
    found = fit_circle(square, circle(values))
    means = square.reshape(9, 2, 9, 2).mean((1, 3))
    np.testing.assert_allclose(found.neighbours, [means[k, (k + 1) % 9] for k in range(9)])
    np.testing.assert_allclose(found.mean[0], np.mean(found.neighbours))
    np.testing.assert_allclose(found.sd[0], np.std(found.neighbours, ddof=1))
