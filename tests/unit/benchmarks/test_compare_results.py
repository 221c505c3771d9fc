"""What the comparison of two results folders sees, and what it overlooks on purpose."""

import shutil

import compare_results
import netCDF4
import numpy as np
import pandas as pd
import pytest

RDM = "study/rdms/network/block1/n10.nc"
META = "study/analyses/meta.nc"
TABLE = "study/analyses/differentiation.csv"
PAIRS = "study/analyses/meta.csv"
LAYERS = ["input", "block1", "fc1"]


def write(path, dims, variables, groups=(), **attributes):
    """Write a NetCDF file: `variables` by name, (dimensions, values), the last of them also in `groups`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with netCDF4.Dataset(path, "w") as dataset:
        dataset.setncatts(attributes)
        for group in (dataset, *map(dataset.createGroup, groups)):
            for name, size in dims.items():
                group.createDimension(name, size)
            for name, (along, values) in variables.items():
                values = np.asarray(values)
                kind = str if values.dtype.kind == "U" else values.dtype
                group.createVariable(name, kind, along)[:] = values.astype(object) if kind is str else values


def write_rdm(folder, layers=(0, 1, 2), change=0.0, version="1", seed=5):
    values = np.array([[0.5, 1, np.nan], [2, 3, 4], [5, 6, 7]], np.float32)
    values[0, 0] *= 1 + change
    variables = {
        "layer": (("layer",), np.array(LAYERS)[list(layers)]),
        "name_i": (("pair",), ["cat", "cat", "dog"]),
        "name_j": (("pair",), ["cup", "dog", "cup"]),
        "dissimilarity": (("layer", "pair"), values[list(layers)]),
    }
    write(folder / RDM, {"layer": 3, "pair": 3}, variables, ["set/0"], repscape_version=version, seed=seed)


def write_meta(folder, entries=(0, 1, 2)):
    """Write a square matrix of dissimilarities of labelled entries above its diagonal."""
    matrix = np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0]], float)[np.ix_(entries, entries)]
    i, j = np.triu_indices(3, 1)
    variables = {
        "layer": (("entry",), np.array(LAYERS)[list(entries)]),
        "entry_i": (("pair",), i),
        "entry_j": (("pair",), j),
        "dissimilarity": (("pair",), matrix[i, j]),
    }
    write(folder / META, {"entry": 3, "pair": 3}, variables)


def write_table(folder, rows=(0, 1, 2), value=0.25):
    table = pd.DataFrame({"layer": LAYERS, "repeat": 0, "differentiation": [value, np.nan, 0.75]})
    (folder / TABLE).parent.mkdir(parents=True, exist_ok=True)
    table.iloc[list(rows)].to_csv(folder / TABLE, index=False)


def write_pairs(folder, first, second, value=1.0):
    """Write a table of pairs of labelled entries, its first two rows with `first` and `second`."""
    rows = [(*first, value), (*second, 2.0), ("cat", "cat", "fc1", "fc2", 3.0)]
    columns = ["name_i", "name_j", "layer_i", "layer_j", "dissimilarity"]
    (folder / PAIRS).parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=columns).to_csv(folder / PAIRS, index=False)


@pytest.fixture
def folders(tmp_path):
    """Two results folders with the same values."""
    for write_one in (write_rdm, write_meta, write_table):
        write_one(tmp_path / "old")
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    return tmp_path / "old", tmp_path / "new"


@pytest.fixture
def compared(folders, capsys):
    """Compare the folders; give the exit status and what was printed."""

    def compare(*options):
        status = compare_results.main([*map(str, folders), *options])
        return status, capsys.readouterr().out

    return compare


def test_the_same(compared):
    status, printed = compared()
    assert status == 0
    assert printed.splitlines()[0].split()[:5] == ["rdms", "1", "files,", "1", "equal,"]
    assert printed.splitlines()[1].split()[:5] == ["analyses", "2", "files,", "2", "equal,"]


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_another_order_of_labels_is_equal(folders, compared, order):
    for write_one in (write_rdm, write_meta, write_table):
        write_one(folders[1], order)
    assert compared()[0] == 0


def test_pairs_have_no_direction_but_labels_stay_together(folders, compared):
    first, second = ("cat", "dog", "fc1", "fc2"), ("cat", "dog", "fc2", "fc1")
    write_pairs(folders[0], first, second)
    write_pairs(folders[1], ("dog", "cat", "fc2", "fc1"), second)
    assert compared()[0] == 0
    write_pairs(folders[1], second, first)
    assert f"{PAIRS}: dissimilarity: 2 of 3 values" in compared()[1]


def test_a_changed_value(folders, compared):
    write_rdm(folders[1], (2, 0, 1), change=1e-3)
    status, printed = compared()
    assert status == 1
    assert f"{RDM}: dissimilarity: 1 of 9 values" in printed
    assert f"{RDM}: set/0/dissimilarity: 1 of 9 values" in printed
    assert "1.0e-03" in printed.splitlines()[0]
    assert compared("--tolerance", "0.01")[0] == 0


@pytest.mark.parametrize("value", [0.26, np.nan, np.inf])
def test_a_changed_value_of_a_table(folders, compared, value):
    write_table(folders[1], value=value)
    status, printed = compared()
    assert status == 1
    assert f"{TABLE}: differentiation: 1 of 3 values" in printed


def test_values_under_other_labels(folders, compared):
    with netCDF4.Dataset(folders[1] / RDM, "a") as dataset:
        dataset["layer"][:] = np.array(["block1", "input", "fc1"], object)
    status, printed = compared()
    assert status == 1
    assert f"{RDM}: dissimilarity: 6 of 9 values" in printed


@pytest.mark.parametrize("side", [0, 1])
def test_a_missing_file(folders, compared, side):
    (folders[side] / RDM).unlink()
    status, printed = compared()
    assert status == 1
    assert f"missing in the {('old', 'new')[side]} folder: {RDM}" in printed


def test_a_missing_variable(folders, compared):
    with netCDF4.Dataset(folders[1] / META, "a") as dataset:
        dataset.renameVariable("dissimilarity", "distance")
    printed = compared()[1]
    assert f"{META}: dissimilarity: on one side alone" in printed
    assert f"{META}: distance: on one side alone" in printed


def test_another_type(folders, compared):
    with netCDF4.Dataset(folders[1] / META, "a") as dataset:
        dataset.renameVariable("dissimilarity", "former")
        dataset.createVariable("dissimilarity", "f4", ("pair",))[:] = dataset["former"][:]
    assert f"{META}: dissimilarity: float64" in compared()[1]


def test_attributes(folders, compared):
    write_rdm(folders[1], version="2")
    assert compared()[0] == 0
    write_rdm(folders[1], seed=6)
    assert f"{RDM}: @seed: 1 of 1 values, such as 5, now 6" in compared()[1]


def test_folders_without_results(tmp_path):
    with pytest.raises(SystemExit, match="2"):
        compare_results.main([str(tmp_path), str(tmp_path)])
