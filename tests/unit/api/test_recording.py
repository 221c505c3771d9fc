"""`activations`: against hooks that copy, in every form of pictures; module and process stay as they were."""

import contextlib
import os
import random
import signal
import warnings

import numpy as np
import pytest
import torch
import xarray
from PIL import Image
from torch import nn
from torch.nn.utils import parametrizations

import repscape
from repscape.traced.preprocess import Preprocess

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 24, 24, 3), np.uint8)
AS_IT_IS = {"resize": None, "crop": None}
LAYERS = ["conv1", "relu1", "add1", "fc1"]


class Small(nn.Module):
    """A network that writes over its own answers, and draws random numbers in training."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(4 * 24 * 24, 10)

    def forward(self, x):
        x = self.relu(self.norm(self.conv(x)))
        x = self.drop(x)
        x += 1
        return self.fc(x.flatten(1))


@pytest.fixture
def model():
    torch.manual_seed(1)
    return Small()


def of_hooks(model, pixels):
    """Answers of modules, copied as they are made, in evaluation mode."""
    found = {}
    for name in ("conv", "relu", "fc"):
        module = getattr(model, name)
        module.register_forward_hook(lambda _m, _i, out, name=name: found.update({name: out.clone()}))
    with torch.no_grad():
        model.eval()(Preprocess(resize=None, crop=None).apply(torch.tensor(pixels)))
    return {name: value.flatten(1).numpy() for name, value in found.items()}


def test_answers_are_those_of_hooks_that_copy(model):
    found = repscape.activations(model, PIXELS, LAYERS, preprocess=AS_IT_IS, batch=2)
    expected = of_hooks(model, PIXELS)
    for layer, module in (("conv1", "conv"), ("relu1", "relu"), ("fc1", "fc")):
        np.testing.assert_allclose(found[layer], expected[module], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["add1"], expected["relu"] + 1, rtol=1e-4, atol=1e-5)
    assert found["conv1"].values.min() < 0 <= found["relu1"].values.min()
    conv = found["conv1"]
    assert conv.dims == ("image", "unit")
    assert conv.dtype == np.float32
    unit = conv.isel(unit=700)
    assert (unit["channel"], unit["y"], unit["x"]) == np.unravel_index(700, (4, 24, 24))
    assert [found[layer].attrs["order"] for layer in LAYERS] == sorted(
        found[layer].attrs["order"] for layer in LAYERS
    )
    assert repr(found).splitlines()[1].split() == ["conv1", "5", "images", "×", "2,304", "units"]


FORMS = {
    "list of arrays": list(PIXELS),
    "nested list": PIXELS.tolist(),
    "0 to 1": PIXELS / 255,
    "float32": (PIXELS / np.float32(255)).astype(np.float32),
    "int64": PIXELS.astype(np.int64),
    "channels first": PIXELS.transpose(0, 3, 1, 2),
    "tensor": torch.tensor(PIXELS).permute(0, 3, 1, 2),
    "tensor of 0 to 1": torch.tensor(PIXELS).permute(0, 3, 1, 2) / 255,
    "list of tensors": list(torch.tensor(PIXELS).permute(0, 3, 1, 2)),
    "Pillow": [Image.fromarray(one) for one in PIXELS],
    "xarray": xarray.DataArray(PIXELS.transpose(0, 3, 1, 2), dims=("image", "channel", "y", "x")),
}


@pytest.fixture(scope="module")
def sequential():
    torch.manual_seed(2)
    return nn.Sequential(nn.Conv2d(3, 2, 5), nn.Tanh())


@pytest.fixture(scope="module")
def answers(sequential):
    return repscape.activations(sequential, PIXELS, "1", preprocess=AS_IT_IS)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_pictures_gives_the_same(sequential, answers, form):
    found = repscape.activations(sequential, FORMS[form], "1", preprocess=AS_IT_IS)
    (layer,) = found
    np.testing.assert_array_equal(found[layer], answers[layer])


def test_files_are_read_with_their_names_and_labels(sequential, answers, tmp_path):
    for at, one in enumerate(PIXELS):
        path = tmp_path / f"{'dog' if at % 2 else 'cat'}/p{at}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(one).save(path)
    (layer,) = answers
    found = repscape.activations(sequential, tmp_path / "cat", "1", preprocess=AS_IT_IS)[layer]
    np.testing.assert_array_equal(found, answers[layer][[0, 2, 4]])
    assert found["image"].values.tolist() == ["p0.png", "p2.png", "p4.png"]
    paths = [tmp_path / "dog/p3.png", tmp_path / "cat/p0.png"]
    found = repscape.activations(sequential, paths, "1", preprocess=AS_IT_IS, names=["three", "zero"])[layer]
    np.testing.assert_array_equal(found, answers[layer][[3, 0]])
    found = repscape.activations(sequential, f"{tmp_path}/{{kind}}/*.png", "1", preprocess=AS_IT_IS)[layer]
    assert found["kind"].values.tolist() == ["cat"] * 3 + ["dog"] * 2
    rdm = repscape.rdm(found, "correlation")
    assert rdm["kind_other"].values.tolist() == found["kind"].values.tolist()
    with pytest.raises((ValueError, repscape.core.errors.AssetError), match=r"none\.png"):
        repscape.activations(sequential, tmp_path / "none.png", "1")


def test_grey_pictures_and_those_of_other_sizes_are_taken(sequential, answers):
    (layer,) = answers
    grey = PIXELS[..., :1]
    expected = repscape.activations(sequential, grey.repeat(3, -1), "1", preprocess=AS_IT_IS)[layer]
    for form in (grey, grey[..., 0], [Image.fromarray(one[..., 0]) for one in grey]):
        found = repscape.activations(sequential, form, "1", preprocess=AS_IT_IS)[layer]
        np.testing.assert_array_equal(found, expected)
    sizes = [PIXELS[0], PIXELS[1][:20], np.zeros((50, 30, 3), np.uint8)]
    assert repscape.activations(sequential, sizes, "1")[layer].shape == (3, 2 * 220 * 220)
    with pytest.raises(ValueError, match="different sizes"):
        repscape.activations(sequential, sizes, "1", preprocess=AS_IT_IS)


def test_input_of_the_network_is_taken_as_it_is(sequential, answers):
    given = Preprocess(resize=None, crop=None).apply(torch.tensor(PIXELS))
    (layer,) = answers
    found = repscape.activations(sequential, given, ["input", "1"], preprocess=None)
    np.testing.assert_array_equal(found["input"], given.flatten(1))
    np.testing.assert_array_equal(found[layer], answers[layer])
    with pytest.raises(ValueError, match=r"preprocess=None.*network's input"):
        repscape.activations(sequential, given, "1")


def test_the_default_is_what_networks_of_imagenet_take(sequential):
    found = repscape.activations(sequential, PIXELS, "input")["input"]
    np.testing.assert_array_equal(found, Preprocess().apply(torch.tensor(PIXELS)).flatten(1))


def test_some_units_are_drawn(model):
    whole = repscape.activations(model, PIXELS, LAYERS, preprocess=AS_IT_IS)
    some = repscape.activations(model, PIXELS, LAYERS, preprocess=AS_IT_IS, units=50, seed=3)
    assert some["conv1"].sizes["unit"] == 50
    assert some["fc1"].sizes["unit"] == 10
    for layer in LAYERS:
        np.testing.assert_array_equal(some[layer], whole[layer].sel(unit=some[layer]["unit"]))
    again, other = (
        repscape.activations(model, PIXELS, "conv1", preprocess=AS_IT_IS, units=50, seed=seed)
        for seed in (3, 4)
    )
    xarray.testing.assert_identical(again["conv1"], some["conv1"])
    assert not np.array_equal(other["conv1"]["unit"], some["conv1"]["unit"])


def state(model):
    generators = torch.get_rng_state(), torch.tensor(np.random.get_state()[1].astype(np.int64))
    return {
        "generators": [one.tolist() for one in generators] + [random.getstate()],
        "numbers": {name: value.clone() for name, value in model.state_dict().items()},
        "training": [part.training for part in model.modules()],
        "gradients": [value.requires_grad for value in model.parameters()],
        "strides": [value.stride() for value in model.parameters()],
        "hooks": [(len(part._forward_hooks), len(part._forward_pre_hooks)) for part in model.modules()],
        "process": (
            torch.get_num_threads(), torch.is_grad_enabled(), torch.backends.cudnn.deterministic,
            dict(os.environ), [signal.getsignal(n) for n in signal.valid_signals()], list(warnings.filters),
        ),
    }  # fmt: skip


@pytest.mark.parametrize("layers", [["conv1"], ["conv9"]], ids=["well", "after an exception"])
def test_the_module_and_the_process_stay_as_they_were(model, layers):
    model.train()
    model.conv.weight.requires_grad_(False)
    model.fc.eval()
    model.relu.register_forward_hook(lambda *_: None)
    before = state(model)
    with pytest.raises(ValueError, match="conv9") if layers == ["conv9"] else contextlib.nullcontext():
        repscape.activations(model, PIXELS, layers, preprocess=AS_IT_IS)
    after = state(model)
    numbers = before.pop("numbers"), after.pop("numbers")
    assert before == after
    assert all(torch.equal(numbers[0][name], numbers[1][name]) for name in numbers[0])


def test_networks_of_a_config_are_taken():
    section = {"kind": "torchvision", "architecture": "squeezenet1_1", "weights": "random", "seed": 5}
    section["preprocess"] = {"resize": 64, "crop": 64}
    found = repscape.activations(section, PIXELS, "conv1", units=20)
    assert found["conv1"].shape == (5, 20)
    from torchvision.models import squeezenet1_1

    torch.manual_seed(5)
    again = repscape.activations(
        squeezenet1_1(), PIXELS, "features.0", preprocess=section["preprocess"], units=20
    )
    np.testing.assert_array_equal(found["conv1"], again["conv1"])
    for wrong, said in (
        ({"architecture": "vgg16"}, "kind"),
        ({"kind": "torchvisio"}, r"'torchvision'"),
        ({"kind": "torchvision"}, "architecture"),
        ({"kind": "torchvision", "architecture": "vgg61", "weights": "random"}, "vgg16"),
        (section | {"sed": 1}, "sed"),
    ):
        with pytest.raises(ValueError, match=said):
            repscape.activations(wrong, PIXELS)


def test_parametrised_networks_are_copied(sequential):
    model = nn.Sequential(parametrizations.weight_norm(nn.Conv2d(3, 2, 5)), nn.Tanh())
    assert repscape.activations(model, PIXELS, "1", preprocess=AS_IT_IS)


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        (PIXELS[0], ValueError, r"one picture.*array\[None\]"),
        (Image.fromarray(PIXELS[0]), ValueError, r"\[picture\]"),
        (PIXELS[:0], ValueError, r"\(0, 24, 24, 3\)"),
        ([], ValueError, r"\(0,\)|none"),
        (PIXELS[..., :2], ValueError, "channels"),
        (PIXELS.astype(float), ValueError, "255.*uint8"),
        (PIXELS.astype(np.int64) - 9, ValueError, "-9"),
        (np.where(PIXELS > 250, np.nan, PIXELS / 255), ValueError, "NaN.*picture 0"),
        (PIXELS > 100, TypeError, "bool"),
        (np.full((2, 8, 8), "a"), TypeError, "<U1"),
        (None, TypeError, "NoneType"),
        (7, TypeError, "int"),
        ([Image.new("RGBA", (8, 8))], ValueError, "RGBA.*convert"),
        ([PIXELS[0], "a.png"], TypeError, "files among"),
        (xarray.DataArray(PIXELS, dims=("n", "y", "x", "channel")), ValueError, r"\(n, y, x, channel\)"),
    ],
)
def test_what_are_no_pictures_is_refused(sequential, wrong, kind, said):
    with pytest.raises(kind, match=said):
        repscape.activations(sequential, wrong)


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        ({"model": nn.Sequential}, TypeError, "call it"),
        ({"model": "resnet50"}, TypeError, r"'resnet50'"),
        ({"model": nn.Linear(2, 2).state_dict()}, TypeError, "state dict"),
        ({"model": nn.Tanh()}, ValueError, "Sequential"),
        ({"layers": "conv7"}, ValueError, r"layers: 'conv7'"),
        ({"layers": []}, ValueError, "at least one layer"),
        ({"layers": 3}, TypeError, "layers"),
        ({"units": 0}, ValueError, "units"),
        ({"batch": 2.5}, ValueError, "batch"),
        ({"device": "gpu"}, ValueError, "device"),
        ({"preprocess": "imagnet"}, ValueError, "imagenet"),
        ({"preprocess": {"crops": 3}}, ValueError, "crops"),
        ({"names": ["a"]}, ValueError, "5"),
        ({"names": list("abcda")}, ValueError, r"'a'"),
        ({"model": nn.Sequential(nn.Conv3d(3, 2, 3))}, ValueError, "clips"),
    ],
)
def test_other_mistakes_are_answered(sequential, wrong, kind, said):
    with pytest.raises(kind, match=said):
        repscape.activations(**{"model": sequential, "images": PIXELS, "preprocess": AS_IT_IS} | wrong)


def test_a_network_that_draws_random_numbers_is_refused_or_seeded(sequential):
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = sequential

        def forward(self, x):
            return self.inner(x + torch.randn_like(x))

    with pytest.raises(ValueError, match="random numbers"):
        repscape.activations(Noisy(), PIXELS, preprocess=AS_IT_IS)
    one, same = (
        repscape.activations(Noisy(), PIXELS, "all", preprocess=AS_IT_IS, stochastic=True) for _ in range(2)
    )
    assert all(one[layer].equals(same[layer]) for layer in one)


def test_a_folder_without_pictures_is_answered_in_a_few_lines(sequential, tmp_path):
    for at in range(30):
        (tmp_path / f"{at}.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"(?s)30 files.*more\n") as refused:
        repscape.activations(sequential, tmp_path, "1")
    assert len(str(refused.value).splitlines()) <= 8


@pytest.mark.parametrize("kind", [np.uint8, np.int64])
def test_masks_of_0_and_1_are_not_taken_for_black_pictures(kind):
    with pytest.raises(ValueError, match="255"):
        repscape.activations(Small(), (PIXELS > 128).astype(kind), ["conv1"], preprocess=AS_IT_IS)


@pytest.mark.parametrize(
    ("images", "options", "said"),
    [
        (np.ma.masked_greater(PIXELS, 200), {}, "masked"),
        (PIXELS, {"names": 5}, "names"),
        (PIXELS, {"seed": 1.5, "units": 2}, "seed"),
        ("/no/such/folder/*.jpg", {}, "/no/such/folder"),
    ],
)
def test_other_mistakes_are_in_words(images, options, said):
    with pytest.raises((ValueError, TypeError), match=said):
        repscape.activations(Small(), images, ["conv1"], preprocess=AS_IT_IS, **options)


def test_scripted_modules_are_refused():
    scripted = torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()))
    with pytest.raises(TypeError, match="model: found a scripted"):
        repscape.activations(scripted, PIXELS, preprocess=AS_IT_IS)
