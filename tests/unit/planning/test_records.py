"""Snakemake's records: of files whose record is damaged Snakemake would not notice what has changed."""

import json
import os
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from repscape.planning import records


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A file of a study and its record, as Snakemake names it."""
    monkeypatch.chdir(tmp_path)

    def record(name, content=None):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
        encoded = urlsafe_b64encode(name.encode()).decode()
        parts = [encoded[at : at + 254] for at in range(0, len(encoded), 254)]
        path = Path(".snakemake/metadata", *(f"@{part}" for part in parts[:-1]), parts[-1])
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = json.dumps({"rule": "stimulus", "params": ["{'seed': 0}"], "code": "f'{{'"})
        path.write_text(whole if content is None else content(whole))
        return path

    return record


@pytest.mark.parametrize("name", ["results/small/stimuli/bikes.nc", f"results/{'x' * 240}/n20.nc"])
@pytest.mark.parametrize("damage", [lambda text: "", lambda text: text[:-1], lambda text: text[:41]])
def test_damaged(record, name, damage):
    kept = record("results/small/stimuli/whole.nc")
    path = record(name, damage)
    assert records.mark_damaged(".snakemake") == [name]
    assert kept.exists()
    assert not path.exists()
    mark = Path(".snakemake/incomplete", path.relative_to(".snakemake/metadata"))
    assert json.loads(mark.read_text()) == {"external_jobid": None}
    assert records.mark_damaged(".snakemake") == []


def test_what_is_no_record_is_left_alone(record):
    record("results/small/stimuli/bikes.nc")
    left = Path(".snakemake/metadata/.nfs00000000012a4f2200000001")
    left.touch()
    assert records.mark_damaged(".snakemake") == []
    assert left.exists()


def test_not_while_a_run_writes(record):
    path = record("results/small/stimuli/bikes.nc", lambda text: "")
    os.makedirs(".snakemake/locks")
    Path(".snakemake/locks/0.output.lock").touch()
    assert records.mark_damaged(".snakemake") == []
    assert path.exists()


def test_before_the_first_run(tmp_path):
    assert records.mark_damaged(tmp_path) == []
