from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from repscape.analyses import mean_rdm
from repscape.analyses.lib import select_rdms
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.rdms.table import table
from repscape.study.study import Study

RECORDING = {
    "kind": "mat_rdms",
    "path": "a.mat",
    "variable": "rdms",
    "names": "{subject} | {session}",
    "stimulus": "objects",
}
ANALYSIS = {"kind": "mean_rdm", "of": "people", "over": ["session"], "where": None}


@pytest.fixture
def study():
    return Study(
        name="s",
        stimuli=("objects",),
        layers={"net": ("input",)},
        samples={"random": ("all",)},
        metrics=("correlation",),
        analyses=("subjects",),
        config={"rdms": {}, "recordings": {"people": RECORDING}, "analyses": {"subjects": ANALYSIS}},
    )


def test_labels_that_are_averaged_over_are_gone(study):
    files = mean_rdm.MeanRdm(of="people", over=["session"]).inputs(study)
    assert files == {"collection": ["results/s/recordings/people.nc"]}
    names = select_rdms.labels(study, "subjects")
    assert "session" not in names
    assert {"subject", "averaged", "layer"} <= set(names)
    assert select_rdms.inputs(study, "subjects") == {"collection": ["results/s/analyses/subjects.nc"]}
    assert select_rdms.stimuli(study, "subjects") == ["objects"]
    with pytest.raises(ConfigError, match=r"over: 'sessions'.*'session'"):
        mean_rdm.MeanRdm(of="people", over=["sessions"]).inputs(study)
    circular = replace(study, config=study.config | {"analyses": {"subjects": ANALYSIS | {"of": "subjects"}}})
    with pytest.raises(ConfigError, match=r"of: .*subjects ← subjects"):
        select_rdms.labels(circular, "subjects")


def rdms(values, entries, **labels):
    cells = {"entries": entries, "dissimilarity": values}
    return pd.DataFrame(labels | {key: pd.Series(cell, dtype=object) for key, cell in cells.items()})


IMAGES = pd.Index(["a", "b", "c"], name="image")


def test_mean_over_sessions_and_subjects():
    values = [np.array([1.0, 2.0, 3.0]) * factor for factor in (1, 3, 10, 30)]
    given = rdms(values, [IMAGES] * 4, subject=["BE", "BE", "KO", "KO"], session=["1", "2", "1", "2"])
    subjects = mean_rdm.averaged(given, ["session"])
    assert subjects.subject.tolist() == ["BE", "KO"]
    assert subjects.averaged.tolist() == [2, 2]
    np.testing.assert_allclose(np.stack(subjects.dissimilarity), [[2, 4, 6], [20, 40, 60]])
    whole = mean_rdm.averaged(given, ["session", "subject"])
    assert list(whole.columns) == ["averaged", "entries", "dissimilarity"]
    np.testing.assert_allclose(whole.dissimilarity[0], [11, 22, 33])


def test_a_mean_of_means_of_unequal_numbers():
    """Each person counts once, whatever the number of sessions."""
    values = [np.array([1.0, 2.0, 3.0]) * factor for factor in (1, 3, 10)]
    given = rdms(values, [IMAGES] * 3, subject=["BE", "BE", "KO"], session=["1", "2", "1"])
    whole = mean_rdm.averaged(mean_rdm.averaged(given, ["session"]), ["subject"])
    assert whole.averaged.tolist() == [2]
    np.testing.assert_allclose(whole.dissimilarity[0], [6, 12, 18])


def test_entries_are_matched_by_name():
    """The pairs of b, c, a are bc, ba, ca; those of a, b, c are ab, ac, bc."""
    other = pd.Index(["b", "c", "a"], name="image")
    given = rdms(
        [np.array([1.0, 2.0, 3.0]), np.array([3.0, 1.0, 2.0])],
        [IMAGES, other],
        subject=["BE", "KO"],
        area="IT",
    )
    for rows in ([0, 1], [1, 0]):
        mean = mean_rdm.averaged(given.iloc[rows], ["subject"])
        np.testing.assert_allclose(mean.dissimilarity[0], given.dissimilarity[rows[0]])


def test_different_entries_and_undefined_pairs():
    other = pd.Index(["a", "b", "d"], name="image")
    values = [np.arange(3.0)] * 2
    with pytest.raises(DataError, match="different entries"):
        mean_rdm.averaged(rdms(values, [IMAGES, other], subject=["BE", "KO"]), ["subject"])
    undefined = [np.arange(3.0), np.array([0, np.nan, 2])]
    mean = mean_rdm.averaged(rdms(undefined, [IMAGES] * 2, subject=["BE", "KO"]), ["subject"])
    np.testing.assert_array_equal(mean.dissimilarity[0], [0, np.nan, 2])


def test_what_is_written_can_be_averaged_again(tmp_path):
    given = rdms(
        [np.arange(3.0) + at for at in range(4)],
        [IMAGES] * 4,
        source="people",
        subject=["BE", "BE", "KO", "KO"],
        session=["1", "2"] * 2,
    )
    table.write(tmp_path / "people.nc", given)
    files = {"collection": [str(tmp_path / "people.nc")]}
    result = mean_rdm.MeanRdm(of="people", over=["session"], where={"subject": "KO"}).compute(files)
    netcdf.write(
        tmp_path / "subjects.nc", kind="analysis", variables=result.variables, attributes=result.attributes
    )
    again = table.read(tmp_path / "subjects.nc")
    np.testing.assert_array_equal(again.dissimilarity[0], np.arange(3) + 2.5)
    assert again.attrs["history"]["of"]["over"] == ["session"]
