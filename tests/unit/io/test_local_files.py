"""Files on this machine: paths, folders, patterns, and places that cannot be read."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repscape.core.errors import AssetError
from repscape.core.natural_order import natural
from repscape.io import assets, local_files

URL = f"https://host/folder/my%20picture.png?raw=1#sha256={'0' * 64}"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(*names):
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a picture, say")


def test_a_pattern_comes_in_natural_order():
    write("p/10.png", "p/9.png", "p/1.png", "p/note.txt")
    assert assets.fetch("p/*.png", "here") == [Path("p/1.png"), Path("p/9.png"), Path("p/10.png")]
    assert assets.local_files("p/*.png", "here") == assets.fetch("p/*.png", "here")


def test_a_folder_stands_for_all_below_it_but_hidden_files():
    write("p/dog/1.png", "p/cat/10.png", "p/cat/2.png", "p/.DS_Store", "p/[x].png")
    expected = ["p/[x].png", "p/cat/2.png", "p/cat/10.png", "p/dog/1.png"]
    assert [str(path) for path in assets.fetch("p", "here")] == expected
    assert assets.fetch("p/**/2.png", "here") == [Path("p/cat/2.png")]


def test_a_folder_whose_name_looks_like_a_pattern():
    write("p[1]/a.png", "p1/b.png")
    assert assets.fetch("p[1]", "here") == [Path("p[1]/a.png")]


def test_names_with_brackets_spaces_and_accents_are_taken_as_they_are():
    write("p/a[1].png", "p/a1.png", "p/naïve 猫.png")
    assert assets.fetch(["p/a[1].png", "p/naïve 猫.png"], "here") == [
        Path("p/a[1].png"),
        Path("p/naïve 猫.png"),
    ]


def test_the_order_of_a_list_is_kept():
    write("b", "a")
    assert assets.fetch(["b", "a"], "here") == [Path("b"), Path("a")]


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("nothing.png", ["stimuli.x.path", "nothing.png", "no such file"]),
        ("*.png", ["stimuli.x.path", "*.png", "found none"]),
        ("empty", ["stimuli.x.path", "empty", "found none"]),
        ([], ["stimuli.x.path", "at least one"]),
        ("", ["stimuli.x.path", "at least one"]),
    ],
)
@pytest.mark.parametrize("function", [assets.fetch, assets.local_files])
def test_what_is_not_there_is_named(address, parts, function):
    Path("empty").mkdir()
    with pytest.raises(AssetError) as error:
        function(address, "stimuli.x.path")
    assert all(part in str(error.value) for part in parts)


def test_what_is_beside_a_pattern_is_named():
    """Capitals, and folders that are missing or one too many, are then seen at once."""
    write("p/a.PNG", "p/b.PNG", "p/.hidden.png")
    for address, said in {
        "p/*.png": r"p .*: a.PNG; b.PNG",
        "p/x/*.png": r"p .*: a.PNG; b.PNG",
        "p/*/{obj}.PNG": " p ",
        "*.PNG": r" \. .*: p\.",
    }.items():
        with pytest.raises(AssetError, match=said):
            assets.local_files(address, "here")


def test_a_broken_link_is_named():
    write("p/a.png")
    os.symlink("gone.png", "p/link.png")
    with pytest.raises(AssetError, match=r"p/link\.png"):
        assets.local_files("p", "here")


def test_each_names_files_and_gives_an_address_of_each():
    write("p/10_b.mp4.npy", "p/9_a.mp4.npy")
    pairs = assets.each(["p/*.npy", URL], "here")
    assert pairs == [
        ("9_a.mp4.npy", "p/9_a.mp4.npy"),
        ("10_b.mp4.npy", "p/10_b.mp4.npy"),
        ("my picture.png", URL),
    ]


@given(st.lists(st.integers(0, 10**6), min_size=2), st.text("ab _", max_size=3))
def test_numbers_sort_by_value_behind_equal_text(numbers, prefix):
    names = [f"{prefix}{number}.png" for number in numbers]
    assert sorted(names, key=natural) == [f"{prefix}{number}.png" for number in sorted(numbers)]


@given(st.lists(st.text(max_size=8)))
def test_natural_order_is_defined_for_any_names_and_total(names):
    backwards = names[::-1]
    assert sorted(names, key=natural) == sorted(backwards, key=natural)


def test_brackets_in_a_folder_are_named_as_the_cause(tmp_path):
    folder = tmp_path / "data [raw]"
    folder.mkdir()
    (folder / "a.csv").touch()
    for address in ("data [raw]/*.csv", "data [raw]/{subject}.csv"):
        with pytest.raises(AssetError, match=r"'data \[\[\]raw\]/"):
            assets.local_files(address, "p")
        assert assets.local_files(address.replace("[", "[[]"), "p") == [Path("data [raw]/a.csv")]
    assert assets.local_files("data [raw]/a.csv", "p") == [Path("data [raw]/a.csv")]


def test_pipes_are_no_files(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder/pipe")
    for address in ("folder", "folder/*", "folder/pipe"):
        with pytest.raises(AssetError, match="pipe"):
            assets.local_files(address, "p")


def test_a_folder_that_may_not_be_entered(tmp_path, monkeypatch):
    (tmp_path / "pictures/closed").mkdir(parents=True)
    (tmp_path / "pictures/a.png").touch()
    for closed in (tmp_path / "pictures", tmp_path / "pictures/closed"):
        monkeypatch.setattr(local_files.os, "access", lambda path, _, closed=closed: Path(path) != closed)
        with pytest.raises(AssetError, match=rf"stimuli.x.path: .*Permission denied: {closed}"):
            assets.local_files(str(tmp_path / "pictures"), "stimuli.x.path")
    for pattern in ("*/*.png", "{group}/{name}.png", "**/*.png"):
        with pytest.raises(AssetError, match=f"Permission denied: {closed}"):
            assets.local_files(str(tmp_path / "pictures" / pattern), "stimuli.x.path")


def test_below_a_folder_that_may_not_be_entered(monkeypatch):
    def refuse(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(local_files.os, "stat", refuse)
    with pytest.raises(AssetError, match=r"here: secret/a\.png:.*Permission denied"):
        assets.local_files("secret/a.png", "here")


@pytest.mark.parametrize("inside", [False, True])
def test_a_link_to_itself(tmp_path, inside):
    (tmp_path / "loop.png").symlink_to("loop.png")
    with pytest.raises(AssetError, match=r"symbolic links: .*loop\.png"):
        assets.local_files(str(tmp_path if inside else tmp_path / "loop.png"), "here")


def test_a_name_that_is_too_long(tmp_path):
    with pytest.raises(AssetError, match=r"here:.*File name"):
        assets.local_files(str(tmp_path / ("x" * 300)), "here")


def test_the_home_of_nobody(monkeypatch):
    with pytest.raises(AssetError, match=r"here:.*'no-such-user'"):
        assets.local_files("~no-such-user/a.png", "here")
    monkeypatch.setenv("REPSCAPE_CACHE", "~no-such-user/cache")
    with pytest.raises(AssetError, match=r"REPSCAPE_CACHE: .*'no-such-user'"):
        assets.fetch(URL, "here")
