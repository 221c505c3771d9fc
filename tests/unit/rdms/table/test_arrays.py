"""Tables as labelled arrays: every value is found again under its labels."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import squareform

from repscape.core.errors import DataError
from repscape.rdms.compare.meta import default_groups, meta_rdms
from repscape.rdms.table import table as tables
from repscape.rdms.table.arrays import to_xarray


@pytest.fixture
def table():
    random = np.random.default_rng(0)
    index = pd.Index(["000", "090", "180"], name="color")
    layers = {"net": ["input", "conv1"], "twin": ["input", "fc", "conv1"]}
    return pd.DataFrame(
        [
            {
                "source": source, "set": "colors", "obj": obj, "layer": layer, "layer_order": order,
                "metric": "correlation", "repeat": 0, "n_drawn": 10 + order, "entries": index,
                "dissimilarity": random.random(3),
            }
            for source in layers
            for order, layer in enumerate(layers[source])
            for obj in ("cup", "hat")
        ]
    )  # fmt: skip


def test_every_value_is_under_its_labels(table):
    array = to_xarray(table)
    assert array.dissimilarity.dims == ("source", "obj", "layer", "color", "color_other")
    for _, row in table.iterrows():
        here = array.sel(source=row.source, obj=row.obj, layer=row.layer)
        np.testing.assert_array_equal(here.dissimilarity, tables.matrix(row))
        for (i, one), (j, other) in itertools.product(enumerate(row.entries), repeat=2):
            assert here.dissimilarity.sel(color=one, color_other=other) == tables.matrix(row).iloc[i, j]
    assert np.isnan(array.dissimilarity.sel(source="net", layer="fc")).all()


def test_what_follows_from_labels_is_a_coordinate_over_them(table):
    array = to_xarray(table)
    assert str(array.metric.values) == "correlation"
    assert array.layer_order.dims == ("source", "layer")
    assert array.layer_order.sel(source="twin", layer="conv1") == 2
    assert to_xarray(table[table.source == "net"]).n_drawn.dims == ("layer",)


def test_how_many_were_averaged_follows_from_the_other_labels(table):
    counts = 1 + np.arange(len(table)) % 3
    array = to_xarray(table.assign(averaged=counts))
    assert array.dissimilarity.dims == ("source", "obj", "layer", "color", "color_other")
    for count, (_, row) in zip(counts, table.iterrows(), strict=True):
        assert array.averaged.sel(source=row.source, obj=row.obj, layer=row.layer) == count
    names = ["source", "obj", "layer", "layer_order", "metric", "measure", "repeat", "draws", "averaged"]
    assert default_groups(names, ["obj"]) == ["source", "layer", "metric"]


def test_entries_are_matched_by_their_labels(table):
    other = table.copy()
    other.at[3, "entries"] = table.entries[3][::-1]
    other.at[3, "dissimilarity"] = table.dissimilarity[3][::-1]
    assert to_xarray(other).identical(to_xarray(table))
    order = [2, 0, 1]  # colours of the first, which is not natural order
    other["entries"] = [table.entries[0][order]] * len(table)
    other["dissimilarity"] = [squareform(squareform(v)[np.ix_(order, order)]) for v in table.dissimilarity]
    found = to_xarray(other)
    assert list(found.color.values) == ["180", "000", "090"]
    assert found.sel(color=["000", "090", "180"], color_other=["000", "090", "180"]).identical(
        to_xarray(table)
    )


def test_meta_rdms_with_p(table):
    array = to_xarray(meta_rdms(table[table.source == "net"], ["obj", "layer"], permutations=5))
    assert set(array.data_vars) == {"dissimilarity", "p", "left_out"}
    assert array.dissimilarity.dims == ("entry", "entry_other")
    assert list(array.obj.values) == ["cup", "cup", "hat", "hat"]
    assert list(array.layer_other.values) == ["input", "conv1"] * 2
    assert np.isnan(np.diag(array.p)).all()
    assert (np.diag(array.dissimilarity) == 0).all()


def test_one_rdm(table):
    array = to_xarray(table[:1])
    assert array.dissimilarity.dims == ("color", "color_other")
    assert str(array.layer.values) == "input"


def test_what_is_refused(table):
    with pytest.raises(DataError, match="obj cup, layer input"):
        to_xarray(table.drop(columns="source"))
    table.at[0, "entries"] = pd.Index(["000", "090", "270"], name="color")
    with pytest.raises(DataError, match=r"only the RDM of source net, obj cup, layer input.* has color 270"):
        to_xarray(table)
    with pytest.raises(DataError, match="empty table"):
        to_xarray(table[:0])
