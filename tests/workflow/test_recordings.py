"""Recordings that are RDMs: read, read again when what they follow from changes, refused when wrong."""

import copy
import os

import numpy as np
import pytest
import xarray as xr
from messages import says
from project import Project
from scipy.io import savemat
from scipy.spatial.distance import pdist, squareform

CONFIG = {
    "study": "small",
    "stimuli": {
        "objects": {"kind": "mat", "path": "objects.mat", "variable": "objects", "factors": ["animal"]},
        "noise": {"kind": "white_noise", "count": 4, "size": [8, 8]},
    },
    "networks": {"net": {"kind": "torchvision", "architecture": "squeezenet1_1", "weights": "random"}},
    "recordings": {
        "people": {
            "kind": "mat_rdms",
            "path": "people.mat",
            "variable": "RDMs",
            "names": "hIT | {subject} | {session}",
            "stimulus": "objects",
        },
        "lab": {"kind": "rdms", "path": "lab/{subject}.csv", "stimulus": "noise"},
    },
    "populations": {"random": {"kind": "random", "units": 10}},
    "samples": [{"population": "random"}],
    "analyses": {"subjects": {"kind": "mean_rdm", "of": "people", "over": ["session"]}},
    "figures": {"rdms_side_by_side": {"of": "people", "by": "animal"}},
}


def rdm(seed, count=4):
    return squareform(pdist(np.random.default_rng(seed).normal(size=(count, 9))))


def save_objects(folder, count=4):
    objects = np.empty((1, count), [("animal", object), ("image", object)])
    for at in range(count):
        objects[0, at] = (np.uint8(at % 2), np.full((8, 8, 3), 10 * at, np.uint8))
    savemat(folder / "objects.mat", {"objects": objects})


def save_people(folder, matrices):
    people = np.empty(len(matrices), [("RDM", object), ("name", object)])
    for at, matrix in enumerate(matrices):
        people[at] = (matrix, f"hIT | {'BE' if at < 2 else 'KO'} | {at % 2}")
    savemat(folder / "people.mat", {"RDMs": people.reshape(1, -1)})


def save_lab(folder, name, matrix):
    (folder / "lab").mkdir(exist_ok=True)
    names = [f"noise_{at:06d}" for at in range(len(matrix))]
    np.savetxt(folder / f"lab/{name}.csv", matrix, delimiter=",", header=",".join(names), comments="")


def made(folder, config=CONFIG):
    project = Project.create(folder, config)
    save_objects(project.folder)
    save_people(project.folder, [rdm(seed) for seed in range(4)])
    for seed, name in enumerate(("BE", "KO")):
        save_lab(project.folder, name, rdm(seed))
    return project


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """A project whose recordings are read. Do not change it: copy it."""
    project = made(tmp_path_factory.mktemp("read") / "project")
    project.run("recordings", "subjects", "rdms_side_by_side")
    return project


@pytest.fixture
def project(read, tmp_path):
    return Project.copy(read, tmp_path / "project")


TARGETS = ("recordings", "subjects", "rdms_side_by_side")
OF_PEOPLE = {"recording recording=people", "subjects", "rdms_side_by_side"}


def test_what_is_read(read):
    names = [xr.open_dataset(read.folder / "results/small/stimuli/noise.nc").name.values.tolist()]
    with xr.open_dataset(read.folder / "results/small/recordings/lab.nc") as lab:
        assert lab.subject.values.tolist() == ["BE", "KO"]
        assert [lab.image.values.tolist()] == names
        np.testing.assert_allclose(squareform(lab.dissimilarity[1]), rdm(1), rtol=1e-12)
        assert lab.attrs["kind"] == "recording"
    with xr.open_dataset(read.folder / "results/small/analyses/subjects.nc") as subjects:
        assert subjects.image.values.tolist() == [f"image_{at}" for at in range(1, 5)]
        np.testing.assert_allclose(squareform(subjects.dissimilarity[1]), (rdm(2) + rdm(3)) / 2)


def test_nothing_reruns(project):
    assert project.plan(*TARGETS) - {"recordings"} == set()


def test_a_changed_recording(project):
    """Also one with an older date, if its size is another."""
    save_people(project.folder, [rdm(seed) for seed in range(5, 10)])
    os.utime(project.folder / "people.mat", (1, 1))
    assert project.plan(*TARGETS) - {"recordings"} == OF_PEOPLE


def test_one_more_file_of_a_recording(project):
    save_lab(project.folder, "TI", rdm(5))
    assert project.plan(*TARGETS) - {"recordings"} == {"recording recording=lab"}


def test_a_key_of_a_recording(project):
    config = project.config
    config["recordings"]["people"]["area"] = "IT"
    project.write_config(config)
    assert project.plan(*TARGETS) - {"recordings"} == OF_PEOPLE


def test_another_stimulus(project):
    config = project.config
    config["stimuli"]["noise"]["seed"] = 3
    project.write_config(config)
    expected = {"stimulus stimulus=noise", "recording recording=lab"}
    assert project.plan(*TARGETS) - {"recordings"} == expected


def test_code_of_a_source(project):
    path = project.folder / "workflow/repscape/recordings/rdms.py"
    path.write_text(path.read_text().replace("def _csv(", "CHANGED = 1\n\n\ndef _csv(", 1))
    assert project.plan(*TARGETS) - {"recordings"} == {"recording recording=lab"}


def test_bad_recordings(tmp_path):
    config = copy.deepcopy(CONFIG)
    people = config["recordings"]["people"]
    config["recordings"] |= {
        "variable": people | {"variable": "rdms"},
        "pattern": people | {"names": "mIT | {neurons}"},
        "count": people | {"stimulus": "noise", "path": "many.mat"},
        "no_mat": people | {"path": "objects.csv"},
        "asymmetric": config["recordings"]["lab"] | {"path": "bad/{subject}.csv"},
    }
    project = made(tmp_path / "project", config)
    (project.folder / "objects.csv").write_text("a,b\n")
    save_people(project.folder, [rdm(seed, 5) for seed in range(4)])
    (project.folder / "people.mat").rename(project.folder / "many.mat")
    save_people(project.folder, [rdm(seed) for seed in range(4)])
    matrix = rdm(0)
    matrix[0, 1] += 1
    save_lab(project.folder, "BE", matrix)
    (project.folder / "lab").rename(project.folder / "bad")
    save_lab(project.folder, "BE", rdm(0))
    done = project.run("--keep-going", "recordings", check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    for name, said in {
        "variable": "people.mat: … 'rdms' … 'RDMs'",
        "pattern": "'mIT | {neurons}' … 'RDMs' … 'hIT | BE | 0'",
        "count": "5 … 'noise' … 4",
        "no_mat": "objects.csv: ",
        "asymmetric": "noise_000000 … noise_000001",
    }.items():
        told = done.stderr.partition(f"repscape: recording (recording={name}) failed: ")[2]
        says(told.partition("[log:")[0], said)
    assert sorted(os.listdir(project.folder / "results/small/recordings")) == ["lab.nc", "people.nc"]
