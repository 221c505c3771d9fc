"""A Slurm of one node, and a small study that has run through it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from project import Project
from running import Cluster

NEEDED = ("munge", "munged", "slurmctld", "slurmd", "squeue")
CONFIG = {
    "study": "small",
    "stimuli": {
        "white_noise": {"kind": "white_noise", "count": 4, "size": [64, 64]},
        "gratings": {"kind": "gratings", "count": 4, "size": [64, 64]},
    },
    "networks": {
        "squeezenet": {
            "kind": "torchvision",
            "architecture": "squeezenet1_1",
            "weights": "random",
            "preprocess": {"resize": 64, "crop": 64},
            "layers": ["input", "conv1", "predictions"],
        },
    },
    "populations": {"random": {"kind": "random", "units": 300}},
    "samples": [{"population": "random", "sizes": [20], "repeats": [3]}],
    "analyses": {"differentiation": {"reference": "white_noise"}},
    "figures": {"differentiation_by_depth": {}},
}


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """Start a Slurm and stop it at the end.

    It takes root and writes /etc/slurm, which nobody expects of tests: it must be asked for, by
    REPSCAPE_SLURM=1. Then it must also be had, or the tests fail.
    """
    if os.environ.get("REPSCAPE_SLURM") != "1":
        pytest.skip("REPSCAPE_SLURM=1, as root, starts a Slurm on this machine and tests on it")
    missing = [command for command in NEEDED if shutil.which(command) is None]
    if os.geteuid() or missing:
        found = (
            f"no {', '.join(missing)} (apt-get install slurmctld slurmd slurm-client munge)"
            if missing
            else ""
        )
        pytest.fail(
            f"REPSCAPE_SLURM=1 needs root and Slurm; user {os.geteuid()}; {found or 'Slurm is there'}"
        )
    folder = tmp_path_factory.mktemp("slurm")
    scripts = Path(__file__).parent
    subprocess.run([scripts / "start_slurm.sh", folder], check=True)
    try:
        yield Cluster(folder)
    finally:
        subprocess.run([scripts / "stop_slurm.sh", folder], check=True)


@pytest.fixture(scope="session")
def here(tmp_path_factory) -> Project:
    """The study after a run without Slurm."""
    project = Project.create(tmp_path_factory.mktemp("here") / "project", CONFIG)
    project.run()
    return project


@pytest.fixture(scope="session")
def through_slurm(slurm, tmp_path_factory) -> Project:
    """The study after an undisturbed run through Slurm. Do not change it: copy it (`part`)."""
    project = Project.create(tmp_path_factory.mktemp("cluster") / "project", CONFIG)
    slurm.run(project)
    return project


@pytest.fixture
def part(through_slurm, tmp_path) -> Project:
    """That study without what follows from the gratings."""
    project = Project.copy(through_slurm, tmp_path / "project")
    for folder in ("analyses", "figures", "activations/squeezenet/gratings", "rdms/squeezenet/gratings"):
        shutil.rmtree(project.folder / "results/small" / folder)
    return project
