"""Measures of tuning: planted curves, SciPy, and loops written from the formulae."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import iv

from repscape.analyses.lib import tuning_measures as measures
from repscape.analyses.lib.circle import on_circle
from repscape.core.errors import DataError

DEGREE = np.pi / 180
EVEN = np.arange(-90, 90, 1.0)


def circle(values, period=180.0):
    return on_circle([repr(float(value)) for value in values], period, "orientation", "here")


def uneven(count=180, seed=0):
    """Means of the trials in bins of one degree, say."""
    return np.arange(count) * 180 / count - 89.5 + np.random.default_rng(seed).uniform(-0.4, 0.4, count)


def von_mises(values, preferred, kappa, period=180.0):
    """exp(κ (cos − 1)): 1 at the preferred value, exp(−2κ) opposite."""
    turn = 2 * np.pi / period
    return np.exp(kappa * (np.cos(turn * np.subtract.outer(values, preferred)) - 1))


# What is measured of a curve


@pytest.mark.parametrize("values", [EVEN, uneven()], ids=["even", "uneven"])
@pytest.mark.parametrize("kappa", [0.5, 2.0, 8.0])
def test_planted_curves(values, kappa):
    """κ gives selectivity and width in closed form; the least answer is that of the opposite value."""
    preferred = np.array([-89.0, -45.3, 0.0, 20.25, 88.0])
    found = measures.shape(3 * von_mises(values, preferred, kappa) - 1, circle(values))
    away = (found.preferred - preferred + 90) % 180 - 90
    np.testing.assert_allclose(away, 0, atol=0.02)
    base = np.exp(-kappa)
    selectivity = iv(1, kappa) / (iv(0, kappa) - base)
    np.testing.assert_allclose(found.selectivity, selectivity, atol=1e-3)
    half = (1 + np.exp(-2 * kappa)) / 2
    width = np.arccos(1 + np.log(half) / kappa) / (2 * DEGREE)
    np.testing.assert_allclose(found.width, width, rtol=0.02)
    variance = iv(0, 2 * kappa) - iv(0, kappa) ** 2
    np.testing.assert_allclose(found.harmonic, 2 * iv(1, kappa) ** 2 / variance, atol=2e-3)


def test_a_cosine_is_half_selective_and_45_degrees_wide():
    curve = np.cos(2 * DEGREE * (EVEN - 12))[:, None] - 5
    found = measures.shape(curve, circle(EVEN))
    for values, expected in zip(found, (12, 0.5, 45, 1), strict=True):
        np.testing.assert_allclose(values, expected, atol=1e-6)


def test_curves_are_measured_as_scipy_measures_samples():
    """Whole answers as samples of the orientation: circular mean, variance."""
    counts = np.random.default_rng(0).integers(0, 30, (36, 4))
    counts -= counts.min(0)
    values = np.arange(0, 180, 5.0)
    found = measures.shape(counts.astype(float), circle(values))
    for unit, own in enumerate(counts.T):
        samples = np.repeat(values, own)
        assert found.preferred[unit] == pytest.approx(stats.circmean(samples, high=180, low=0))
        # SciPy's variance is of angles, so that orientations are doubled
        assert found.selectivity[unit] == pytest.approx(1 - stats.circvar(2 * DEGREE * samples))


def by_loop(values, curve, period=180.0):
    """The formulae of `tuning_measures.shape` for one curve, one value after the other."""
    order = sorted(range(len(values)), key=lambda at: values[at])
    values, curve = [values[at] for at in order], [curve[at] for at in order]
    count = len(values)
    least, most = min(curve), max(curve)
    weights = []
    for k in range(count):
        before = values[k - 1] - (period if k == 0 else 0)
        after = values[(k + 1) % count] + (period if k == count - 1 else 0)
        weights.append((after - before) / 2 / period)
    x = y = total = 0.0
    for w, r, v in zip(weights, curve, values, strict=True):
        x += w * (r - least) * math.cos(2 * math.pi * v / period)
        y += w * (r - least) * math.sin(2 * math.pi * v / period)
        total += w * (r - least)
    peak, half = curve.index(most), (least + most) / 2
    full = 0.0
    for step in (1, -1):
        k, way = peak, 0.0
        while True:
            following = (k + step) % count
            gap = (values[following] - values[k]) * step % period
            if curve[following] <= half:
                full += way + gap * (curve[k] - half) / (curve[k] - curve[following])
                break
            way, k = way + gap, following
    design = np.array(
        [[1, math.cos(2 * math.pi * v / period), math.sin(2 * math.pi * v / period)] for v in values]
    )
    root = np.sqrt(weights)
    beta, *_ = np.linalg.lstsq(design * root[:, None], np.array(curve) * root, rcond=None)
    mean = np.average(curve, weights=weights)
    left = np.average((np.array(curve) - design @ beta) ** 2, weights=weights)
    harmonic = 1 - left / np.average((np.array(curve) - mean) ** 2, weights=weights)
    preferred = math.atan2(y, x) * period / (2 * math.pi) % period
    return preferred, math.hypot(x, y) / total, full / 2, harmonic


@pytest.mark.parametrize("period", [180.0, 360.0])
def test_formulae_written_as_loops(period):
    random = np.random.default_rng(1)
    values = random.permutation(np.sort(random.uniform(0, period, 25)))
    curve = random.normal(size=(25, 30))
    own = circle(values, period)
    mean, _ = measures.curves(curve, own)
    found = measures.shape(mean, own)
    for unit in range(30):
        expected = by_loop(values.tolist(), curve[:, unit].tolist(), period)
        np.testing.assert_allclose([part[unit] for part in found], expected, rtol=1e-9)


def test_two_peaks_have_the_width_of_the_higher_and_no_harmonic():
    curve = (von_mises(EVEN, -45, 4) + 0.999 * von_mises(EVEN, 45, 4))[:, None]
    found = measures.shape(curve, circle(EVEN))
    alone = measures.shape(von_mises(EVEN, -45, 4)[:, None], circle(EVEN))
    assert found.width[0] == pytest.approx(alone.width[0], rel=0.03)
    assert found.selectivity[0] < 1e-3
    assert found.harmonic[0] < 1e-5
    assert alone.harmonic[0] > 0.6


def test_constant_curves_have_no_shape():
    curve = np.full((180, 3), 7.0)
    curve[:, 1] += 1e-9 * np.arange(180)  # below the rounding of float32
    curve[:, 2] += 1e-4 * np.arange(180)
    for values in measures.shape(curve, circle(EVEN)):
        np.testing.assert_array_equal(np.isnan(values), [True, True, False])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(0, 359), st.floats(0.01, 100), st.floats(-100, 100))
def test_what_does_not_change_a_unit(seed, turn, factor, constant):
    """Rotation rotates the preference alone; a factor, a constant and the order of units change nothing."""
    random = np.random.default_rng(seed)
    values = random.choice(np.arange(0, 360, 1.0), 24, replace=False) / 2
    curve = random.normal(size=(24, 5))
    try:
        own, turned = circle(values), circle((values + turn / 2) % 180)
    except DataError:
        assume(False)
    first = measures.shape(measures.curves(curve, own)[0], own)
    second = measures.shape(measures.curves(curve, turned)[0], turned)
    away = (second.preferred - first.preferred - turn / 2 + 90) % 180 - 90
    np.testing.assert_allclose(away * first.selectivity, 0, atol=1e-6)
    for one, other in zip(first[1:], second[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    order = random.permutation(5)
    third = measures.shape(measures.curves(factor * curve[:, order] + constant, own)[0], own)
    for one, other in zip(first, third, strict=True):
        np.testing.assert_allclose(one[order], other, rtol=1e-5)


def test_smoothing_is_a_convolution_around_the_circle():
    curve = np.random.default_rng(0).normal(size=(180, 2))
    found = measures.kernel(circle(EVEN), 7.0) @ curve
    lags = np.arange(-540, 540)
    weights = np.exp(-0.5 * (lags / 7.0) ** 2)
    expected = sum(w * np.roll(curve, lag, 0) for lag, w in zip(lags, weights, strict=True)) / weights.sum()
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_array_equal(measures.kernel(circle(EVEN), 0.0), np.eye(180))
    wide = measures.kernel(circle(uneven()), 500.0)
    np.testing.assert_allclose(wide, np.tile(circle(uneven()).arcs, (180, 1)), rtol=1e-6)  # cut off at 5 SD


def test_smoothing_finds_the_width_that_noise_hides():
    values = uneven()
    noisy = von_mises(values, np.zeros(200), 2) + 0.3 * np.random.default_rng(0).normal(size=(180, 200))
    own, true = circle(values), np.arccos(1 + np.log((1 + np.exp(-4)) / 2) / 2) / (2 * DEGREE)
    assert np.median(measures.shape(noisy, own).width) < 0.6 * true
    smooth = measures.shape(measures.kernel(own, 6.0) @ noisy, own)
    assert np.median(smooth.width) == pytest.approx(true, rel=0.15)


# Trials


def trials(units=40, repeats=6, signal=1.0, seed=0, values=None):
    """Answers of units with planted preferences in trials of no order; values have unequal repeats."""
    random = np.random.default_rng(seed)
    values = np.arange(0, 180, 10.0) if values is None else values
    of = random.permutation(
        np.repeat(np.arange(len(values)), random.integers(repeats - 1, repeats + 2, len(values)))
    )
    preferred = random.uniform(0, 180, units)
    answers = signal * von_mises(values, preferred, 2)[of] + random.normal(size=(len(of), units))
    return answers, circle(values)._replace(of=of), preferred


def test_means_and_their_standard_errors():
    answers, own, _ = trials()
    answers = np.float32(answers + 1000)
    mean, sem = measures.curves(answers, own, block=700)  # several blocks of units
    for value in range(18):
        here = answers[own.of == value].astype(np.float64)
        np.testing.assert_allclose(mean[value], here.mean(0), rtol=1e-12)
        np.testing.assert_allclose(sem[value], stats.sem(here), rtol=1e-9)
    once = own._replace(of=np.arange(18))
    assert np.isnan(measures.curves(answers[:18], once)[1]).all()


def test_reliability_by_hand():
    """One split, done again: the halves' trials by a loop, r by SciPy."""
    answers, own, _ = trials(units=5)
    found = measures.reliability(answers, own.of, 1, 3)
    order = np.random.default_rng(measures.derive(3, "split", 0)).permutation(len(own.of))
    first, second = [], []
    for value in range(18):
        here = [trial for trial in order if own.of[trial] == value]
        half = len(here) // 2
        first.append(answers[here[:half]].mean(0))
        second.append(answers[here[half : 2 * half]].mean(0))
    for unit in range(5):
        r = stats.pearsonr(np.array(first)[:, unit], np.array(second)[:, unit]).statistic
        assert found[unit] == pytest.approx(2 * r / (1 + abs(r)))
    np.testing.assert_allclose(measures.reliability(answers, own.of, 1, 3, block=300), found)


def test_reliability_is_that_of_curves_of_all_trials():
    """Spearman–Brown: of mean curves, the planted share of variance that is not noise."""
    answers, own, _ = trials(units=400, repeats=10, signal=0.8)
    found = measures.reliability(answers, own.of, 20, 0)
    clean = 0.8 * von_mises(own.values, 0.0, 2)  # every preference has the same variance over the circle
    noise = np.mean(1 / np.bincount(own.of))
    assert found.mean() == pytest.approx(clean.var() / (clean.var() + noise), abs=0.03)
    none = measures.reliability(np.random.default_rng(1).normal(size=answers.shape), own.of, 20, 0)
    assert abs(none.mean()) < 0.05
    assert none.min() >= -1


def test_without_repeats_there_is_no_reliability():
    answers = np.random.default_rng(0).normal(size=(18, 3))
    assert np.isnan(measures.reliability(answers, np.arange(18), 20, 0)).all()
    of = np.r_[np.arange(16), 0, 1]  # two values shown twice
    assert np.isnan(measures.reliability(answers, of, 20, 0)).all()
    answers[:, 1] = 2.0
    of = np.r_[np.arange(9), np.arange(9)]
    np.testing.assert_array_equal(np.isnan(measures.reliability(answers, of, 20, 0)), [False, True, False])


def test_p_is_uniform_without_tuning_and_small_with_it():
    answers, own, _ = trials(units=600, signal=0.0)
    p = measures.p_values(answers, own, 199, 0)
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert p.min() >= 1 / 200
    tuned, own, _ = trials(units=50, signal=2.0)
    assert (measures.p_values(tuned, own, 199, 0) == 1 / 200).all()
    np.testing.assert_array_equal(measures.p_values(answers, own, 199, 0, block=5000), p)


def test_p_agrees_with_scipy():
    answers, own, _ = trials(units=6, signal=0.35)
    found = measures.p_values(answers, own, 1999, 0)
    share = own.arcs[own.of] / np.bincount(own.of)[own.of]
    phase = own.phases[own.of]

    def amplitude(order, unit):
        value = answers[:, unit] - answers[:, unit].mean()
        return np.hypot((share * np.cos(phase))[order] @ value, (share * np.sin(phase))[order] @ value)

    for unit in range(6):
        result = stats.permutation_test(
            (np.arange(len(own.of)),), lambda order, unit=unit: amplitude(order, unit),
            permutation_type="pairings", n_resamples=1999, alternative="greater", rng=1,
        )  # fmt: skip
        assert found[unit] == pytest.approx(result.pvalue, abs=0.05)
