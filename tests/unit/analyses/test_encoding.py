"""Encoding: ridge predictions of neurons, what they explain and could explain, against independent "
"sources."""

import numpy as np
import pytest
from scipy.stats import f_oneway
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from repscape.analyses import encoding
from repscape.analyses.lib.explained_variance import p_above, p_different, r2, reliability, resampled_medians
from repscape.analyses.lib.ridge_encoder import encode
from repscape.core.errors import ConfigError, DataError
from repscape.study.study import Study

QUICK = {"resamples": 200, "seed": 2, "folds": 4}
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


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


@pytest.fixture
def planted_study(responded):
    """A recording whose neurons are linear in one layer, noise, or constant."""
    made = responded(images=80)
    random = np.random.default_rng(5)
    layers = {
        name: random.normal(size=(80, units)) for name, units in (("input", 60), ("conv1", 6), ("fc", 4))
    }
    paths = [
        made.layer("net", name, activity, order=order)
        for order, (name, activity) in enumerate(layers.items())
    ]
    signal = layers["conv1"] @ random.normal(size=(6, 60)) / np.sqrt(6)
    signal[:, 40:] = 0
    image = np.repeat(np.arange(80), 4)
    response = signal[image] + random.normal(size=(320, 60))
    response[:, -2:] = 3
    return made, paths, made.area("v1", "V1", response, image), response, image


def variables(result):
    return {name: own for name, (_, own, *_) in result.variables.items()}


def test_the_layer_that_neurons_are_linear_in_explains_them(planted_study, caplog):
    _, paths, target, _, _ = planted_study
    result = encoding.Encoding(**QUICK).compute({"recording": target, "predictors": paths})
    found = variables(result)
    assert list(zip(found["source"], found["layer"], strict=True)) == [
        ("net", name) for name in ("input", "conv1", "fc")
    ]
    assert result.attributes["constant"] == 2
    assert "2 of 60 neurons answer the same to all images: their R² is undefined" in caplog.text
    for name in ("r2", "normalised", "chosen"):
        assert np.isnan(found[name][..., -2:]).all()
    # Signal of variance about 1, noise 1/4: about 0.8 can be explained, less what fitting costs.
    np.testing.assert_allclose(np.median(found["reliability"][:40]), 0.8, atol=0.05)
    assert 0.65 < np.median(found["r2"][1, :40]) < 0.82
    assert np.median(found["normalised"][1, :40]) == pytest.approx(1, abs=0.1)
    # Nothing predicts noise, and nothing but that layer anything.
    assert found["r2"][:, 40:58].mean() <= 0
    assert found["r2"][[0, 2]][:, :40].mean() <= 0
    assert found["p_zero_fdr"][1] < 0.05 < found["p_zero_fdr"][[0, 2]].min()
    assert found["p_pair_holm"][1, [0, 2]].max() < 0.05 < found["p_pair_holm"][0, 2]
    assert (found["low"] <= found["median"]).all()
    assert (found["median"] <= found["high"]).all()


def test_what_is_stored_agrees_with_a_loop_over_neurons(planted_study):
    _, paths, target, response, image = planted_study
    result = encoding.Encoding(reliable=0.5, **QUICK).compute({"recording": target, "predictors": paths})
    found = variables(result)
    means = np.array([response[image == at].mean(0) for at in range(80)]).astype(np.float32)
    own = encode(
        np.asarray(read(paths[1]), np.float64), means[:, :58].astype(float), np.arange(80), found["fold"],
        encoding_strengths(result),
    )  # fmt: skip
    for neuron in range(58):
        expected = 1 - own.errors[:, neuron].sum() / own.totals[:, neuron].sum()
        assert found["r2"][1, neuron] == pytest.approx(expected, rel=1e-6)
        share = found["reliability"][neuron]
        scaled = expected / share if share >= 0.5 else np.nan
        assert found["normalised"][1, neuron] == pytest.approx(scaled, rel=1e-6, nan_ok=True)
    assert found["median"][1] == np.median(found["r2"][1, :58])
    assert found["normalised_median"][1] == np.nanmedian(found["normalised"][1])
    assert found["difference"][1, 0] == found["median"][1] - found["median"][0]
    table = list(encoding.Encoding().rows(result))
    assert len(table) == 4
    assert dict(zip(table[0], table[2], strict=True))["median"] == found["median"][1]


def read(path):
    from repscape.io import netcdf

    with netcdf.open_file(path, "activations") as file:
        return file["activation"][:]


def encoding_strengths(result):
    return result.attributes["strengths"]


def test_neurons_that_change_places_change_places(planted_study):
    made, paths, target, response, image = planted_study
    first = variables(encoding.Encoding(**QUICK).compute({"recording": target, "predictors": paths[1:2]}))
    order = np.random.default_rng(0).permutation(60)
    made.area("v1", "V1", response[:, order], image)
    second = variables(encoding.Encoding(**QUICK).compute({"recording": target, "predictors": paths[1:2]}))
    for name in ("r2", "normalised", "reliability"):
        np.testing.assert_allclose(second[name], first[name][..., order], rtol=1e-6)
    np.testing.assert_allclose(second["median"], first["median"])


def test_groups_are_left_out_together(responded):
    """A layer that knows only which of two groups an image is of predicts nothing of another group."""
    made = responded(angles=np.repeat(np.arange(8) * 20.0, 6))
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(8), 6)
    one = np.eye(8)[group] + 0.01 * random.normal(size=(48, 8))
    path = made.layer("net", "conv1", one)
    target = made.layer("v1", "V1", random.normal(size=(8, 30))[group] + 0.1 * random.normal(size=(48, 30)))
    files = {"recording": target, "predictors": [path]}
    alone = variables(encoding.Encoding(**QUICK).compute(files))
    grouped = variables(encoding.Encoding(groups="orientation", **QUICK).compute(files))
    assert alone["median"][0] > 0.8
    assert grouped["median"][0] <= 0.05
    assert all(len(set(grouped["fold"][group == at])) == 1 for at in range(8))


def test_a_recording_without_repeats_has_no_normalised_values(responded, caplog):
    made = responded(images=20)
    random = np.random.default_rng(0)
    path = made.layer("net", "conv1", random.normal(size=(20, 6)))
    target = made.layer("v1", "V1", random.normal(size=(20, 5)))
    found = variables(encoding.Encoding(**QUICK).compute({"recording": target, "predictors": [path]}))
    assert "has no repeats: reliability and normalised R² are undefined" in caplog.text
    for name in ("reliability", "normalised", "normalised_median", "normalised_low", "normalised_p_zero"):
        assert np.isnan(found[name]).all()
    assert np.isfinite(found["r2"]).all()


def test_mistakes_are_reported(responded):
    made = responded(images=6)
    random = np.random.default_rng(0)
    path = made.layer("net", "conv1", random.normal(size=(6, 6)))
    target = made.layer("v1", "V1", random.normal(size=(6, 5)))
    files = {"recording": target, "predictors": [path]}
    with pytest.raises(DataError, match=r"7 images.*found 6"):
        encoding.Encoding(**QUICK | {"folds": 7}).compute(files)
    with pytest.raises(DataError, match=r"'view'.*orientation"):
        encoding.Encoding(groups="view", **QUICK).compute(files)
    made.layer("net", "conv1", random.normal(size=(6, 6)), names=[f"other_{at}" for at in range(6)])
    with pytest.raises(DataError, match="do not describe the same images: image 0 is grating_000"):
        encoding.Encoding(**QUICK).compute(files)
    made.layer("v1", "V1", np.ones((6, 5)))
    with pytest.raises(DataError, match=r"found 5 .*same"):
        encoding.Encoding(**QUICK).compute(files)


def study_of(**changes):
    keys = {
        "name": "test", "stimuli": ("gratings", "noise"),
        "layers": {"net": ("input", "conv1"), "twin": ("conv1",), "v1": ("V1", "LM")},
        "samples": {"random": ("100",)}, "metrics": ("correlation",), "analyses": (),
        "config": {
            "stimuli": {name: {"kind": "white_noise"} for name in ("gratings", "noise")},
            "networks": {"net": {}, "twin": {}}, "populations": {"random": {}, "all": {}},
        },
        "shown": {"v1": ("gratings",), "twin": ("noise",)},
    }  # fmt: skip
    return Study(**(keys | changes))


def test_files_are_those_of_networks_that_saw_the_stimulus():
    files = encoding.Encoding(neurons="all", area="LM").inputs(study_of())
    assert files["recording"] == "results/test/activations/v1/gratings/all/LM.nc"
    assert files["predictors"] == [
        f"results/test/activations/net/gratings/random/{layer}.nc" for layer in ("input", "conv1")
    ]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"recording": "net"}, "recording: 'net' is unknown. Valid: v1"),
        ({"area": "V4"}, "area: 'V4' is unknown"),
        ({"stimulus": "noise"}, "stimulus: 'noise' is unknown. Valid: gratings"),
        ({"sources": ["twin"]}, "sources: 'twin' is unknown. Valid: net"),
        ({"layers": {"net": ["fc"]}}, "layers.net: 'fc' is unknown"),
        ({"neurons": "some"}, "neurons: 'some' is unknown"),
        ({"groups": "view"}, "groups: .*'gratings', 'view' is unknown"),
    ],
)
def test_names_are_checked_when_the_plan_is_made(keys, message):
    with pytest.raises(ConfigError, match=message):
        encoding.Encoding(**keys).inputs(study_of())


def test_a_study_without_recordings_or_without_networks_is_reported():
    with pytest.raises(ConfigError, match=r"^recording: .*recordings"):
        encoding.Encoding().inputs(study_of(layers={"net": ("input",)}))
    with pytest.raises(ConfigError, match=r"^sources: .*'gratings' of 'v1'"):
        encoding.Encoding().inputs(
            study_of(shown={"v1": ("gratings",), "net": ("noise",), "twin": ("noise",)})
        )
