"""Pictures of their own sizes, from the stimulus's file to what a network is shown."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.transforms import InterpolationMode, functional

from repscape.activations.record import record
from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.networks.lib import freeze
from repscape.networks.lib.loaded import Loaded
from repscape.populations.lib import file
from repscape.populations.lib.layer import Layer
from repscape.stimuli import adversarial, phase_scramble, selected, views
from repscape.stimuli.lib import parent_stimulus
from repscape.stimuli.lib.assemble import assemble, pixels_of
from repscape.stimuli.lib.frame import Frame
from repscape.traced.preprocess import Preprocess
from repscape.trainings.lib.dataset import Examples

SIZES = [(30, 45), (45, 30), (20, 20), (8, 50), (21, 19), (30, 45), (16, 17)]
BICUBIC = Preprocess(20, 16, "bicubic")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))


def transform(pixels):
    """What torchvision makes of a picture (`ImageClassification`, step by step)."""
    image = functional.resize(Image.fromarray(pixels), 20, InterpolationMode.BICUBIC)
    values = functional.pil_to_tensor(functional.center_crop(image, 16)).float() / 255
    return functional.normalize(values, BICUBIC.mean, BICUBIC.std)


@pytest.fixture
def made(tmp_path):
    """Write pictures of many sizes, some of them twice as a size of the stimulus's asks."""

    def write(name="pictures", size=None):
        random = np.random.default_rng(1)
        frames = [
            Frame(f"{at}.png", random.integers(0, 256, (*shape, 3), np.uint8), label=f"class {at % 2}")
            for at, shape in enumerate(SIZES)
        ]
        variables = assemble(frames, size, "crop")
        attributes = {"stimulus": name, "sha256": pixels_of(variables)}
        netcdf.write(tmp_path / f"{name}.nc", kind="stimulus", variables=variables, attributes=attributes)
        return tmp_path / f"{name}.nc", [frame.pixels for frame in frames]

    return write


@pytest.fixture
def network(tmp_path):
    torch.manual_seed(0)

    def write(preprocess):
        frozen = freeze.freeze(Loaded(Net().eval(), preprocess, "random", None))
        freeze.save(frozen, tmp_path / "network.pt")
        rows = [("layer", [row.label for row in frozen.rows])]
        netcdf.write(tmp_path / "layers.nc", kind="layers", variables={"layer": (("layer",), rows[0][1])})
        layers = [Layer("input", 3, 16, 16, 768)]
        keys = {"section": {"kind": "all"}, "files": {}, "source": "net", "population": "all"}
        file.write(tmp_path / "population.nc", layers, **keys)
        return tmp_path / "network.pt"

    return write


@pytest.mark.parametrize("threads", [1, 2])
def test_a_network_is_shown_what_its_own_transform_makes_of_the_originals(made, network, tmp_path, threads):
    path, originals = made()
    inputs = network(BICUBIC), path, tmp_path / "population.nc"
    record(*inputs, {"input": tmp_path / "input.nc"}, batch=3, threads=threads)
    with netcdf.open_file(tmp_path / "input.nc") as recorded:
        found = recorded["activation"][:].reshape(-1, 3, 16, 16)
    assert torch.equal(torch.from_numpy(found), torch.stack([transform(pixels) for pixels in originals]))


def test_shards_of_own_sizes(made, network, tmp_path):
    path, originals = made()
    inputs = network(BICUBIC), path, tmp_path / "population.nc"
    record(*inputs, {"input": tmp_path / "1.nc"}, batch=3, shard=(1, 2))
    with netcdf.open_file(tmp_path / "1.nc") as recorded:
        found = recorded["activation"][:].reshape(-1, 3, 16, 16)
        first = int(recorded["name"][0].removesuffix(".png"))
    assert torch.equal(torch.from_numpy(found), torch.stack([transform(one) for one in originals[first:]]))


def test_what_reaches_a_network_in_different_shapes_is_refused(made, network, tmp_path):
    path, _ = made()
    inputs = network(Preprocess(None, None)), path, tmp_path / "population.nc"
    with pytest.raises(DataError, match=r"pictures.nc:.*shapes: 8 x 50.*preprocess.crop.*'size"):
        record(*inputs, {"input": tmp_path / "input.nc"})


def test_resizing_twice_is_in_the_log(made, network, tmp_path, caplog):
    inputs = network(Preprocess(20, 16)), tmp_path / "population.nc"
    for size, logged in (((16, 16), True), ((20, 20), False), (None, False)):
        caplog.clear()
        path, _ = made("photos", size)
        record(inputs[0], path, inputs[1], {"input": tmp_path / "input.nc"}, batch=3)
        assert ("resized to 16 x 16 for photos, are resized again, to 20 x 20" in caplog.text) is logged


def test_selected_and_views_take_pictures_of_any_size(made, network):
    path, originals = made()
    frozen = network(BICUBIC)
    kept = list(
        selected.Selected(of=path, network=frozen, category=2, probability=0, count=None, batch=3).images()
    )
    assert 3 <= len(kept) <= len(originals)
    for frame in kept:
        np.testing.assert_array_equal(frame.pixels, originals[int(frame.name.removesuffix(".png"))])
    (view,) = views.Views(of=path, image="3.png", count=1, size=(4, 4), seed=0).images()
    assert view.pixels.shape == (4, 4, 3)


@pytest.mark.parametrize("plugin", [adversarial.Adversarial, phase_scramble.PhaseScramble])
def test_what_needs_one_size_says_so(made, network, plugin):
    path, _ = made()
    keys = {"network": network(BICUBIC)} if plugin is adversarial.Adversarial else {}
    with pytest.raises(DataError, match=r"0.png.* 30 x 45.* 1.png.* 45 x 30\. Set 'size"):
        list(plugin(of=path, seed=0, **keys).images())


def test_trainings_show_the_same(made):
    path, originals = made()
    examples = Examples(path, "label", BICUBIC, torch.device("cpu"))
    images, targets = next(examples.batches(7))
    assert torch.equal(images, torch.stack([transform(pixels) for pixels in originals]))
    assert targets.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert examples.shared(examples) == len(SIZES)
    with pytest.raises(DataError, match=r"pictures.nc:.*shapes"):
        Examples(path, "label", Preprocess(20, None), torch.device("cpu"))


def test_pictures_are_read_with_all_that_is_known(made):
    path, originals = made()
    frames = parent_stimulus.read(path, [4, 1])
    assert [(frame.name, frame.label) for frame in frames] == [("4.png", "class 0"), ("1.png", "class 1")]
    np.testing.assert_array_equal(frames[0].pixels, originals[4])
