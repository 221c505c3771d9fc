"""A module's path is what a hook on it gets; all parameters are layers'; images are told from tokens."""

import pytest
import torch
from torch import nn

from repscape.core.errors import ConfigError
from repscape.networks import cornet_s
from repscape.networks.lib import layer_table, layer_table_cache, layers_file
from repscape.networks.lib.freeze import freeze
from repscape.networks.lib.layer_table_build import table_without_numbers
from repscape.networks.lib.loaded import Loaded
from repscape.networks.torchvision import Torchvision, build
from repscape.traced.network import first_of
from repscape.traced.preprocess import Preprocess

ARCHITECTURES = {
    "resnet18": 32,
    "googlenet": 32,
    "densenet121": 32,
    "vit_b_32": 32,
    "swin_t": 32,
    "cornet_s": 32,
}


def make(architecture, size):
    if architecture == "cornet_s":
        return cornet_s.CornetS(weights="random").load().module
    return build(architecture, classes=10, image_size=size if architecture.startswith("vit") else None)


def frozen(module, size):
    return freeze(Loaded(module.eval(), Preprocess(resize=None, crop=size), "random", None))


def hooked(module, images):
    """Run a network with a hook on every module: {path: a copy of the output of each call}."""
    outputs, handles = {}, []
    for path, part in module.named_modules():

        def hook(_part, _args, output, path=path):
            output = first_of(output)
            if isinstance(output, torch.Tensor):
                outputs.setdefault(path, []).append(output.clone())

        handles.append(part.register_forward_hook(hook))
    with torch.no_grad():
        module(images)
    for handle in handles:
        handle.remove()
    return outputs


def recorded(network, images):
    """Run a frozen network: {path of a node or a module: its output}."""
    found = {}
    callbacks = {
        row.node: lambda value, row=row: found.update({row.node: value.clone()}) for row in network.rows
    }
    with torch.inference_mode():
        network.run(images, callbacks)
    return found | {path: found[row.node] for row in network.rows for path in row.modules.split()}


def check_as_hooks_see(module, network, images):
    expected, found = hooked(module, images), recorded(network, images)
    calls = {
        f"{path}_{n}" if n else path: value for path, of in expected.items() for n, value in enumerate(of)
    }
    paths = calls.keys() - {""} - network.left_out.keys()
    assert paths <= found.keys()
    for path in paths:
        assert torch.equal(calls[path], found[path]), path
    return paths


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_module_is_what_a_hook_on_it_sees(architecture):
    size = ARCHITECTURES[architecture]
    module = make(architecture, size)
    network = frozen(module, size)
    images = torch.randn(2, 3, size, size).contiguous(memory_format=torch.channels_last)
    paths = check_as_hooks_see(module, network, images)
    containers = {path for path, part in module.named_modules() if path and any(part.children())}
    assert len(paths & containers) > 4
    assert sum(row.parameters for row in network.rows) == sum(p.numel() for p in module.parameters())


def shipped(architecture):
    return layer_table_cache.rows({"kind": "torchvision", "architecture": architecture})


class InPlace(nn.Module):
    """Writes over what it returns, in ways that a graph does not show."""

    def __init__(self, how):
        super().__init__()
        self.how, self.conv, self.act = how, nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True)

    def forward(self, x):
        made = self.conv(x)
        if self.how == "module":
            self.act(made)
        elif self.how == "function":
            torch.relu_(made)
        elif self.how == "part":
            torch.relu_(made[:, :2])
        return made


@pytest.mark.parametrize(("how", "label"), [("module", "relu1"), ("function", "relu1"), ("part", None)])
def test_outputs_that_are_written_over_before_they_are_returned(how, label):
    module = nn.Sequential(InPlace(how), nn.Flatten(), nn.Linear(4 * 14 * 14, 3))
    network = frozen(module, 16)
    images = torch.randn(2, 3, 16, 16)
    if label is None:
        assert "overwritten in place" in network.left_out["0"]
    else:
        assert layer_table.select(network.rows, "0", "layers") == (label,)
        check_as_hooks_see(module, network, images)


class Transformer(nn.Module):
    """Tokens first, as torch's modules have them by default."""

    def __init__(self, tokens=None):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 16, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 24)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head, self.tokens = nn.Linear(16, 5), tokens

    def forward(self, x):
        x = self.patches(x).flatten(2).permute(2, 0, 1)[: self.tokens]
        return self.head(self.encoder(x).mean(0))


class Clip(Transformer):
    """The same by hand, as older OpenCLIP has it; can be traced."""

    def __init__(self, tokens=None):
        super().__init__(tokens)
        self.encoder = nn.MultiheadAttention(16, 2)
        self.norm = nn.LayerNorm(16)

    def forward(self, x):
        x = self.patches(x).flatten(2).permute(2, 0, 1)[: self.tokens]
        x = x + self.encoder(x, x, x, need_weights=False)[0]
        return self.head(self.norm(x)[0])


@pytest.mark.parametrize("tokens", [None, 2, 3])
@pytest.mark.parametrize("kind", [Transformer, Clip])
def test_tokens_before_images(kind, tokens):
    module = kind(tokens)
    network = frozen(module, 64)
    images = torch.randn(2, 3, 64, 64).contiguous(memory_format=torch.channels_last)
    assert check_as_hooks_see(module, network, images) >= {"patches", "encoder", "head"}
    rows = {path: row for row in network.rows for path in [row.node, *row.modules.split()]}
    row = rows["encoder"]
    assert (row.channels, row.height, row.width) == (16, tokens or 16, 1)
    assert network.axes[row.node] == (1, 2)
    if kind is Transformer:
        assert rows["encoder.layers.0"].label == "layernorm2"
        assert rows["encoder.layers.1.linear1"].units == 24 * (tokens or 16)
    assert sum(row.parameters for row in network.rows) == sum(p.numel() for p in module.parameters())


class Leaving(nn.Module):
    """Has outputs that can be no layers."""

    def __init__(self):
        super().__init__()
        self.conv, self.windows, self.head = nn.Conv2d(3, 4, 3), nn.Identity(), nn.Linear(4, 5)
        self.pair, self.aside, self.gram = nn.LSTM(4, 4, batch_first=True), nn.Linear(2, 2), nn.Identity()

    def forward(self, x):
        x = self.windows(self.conv(x).flatten(2).transpose(1, 2).reshape(-1, 4)).reshape(len(x), -1, 4)
        _, (state, _) = self.pair(x)
        self.gram(x.mean(1) @ x.mean(1).T)
        return self.head(state[0])


def test_what_is_left_out_is_said_with_the_reason(caplog):
    caplog.set_level("INFO")
    for kind in (Leaving, TraceableLeaving):
        network = frozen(kind(), 8)
        assert "mixed with something else" in network.left_out["windows"]
        assert "several axes of images" in network.left_out["gram"]
        assert network.left_out["aside"] == "is not called"
        assert "several axes of images: gram" in caplog.text
        text = layers_file.format_left_out(network.left_out)
        assert "is not called: aside" in text


class TraceableLeaving(Leaving):
    """The same, without a length that depends on what is traced."""

    def forward(self, x):
        x = self.windows(self.conv(x).flatten(2).transpose(1, 2).reshape(-1, 4)).reshape(x.shape[0], -1, 4)
        _, (state, _) = self.pair(x)
        self.gram(x.mean(1) @ x.mean(1).T)
        return self.head(state[0])


def test_layers_are_chosen_by_modules():
    def choose(architecture, layers):
        return layer_table.select(shipped(architecture), layers, "layers")

    # by torchvision's code: a bottleneck of ResNet ends in a ReLU, a dense block in the concatenation
    assert choose("resnet50", ["layer1", "layer4.1", "layer4"]) == ("relu10", "relu46", "relu49")
    assert choose("resnet50", ["layer4.1.relu_2"]) == ("relu46",)
    assert choose("densenet121", "features.denseblock1") == ("cat7",)
    (attention,) = choose("vit_b_16", "encoder.layers.encoder_layer_0.self_attention")
    assert layer_table.find(shipped("vit_b_16"), attention)[1].kind == "attention"
    assert choose("alexnet", "features") == ("maxpool3",)


def test_a_name_of_two_layers_is_asked_about():
    rows = shipped("googlenet")
    with pytest.raises(ConfigError, match=r"'conv1'.*label.*conv1\.conv.*\[conv1, 14\].*\[relu1, 16\]"):
        layer_table.select(rows, "conv1", "layers")
    assert layer_table.select(rows, [("conv1", 14), ("relu1", 16)], "layers") == ("conv1", "relu1")


class Named(nn.Module):
    """A module has the name that the second call of another would get."""

    def __init__(self):
        super().__init__()
        self.act, self.act_1, self.fc = nn.ReLU(), nn.Tanh(), nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(self.act_1(self.act(self.act(x) - 1)).mean((2, 3)))


def test_a_module_keeps_its_path():
    network = frozen(Named(), 8)
    kinds = {row.node: row.kind for row in network.rows}
    assert (kinds["act"], kinds["act_1"], kinds["act_2"]) == ("relu", "tanh", "relu")


@pytest.mark.parametrize("architecture", ["vit_b_16", "swin_t", "swin_v2_t", "maxvit_t", "convnext_tiny"])
def test_parameters_of_all_layers_are_those_of_the_network(architecture):
    """Those of all other architectures are counted with their shipped tables."""
    made = []
    rows = table_without_numbers(
        lambda: made.append(Torchvision(architecture=architecture, weights="random").load()) or made[-1]
    )
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in made[0].module.parameters())
