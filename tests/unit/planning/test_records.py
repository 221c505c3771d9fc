"""Snakemake's records: of files whose record is damaged Snakemake would not notice what has changed."""

from pathlib import Path

import pytest
from snakemake.persistence import MetadataRecord
from snakemake.persistence.file import FilePersistence

from repscape.planning import records

LONG = f"results/{'x' * 240}/n20.nc"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Snakemake's own object for its records, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return FilePersistence()


def make(kept, name, damage=None):
    """Make a file with its record; return where that is."""
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).touch()
    kept._write_record(name, MetadataRecord(rule="stimulus", params=["{'seed': 0}"], code="f'{{'"))
    path = Path(kept._record_path(kept._metadata_path, name))
    if damage is not None:
        path.write_text(damage(path.read_text()))
    return path


@pytest.mark.parametrize("name", ["results/small/stimuli/bikes.nc", LONG])
@pytest.mark.parametrize("damage", [lambda text: "", lambda text: text[:-1], lambda text: text[:41]])
def test_a_file_whose_record_is_damaged_is_marked_as_incomplete(kept, name, damage):
    whole = make(kept, "results/small/stimuli/whole.nc")
    path = make(kept, name, damage)
    files = ["results/small/stimuli/whole.nc", name]
    assert records.look_at(kept, files) == ([name], [])
    assert whole.exists()
    assert not path.exists()
    assert FilePersistence()._filter_incomplete_keys(files) == {name}
    assert records.look_at(kept, files) == ([], [name])


def test_a_file_without_a_record_is_named(kept):
    make(kept, "results/a.nc")
    assert records.look_at(kept, ["results/b.nc", "results/a.nc"]) == ([], ["results/b.nc"])


def test_nothing_is_marked_while_a_run_writes(kept):
    path = make(kept, "results/a.nc", lambda text: "")
    kept._write_locks("output", ["results/a.nc"])
    assert records.look_at(kept, ["results/a.nc"]) == ([], [])
    assert path.exists()


def test_results_are_what_lies_in_folders_but_for_logs(tmp_path):
    for name in ("stimuli/a.nc", "activations/net/b/c.nc", "logs/stimuli/a.log", "study.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {path.removeprefix(f"{tmp_path}/") for path in records.results(str(tmp_path))}
    assert found == {"stimuli/a.nc", "activations/net/b/c.nc"}
    assert list(records.results(str(tmp_path / "nowhere"))) == []
