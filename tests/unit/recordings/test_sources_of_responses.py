"""Sources of responses: arrays, simulated populations, traces."""

import numpy as np
import pytest
from scipy.signal import periodogram

from repscape.core.errors import ConfigError, DataError
from repscape.recordings import arrays, simulated, traces
from repscape.recordings.lib import tuning_model
from repscape.recordings.lib.responses import ShownStimulus

ANGLES = np.array([0.2, 45.1, 90.3, 135.4, 179.9, 200.5])
RESP = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


@pytest.fixture
def file(tmp_path):
    np.savez(tmp_path / "v1.npz", resp=RESP, stimuli=ANGLES, area=["V1", "LM", "V1"])
    return tmp_path / "v1.npz"


def read(file, images=None, names="abcd", **keys):
    (found,) = arrays.Arrays(path=[file], images=images, **keys).read(
        {"gratings": ShownStimulus(list(names), {})}
    )
    return found


def test_the_exercise_on_mouse_v1(file):
    found = read(file, responses="resp", images="stimuli", by="orientation", convention="tilt")
    np.testing.assert_allclose(found.shown, ANGLES[:5] - 90)
    np.testing.assert_array_equal(found.values, RESP[:5])
    assert found.factor == "orientation"


def test_binned_trials_keep_their_responses(file):
    found = read(file, responses="resp", images="stimuli", by="orientation", bin=90)
    np.testing.assert_allclose(found.shown, np.repeat([22.65, 135.2, 200.5], [2, 3, 1]))
    np.testing.assert_array_equal(found.values, RESP)


def test_each_repeat_of_an_image_is_a_trial(tmp_path):
    values = np.arange(24).reshape(2, 3, 4)  # neuron, repeat, image
    np.save(tmp_path / "a.npy", values)
    found = read(tmp_path / "a.npy", axes=["neuron", "repeat", "image"])
    assert found.shown.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert all(
        found.values[3 * image + repeat].tolist() == values[:, repeat, image].tolist()
        for image in range(4)
        for repeat in range(3)
    )


def test_an_axis_of_images_has_as_many_as_the_stimulus(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((5, 4, 3)))
    with pytest.raises(DataError, match=r"'image'.* 5.*'gratings'.* 4"):
        read(tmp_path / "a.npy", axes=["image", "neuron", "repeat"])


def test_trials_without_an_angle_show_no_image(tmp_path):
    angles = np.array([np.nan, 45.0, 200.0, 90.0])
    np.savez(tmp_path / "a.npz", resp=np.arange(8).reshape(4, 2), stimuli=angles)
    found = read(tmp_path / "a.npz", "stimuli", responses="resp", by="orientation", convention="tilt")
    np.testing.assert_array_equal(found.shown, [np.nan, -45, 0])
    np.testing.assert_array_equal(found.values, [[0, 1], [2, 3], [6, 7]])


@pytest.mark.parametrize("kind", [str, bytes])
def test_angles_may_be_text(tmp_path, kind):
    """As in names of files and tables that keep their zeros; without one a trial shows no image."""
    angles = np.array(["090", "000", "", "45.5"]).astype(kind)
    np.savez(tmp_path / "a.npz", resp=RESP[:4], stimuli=angles)
    found = read(tmp_path / "a.npz", "stimuli", responses="resp", by="orientation")
    np.testing.assert_array_equal(found.shown, [90, 0, np.nan, 45.5])
    np.savez(tmp_path / "a.npz", resp=RESP[:2], stimuli=["090", "cup"])
    with pytest.raises(DataError, match=r"a\.npz:.*numbers.*'obj' \('by'\).*'cup'"):
        read(tmp_path / "a.npz", "stimuli", responses="resp", by="obj")


def test_areas_and_labels_come_out_of_the_file(file):
    assert read(file, responses="resp", images="stimuli", by="a", area_of="area").areas == ["V1", "LM", "V1"]
    with pytest.raises(DataError, match=r"responses.* 3 trials.* 6 labels"):
        read(file, responses="resp", axes=["neuron", "trial"], images="stimuli")


def test_of_several_stimuli_each_has_its_file(tmp_path):
    files = [tmp_path / f"{name}.npy" for name in ("one", "two", "three")]
    for file in files:
        np.save(file, RESP)
    plugin = arrays.Arrays(path=files)
    plugin.path_labels = {file: {"stimulus": file.stem} for file in files}
    shown = {"one": ShownStimulus([], {}), "two": ShownStimulus([], {})}
    assert [found.stimulus for found in plugin.read(shown)] == ["one", "two"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"axes": ["trial", "image"]}, r"axes:.*trial.*neuron"),
        ({"axes": ["neuron", "neuron"]}, r"axes:.*trial.*neuron"),
        ({"by": "orientation"}, r"by:.*'images'.*'orientation'"),
        ({"bin": 6}, "bin and convention are for angles"),
        ({"path": "{session}.npy"}, r"name.*braces.*{stimulus}.*{session}"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(keys, said):
    given = {
        "path": "a.npy",
        "responses": None,
        "axes": ["trial", "neuron"],
        "images": None,
        "area_of": None,
        "by": None,
        "bin": 1,
        "convention": "angle",
    }
    with pytest.raises(ConfigError, match=said):
        arrays.Arrays(**given | keys).check()


# ------------------------------------------------------------------ simulated

SEEN = ShownStimulus([str(at) for at in range(36)], {"orientation": [str(5.0 * at) for at in range(36)]})


def simulate(**keys):
    (found,) = simulated.Simulated(**{"seed": 1, "neurons": 400, "repeats": 3} | keys).read(
        {"gratings": SEEN}
    )
    return found


def test_tuning_curves_have_the_width_asked_for():
    population = tuning_model.population(50, 20.0, 180.0, 1.0, np.random.default_rng(0))
    at = np.linspace(0, 2 * np.pi, 3601)
    curves = tuning_model.mean_responses(population, at) - population.baseline
    np.testing.assert_allclose(curves.max(0), population.gain, rtol=1e-4)
    np.testing.assert_allclose(curves.min(0), 0, atol=1e-6)
    half = np.array(
        [
            np.ptp(at[(curve > curve.max() / 2)]) if curve[0] < curve.max() / 2 else np.nan
            for curve in curves.T
        ]
    )
    np.testing.assert_allclose(half[np.isfinite(half)] * 180 / (2 * np.pi) / 2, 20, atol=0.1)


def test_noise_has_the_covariance_of_its_formula():
    population = tuning_model.population(5, 20.0, 180.0, 1.0, np.random.default_rng(0))
    drawn = tuning_model.noise(population, 200_000, 2.0, 0.3, np.random.default_rng(1))
    expected = np.empty((5, 5))
    for u in range(5):
        for v in range(5):
            like = (1 + np.cos(population.preferred[u] - population.preferred[v])) / 2
            expected[u, v] = 4 * (0.7 * (u == v) + 0.3 * like)
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=0.06)


def test_a_simulation_has_its_repeats_tuned_share_and_seed():
    found = simulate(noise=0.0, tuned=0.5)
    assert found.values.shape == (108, 400)
    by_repeat = found.values.reshape(36, 3, 400)
    assert (by_repeat == by_repeat[:, :1]).all()
    assert (np.ptp(by_repeat[:, 0], axis=0) > 0).sum() == 200
    np.testing.assert_array_equal(simulate().values, simulate().values)
    assert not np.array_equal(simulate().values, simulate(seed=2).values)


def test_the_same_neurons_see_all_stimuli():
    both = list(simulated.Simulated(seed=1, neurons=20, repeats=1, noise=0.0).read({"a": SEEN, "b": SEEN}))
    np.testing.assert_array_equal(both[0].values, both[1].values)


def test_what_cannot_be_simulated_is_refused():
    with pytest.raises(DataError, match=r"factor 'hue'.*simulate neurons.*has: orientation"):
        simulate(factor="hue")
    with pytest.raises(ConfigError, match=r"half_width:.* 45 of 180"):
        simulated.Simulated(period=180, half_width=45).check()


# --------------------------------------------------------------------- traces

MOVIE = ShownStimulus(["0", "1", "2"], {}, np.array([0.0, 1.0, 2.0]))


def cut(tmp_path, values, seen=MOVIE, **keys):
    np.save(tmp_path / "t.npy", values)
    (found,) = traces.Traces(path=[tmp_path / "t.npy"], **{"rate": 30} | keys).read({"movie": seen})
    return found


def test_a_state_is_the_mean_or_the_power_of_a_second(tmp_path):
    values = np.random.default_rng(0).normal(size=(2, 90, 4))
    mean = cut(tmp_path, values, state="mean")
    assert mean.shown.tolist() == [0, 1, 2, 0, 1, 2]
    for trial in range(2):
        for image in range(3):
            window = values[trial, 30 * image : 30 * image + 30]
            np.testing.assert_allclose(mean.values[3 * trial + image], window.mean(0))
    found = cut(tmp_path, values)
    assert found.values.shape == (6, 4, 16)
    np.testing.assert_allclose(found.frequencies, np.arange(16))
    # SciPy's one-sided spectrum of a real signal doubles all but the ends, and divides by the samples squared
    _, oracle = periodogram(values[1, 30:60], 30, axis=0, detrend=False, scaling="spectrum")
    oracle[1:-1] /= 2
    np.testing.assert_allclose(found.values[4], oracle.T * 30**2, rtol=1e-10, atol=1e-12)


def test_power_does_not_depend_on_when_in_its_window_a_neuron_fires(tmp_path):
    values = np.zeros((90, 1))
    values[[3, 34, 79]] = 1
    found = cut(tmp_path, values, axes=["time", "neuron"])
    np.testing.assert_allclose(found.values, np.ones((3, 1, 16)))


@pytest.mark.parametrize(
    ("samples", "keys", "said"),
    [
        (80, {}, r"0.* 2.66667 s.*state.*image 2.* 2.* 3 s"),
        (90, {"start": 0.5}, r"state.*image 0.* 0.* 1 s"),
        (90, {"seen": MOVIE._replace(times=None)}, "have no times"),
    ],
)
def test_states_must_lie_in_the_traces(tmp_path, samples, keys, said):
    with pytest.raises(DataError, match=said):
        cut(tmp_path, np.zeros((1, samples, 2)), **keys)


def test_which_samples_are_taken_is_said(tmp_path, caplog):
    caplog.set_level("INFO")
    cut(tmp_path, np.ones((2, 120, 3)), start=-0.5)
    assert "t.npy (movie): 2 trials × 120 samples (-0.5 to 3.5 s) × 3 neurons" in caplog.text
    assert "image 0 has samples 15 to 44 (0 s), the last, image 2, samples 75 to 104 (2 s)" in caplog.text


def test_overlapping_states_are_reported(tmp_path, caplog):
    cut(tmp_path, np.ones((1, 200, 2)), window=2.0)
    assert "states overlap" in caplog.text


def test_frames_of_a_movie_that_begin_a_little_early_do_not_overlap(tmp_path, caplog):
    """Of 29.97 frames a second, what is shown at 1 s began at 0.968 s."""
    frames = np.array([0, 29, 59]) * 1001 / 30000
    cut(tmp_path, np.ones((1, 200, 2)), seen=MOVIE._replace(times=frames))
    assert "overlap" not in caplog.text
