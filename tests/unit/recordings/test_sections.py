"""Recordings in the config, and as what an analysis is of."""

from pathlib import Path

import pytest
import yaml
from messages import says

from repscape import config
from repscape.analyses.lib import select_rdms
from repscape.core.errors import ConfigError


def study(**changes):
    recording = {
        "kind": "mat_rdms",
        "path": "a.mat",
        "variable": "RDMs",
        "names": "hIT | {subject} | {session}",
        "stimulus": "noise",
        "area": "IT",
    }
    given = {
        "study": "s",
        "stimuli": {"noise": {"kind": "white_noise", "count": 4, "size": [64, 64]}},
        "networks": {"net": {"kind": "torchvision", "architecture": "alexnet", "weights": "random"}},
        "recordings": {"human_it": {**recording, **changes}},
        "populations": {"random": {"kind": "random", "units": 10}},
        "samples": [{"population": "random"}],
        "analyses": {"meta": {"kind": "meta_rdm", "of": "human_it", "entries": ["subject"]}},
    }
    return given


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mat").touch()


def test_a_recording_is_what_an_analysis_is_of():
    resolved = config.resolve(study())
    assert select_rdms.inputs(resolved, "human_it") == {"collection": ["results/s/recordings/human_it.nc"]}
    assert select_rdms.labels(resolved, "human_it")[-2:] == ["subject", "session"]
    assert "subject" not in select_rdms.labels(resolved, "meta")
    with pytest.raises(ConfigError, match=r"where: 'size'.*session,.*subject"):
        select_rdms.inputs(resolved, "human_it", {"size": "all"})
    with pytest.raises(ConfigError, match=r"'human'.*'human_it'"):
        select_rdms.labels(resolved, "human")


def test_the_study_of_the_92_objects():
    path = Path(__file__).parents[3] / "config/objects92.yaml"
    resolved = config.resolve(yaml.safe_load(path.read_text()), [path])
    recordings = {f"results/objects92/recordings/{name}.nc" for name in resolved.config["recordings"]}
    assert len(recordings) == 4
    everything = resolved.config["analyses"]["everything"]
    files = select_rdms.inputs(resolved, everything["of"])["collection"]
    assert recordings < set(files)
    assert len(files) == 4 + 2 * 23


def test_a_study_without_recordings():
    given = study()
    del given["recordings"], given["analyses"]
    assert config.resolve(given).config["recordings"] == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stimulus": "noises"}, "recordings.human_it.stimulus: 'noises' … 'noise'"),
        ({"path": "b.mat"}, "recordings.human_it.path: b.mat"),
        ({"path": "https://a.b/c.mat"}, "recordings.human_it.path: https://a.b/c.mat"),
        ({"kind": "mat"}, "recordings.human_it.kind: 'mat'"),
        ({"variables": "RDMs"}, "recordings.human_it.variables: … 'variable'"),
        ({"names": "{layer}"}, "'layer'"),
        ({"area": "a/b"}, "recordings.human_it.area: 'a/b'"),
    ],
)
def test_mistakes(changes, said):
    with pytest.raises(ConfigError) as caught:
        config.resolve(study(**changes))
    says(str(caught.value), said)


@pytest.mark.parametrize("name", ["net", "all_images", "meta", "differentiation"])
def test_names_that_are_taken(name):
    given = study()
    given["recordings"][name] = given["recordings"].pop("human_it")
    given["analyses"] = {"meta": {"kind": "sd_cd"}}
    with pytest.raises(ConfigError, match=f"recordings.{name}: '{name}'"):
        config.resolve(given)
