"""Bounds on memory: against the sizes of what is held, computed by hand."""

import pytest

from repscape import needs
from repscape.activations import WAITING
from repscape.networks import tables


@pytest.fixture
def file(tmp_path):
    def of(megabytes, name="file"):
        path = tmp_path / name
        with open(path, "wb") as stream:
            stream.truncate(megabytes * 10**6)
        return str(path)

    return of


def test_the_largest_layer():
    """VGG16's are its first convolutions, of 64 channels at every pixel."""
    rows = tables.read("vgg16")
    assert needs.widest(rows, {"weights": None}) == 64 * 224 * 224
    half = {"weights": None, "preprocess": {"crop": 112}}
    assert needs.widest(rows, half) == 64 * 112 * 112
    unknown = {"weights": None, "preprocess": {"crop": None}}
    assert needs.widest(rows, unknown) == 64 * 224 * 224


def test_recording_on_a_cpu_holds_the_layers_of_a_batch(file):
    found = needs.recording(
        file(100), file(4, "population"), largest=10**6, recorded=10**5, batch=10, on_gpu=False
    )
    weights, indices, layers, gathered = 200, 24, 10 * 10 * 4, 10 * 4 // 10
    assert found == needs.TORCH + weights + indices + layers + gathered


def test_recording_on_a_gpu_holds_on_the_host_what_is_recorded(file):
    network, population = file(100), file(4, "population")
    sizes = {"largest": 10**6, "batch": 256}
    some = needs.recording(network, population, recorded=10**5, on_gpu=True, **sizes)
    every = needs.recording(network, population, recorded=None, on_gpu=True, **sizes)
    assert every - some == pytest.approx(2 * 256 * 4 * 0.9, abs=1)
    waiting = 2 * WAITING / 1e6
    assert some == pytest.approx(needs.TORCH + needs.CUDA_HOST + 200 + 24 + waiting + 2 * 256 * 0.4, abs=1)
    on_gpu = needs.on_device(network, recorded=10**5, **sizes)
    assert on_gpu == pytest.approx(needs.CUDA_DEVICE + 100 + 256 * 4 * 4.1, abs=1)


def test_a_population_larger_than_the_layer_is_the_layer(file):
    network, population = file(1), file(1, "population")
    sizes = {"largest": 1000, "batch": 10, "on_gpu": False}
    found = {needs.recording(network, population, recorded=n, **sizes) for n in (1000, 10**6, None)}
    assert len(found) == 1


def test_rdms_are_made_a_layer_at_a_time(file):
    small, large = file(10, "small"), file(50, "large")
    every = needs.dissimilarities([small, large], 1)
    assert every == needs.dissimilarities([large], 1) == needs.PYTHON + 14 * 50
    assert needs.dissimilarities([large], 0.5) == needs.PYTHON + 8 * 50


def test_what_reads_everything_holds_everything(file):
    assert needs.reading([file(10, "a"), file(20, "b")]) == needs.FIGURE + 90
    assert needs.running([file(10)], on_gpu=True) - needs.running([file(10)], on_gpu=False) == needs.CUDA_HOST
