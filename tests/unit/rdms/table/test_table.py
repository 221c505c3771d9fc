import numpy as np
import pandas as pd
import pytest
import xarray
from scipy.spatial.distance import pdist, squareform

from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.rdms.table import table
from repscape.rdms.table.arrays import to_xarray

IMAGES = ["a.png", "b.png", "c.png", "d.png"]


def rdm_file(path, *, layer="conv1", order=1, source="net", size="200", sets=False):
    """Write an RDM file as a job does; return its values (metric, repeat, pair)."""
    generator = np.random.default_rng(order)
    first, second = np.triu_indices(4, 1)
    values = generator.random((2, 3, 6), np.float32)
    labels = {
        "metric": (("metric",), ["correlation", "cosine"]),
        "measure": (("metric",), ["correlation", "cosine"]),
        "normalisation": (("metric",), ["zscore", "none"]),
        "repeat": (("repeat",), np.arange(3, dtype=np.int32)),
    }
    groups = {}
    if sets:
        inner = {
            "dissimilarity": (("set", "metric", "repeat", "pair"), np.stack([values[:, :, :1]] * 2)),
            "obj": (("set",), ["cup", "hat"]),
            "color": (("entry",), ["000", "090"]),
            "entry_i": (("pair",), np.int32([0])),
            "entry_j": (("pair",), np.int32([1])),
        }
        groups["colors/0"] = (inner, {"set": "colors", "by": ["obj"], "entries": ["color"]})
    netcdf.write(
        path,
        kind="rdm",
        variables={
            "dissimilarity": (("metric", "repeat", "pair"), values),
            **labels,
            "image_i": (("pair",), first.astype(np.int32)),
            "image_j": (("pair",), second.astype(np.int32)),
            "name_i": (("pair",), np.array(IMAGES)[first]),
            "name_j": (("pair",), np.array(IMAGES)[second]),
        },
        attributes={
            "source": source, "stimulus": "pictures", "population": "random", "layer": layer,
            "order": order, "size": size, "n_drawn": 200,
        },
        groups=groups,
    )  # fmt: skip
    return values


@pytest.fixture
def folder(tmp_path):
    for layer, order in (("conv10", 10), ("conv2", 2), ("input", 0)):
        rdm_file(tmp_path / layer / "n200.nc", layer=layer, order=order, sets=True)
    return tmp_path


def test_a_row_an_rdm_in_the_order_of_layers(folder):
    read = table.read(folder, {"set": ""})
    assert len(read) == 3 * 2 * 3
    assert list(dict.fromkeys(read.layer)) == ["input", "conv2", "conv10"]
    assert set(table.COLUMNS) - {"presentation"} <= set(read.columns)  # that of a recording's trials
    assert list(read.entries[0]) == IMAGES
    assert set(read["size"]) == {"200"}


def test_values_are_those_of_the_file(tmp_path):
    values = rdm_file(tmp_path / "n200.nc")
    read = table.read(tmp_path / "n200.nc")
    for row in read.itertuples():
        m = ["correlation", "cosine"].index(row.metric)
        assert np.array_equal(row.dissimilarity, values[m, row.repeat])
        assert row.normalisation == ["zscore", "none"][m]


def test_sets_have_labels_and_entries_of_their_own(folder):
    read = table.read(folder, {"set": "colors", "metric": "cosine", "repeat": 1})
    assert list(read.obj) == ["cup", "hat"] * 3
    assert list(read.columns)[:4] == ["source", "stimulus", "set", "obj"]
    assert all(entries.name == "color" and list(entries) == ["000", "090"] for entries in read.entries)


def test_without_where_everything_is_read(folder):
    read = table.read(folder)
    assert len(read) == 3 * 6 * (1 + 2)
    assert set(read.obj) == {"", "cup", "hat"}


def test_a_matrix_is_square_symmetric_and_labelled():
    points = np.random.default_rng(0).random((4, 3))
    row = pd.Series({"entries": pd.Index(IMAGES, name="image"), "dissimilarity": pdist(points)})
    square = table.matrix(row)
    assert np.array_equal(square.to_numpy(), squareform(pdist(points)))
    assert square.loc["b.png", "d.png"] == pytest.approx(np.linalg.norm(points[1] - points[3]))


@pytest.mark.parametrize("where", [{"set": "colors"}, None])
def test_what_is_written_is_read_again(folder, where, tmp_path):
    whole = table.read(folder, where)
    whole["p"] = [np.full(len(values), 0.5) for values in whole["dissimilarity"]]
    whole["entries_sub"] = [pd.MultiIndex.from_arrays([["x", "y"], ["1", "2"]], names=["f", "g"])] * len(
        whole
    )
    whole.attrs["history"] = {"of": ["colors"]}
    table.write(tmp_path / "table.nc", whole)
    again = table.read(tmp_path / "table.nc")
    keys = [*table.labels(whole)]
    whole, again = (
        frame.sort_values(keys, kind="stable", ignore_index=True)[list(whole.columns)]
        for frame in (whole, again)
    )
    assert (whole[keys] == again[keys]).all(axis=None)
    for left, right in zip(whole.itertuples(), again.itertuples(), strict=True):
        assert np.array_equal(left.dissimilarity, right.dissimilarity)
        assert np.array_equal(left.p, right.p)
        assert left.entries.equals(right.entries)
        assert left.entries.names == right.entries.names
        assert left.entries_sub.equals(right.entries_sub)


def test_plain_xarray_opens_it(folder, tmp_path):
    table.write(tmp_path / "table.nc", table.read(folder, {"set": "colors"}))
    with xarray.open_dataset(tmp_path / "table.nc") as dataset:
        assert dataset["dissimilarity"].dims == ("rdm", "pair")
        assert {"layer", "obj", "metric"} <= set(dataset["dissimilarity"].coords)
        assert list(dataset["color"].values) == ["000", "090"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"layr": "conv2"}, "'layr'.*'layer'"),
        ({"layer": "conv"}, r"where: layer: 'conv'.* conv2, conv10, input"),
        ({"layer": "conv2", "size": "200", "metric": ["cosine", "cosin"]}, "where: metric: 'cosin'"),
        ({"set": "", "layer": "conv2", "layer_order": 0}, r"RDM.*labels"),
    ],
)
def test_where_says_what_there_is(folder, where, message):
    with pytest.raises(ConfigError, match=message):
        table.read(folder, where)


def test_numbers_and_text_choose_alike(folder):
    assert len(table.read(folder, {"size": 200, "set": ""})) == len(
        table.read(folder, {"size": "200", "set": ""})
    )


def test_other_files_are_refused(tmp_path):
    netcdf.write(tmp_path / "x.nc", kind="stimulus", variables={"name": (("image",), ["a"])})
    with pytest.raises(DataError, match="RDMs"):
        table.read(tmp_path / "x.nc")
    for name in ("no/*.nc", "no"):
        with pytest.raises(DataError, match="no such file"):
            table.read(tmp_path / name)


def test_a_folder_may_hold_other_files(folder):
    netcdf.write(folder / "x.nc", kind="stimulus", variables={"name": (("image",), ["a"])})
    assert len(table.read(folder, {"set": ""})) == 3 * 2 * 3
    (folder / "none").mkdir()
    (folder / "x.nc").rename(folder / "none/x.nc")
    with pytest.raises(DataError, match=r"none:.*RDMs"):
        table.read(folder / "none")


def test_files_with_and_without_p_in_one_table(folder, tmp_path):
    whole = table.read(folder, {"set": "colors", "metric": "cosine"})
    table.write(tmp_path / "without.nc", whole[whole.layer == "input"])
    whole["p"] = [np.full(len(values), 0.5) for values in whole["dissimilarity"]]
    table.write(tmp_path / "with.nc", whole[whole.layer != "input"])
    both = table.read([tmp_path / "without.nc", tmp_path / "with.nc"])
    assert "p" not in table.labels(both)
    assert [np.isnan(row.p).all() for row in both.itertuples()] == list(both.layer == "input")
    table.write(tmp_path / "both.nc", both)
    again = table.read(tmp_path / "both.nc")
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(both.p, again.p, strict=True))


def test_a_label_of_other_sets_may_be_the_entries_of_these(folder, tmp_path):
    whole = table.read(folder, {"set": "colors", "metric": "cosine", "repeat": 0})
    own = whole.assign(color="")
    table.write(tmp_path / "table.nc", own)
    assert "color" not in table.read(tmp_path / "table.nc")
    assert to_xarray(own).dissimilarity.dims == ("obj", "layer", "color", "color_other")
    with pytest.raises(DataError, match="'color'"):
        table.write(tmp_path / "table.nc", whole.assign(color="000"))


def test_the_folder_of_a_study_stands_for_its_rdms(folder, tmp_path):
    netcdf.write(tmp_path / "s/activations/x.nc", kind="activations", variables={"name": (("image",), ["a"])})
    rdm_file(tmp_path / "s/rdms/net/n200.nc")
    assert len(table.read(tmp_path / "s")) == 6


def test_chosen_rdms_are_those_of_a_query(folder):
    whole = table.read(folder)
    found = table.select(
        whole, {"layer": ["conv2", "input"], "metric": "cosine", "repeat": 1, "set": "colors"}
    )
    query = "layer in ['conv2', 'input'] and metric == 'cosine' and repeat == 1 and set == 'colors'"
    assert list(found.index) == list(whole.query(query).index)
    assert len(found) == 4
    with pytest.raises(ConfigError, match=r"where: layer: 'conv3'"):
        table.select(whole, {"layer": "conv3"})
    with pytest.raises(ConfigError, match="where: 'colour'"):
        table.select(whole, {"colour": "090"})
    with pytest.raises(ConfigError, match=r"RDM.*labels"):
        table.select(whole, {"set": "colors", "obj": ""})
