"""Decoding of angles: circular errors, folds, and both decoders against independent ones."""

import itertools

import numpy as np
import pytest
from scipy.stats import circmean
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.preprocessing import StandardScaler

from repscape.analyses import angle_decoding
from repscape.analyses.lib.angle_decoders import ReluDecoder, RidgeDecoder, decode
from repscape.analyses.lib.angles import arrange, circular_loss, permuted, to_angles, to_vectors
from repscape.analyses.lib.circle import apart
from repscape.core.errors import ConfigError, DataError
from repscape.study.study import Study

QUICK = {"permutations": 9, "seed": 4, "folds": 4, "epochs": 60, "hidden": 8}
RIDGE = QUICK | {"decoders": ("ridge",)}
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)


@pytest.mark.parametrize("period", [90, 180, 360, 24])
def test_errors_go_the_shorter_way_round(period):
    true = np.linspace(-2 * period, 2 * period, 41)
    for away in (0, 0.3 * period, -0.3 * period, 0.5 * period, 0.9 * period, 3.25 * period):
        shorter = abs(away - period * round(away / period))
        np.testing.assert_allclose(apart(true + away, true, period), shorter, atol=1e-9 * period)
        expected = 1 - np.cos(2 * np.pi * shorter / period)
        np.testing.assert_allclose(circular_loss(true + away, true, period), expected, atol=1e-9)
    found = to_angles(to_vectors(true, period) * 3, period)
    assert ((found >= 0) & (found < period)).all()
    turns = (found - true) / period  # rounding may put 0 just below a whole turn
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
    assert to_angles(to_vectors(np.array([-1e-20]), period), period) < period


def test_the_direction_of_a_mean_vector_is_the_circular_mean():
    angles = np.random.default_rng(0).uniform(0, 180, 11)
    found = to_angles(to_vectors(angles, 180).mean(0), 180)
    assert found == pytest.approx(circmean(angles, high=180))


def together(rows):
    """Which pairs of rows are ever on both sides, training and test."""
    return rows.fold[:, None] != rows.fold


def test_no_image_is_both_in_training_and_in_test():
    image = np.repeat(np.arange(12), [1, 2, 3] * 4)
    angle = np.repeat(np.arange(6) * 30.0, 2)
    rows = arrange(angle, image, "images", 180, 4, 0)
    assert not together(rows)[image[:, None] == image].any()
    assert together(rows)[rows.angle[:, None] == rows.angle].any()
    rows = arrange(angle, image, "values", 180, 4, 0)
    assert not together(rows)[rows.angle[:, None] == rows.angle].any()
    # 0 and 180 are one orientation, and two directions
    rows = arrange(np.array([0.0, 180, 60, 120]), np.arange(4), "values", 180, 3, 0)
    assert rows.fold[0] == rows.fold[1]
    rows = arrange(np.array([0.0, 180, 60, 120]), np.arange(4), "values", 360, 4, 0)
    assert len(set(rows.fold)) == 4


def test_repeats_of_an_image_are_in_different_folds():
    image = np.repeat(np.arange(12), [2, 3, 5] * 4)
    rows = arrange(np.arange(12) * 15.0, image, "trials", 180, 4, 0)
    for one in range(12):
        own = rows.fold[image == one]
        assert len(set(own)) == min(len(own), 4)
    assert np.ptp(np.bincount(rows.fold)) <= 1


def test_folds_of_images_do_not_depend_on_trials():
    angle = np.arange(12) * 15.0
    means = arrange(angle, np.arange(12), "images", 180, 4, 0)
    trials = arrange(angle, np.repeat(np.arange(12), 3), "images", 180, 4, 0)
    np.testing.assert_array_equal(trials.fold, np.repeat(means.fold, 3))


def test_too_few_groups_or_angles_are_reported():
    with pytest.raises(DataError, match=r"5 images.*found 4"):
        arrange(np.arange(4.0), np.arange(4), "images", 180, 5, 0)
    with pytest.raises(DataError, match=r"2 .*angles, found 1"):
        arrange(np.array([0.0, 180, 360]), np.arange(3), "images", 180, 3, 0)


def test_permutations_move_what_is_left_out_together():
    image = np.repeat(np.arange(12), 3)
    angle = np.repeat(np.arange(6) * 30.0, 2)
    random = np.random.default_rng(0)
    for by in ("values", "images", "trials"):
        rows = arrange(angle, image, by, 180, 4, 0)
        new = permuted(angle, rows, by, 180, random)
        np.testing.assert_array_equal(np.sort(new), np.sort(rows.angle))
        assert (new != rows.angle).mean() > 0.5
        if by != "trials":
            assert all(len(set(new[rows.group == group])) == 1 for group in rows.group)
        else:
            for fold in range(4):
                here = rows.fold == fold
                np.testing.assert_array_equal(np.sort(new[here]), np.sort(rows.angle[here]))


def test_ridge_decoding_is_that_of_a_loop_over_folds_and_strengths(tuned_to):
    """Nested cross-validation by scikit-learn, on single trials whose images are left out together."""
    image = np.repeat(np.arange(20), 3)
    angle = np.arange(20) * 9.0
    activity = tuned_to(angle[image], 40, 0.6)
    rows = arrange(angle, image, "images", 180, 4, 0)
    decoders = {"ridge": RidgeDecoder(STRENGTHS)}
    found = decode(activity, rows, rows.angle[None], period=180, decoders=decoders)["ridge"]
    aims = to_vectors(rows.angle, 180)
    for fold in range(4):
        train, test = rows.fold != fold, rows.fold == fold
        scaled = StandardScaler().fit(activity[train]).transform(activity) / np.sqrt(40)
        losses = []
        for at, strength in enumerate(STRENGTHS):
            model = SklearnRidge(alpha=strength * train.sum())
            inner = cross_val_predict(
                model, scaled[train], aims[train], groups=image[train], cv=LeaveOneGroupOut()
            )
            losses.append(circular_loss(to_angles(inner, 180), rows.angle[train], 180).mean())
            whole = to_angles(model.fit(scaled[train], aims[train]).predict(scaled), 180)
            for part, here in enumerate((train, test)):
                error = apart(whole[here], rows.angle[here], 180).mean()
                assert found.error[part, fold, at, 0] == pytest.approx(error, rel=1e-6)
                loss = circular_loss(whole[here], rows.angle[here], 180).mean()
                assert found.loss[part, fold, at, 0] == pytest.approx(loss, rel=1e-5, abs=1e-9)
        best = STRENGTHS[int(np.argmin(losses))]
        assert found.chosen[fold] == best
        model = SklearnRidge(alpha=best * train.sum()).fit(scaled[train], aims[train])
        np.testing.assert_allclose(
            found.predicted[test], to_angles(model.predict(scaled[test]), 180), rtol=1e-5, atol=1e-6
        )


def test_the_test_fold_has_no_part_in_its_decoders(tuned_to):
    """Other activity and angles in one fold change its own predictions alone, not the decoders' choices."""
    angle = np.arange(24) * 7.5
    rows = arrange(angle, np.arange(24), "images", 180, 4, 0)
    activity, other = tuned_to(angle, 30, 0.3), tuned_to(angle, 30, 0.3)
    inside = rows.fold == 2
    other[inside] = np.random.default_rng(0).normal(size=other[inside].shape)
    angles = rows.angle.copy()
    angles[inside] = angles[inside][::-1]
    decoders = {
        "ridge": RidgeDecoder(STRENGTHS), "relu": ReluDecoder((0.0, 0.01, 0.1), 6, 30, 0.1, 0)
    }  # fmt: skip
    how = {"period": 180, "decoders": decoders}
    first = decode(activity, rows, rows.angle[None], **how)
    second = decode(other, rows._replace(angle=angles), angles[None], **how)
    for method in ("ridge", "relu"):
        assert first[method].chosen[2] == second[method].chosen[2]
        np.testing.assert_allclose(
            first[method].error[0, 2], second[method].error[0, 2], rtol=1e-5, atol=1e-7
        )


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
    with pytest.raises(DataError, match="do not describe the same images"):
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
        ({"stimulus": "gratings", "factor": "colour"}, "factor: .*'gratings', 'colour' is unknown"),
        ({"factor": "color", "sources": ["v2"]}, "sources: 'v2' is unknown"),
        ({"factor": "color", "layers": {"net": ["conv9"]}}, "layers.net: 'conv9' is unknown"),
        ({"factor": "color", "layers": {"nett": ["conv1"]}}, "layers: 'nett' is unknown"),
        ({"factor": "color", "population": "top"}, "population: 'top' is unknown"),
        ({"stimulus": "noise", "sources": ["v1"], "factor": "color"}, "factor: .*'noise'"),
    ],
)  # fmt: skip
def test_names_are_checked_when_the_plan_is_made(keys, message):
    with pytest.raises(ConfigError, match=message):
        angle_decoding.AngleDecoding(**keys).inputs(study_of())
