"""Loading weights: what is accepted, what is refused and how that is said."""

import hashlib
import warnings

import pytest
import safetensors.torch
import torch
from torchvision import models

from repscape.core.errors import ConfigError, DataError
from repscape.networks.lib.loaded import weights_sha256
from repscape.networks.torchvision import Torchvision, build


@pytest.fixture(scope="module")
def state():
    return build("squeezenet1_1", seed=7).state_dict()


def save(state, path):
    torch.save(state, path)
    return path


def same(module, state):
    found = module.state_dict()
    return found.keys() == state.keys() and all(torch.equal(found[name], state[name]) for name in state)


def test_random_weights_depend_on_the_seed_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = Torchvision(architecture="squeezenet1_1", weights="random", seed=3).load()
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(10)
    second = Torchvision(architecture="squeezenet1_1", weights="random", seed=3).load()
    other = Torchvision(architecture="squeezenet1_1", weights="random", seed=4).load()
    assert same(first.module, second.module.state_dict())
    assert weights_sha256(first.module) == weights_sha256(second.module) != weights_sha256(other.module)
    assert not first.module.training
    assert first.weights == "random"
    assert first.categories is None
    assert Torchvision(architecture="squeezenet1_1", weights="random", classes=10).load().categories is None


def test_files_of_all_kinds_give_the_same_network(state, tmp_path):
    files = [
        save(state, tmp_path / "plain.pth"),
        save(
            {"state_dict": {f"module.{name}": t for name, t in state.items()}, "epoch": 3}, tmp_path / "a.pt"
        ),
        save({name: tensor.double() for name, tensor in state.items()}, tmp_path / "double.pth"),
        tmp_path / "b.safetensors",
    ]
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in state.items()}, files[-1])
    for file in files:
        loaded = Torchvision(architecture="squeezenet1_1", file=file).load()
        assert same(loaded.module, state)
        assert loaded.weights == file.name
    assert same(Torchvision(architecture="squeezenet1_1", file=files[0]).load().module, state)


def test_weights_sha256_is_of_names_types_shapes_and_bytes():
    module = torch.nn.Linear(2, 1)
    total = hashlib.sha256()
    for name in ("bias", "weight"):
        values = getattr(module, name).detach().numpy()
        total.update(f"{name} torch.float32 {list(values.shape)}\n".encode() + values.tobytes())
    assert weights_sha256(module) == total.hexdigest()


def test_a_state_dict_that_does_not_fit_is_told_once(state, tmp_path):
    wrong = dict(state)
    wrong["extra"] = torch.zeros(1)
    wrong["classifier.1.weight"] = torch.zeros(10, 512, 1, 1)
    del wrong["features.0.bias"]
    with pytest.raises(DataError) as error:
        Torchvision(architecture="squeezenet1_1", file=save(wrong, tmp_path / "wrong.pth")).load()
    for part in (
        "wrong.pth",
        "squeezenet1_1",
        "(features.0.bias)",
        "(extra)",
        "classifier.1.weight (10, 512, 1, 1)",
        "classes",
    ):
        assert part in str(error.value)
    with pytest.raises(DataError, match=r"12 missing \(.*, …\); 48 unexpected \(.*, …\); 3 of"):
        Torchvision(architecture="alexnet", file=save(state, tmp_path / "other.pth")).load()


def test_own_number_of_classes(tmp_path):
    own = build("squeezenet1_1", classes=7, seed=1).state_dict()
    file = save(own, tmp_path / "own.pth")
    loaded = Torchvision(architecture="squeezenet1_1", file=file, classes=7).load()
    assert same(loaded.module, own)
    assert loaded.categories is None


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("code in a file was run",))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (Harmful(), "could run"),
        ([1, 2], "found one list"),
        ({"epoch": 3, "name": "x"}, r"epoch \(int\), name \(str\)"),
        (b"PK\x03\x04 truncated", "cannot be read"),
        (b"", "cannot be read"),
        (b"<!DOCTYPE html><html>not found</html>", "cannot be read as a state dict .UnpicklingError"),
    ],
)
def test_files_that_are_no_state_dict(content, told, tmp_path):
    path = tmp_path / "odd.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(DataError, match=rf"odd\.pth.*{told}"):
        Torchvision(architecture="squeezenet1_1", file=path).load()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {"architecture": "resnet51", "weights": "random"},
            r"'resnet51'.*'resnet50'",
        ),
        ({"architecture": "resnet50", "weights": "IMAGENET1K_V3"}, r"'IMAGENET1K_V2'"),
        ({"architecture": "resnet50"}, r"weights: expected random.*IMAGENET1K_V1"),
        ({"architecture": "resnet50", "weights": "random", "file": "x.pth"}, "x.pth"),
    ],
)
def test_mistakes_in_the_config(arguments, told):
    with pytest.raises(ConfigError, match=told):
        Torchvision(**arguments).load()


def test_a_named_file_is_checked(state, tmp_path):
    for arguments in ({"weights": "IMAGENET1K_V1"}, {}):
        file = save(state, tmp_path / "squeezenet1_1-b8a52dc0.pth")
        with pytest.raises(DataError, match=r"torchvision's.*IMAGENET1K_V1.*b8a52dc0"):
            Torchvision(architecture="squeezenet1_1", file=file, **arguments).load()


def test_a_config_may_replace_the_preprocessing():
    given = {"resize": None, "crop": [64, 80], "mean": [0, 0, 0], "std": [1, 1, 1]}
    loaded = Torchvision(architecture="squeezenet1_1", weights="random", preprocess=given).load()
    assert loaded.preprocess.output_size(300, 300) == (64, 80)


@pytest.mark.parametrize("architecture", ["googlenet", "inception_v3"])
def test_auxiliary_heads_are_dropped_and_the_input_scaled(architecture, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = models.get_model(architecture, weights=None, init_weights=False, transform_input=True).eval()
    file = save(theirs.state_dict(), tmp_path / "aux.pth")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = Torchvision(architecture=architecture, file=file).load().module
    images = torch.randn(1, 3, 80, 80)
    assert not any("aux" in name.lower() for name in ours.state_dict())
    with torch.inference_mode():
        assert torch.equal(ours(images), theirs(images))


def test_checkpoints_of_old_versions(tmp_path):
    densenet = build("densenet121", seed=1).state_dict()
    old = {
        name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): tensor
        for name, tensor in densenet.items()
        if not name.endswith("num_batches_tracked")
    }
    assert any(".norm.1." in name for name in old)
    assert same(
        Torchvision(architecture="densenet121", file=save(old, tmp_path / "old.pth")).load().module, densenet
    )
    for architecture in ("mnasnet0_5", "vit_b_32"):  # whose modules look at versions noted in the file
        new = build(architecture, image_size=224 if architecture == "vit_b_32" else None).state_dict()
        assert same(
            Torchvision(architecture=architecture, file=save(new, tmp_path / "new.pth")).load().module, new
        )
        assert same(
            Torchvision(architecture=architecture, file=save(dict(new), tmp_path / "new.pth")).load().module,
            new,
        )


@pytest.mark.parametrize("architecture", ["vgg16", "resnet50", "alexnet"])
def test_state_dicts_of_true_names_and_shapes(architecture, tmp_path):
    with torch.device("meta"):
        shapes = models.get_model(architecture, weights=None).state_dict()
    state = {name: torch.empty(like.shape, dtype=like.dtype).fill_(1) for name, like in shapes.items()}
    assert same(
        Torchvision(architecture=architecture, file=save(state, tmp_path / "own.pth")).load().module, state
    )
