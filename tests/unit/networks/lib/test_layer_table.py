"""Choosing layers by label, number, path and layer set, without torch."""

import subprocess
import sys

import pytest
from messages import says

from repscape.core.errors import ConfigError
from repscape.networks.lib import layer_table, layer_table_cache


def shipped(architecture):
    return layer_table_cache.rows({"kind": "torchvision", "architecture": architecture})


def test_layers_are_chosen_by_set_label_block_and_path():
    def choose(layers):
        return layer_table.select(shipped("mobilenet_v2"), layers, "networks.m.layers")

    assert len(choose("blocks")) == 23
    assert len(choose("all")) == 155
    assert choose("conv1") == ("conv1",)
    assert choose(["fc1", "block3", "features.0.0", "input"]) == ("input", "conv1", "block3", "fc1")
    # the same output by its own label and by its block's
    assert choose(["block3", "bn6", "features.2.conv.3"]) == ("block3", "bn6")
    assert choose(["blocks", "block3", "input"]) == choose("blocks")


def test_layers_can_be_named():
    """The names that Keras gives the layers of VGG16: each after its ReLU or softmax."""
    per_block = (2, 2, 3, 3, 3)
    relu, expected = 0, [("input", "input", 150528)]
    sides, channels = (224, 112, 56, 28, 14), (64, 128, 256, 512, 512)
    for block, (count, side, depth) in enumerate(zip(per_block, sides, channels, strict=True), 1):
        for conv in range(1, count + 1):
            relu += 1
            expected.append((f"block{block}_conv{conv}", f"relu{relu}", depth * side * side))
        expected.append((f"block{block}_pool", f"maxpool{block}", depth * side * side // 4))
    expected += [("flatten", "flatten1", 25088), ("fc1", "relu14", 4096), ("fc2", "relu15", 4096)]
    expected.append(("predictions", "predictions", 1000))
    mapping = {name: label for name, label, _ in reversed(expected)}
    found = layer_table.names(shipped("vgg16"), mapping, "networks.vgg16.layers")
    assert list(found.items()) == [(name, label) for name, label, _ in expected]
    rows = shipped("vgg16")
    assert [layer_table.find(rows, label)[1].units for label in found.values()] == [
        units for *_, units in expected
    ]
    by_path = layer_table.names(shipped("vgg16"), {"a": "features.1", "b": "block1"}, "networks.vgg16.layers")
    assert by_path == {"a": "relu1", "b": "block1"}


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ({"a": "cnov1"}, "layers.a: 'cnov1' … 'conv1'"),
        ({"a": "blocks"}, "layers.a: … blocks"),
        ({"a": "input"}, "layers.a: … 'input'"),
        ({"predictions": "fc1"}, "layers.predictions: … 'predictions'"),
        ({}, "networks.n.layers: "),
    ],
)
def test_names_that_mean_no_layer(layers, told):
    with pytest.raises(ConfigError) as caught:
        layer_table.names(shipped("vgg16"), layers, "networks.n.layers")
    says(str(caught.value), told)


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ("blok3", r"networks.x.layers: 'blok3'.*'block3'"),
        (["conv1", "conv99"], "'conv99'.*conv1 … predictions"),
        ([], r"networks.x.layers:"),
        ([("conv1", 2)], "layers: 'conv1' .* 1 .* 2.* bn1"),
        ([("conv1", 999)], r"'conv1' .* 1 .* 999.*\[conv1, 1\]"),
        ([("blocks", 1)], "'blocks'"),
    ],
)
def test_unknown_names(layers, told):
    with pytest.raises(ConfigError, match=told):
        layer_table.select(shipped("mobilenet_v2"), layers, "networks.x.layers")


def test_layers_may_have_their_number():
    """As pytorch_feature_analysis writes them: the first convolution is the first layer, the input 0."""
    rows = shipped("alexnet")
    chosen = layer_table.select(rows, [("relu1", 2), ("conv1", 1), ("input", 0), "maxpool1"], "layers")
    assert chosen == ("input", "conv1", "relu1", "maxpool1")
    assert layer_table.names(rows, {"first": ("conv1", 1)}, "layers") == {"first": "conv1"}
    numbers = [("maxpool1", 3), ("conv2", 4), ("conv5", 11), ("maxpool3", 13), ("avgpool1", 14)]
    assert layer_table.select(rows, numbers, "layers") == tuple(label for label, _ in numbers)
    # beside modules, functions between them count
    with pytest.raises(ConfigError, match=r"'fc2'.*number 20.* 19; number 19"):
        layer_table.select(rows, [("fc2", 19)], "layers")


def test_planning_needs_no_torch():
    code = (
        "import sys; from repscape.networks import torchvision, timm, python\n"
        "from repscape.networks.lib import layer_table, layer_table_cache\n"
        "rows = layer_table_cache.rows({'kind': 'torchvision', 'architecture': 'vgg16'})\n"
        "layer_table.names(rows, 'all', 'x')\n"
        "assert not {'torch', 'timm', 'xarray', 'netCDF4'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
