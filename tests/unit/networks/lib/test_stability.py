"""An image is answered the same, twice and in other company; other networks are refused or seeded."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.networks.lib import freeze
from repscape.networks.lib.loaded import Loaded
from repscape.networks.lib.probe import examples
from repscape.traced.preprocess import Preprocess
from repscape.traced.runner import Runner

SIZE = 32


class Net(nn.Module):
    """What is between convolution and readout is the point."""

    def __init__(self, between):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 7, 4), nn.Linear(8, 10)
        self.between = between
        self.norm = nn.BatchNorm2d(8, track_running_stats=False)

    def forward(self, x):
        return self.head(self.between(self, self.conv(x)).mean((2, 3)))


class Keeps(nn.Module):
    """Answers as the batch before was."""

    def __init__(self):
        super().__init__()
        self.last = 0

    def forward(self, x):
        before, self.last = self.last, float(x.mean())
        return x + before


class Dropped(nn.Module):
    """Stochastic depth as many write it: numpy decides, for the whole batch."""

    def forward(self, x):
        return x if np.random.rand() < 0.9 else 2 * x


class OwnGenerator(nn.Module):
    """Noise of a generator that nobody else can seed."""

    def __init__(self):
        super().__init__()
        self.generator = torch.Generator().manual_seed(1)

    def forward(self, x):
        return x + torch.randn(x.shape, generator=self.generator)


class AcrossImages(nn.Module):
    """Attention in which batch_first was forgotten."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return self.attention(tokens, tokens, tokens)[0].transpose(1, 2).unflatten(2, x.shape[2:])


def loaded(between):
    torch.manual_seed(0)
    preprocess = Preprocess(resize=None, crop=SIZE)
    return Loaded(Net(between).eval(), preprocess, "random", None)


class Between(nn.Module):
    """A module in the place between."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, _net, x):
        return self.inner(x)


def fixed_noise(_net, x):
    """Add noise that does not depend on what is traced."""
    return x + torch.randn(1, 8, 1, 1)


RANDOM = {
    "noise": lambda net, x: x + torch.randn_like(x),
    "noise that a graph would freeze": fixed_noise,
    "F.dropout without training": lambda net, x: functional.dropout(x, 0.01),
    "numpy": Between(Dropped()),
}
DEPENDENT = {
    "batch normalisation without running statistics": (lambda net, x: net.norm(x), "norm"),
    "mean over the batch": (lambda net, x: x - 1e-4 * x.mean(0, keepdim=True), "sub"),
    "size of the batch": (lambda net, x: x / x.shape[0], "truediv"),
    "attention across images": (Between(AcrossImages()), "inner"),
}


@pytest.mark.parametrize("between", RANDOM.values(), ids=RANDOM)
def test_random_networks_are_refused(between):
    with pytest.raises(DataError, match="stochastic: seeded"):
        freeze.freeze(loaded(between))


@pytest.mark.parametrize(("between", "layer"), DEPENDENT.values(), ids=DEPENDENT)
def test_networks_that_depend_on_the_batch_are_refused_by_layer(between, layer):
    with pytest.raises(DataError, match=f"batch.*{layer}"):
        freeze.freeze(loaded(between))


def test_networks_that_keep_something_are_refused():
    with pytest.raises(DataError, match=r"batch.*between"):
        freeze.freeze(loaded(Between(Keeps())))


def test_a_generator_of_its_own_cannot_be_seeded():
    net = loaded(Between(OwnGenerator()))
    with pytest.raises(DataError, match=r"batch.*between"):
        freeze.freeze(net)
    with pytest.raises(DataError, match="generator"):
        freeze.freeze(net, noise_seed=3)


@torch.fx.wrap
def as_in_another_order(x):
    """Round otherwise in each size of batch, as libraries do."""
    return x * len(x) / len(x)


def without_mean(_net, x):
    """Add the mean of what has none: rounding alone."""
    x = as_in_another_order(x)
    return x + (x - x.mean((2, 3), keepdim=True)).mean((2, 3), keepdim=True)


def test_answers_that_are_rounding_alone_are_no_dependence():
    net = loaded(without_mean)
    seen = freeze.write_down(net, examples(net.preprocess, SIZE, SIZE))[1]
    assert max(entry.difference for entry in seen.values()) > 1e-3
    assert freeze.freeze(net).softmax


def test_rounding_is_no_dependence():
    """Differences of large numbers are lost in float32, otherwise in each size of batch."""
    net = loaded(lambda net, x: (x + 1e7) - 1e7 + x.flatten(1).cumsum(1).mean(1)[:, None, None, None] * 1e-3)
    assert freeze.freeze(net).softmax


def stimulus(folder, pixels):
    path = folder / "stimulus.nc"
    names = [f"{number:02d}" for number in range(len(pixels))]
    variables = {"images": (("image", "y", "x", "channel"), pixels), "name": (("image",), names)}
    netcdf.write(path, kind="stimulus", variables=variables, attributes={"stimulus": "noise", "sha256": ""})
    return path


@pytest.mark.parametrize("between", RANDOM.values(), ids=RANDOM)
def test_seeded_an_image_is_answered_the_same_wherever_it_stands(between, tmp_path):
    def answers(order, batch, seed=5):
        freeze.save(freeze.freeze(loaded(between), noise_seed=seed), tmp_path / "network.pt")
        found = []
        runner = Runner(tmp_path / "network.pt", "cpu")
        torch.rand(3)  # whatever was drawn before
        take = {"head": lambda _, values: found.append(values.clone())}
        path = stimulus(tmp_path, pixels[order])
        assert runner.stream(path, take, batch=batch, threads=1, what="test") == 1
        return torch.cat(found)

    pixels = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE, 3), dtype=np.uint8)
    pixels[4] = pixels[0]
    state = torch.get_rng_state(), np.random.get_state()[1].tolist()
    first = answers([0, 1, 2, 3, 4], batch=2)
    assert torch.equal(first[0], first[4])
    assert torch.equal(answers([3, 2, 1, 0], batch=3), first[[3, 2, 1, 0]])
    assert not torch.equal(answers([0, 1, 2, 3, 4], batch=2, seed=6), first)
    assert np.random.get_state()[1].tolist() == state[1]
    noise = first - first.mean(0)
    assert not torch.equal(noise[0], noise[1])


def test_batches_of_a_seeded_network_are_shown_image_by_image():
    frozen = freeze.freeze(loaded(RANDOM["noise"]), noise_seed=5)
    images, found = torch.randn(3, 3, SIZE, SIZE), []
    frozen.run(images, {"predictions": found.append})
    for image in images.split(1):
        frozen.run(image, {"predictions": found.append})
    assert torch.equal(found[0], torch.cat(found[1:]))


class ByType(nn.Module):
    """Runs otherwise when it is traced: what torch.fx hands over is no tensor."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 7, 4), nn.Linear(8, 10)

    def forward(self, x):
        x = self.conv(x)
        if isinstance(x, torch.Tensor):
            x = x.relu()
        return self.head(x.mean((2, 3)))


def test_a_graph_that_is_not_the_network():
    module = ByType().eval()
    with pytest.raises(DataError, match="does not respond as the network does"):
        freeze.freeze(Loaded(module, Preprocess(resize=None, crop=SIZE), "random", None))


def test_grey_networks_are_told_how_to_take_pictures():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)).eval()
    with pytest.raises(DataError, match=r"1 channels.*factory"):
        freeze.freeze(Loaded(net, Preprocess(resize=None, crop=SIZE), "random", None))


def test_clips_are_no_images():
    net = nn.Sequential(nn.Conv3d(3, 4, 3), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 2)).eval()
    with pytest.raises(DataError, match="takes clips"):
        freeze.freeze(Loaded(net, Preprocess(resize=None, crop=SIZE), "random", None))


def test_weights_that_are_no_numbers():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten()).eval()
    net[0].weight.data[0, 0, 0, 0] = torch.nan
    with pytest.raises(DataError, match=r"not finite: 0\.weight"):
        freeze.freeze(Loaded(net, Preprocess(resize=None, crop=SIZE), "random", None))
    with pytest.raises(DataError, match=r"without numbers .*0\.weight"):
        freeze.freeze(Loaded(net.to("meta"), Preprocess(resize=None, crop=SIZE), "random", None))
