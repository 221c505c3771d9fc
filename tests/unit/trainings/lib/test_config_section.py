"""A training's section is checked when the plan is made, without running the user's file."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from messages import says

from repscape import config
from repscape.core.errors import ConfigError
from repscape.plugin import registry

NET = {
    "kind": "python", "factory": "repscape.networks.lib.tilt_cnn:make",
    "kwargs": {"height": 48, "width": 64},
    "classes": 0, "weights": "random", "seed": 12, "layers": "all",
    "preprocess": {"resize": None, "crop": [48, 64], "mean": [0, 0, 0], "std": [1, 1, 1]},
}  # fmt: skip
TRAINING = {"kind": "sgd", "loss": "binary", "stimulus": "training", "held_out": "test"}
SHAPES = {"stimulus": "more_shapes", "held_out": "shapes", "target": "obj"}
SMALL = {
    "study": "small",
    "stimuli": {
        "training": {"kind": "tilt_gratings", "random": 20},
        "test": {"kind": "tilt_gratings", "random": 10},
        "gratings": {"kind": "tilt_gratings", "count": 4},
        "shapes": {"kind": "shapes", "objects": 3, "size": [48, 64]},
        "more_shapes": {"kind": "shapes", "objects": 4, "views": 2, "size": [48, 64]},
    },
    "networks": {"trained": NET | {"training": TRAINING, "stimuli": ["gratings"]}, "untrained": NET},
    "populations": {"all": {"kind": "all"}},
    "samples": [{"population": "all"}],
}
MINE = """
from typing import Literal
from repscape.plugin.contract import Training, parameter

class Mine(Training):
    \"\"\"A training of one's own.\"\"\"

    epochs: int = parameter("How many.", 3, ge=1)
    rate: float = parameter("How fast.")
    flavour: Literal["a", "b"] = parameter("Which.", "a")
    sizes: list[int] | None = parameter("How large.", None)

    def train(self, network, training, held_out):
        import nothing_that_is_installed
        yield [0.0]
"""


@pytest.fixture(autouse=True)
def tables(tmp_path_factory, monkeypatch):
    """Tables of layers are made once for all of these tests."""
    monkeypatch.setenv("REPSCAPE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def small():
    return copy.deepcopy(SMALL)


@pytest.fixture
def mine(tmp_path):
    """A folder of plugins with a training."""
    (tmp_path / "lab/trainings").mkdir(parents=True)
    (tmp_path / "lab/trainings/mine.py").write_text(MINE)
    yield [str(tmp_path / "lab")]
    registry.use([])


def mistakes(section, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(section, sort_keys=False))
    with pytest.raises(ConfigError) as caught:
        config.resolve(section, [path])
    return str(caught.value)


def test_defaults(small):
    study = config.resolve(small)
    trained, untrained = (study.config["networks"][name] for name in ("trained", "untrained"))
    assert untrained["training"] is None
    training = trained["training"]
    assert training | {"seed": 0} == TRAINING | {
        "target": "label", "seed": 0, "device": "auto", "threads": 1, "epochs": 25, "batch": 100,
        "learning_rate": 0.0005, "momentum": 0.99,
    }  # fmt: skip
    small["seed"] = 1
    assert config.resolve(small).config["networks"]["trained"]["training"]["seed"] != training["seed"]
    assert study.layers["trained"] == study.layers["untrained"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "sdg"}, "training.kind: 'sdg' … 'sgd'"),
        ({"kind": None}, "training: … 'kind' … sgd"),
        ({"epoch": 3}, "training.epoch: … 'epochs'"),
        ({"epochs": 0}, "training.epochs: … 1 … 0"),
        ({"momentum": 1}, "training.momentum: … 1"),
        ({"loss": "square"}, "training.loss: … 'binary' … 'classes' … 'square'"),
        ({"stimulus": "trainings"}, "training.stimulus: 'trainings' … 'training'"),
        ({"held_out": "tests"}, "training.held_out: 'tests' … 'test'"),
        ({"held_out": "training"}, "training.held_out: … 'training'"),
        ({"target": "tilt"}, "training.target: … 'training' … 'tilt'"),
        ({"loss": "classes"}, "training: loss: … 'classes' … one"),
        (SHAPES | {"stimulus": "shapes", "held_out": "more_shapes"}, "training.held_out: … obj004"),
        (SHAPES, "training: loss: … 4 classes"),
        (SHAPES | {"target": "view"}, "training.target: … 'shapes' … 'view'"),
    ],
)  # fmt: skip
def test_mistakes(small, tmp_path, change, said):
    small["networks"]["trained"]["training"] = TRAINING | change
    says(mistakes(small, tmp_path), said)


def test_outputs_of_a_classifier_are_compared_with_the_classes_of_the_target(small, tmp_path):
    network = {"kind": "torchvision", "architecture": "alexnet", "weights": "random", "layers": "blocks"}
    training = {"kind": "sgd", "stimulus": "more_shapes", "held_out": "shapes", "target": "obj"}
    small["networks"] = {"net": network | {"training": training}}
    says(mistakes(small, tmp_path), "networks.net.training: loss: … 1000 … 'classes'")
    small["networks"]["net"]["classes"] = 4
    config.resolve(small)


def test_only_random_gratings_depend_on_the_seed(small):
    before = config.resolve(small).config["stimuli"]
    small["seed"] = 1
    after = config.resolve(small).config["stimuli"]
    assert {name for name in after if after[name] != before[name]} == {
        "training", "test", "shapes", "more_shapes"
    }  # fmt: skip


def test_a_network_is_not_trained_on_what_it_makes(small, tmp_path):
    small["stimuli"]["attacked"] = {"kind": "adversarial", "of": "training", "network": "trained"}
    small["networks"]["trained"]["training"] = TRAINING | {"stimulus": "attacked"}
    says(mistakes(small, tmp_path), "attacked ← attacked")


def test_a_training_of_ones_own(small, mine, tmp_path):
    small["plugins"] = mine
    training = {key: TRAINING[key] for key in ("stimulus", "held_out")} | {"kind": "mine"}
    small["networks"]["trained"]["training"] = training | {"rate": 0.5, "sizes": [3]}
    found = config.resolve(small).config["networks"]["trained"]["training"]
    assert {key: found[key] for key in ("epochs", "rate", "flavour", "sizes")} == {
        "epochs": 3, "rate": 0.5, "flavour": "a", "sizes": [3]
    }  # fmt: skip
    assert found["seed"] > 0
    small["networks"]["trained"]["training"] = training | {"rtae": 0.5, "epochs": "many"}
    says(mistakes(small, tmp_path), "training.rate: ", "training.rtae: … 'rate'", "training.epochs: … 'many'")


def test_the_example_of_the_documents(small):
    """A network that is trained, and its twin of the same weights."""
    text = (Path(__file__).parents[4] / "workflow/docs/guide/networks.md").read_text()
    (example,) = (block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "held_out" in block)
    small["stimuli"] |= {
        name: {"kind": "tilt_gratings", "random": 20} for name in ("training_gratings", "test_gratings")
    }
    study = config.resolve(small | yaml.safe_load(example))
    trained, untrained = (study.config["networks"][name] for name in ("trained", "untrained"))
    assert trained["training"]["loss"] == "binary"
    assert untrained["training"] is None
    assert trained | {"training": None} == untrained
    assert study.stimuli_of("trained") == ("gratings",)
