"""Networks that are shown stimuli, when memory runs out on the way."""

import weakref

import numpy as np
import pytest
import torch
from torch import nn

from repscape.analyses.lib.anova_sums import Sums
from repscape.analyses.lib.factorial_design import crossed
from repscape.core.errors import DeviceError
from repscape.io import netcdf
from repscape.networks.lib import freeze
from repscape.networks.lib.loaded import Loaded
from repscape.populations.lib.layer import Layer
from repscape.populations.lib.mean_responses import mean_responses
from repscape.traced.network import Frozen
from repscape.traced.preprocess import Preprocess
from repscape.traced.runner import Runner

IMAGES, SIZE = 23, 12
MESSAGES = {
    "torch": torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB"),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "cuDNN": RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    "CUDA": RuntimeError("CUDA error: out of memory"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A network and a stimulus."""
    torch.manual_seed(2)
    folder = tmp_path_factory.mktemp("files")
    module = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(600, 5)).eval()
    freeze.save(
        freeze.freeze(Loaded(module, Preprocess(resize=None, crop=SIZE), "random", None)),
        folder / "network.pt",
    )
    variables = {
        "images": (
            ("image", "y", "x", "channel"),
            np.random.default_rng(1).integers(0, 256, (IMAGES, SIZE, SIZE, 3), dtype=np.uint8),
        ),
        "name": (("image",), [f"{number:02d}" for number in range(IMAGES)]),
    }
    attributes = {"stimulus": "noise", "sha256": ""}
    netcdf.write(folder / "stimulus.nc", kind="stimulus", variables=variables, attributes=attributes)
    return folder / "network.pt", folder / "stimulus.nc"


@pytest.fixture
def room(monkeypatch):
    """Limit how many images fit into memory behind the first layers; a list of the batches that fitted."""
    run, fitted = Frozen.run, []

    def limit(most, error=MESSAGES["torch"], fitting_at_first=2):
        def limited(self, images, callbacks):
            if len(images) > most:
                run(self, images, dict(list(callbacks.items())[:fitting_at_first]))
                raise type(error)(*error.args)  # a new one, which holds what is alive here
            fitted.append(len(images))
            run(self, images, callbacks)

        monkeypatch.setattr(Frozen, "run", limited)
        return fitted

    return limit


def stream(files, images=None, batch=16):
    """Show the stimulus; return each node's answers, its images as they came, and the batch."""
    viewer = Runner(files[0], "cpu")
    answers, order = {}, {}

    def keep(node):
        def take(part, values):
            answers.setdefault(node, []).append(values.clone())
            order.setdefault(node, []).extend(part)

        return take

    watched = {row.node: keep(row.node) for row in viewer.frozen.rows}
    used = viewer.stream(files[1], watched, batch=batch, threads=1, what="test", images=images)
    return {node: torch.cat(values) for node, values in answers.items()}, order, used


@pytest.mark.parametrize("error", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("images", [None, range(5, 21)])
@pytest.mark.parametrize("batch", [16, 25])
def test_each_image_is_handed_over_once(files, room, error, images, batch):
    expected, _, used = stream(files, images, batch)
    assert used == batch
    fitted = room(5, error)
    found, order, used = stream(files, images, batch)
    assert used == max(fitted) == {16: 4, 25: 3}[batch]
    assert all(seen == list(images or range(IMAGES)) for seen in order.values())
    for node, values in expected.items():
        torch.testing.assert_close(found[node], values)


def test_a_batch_that_failed_leaves_no_tensor(files, room, monkeypatch):
    """What is still held when memory is given back cannot be used for the smaller batch."""
    room(5)
    limited, alive, left = Frozen.run, [], []

    def watched(self, images, callbacks):
        alive.append(weakref.ref(images))
        limited(self, images, callbacks)

    monkeypatch.setattr(Frozen, "run", watched)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: left.append([ref() for ref in alive]))
    stream(files)
    assert left == [[None], [None, None]]  # of 16 and of 8


def test_other_errors_are_not_taken_for_it(files, room):
    room(5, RuntimeError("NetCDF: HDF error"))
    with pytest.raises(RuntimeError, match="HDF"):
        stream(files)


def test_one_image_that_does_not_fit(files, room):
    room(0)
    with pytest.raises(DeviceError, match=r"test:.*image.*fit.*Tried.*allocate 1 GiB"):
        stream(files)


def test_images_that_get_a_black_frame_are_counted(files, tmp_path, caplog):
    heights = np.array([SIZE, SIZE - 1, 2 * SIZE])
    variables = {
        "pixels": (("pixel", "channel"), np.full((heights.sum() * SIZE, 3), 9, np.uint8)),
        "first_pixel": (("image",), np.cumsum([0, *heights[:-1]]) * SIZE),
        "image_height": (("image",), heights),
        "image_width": (("image",), np.full(3, SIZE)),
        "name": (("image",), ["a", "b", "c"]),
    }
    attributes = {"stimulus": "noise", "sha256": ""}
    netcdf.write(tmp_path / "s.nc", kind="stimulus", variables=variables, attributes=attributes)
    stream(files)
    assert "black frame" not in caplog.text
    stream((files[0], tmp_path / "s.nc"))
    assert "test: 1 of 3 images are smaller than 'preprocess.crop'" in caplog.text
    assert Preprocess(resize=SIZE, crop=SIZE).framed(np.stack([heights, heights], 1)) == 0
    assert Preprocess(resize=None, crop=SIZE).framed(np.zeros((0, 2), int)) == 0  # of an empty shard


def test_sums_of_what_was_handed_over_twice_would_be_wrong(files, room):
    """Mean responses and sums of squares are those of batches that fit."""
    shapes = {"input": (3, SIZE, SIZE), "conv1": (6, 10, 10), "fc1": (5, 1, 1)}
    layers = [Layer(label, *shape, int(np.prod(shape)), label) for label, shape in shapes.items()]
    labels = {"a": [str(number % 2) for number in range(IMAGES)], "b": [str(n % 3) for n in range(IMAGES)]}
    design = crossed({name: np.array(values) for name, values in labels.items()}, "test")

    def computed():
        means = mean_responses(files[0], layers, [files[1]] * 2, batch=16, threads=1, device="cpu")
        viewer = Runner(files[0], "cpu")
        sums = {row.node: Sums(design) for row in viewer.frozen.rows}
        watched = {node: own.add for node, own in sums.items()}
        viewer.stream(files[1], watched, batch=16, threads=1, what="test")
        return means, {node: own.of_channel(slice(0, own.channels)) for node, own in sums.items()}

    means, sums = computed()
    fitted = room(3)
    other_means, other_sums = computed()
    assert set(fitted) == {2}
    for label, values in means.items():
        np.testing.assert_allclose(other_means[label], values, rtol=1e-5, atol=1e-6)
    for node, parts in sums.items():
        for found, expected in zip(other_sums[node], parts, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
