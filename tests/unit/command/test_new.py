"""The project that `repscape new` begins."""

import json
import shlex
from pathlib import Path

import pytest
import yaml
from PIL import Image

from repscape import config
from repscape.command import new


def test_its_config_is_right_as_soon_as_pictures_are_there(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "my first study"
    new.write(folder)
    assert f"cd {shlex.quote(str(folder))}\n" in capsys.readouterr().out
    for category in ("cats", "houses", "cars"):
        (folder / f"pictures/{category}").mkdir()
        for number in range(2):
            Image.new("RGB", (40, 30)).save(folder / f"pictures/{category}/{number}.jpg")
    monkeypatch.chdir(folder)
    study = config.resolve(yaml.safe_load(Path("study.yaml").read_text()), ["study.yaml"])
    assert study.name == "my_first_study"
    assert study.images == {"pictures": 6}
    assert set(study.layers) == {"trained", "untrained"}
    text = Path("study.yaml").read_text()
    assert "results/my_first_study" in text
    named = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    schema = json.loads(Path(named).read_text())
    assert yaml.safe_load(text).keys() <= schema["properties"].keys()  # for editors


def test_a_shell_can_read_the_folders_name(tmp_path, capsys):
    folder = tmp_path / "Anna's study"
    new.write(folder)
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  cd "))
    assert shlex.split(line) == ["cd", str(folder)]


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "study.yaml").write_text("mine")
    with pytest.raises(SystemExit, match=r"study\.yaml: File exists"):
        new.write(tmp_path)
    assert (tmp_path / "study.yaml").read_text() == "mine"
    assert not (tmp_path / "pictures").exists()


def test_pictures_that_are_there_stay(tmp_path, monkeypatch, capsys):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/a.jpg").touch()
    monkeypatch.chdir(tmp_path)
    new.write(Path())
    assert (tmp_path / "pictures/a.jpg").exists()
    assert "cd " not in capsys.readouterr().out


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="file"):
        new.write(tmp_path / "file")
    with pytest.raises(SystemExit, match="file"):
        new.write(tmp_path / "file/below")


@pytest.mark.parametrize(
    ("folder", "name"),
    [("a b/ü-1.", "1"), ("2026-12-01", "2026-12-01"), ("rsa2026", "rsa2026"), ("..x", "x"), ("---", "study")],
)
def test_the_study_has_a_name_that_can_be_one_of_a_file(tmp_path, folder, name):
    new.write(tmp_path / folder)
    study = yaml.safe_load((tmp_path / folder / "study.yaml").read_text())["study"]
    assert study == name
