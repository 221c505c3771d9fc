"""CORnet-S against its paper, the published names, plain loops and gradients."""

import hashlib

import pytest
import torch
from torch.nn import functional

from repscape.core.errors import ConfigError, DataError
from repscape.networks import cornet_s
from repscape.networks.lib import freeze, layer_table, layer_table_cache
from repscape.networks.lib.cornet import CORnetS, steps
from repscape.networks.lib.loaded import Loaded
from repscape.traced.network import open_network
from repscape.traced.preprocess import Preprocess

STEPS = {"V1": 1, "V2": 2, "V4": 4, "IT": 2}


def published_shapes():
    """Names and shapes of the published state dict, written down from its description."""
    shapes = {}

    def conv(name, out, into, kernel):
        shapes[f"{name}.weight"] = (out, into, kernel, kernel)

    def norm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = (channels,)
        shapes[f"{name}.num_batches_tracked"] = ()

    conv("V1.conv1", 64, 3, 7)
    norm("V1.norm1", 64)
    conv("V1.conv2", 64, 64, 3)
    norm("V1.norm2", 64)
    for area, narrow, channels in (("V2", 64, 128), ("V4", 128, 256), ("IT", 256, 512)):
        conv(f"{area}.conv_input", channels, narrow, 1)
        conv(f"{area}.skip", channels, channels, 1)
        norm(f"{area}.norm_skip", channels)
        conv(f"{area}.conv1", 4 * channels, channels, 1)
        conv(f"{area}.conv2", 4 * channels, 4 * channels, 3)
        conv(f"{area}.conv3", channels, 4 * channels, 1)
        for step in range(STEPS[area]):
            norm(f"{area}.norm1_{step}", 4 * channels)
            norm(f"{area}.norm2_{step}", 4 * channels)
            norm(f"{area}.norm3_{step}", channels)
    shapes |= {"decoder.linear.weight": (1000, 512), "decoder.linear.bias": (1000,)}
    return shapes


@pytest.fixture(scope="module")
def state():
    """A state dict of the published names and shapes, whose numbers are drawn."""
    generator = torch.Generator().manual_seed(5)
    found = {}
    for name, shape in published_shapes().items():
        if name.endswith("num_batches_tracked"):
            found[name] = torch.tensor(7)
        elif name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
            found[name] = 0.5 + torch.rand(shape, generator=generator)
        else:
            fan = max(1, torch.Size(shape[1:]).numel())
            found[name] = torch.randn(shape, generator=generator) * (2 / fan) ** 0.5
    return found


@pytest.fixture(scope="module")
def file(state, tmp_path_factory):
    """It as the authors saved it: from several GPUs, beside other things."""
    path = tmp_path_factory.mktemp("weights") / "cornet_s-own.pth"
    torch.save(
        {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "epoch": 43}, path
    )
    return path


def test_parameters_are_as_many_as_published():
    with torch.device("meta"):
        module = CORnetS()
    assert sum(parameter.numel() for parameter in module.parameters()) == 53_416_616
    assert {name: tuple(value.shape) for name, value in module.state_dict().items()} == published_shapes()


def reference(state, images):
    """Return the output of each area at each time step, and the logits, by the paper's description."""

    def conv(x, name, **keys):
        return functional.conv2d(x, state[f"{name}.weight"], **keys)

    def norm(x, name):
        keys = [state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return functional.batch_norm(x, *keys)

    x = norm(conv(images, "V1.conv1", stride=2, padding=3), "V1.norm1").relu()
    x = functional.max_pool2d(x, 3, 2, 1)
    x = norm(conv(x, "V1.conv2", padding=1), "V1.norm2").relu()
    found = {"V1.t0": x}
    for area in ("V2", "V4", "IT"):
        x = conv(x, f"{area}.conv_input")
        for step in range(STEPS[area]):
            stride = 1 if step else 2
            kept = x if step else norm(conv(x, f"{area}.skip", stride=2), f"{area}.norm_skip")
            wide = norm(conv(x, f"{area}.conv1"), f"{area}.norm1_{step}").relu()
            wide = norm(conv(wide, f"{area}.conv2", stride=stride, padding=1), f"{area}.norm2_{step}").relu()
            x = (norm(conv(wide, f"{area}.conv3"), f"{area}.norm3_{step}") + kept).relu()
            found[f"{area}.t{step}"] = x
    found["fc1"] = x.mean((2, 3)) @ state["decoder.linear.weight"].T + state["decoder.linear.bias"]
    return found


def test_every_time_step_is_a_layer_and_right(state, file, tmp_path):
    loaded = cornet_s.CornetS(file=file, preprocess={"resize": None, "crop": 64}).load()
    assert (loaded.weights, loaded.categories[285]) == ("cornet_s-own.pth", "Egyptian cat")
    freeze.save(freeze.freeze(loaded), tmp_path / "network.pt")
    frozen = open_network(tmp_path / "network.pt")
    assert sum(row.block.partition(".")[0] in STEPS for row in frozen.rows) == 9
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    seen = {}
    callbacks = {
        row.node: lambda output, row=row: seen.update({row.block: output.clone()})
        for row in frozen.rows
        if row.block
    }
    with torch.inference_mode():
        frozen.run(images, callbacks)
        expected = reference(state, images)
    assert [*expected][:-1] == [f"{area}.t{step}" for area in STEPS for step in range(STEPS[area])]
    assert torch.equal(seen["input"], images)
    assert seen["IT.t1"].std() > 0
    for name, value in expected.items():
        atol = 2e-4 * value.abs().max().item()
        torch.testing.assert_close(seen[name].contiguous(), value, rtol=2e-4, atol=atol)
    torch.testing.assert_close(seen["predictions"], expected["fc1"].softmax(1), rtol=2e-4, atol=1e-5)


def test_receptive_fields_of_time_steps_are_where_gradients_are():
    """With positive weights, what a unit sees is where its gradient is; each step sees further."""
    torch.manual_seed(0)
    module = CORnetS(5).eval()
    module.V1.pool = torch.nn.AvgPool2d(3, stride=2, padding=1)  # a maximum has a gradient in one place
    for name, parameter in module.named_parameters():
        torch.nn.init.constant_(parameter, 0.01 if ".conv" in name or "skip.weight" in name else 1)
    size = 224
    preprocess = Preprocess(resize=None, crop=size)
    frozen = freeze.freeze(Loaded(module, preprocess, "random", None, blocks=steps()))
    rows = {row.block: row for row in frozen.rows if row.block in ("V2.t0", "V2.t1", "V4.t1", "V4.t3")}
    assert [row.receptive_field_size for row in rows.values()] == [27, 43, 91, 155]
    for row in rows.values():
        images = torch.rand(1, 3, size, size, requires_grad=True)
        place, seen = row.height // 2, []

        def gradient(output, place=place, images=images, seen=seen):
            (found,) = torch.autograd.grad(output[0, :, place, place].sum(), images)
            spots = found.abs().sum((0, 1)).nonzero()
            seen += [spots.min(0).values.tolist(), spots.max(0).values.tolist()]

        frozen.run(images, {row.node: gradient})
        first, last = seen
        centre = row.receptive_field_offset + place * row.receptive_field_stride
        assert ((first[0] + last[0]) / 2, (first[1] + last[1]) / 2) == (centre, centre)
        assert last[0] - first[0] + 1 == row.receptive_field_size


def test_layers_go_by_time_steps():
    rows = layer_table_cache.rows({"kind": "cornet_s"})
    assert layer_table.select(rows, ["IT.t1", "V2.t0", "V2.output_1"], "layers") == (
        "V2.t0",
        "identity3",
        "IT.t1",
    )
    assert len(layer_table.select(rows, "blocks", "layers")) == 13
    with pytest.raises(ConfigError, match=r"'V2.t2'"):
        layer_table.select(rows, "V2.t2", "layers")


def test_random_weights_depend_on_the_seed_alone():
    first, again, other = (cornet_s.CornetS(weights="random", seed=seed).load() for seed in (3, 3, 4))
    weights = [loaded.module.IT.conv2.weight for loaded in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert weights[0].std().item() == pytest.approx((2 / (9 * 2048)) ** 0.5, rel=1e-2)
    assert (first.weights, first.categories) == ("random", None)


def test_the_authors_weights_are_checked_by_their_name(file, monkeypatch):
    with pytest.raises(DataError, match=r"authors' IMAGENET1K \(sha256 1d3f7974"):
        cornet_s.CornetS(weights="IMAGENET1K", file=file).load()
    digits = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    address = f"https://example.org/cornet_s-own.pth#sha256-prefix={digits}"
    monkeypatch.setitem(cornet_s.WEIGHTS, "IMAGENET1K", address)
    monkeypatch.setenv("REPSCAPE_MIRROR", str(file.parent))
    loaded = cornet_s.CornetS(weights="IMAGENET1K").load()
    assert (loaded.weights, len(loaded.categories)) == ("IMAGENET1K", 1000)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, r"weights: expected random.*IMAGENET1K"),
        ({"weights": "IMAGNET1K"}, "'IMAGENET1K'"),
        ({"weights": "random", "file": "x.pth"}, "x.pth"),
    ],
)
def test_mistakes(arguments, told):
    with pytest.raises(ConfigError, match=told):
        cornet_s.CornetS(**arguments).load()
