"""Stimuli and populations that are made from other files of the study."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from messages import says

from repscape import config
from repscape.core.errors import ConfigError
from repscape.io import netcdf
from repscape.plugin import schema
from repscape.plugin.contract import Plugin, parameter
from repscape.plugin.parameter_types import File, NetworkFile, StimulusFile, StimulusFiles
from repscape.stimuli.lib import parent_stimulus

SMALL = {
    "study": "small",
    "stimuli": {
        "noise": {"kind": "white_noise", "count": 4},
        "scrambled": {"kind": "phase_scramble", "of": "noise"},
        "fooling": {"kind": "adversarial", "of": "scrambled", "network": "net"},
        "chosen": {"kind": "selected", "of": "fooling", "network": "net", "category": "tabby"},
        "viewed": {"kind": "views", "of": "noise"},
        "pink": {"kind": "pink_noise"},
    },
    "networks": {
        "net": {"kind": "torchvision", "architecture": "alexnet", "weights": "random", "layers": "blocks"}
    },
    "populations": {"random": {"kind": "random", "units": 300}},
    "samples": [{"population": "random"}],
}


@pytest.fixture
def small():
    return copy.deepcopy(SMALL)


def mistakes(section, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(section, sort_keys=False))
    with pytest.raises(ConfigError) as caught:
        config.resolve(section, [path])
    return str(caught.value)


class Example(Plugin):
    """Stand for a plugin."""

    of: StimulusFile = parameter("A stimulus.")
    among: StimulusFiles = parameter("Stimuli.")
    by: NetworkFile | None = parameter("A network.", None)
    table: File | None = parameter("A file.", None)


def test_names_in_the_config_are_files_in_the_plugin():
    assert schema.made_parameters(Example) == {"of": "stimulus", "among": "stimulus", "by": "network"}
    assert schema.asset_parameters(Example) == ["table"]
    section = schema.model(Example)(kind="example", of="a", among="b").model_dump()
    assert section == {"kind": "example", "of": "a", "among": ["b"], "by": None, "table": None}
    inputs = {"of": "x/a.nc", "among": ["x/b.nc", "x/c.nc"], "by": "x/network.pt", "by_layers": "x/layers.nc"}
    assert schema.made_arguments(Example, inputs) == {
        "of": Path("x/a.nc"),
        "among": [Path("x/b.nc"), Path("x/c.nc")],
        "by": Path("x/network.pt"),
    }


def test_the_study_knows_the_files(small):
    study = config.resolve(small)
    parameters = {"of": "stimulus", "among": "stimulus", "by": "network"}
    assert study.made_from(parameters, {"of": "a", "among": ["b"], "by": "net"}) == {
        "of": "results/small/stimuli/a.nc",
        "among": ["results/small/stimuli/b.nc"],
        "by": "results/small/networks/net/network.pt",
        "by_layers": "results/small/networks/net/layers.nc",
    }
    assert study.made_from(parameters, {"of": None, "among": None, "by": None}) == {}


def test_what_runs_a_network_takes_its_settings_from_activations(small):
    small["activations"] = {"batch": 4, "threads": 2}
    small["device"] = "cpu"
    small["stimuli"]["chosen"]["batch"] = 7
    made = config.resolve(small).config["stimuli"]
    assert {key: made["fooling"][key] for key in ("batch", "threads", "device")} == {
        "batch": 4,
        "threads": 2,
        "device": "cpu",
    }
    assert made["chosen"]["batch"] == 7
    assert "device" not in made["scrambled"]


@pytest.mark.parametrize(
    ("stimulus", "keys", "said"),
    [
        ("scrambled", {"of": "niose"}, r"stimuli\.scrambled\.of.*'niose'.*'noise'"),
        ("fooling", {"network": "nte"}, r"stimuli\.fooling\.network.*'nte'.*'net'"),
        ("scrambled", {"of": "net"}, r"stimuli\.scrambled\.of.*'net'"),
        ("fooling", {"network": None}, "stimuli.fooling.network"),
        (
            "scrambled",
            {"of": "scrambled"},
            "scrambled ← scrambled",
        ),
        ("scrambled", {"size": [64, 64]}, "stimuli.scrambled.size"),
        ("scrambled", {"method": "spatial"}, "'temporal_phase_1d'"),
        ("fooling", {"epsilon": 0.3}, "epsilon.*1"),
        ("fooling", {"targeted": 3, "avoid": [4]}, "'avoid'.*'targeted'"),
        ("chosen", {"probability": 1.0}, "probability.*1"),
        ("viewed", {"path": __file__}, "'path'.*'of'"),
        ("viewed", {"scale": [0.9, 0.2]}, "scale"),
        ("pink", {"contrast": 0}, "contrast.*0"),
        ("pink", {"count": 2}, r"stimuli\.pink.*3.*2"),
    ],
)
def test_one_mistake(small, tmp_path, stimulus, keys, said):
    small["stimuli"][stimulus] |= keys
    message = mistakes(small, tmp_path)
    assert re.search(said, message), message
    assert "mine.yaml:" in message
    assert "a mistake" in message


def test_an_entry_with_a_stimulus_a_file(small, tmp_path, monkeypatch):
    """It stands for all of them in a list, and for none where one is expected."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.npy", "b.npy"):
        (tmp_path / name).touch()
    small["stimuli"]["movies"] = {"kind": "npy", "path": "*.npy", "each": True}
    small["populations"]["top"] = {"kind": "top", "units": 3, "reference": ["movies", "noise"]}
    study = config.resolve(small)
    assert study.config["populations"]["top"]["reference"] == ["a", "b", "noise"]
    small["stimuli"]["scrambled"]["of"] = "movies"
    says(mistakes(small, tmp_path), "stimuli.scrambled.of: 'movies'")


def test_a_round_trip(small, tmp_path):
    small["stimuli"]["scrambled"]["of"] = "chosen"
    message = mistakes(small, tmp_path)
    says(message, "stimuli.scrambled: … scrambled ← chosen ← fooling ← scrambled")
    assert "viewed" not in message


def test_a_stimulus_with_a_mistake_is_known_to_those_made_from_it(small, tmp_path):
    small["stimuli"]["noise"]["cuont"] = 3
    message = mistakes(small, tmp_path)
    says(message, "cuont: … 'count'")
    assert len(message.splitlines()) == 2


@pytest.mark.parametrize(
    "still",
    [
        {"kind": "white_noise", "count": 1},
        {"kind": "gratings", "orientations": [30.0]},
        {"kind": "images", "path": "picture.png"},
        {"kind": "images", "path": ["https://example.org/a.png#md5=" + 32 * "0"]},
        {"kind": "movie", "path": "picture.png", "frames": [3]},
    ],
)
@pytest.mark.parametrize(
    "method", ["temporal_phase_1d", "spatial_phase_3d", "scrambled_spatial_phase_3d", "spatial_phase_2d"]
)
def test_a_single_image_is_not_scrambled_in_time(small, tmp_path, monkeypatch, still, method):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "picture.png").touch()
    small["stimuli"]["noise"] = still
    small["stimuli"]["scrambled"]["method"] = method
    message = mistakes(small, tmp_path)
    says(message, "stimuli.noise: … 3 … 1")
    assert (f"stimuli.scrambled: '{method}'" in message) == (method != "spatial_phase_2d")


def test_checksums_of_what_a_stimulus_is_made_from(tmp_path):
    for name in "ab":
        netcdf.write(tmp_path / f"{name}.nc", kind="stimulus", variables={}, attributes={"sha256": name * 8})
    netcdf.write(tmp_path / "layers.nc", kind="layers", variables={}, attributes={"weights_sha256": "w"})
    files = {
        "of": tmp_path / "a.nc",
        "among": [tmp_path / "a.nc", tmp_path / "b.nc"],
        "network": tmp_path / "network.pt",
    }
    assert parent_stimulus.checksums(files) == {
        "of_sha256": "aaaaaaaa",
        "among_sha256": ["aaaaaaaa", "bbbbbbbb"],
        "network_sha256": "w",
    }
