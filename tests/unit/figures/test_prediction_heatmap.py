"""The heatmap of predictions shows the classes of highest probability."""

import re

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from repscape.core.errors import ConfigError, DataError

LAYERS = ("input", "block2", "block17", "block19", "fc1", "predictions")
STIMULI = ("bikes", "pictures", "white_noise")


@pytest.fixture
def made(results):
    """A small study with activations, samples, stimuli and tables of layers."""
    study = results(stimuli=STIMULI, layers=LAYERS).stimulus_files().layer_tables()
    return study.activations("all", "filter_means", "maps", "random")


def test_predictions_are_shown_for_the_classes_that_stimuli_choose_in_turn(made, draw, artists):
    figure, caption = draw(made, "prediction_heatmap", classes=8, population="all")
    left = {stimulus: made.activity(stimulus, "predictions", "all").mean(0) for stimulus in STIMULI}
    expected = {stimulus: [] for stimulus in STIMULI}
    for turn in range(8):
        stimulus = STIMULI[turn % 3]
        best = int(np.argmax(left[stimulus]))
        expected[stimulus].append(best)
        for means in left.values():
            means[best] = -1
    expected = [best for own in expected.values() for best in own]
    labels = sorted(
        (t for t in figure.axes[0].texts if t.get_rotation() == 90), key=lambda t: t.get_position()
    )
    assert [label.get_text() for label in labels] == [f"class number {c}" for c in expected] + [
        "all other classes"
    ]
    for stimulus in STIMULI:
        shown, others = (artists(figure, "images")[f"{stimulus}/{part}"] for part in ("classes", "others"))
        probabilities = made.activity(stimulus, "predictions", "all")
        np.testing.assert_allclose(shown.get_array(), probabilities[:, expected], rtol=1e-6)
        total = shown.get_array().sum(1) + others.get_array()[:, 0]
        np.testing.assert_allclose(total, 1, atol=1e-5)
        assert (shown.norm.vmin, shown.norm.vmax) == (0, 1)
    assert re.search(r"\b8 [^.]*1,000 classes", caption)


def test_prediction_heatmaps_need_a_network_that_classifies(results, inputs):
    with pytest.raises(ConfigError, match=r"source:.*network.*'predictions'"):
        inputs(results(layers=("input", "block1")).study, "prediction_heatmap")


def test_a_population_without_all_classes_is_told(made, draw):
    with pytest.raises(DataError, match=r"1000 classes.* 400.*'population'"):
        draw(made, "prediction_heatmap", population="random")


def test_prediction_heatmap(made, rendered):
    data = xr.load_dataset(rendered(made, "prediction_heatmap", classes=8, population="all"))
    assert data.sizes == {"row": 80, "class": 8}
    for stimulus in STIMULI:
        own = data.isel(row=np.flatnonzero(data.stimulus.values == stimulus))
        expected = made.activity(stimulus, "predictions", "all")
        np.testing.assert_array_equal(own.probability.values, expected[:, own["class"].values])
        np.testing.assert_allclose(own.probability.sum("class") + own.others, 1, atol=1e-12)
        mine = own["class"].values[own.chosen_by.values == stimulus]
        assert len(mine) in (2, 3)
        assert own.name.values[-1] == f"{stimulus}_{made.images[stimulus] - 1:04d}"
    first = data["class"].values[data.chosen_by.values == "bikes"][0]
    assert first == made.activity("bikes", "predictions", "all").mean(0).argmax()
    assert data.label.values.tolist() == [f"class number {number}" for number in data["class"].values]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"source": "vgg"}, "source.*vgg"),
        ({"population": "maps"}, r"population: 'maps'.*record.*classes"),
    ],
)
def test_what_cannot_be_drawn_is_refused_when_the_plan_is_made(results, inputs, parameters, message):
    with pytest.raises(ConfigError, match=message):
        inputs(results(layers=LAYERS).study, "prediction_heatmap", **parameters)


def test_the_population_to_add_is_named(results, inputs):
    study = results(layers=LAYERS).study
    study.config["populations"] = {"top": {"kind": "top", "units": 5}}
    with pytest.raises(ConfigError, match=r"classes.*Add"):
        inputs(study, "prediction_heatmap")


def test_the_smallest_population_that_will_do_is_taken(results, inputs):
    study = results(layers=LAYERS).study
    (path,) = inputs(study, "prediction_heatmap", stimuli=["bikes"])["activations"]
    assert "/filter_means/" in path
    study.config["populations"] = {
        "few": {"kind": "random", "units": 10},
        "many": {"kind": "random", "units": 9999},
    }
    (path,) = inputs(study, "prediction_heatmap", stimuli=["bikes"])["activations"]
    assert "/many/" in path


def test_a_stimulus_keeps_its_colour(made, draw):
    figure, _ = draw(made, "prediction_heatmap")
    faces = {to_hex(patch.get_facecolor()).upper() for axes in figure.axes for patch in axes.patches}
    assert made.style.colour("bikes") in faces
