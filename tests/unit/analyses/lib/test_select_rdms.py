from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from messages import says

from repscape.analyses.lib import select_rdms
from repscape.core.errors import ConfigError
from repscape.rdms.table import table
from repscape.study.study import Study

SETS = {"colors": {"stimulus": "shapes", "by": ["obj"], "entries": ["color"]}}
ANALYSES = {
    "spaces": {"kind": "meta_rdm", "of": "colors", "entries": ["obj"], "where": None},
    "sd": {"kind": "sd_cd"},
}


@pytest.fixture
def study():
    return Study(
        name="s",
        stimuli=("noise", "shapes"),
        layers={"net": ("input", "conv1"), "twin": ("input",)},
        samples={"random": ("200", "all")},
        metrics=("correlation",),
        analyses=("sd", "spaces"),
        config={"rdms": {"sets": SETS}, "analyses": ANALYSES},
    )


def test_all_images_of_all_stimuli(study):
    files = select_rdms.inputs(study, "all_images")["collection"]
    assert len(files) == 2 * 3 * 2
    assert "results/s/rdms/net/noise/random/conv1/n200.nc" in files


def test_a_set_is_in_the_files_of_its_stimulus(study):
    files = select_rdms.inputs(study, "colors", {"layer": "conv1", "size": 200, "obj": "cup"})["collection"]
    assert files == ["results/s/rdms/net/shapes/random/conv1/n200.nc"]


def test_rdms_that_an_analysis_made(study):
    assert select_rdms.inputs(study, "spaces") == {"collection": ["results/s/analyses/spaces.nc"]}


@pytest.mark.parametrize(
    ("of", "where", "message"),
    [
        ("colours", None, "of: 'colours'.*'colors'"),
        ("sd", None, "of: 'sd'"),
        ("colors", {"layer": "conv"}, "where: layer: 'conv'.*'conv1'"),
        ("colors", {"color": "090"}, "where: 'color'"),
        ("colors", {"stimulus": "noise"}, "where: stimulus: 'noise'"),
        ("all_images", {"source": "twin", "layer": "conv1"}, "where:"),
    ],
)
def test_mistakes_are_told_before_a_job_starts(study, of, where, message):
    with pytest.raises(ConfigError, match=message):
        select_rdms.inputs(study, of, where)


@pytest.fixture
def recorded(study):
    """The study with a recording of monkeys and one of people."""
    monkeys = {"kind": "rdms", "path": "a.csv", "stimulus": "shapes"}
    people = {
        "kind": "mat_rdms",
        "path": "a.mat",
        "variable": "rdms",
        "names": "{subject} | {session}",
        "stimulus": "shapes",
    }
    return replace(study, config=study.config | {"recordings": {"monkeys": monkeys, "people": people}})


def test_several_at_once(recorded):
    several = ["all_images", "people", "spaces"]
    files = select_rdms.inputs(recorded, several, {"layer": ["conv1", "IT"], "size": 200})["collection"]
    assert files == [
        "results/s/rdms/net/noise/random/conv1/n200.nc",
        "results/s/rdms/net/shapes/random/conv1/n200.nc",
        "results/s/recordings/people.nc",
        "results/s/analyses/spaces.nc",
    ]
    names = select_rdms.labels(recorded, several)
    assert {"source", "size", "subject", "metric_sub"} <= set(names)
    assert len(names) == len(set(names))
    assert select_rdms.stimuli(recorded, several) == ["noise", "shapes"]
    assert select_rdms.stimuli(recorded, several, {"stimulus": "noise"}) == ["noise"]
    assert select_rdms.stimuli(recorded, ["people", "spaces"]) == ["shapes"]


def test_an_rdm_file_is_read_once_for_all_images_and_sets(recorded):
    files = select_rdms.inputs(recorded, ["all_images", "colors"])["collection"]
    assert len(files) == len(set(files)) == 12


@pytest.mark.parametrize(
    ("of", "where", "said"),
    [
        (["all_images", "person"], {}, "of: 'person' … all_images, colors, monkeys, people, spaces"),
        (["all_images", "people"], {"subjects": "a"}, "where: 'subjects' … 'subject'"),
        (["all_images", "people"], {"layer": ["conv2", "IT"]}, "where: layer: "),
        ("all_images", {"source": "people"}, "of: [all_images, people]"),
    ],
)
def test_what_several_lack(recorded, of, where, said):
    with pytest.raises(ConfigError) as told:
        select_rdms.inputs(recorded, of, where)
    says(str(told.value), said)


@pytest.fixture
def files(tmp_path):
    """Two tables of RDMs of three images, of which one has no subjects and the other no sizes."""
    entries = pd.Index(["a", "b", "c"], name="image")

    def write(name, **labels):
        count = len(next(iter(labels.values())))
        cells = {"entries": entries, "dissimilarity": np.arange(3.0)}
        cells = {key: pd.Series([value] * count, dtype=object) for key, value in cells.items()}
        table.write(tmp_path / name, pd.DataFrame(labels | cells))
        return str(tmp_path / name)

    return [
        write("monkeys.nc", source=["monkeys"] * 2, layer=["IT", "V4"], repeat=[0, 1]),
        write("people.nc", source=["people"] * 2, layer=["IT", "V1"], subject=["BE", "KO"]),
    ]


def read(files, **where):
    return select_rdms.read({"collection": files}, ["monkeys", "people"], where)


def test_tables_with_different_labels_are_joined(files):
    found = read(files)
    assert found.source.tolist() == ["monkeys"] * 2 + ["people"] * 2
    assert found.subject.tolist() == ["", "", "BE", "KO"]
    assert found.repeat.tolist() == [0, 1, 0, 0]
    assert [len(history["files"]) for history in found.attrs["history"]["of"]] == [1, 1]
    np.testing.assert_array_equal(found.dissimilarity[3], [0, 1, 2])


def test_a_label_concerns_what_has_it(files):
    assert read(files, subject="KO")["layer"].tolist() == ["IT", "V4", "V1"]
    assert read(files, subject="KO", layer=["V4", "V1"])["source"].tolist() == ["monkeys", "people"]
    assert read(files, repeat=1, subject=["BE"])["layer"].tolist() == ["V4", "IT"]
    with pytest.raises(ConfigError, match=r"where: subject: 'TI'.*BE, KO"):
        read(files, subject=["BE", "TI"])
    with pytest.raises(ConfigError, match=r"where: .*layer: V1"):
        read(files, layer="V1", source="monkeys")
