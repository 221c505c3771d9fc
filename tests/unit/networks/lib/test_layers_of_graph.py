"""Tables of layers: labels, shapes, channel axes, blocks; receptive fields against gradients."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from repscape.core.errors import DataError
from repscape.networks.lib import layer_table, layer_table_cache
from repscape.networks.lib.freeze import freeze
from repscape.networks.lib.layers_file import format_table
from repscape.networks.lib.loaded import Loaded
from repscape.networks.torchvision import build
from repscape.traced.preprocess import Preprocess


def frozen(module, size=64):
    preprocess = Preprocess(resize=None, crop=size, mean=(0, 0, 0), std=(1, 1, 1))
    return freeze(Loaded(module, preprocess, "random", None))


def rows(module, size=64):
    return {row.label: row for row in frozen(module, size).rows}


class Linear(nn.Module):
    """Convolutions and pooling with positive weights: gradients show exactly what a unit sees."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 7, stride=2, padding=3, bias=False)
        self.pool = nn.AvgPool2d(3, stride=2, padding=1)
        self.wide = nn.Conv2d(4, 4, 3, padding=2, dilation=2, bias=False)
        self.flat = nn.Conv2d(4, 4, (1, 5), padding=(0, 2), bias=False)
        self.down = nn.Conv2d(4, 4, 1, stride=2, bias=False)
        self.side = nn.Conv2d(4, 4, 3, stride=2, padding=1, bias=False)
        self.even = nn.Conv2d(8, 4, 2, bias=False)
        self.head = nn.Linear(4, 5, bias=False)
        for parameter in self.parameters():
            nn.init.constant_(parameter, 1)

    def forward(self, x):
        x = self.pool(self.stem(x))
        x = x + self.wide(x)
        x = self.flat(x)
        x = torch.cat([self.down(x), self.side(x)], 1)
        x = self.even(x)
        return self.head(x.mean((2, 3)))


def test_receptive_fields_are_where_gradients_are():
    network = frozen(Linear(), size=96)
    seen = {}
    for row in network.rows:
        images = torch.rand(1, 3, 96, 96, requires_grad=True)
        if math.isnan(row.receptive_field_size) or row.height < 9:
            continue
        place = row.height // 2

        def gradient(output, place=place, images=images):
            (found,) = torch.autograd.grad(output[0, :, place, place].sum(), images)
            spots = found.abs().sum((0, 1)).nonzero()
            return spots.min(0).values.tolist(), spots.max(0).values.tolist()

        network.run(images, {row.node: lambda output, row=row: seen.update({row.label: gradient(output)})})
        first, last = seen[row.label]
        centre = row.receptive_field_offset + place * row.receptive_field_stride
        assert ((first[0] + last[0]) / 2, (first[1] + last[1]) / 2) == (centre, centre)
        assert max(last[0] - first[0], last[1] - first[1]) + 1 == row.receptive_field_size
    assert set(seen) >= {"input", "conv1", "avgpool1", "conv2", "add1", "conv3", "cat1", "conv6"}


def test_receptive_fields_of_known_networks():
    # VGG16: Araujo et al. 2019, table 1. ResNet50 by hand: 7, then 11 after the pooling; per block
    # of layer1 2 x 4 more, of layer2 2 x 8 (the first, which has the stride, 2 x 4), and so on.
    vgg = rows(build("vgg16"), 32)
    assert [vgg[f"maxpool{n}"].receptive_field_size for n in range(1, 6)] == [6, 16, 44, 100, 212]
    assert [vgg[f"maxpool{n}"].receptive_field_stride for n in range(1, 6)] == [2, 4, 8, 16, 32]
    resnet = rows(build("resnet50"))
    hand = 11 + 3 * 8 + (8 + 3 * 16) + (16 + 5 * 32) + (32 + 2 * 64)
    assert resnet["add16"].receptive_field_size == hand == 427
    assert resnet["add16"].receptive_field_stride == 32
    assert math.isnan(resnet["avgpool1"].receptive_field_size)
    assert math.isnan(resnet["fc1"].receptive_field_size)


def test_labels_blocks_and_shapes_of_mobilenet_v2():
    table = rows(build("mobilenet_v2"), 224)
    blocks = [row.block for row in table.values() if row.block]
    assert blocks == ["input", *(f"block{n}" for n in range(1, 20)), "avgpool1", "fc1", "predictions"]
    assert list(table)[:4] == ["input", "conv1", "bn1", "relu1"]
    block3 = next(row for row in table.values() if row.block == "block3")
    assert (block3.label, block3.node) == ("bn6", "features.2.conv.3")
    assert (block3.channels, block3.height, block3.width, block3.units) == (24, 56, 56, 75264)
    assert (table["fc1"].units, table["fc1"].parameters) == (1000, 1281000)
    assert (table["input"].channels, table["input"].height) == (3, 224)
    total = sum(row.parameters for row in table.values())
    assert total == sum(p.numel() for p in build("mobilenet_v2").parameters())


@pytest.mark.parametrize(
    ("architecture", "count", "last"),
    [
        ("alexnet", 9, ["relu6", "relu7", "fc3", "predictions"]),
        ("vgg16", 11, ["relu14", "relu15", "fc3", "predictions"]),
        ("resnet50", 21, ["block17", "avgpool1", "fc1", "predictions"]),
        ("googlenet", 16, ["block12", "avgpool1", "fc1", "predictions"]),
        ("densenet121", 13, ["block9", "avgpool4", "fc1", "predictions"]),
        ("squeezenet1_1", 13, ["block9", "block10", "avgpool1", "predictions"]),
        ("vit_b_16", 18, ["block14", "select1", "fc25", "predictions"]),
        ("swin_t", 21, ["block17", "avgpool1", "fc28", "predictions"]),
        ("convnext_tiny", 26, ["block22", "avgpool1", "fc37", "predictions"]),
    ],
)
def test_block_sets(architecture, count, last):
    chosen = layer_table.select(
        layer_table_cache.rows({"kind": "torchvision", "architecture": architecture}), "blocks", "layers"
    )
    assert len(chosen) == count
    assert chosen[0] == "input"
    assert list(chosen[-4:]) == last


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        # channels, height, width by the papers' tables of the architectures
        (
            "swin_t",
            {"conv1": (96, 56, 56), "add2": (96, 56, 56), "gelu1": (384, 56, 56), "fc5": (192, 28, 28)},
        ),
        ("convnext_tiny", {"conv1": (96, 56, 56), "permute1": (96, 56, 56), "fc1": (384, 56, 56)}),
        (
            "vit_b_32",
            {"conv1": (768, 7, 7), "cat1": (768, 50, 1), "fc1": (3072, 50, 1), "select1": (768, 1, 1)},
        ),
        ("shufflenet_v2_x0_5", {"view2": (48, 28, 28), "relu37": (1024, 7, 7), "mean1": (1024, 1, 1)}),
    ],
)
def test_the_channel_is_where_it_should_be(architecture, expected):
    table = rows(build(architecture, image_size=224 if architecture.startswith("vit") else None), 224)
    for label, shape in expected.items():
        assert (table[label].channels, table[label].height, table[label].width) == shape, label
    assert table["predictions"].units == 1000


class Siamese(nn.Module):
    """No classifier: the output is a map. The same module runs twice."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.conv(self.act(self.conv(x))))


def test_without_classes_there_are_no_predictions():
    table = rows(Siamese())
    assert list(table) == ["input", "conv1", "relu1", "conv2", "relu2"]
    assert [row.node for row in table.values()] == ["input", "conv", "act", "conv_1", "act_1"]


class Demanding(nn.Module):
    """Reads memory in the usual order of axes."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4 * 62 * 62, 5)

    def forward(self, x):
        return self.fc(self.conv(x).view(x.shape[0], -1))


def test_networks_that_demand_an_order_of_axes_keep_it():
    assert not frozen(Demanding()).channels_last
    assert frozen(Siamese()).channels_last


def test_an_input_that_does_not_fit():
    with pytest.raises(DataError, match=r"input.* 50 x 50 pixels.*preprocess"):
        frozen(Demanding(), size=50)


def test_printed_table():
    text = format_table(frozen(Siamese()).rows).splitlines()
    assert text[0].split() == [
        *("layer", "block", "node", "kind", "channels", "height", "width", "units", "parameters", "field"),
        "modules",
    ]
    assert text[2].split() == ["conv1", "conv", "conv", "3", "64", "64", "12288", "84", "3"]


class Branching(nn.Module):
    """What runs depends on the data: cannot be traced."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True))
        self.again = nn.Conv2d(4, 4, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.fc = nn.Linear(4, 6)

    def forward(self, x):
        bright = x.mean() > -100
        x = self.body(x)
        if bright:
            x += 1  # overwrites what the body gave
            x = self.act(self.again(x))
            x = self.act(self.again(x))
        return self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))


def test_networks_that_cannot_be_traced_run_with_hooks(caplog):
    torch.manual_seed(0)
    module = Branching().eval()
    network = frozen(module, size=16)
    assert "cannot be traced" in caplog.text
    labels = [row.label for row in network.rows]
    assert labels == ["input", "conv1", "relu1", "conv2", "relu2", "conv3", "relu3", "fc1", "predictions"]
    assert network.rows[4].node == "act"
    assert network.rows[6].node == "act_1"
    images = torch.randn(2, 3, 16, 16).contiguous(memory_format=torch.channels_last)
    seen = {}
    callbacks = {
        row.node: lambda value, row=row: seen.update({row.label: value.clone()}) for row in network.rows
    }
    with torch.inference_mode():
        network.run(images, callbacks)
        first = functional.conv2d(images, module.body[0].weight, module.body[0].bias, padding=1)
        second = functional.conv2d(first.relu() + 1, module.again.weight, module.again.bias, padding=1)
        third = functional.conv2d(second.relu(), module.again.weight, module.again.bias, padding=1)
        logits = functional.linear(third.relu().mean((2, 3)), module.fc.weight, module.fc.bias)
    expected = [
        images,
        first,
        first.relu(),
        second,
        second.relu(),
        third,
        third.relu(),
        logits,
        logits.softmax(1),
    ]
    for label, value in zip(labels, expected, strict=True):
        torch.testing.assert_close(seen[label], value)
    np.testing.assert_array_equal(seen["input"], images)
    with pytest.raises(DataError, match=r"run.*again_1, act_1"):
        network.run(images - 1e6, callbacks)
