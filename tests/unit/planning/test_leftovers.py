"""What the config no longer has: not read, listed, and removed where that is asked for."""

import os
from pathlib import Path

import numpy as np
import pytest

from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.planning import leftovers
from repscape.rdms.table import table
from repscape.study.study import Study


def study_of(stimuli=("noise", "pictures"), layers=("input", "fc"), figures=("map",), analyses=("maps",)):
    sections = {name: {"analysis": "mds", "of": "all_images", "where": None, "root": None, "align": None,
                       "method": "smacof", "dims": 2, "n_init": 4, "perplexity": None, "scale": False}
                for name in ("maps", "mds")}  # fmt: skip
    return Study(
        name="s",
        stimuli=stimuli,
        layers={"net": layers},
        samples={"random": ("100",)},
        metrics=("correlation",),
        analyses=analyses,
        config={
            "networks": {"net": {}}, "recordings": {}, "populations": {"random": {}},
            "rdms": {"metrics": [{"name": "correlation", "metric": "correlation"}]},
            "analyses": sections,
            "figures": {name: {"figure": "layer_table", "source": None} for name in figures},
        },
    )  # fmt: skip


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Results of a study with more than there is now."""
    monkeypatch.chdir(tmp_path)
    study = study_of()
    for keys in study.rdm_keys():
        path = Path(study.path("rdm", **keys))
        path.parent.mkdir(parents=True)
        variables = {
            "dissimilarity": (("metric", "repeat", "pair"), np.ones((1, 1, 3), np.float32)),
            "metric": (("metric",), ["correlation"]), "measure": (("metric",), ["correlation"]),
            "normalisation": (("metric",), ["zscore"]), "repeat": (("repeat",), np.zeros(1, np.int32)),
            "name_i": (("pair",), ["a", "a", "b"]), "name_j": (("pair",), ["b", "c", "c"]),
            "image_j": (("pair",), np.array([1, 2, 2], np.int32)),
        }  # fmt: skip
        attributes = keys | {"order": study.layers["net"].index(keys["layer"]), "n_drawn": 100}
        netcdf.write(path, kind="rdm", variables=variables, attributes=attributes)
    for name in ("stimuli/noise.nc", "stimuli/pictures.nc", "analyses/maps.nc", "analyses/maps.csv",
                 "analyses/mds.nc", "figures/map.svg", "figures/map.nc", "figures/old.png", "logs/old.log",
                 "figures/old.rst", "figures/panel.png", "analyses/counts.csv", "analyses/mds.csv",
                 "samples/net/random/fc/n100.nc", "figures/notes.txt", "mine.nc"):  # fmt: skip
        path = Path("results/s", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    leftovers.write_contents(study)
    return tmp_path / "results/s"


def test_only_what_the_config_has_is_read(results):
    assert len(table.read(results)) == 4
    leftovers.write_contents(study_of(stimuli=("noise",), layers=("fc",)))
    for files in (results, results / "rdms", results / "rdms/net", "results/s/rdms/**/*.nc", "results/*/"):
        found = table.read(files if files != "results/*/" else "results/*/rdms/**/*.nc")
        assert found[["stimulus", "layer"]].values.tolist() == [["noise", "fc"]]
    (named,) = results.glob("rdms/net/pictures/random/input/*.nc")
    assert table.read(named)["stimulus"].tolist() == ["pictures"]
    with pytest.raises(DataError, match=r"study\.json"):
        table.read(results / "rdms/net/pictures")
    (results / "study.json").unlink()
    assert len(table.read(results)) == 4


def test_the_list_is_written_only_where_it_changes(results):
    before = os.stat(results / "study.json").st_ino
    leftovers.write_contents(study_of())
    assert os.stat(results / "study.json").st_ino == before
    leftovers.write_contents(study_of(layers=("fc",)))
    assert os.stat(results / "study.json").st_ino != before


def test_what_is_left_is_found_and_removed(results):
    before = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    now = study_of(stimuli=("noise",))
    found = [path.removeprefix("results/s/") for path in leftovers.leftovers(now)]
    assert found == [
        "analyses/mds.csv", "analyses/mds.nc", "figures/old.png", "figures/old.rst",
        "rdms/net/pictures/random/fc/n100.nc",
        "rdms/net/pictures/random/input/n100.nc", "stimuli/pictures.nc",
    ]  # fmt: skip
    leftovers.remove(leftovers.leftovers(now))
    after = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    assert after == before - set(found)
    assert not (results / "rdms/net/pictures").exists()
    assert leftovers.leftovers(now) == []
