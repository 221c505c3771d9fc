"""The networks of the issue, each by the name of its weights, drawn, from a path, and side by side."""

import hashlib

import pytest
import torch
from messages import says
from torchvision import models

from repscape import config
from repscape.core.errors import ConfigError
from repscape.figures.trained_untrained import twins
from repscape.networks import torchvision
from repscape.networks.lib.loaded import weights_sha256


@pytest.mark.parametrize(
    "architecture", ["alexnet", "googlenet", "resnet50", pytest.param("vgg19", marks=pytest.mark.slow)]
)
def test_weights_by_name_from_a_path_and_drawn(architecture, tmp_path, monkeypatch):
    """A state dict of the true names and shapes, under the name of torchvision's file."""
    enum = models.get_model_weights(architecture)
    named = next(iter(enum))
    with torch.device("meta"):
        shapes = torchvision.build(architecture).state_dict()
    state = {name: torch.full(like.shape, 0.5, dtype=like.dtype) for name, like in shapes.items()}
    if architecture == "googlenet":  # as published, with the heads for training alone
        state["aux1.fc2.bias"] = torch.zeros(1000)
    file = tmp_path / named.url.rpartition("/")[2]
    torch.save(state, file)
    digits = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    monkeypatch.setattr(torchvision, "_digits", lambda _: digits)
    monkeypatch.setenv("REPSCAPE_MIRROR", str(tmp_path))
    loaded = torchvision.Torchvision(architecture=architecture, weights=named.name).load()
    assert (loaded.weights, loaded.categories[285]) == (named.name, "Egyptian cat")
    assert all(torch.equal(value, state[name]) for name, value in loaded.module.state_dict().items())
    by_name = weights_sha256(loaded.module)
    del loaded
    file.rename(tmp_path / "own.pth")
    loaded = torchvision.Torchvision(architecture=architecture, file=tmp_path / "own.pth").load()
    assert (loaded.weights, weights_sha256(loaded.module)) == ("own.pth", by_name)
    del loaded
    loaded = torchvision.Torchvision(architecture=architecture, weights="random", seed=1).load()
    assert loaded.categories is None
    assert weights_sha256(loaded.module) != by_name


def test_an_untrained_twin_sees_what_the_trained_network_does(study):
    """MobileNetV2's default weights have another transform than its first ones."""
    section = {"kind": "torchvision", "architecture": "mobilenet_v2"}
    study["networks"] = {
        "net": section | {"weights": "IMAGENET1K_V1"},
        "twin": section | {"weights": "random"},
        "other": section | {"architecture": "resnet50", "weights": "random"},
        "own": section | {"weights": "random", "preprocess": {"resize": 100}},
        "like": section | {"weights": "random", "like": "IMAGENET1K_V2"},
    }
    found = config.resolve(study).config["networks"]
    assert {name: found[name]["like"] for name in found} == {
        "net": None, "twin": "IMAGENET1K_V1", "other": None, "own": None, "like": "IMAGENET1K_V2",
    }  # fmt: skip
    sizes = {}
    for like in (None, "IMAGENET1K_V1"):
        loaded = torchvision.Torchvision(architecture="mobilenet_v2", weights="random", like=like).load()
        sizes[like] = loaded.preprocess.resize
    assert sizes == {None: 232, "IMAGENET1K_V1": 256}
    study["networks"]["net"]["preprocess"] = {"resize": 80, "crop": 64}
    found = config.resolve(study).config["networks"]
    assert found["twin"]["preprocess"] == found["net"]["preprocess"]
    study["networks"]["second"] = section | {"weights": "IMAGENET1K_V2"}  # which of the two?
    assert config.resolve(study).config["networks"]["twin"]["like"] is None
    study["networks"]["net"]["like"] = "IMAGENET1K_V2"
    with pytest.raises(ConfigError, match=r"networks.net.like:.*weights IMAGENET1K_V1.*transform"):
        config.resolve(study)
    del study["networks"]["net"]["like"]
    study["networks"]["twin"]["like"] = "IMAGENET1K_V3"
    with pytest.raises(ConfigError, match=r"networks.twin.like: 'IMAGENET1K_V3'"):
        config.resolve(study)


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png", "c.png", "stylized.pth", "cornet.pth"):
        (tmp_path / name).touch()
    vgg = {"kind": "torchvision", "architecture": "vgg19"}
    return {
        "study": "many",
        "stimuli": {"pictures": {"kind": "images", "path": "*.png", "size": [64, 64]}},
        "networks": {
            "vgg19": vgg | {"weights": "IMAGENET1K_V1", "layers": [["conv1", 1], "relu1", "features.2"]},
            "vgg19_stylized": vgg | {"weights": "stylized.pth", "layers": {"first": ["conv1", 1]}},
            "vgg19_random": vgg | {"weights": "random", "layers": "all"},
            "alexnet": {"kind": "torchvision", "architecture": "alexnet", "weights": "random"},
            "cornet": {"kind": "cornet_s", "weights": "cornet.pth", "layers": ["IT.t1", "V2.t0"]},
            "cornet_random": {"kind": "cornet_s", "weights": "random"},
        },
        "populations": {"first_half": {"kind": "filters", "channels": "0:32"}},
        "samples": [{"population": "first_half", "sizes": [10]}],
    }


def test_several_weights_of_one_architecture_side_by_side(study):
    found = config.resolve(study)
    assert found.layers["vgg19"] == ("conv1", "relu1", "conv2")
    assert found.labels["vgg19_stylized"] == {"first": "conv1"}
    assert found.layers["cornet"] == ("V2.t0", "IT.t1")
    sections = found.config["networks"]
    assert sections["vgg19_stylized"]["file"] == "stylized.pth"
    assert sections["vgg19_random"]["seed"] != sections["cornet_random"]["seed"]
    assert twins(sections, None, None) == ("cornet", "cornet_random")
    assert twins(sections, "vgg19", None) == ("vgg19", "vgg19_random")
    with pytest.raises(ConfigError, match="weights: random"):
        twins(
            {
                "a": {"kind": "cornet_s"},
                "b": {"kind": "python", "factory": "net.py:make", "weights": "random"},
            },
            None,
            None,
        )


@pytest.mark.parametrize(
    ("network", "change", "told"),
    [
        (
            "vgg19",
            {"layers": [["conv1", 2]]},
            "networks.vgg19.layers: 'conv1' … 1 … 2",
        ),
        ("vgg19", {"layers": ["conv1", 1]}, "networks.vgg19.layers: … [[conv1, 1]] … ['conv1', 1]"),
        (
            "vgg19",
            {"layers": [["conv1", "1"]]},
            "networks.vgg19.layers: … blocks, all … (conv1, [conv1, 1]",
        ),
        ("vgg19", {"layers": 3}, "networks.vgg19.layers: … blocks, all … 3"),
        ("vgg19", {"layers": {"a": ["conv1"]}}, "networks.vgg19.layers: … blocks, all"),
        ("vgg19", {"architecture": "vgg20"}, "networks.vgg19.architecture: 'vgg20'"),
        ("cornet", {"weights": "IMAGENET"}, "networks.cornet: … CORnet-S … 'IMAGENET'"),
        ("cornet", {"architecture": "cornet_s"}, "networks.cornet.architecture: "),
        ("cornet", {"kind": "python", "factory": "x.py:make"}, "networks.cornet.factory: x.py: "),
        (
            "cornet",
            {"kind": "timm", "architecture": "vit_tiny_patch16_224.augreg_in21k"},
            "networks.cornet.architecture: … 'vit_tiny_patch16_224.augreg_in21k'",
        ),
    ],
)
def test_mistakes_are_told_with_their_key(study, network, change, told):
    study["networks"][network] |= change
    with pytest.raises(ConfigError) as caught:
        config.resolve(study)
    says(str(caught.value), told)


def test_a_slice_that_a_layer_does_not_have(study):
    study["populations"]["first_half"]["channels"] = {"conv1": "0:32"}
    with pytest.raises(ConfigError, match=r"channels:.*list.*layer"):
        config.resolve(study)
    study["populations"]["first_half"]["channels"] = "600:700"
    with pytest.raises(ConfigError, match=r"conv1.* 600:700"):
        config.resolve(study)
    study["populations"]["first_half"]["channels"] = "0..32"
    with pytest.raises(ConfigError, match=r"channels:.* 0:32"):
        config.resolve(study)
