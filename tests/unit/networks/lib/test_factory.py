"""What a config may name as a factory: nothing else is called when a plan is made."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from repscape.core.errors import ConfigError
from repscape.networks.lib import factory, layer_table_cache
from repscape.networks.python import Python
from repscape.plugin import user_functions

HARMFUL = """
import functools
import os
from pathlib import Path
from subprocess import getoutput
from typing import Protocol
from torch import nn

run = functools.partial(getoutput, "touch harmed")

@functools.wraps(nn.Linear)
def wrapped(*args, **kwargs):
    return nn.Linear(1, 1)

def path() -> str:
    Path("harmed").touch()
    return "a path"

def anything(width: int = 2) -> "nn.Module":
    return nn.Linear(width, width)

class Network(Protocol):
    def forward(self, images): ...

def promised() -> Network:
    return nn.Linear(1, 1)

class Config:
    def __init__(self):
        Path("harmed").touch()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, "harmful_factories", None)  # each test has a file of its own
    del sys.modules["harmful_factories"]
    Path("harmful_factories.py").write_text(HARMFUL)


@pytest.mark.parametrize(
    "name",
    [
        "subprocess:getoutput",
        "os:system",
        "builtins:exec",
        "shutil:rmtree",
        "posix:system",
        "json.decoder:scanner",
    ],
)
def test_the_standard_library_is_refused_before_anything_runs(name, monkeypatch):
    monkeypatch.setattr(
        layer_table_cache.subprocess, "run", lambda *_, **__: pytest.fail("a process was started")
    )
    with pytest.raises(ConfigError, match=f"factory: {name} is from Python's standard library"):
        Python(factory=name).check()


def test_files_of_the_standard_library_are_refused():
    file = Path(sysconfig.get_path("stdlib"), "subprocess.py")
    Path("linked.py").symlink_to(file)
    for name in (file, "linked.py"):
        with pytest.raises(ConfigError, match="standard library"):
            Python(factory=f"{name}:getoutput").check()
        with pytest.raises(ConfigError, match="standard library"):
            user_functions.check(f"{name}:getoutput", "rdms.metrics")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("getoutput", r"standard library \(subprocess\)"),
        ("run", r"standard library \(subprocess\)"),
        ("Path", r"standard library \(pathlib\)"),
        ("path", "annotated to return str"),
        ("Config", r"torch.nn.Module.*class"),
    ],
)
def test_what_gives_no_network_is_not_called(name, said):
    with pytest.raises(ConfigError, match=said):
        factory.load(f"harmful_factories.py:{name}")
    assert not Path("harmed").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pandas:read_pickle", "does not use torch"),
        ("numpy:load", "does not use torch"),
        ("torch:load", r"function of torch"),
        ("torch.hub:load", r"function of torch"),
        ("torchvision.datasets:MNIST", r"torch.nn.Module.*class"),
    ],
)
def test_functions_of_packages_that_give_no_networks(name, said):
    with pytest.raises(ConfigError, match=said):
        factory.load(name)


@pytest.mark.parametrize(
    "name",
    [
        "harmful_factories.py:anything",
        "harmful_factories.py:promised",
        "torchvision.models:resnet18",
        "torchvision.models.resnet:ResNet",
        "timm:create_model",
        "torch.nn:Linear",
        "repscape.networks.lib.tilt_cnn:make",
    ],
)
def test_functions_that_may_give_networks(name):
    assert callable(factory.load(name))


def test_a_plan_runs_nothing_of_the_standard_library():
    code = (
        "from repscape import config\n"
        "config.resolve({'study': 's',\n"
        " 'stimuli': {'n': {'kind': 'white_noise', 'count': 3, 'size': [8, 8]}},\n"
        " 'networks': {'x': {'kind': 'python', 'factory': 'subprocess:getoutput',\n"
        "                    'kwargs': {'cmd': 'touch harmed'}}},\n"
        " 'populations': {'all': {'kind': 'all'}}, 'samples': [{'population': 'all'}]})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "networks.x.factory: subprocess:getoutput is from Python's standard library" in done.stderr
    assert not Path("harmed").exists()
