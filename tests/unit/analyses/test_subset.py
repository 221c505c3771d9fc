"""Choices of entries as an analysis: which RDMs, names, what is left out, the file and its table."""

import csv

import numpy as np
import pandas as pd
import pytest
import xarray
from scipy.spatial.distance import pdist, squareform

from repscape.analyses import subset
from repscape.analyses.lib.subset_choice import choose, rankings
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.rdms.table import table as tables

IMAGES = pd.Index([f"p{i}.png" for i in range(12)], name="image")
BOTH = pd.MultiIndex.from_product([["cup", "hat", "key"], list("abcd")], names=["obj", "color"])


def table_of(entries=IMAGES, repeats=1, layers=("input", "conv1"), seed=0):
    generator = np.random.default_rng(seed)
    rows = [
        {
            "source": "net", "stimulus": "pictures", "set": "", "population": "random", "layer": layer,
            "layer_order": order, "size": "200", "metric": "correlation", "normalisation": "zscore",
            "repeat": repeat, "n_drawn": 200, "entries": entries,
            "dissimilarity": pdist(generator.normal(size=(len(entries), 5))),
        }
        for order, layer in enumerate(layers) for repeat in range(repeats)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def chosen(tmp_path):
    """Choose of a table, write the file as the job does, and open it."""

    def compute(table, **parameters):
        tables.write(tmp_path / "rdms.nc", table)
        keys = {"seed": 0, "k": 4, "random": 30} | parameters
        plugin = subset.Subset(**keys)
        result = plugin.compute({"collection": [str(tmp_path / "rdms.nc")]})
        path = tmp_path / "subset.nc"
        netcdf.write(path, kind="analysis", variables=result.variables, attributes=result.attributes)
        with xarray.open_dataset(path) as data:
            data.load()
        data.attrs["rows"] = list(plugin.rows(result))
        return data

    return compute


@pytest.mark.parametrize("goal", ["largest", "uniform"])
def test_every_rdm_has_its_choice(chosen, goal):
    table = table_of()
    data = chosen(table, goal=goal)
    assert data.layer.values.tolist() == ["input", "conv1"]
    for at in range(2):
        expected = choose(table.dissimilarity[at], 4, goal)
        assert data.chosen[at].values.tolist() == list(expected.indices)
        assert data.chosen_image[at].values.tolist() == [f"p{i}.png" for i in expected.indices]
        for name in ("value", "mean", "sd", "greedy"):
            assert float(data[name][at]) == getattr(expected, name)
        assert data.ranking[at].values.tolist() == list(rankings(table.dissimilarity[at]))
        better = (
            data.random_value[at] <= data.value[at]
            if goal == "largest"
            else data.random_value[at] >= data.value[at]
        )
        assert better.all()
    assert data.random_value.shape == (2, 30)
    assert {"goal": goal, "k": 4, "of": "all_images"}.items() <= data.attrs.items()


def test_a_target(chosen):
    data = chosen(table_of(), goal="target", target=2.5)
    assert data.attrs["target"] == 2.5
    np.testing.assert_allclose(abs(data["mean"] - 2.5), data.value, atol=1e-12)


def test_draws_are_averaged_and_labels_of_entries_told(chosen):
    table = table_of(BOTH, repeats=3, layers=("input",))
    data = chosen(table)
    assert data.sizes["rdm"] == 1
    expected = choose(np.mean(list(table.dissimilarity), axis=0), 4)
    names = list(zip(data.chosen_obj[0].values, data.chosen_color[0].values, strict=True))
    assert names == [BOTH[i] for i in expected.indices]
    assert data.draws.values.tolist() == [3]


def test_where_and_the_long_table(chosen):
    data = chosen(table_of(), where={"layer": "conv1"})
    header, *body = data.attrs["rows"]
    assert header[-5:] == ("image", "value", "mean", "sd", "greedy")
    assert len(body) == 4
    assert [row[header.index("image")] for row in body] == data.chosen_image[0].values.tolist()
    assert {row[header.index("layer")] for row in body} == {"conv1"}
    assert len(next(csv.reader([",".join(map(str, body[0]))]))) == len(header)


def test_undefined_entries_are_left_out(chosen, caplog):
    table = table_of()
    square = squareform(table.dissimilarity[0])
    square[[3, 7]] = square[:, [3, 7]] = np.nan
    table.at[0, "dissimilarity"] = square[np.triu_indices(12, 1)]
    table.at[1, "dissimilarity"] = np.full(66, np.nan)
    data = chosen(table)
    assert data.layer.values.tolist() == ["input"]
    assert not {3, 7} & set(data.chosen.values.ravel().tolist())
    assert data.entries.values.tolist() == [10]
    assert data.ranking.values[0, 10:].tolist() == [-1, -1]
    keep = np.delete(np.arange(12), [3, 7])
    assert (
        data.chosen[0].values.tolist() == keep[list(choose(square[np.ix_(keep, keep)], 4).indices)].tolist()
    )
    assert data.attrs["left_out"] == [
        "layer input: 2 entries with undefined dissimilarities",
        "layer conv1: has 1 of 4 entries with defined dissimilarities",
    ]
    assert "layer conv1: has 1 of 4" in caplog.text


def test_bad_input(chosen):
    with pytest.raises(DataError, match=r"rdms\.nc:.*layer input:.* 12.* 13"):
        chosen(table_of(), k=13)
    for keys in ({"goal": "target"}, {"target": 0.5}):
        with pytest.raises(ConfigError, match=r"target: .*goal: "):
            subset.Subset(k=4, **keys).check()
