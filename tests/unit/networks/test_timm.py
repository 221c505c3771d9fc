"""timm's networks: every layer against copies, transforms against timm's, weights by name and from files."""

import hashlib
from collections import Counter

import numpy as np
import pytest
import timm as library
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config

from repscape.activations.gather import Gatherer
from repscape.core.errors import AssetError, ConfigError, DataError
from repscape.networks import timm
from repscape.networks.lib import freeze
from repscape.populations import all as whole
from repscape.populations.lib.layer import Layer
from repscape.traced.network import open_network

# A transformer, convolutions with LayerNorm, with BatchNorm, an MLP mixer, shifted windows, both in one
KINDS = {
    "vit_tiny_patch16_224": (224, {"add25": (192, 197, 1), "fc1": (576, 197, 1), "select1": (192, 1, 1)}),
    "convnext_atto": (64, {"block5": (320, 2, 2), "avgpool1": (320, 1, 1)}),
    "resnet18": (64, {"block9": (512, 2, 2), "avgpool1": (512, 1, 1)}),
    "mixer_s32_224": (224, {"fc1": (512, 256, 1), "fc3": (2048, 49, 1), "add1": (512, 49, 1)}),
    "swin_tiny_patch4_window7_224": (224, {"block2": (96, 56, 56), "fc1": (384, 3136, 1)}),
    "levit_128s": (224, {"conv4": (128, 14, 14), "add2": (128, 196, 1)}),
}


def copies(module, images):
    """Run a network as it is; return what its innermost modules gave, cloned at once, by call."""
    calls, found = Counter(), {}

    def watch(path):
        def hook(_module, _args, output):
            found[f"{path}_{calls[path]}" if calls[path] else path] = output.clone()
            calls[path] += 1

        return hook

    parts = [(path, part) for path, part in module.named_modules() if not any(part.children())]
    handles = [part.register_forward_hook(watch(path)) for path, part in parts]
    output = module(images)
    for handle in handles:
        handle.remove()
    return found, output


@pytest.mark.parametrize("architecture", KINDS)
def test_every_layer_equals_a_copy_made_when_it_ran(architecture, tmp_path):
    """Of modules of torch by path; of timm's own, which are traced through, by their last operation."""
    size, shapes = KINDS[architecture]
    loaded = timm.Timm(
        architecture=architecture, weights="random", seed=3, preprocess={"resize": None, "crop": size}
    ).load()
    freeze.save(freeze.freeze(loaded), tmp_path / "network.pt")
    frozen = open_network(tmp_path / "network.pt")
    assert frozen.paths
    layout = torch.channels_last if frozen.channels_last else torch.contiguous_format
    module = loaded.module.to(memory_format=layout)
    images = torch.randn(2, 3, size, size).contiguous(memory_format=layout)
    seen = {}
    callbacks = {}
    for row in frozen.rows:
        layer = Layer(row.label, row.channels, row.height, row.width, row.units)
        gather = Gatherer(whole.All().select(layer), everything=True)
        callbacks[row.node] = lambda value, node=row.node, gather=gather: seen.update(
            {node: gather(value.movedim(frozen.axes[node], (0, 1)))}
        )
    with torch.inference_mode():
        frozen.run(images, callbacks)
        expected, logits = copies(module, images)
    inside = {path.rpartition(".")[0]: path for path in seen}
    # Windows of attention are not recorded: their first axis is not the image. Dropped paths do nothing.
    expected = {
        path: value for path, value in expected.items() if len(value) == 2 and "drop_path" not in path
    }
    missed = []
    for path, value in expected.items():
        node = path if path in seen else inside.get(path)
        if node is None or seen[node].numel() != value.numel():
            missed.append(path)
        else:
            assert torch.equal(seen[node], value.movedim(frozen.axes[node], (0, 1)).flatten(1)), path
    assert len(missed) < 0.1 * len(expected), missed
    assert torch.equal(seen["predictions"], logits.softmax(1))
    rows = {name: row for row in frozen.rows for name in (row.label, row.block)}
    for label, shape in shapes.items():
        assert (rows[label].channels, rows[label].height, rows[label].width) == shape, label
    assert [row.label for row in frozen.rows].count("input") == 1


def test_random_weights_depend_on_the_seed_alone():
    weights = [
        timm.Timm(architecture="resnet18", weights="random", seed=seed).load().module.conv1.weight
        for seed in (3, 3, 4)
    ]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


# Center crops of 0.875, 0.9, 0.95 and all, bilinear and bicubic; squashed, also to other sides than a square;
# the whole picture within a border of the mean's colour.
@pytest.mark.parametrize(
    "name",
    [
        "resnet18.a1_in1k",
        "vgg11.tv_in1k",
        "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
        "convnext_tiny.in12k_ft_in1k_384",
        "vit_base_patch16_sapiens2.fb",
        "deepseek_vit_412m.deepseek_v4_flash_vision_exp",
    ],
)
def test_equals_timms_transform_of_the_picture(name):
    config = library.get_pretrained_cfg(name)
    theirs = create_transform(**resolve_data_config(pretrained_cfg=config.to_dict()))
    ours = timm._preset(name, config)
    for size in [(300, 400), (401, 257), (233, 231), (41, 37), (9, 60)]:
        pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        assert torch.equal(ours.apply(torch.from_numpy(pixels)[None])[0], theirs(Image.fromarray(pixels))), (
            size
        )


def test_every_transform_of_timms_weights_is_translated():
    for name in library.list_models(pretrained=True):
        config = library.get_pretrained_cfg(name)
        assert timm._preset(name, config).output_size(300, 500) == tuple(config.input_size[1:])


def test_a_transform_that_cannot_be_translated_is_refused():
    config = library.get_pretrained_cfg("resnet18.a1_in1k")
    config.input_size = (3, 100, 200)
    with pytest.raises(ConfigError, match=r"100 x 200.*Set preprocess"):
        timm._preset("resnet18", config)


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(5)
    return library.create_model("resnet18", num_classes=1000).state_dict()


def test_weights_by_name_from_a_file_and_from_the_hub(state, tmp_path, monkeypatch):
    file = tmp_path / "model.safetensors"
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in state.items()}, file)
    named = timm.Timm(architecture="resnet18", weights="a1_in1k", file=file).load()
    assert (named.weights, named.categories[285]) == ("a1_in1k", "Egyptian cat")
    assert all(torch.equal(value, state[name]) for name, value in named.module.state_dict().items())
    asked = []
    monkeypatch.setattr(
        "huggingface_hub.hf_hub_download", lambda *names, cache_dir: asked.append(names) or file
    )
    fetched = timm.Timm(architecture="resnet18", weights="fb_swsl_ig1b_ft_in1k", file=file).load()
    assert torch.equal(fetched.module.fc.weight, state["fc.weight"])
    monkeypatch.setattr(timm, "_digits", lambda config: None)
    hub = timm.Timm(architecture="resnet18", weights="a1_in1k").load()
    assert asked == [("timm/resnet18.a1_in1k", "model.safetensors")]
    assert torch.equal(hub.module.fc.weight, state["fc.weight"])


def test_the_hub_cannot_be_reached(monkeypatch):
    def fail(*_, **__):
        raise OSError("Name or service not known\nand more")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fail)
    said = r"model.safetensors.*https://huggingface.co/timm/vit_tiny_patch16_224.*'file'"
    with pytest.raises(AssetError, match=said):
        timm.Timm(architecture="vit_tiny_patch16_224", weights="DEFAULT").load()


def test_addresses_with_digits_are_checked(state, tmp_path, monkeypatch):
    torch.save(state, tmp_path / "weights.pth")
    digits = hashlib.sha256((tmp_path / "weights.pth").read_bytes()).hexdigest()[:8]
    file = (tmp_path / "weights.pth").rename(tmp_path / f"resnet18_own-{digits}.pth")
    config = library.get_pretrained_cfg("resnet18.a1_in1k")
    config.url = f"https://example.org/{file.name}"
    monkeypatch.setattr(library, "get_pretrained_cfg", lambda *_, **__: config)
    monkeypatch.setenv("REPSCAPE_MIRROR", str(tmp_path))
    found = timm.Timm(architecture="resnet18", weights="a1_in1k").load().module
    assert torch.equal(found.fc.weight, state["fc.weight"])
    torch.save(state | {"fc.bias": torch.zeros(1000)}, file)
    with pytest.raises(DataError, match=f"expected timm's weights a1_in1k of resnet18 .sha256 {digits}"):
        timm.Timm(architecture="resnet18", weights="a1_in1k", file=file).load()


def test_own_weights_and_classes(tmp_path):
    own = library.create_model("resnet18", num_classes=7).state_dict()
    torch.save({"state_dict": own}, tmp_path / "own.pth")
    loaded = timm.Timm(architecture="resnet18", file=tmp_path / "own.pth", classes=7).load()
    assert (loaded.weights, loaded.categories) == ("own.pth", None)
    assert torch.equal(loaded.module.fc.weight, own["fc.weight"])
    with pytest.raises(DataError, match=r"own\.pth:.*state dict.*fit.* 2.*shape"):
        timm.Timm(architecture="resnet18", file=tmp_path / "own.pth").load()
    with pytest.raises(DataError, match=r"own\.pth: cannot be loaded as weights a1_in1k of resnet18"):
        timm.Timm(architecture="resnet18", weights="a1_in1k", file=tmp_path / "own.pth").load()


def test_networks_without_classes_have_no_predictions():
    preprocess = {"resize": None, "crop": 64}
    features = timm.Timm(architecture="resnet18", weights="random", classes=0, preprocess=preprocess).load()
    rows = freeze.freeze(features).rows
    assert "predictions" not in [row.label for row in rows]
    assert rows[-1].units == 512


def test_names_of_many_classes():
    assert timm._categories(1000)[0] == "tench"
    assert len(timm._categories(21841)) == 21841
    assert timm._categories(512) is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"architecture": "resnet18.a1_in1k"}, r"architecture: resnet18.*weights: a1_in1k"),
        ({"architecture": "resnet18"}, r"weights: expected random.*DEFAULT"),
        (
            {"architecture": "resnet-18", "weights": "random"},
            "'resnet-18'",
        ),
        ({"architecture": "resnet18", "weights": "a1"}, r"weights: 'a1'.*a1_in1k"),
        ({"architecture": "resnet18", "weights": "random", "file": "x.pth"}, "x.pth"),
    ],
)
def test_mistakes(arguments, told):
    with pytest.raises(ConfigError, match=told):
        timm.Timm(**arguments).load()


def test_other_images_than_rgb_are_refused(monkeypatch):
    config = library.get_pretrained_cfg("resnet18")
    config.input_size = (1, 28, 28)
    monkeypatch.setattr(library, "get_pretrained_cfg", lambda *_, **__: config)
    with pytest.raises(ConfigError, match=r"resnet18.* 1 channels, .*stimuli.* 3"):
        timm.Timm(architecture="resnet18", weights="random").load()
