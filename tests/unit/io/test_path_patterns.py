"""Paths with names in braces."""

import glob
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repscape.core.errors import AssetError
from repscape.io import path_patterns

VALUE = st.text("abc.-+()$^|{0 é", min_size=1, max_size=6).filter(lambda text: text.strip("."))


@given(VALUE, VALUE)
def test_what_was_written_into_a_path_is_read_from_it(obj, color):
    path = "pictures/{obj}/x_{obj}_{color}deg.jpg"
    file = f"pictures/{obj}/x_{obj}_{color}deg.jpg"
    assert path_patterns.values(path, file) == {"obj": obj, "color": color}
    assert path_patterns.values(path, f"pictures/{obj}/x_{obj}!_{color}deg.jpg") is None


@pytest.mark.parametrize(
    "path", ["**/{a}.png", "*/{a}.png", "[!z]?/{a}.png", "d[0-9]/{a}.p*", "**/d1/{a}.png", "./d1/{a}.*"]
)
def test_other_parts_are_as_in_a_glob(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    for folder in ("d1", "z1", "d1/deep"):
        os.makedirs(folder, exist_ok=True)
        for name in ("x.png", "y.jpg", ".hidden.png"):
            open(f"{folder}/{name}", "w").close()
    pattern = str(os.path.normpath(path))
    found = [
        file for file in glob.glob(path_patterns.as_glob(pattern), recursive=True) if not os.path.isdir(file)
    ]
    assert found
    for file in glob.glob("**", recursive=True):
        values = path_patterns.values(pattern, file)
        assert (file in found) == (values is not None and not os.path.isdir(file))
        if file in found:
            assert values == {"a": os.path.splitext(os.path.basename(file))[0]}


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("{a}_{b}.png", "x_y_z.png"),
        ("*_{b}.png", "x_y_z.png"),
        ("{a}{b}.png", "xyz.png"),
        ("**{a}.png", "xy.png"),
    ],
)
def test_several_ways_of_reading_are_told(path, file):
    with pytest.raises(AssetError, match=rf"{file}.*several ways"):
        path_patterns.values(path, file)


def test_names():
    assert path_patterns.names("{obj}/{obj}_{color}deg.jpg") == ["obj", "color"]
    assert path_patterns.names("plain/*.jpg") == []


@pytest.mark.parametrize("path", ["{}.png", "{a b}.png", "{a.png", "a}.png", "{1}.png", "{a/b}.png"])
def test_braces_without_a_name_are_told(path):
    with pytest.raises(AssetError, match="names in braces"):
        path_patterns.as_glob(path)
