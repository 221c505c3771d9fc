"""Recordings of responses in the config, and as sources of a study."""

from pathlib import Path

import numpy as np
import pytest
from messages import says

from repscape import config
from repscape.core.errors import ConfigError
from repscape.study import simulations

NETWORK = {"kind": "torchvision", "architecture": "alexnet", "weights": "random"}


def given(**changes) -> dict:
    measured = {
        "kind": "arrays",
        "path": "v1.npy",
        "stimulus": "noise",
        "area": ["V1", "LM"],
        "area_of": "area",
    }
    return {
        "study": "s",
        "stimuli": {name: {"kind": "gratings", "count": 4, "size": [64, 64]} for name in ("noise", "other")},
        "networks": {"net": NETWORK},
        "recordings": {
            "measured": measured | changes,
            "made": {"kind": "simulated", "stimulus": ["other", "noise"], "samples": {"random": [5]}},
        },
        "populations": {
            "random": {"kind": "random", "units": 10},
            "top": {"kind": "top", "units": 10, "reference": "noise"},
        },
        "samples": [{"population": "random", "sizes": [5, "all"]}, {"population": "top"}],
        "analyses": {
            "few": {"kind": "subset", "of": "all_images", "k": 3, "where": {"source": "made"}},
            "maps": {"kind": "mds", "of": "all_images", "where": {"source": "measured"}},
            "like": {"kind": "meta_rdm", "of": "all_images", "entries": ["layer"], "groups": ["source"]},
            "of_it": {"kind": "mds", "of": "like"},
        },
        "figures": {
            "pictures": {"kind": "subset", "analysis": "few"},
            "map": {"kind": "mds", "analysis": "of_it"},
            "rdm_gallery": {"source": "measured"},
        },
    }


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("v1.npy", np.zeros((4, 3)))


def test_a_recording_is_a_source_beside_networks():
    study = config.resolve(given())
    assert (study.networks, study.recordings, study.given) == (["net"], ["made", "measured"], {})
    assert study.layers["measured"] == ("V1", "LM")
    assert study.layers["made"] == ("recording",)
    assert study.stimuli_of("measured") == ("noise",)
    assert study.stimuli_of("made") == ("noise", "other")
    assert study.samples_of("measured") == {"random": ("5", "all")}
    assert study.samples_of("made") == {"random": ("5",)}
    paths = set(study.rdms())
    assert "results/s/rdms/measured/noise/random/LM/nall.nc" in paths
    assert not any("/measured/other/" in path or "/measured/noise/top/" in path for path in paths)


def test_what_is_behind_analyses_and_figures():
    study = config.resolve(given())
    behind = {name: simulations.behind(study, "analyses", name) for name in study.analyses}
    assert behind == {"few": ["made"], "like": ["made"], "maps": [], "of_it": ["made"]}
    found = {name: simulations.behind(study, "figures", name) for name in study.config["figures"]}
    assert found == {"map": ["made"], "pictures": ["made"], "rdm_gallery": []}


def test_a_key_that_is_null_is_not_there():
    study = config.resolve(given(kind="simulated", path=None, area_of=None, area="V1"))
    assert study.config["recordings"]["measured"]["area"] == ["V1"]
    assert "path" not in study.config["recordings"]["measured"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stimulus": "noises"}, "recordings.measured.stimulus: 'noises' … 'noise'"),
        ({"missing": "ignore"}, "recordings.measured.missing: … 'ignore'"),
        ({"samples": {"top": ["all"]}}, "recordings.measured.samples: 'top'"),
        ({"samples": {"random": [7]}}, "recordings.measured.samples.random: '7'"),
        ({"axes": ["trial"]}, "axes: … trial … neuron"),
        ({"area": ["V1", "a/b"]}, "recordings.measured.area: 'a/b'"),
        ({"area": ["input"]}, "recordings.measured.area: 'input'"),
        ({"path": "v2.npy"}, "recordings.measured.path: v2.npy"),
        ({"metric": "correlation"}, "recordings.measured.metric: "),
    ],
)
def test_mistakes(changes, said):
    with pytest.raises(ConfigError) as caught:
        config.resolve(given(**changes))
    says(str(caught.value), said)


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "arrays", "images": "stimlui"},
        {"kind": "arrays", "responses": "stimlui"},
        {"kind": "arrays", "area_of": "stimlui"},
        {"kind": "traces", "rate": 30, "traces": "stimlui"},
        {"kind": "traces", "rate": 30, "area_of": "stimlui"},
    ],
)
def test_a_variable_that_a_file_does_not_have(keys):
    np.savez("v1.npz", resp=np.zeros((4, 3)), stimuli=np.arange(4))
    *_, key = keys
    said = rf"recordings\.measured\.{key}: v1\.npz: .*'stimlui'.*'stimuli'"
    with pytest.raises(ConfigError, match=rf"{said}.*resp, stimuli"):
        config.resolve(given(path="v1.npz", area=["V1"], **({"area_of": None} | keys)))


@pytest.mark.parametrize("content", [b"PK\x03\x04 cut", b"a,b\n1,2\n"])
def test_what_does_not_tell_its_variables_is_reported_when_it_is_read(content):
    Path("v1.npz").write_bytes(content)
    assert config.resolve(given(path="v1.npz", images="stimlui")).recordings == ["made", "measured"]


def test_neurons_need_a_population_that_they_can_have():
    study = given()
    study["samples"] = [{"population": "top"}]
    study["recordings"]["made"]["samples"] = None
    with pytest.raises(ConfigError, match=r"recordings.measured"):
        config.resolve(study)


def test_analyses_that_run_a_network_take_no_recording():
    study = given()
    study["analyses"], study["figures"] = {"anova": {"source": "measured"}}, {}
    with pytest.raises(ConfigError, match=r"analyses.anova.source: 'measured'.*net"):
        config.resolve(study)
