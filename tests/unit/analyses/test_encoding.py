"""Encoding: what is planted is explained; what is stored agrees with a loop over neurons."""

import numpy as np
import pytest

from repscape.analyses import encoding
from repscape.analyses.lib.ridge_encoder import encode
from repscape.core.errors import ConfigError, DataError
from repscape.study.study import Study

QUICK = {"resamples": 200, "seed": 2, "folds": 4}


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
    assert "2 of 60 neurons respond equally to all images, so their R² is undefined" in caplog.text
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
    assert "has no repeats, so reliability and normalised R² are undefined" in caplog.text
    for name in ("reliability", "normalised", "normalised_median", "normalised_low", "normalised_p_zero"):
        assert np.isnan(found[name]).all()
    assert np.isfinite(found["r2"]).all()


def test_mistakes_are_reported(responded):
    made = responded(images=6)
    random = np.random.default_rng(0)
    path = made.layer("net", "conv1", random.normal(size=(6, 6)))
    target = made.layer("v1", "V1", random.normal(size=(6, 5)))
    files = {"recording": target, "predictors": [path]}
    with pytest.raises(DataError, match=r"7 images.* 6"):
        encoding.Encoding(**QUICK | {"folds": 7}).compute(files)
    with pytest.raises(DataError, match=r"'view'.*orientation"):
        encoding.Encoding(groups="view", **QUICK).compute(files)
    made.layer("net", "conv1", random.normal(size=(6, 6)), names=[f"other_{at}" for at in range(6)])
    with pytest.raises(DataError, match=r"image 0 .*grating_000"):
        encoding.Encoding(**QUICK).compute(files)
    made.layer("v1", "V1", np.ones((6, 5)))
    with pytest.raises(DataError, match=r"found 5 .*equal"):
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
        ({"recording": "net"}, "recording: 'net'.*v1"),
        ({"area": "V4"}, "area: 'V4'"),
        ({"stimulus": "noise"}, "stimulus: 'noise'.*gratings"),
        ({"sources": ["twin"]}, "sources: 'twin'.*net"),
        ({"layers": {"net": ["fc"]}}, "layers.net: 'fc'"),
        ({"neurons": "some"}, "neurons: 'some'"),
        ({"groups": "view"}, "groups: .*'gratings', 'view'"),
    ],
)
def test_names_are_checked_when_the_plan_is_made(keys, message):
    with pytest.raises(ConfigError, match=message):
        encoding.Encoding(**keys).inputs(study_of())


def test_a_study_without_recordings_or_without_networks_is_reported():
    with pytest.raises(ConfigError, match=r"^recording: .*recordings"):
        encoding.Encoding().inputs(study_of(layers={"net": ("input",)}))
    with pytest.raises(ConfigError, match=r"^sources:.*'gratings'.*'v1'"):
        encoding.Encoding().inputs(
            study_of(shown={"v1": ("gratings",), "net": ("noise",), "twin": ("noise",)})
        )
