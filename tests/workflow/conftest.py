import pytest
from filelock import FileLock
from project import Project, make_pictures

CONFIG = {
    "study": "small",
    "stimuli": {
        "white_noise": {"kind": "white_noise", "count": 4, "size": [64, 64]},
        "gratings": {"kind": "gratings", "count": 4, "size": [64, 64]},
        "pictures": {"kind": "images", "path": "pictures", "size": [64, 64]},
    },
    "networks": {
        "squeezenet": {
            "kind": "torchvision",
            "architecture": "squeezenet1_1",
            "weights": "random",
            "preprocess": {"resize": 64, "crop": 64},
            "layers": ["input", "conv1", "relu2", "predictions"],
        },
    },
    "populations": {
        "random": {"kind": "random", "units": 300},
        "filter_means": {"kind": "filter_means"},
    },
    "samples": [
        {"population": "random", "sizes": [20, 100], "repeats": [3, 1]},
        {"population": "filter_means"},
    ],
    "rdms": {"normalisation": "zscore", "metrics": ["sqeuclidean", "correlation"]},
    "analyses": {"differentiation": {"reference": "white_noise"}},
    "figures": {"differentiation_by_depth": {}, "rdm_gallery": {}, "layer_table": {}},
}


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id) -> Project:
    """The small study after a complete run, once for all workers. Do not change it: copy it (`project`)."""
    root = tmp_path_factory.getbasetemp()
    folder = (root if worker_id == "master" else root.parent) / "finished"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            project = Project.create(tmp_path_factory.mktemp("running") / "project", CONFIG)
            make_pictures(project.folder / "pictures", ["a.png", "b.png", "c.png", "d.png"])
            project.run()
            project.folder.rename(folder)  # only what ran to its end has the name
    return Project(folder)


@pytest.fixture
def project(finished, tmp_path) -> Project:
    """A copy of the finished study, to change."""
    return Project.copy(finished, tmp_path / "project")


@pytest.fixture
def fresh(tmp_path) -> Project:
    """The small study before its first run."""
    project = Project.create(tmp_path / "fresh", CONFIG)
    make_pictures(project.folder / "pictures", ["a.png", "b.png", "c.png", "d.png"])
    return project
