"""The studies of the notebooks run whole, on small stand-ins and with random weights."""

import shutil
import subprocess
import sys

import pytest
import yaml
from project import REPOSITORY, Project

# The networks see 64 pixels instead of 224; nothing else differs from the configs.
REDUCED = {"networks": {"vgg16": {"preprocess": {"resize": [64, 64], "crop": None}}}}


@pytest.fixture(scope="module")
def studies(tmp_path_factory) -> Project:
    project = Project.create(tmp_path_factory.mktemp("studies") / "project", {})
    for file in REPOSITORY.glob("config/*"):
        shutil.copy(file, project.folder / "config")
    (project.folder / "config/reduced.yaml").write_text(yaml.safe_dump(REDUCED))
    make = [sys.executable, "config/standins.py", "90", "4"]
    subprocess.run(make, cwd=project.folder, check=True)
    return project


@pytest.mark.slow
@pytest.mark.parametrize("study", ["vgg16_mouse", "vgg16_validation"])
def test_study_runs_whole(studies, study):
    files = [f"config/{name}.yaml" for name in (study, "standins", "reduced")]
    studies.run("--configfile", *files)
    config = yaml.safe_load((studies.folder / files[0]).read_text())
    figures = studies.folder / f"results/{study}/figures"
    assert {path.stem for path in figures.glob("*.svg")} == set(config["figures"])
    layers = sorted(
        path.stem for path in (studies.folder / f"results/{study}/activations").rglob("random/*.nc")
    )
    assert set(layers) == set(config["networks"]["vgg16"]["layers"])
    assert len(set(layers)) == 23
