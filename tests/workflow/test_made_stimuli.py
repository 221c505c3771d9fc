"""Stimuli made from other stimuli and from a network: what they are, and what reruns with them."""

import copy
import json
import re

import numpy as np
import pytest
import xarray as xr
from conftest import CONFIG
from project import Project, make_pictures

MADE = {
    "scrambled": {"kind": "phase_scramble", "of": "pictures", "method": "spatial_phase_2d"},
    "fooling": {
        "kind": "adversarial",
        "of": "pictures",
        "network": "squeezenet",
        "epsilon": 16,
        "steps": 10,
        "targeted": 269,
    },
    "chosen": {
        "kind": "selected",
        "of": "fooling",
        "network": "squeezenet",
        "category": 269,
        "probability": 0.0,
    },
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Project:
    """The stimuli of a study, complete. Do not change it: copy it."""
    config = copy.deepcopy(CONFIG)
    config["stimuli"] |= MADE
    config["figures"] = {"preprocessing_gallery": {}}
    project = Project.create(tmp_path_factory.mktemp("made") / "project", config)
    make_pictures(project.folder / "pictures", ["a.png", "b.png", "c.png", "d.png"])
    project.run("stimuli", "preprocessing_gallery")
    return project


@pytest.fixture
def project(made, tmp_path) -> Project:
    return Project.copy(made, tmp_path / "project")


def stimulus(project, name):
    with xr.open_dataset(project.folder / f"results/small/stimuli/{name}.nc") as dataset:
        return dataset.load()


def test_what_they_are(made):
    pictures, scrambled, fooling, chosen = (
        stimulus(made, name) for name in ("pictures", "scrambled", "fooling", "chosen")
    )
    for other in (scrambled, fooling):
        assert list(other.name) == list(pictures.name)
        assert other.sizes == pictures.sizes
        assert other.attrs["of_sha256"] == pictures.attrs["sha256"] != other.attrs["sha256"]
    # the mean of an image stays, but for what was clipped
    moved = scrambled.images.mean(("y", "x")) - pictures.images.mean(("y", "x"))
    assert abs(moved).max() < 255 * scrambled.attrs["clipped_share"] + 0.5
    assert json.loads(scrambled.attrs["parameters"])["method"] == "spatial_phase_2d"
    change = abs(fooling.images.astype(float) - pictures.images)
    assert 1 <= change.max() <= 16
    after = fooling.attrs["category_after"]
    assert fooling.attrs["success_rate"] == np.mean([name == "269" for name in after]) >= 0.75
    assert "269" not in fooling.attrs["category_before"]
    kept = [index for index, name in enumerate(after) if name == "269"]
    assert list(chosen.name) == list(fooling.name[kept])
    np.testing.assert_array_equal(chosen.images, fooling.images[kept])
    assert len(chosen.attrs["network_sha256"]) == 64


def test_their_preprocessing_begins_with_what_was_made(made):
    path = made.folder / "results/small/analyses/preprocessing.nc"
    for name in ("fooling", "chosen"):
        with xr.open_dataset(path, group=f"squeezenet/{name}") as steps:
            np.testing.assert_array_equal(steps.original, stimulus(made, name).images[0])


def test_nothing_reruns(project):
    assert project.plan("stimuli", "preprocessing_gallery") == set()


@pytest.mark.slow
def test_a_new_picture_of_the_parent(project):
    make_pictures(project.folder / "pictures", ["e.png"], seed=3)
    names = ("pictures", "scrambled", "fooling", "chosen")
    assert project.plan("stimuli") == {"stimuli"} | {f"stimulus stimulus={name}" for name in names}
    project.run("stimuli")
    assert len(stimulus(project, "scrambled").name) == 5
    assert project.plan("stimuli") == set()


def test_a_parameter(project):
    config = project.config
    config["stimuli"]["scrambled"]["seed"] = 5
    project.write_config(config)
    assert project.plan("stimuli") == {"stimuli", "stimulus stimulus=scrambled"}
    config["stimuli"]["fooling"]["epsilon"] = 15
    project.write_config(config)
    names = ("scrambled", "fooling", "chosen")
    assert project.plan("stimuli") == {"stimuli"} | {f"stimulus stimulus={name}" for name in names}


def test_another_network(project):
    config = project.config
    config["networks"]["squeezenet"]["seed"] = 77
    project.write_config(config)
    jobs = project.plan("stimuli")
    assert jobs - {"stimuli"} == {
        "network source=squeezenet",
        "stimulus stimulus=fooling",
        "stimulus stimulus=chosen",
    }


def test_mistakes_are_told_before_any_job(project):
    config = project.config
    config["stimuli"]["pictures"]["path"] = "pictures/a.png"
    config["stimuli"]["scrambled"]["method"] = "temporal_phase_1d"
    project.write_config(config)
    done = project.run("stimuli", check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert re.search(r"stimuli\.scrambled.*temporal_phase_1d", said)
    assert "Traceback" not in said
