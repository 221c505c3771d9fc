"""Tables of layers that are made when a plan is made, and kept."""

import json
import subprocess
from pathlib import Path

import pytest

from repscape.config.networks import check_outputs
from repscape.core.errors import ConfigError
from repscape.networks import python
from repscape.networks.lib import freeze, layer_table_cache
from repscape.plugin.config_errors import Mistakes
from repscape.traced.layer_info import LayerInfo

NETWORK = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, depth, needs_numbers):
        super().__init__()
        self.body = nn.Sequential(*[nn.Conv2d(3, 3, 3) for _ in range(depth)])
        self.head = nn.Linear(3, 4)
        if needs_numbers:
            assert self.head.weight.std().item() > 0

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))

def make(depth=1, needs_numbers=False):
    print("a word of the user's")
    return Net(depth, needs_numbers)

def stop():
    raise SystemExit(7)
"""


@pytest.fixture
def section(tmp_path, monkeypatch):
    monkeypatch.setenv("REPSCAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("planned_net.py").write_text(NETWORK)
    layer_table_cache._rows.cache_clear()
    layer_table_cache._failed.clear()
    return {
        "kind": "python", "factory": "planned_net.py:make", "kwargs": None, "classes": None,
        "preprocess": None, "seed": 3, "weights": None, "file": None,
    }  # fmt: skip


def without_processes(monkeypatch):
    layer_table_cache._rows.cache_clear()
    monkeypatch.setattr(layer_table_cache.subprocess, "run", lambda *_, **__: pytest.fail("made again"))


def test_a_table_is_made_once_and_is_that_of_the_network(section, monkeypatch, caplog):
    rows = layer_table_cache.rows(section | {"kwargs": {"depth": 2}})
    assert "planned_net.py:make: making the table of its layers (done once)" in caplog.text
    loaded = python.Python(factory="planned_net.py:make", kwargs={"depth": 2}).load()
    real = freeze.freeze(loaded).rows
    assert [row[:6] for row in rows] == [row[:6] for row in real]
    without_processes(monkeypatch)
    assert layer_table_cache.rows(section | {"kwargs": {"depth": 2}, "seed": 4, "file": "x.pth"}) == rows
    for change in ({"kwargs": {"depth": 3}}, {"preprocess": {"resize": 64, "crop": 64}}):
        with pytest.raises(pytest.fail.Exception, match="made again"):
            layer_table_cache.rows(section | {"kwargs": {"depth": 2}} | change)
    Path("planned_net.py").write_text(NETWORK.replace("Conv2d(3, 3, 3)", "Conv2d(3, 3, 5)"))
    layer_table_cache.code_digest._read.cache_clear()
    layer_table_cache.code_digest.digest.cache_clear()
    layer_table_cache._rows.cache_clear()
    with pytest.raises(pytest.fail.Exception, match="made again"):
        layer_table_cache.rows(section | {"kwargs": {"depth": 2}})


def test_a_network_that_needs_numbers_to_be_built(section):
    assert "conv1" in [
        row.label for row in layer_table_cache.rows(section | {"kwargs": {"needs_numbers": True}})
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kwargs": {"deep": 2}}, r"factory: make\(deep=2\) failed: TypeError"),
        ({"factory": "planned_net.py:stop"}, "built, Python stopped: exit status 7"),
        ({"factory": "planned_net.py:mke"}, "function 'mke'.*'make'"),
        ({"preprocess": {"resize": None, "crop": [2, 2]}}, r"input.* 2 x 2 pixels.*Set preprocess"),
    ],
)
def test_a_network_that_cannot_be_built_is_told_in_one_message(section, change, told):
    for _ in range(2):  # failures are not kept
        with pytest.raises(ConfigError, match=told):
            layer_table_cache.rows(section | change)
    assert not list(Path("cache/tables").glob("*.tsv"))


def test_a_cache_that_cannot_be_written(section):
    Path("cache").write_text("")
    with pytest.raises(ConfigError, match=r"cache.*REPSCAPE_CACHE"):
        layer_table_cache.rows(section)


@pytest.mark.parametrize("damage", [lambda text: text[: text.rindex(b"\n", 0, -1) + 1], lambda text: b""])
def test_a_damaged_table_is_made_again(section, damage):
    """Also one that was cut at the end of a line, which has fewer layers."""
    rows = layer_table_cache.rows(section)
    (path,) = Path("cache/tables").glob("*.tsv")
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    layer_table_cache._rows.cache_clear()
    assert layer_table_cache.rows(section) == rows
    assert path.read_bytes() == whole


def test_a_full_cache_is_told(section, monkeypatch):
    """The process finds no room even for its message."""

    def run(command, **_):
        (task,) = json.loads(command[-1])
        Path(f"{task['files']}.error").touch()
        return subprocess.CompletedProcess(command, 1, stderr="")

    monkeypatch.setattr(layer_table_cache.subprocess, "run", run)
    with pytest.raises(ConfigError, match=r"cache.*/cache.*space left.*up.* 1 MB"):
        layer_table_cache.rows(section)


def test_an_unknown_architecture_of_timm(section):
    section = {"kind": "timm", "architecture": "resnet19", "weights": "random", "classes": None,
               "preprocess": None, "seed": 0}  # fmt: skip
    with pytest.raises(ConfigError, match=r"architecture: 'resnet19'.*resnet18"):
        layer_table_cache.rows(section)


def test_tables_that_are_missing_are_made_in_one_process(section, monkeypatch, caplog):
    """Modules of the same name in different folders are different; one that fails harms no other."""
    sections = []
    for folder, kernel in (("a", 3), ("b", 5)):
        Path(folder).mkdir()
        Path(folder, "same_name.py").write_text(NETWORK.replace("3, 3, 3", f"3, 3, {kernel}"))
        sections.append(section | {"factory": f"{folder}/same_name.py:make"})
    failing = section | {"factory": "planned_net.py:stop"}
    run, calls = layer_table_cache.subprocess.run, []
    monkeypatch.setattr(
        layer_table_cache.subprocess, "run", lambda *args, **keys: calls.append(1) or run(*args, **keys)
    )
    layer_table_cache.prepare([*sections, failing])
    assert [layer_table_cache.rows(one)[1].units for one in sections] == [3 * 222**2, 3 * 220**2]
    with pytest.raises(ConfigError, match=r"built.*exit status 7"):
        layer_table_cache.rows(failing)
    assert len(calls) == 1


@pytest.mark.parametrize(("kind", "classes", "wrong"), [
    ("predictions", 12, True), ("predictions", 1000, True), ("predictions", 4, False),
    ("predictions", None, False), ("predictions", 0, False), ("conv", 12, False),
])  # fmt: skip
def test_classes_are_as_many_as_outputs(section, monkeypatch, kind, classes, wrong):
    """Else the 4 outputs would be called by the first 4 names of ImageNet's 1000 classes."""
    monkeypatch.setattr(layer_table_cache, "rows", lambda _: (LayerInfo("last", "head", kind, "", 4),))
    mistakes = Mistakes({})
    check_outputs({"networks": {"mine": section | {"classes": classes, "training": None}}}, mistakes)
    found = mistakes.found.get(("networks", "mine", "classes"), [""])[0]
    assert found.startswith("expected 4, ") == found.endswith(f"found {classes}.") == wrong
