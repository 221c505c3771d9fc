"""Bounds on memory: against the sizes of what is held, computed by hand."""

import pytest

from repscape.networks.lib import layer_table_cache
from repscape.planning import resource_estimates as needs
from repscape.traced import WAITING


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
    rows = layer_table_cache.rows({"kind": "torchvision", "architecture": "vgg16"})
    usual = needs.outputs(rows, {"weights": None})
    assert usual == (64 * 224 * 224, sum(row.units for row in rows))
    half = {"weights": None, "preprocess": {"crop": 112}}
    assert needs.outputs(rows, half).largest == 64 * 112 * 112
    unknown = {"weights": None, "preprocess": {"crop": None}}
    assert needs.outputs(rows, unknown) == usual


def test_an_image(file):
    stimulus = file(30, "stimulus")
    assert needs.image(stimulus, 10) == 3e6
    assert needs.image(stimulus, 0) == 3e5


def test_recording_on_a_cpu_holds_the_layers_of_a_batch(file):
    found = needs.recording(
        file(100), file(4, "population"), pixels=10**6, largest=10**6, recorded=10**5, batch=10, on_gpu=False
    )
    weights, indices, layers, gathered, shown = 200, 24, 10 * 10 * 4, 10 * 4 // 10, 8 * 10
    assert found == needs.TORCH + weights + indices + layers + gathered + shown


def test_recording_on_a_gpu_holds_on_the_host_what_is_recorded(file):
    network, population = file(100), file(4, "population")
    sizes = {"pixels": 150_528, "largest": 10**6, "batch": 256}
    some = needs.recording(network, population, recorded=10**5, on_gpu=True, **sizes)
    every = needs.recording(network, population, recorded=None, on_gpu=True, **sizes)
    assert every - some == pytest.approx(2 * 256 * 4 * 0.9, abs=1)
    waiting, shown = 2 * WAITING / 1e6, 8 * 256 * 0.150528
    fixed = needs.TORCH + needs.CUDA_HOST + 200 + 24
    assert some == pytest.approx(fixed + waiting + 2 * 256 * 0.4 + shown, abs=1)
    on_gpu = needs.on_device(network, recorded=10**5, **sizes)
    assert on_gpu == pytest.approx(needs.CUDA_DEVICE + 100 + 256 * 4 * 4.1 + shown, abs=1)


def test_a_population_larger_than_the_layer_is_the_layer(file):
    network, population = file(1), file(1, "population")
    sizes = {"pixels": 0, "largest": 1000, "batch": 10, "on_gpu": False}
    found = {needs.recording(network, population, recorded=n, **sizes) for n in (1000, 10**6, None)}
    assert len(found) == 1


def test_rdms_are_made_a_layer_at_a_time(file):
    small, large = file(10, "small"), file(50, "large")
    few = {"images": 1, "rdms": 1}  # without a pair
    every = needs.dissimilarities([small, large], 1, **few)
    assert every == needs.dissimilarities([large], 1, **few) == needs.PYTHON + 14 * 50
    assert needs.dissimilarities([large], 0.5, **few) == needs.PYTHON + 8 * 50


def test_rdms_are_held_until_they_are_written(file):
    """Measured: 2139 MB for 2,000 images, 2 metrics and 100 draws of 200 units; 598 MB for 1,000 images."""
    activations = [file(8)]
    assert 2139 < needs.dissimilarities(activations, 1, images=2000, rdms=200) < 2 * 2139
    assert 598 < needs.dissimilarities(activations, 1, images=1000, rdms=200) < 2 * 598
    most = needs.dissimilarities(activations, 1, images=2000, rdms=200)
    assert most == needs.dissimilarities(activations, 1, images=10**6, rdms=200)
    assert most == needs.dissimilarities(activations, 1, images=0, rdms=200)


def test_a_training_keeps_a_batch_of_all_layers():
    """Measured: 10,250 MB for MobileNetV2 in batches of 100 of 224 pixels, with all else."""
    outputs = needs.outputs(
        layer_table_cache.rows({"kind": "torchvision", "architecture": "mobilenet_v2"}), {"weights": None}
    ).all
    kept = needs.training(outputs, 100)
    assert 10_250 < needs.running([], on_gpu=False) + kept < 1.5 * 10_250
    assert needs.training(outputs, 10) == pytest.approx(kept / 10, abs=1)


def test_what_reads_everything_holds_everything(file):
    assert needs.reading([file(10, "a"), file(20, "b")]) == needs.FIGURE + 90
    assert needs.reading([file(10, "a"), file(20, "b")], streams=True) == needs.FIGURE + 60
    assert needs.reading([], streams=True) == needs.FIGURE
    assert needs.running([file(10)], on_gpu=True) - needs.running([file(10)], on_gpu=False) == needs.CUDA_HOST
