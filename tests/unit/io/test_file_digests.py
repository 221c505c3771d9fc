"""Digests of the user's files: content decides, whatever dates say."""

import os
import shutil
import time

import pytest

from repscape.core.errors import DataError
from repscape.io import file_digests


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of a run, of files that were there before."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".snakemake").mkdir()
    monkeypatch.setattr(file_digests, "SETTLED", -1)  # nothing here is as old as it would have to be
    (tmp_path / "epoch9.pth").write_bytes(b"weights 9")
    (tmp_path / "epoch10.pth").write_bytes(b"weights A")
    os.utime(tmp_path / "epoch10.pth", (10**9, 10**9))
    (tmp_path / "model.pth").write_bytes(b"weights 9")
    return tmp_path


@pytest.fixture
def reads(monkeypatch):
    """The files that are read, in order."""
    seen, digest = [], file_digests._digest

    def noted(file):
        seen.append(file)
        return digest(file)

    monkeypatch.setattr(file_digests, "_digest", noted)
    return seen


REPLACE = {
    "mv": lambda: shutil.move("epoch10.pth", "model.pth"),
    "cp -p": lambda: shutil.copy2("epoch10.pth", "model.pth"),
    "rsync -t": lambda: (shutil.copy2("epoch10.pth", "t"), os.replace("t", "model.pth")),
    "same date": lambda: (
        state := os.stat("model.pth"),
        shutil.copy("epoch10.pth", "model.pth"),
        os.utime("model.pth", ns=(state.st_atime_ns, state.st_mtime_ns)),
    ),
}


@pytest.mark.parametrize("how", REPLACE)
def test_another_content_of_the_same_size(how):
    before = file_digests.contents(["model.pth"])
    file_digests.check_unchanged(["model.pth"], before)
    time.sleep(0.02)  # a clock tick of the system
    REPLACE[how]()
    assert file_digests.contents(["model.pth"]) != before
    with pytest.raises(DataError, match=r"model\.pth: .*changed"):
        file_digests.check_unchanged(["model.pth"], before)


def test_a_link_that_is_turned_elsewhere():
    os.symlink("epoch9.pth", "link.pth")
    before = file_digests.contents(["link.pth"])
    os.unlink("link.pth")
    os.symlink("epoch10.pth", "link.pth")
    assert file_digests.contents(["link.pth"]) != before


@pytest.mark.parametrize("when", [0, 10**9, 10**10])  # the last is of the future
def test_dates_do_not_matter(when):
    before = file_digests.contents(["model.pth"])
    os.utime("model.pth", (when, when))
    assert file_digests.contents(["model.pth"]) == before


def test_what_stays_the_same_is_read_once(reads):
    files = ["epoch9.pth", "epoch10.pth"]
    os.utime("epoch10.pth", (10**10, 10**10))  # of the future
    first = file_digests.contents(files)
    assert file_digests.contents(files) == first
    assert sorted(reads) == sorted(files)
    os.utime("epoch9.pth")
    assert file_digests.contents(files) == first
    assert reads[2:] == ["epoch9.pth"]


def test_memory_is_parsed_once_for_all_sections(monkeypatch):
    parsed, parse = [], file_digests._parse_known
    monkeypatch.setattr(file_digests, "_parse_known", lambda: parsed.append(1) or parse())
    for file in ("epoch9.pth", "epoch10.pth", "model.pth", "epoch9.pth"):
        file_digests.contents([file])
    assert len(parsed) == 1
    assert parse() == file_digests._read_known()
    monkeypatch.setattr(file_digests, "_parsed", None)
    for file in ("epoch9.pth", "epoch10.pth"):
        file_digests.contents([file])
    assert len(parsed) == 2


def test_what_has_just_changed_is_read_again(reads, monkeypatch):
    """Two changes within a tick of the clock bear the same time."""
    monkeypatch.setattr(file_digests, "SETTLED", 3)
    for _ in range(2):
        file_digests.contents(["model.pth"])
    assert reads == ["model.pth"] * 2


@pytest.mark.parametrize("damage", [b"", b"no json", None])
def test_damaged_memory_is_not_trusted(reads, damage, monkeypatch):
    first = file_digests.contents(["model.pth"])
    text = file_digests.KNOWN.read_bytes()
    digit = text.index(first[0][1].encode(), 64)
    flipped = text[:digit] + bytes([text[digit] ^ 1]) + text[digit + 1 :]
    file_digests.KNOWN.write_bytes(flipped if damage is None else damage)
    monkeypatch.setattr(file_digests, "_parsed", None)  # a later run
    assert file_digests.contents(["model.pth"]) == first
    assert len(reads) == 2


def test_many_files_have_one_digest(folder, monkeypatch):
    monkeypatch.setattr(file_digests, "FEW", 2)
    files = ["epoch9.pth", "epoch10.pth", "model.pth"]
    before = file_digests.contents(files)
    assert before == file_digests.contents(reversed(files))
    assert before[0] == 3
    os.utime("model.pth")
    assert file_digests.contents(files) == before
    shutil.copy2("epoch10.pth", "model.pth")
    assert file_digests.contents(files) != before
    with pytest.raises(DataError, match="3 files"):
        file_digests.check_unchanged(files, before)


def test_the_newest_are_remembered(reads, monkeypatch):
    monkeypatch.setattr(file_digests, "_MOST", 2)
    for file in ("epoch9.pth", "epoch10.pth", "model.pth", "model.pth", "epoch10.pth", "epoch9.pth"):
        file_digests.contents([file])
    assert reads == ["epoch9.pth", "epoch10.pth", "model.pth", "epoch9.pth"]


def test_a_file_that_cannot_be_read_is_left_to_its_job():
    ((_, digest),) = file_digests.contents(["missing.pth"])
    assert digest.startswith("! No such file")


def test_a_folder_that_cannot_be_written_costs_memory_alone(folder):
    shutil.rmtree(folder / ".snakemake")
    before = file_digests.contents(["model.pth"])
    assert file_digests.contents(["model.pth"]) == before
    assert not (folder / ".snakemake").exists()
