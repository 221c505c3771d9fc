"""Numbers of networks' sections that cannot be meant, and weights that are named otherwise."""

import pytest

from repscape import config
from repscape.core.errors import ConfigError
from repscape.traced.preprocess import Preprocess


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return {
        "study": "s",
        "stimuli": {"noise": {"kind": "white_noise", "count": 3, "size": [8, 8]}},
        "networks": {"net": {"kind": "torchvision", "architecture": "resnet50", "weights": "random"}},
        "populations": {"all": {"kind": "all"}},
        "samples": [{"population": "all"}],
    }


def refusal(study, **changes):
    study["networks"]["net"] |= changes
    with pytest.raises(ConfigError) as caught:
        config.resolve(study)
    return str(caught.value)


@pytest.mark.parametrize(
    ("preprocess", "said"),
    [
        ({"mean": [123.7, 116.3, 103.5]}, ["mean", "123.7", "0 … 255"]),
        ({"std": [58.4, 57.1, 57.4]}, ["std", "58.4", "0 … 255"]),
        ({"mean": [123, 117, 104], "std": [1, 1, 1]}, ["mean", "0 … 255"]),
        ({"std": [0, 1, 1]}, ["std", "0.0"]),
        ({"std": [0.2, -0.2, 0.2]}, ["std", "-0.2"]),
        ({"std": [0.2, float("nan"), 0.2]}, ["std", "nan"]),
        ({"mean": [float("inf"), 0, 0]}, ["mean", "inf"]),
        ({"mean": [-1, 0, 0]}, ["mean", "-1"]),
        ({"crop": 0}, ["crop", " 0", "crop: null"]),
        ({"crop": [224, -1]}, ["crop", "-1"]),
        ({"crop": True}, ["preprocess.crop", "True"]),
        ({"resize": 1e9}, ["resize", "1000000000"]),
        ({"resize": 256.5}, ["preprocess.resize", "256.5"]),
    ],
)
def test_preprocessing(study, preprocess, said):
    found = refusal(study, preprocess=preprocess)
    assert all(word in found for word in ["networks.net.preprocess", *said]), found


def test_usual_preprocessing_is_accepted():
    for mean, std in [((0, 0, 0), (1, 1, 1)), ((0.5,) * 3, (0.5,) * 3), ((0, 0, 0), (1 / 255,) * 3)]:
        Preprocess(mean=mean, std=std)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"classes": 0}, "classes"),
        ({"classes": 10**9}, "classes"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"stochastic": "yes"}, "stochastic"),
    ],
)
def test_other_numbers(study, changes, key):
    assert f"networks.net.{key}" in refusal(study, **changes)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 0), ("epochs", 10**9), ("batch", 0), ("batch", 10**9), ("learning_rate", 0),
        ("learning_rate", float("inf")), ("learning_rate", float("nan")), ("learning_rate", -0.1),
        ("learning_rate", 1e9), ("momentum", 1), ("momentum", float("nan")), ("seed", -1), ("threads", 10**6),
    ],
)  # fmt: skip
def test_trainings(study, key, value):
    training = {"kind": "sgd", "stimulus": "noise", "held_out": "other", key: value}
    study["stimuli"]["other"] = {"kind": "white_noise", "count": 3, "size": [8, 8], "seed": 1}
    assert f"networks.net.training.{key}" in refusal(study, training=training)


def test_what_functions_are_called_with(study):
    kwargs = {"width": [1, float("nan")]}
    found = refusal(study, kind="python", factory="torch.nn:Linear", architecture=None, kwargs=kwargs)
    assert "networks.net.kwargs.width.1" in found


def test_populations(study):
    study["populations"]["all"] = {"kind": "random", "units": 10**15}
    assert "populations.all.units" in refusal(study)


@pytest.mark.parametrize("weights", ["pretrained", "imagenet", "True"])
def test_weights_that_other_libraries_call_so(study, weights):
    found = refusal(study, weights=weights)
    assert "IMAGENET1K_V1, IMAGENET1K_V2" in found
    found = refusal(study, kind="python", factory="torchvision.models:resnet18", architecture=None)
    assert "pretrained: true" in found


def test_networks_of_clips(study):
    found = refusal(study, architecture="r3d_18")
    assert "networks.net.architecture: r3d_18" in found
    assert "preprocess" not in found


def test_random_numbers_follow_from_the_seed_and_the_name(study):
    study["networks"]["net"]["stochastic"] = "seeded"
    seed = config.resolve(study).config["networks"]["net"]["noise_seed"]
    assert seed != config.resolve(study | {"seed": 1}).config["networks"]["net"]["noise_seed"]
    study["networks"]["net"]["stochastic"] = None
    assert "noise_seed" not in config.resolve(study).config["networks"]["net"]
