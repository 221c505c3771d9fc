"""Which image each trial showed, and what is left out of a recording."""

import numpy as np
import pytest

from repscape.core.errors import DataError
from repscape.recordings.lib.responses import Responses, ShownStimulus
from repscape.recordings.lib.trials import match_trials

SEEN = ShownStimulus(["a.png", "b.png", "c.png"], {"orientation": ["-45.0", "0.0", "45.5"]})
VALUES = np.arange(12.0).reshape(4, 3) ** 2


def one(values=VALUES, shown=None, areas=("V1",), seen=SEEN, **policies):
    given = [Responses("file.npz", "gratings", values, **(shown or {}))]
    return match_trials(given, {"gratings": seen}, list(areas), **policies)


def test_trials_are_sorted_by_image_and_keep_their_repeats():
    found = one(shown={"shown": ["b.png", "a.png", "b.png", "c.png"]}).trials["gratings"]
    assert found.image.tolist() == [0, 1, 1, 2]
    assert found.repeat.tolist() == [0, 0, 1, 0]
    np.testing.assert_array_equal(found.response[:, :, 0], VALUES[[1, 0, 2, 3]])


@pytest.mark.parametrize(
    "shown",
    [
        {"shown": np.array([1, 0, 1, 2])},
        {"shown": np.array([1.0, 0.0, 1.0, 2.0])},
        {"shown": np.array([0.0, -45.0004, 0.0, 45.5]), "factor": "orientation"},
        {"shown": ["b.png", "a.png", "b.png", "c.png"]},
    ],
)
def test_images_go_by_name_number_or_value(shown):
    assert one(shown=shown).trials["gratings"].image.tolist() == [0, 1, 1, 2]


def test_without_labels_trials_are_the_images_in_order():
    assert one(VALUES[:3]).trials["gratings"].image.tolist() == [0, 1, 2]
    with pytest.raises(DataError, match=r"4 trials.*stimulus 'gratings'.* 3 images.*'images'"):
        one()


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({"shown": ["a.png", "b.png", "c.png"]}, r"responses.* 4 trials.* 3 labels"),
        ({"shown": ["a.png", "b.png", "c.png", "d.png"]}, r"1.* 4 trials show.*image.*'gratings': d.png"),
        ({"shown": [0, 1, 2, 3]}, r"1.* 4 trials show.*image"),
        ({"shown": np.array([0.5, 1, 2, 0])}, r"numbers.* 0\.5"),
        ({"shown": [0, 1, 1, 0]}, r"1.* 3.*'gratings'.*trial: c.png"),
        ({"shown": np.zeros(4), "factor": "hue"}, r"'hue'.*factor.*stimulus 'gratings'"),
        ({"shown": np.array([-45, 0, 45.5, 46]), "factor": "orientation"}, r"show.*image.*'gratings': 46"),
    ],
)
def test_labels_that_do_not_fit_the_stimulus_are_refused(shown, said):
    with pytest.raises(DataError, match=said):
        one(shown=shown)


def test_a_factor_must_tell_images_apart_and_have_numbers():
    shown = {"shown": np.zeros(4), "factor": "orientation"}
    with pytest.raises(DataError, match=r"'orientation'.*'gratings':.* 2.* 3"):
        one(shown=shown, seen=SEEN._replace(factors={"orientation": ["0", "0", "1"]}))
    with pytest.raises(DataError, match="has values that are not numbers"):
        one(shown=shown, seen=SEEN._replace(factors={"orientation": ["left", "0", "1"]}))


def test_each_trial_by_itself_takes_images_that_were_shown_equally_often():
    shown = [0, 1, 2, 0, 1, 2, 0]
    values = np.random.default_rng(0).normal(size=(7, 2))
    with pytest.raises(DataError, match=r"'gratings'.* 2.* 3 times"):
        one(values, {"shown": shown}, trials="each")
    assert len(one(values, {"shown": shown}).trials["gratings"].image) == 7
    assert len(one(values[:6], {"shown": shown[:6]}, trials="each").trials["gratings"].image) == 6


def test_other_trials_can_be_left_out_and_are_counted():
    found = one(shown={"shown": ["a.png", "b.png", "c.png", "grey"]}, others="drop")
    assert len(found.trials["gratings"].response) == 3
    assert found.left_out == ["1 of 4 trials that show no image of 'gratings': grey"]


SHOWN = {"shown": [0, 1, 2, 0]}


def test_values_that_are_not_finite_are_refused_or_left_out_by_neuron_or_by_trial():
    values = VALUES.copy()
    values[3, 1] = np.nan
    with pytest.raises(DataError, match=r"1 responses.*finite.* 1.* 3 neurons.* 1.* 4 trials"):
        one(values, SHOWN)
    by_neuron = one(values, SHOWN, missing="drop_neurons")
    assert by_neuron.neurons["V1"].tolist() == [0, 2]
    assert by_neuron.left_out == ["1 of 3 neurons with missing or non-finite values"]
    by_trial = one(values, SHOWN, missing="drop_trials")
    assert by_trial.neurons["V1"].tolist() == [0, 1, 2]
    assert by_trial.trials["gratings"].image.tolist() == [0, 1, 2]
    assert by_trial.left_out == ["1 of 4 trials of 'gratings' with missing or non-finite values"]


def test_a_neuron_that_is_bad_throughout_does_not_take_all_trials_with_it():
    values = VALUES.copy()
    values[:, 1] = np.nan
    with pytest.raises(DataError, match=r"trials.* 3.* 3.* 1.* 3 neurons"):
        one(values, SHOWN, missing="drop_trials")


def test_a_neuron_that_is_bad_for_one_stimulus_is_left_out_of_all():
    bad = VALUES[:3].copy()
    bad[0, 2] = np.inf
    given = [Responses("1.npy", "one", VALUES[:3]), Responses("2.npy", "two", bad)]
    found = match_trials(given, {"one": SEEN, "two": SEEN}, ["V1"], missing="drop_neurons")
    assert found.neurons["V1"].tolist() == [0, 1]


def test_constant_neurons_are_kept_dropped_or_refused(caplog):
    values = VALUES.copy()
    values[:, 0] = 7
    assert one(values, SHOWN).neurons["V1"].tolist() == [0, 1, 2]
    assert "1 of 3 neurons have equal responses in all trials and are kept: 0" in caplog.text
    assert one(values, SHOWN, constant="drop").neurons["V1"].tolist() == [1, 2]
    with pytest.raises(DataError, match=r"1.* 3 neurons.*: 0"):
        one(values, SHOWN, constant="refuse")
    values[:] = 7
    with pytest.raises(DataError, match="all neurons of V1 are left out"):
        one(values, SHOWN, constant="drop")


def test_neurons_go_to_their_areas():
    shown = SHOWN | {"areas": ["LM", "V1", "AL"]}
    found = one(VALUES, shown, ("V1", "LM"))
    assert {area: numbers.tolist() for area, numbers in found.neurons.items()} == {"V1": [1], "LM": [0]}
    assert found.left_out == ["1 of 3 neurons in areas other than V1; LM"]
    with pytest.raises(DataError, match=r"neuron.*V4\. Areas in the file: LM; V1; AL"):
        one(VALUES, shown, ("V4",))
    with pytest.raises(DataError, match="names 2 areas, but no variable gives"):
        one(VALUES, SHOWN, ("V1", "LM"))
    with pytest.raises(DataError, match="3 neurons but areas of 2"):
        one(VALUES, SHOWN | {"areas": ["V1", "LM"]}, ("V1",))


def test_stimuli_of_a_recording_have_the_same_neurons():
    given = [Responses("1.npy", "one", VALUES[:3]), Responses("2.npy", "two", VALUES[:3, :2])]
    with pytest.raises(DataError, match=r"1.npy.* 3.* 2.npy.* 2"):
        match_trials(given, {"one": SEEN, "two": SEEN}, ["V1"])
    with pytest.raises(DataError, match="found none to two"):
        match_trials(given[:1], {"one": SEEN, "two": SEEN}, ["V1"])
    with pytest.raises(DataError, match="responses to 'one', found a second"):
        match_trials([given[0], given[0]], {"one": SEEN}, ["V1"])


@pytest.mark.parametrize("values", [np.array([["a", "b"]]), np.zeros(3), np.zeros((0, 3))])
def test_what_is_no_table_of_numbers_is_refused(values):
    with pytest.raises(DataError, match=r"numbers.*shape \(trial, neuron\)"):
        one(values, {"shown": [0] * len(values)})
