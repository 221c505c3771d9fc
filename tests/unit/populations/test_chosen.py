"""Populations chosen by place, channel and response, against brute force."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from repscape.activations.gather import Gatherer, coordinates
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.networks.lib import freeze
from repscape.networks.lib.loaded import Loaded
from repscape.populations import filter_means, filters, position_means, region, top
from repscape.populations.lib import channels, file
from repscape.populations.lib.layer import Layer
from repscape.traced.layer_info import LayerInfo
from repscape.traced.preprocess import Preprocess

SIZE = 48


class Small(nn.Module):
    """Positive weights: a unit's gradient is positive at the pixels it sees and 0 elsewhere."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.pool = nn.AvgPool2d(2)
        self.again = nn.Conv2d(4, 6, 3, padding=1)
        self.fc = nn.Linear(6, 5)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, 0.1, 1)

    def stages(self, x):
        conv = self.conv(x)
        pool = self.pool(conv)
        return {"input": x, "conv1": conv, "avgpool1": pool, "conv2": self.again(pool)}

    def forward(self, x):
        return self.fc(self.again(self.pool(self.conv(x))).mean((2, 3)))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A frozen network, its layers as a study would have them, and two stimuli."""
    torch.manual_seed(0)
    module, folder = Small().eval(), tmp_path_factory.mktemp("network")
    preprocess = Preprocess(resize=None, crop=SIZE)
    frozen = freeze.freeze(Loaded(module, preprocess, "random", None))
    freeze.save(frozen, folder / "network.pt")
    layers = {}
    for row in frozen.rows:
        shape = row.channels, row.height, row.width, row.units
        field = row.receptive_field_stride, row.receptive_field_offset
        layers[row.label] = Layer(f"my_{row.label}", *shape, row.label, *field, (SIZE, SIZE))
    stimuli = {}
    for seed, (name, images) in enumerate({"first": 7, "second": 4}.items()):
        pixels = np.random.default_rng(seed).integers(0, 256, (images, SIZE, SIZE, 3), dtype=np.uint8)
        variables = {"images": (("image", "y", "x", "channel"), pixels)}
        attributes = {"stimulus": name, "sha256": name * 2}
        stimuli[name] = folder / f"{name}.nc"
        netcdf.write(stimuli[name], kind="stimulus", variables=variables, attributes=attributes)
    return SimpleNamespace(
        module=module, path=folder / "network.pt", layers=layers, stimuli=stimuli, preprocess=preprocess
    )


@pytest.mark.parametrize(
    ("centre", "radius"), [((24, 24), 6), ((20.5, 27), 4), ((23, 23), 0), ((22, 26), 8.1), ((25, 22.7), 3)]
)
def test_region_is_where_gradients_are(network, centre, radius):
    for label in ("input", "conv1", "avgpool1", "conv2"):
        layer = network.layers[label]
        pixels = torch.rand(1, 3, SIZE, SIZE, requires_grad=True)
        output = network.module.stages(pixels)[label]
        centres, whole = np.empty((layer.height, layer.width, 2)), np.empty((layer.height, layer.width), bool)
        for y, x in np.ndindex(layer.height, layer.width):
            (gradient,) = torch.autograd.grad(output[0, :, y, x].sum(), pixels, retain_graph=True)
            seen = np.argwhere(gradient[0].sum(0).numpy() > 0)
            centres[y, x] = (seen.min(0) + seen.max(0)) / 2
            # beyond the border there is nothing to see, so what is left is centred elsewhere
            whole[y, x] = seen.min() > 0 and seen.max() < SIZE - 1
        squared = ((centres - centre) ** 2).sum(-1)
        inside = squared <= radius**2
        if not inside.any():
            inside = squared == squared.min()
        assert whole[inside].all()
        expected = np.flatnonzero(np.broadcast_to(inside, (layer.channels, layer.height, layer.width)))
        chosen = region.Region(centre=centre, radius=radius).select(layer)
        np.testing.assert_array_equal(chosen.unit, expected)
        assert (chosen.statistic, chosen.requested) == ("unit", len(expected))


def test_a_region_between_all_centres_takes_the_closest_and_says_so(network, caplog):
    # centres of conv2 are at 1.5 + 4 × position
    chosen = region.Region(centre=(21.6, 21.4), radius=0.1).select(network.layers["conv2"])
    assert "region: no unit of my_conv2 is centred within 0.1 pixels of (21.6, 21.4)" in caplog.text
    np.testing.assert_array_equal(chosen.unit, [channel * 144 + 5 * 12 + 5 for channel in range(6)])


def test_layers_without_places_are_taken_whole_or_refused(network):
    np.testing.assert_array_equal(
        region.Region(centre=(3, 4), radius=1).select(network.layers["fc1"]).unit, range(5)
    )
    tokens = Layer("attention1", 8, 50, 1, 400, "attention1", image=(SIZE, SIZE))
    with pytest.raises(DataError, match=r"layer attention1: .*receptive fields.* 50 x 1 positions"):
        region.Region(centre=(3, 4), radius=1).select(tokens)


@pytest.mark.parametrize("centre", [(48, 3), (3, 47.5)])
def test_a_region_outside_the_image(network, centre):
    with pytest.raises(DataError, match=r"network's input.* 48 x 48 pixels.*y =.*pixel.* 47"):
        region.Region(centre=centre, radius=10).select(network.layers["conv1"])


def test_filters():
    layer = Layer("conv1", 6, 5, 4, 120)
    expected = np.arange(120).reshape(6, 5, 4)[[0, 2, 5]].ravel()
    np.testing.assert_array_equal(filters.Filters(channels=[5, 0, 2]).select(layer).unit, expected)
    of_layers = {"conv1": [3], "other": [9]}
    np.testing.assert_array_equal(filters.Filters(channels=of_layers).select(layer).unit, range(60, 80))
    with pytest.raises(DataError, match=r"channels: conv1.*channel 6 \(it.* 6.* 0\)"):
        filters.Filters(channels=[1, 6]).select(layer)
    with pytest.raises(ConfigError, match=r"channels\.conv1: 2 is listed twice"):
        filters.Filters(channels={"conv1": [2, 1, 2]}).check()


@given(
    start=st.none() | st.integers(-12, 12),
    stop=st.none() | st.integers(-12, 12),
    step=st.none() | st.integers(-3, 3).filter(bool),
)
def test_slices_are_pythons(start, stop, step):
    text = ":".join("" if part is None else str(part) for part in (start, stop, step))
    expected = sorted(range(8)[slice(start, stop, step)])
    if not expected:
        with pytest.raises(DataError, match=r"conv1.*channels"):
            channels.of_layer([text], "conv1", 8)
        return
    np.testing.assert_array_equal(channels.of_layer([text], "conv1", 8), expected)
    assert [channels.covers([text], "conv1", n, 8) for n in range(8)] == [n in expected for n in range(8)]
    both = channels.of_layer([text, 7, "0:2"], "conv1", 8)
    np.testing.assert_array_equal(both, sorted({*expected, 7, 0, 1}))


def test_slices_of_filters_and_of_their_means():
    """As kernel sets of pytorch_feature_analysis: the first half of a layer's kernels, by name."""
    layer = Layer("conv1", 6, 5, 4, 120)
    np.testing.assert_array_equal(filters.Filters(channels=["0:3"]).select(layer).unit, range(60))
    np.testing.assert_array_equal(filters.Filters(channels=["4:32"]).select(layer).unit, range(80, 120))
    means = filter_means.FilterMeans(channels={"conv1": ["3:", 0]}).select(layer)
    np.testing.assert_array_equal(means.unit, [0, 3, 4, 5])
    assert (means.statistic, means.requested) == ("channel_mean", 4)
    np.testing.assert_array_equal(filter_means.FilterMeans().select(layer).unit, range(6))
    rows = {
        "conv1": LayerInfo("conv1", "c", "conv", "", 120, 6),
        "fc1": LayerInfo("fc1", "f", "fc", "", 40, 40),
    }
    filters.Filters(channels=["0:32"]).check_layers(rows, None)
    filter_means.FilterMeans(channels=None).check_layers(rows, None)
    with pytest.raises(ConfigError, match=r"channels: conv1.*channels.* 32: \(it.* 6\)"):
        filter_means.FilterMeans(channels=["32:"]).check_layers(rows, None)


def test_means_of_chosen_channels_are_gathered():
    layer = Layer("conv1", 6, 5, 4, 120)
    chosen = filter_means.FilterMeans(channels=["0:2", 5]).select(layer)
    output = torch.randn(3, 5, 4, 6)  # channels last
    found = Gatherer(chosen, everything=False)(output.movedim(3, 1))
    torch.testing.assert_close(found, output.double().mean((1, 2))[:, [0, 1, 5]].float())
    np.testing.assert_array_equal(coordinates(chosen, 6, 5, 4)["channel"], [0, 1, 5])


def test_position_means():
    chosen = position_means.PositionMeans().select(Layer("conv1", 6, 5, 4, 120))
    np.testing.assert_array_equal(chosen.unit, range(20))
    assert (chosen.statistic, chosen.requested) == ("position_mean", 20)


def test_top_sorts_mean_responses_and_breaks_ties_by_index():
    layer = Layer("conv1", 2, 5, 2, 20)
    responses = np.array([0.0, 3, 1, 3, 0, -1, 2, 3, 0, 0, *range(-10, 0)])
    chosen = top.Top(units=6, reference=[]).select(layer._replace(measured=responses))
    # by hand: 3 at 1, 3 and 7; 2 at 6; 1 at 2; the first of the zeros
    np.testing.assert_array_equal(chosen.unit, [0, 1, 2, 3, 6, 7])
    np.testing.assert_array_equal(chosen.rank, [5, 0, 4, 1, 3, 2])
    assert chosen.requested == 6
    every = top.Top(units=100, reference=[]).select(layer._replace(measured=responses))
    np.testing.assert_array_equal(every.unit, range(20))
    np.testing.assert_array_equal(np.argsort(every.rank), sorted(range(20), key=lambda u: (-responses[u], u)))


def test_top_takes_the_mean_over_all_images_of_all_stimuli(network, tmp_path):
    section = {"kind": "top", "units": 40, "reference": ["first", "second"], "batch": 3, "threads": 1,
               "device": "cpu"}  # fmt: skip
    layers = [network.layers[label] for label in ("input", "conv1", "conv2", "fc1")]
    files = {"reference": list(network.stimuli.values())}
    keys = {"section": section, "files": files, "source": "net", "population": "top"}
    file.write(tmp_path / "top.nc", layers, **keys, network=network.path)
    pixels = []
    for path in network.stimuli.values():
        with netcdf.open_file(path, "stimulus") as stimulus:
            pixels.append(torch.from_numpy(stimulus["images"][:]))
    with torch.inference_mode():
        images = network.preprocess.apply(torch.cat(pixels)).double()
        network.module.double()
        expected = network.module.stages(images) | {"fc1": network.module(images)}
        network.module.float()
    with netcdf.open_file(tmp_path / "top.nc", "population") as population:
        assert list(population.reference_sha256) == ["firstfirst", "secondsecond"]
        for layer in layers:
            means = expected[layer.layer_label].flatten(1).mean(0).numpy()
            ranked = population[layer.label]["unit"][:][np.argsort(population[layer.label]["rank"][:])]
            size = min(40, layer.units)
            best = np.sort(means)[::-1][:size]
            np.testing.assert_allclose(means[ranked], best, atol=1e-5 * np.abs(means).max())
            assert len(set(ranked.tolist())) == size
    content = (tmp_path / "top.nc").read_bytes()
    file.write(tmp_path / "top.nc", layers, **keys, network=network.path)
    assert (tmp_path / "top.nc").read_bytes() == content
