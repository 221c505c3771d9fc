"""Meta-RDMs of any order: by hand, by loops, and what they refuse."""

import itertools
import json
import logging

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import pearsonr, spearmanr

from repscape.core.errors import ConfigError, DataError
from repscape.rdms.compare.comparison import compare
from repscape.rdms.compare.meta import meta_rdms
from repscape.rdms.compare.permutation import p_values
from repscape.rdms.table import table as tables
from repscape.rdms.table.entries import space

COLORS = ["000", "090", "180", "270"]
OBJECTS = ["cup", "hat", "shoe", "cat"]
LAYERS = ["input", "conv1", "relu1"]


def colour_rdms(repeats=1, seed=0, entries=None):
    """Color RDMs of objects in layers of a network, for two metrics and populations."""
    random = np.random.default_rng(seed)
    rows = []
    for (depth, layer), population, obj, metric, repeat in itertools.product(
        enumerate(LAYERS), ["filter_means", "random"], OBJECTS, ["correlation", "euclidean"], range(repeats)
    ):
        rows.append(
            {
                "source": "net", "stimulus": "shapes", "set": "colors", "obj": obj, "population": population,
                "layer": layer, "layer_order": depth, "size": "all", "metric": metric,
                "normalisation": "zscore" if metric == "correlation" else "none", "repeat": repeat,
                "n_drawn": 10 * depth + 7,
                "entries": pd.Index(COLORS, name="color") if entries is None else entries,
                "dissimilarity": random.random(6),
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.attrs["history"] = {"files": ["a.nc", "b.nc"], "where": {}}
    return frame


def vector(table, **labels):
    (row,) = (row for _, row in table.iterrows() if all(row[k] == v for k, v in labels.items()))
    return row


def test_one_meta_rdm_a_group():
    table = colour_rdms()
    meta = meta_rdms(
        table, ["obj"], ["source", "layer", "population", "metric"], ["pearson", "spearman", "euclidean"]
    )
    assert len(meta) == 3 * 2 * 2 * 3
    loops = {
        "pearson": lambda x, y: 1 - pearsonr(x, y).statistic,
        "spearman": lambda x, y: 1 - spearmanr(x, y).statistic,
        "euclidean": lambda x, y: np.linalg.norm(x - y),
    }
    for _, row in meta.iterrows():
        assert list(row.entries) == OBJECTS  # in the order of the table
        assert row.entries.name == "obj"
        assert list(row.entries_sub) == COLORS
        keys = {"layer": row.layer, "population": row.population, "metric": row.metric_sub}
        values = [vector(table, obj=obj, **keys).dissimilarity for obj in OBJECTS]
        expected = [loops[row.metric](x, y) for x, y in itertools.combinations(values, 2)]
        np.testing.assert_allclose(row.dissimilarity, expected, atol=1e-12)


def test_labels_keep_their_names():
    meta = meta_rdms(colour_rdms(), ["obj"])
    assert tables.labels(meta) == [
        "source", "stimulus", "set", "population", "layer", "layer_order", "size", "metric_sub",
        "normalisation", "repeat", "n_drawn", "metric",
    ]  # fmt: skip
    assert list(meta.columns)[-4:] == ["entries", "entries_sub", "dissimilarity", "left_out"]
    assert set(meta["normalisation"][meta.metric_sub == "correlation"]) == {"zscore"}
    over_layers = meta_rdms(colour_rdms(), ["obj", "layer"])
    assert not {"layer", "layer_order", "n_drawn", "obj"} & set(over_layers.columns)


def test_several_entry_variables():
    table = colour_rdms()
    meta = meta_rdms(table, ["obj", "layer"], ["population", "metric"])
    assert len(meta) == 4
    row = vector(meta, population="random", metric_sub="euclidean")
    assert row.entries.names == ["obj", "layer"]
    assert list(row.entries) == list(itertools.product(OBJECTS, LAYERS))
    square = tables.matrix(row)
    cell = square.loc[("hat", "relu1"), ("cat", "input")]
    keys = {"population": "random", "metric": "euclidean"}
    x = vector(table, obj="hat", layer="relu1", **keys).dissimilarity
    y = vector(table, obj="cat", layer="input", **keys).dissimilarity
    assert cell == pytest.approx(1 - pearsonr(x, y).statistic)


def test_layers_are_entries_by_depth_whatever_other_networks_call_theirs():
    table = colour_rdms()
    table = table[(table.population == "random") & (table.metric == "euclidean")]
    # in the other network, which comes first, what is called relu1 lies before conv1
    other = table.assign(source="a", layer_order=table.layer.map({"input": 0, "relu1": 1, "conv1": 2}))
    other = other.sort_values("layer_order", kind="stable")
    both = pd.concat([other, table], ignore_index=True)
    within = meta_rdms(both, ["layer"], ["source", "obj"]).set_index(["source", "obj"])
    assert list(within.entries["net", "cup"]) == ["input", "conv1", "relu1"]
    assert list(within.entries["a", "cup"]) == ["input", "relu1", "conv1"]


def test_third_order_by_hand():
    table = colour_rdms()
    second = meta_rdms(table, ["obj", "layer"], ["population", "metric"], ["pearson", "euclidean"])
    third = meta_rdms(second, ["population"], ["metric", "metric_sub"], ["pearson", "spearman"])
    assert len(third) == 2 * 2 * 2
    row = vector(third, metric="spearman", metric_sub="euclidean", metric_sub_sub="correlation")
    assert list(row.entries) == ["filter_means", "random"]
    assert list(row.entries_sub) == list(itertools.product(OBJECTS, LAYERS))
    assert list(row.entries_sub_sub) == COLORS
    maps = []
    for population in ("filter_means", "random"):
        spaces = [
            vector(table, obj=obj, layer=layer, population=population, metric="correlation").dissimilarity
            for obj, layer in itertools.product(OBJECTS, LAYERS)
        ]
        maps.append(pdist(spaces))
    np.testing.assert_allclose(row.dissimilarity, 1 - spearmanr(*maps).statistic, atol=1e-12)
    fourth = meta_rdms(third, ["metric_sub"], ["metric", "metric_sub_sub"], ["euclidean"])
    assert list(fourth.entries[0]) == ["pearson", "euclidean"]
    assert fourth.entries[0].name == "metric_sub_sub"
    assert {"metric_sub_sub_sub", "metric_sub", "entries_sub_sub_sub"} <= set(fourth.columns)


def test_history_says_what_went_in_at_each_level(tmp_path):
    second = meta_rdms(colour_rdms(), ["obj"], ["layer", "population", "metric"])
    third = meta_rdms(second, ["layer"], ["population", "metric_sub"], ["cosine"], permutations=9, seed=3)
    history = third.attrs["history"]
    assert history["entries"] == ["layer"]
    assert history["comparisons"] == ["cosine"]
    assert (history["permutations"], history["seed"]) == (9, 3)
    assert history["of"]["entries"] == ["obj"]
    assert history["of"]["groups"] == ["layer", "population", "metric"]
    assert history["of"]["labels"]["obj"] == ["cat", "cup", "hat", "shoe"]
    assert history["of"]["of"]["files"] == ["a.nc", "b.nc"]
    tables.write(tmp_path / "third.nc", third)
    again = tables.read(tmp_path / "third.nc", {"population": "random"})
    assert again.attrs["history"]["where"] == {"population": "random"}
    assert again.attrs["history"]["of"] == history == json.loads(json.dumps(history))
    assert list(again.columns) == list(third.columns) or set(again.columns) == set(third.columns)


def test_repeats_are_averaged():
    table = colour_rdms(repeats=3)
    meta = meta_rdms(table, ["obj"], ["layer", "population", "metric"])
    assert "repeat" not in meta
    assert meta.attrs["history"]["repeats_averaged"] == 3
    keys = {"layer": "conv1", "population": "random", "metric": "euclidean"}
    means = [
        np.mean([vector(table, obj=obj, repeat=at, **keys).dissimilarity for at in range(3)], axis=0)
        for obj in OBJECTS
    ]
    row = vector(meta, layer="conv1", population="random", metric_sub="euclidean")
    np.testing.assert_allclose(row.dissimilarity, compare(np.array(means), "pearson"))
    each = meta_rdms(table, ["obj"], ["layer", "population", "metric", "repeat"])
    assert len(each) == 3 * len(meta)


def test_entries_are_matched_by_their_labels():
    table = colour_rdms()
    expected = meta_rdms(table, ["obj"], permutations=20)
    order = [2, 0, 3, 1]
    other = table.copy()
    for at in other.index[other.obj == "hat"]:
        square = squareform(other.at[at, "dissimilarity"])
        other.at[at, "dissimilarity"] = squareform(square[np.ix_(order, order)])
        other.at[at, "entries"] = pd.Index(np.array(COLORS)[order], name="color")
    found = meta_rdms(other, ["obj"], permutations=20)
    for name in ("dissimilarity", "p"):
        np.testing.assert_allclose(np.stack(found[name]), np.stack(expected[name]), atol=1e-12)


def test_levels_of_entries_are_matched_by_name():
    labels = list(itertools.product(["a", "b"], ["x", "y"]))
    one = pd.MultiIndex.from_tuples(labels, names=["f", "g"])
    table = colour_rdms(entries=one)
    expected = meta_rdms(table, ["obj"])
    swapped = pd.MultiIndex.from_tuples([label[::-1] for label in labels], names=["g", "f"])
    table["entries"] = [swapped if obj == "hat" else one for obj in table.obj]
    found = meta_rdms(table, ["obj"])
    np.testing.assert_array_equal(np.stack(found.dissimilarity), np.stack(expected.dissimilarity))


def test_p_of_a_pair_depends_on_nothing_else():
    random = np.random.default_rng(0)
    table = colour_rdms(entries=pd.Index([f"i{at}" for at in range(12)], name="image"))
    table["dissimilarity"] = [pdist(random.normal(size=(12, 2))) for _ in range(len(table))]
    whole = meta_rdms(table, ["obj"], permutations=199, seed=5)
    few = meta_rdms(table[table.obj.isin(["shoe", "cup"])][::-1], ["obj"], permutations=199, seed=5)
    for _, row in few.iterrows():
        same = vector(
            whole, **{name: row[name] for name in tables.labels(few) if name not in ("metric", "repeat")}
        )
        cells = pd.DataFrame(squareform(same.p), same.entries, same.entries)
        assert row.p[0] == cells.loc["shoe", "cup"]
    row = whole.iloc[0]
    values = dict(
        zip(OBJECTS, table.dissimilarity[table[row.metric_sub == table.metric].index][:4], strict=True)
    )
    for (one, other), p in zip(itertools.combinations(OBJECTS, 2), row.p, strict=True):
        order = space(table.entries[0]).pairs
        stack = np.array([values[name][order] for name in sorted([one, other])])
        assert p == p_values(stack, "pearson", 199, 5)[0]
    other = meta_rdms(table, ["obj"], permutations=199, seed=6)
    assert not np.array_equal(np.stack(whole.p), np.stack(other.p))


def test_p_of_four_entries_is_exact_and_said_to_be(caplog):
    with caplog.at_level(logging.INFO, "repscape"):
        meta = meta_rdms(colour_rdms(), ["obj"], permutations=1000)
    assert "4 entries have only 24 orders" in caplog.text
    p = np.stack(meta.p)
    np.testing.assert_allclose(p * 24, np.round(p * 24))


def test_undefined_entries_are_said_and_left_out(caplog):
    table = colour_rdms()
    lacking = [at for at in table.index if table.at[at, "obj"] == "hat" and table.at[at, "layer"] == "conv1"]
    first, second = np.triu_indices(4, 1)
    for at in lacking:
        table.at[at, "dissimilarity"] = np.where((first == 1) | (second == 1), np.nan, np.arange(6.0))
    meta = meta_rdms(table, ["obj"], permutations=5)
    assert "undefined dissimilarities in 4 RDMs" in caplog.text
    assert "layer conv1" in caplog.text
    assert "(color 090)" in caplog.text
    for _, row in meta.iterrows():
        with_hat = [0, 3, 4] if row.layer == "conv1" else []
        assert (np.flatnonzero(row.left_out) == with_hat).all()
        assert set(row.left_out) <= {0, 0.5}
        assert np.isfinite(row.dissimilarity).all()


def test_what_has_no_correlation_is_said(caplog):
    table = colour_rdms()
    table.at[0, "dissimilarity"] = np.full(6, 2.0)  # cup in input
    meta = meta_rdms(table, ["obj"], comparisons=["pearson", "euclidean"])
    assert (
        "pearson is undefined for RDMs with fewer than 3 values or with equal values only: obj cup"
        in caplog.text
    )
    assert "euclidean" not in caplog.text.replace("metric euclidean", "")
    undefined = meta[[np.isnan(values).any() for values in meta.dissimilarity]]
    assert len(undefined) == 1
    assert np.isnan(undefined.dissimilarity.iloc[0]).tolist() == [True] * 3 + [False] * 3


def test_rdms_of_different_entries_are_refused():
    table = colour_rdms()
    at = table.index[table.obj == "hat"][0]
    table.at[at, "entries"] = pd.Index(["000", "090", "180", "300"], name="color")
    message = r"RDM.*obj cup.*color 270.*RDM.*obj hat.*color 300"
    with pytest.raises(DataError, match=message):
        meta_rdms(table, ["obj"])
    table.at[at, "entries"] = pd.Index(COLORS, name="hue")
    with pytest.raises(DataError, match=r"by color, those of .*obj hat.* by hue"):
        meta_rdms(table, ["obj"])
    table.at[at, "entries"] = pd.Index(["000", "090", "180", "090"], name="color")
    with pytest.raises(DataError, match="color 090"):
        meta_rdms(table, ["obj"])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"entries": ["objct"]}, ConfigError, "entries: 'objct'.*'obj'"),
        ({"entries": []}, ConfigError, r"entries:.*at.*label"),
        ({"entries": ["obj"], "groups": ["layers"]}, ConfigError, "groups: 'layers'"),
        ({"entries": ["obj"], "groups": ["obj"]}, ConfigError, r"'obj'.*`entries`"),
        ({"entries": ["obj"], "groups": ["layer", "layer"]}, ConfigError, "listed twice"),
        ({"entries": ["obj"], "comparisons": ["person"]}, ConfigError, "'pearson'"),
        ({"entries": ["obj"], "comparisons": []}, ConfigError, r"comparisons:.*at"),
        ({"entries": ["obj"], "comparisons": ["cosine", "cosine"]}, ConfigError, "one is listed twice"),
        ({"entries": ["obj"], "permutations": -1}, ConfigError, r"permutations:.* 0"),
        (
            {"entries": ["obj"], "groups": ["layer", "population"]},
            DataError,
            r"2 RDMs have the labels layer input, population filter_means, obj cup but differ in 'metric' "
            r"\(correlation; euclidean\)",
        ),
        ({"entries": ["source"]}, DataError, r"compare:.*RDMs.*source"),
    ],
)
def test_mistakes(arguments, error, message):
    with pytest.raises(error, match=message):
        meta_rdms(colour_rdms(), **arguments)


def test_the_same_rdm_twice_is_refused():
    table = colour_rdms()
    with pytest.raises(DataError, match="RDM twice: obj cup"):
        meta_rdms(pd.concat([table, table]), ["obj"])
    with pytest.raises(DataError, match="empty table"):
        meta_rdms(table[:0], ["obj"])


def test_groups_with_a_single_rdm_are_left_out_and_said(caplog):
    table = colour_rdms()
    table = table[(table.layer != "conv1") | (table.obj == "cup")]
    meta = meta_rdms(table, ["obj"])
    assert set(meta.layer) == {"input", "relu1"}
    assert "a single RDM: source net, stimulus shapes, set colors, population filter_means, layer conv1" in (
        caplog.text
    )


def test_written_and_read_again(tmp_path):
    meta = meta_rdms(colour_rdms(), ["obj", "layer"], permutations=9)
    tables.write(tmp_path / "meta.nc", meta)
    again = tables.read(tmp_path / "meta.nc")
    keys = tables.labels(meta)
    again = again.set_index(keys).loc[[tuple(row) for row in meta[keys].itertuples(index=False)]]
    for name in ("dissimilarity", "p", "left_out"):
        np.testing.assert_array_equal(np.stack(again[name]), np.stack(meta[name]))
    assert again.entries.iloc[0].equals(meta.entries.iloc[0])
    assert again.entries_sub.iloc[0].equals(meta.entries_sub.iloc[0])
