"""Tuning of single units: planted curves, SciPy, and loops written from the formulae."""

import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import iv

from repscape.analyses import tuning
from repscape.analyses.lib import tuning_measures as measures
from repscape.analyses.lib.circle import on_circle
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.plugin import schema
from repscape.study.study import Study

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


# The analysis


SHOWN = np.arange(-90, 90, 10.0)


def write(
    folder, source, layer, activation, *, order=0, values=SHOWN, responses=None, recording=False, names=None
):
    names = names or [f"g{at}" for at in range(len(values))]
    variables = {
        "activation": (("image", "unit"), activation.astype(np.float32)),
        "name": (("image",), names),
        "orientation": (("image",), [f"{value:g}" for value in values]),
        "unit": (("unit",), np.arange(activation.shape[1], dtype=np.int32) * 3),
    }
    if responses is not None:
        response, image = responses
        variables["response"] = (("trial", "unit"), response.astype(np.float32))
        variables["trial_image"] = (("trial",), image.astype(np.int32))
        variables["trial_repeat"] = (("trial",), np.zeros(len(image), np.int32))
    path = folder / f"{source}_{layer}.nc"
    netcdf.write(
        path,
        kind="activations",
        variables=variables,
        attributes={
            "source": source, "layer": layer, "order": order,
            "stimulus": "tilts", "stimulus_sha256": "s", "factors": ["orientation"],
            "population": "all", "selected": json.dumps({"kind": "all"}),
            "recording_sha256" if recording else "weights_sha256": "w",
        },
    )  # fmt: skip
    return str(path)


@pytest.fixture
def files(tmp_path):
    """A layer of a network, with a silent unit, and a recording with trials."""
    curves = np.hstack([von_mises(SHOWN, [-40, 0, 55], 3), np.zeros((18, 1))])
    random = np.random.default_rng(0)
    image = random.permutation(np.repeat(np.arange(18), 8))
    tuned = von_mises(SHOWN, np.linspace(-80, 80, 30), 3)
    truth = np.hstack([tuned, np.zeros((18, 30)), np.full((18, 1), 2.0)])
    response = truth[image] + np.r_[np.full(60, 0.3), 0] * random.normal(size=(len(image), 61))
    mean = np.stack([response[image == at].mean(0) for at in range(18)])
    return [
        write(tmp_path, "net", "fc", curves, order=2),
        write(tmp_path, "v1", "V1", mean, responses=(response, image), recording=True),
    ]


def computed(files, tmp_path, **keys):
    result = tuning.Tuning(**{"seed": 0, "permutations": 199} | keys).compute({"activations": files})
    path = tmp_path / "tuning.nc"
    netcdf.write(
        path, kind="analysis", variables=result.variables, attributes=result.attributes, groups=result.groups
    )
    with xr.open_datatree(path) as tree:
        return result, tree.load()


def test_networks_and_recordings_lie_side_by_side(files, tmp_path):
    result, tree = computed(files, tmp_path)
    assert tree["source"].values.tolist() == ["net", "v1"]
    assert tree["layer"].values.tolist() == ["fc", "V1"]
    assert tree["order"].values.tolist() == [2, 0]
    assert tree["units"].values.tolist() == [4, 61]
    assert tree["constant"].values.tolist() == [1, 1]
    assert tree["trials"].values.tolist() == [0, 144]
    net, v1 = tree["layers/net/fc"], tree["layers/v1/V1"]
    assert {"p", "q", "reliability", "sem"} <= set(v1.data_vars)
    assert {"p", "q", "reliability", "sem"} & set(net.data_vars) == set()
    np.testing.assert_allclose(net["preferred"], [-40, 0, 55, np.nan], atol=0.1)
    assert net["constant"].values.tolist() == [0, 0, 0, 1]
    assert net["unit"].values.tolist() == [0, 3, 6, 9]
    assert v1["value"].values.tolist() == SHOWN.tolist()
    assert np.isnan(v1["p"].values[-1])
    assert (v1["q"].values[:30] < 0.05).all()
    assert (v1["q"].values[30:60] < 0.05).sum() <= 3
    q = stats.false_discovery_control(v1["p"].values[:60].astype(float))
    np.testing.assert_allclose(v1["q"].values[:60], q, rtol=1e-6)
    np.testing.assert_allclose(tree["tuned"], [np.nan, (v1["q"].values < 0.05).sum() / 61])
    assert v1["reliability"].values[:30].min() > 0.8
    median = tree["median"].values
    assert np.isnan(median[0, 3])
    np.testing.assert_allclose(median[1, 0], np.nanmedian(v1["selectivity"]), rtol=1e-6)
    np.testing.assert_allclose(median[0, 1], np.median(net["width"].values[:3]), rtol=1e-6)
    # bins of two values around −90, −70, …: −40 and 0, between two, are in the upper one, 55 in that of 50
    np.testing.assert_array_equal(tree["bin"], np.arange(-90, 90, 20))
    expected = np.isin(tree["bin"].values, [-30, 10, 50]) / 3
    np.testing.assert_allclose(tree["preferred_share"].values[0], expected)
    header, *rows = tuning.Tuning().rows(result)
    assert header[:4] == ("source", "layer", "measure", "lower_quartile")
    assert [row[:3] for row in rows[3:5]] == [("net", "fc", "reliability"), ("v1", "V1", "selectivity")]
    assert rows[4][4] == median[1, 0]


def test_curves_of_trials_smoothed_and_not(files, tmp_path):
    with netcdf.open_file(files[1]) as file:
        response, image = file["response"][:].astype(np.float64), file["trial_image"][:]
    _, plain = computed(files, tmp_path)
    means = np.stack([response[image == at].mean(0) for at in range(18)])
    sems = np.stack([stats.sem(response[image == at]) for at in range(18)])
    np.testing.assert_allclose(plain["layers/v1/V1/curve"], means, atol=1e-6)
    np.testing.assert_allclose(plain["layers/v1/V1/sem"], sems, atol=1e-6)
    _, smooth = computed(files, tmp_path, smooth=10.0)
    weights = measures.kernel(circle(SHOWN), 10.0)
    np.testing.assert_allclose(smooth["layers/v1/V1/curve"], weights @ means, atol=1e-6)
    # trials are independent: variances of a weighted sum add up
    expected = np.sqrt(np.einsum("kl,lu->ku", weights**2, sems**2))
    np.testing.assert_allclose(smooth["layers/v1/V1/sem"], expected, atol=1e-6)
    assert (smooth["layers/net/fc/width"] > plain["layers/net/fc/width"])[:3].all()


def test_a_recording_of_means_alone_is_tested_on_its_images(tmp_path):
    random = np.random.default_rng(0)
    values = uneven(90)
    mean = np.hstack([von_mises(values, np.zeros(10), 2), np.zeros((90, 100))]) + 0.3 * random.normal(
        size=(90, 110)
    )
    path = write(tmp_path, "v1", "V1", mean, values=values, recording=True)
    _, tree = computed([path], tmp_path, permutations=999)
    group = tree["layers/v1/V1"]
    assert {"sem", "reliability"} & set(group.data_vars) == set()
    assert (group["q"].values[:10] < 0.05).all()
    assert (group["q"].values[10:] < 0.05).mean() < 0.05
    assert int(tree["trials"][0]) == 0


def test_images_that_share_a_value_are_averaged(tmp_path):
    """Gratings of several phases: the curve is their mean, the standard error that over phases."""
    values = np.repeat(SHOWN, 3)
    activation = np.random.default_rng(0).normal(size=(54, 4))
    _, tree = computed([write(tmp_path, "net", "conv", activation, values=values)], tmp_path)
    group = tree["layers/net/conv"]
    by_value = activation.astype(np.float32).reshape(18, 3, 4)
    np.testing.assert_allclose(group["curve"], by_value.mean(1), atol=1e-6)
    np.testing.assert_allclose(group["sem"], stats.sem(by_value, 1), atol=1e-6)
    assert "p" not in group


def test_the_same_twice_and_another_seed(files):
    first, again, other = (
        tuning.Tuning(seed=seed, permutations=19).compute({"activations": files}).groups["layers/v1/V1"][0]
        for seed in (0, 0, 1)
    )
    for name in ("p", "reliability"):
        np.testing.assert_array_equal(first[name][1], again[name][1])
        assert not np.array_equal(first[name][1], other[name][1], equal_nan=True)


def test_files_that_do_not_belong_together(files, tmp_path):
    other = write(tmp_path, "net", "other", np.ones((18, 2)), names=[f"h{at}" for at in range(18)])
    with pytest.raises(DataError, match=r"net_fc.nc and .*net_other.nc do not describe the same images"):
        tuning.Tuning(seed=0).compute({"activations": [files[0], other]})
    with pytest.raises(DataError, match=r"'hue'.*orientation"):
        tuning.Tuning(seed=0, factor="hue").compute({"activations": files})
    with pytest.raises(DataError, match=r"orientation.*360"):
        tuning.Tuning(seed=0, period=360.0).compute({"activations": files})


# Planning


@pytest.fixture
def study():
    gratings = {"kind": "gratings", "count": 18, "orientations": None}
    shapes = {"kind": "shapes", "objects": 3, "colors": 4, "views": 1}
    return Study(
        name="s",
        stimuli=("noise", "shapes", "tilts"),
        layers={"net": ("conv", "fc"), "v1": ("V1",)},
        samples={"random": ("200",), "all": ("all",)},
        metrics=(),
        analyses=(),
        config={
            "stimuli": {"noise": {"kind": "white_noise"}, "shapes": shapes, "tilts": gratings},
            "populations": {"random": {}, "all": {}},
        },
        shown={"v1": ("tilts",)},
    )


def planned(study, **keys):
    return [
        path.removeprefix("results/s/activations/")
        for path in tuning.Tuning(**keys).inputs(study)["activations"]
    ]


def test_every_layer_that_is_shown_the_stimulus(study):
    assert planned(study) == ["net/tilts/random/conv.nc", "net/tilts/random/fc.nc", "v1/tilts/random/V1.nc"]
    assert planned(study, population="all", layers=["V1", "fc"]) == [
        "net/tilts/all/fc.nc",
        "v1/tilts/all/V1.nc",
    ]
    assert planned(study, factor="color") == ["net/shapes/random/conv.nc", "net/shapes/random/fc.nc"]
    assert planned(study, sources=["v1"]) == ["v1/tilts/random/V1.nc"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"factor": "phase"},
            "factor: .*'phase'.*: color, obj",
        ),
        ({"stimulus": "tilt"}, "stimulus: 'tilt' is unknown; did you mean 'tilts'"),
        ({"stimulus": "shapes"}, "factor: .*'shapes', 'orientation' is unknown"),
        ({"factor": "color", "sources": ["v1"]}, "sources: 'v1'.*'shapes'"),
        ({"sources": ["v2"]}, "sources: 'v2' is unknown"),
        ({"layers": ["fc1"]}, "layers: 'fc1' is unknown; did you mean 'fc'"),
        ({"population": "al"}, "population: 'al' is unknown"),
    ],
)
def test_mistakes(study, keys, message):
    with pytest.raises(ConfigError, match=message):
        tuning.Tuning(**keys).inputs(study)


def test_keys():
    model = schema.model(tuning.Tuning)
    section = model(kind="tuning", seed=0).model_dump()
    assert section["factor"] == "orientation"
    assert section["period"] == 180
    for wrong in ({"permutations": 5}, {"period": 0}, {"smooth": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            model(kind="tuning", seed=0, **wrong)
