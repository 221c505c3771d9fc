"""Decoding of angles: what is planted is found; what is stored agrees with itself."""

import itertools

import numpy as np
import pytest

from repscape.analyses import angle_decoding
from repscape.core.errors import ConfigError, DataError
from repscape.study.study import Study

QUICK = {"permutations": 9, "seed": 4, "folds": 4, "epochs": 60, "hidden": 8}
RIDGE = QUICK | {"decoders": ("ridge",)}


def test_what_is_planted_is_found_and_noise_is_not(responded, tuned_to):
    made = responded(images=40)
    made.layer("net", "noise", np.random.default_rng(0).normal(size=(40, 60)))
    made.layer("net", "tuned", tuned_to(made.angle, 60, 0.1), order=1)
    image = np.repeat(np.arange(40), 4)
    made.area("v1", "V1", tuned_to(made.angle[image], 80, 0.8), image)
    result = angle_decoding.AngleDecoding(**QUICK | {"permutations": 19, "epochs": 150}).compute(made.files)
    values = {name: own for name, (_, own, *_) in result.variables.items()}
    assert values["source"] == ["net", "v1"]
    assert values["layer"] == ["noise", "tuned", "V1"]
    np.testing.assert_array_equal(values["order"], [[0, 1, -1], [-1, -1, 0]])
    for method in range(2):
        noise, tuned = values["error"][0, :2, method]
        assert tuned < 5
        assert values["p"][0, 1, method] == pytest.approx(1 / 20)
        assert noise > 30
        assert values["p"][0, 0, method] > 0.05
        assert values["error"][1, 2, method] < 10
    assert np.isnan(values["error"][1, 0]).all()
    # Images spread evenly: by chance an error is a quarter of the period, and a loss is 1.
    assert values["null"][0, :2].mean() == pytest.approx(45, abs=5)
    table = list(angle_decoding.AngleDecoding().rows(result))
    assert table[0][:5] == ("source", "layer", "decoder", "units", "error")
    assert [row[:4] for row in table[1:]] == [
        (*keys, decoder, units)
        for (*keys, units), decoder in itertools.product(
            [("net", "noise", 60), ("net", "tuned", 60), ("v1", "V1", 80)], ("ridge", "relu")
        )
    ]


def test_what_is_stored_agrees_with_itself(responded, tuned_to):
    """Errors follow from predictions, curves from the same folds."""
    made = responded(images=24)
    made.layer("net", "conv1", tuned_to(made.angle, 30, 0.5))
    result = angle_decoding.AngleDecoding(**QUICK).compute(made.files)
    values = {name: own for name, (_, own, *_) in result.variables.items()}
    error = [
        min(abs(p - t) % 180, 180 - abs(p - t) % 180)
        for p, t in zip(values["predicted"][0, 0, 0], values["angle"][0], strict=True)
    ]
    assert values["error"][0, 0, 0] == pytest.approx(np.mean(error))
    for fold in range(4):
        here = values["fold"][0] == fold
        place = list(values["strength"]).index(values["chosen"][0, 0, 0, fold])
        assert values["ridge_error"][0, 0, 1, fold, place] == pytest.approx(np.mean(np.array(error)[here]))
    assert values["low"][0, 0, 0] < values["error"][0, 0, 0] < values["high"][0, 0, 0]
    assert values["relu_loss"].shape == (1, 1, 2, 4, len(values["decay"]), len(values["epoch"]))
    assert values["epoch"][0] == 0
    assert values["epoch"][-1] == 60
    # Before training, predictions have nothing to do with the angle.
    assert values["relu_loss"][..., 0].mean() == pytest.approx(1, abs=0.6)
    assert (values["relu_loss"][0, 0, 0, :, 0, -1] < 0.1).all()


def test_units_that_change_places_change_nothing(responded, tuned_to):
    made = responded(images=24)
    activity = tuned_to(made.angle, 30, 0.5).astype(np.float32)
    first = made.layer("net", "conv1", activity)
    before = angle_decoding.AngleDecoding(**RIDGE).compute(made.files)
    assert made.layer("net", "conv1", activity[:, ::-1] * 2 + 1) == first
    after = angle_decoding.AngleDecoding(**RIDGE).compute({**made.files, "activations": [first]})
    for name in ("error", "null", "chosen"):
        np.testing.assert_allclose(before.variables[name][1], after.variables[name][1], rtol=1e-4)


def test_single_trials(responded, tuned_to):
    made = responded(images=20)
    image = np.repeat(np.arange(20), [4] * 18 + [1, 1])
    made.area("v1", "V1", tuned_to(made.angle[image], 60, 0.4), image)
    values = {}
    for by in ("images", "trials"):
        result = angle_decoding.AngleDecoding(responses="trials", by=by, **RIDGE).compute(made.files)
        values[by] = {name: own for name, (_, own, *_) in result.variables.items()}
        assert result.attributes["single_trials"] == ["v1"]
    assert values["images"]["predicted"].shape[-1] == 74
    assert values["trials"]["predicted"].shape[-1] == 72  # without the two images that were shown once
    assert values["trials"]["error"][0, 0, 0] < 12


def test_mistakes_are_reported(responded, tuned_to):
    made = responded(images=20)
    activity = tuned_to(made.angle, 10, 0.5)
    made.layer("net", "conv1", activity)
    with pytest.raises(DataError, match=r"none.*by: trials.*'net'.*by: images"):
        angle_decoding.AngleDecoding(responses="trials", by="trials", **RIDGE).compute(made.files)
    with pytest.raises(DataError, match=r"'hue'.*orientation"):
        angle_decoding.AngleDecoding(factor="hue", **RIDGE).compute(made.files)
    made.layer("net", "conv1", activity, names=[f"other_{at}" for at in range(20)])
    with pytest.raises(DataError, match="image 0"):
        angle_decoding.AngleDecoding(**RIDGE).compute(made.files)
    activity[3, 2] = np.nan
    made.layer("net", "conv1", activity)
    with pytest.raises(DataError, match=r"NaN.* 1 of 20 .*'grating_003'.*conv1"):
        angle_decoding.AngleDecoding(**RIDGE).compute(made.files)
    with pytest.raises(ConfigError, match=r"by.*responses: trials"):
        angle_decoding.AngleDecoding(by="trials", responses="means").check()


STIMULI = {
    "gratings": {"kind": "shapes", "objects": 2, "colors": 4, "views": 1},
    "noise": {"kind": "white_noise"},
}


def study_of(**changes):
    return Study(
        name="test", stimuli=("gratings", "noise"), layers={"net": ("input", "conv1"), "v1": ("V1",)},
        samples={"random": ("100",)}, metrics=("correlation",), analyses=(),
        config={
            "stimuli": STIMULI, "networks": {"net": {}}, "populations": {"random": {}, "all": {}},
        },
        shown={"v1": ("gratings",)}, **changes,
    )  # fmt: skip


def test_files_are_those_of_every_source_that_saw_the_stimulus():
    files = angle_decoding.AngleDecoding(factor="color").inputs(study_of())
    assert files["stimulus"] == "results/test/stimuli/gratings.nc"
    assert [path.removeprefix("results/test/activations/") for path in files["activations"]] == [
        f"{source}/gratings/random/{layer}.nc"
        for source, layer in (("net", "input"), ("net", "conv1"), ("v1", "V1"))
    ]
    files = angle_decoding.AngleDecoding(
        factor="color", sources=["net"], layers={"net": ["conv1"]}, population="all"
    ).inputs(study_of())
    assert files["activations"] == ["results/test/activations/net/gratings/all/conv1.nc"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "factor: .*'orientation'.*: color, obj"),
        ({"stimulus": "gratings", "factor": "colour"}, "factor: .*'gratings', 'colour'"),
        ({"factor": "color", "sources": ["v2"]}, "sources: 'v2'"),
        ({"factor": "color", "layers": {"net": ["conv9"]}}, "layers.net: 'conv9'"),
        ({"factor": "color", "layers": {"nett": ["conv1"]}}, "layers: 'nett'"),
        ({"factor": "color", "population": "top"}, "population: 'top'"),
        ({"stimulus": "noise", "sources": ["v1"], "factor": "color"}, "factor: .*'noise'"),
    ],
)  # fmt: skip
def test_names_are_checked_when_the_plan_is_made(keys, message):
    with pytest.raises(ConfigError, match=message):
        angle_decoding.AngleDecoding(**keys).inputs(study_of())
