"""What labels of RDMs are is asked of the analysis that makes them, before its job runs."""

import pytest

from repscape.core.errors import ConfigError
from repscape.figures.lib import rdm_labels
from repscape.study.study import Study


@pytest.fixture
def study():
    spaces = {
        "kind": "meta_rdm", "of": "colors", "entries": ["obj"], "groups": None, "where": {"layer": ["input"]},
        "comparisons": ["pearson", "euclidean"], "permutations": 0,
    }  # fmt: skip
    means = {"kind": "mean_rdm", "of": "colors", "over": ["repeat"], "where": None}
    sets = {"colors": {"stimulus": "shapes", "by": ["obj"], "entries": ["color"]}}
    return Study(
        name="s",
        stimuli=("shapes",),
        layers={"net": ("input", "conv1")},
        samples={"all": ("all",)},
        metrics=("correlation", "sqeuclidean"),
        analyses=("means", "spaces"),
        config={"rdms": {"sets": sets}, "analyses": {"spaces": spaces, "means": means}},
    )


def test_values_are_those_of_what_goes_in_unless_the_analysis_says_others(study):
    assert rdm_labels.values(study, "means", "metric") == ["correlation", "sqeuclidean"]
    assert rdm_labels.values(study, "spaces", "metric") == ["pearson", "euclidean"]
    assert rdm_labels.values(study, "spaces", "metric_sub") == ["correlation", "sqeuclidean"]
    assert rdm_labels.values(study, "spaces", "layer") == ["input"]
    assert rdm_labels.values(study, ["spaces", "means"], "repeat") is None


def test_entries_are_those_of_what_goes_in_unless_the_analysis_says_others(study):
    assert rdm_labels.of_entries(study, "means") == ["color"]
    assert rdm_labels.of_entries(study, "spaces") == ["obj"]
    assert rdm_labels.of_entries(study, ["spaces", "means", "all_images"]) == ["obj", "color", "image"]


def test_labels_and_values_that_there_are_not(study):
    rdm_labels.check_where(study, "means", {"layer": "conv1"}, ["layer"])
    with pytest.raises(ConfigError, match=r"where.*layr.*layer"):
        rdm_labels.check_where(study, "means", {"layr": "conv1"}, ["layer"])
    with pytest.raises(ConfigError, match=r"where.*layer.*conv2.*conv1"):
        rdm_labels.check_where(study, "means", {"layer": "conv2"}, ["layer"])
