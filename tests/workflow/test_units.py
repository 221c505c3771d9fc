"""Analyses of units in a study: what reruns them, the same bytes twice, mistakes told when planning."""

import pytest
from messages import says
from project import Project

CONFIG = {
    "study": "units",
    "stimuli": {
        "gratings": {"kind": "gratings", "count": 4, "size": [64, 64]},
        "shapes": {"kind": "shapes", "objects": 2, "colors": 2, "views": 3, "size": [64, 64]},
    },
    "networks": {
        "squeezenet": {
            "kind": "torchvision",
            "architecture": "squeezenet1_1",
            "weights": "random",
            "preprocess": {"resize": 64, "crop": 64},
            "layers": ["input", "conv1", "relu2"],
        },
    },
    "populations": {"random": {"kind": "random", "units": 100}},
    "samples": [{"population": "random"}],
    "analyses": {
        "anova": {"factors": ["obj", "color"]},
        "svm": {"target": "obj", "across": "color", "groups": "view", "folds": 3, "permutations": 5},
        "tuning": {},
    },
    "figures": {
        "anova_by_depth": {},
        "anova_maps": {},
        "svm_by_depth": {},
        "cross_decoding": {},
        "tuning_curves": {},
        "tuning_distributions": {},
    },
}
ANOVA = {"anova", "anova_by_depth", "anova_maps"}
SVM = {"svm", "svm_by_depth", "cross_decoding"}
TUNING = {"tuning", "tuning_curves", "tuning_distributions"}
RECORDED = {"population", "activations_squeezenet"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = Project.create(tmp_path_factory.mktemp("units") / "project", CONFIG)
    project.run()
    return project


@pytest.fixture
def project(finished, tmp_path):
    return Project.copy(finished, tmp_path / "project")


def rules(project):
    return {job.split()[0] for job in project.plan()}


@pytest.mark.slow
def test_results_and_one_core_more(finished, tmp_path):
    other = Project.create(tmp_path / "other", CONFIG)
    other.run("--cores", "1")
    results = finished.results()
    assert {
        "units/analyses/anova.nc",
        "units/analyses/svm.csv",
        "units/analyses/tuning.csv",
        "units/figures/anova_maps.svg",
    } <= set(results)
    assert other.results() == results
    assert finished.plan() == set()


def test_other_weights(project):
    config = project.config
    config["networks"]["squeezenet"]["seed"] = 9
    project.write_config(config)
    assert rules(project) == {"network"} | RECORDED | ANOVA | SVM | TUNING


def test_one_more_layer_and_chosen_layers(project):
    config = project.config
    config["networks"]["squeezenet"]["layers"].append("relu3")
    project.write_config(config)
    assert rules(project) == RECORDED | ANOVA | SVM | TUNING
    config["analyses"]["anova"]["layers"] = config["analyses"]["svm"]["layers"] = ["conv1"]
    project.write_config(config)
    assert rules(project) >= {"anova", "svm"}


def test_what_another_stimulus_and_docstrings_do_not_concern(project):
    path = project.folder / "workflow/repscape/traced/runner.py"
    path.write_text(path.read_text().replace('"""Show all images', '"""Show every image', 1))
    config = project.config
    config["stimuli"]["noise"] = {"kind": "white_noise", "count": 4, "size": [64, 64]}
    project.write_config(config)
    assert rules(project) & (ANOVA | SVM | TUNING) == set()
    path = project.folder / "workflow/repscape/analyses/lib/anova_sums.py"
    path.write_text(path.read_text().replace("1 << 14", "1 << 13"))
    assert rules(project) & (ANOVA | SVM) == ANOVA


def test_mistakes_are_told_when_planning(project):
    config = project.config
    config["stimuli"]["shapes"]["colors"] = 1
    config["analyses"]["svm"]["target"] = "object"
    config["analyses"]["tuning"]["factor"] = "direction"
    project.write_config(config)
    done = project.run("--dry-run", check=False)
    assert done.returncode != 0
    says(done.stderr + done.stdout, "'color'", "'object' … 'obj'", "'direction'")
    assert "Traceback" not in done.stderr
