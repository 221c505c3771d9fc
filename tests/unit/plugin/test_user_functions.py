"""Functions of one's own are loaded as Python loads modules."""

import sys

import pytest

from repscape.core.errors import ConfigError
from repscape.plugin import user_functions

DATACLASS = """
from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Weights:
    first: float = {weight}

def mine(activity):
    return Weights().first * activity

def other(activity):
    return Weights
"""


def test_a_dataclass_with_postponed_annotations(tmp_path):
    """dataclasses look the module up by its name."""
    (tmp_path / "mine.py").write_text(DATACLASS.format(weight=2))
    assert user_functions.load(f"{tmp_path / 'mine.py'}:mine", "combine")(3) == 6


def test_two_files_of_one_name_are_two_modules_and_each_runs_once(tmp_path):
    for folder, weight in {"a": 2, "b": 5}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(DATACLASS.format(weight=weight))
    paths = [tmp_path / folder / "mine.py" for folder in "ab"]
    assert [user_functions.load(f"{path}:mine", "combine")(3) for path in paths] == [6, 15]
    for path, weight in zip(paths, (2, 5), strict=True):
        found = user_functions.load(f"{path}:other", "combine")(0)
        assert sys.modules[found.__module__].Weights is found
        assert found().first == weight
        assert user_functions.load(f"{path}:mine", "combine").__globals__["Weights"] is found


def test_a_file_that_fails_leaves_no_module(tmp_path):
    (tmp_path / "fails.py").write_text("import nosuchmodule\ndef mine(activity): ...\n")
    with pytest.raises(ConfigError, match=r"fails\.py.*imported: ModuleNotFound"):
        user_functions.load(f"{tmp_path / 'fails.py'}:mine", "combine")
    assert not [name for name in sys.modules if "fails" in name]
