"""Trainings end to end: a network that the study trains, beside its twin; what trains it anew."""

import re

import numpy as np
import pytest
import xarray as xr
from project import REPOSITORY, Project

FACTORY = {
    "kind": "python", "factory": "repscape.networks.lib.tilt_cnn:make",
    "kwargs": {"height": 48, "width": 64},
    "classes": 0, "weights": "random", "seed": 12, "stimuli": ["gratings"],
    "layers": {"pool": "maxpool1", "fc": "fc1", "probability": "sigmoid1"},
    "preprocess": {"resize": None, "crop": [48, 64], "mean": [0, 0, 0], "std": [1, 1, 1]},
}  # fmt: skip
TRAINING = {
    "kind": "adam", "stimulus": "training_gratings", "held_out": "test_gratings", "epochs": 2
}  # fmt: skip
CONFIG = {
    "study": "tilt",
    "plugins": "my_lab",
    "stimuli": {
        "training_gratings": {"kind": "tilt_gratings", "random": 60},
        "test_gratings": {"kind": "tilt_gratings", "random": 20},
        "gratings": {"kind": "tilt_gratings", "count": 6},
    },
    "networks": {
        "trained": FACTORY | {"training": TRAINING},
        "usual": FACTORY | {"training": TRAINING | {"kind": "sgd", "loss": "binary"}},
        "untrained": FACTORY,
    },
    "populations": {"all": {"kind": "all"}},
    "samples": [{"population": "all"}],
    "figures": {"training_curves": {}, "first_filters": {"source": "trained"}},
}
CHAIN = {
    "training source=trained",
    "network source=trained",
    "population population=all source=trained",
    "samples_trained population=all size=all",
    "activations_trained population=all stimulus=gratings",
    "rdms_trained population=all size=all stimulus=gratings",
    "training_curves",
    "first_filters",
}


PLUGIN = "my_lab/trainings/adam.py"


def adam():
    """Return the example of CONTRIBUTING.md."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (found,) = (block for block in blocks if "(Training)" in block)
    return found


def in_order(jobs):
    return {" ".join([job.split()[0], *sorted(job.split()[1:])]) for job in jobs}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tilt")
    project = Project.create(folder / "project", CONFIG)
    (project.folder / PLUGIN).parent.mkdir(parents=True)
    (project.folder / PLUGIN).write_text(adam())
    project.run("rdms", "figures")
    return project


@pytest.fixture
def project(finished, tmp_path):
    return Project.copy(finished, tmp_path / "project")


def plan(project):
    return in_order(project.plan("rdms", "figures")) - {"rdms"}


def change(project, network, **training):
    config = project.config
    config["networks"][network]["training"].update(training)
    project.write_config(config)


@pytest.mark.slow
def test_what_a_training_makes(finished):
    networks = finished.folder / "results/tilt/networks"
    assert not (networks / "untrained/training.nc").exists()
    history = xr.load_dataset(networks / "trained/training.nc")
    assert history.accuracy.shape == (2, 3)
    assert np.isfinite(history.loss).all()
    tables = {name: xr.load_dataset(networks / name / "layers.nc").attrs for name in CONFIG["networks"]}
    assert tables["trained"]["weights"] == "trained by adam on training_gratings"
    assert tables["untrained"]["weights"] == "random"
    assert tables["trained"]["weights_sha256"] == history.attrs["weights_sha256"]
    assert tables["untrained"]["weights_sha256"] == history.attrs["initial_weights_sha256"]
    assert tables["usual"]["weights_sha256"] != tables["trained"]["weights_sha256"]
    activations = finished.folder / "results/tilt/activations"
    assert {path.name for path in activations.glob("*/*")} == {"gratings"}
    found = [xr.load_dataset(activations / f"{name}/gratings/all/fc.nc") for name in ("trained", "untrained")]
    assert not np.allclose(found[0].activation, found[1].activation)
    assert found[0].attrs["weights_sha256"] == history.attrs["weights_sha256"]


@pytest.mark.slow
def test_nothing_reruns_a_training(project):
    assert plan(project) == set()
    path = project.folder / PLUGIN
    path.write_text(f"# a comment\n{path.read_text()}")
    assert plan(project) == set()
    config = project.config
    config["networks"]["trained"] |= {"layers": ["fc1"], "stimuli": ["gratings", "test_gratings"]}
    project.write_config(config)
    jobs = plan(project)
    assert "activations_trained population=all stimulus=test_gratings" in jobs
    assert not {job.split()[0] for job in jobs} & {"training", "network", "stimulus"}


@pytest.mark.slow
def test_a_hyperparameter_trains_anew(project):
    change(project, "trained", epochs=3)
    assert plan(project) == CHAIN
    change(project, "trained", epochs=2)
    assert plan(project) == set()


@pytest.mark.slow
def test_the_training_function_trains_anew(project):
    path = project.folder / PLUGIN
    path.write_text(path.read_text().replace("import torch", "import torch\n\n        changed = 1", 1))
    assert plan(project) == CHAIN


@pytest.mark.slow
def test_the_packages_training_function_trains_what_it_trained(project):
    path = project.folder / "workflow/repscape/trainings/sgd.py"
    path.write_text(path.read_text().replace("import math", "import math\n\nCHANGED = 1", 1))
    jobs = {job for job in plan(project) if "source=" in job or "_" in job}
    assert {"training source=usual", "network source=usual"} <= jobs
    assert not any("trained" in job for job in jobs - {"training_curves"})


@pytest.mark.slow
def test_the_training_stimulus_trains_anew_and_its_twin_stays(project):
    config = project.config
    config["stimuli"]["training_gratings"]["random"] = 61
    project.write_config(config)
    jobs = plan(project)
    assert CHAIN | {"stimulus stimulus=training_gratings", "training source=usual"} <= jobs
    assert not any("untrained" in job for job in jobs)


@pytest.mark.slow
def test_without_its_training_a_network_is_made_anew(project):
    config = project.config
    del config["networks"]["trained"]["training"]
    config["figures"] = {}
    project.write_config(config)
    jobs = plan(project)
    assert "network source=trained" in jobs
    assert not any(job.startswith("training") for job in jobs)


@pytest.mark.slow
def test_a_training_that_diverges_is_told_in_one_line(project):
    code = adam()
    assert "yield losses" in code
    (project.folder / PLUGIN).write_text(code.replace("yield losses", "yield [*losses, float('nan')]"))
    done = project.run("networks", check=False)
    assert done.returncode
    assert re.search(r"repscape: training \(source=trained\) failed: adam: .*nan.*learning_rate", done.stderr)
    assert "Traceback" not in done.stderr
