"""A training's section is checked when the plan is made, without running the user's file."""

import copy
import re
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from repscape import config
from repscape.core.errors import ConfigError
from repscape.networks.lib import layer_table_cache
from repscape.networks.lib.layer_table_job import main as tabulate
from repscape.trainings.lib.signature import hyperparameters

NET = {
    "source": "python", "factory": "repscape.networks.lib.tilt_cnn:make",
    "kwargs": {"height": 48, "width": 64},
    "classes": 0, "weights": "random", "seed": 12, "layers": "all",
    "preprocess": {"resize": None, "crop": [48, 64], "mean": [0, 0, 0], "std": [1, 1, 1]},
}  # fmt: skip
TRAINING = {"function": "sgd", "loss": "binary", "stimulus": "training", "held_out": "test"}
SHAPES = {"stimulus": "more_shapes", "held_out": "shapes", "target": "obj"}
SMALL = {
    "study": "small",
    "stimuli": {
        "training": {"source": "tilt_gratings", "random": 20},
        "test": {"source": "tilt_gratings", "random": 10},
        "gratings": {"source": "tilt_gratings", "count": 4},
        "shapes": {"source": "shapes", "objects": 3, "size": [48, 64]},
        "more_shapes": {"source": "shapes", "objects": 4, "views": 2, "size": [48, 64]},
    },
    "networks": {"trained": NET | {"training": TRAINING, "stimuli": ["gratings"]}, "untrained": NET},
    "populations": {"all": {"select": "all"}},
    "samples": [{"population": "all"}],
}
OWN = '''
import nothing_that_is_installed

RATE = 0.1

def train(network, training, held_out, *, epochs: int = 3, rate: float, kind: Literal["a", "b"] = "a",
          warm=False, sizes: list[int] | None = None, momentum=1, seed, other: Thing = None):
    yield [0.0]

def computed(network, training, held_out, *, rate=RATE):
    yield [0.0]

def alone(network, *, epochs=3):
    yield [0.0]

def open_ended(*given, epochs=3):
    yield [0.0]
'''  # fmt: skip


@pytest.fixture(autouse=True)
def tables(tmp_path_factory, monkeypatch):
    """Tables of layers are made once for all of these tests, in this process."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("REPSCAPE_CACHE", str(folder))
    monkeypatch.setattr(
        "repscape.networks.lib.layer_table_cache._make",
        lambda source, arguments, path: (
            path.parent.mkdir(parents=True, exist_ok=True),
            tabulate(source, arguments, Path(f"{path}.new"), Path(f"{path}.error")),
            layer_table_cache._keep(Path(f"{path}.new"), path),
        ),
    )


@pytest.fixture
def small():
    return copy.deepcopy(SMALL)


@pytest.fixture
def own(tmp_path):
    (tmp_path / "train.py").write_text(OWN)
    return tmp_path / "train.py"


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
        ({"function": "sdg"}, "training.function: 'sdg' is unknown; did you mean 'sgd'? Valid: sgd. Or path"),
        ({"function": None}, "training.function: expected sgd, or path/to/file.py:function; found None"),
        ({"function": "no/file.py:train"}, "no/file.py: cannot be read (No such file"),
        ({"epoch": 3}, "training.epoch: unknown key; did you mean 'epochs'?"),
        ({"epochs": 0}, "training.epochs: expected greater than or equal to 1; found 0"),
        ({"momentum": 1}, "training.momentum: expected less than 1"),
        ({"loss": "square"}, "training.loss: expected 'binary' or 'classes'; found 'square'"),
        ({"stimulus": "trainings"}, "training.stimulus: 'trainings' is unknown; did you mean 'training'?"),
        ({"held_out": "tests"}, "training.held_out: 'tests' is unknown; did you mean 'test'?"),
        ({"held_out": "training"}, "'training' is what the network is trained on. Hold out other images."),
        ({"target": "tilt"}, "neither a factor of 'training' nor 'label': 'tilt' is unknown"),
        ({"loss": "classes"}, "more than one; the network has one output"),
        (SHAPES | {"stimulus": "shapes", "held_out": "more_shapes"}, "network is not trained on: obj004"),
        (SHAPES, "the network has one output, the target 4 classes"),
        (SHAPES | {"target": "view"}, "neither a factor of 'shapes' nor 'label': 'view' is unknown"),
    ],
)  # fmt: skip
def test_mistakes(small, tmp_path, change, said):
    small["networks"]["trained"]["training"] = TRAINING | change
    assert said in mistakes(small, tmp_path)


def test_outputs_of_a_classifier_are_compared_with_the_classes_of_the_target(small, tmp_path):
    network = {"source": "torchvision", "architecture": "alexnet", "weights": "random", "layers": "blocks"}
    training = {"function": "sgd", "stimulus": "more_shapes", "held_out": "shapes", "target": "obj"}
    small["networks"] = {"net": network | {"training": training}}
    said = mistakes(small, tmp_path)
    assert "networks.net.training: loss: expected as many outputs as classes" in said
    assert "the network has 1000 outputs. Set the network's 'classes'" in said
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
    small["stimuli"]["attacked"] = {"source": "adversarial", "of": "training", "network": "trained"}
    small["networks"]["trained"]["training"] = TRAINING | {"stimulus": "attacked"}
    assert "a stimulus cannot be made from itself: attacked ← attacked" in mistakes(small, tmp_path)


def test_hyperparameters_are_read_without_running_the_file(own):
    assert hyperparameters(f"{own}:train") == {
        "epochs": (int, 3),
        "rate": (float, ...),
        "kind": (Literal["a", "b"], "a"),
        "warm": (bool, False),
        "sizes": (list[int] | None, None),
        "momentum": (int | float, 1),
        "seed": (Any, ...),
        "other": (Any, None),
    }
    assert hyperparameters(f"{own}:open_ended") == {"epochs": (int | float, 3)}


@pytest.mark.parametrize(
    "annotation",
    ["'number of epochs'", "Literal[K]", "list[Literal[K]]", "'None | None'", "list[...]", "dict[int]"],
)
def test_annotations_that_say_no_type_accept_anything(tmp_path, annotation):
    file = tmp_path / "train.py"
    file.write_text(f"def train(network, training, held_out, *, epochs: {annotation} = 3): ...")
    assert hyperparameters(f"{file}:train") == {"epochs": (Any, 3)}


def test_functions_that_cannot_train(own):
    with pytest.raises(ConfigError, match="'rate': its default, RATE, cannot be known without running"):
        hyperparameters(f"{own}:computed")
    with pytest.raises(
        ConfigError, match=r"expected def alone\(network, training, held_out, .*found alone\(network"
    ):
        hyperparameters(f"{own}:alone")
    with pytest.raises(ConfigError, match="function 'trian' is unknown; did you mean 'train'"):
        hyperparameters(f"{own}:trian")


def test_a_function_of_ones_own(small, own, tmp_path):
    training = {key: TRAINING[key] for key in ("stimulus", "held_out")} | {"function": f"{own}:train"}
    small["networks"]["trained"]["training"] = training | {"rate": 0.5, "sizes": [3], "momentum": 0.9}
    found = config.resolve(small).config["networks"]["trained"]["training"]
    assert {key: found[key] for key in ("epochs", "rate", "kind", "warm", "sizes", "momentum")} == {
        "epochs": 3, "rate": 0.5, "kind": "a", "warm": False, "sizes": [3], "momentum": 0.9
    }  # fmt: skip
    assert found["seed"] > 0
    small["networks"]["trained"]["training"] = training | {"rtae": 0.5, "epochs": "many"}
    said = mistakes(small, tmp_path)
    assert "training.rate: this key is required" in said
    assert "training.rtae: unknown key; did you mean 'rate'?" in said
    assert "training.epochs: expected a whole number" in said


def test_the_example_of_the_documents(small):
    """A network that is trained, and its twin of the same weights."""
    text = (Path(__file__).parents[4] / "config/README.md").read_text()
    (example,) = (block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "held_out" in block)
    small["stimuli"] |= {
        name: {"source": "tilt_gratings", "random": 20} for name in ("training_gratings", "test_gratings")
    }
    study = config.resolve(small | yaml.safe_load(example))
    trained, untrained = (study.config["networks"][name] for name in ("trained", "untrained"))
    assert trained["training"]["loss"] == "binary"
    assert untrained["training"] is None
    assert trained | {"training": None} == untrained
    assert study.stimuli_of("trained") == ("gratings",)
