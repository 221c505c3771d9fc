"""Activations of a recording: means over trials, single trials, the neurons of a population."""

import netCDF4
import numpy as np
import pytest

from repscape.activations.replay import means, replay
from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.populations.lib import areas
from repscape.populations.lib import file as population_file
from repscape.recordings.lib import file
from repscape.recordings.lib.responses import Responses
from repscape.recordings.lib.trials import match_trials

NAMES = ["b.png", "a.png", "c.png"]


@pytest.fixture
def stimulus(tmp_path):
    path = tmp_path / "gratings.nc"
    variables = {
        "images": (("image", "y", "x", "channel"), np.zeros((3, 4, 4, 3), np.uint8)),
        "name": (("image",), NAMES),
        "orientation": (("image",), ["-45.0", "0.0", "45.0"]),
    }
    attributes = {"stimulus": "gratings", "sha256": "abc", "factors": ["orientation"]}
    netcdf.write(path, kind="stimulus", variables=variables, attributes=attributes)
    return path


def write(tmp_path, stimulus, values, shown, names=("V1",), **more):
    seen = {"gratings": file.shown_stimulus(stimulus)}
    found = match_trials([Responses("f.npy", "gratings", values, shown, **more)], seen, list(names))
    path = tmp_path / "recordings" / "gratings.nc"
    file.write(
        {"gratings": path},
        found,
        {"gratings": stimulus},
        {"recording": "v1", "simulated": 1, "trials": "mean"},
    )
    return path


def played(tmp_path, stimulus, responses, section=None):
    population = tmp_path / "population.nc"
    layers = areas.layers(responses)
    section = section or {"kind": "all"}
    keys = {"source": "v1", "population": "neurons", "simulated": file.is_simulated(responses)}
    population_file.write(population, layers, section=section, files={}, **keys)
    outputs = {layer.label: tmp_path / f"{layer.label}.nc" for layer in layers}
    replay(responses, stimulus, population, outputs)
    return {area: netCDF4.Dataset(path) for area, path in outputs.items()}


def test_images_have_the_mean_of_their_trials_and_trials_are_kept(tmp_path, stimulus):
    values = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    shown = [2, 0, 1, 2, 2]
    opened = played(tmp_path, stimulus, write(tmp_path, stimulus, values, shown))["V1"]
    expected = [
        [np.mean([values[t, u] for t in range(5) if shown[t] == i]) for u in range(4)] for i in range(3)
    ]
    np.testing.assert_allclose(opened["activation"][:], expected, rtol=1e-6)
    assert opened["trial_image"][:].tolist() == [0, 1, 2, 2, 2]
    assert opened["trial_repeat"][:].tolist() == [0, 0, 0, 1, 2]
    np.testing.assert_array_equal(opened["response"][:], values[[1, 2, 0, 3, 4]])
    assert opened["name"][:].tolist() == NAMES
    assert opened["orientation"][:].tolist() == ["-45.0", "0.0", "45.0"]
    assert (opened.source, opened.layer, opened.order, opened.simulated) == ("v1", "V1", 0, 1)
    assert "weights_sha256" not in opened.ncattrs()


def test_images_shown_once_have_no_single_trials(tmp_path, stimulus):
    opened = played(tmp_path, stimulus, write(tmp_path, stimulus, np.eye(3), None))["V1"]
    assert "response" not in opened.variables
    np.testing.assert_array_equal(opened["activation"][:], np.eye(3))


def test_a_population_of_an_area_knows_its_neurons(tmp_path, stimulus):
    values = np.random.default_rng(0).normal(size=(3, 40))
    areas = ["V1", "LM"] * 20
    responses = write(tmp_path, stimulus, values, None, ("LM", "V1"), areas=areas)
    opened = played(tmp_path, stimulus, responses, {"kind": "random", "units": 5, "seed": 3})
    for area, order in (("LM", 0), ("V1", 1)):
        neuron = opened[area]["neuron"][:]
        assert len(neuron) == 5
        assert {areas[at] for at in neuron} == {area}
        np.testing.assert_allclose(opened[area]["activation"][:], values[:, neuron], rtol=1e-6)
        assert opened[area].order == order


def test_features_of_a_neuron_are_units_side_by_side(tmp_path, stimulus):
    values = np.random.default_rng(0).normal(size=(3, 2, 4))
    frequencies = np.array([0.0, 1, 2, 3])
    responses = write(tmp_path, stimulus, values, None, frequencies=frequencies)
    (layer,) = areas.layers(responses)
    assert (layer.channels, layer.height, layer.width, layer.units) == (2, 1, 4, 8)
    opened = played(tmp_path, stimulus, responses)["V1"]
    np.testing.assert_allclose(opened["activation"][:], values.reshape(3, 8), rtol=1e-6)
    assert opened["neuron"][:].tolist() == [0] * 4 + [1] * 4
    assert opened["frequency"][:].tolist() == [0, 1, 2, 3] * 2


def test_responses_to_another_version_of_a_stimulus_are_refused(tmp_path, stimulus):
    responses = write(tmp_path, stimulus, np.eye(3), None)
    with netCDF4.Dataset(stimulus, "a") as opened:
        opened.sha256 = "other"
    with pytest.raises(DataError, match="the images of its trials differ"):
        played(tmp_path, stimulus, responses)


def test_means_of_many_trials_are_those_of_float64():
    generator = np.random.default_rng(0)
    response = (1e4 + generator.normal(size=(2000, 3))).astype(np.float32)
    image = np.sort(np.concatenate([np.arange(7), generator.integers(0, 7, 1993)]))
    expected = [response[image == at].astype(np.float64).mean(0) for at in range(7)]
    np.testing.assert_array_equal(means(response, image), np.float32(expected))
