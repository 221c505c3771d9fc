"""Tables of RDMs to rsatoolbox and back."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from rsatoolbox.data import Dataset
from rsatoolbox.inference import bootstrap_sample_pattern
from rsatoolbox.rdm import RDMs, calc_rdm, compare

from repscape.core.errors import DataError
from repscape.rdms.table import table as tables
from repscape.rdms.table.cells import ordered
from repscape.rdms.table.rsatoolbox_bridge import from_rsatoolbox, to_rsatoolbox

COLORS = pd.Index(["000", "090", "180", "270"], name="color")
BOTH = pd.MultiIndex.from_product([["cup", "key"], ["000", "090"]], names=["obj", "color"])


def table(entries=COLORS, seed=0, **columns):
    generator = np.random.default_rng(seed)
    pairs = len(entries) * (len(entries) - 1) // 2
    rows = [
        {
            "source": source, "stimulus": "shapes", "set": "colors", "place": place, "population": "random",
            "layer": layer, "layer_order": order, "size": "200", "metric": "correlation",
            "normalisation": "zscore", "repeat": 0, "n_drawn": 200, "entries": entries,
            "dissimilarity": generator.random(pairs), **columns,
        }
        for source in ("alexnet", "untrained")
        for order, layer in enumerate(("input", "conv1"))
        for place in ("here", "there")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def assert_same(first, second):
    arrays = ["dissimilarity", *(name for name in ("p",) if name in first)]
    indices = [name for name in first if name.startswith("entries")]
    assert list(first.columns) == list(second.columns)
    assert_frame_equal(first.drop(columns=[*arrays, *indices]), second.drop(columns=[*arrays, *indices]))
    for name in arrays:
        np.testing.assert_array_equal(np.array(list(first[name])), np.array(list(second[name])))
    for name in indices:
        assert all(one.identical(other) for one, other in zip(first[name], second[name], strict=True))
    assert first.attrs == second.attrs


def assert_same_rdms(first, second):
    np.testing.assert_array_equal(first.dissimilarities, second.dissimilarities)
    assert first.dissimilarity_measure == second.dissimilarity_measure
    assert first.descriptors == second.descriptors
    for name in ("rdm_descriptors", "pattern_descriptors"):
        one, other = getattr(first, name), getattr(second, name)
        assert set(one) == set(other)
        assert all(list(one[key]) == list(other[key]) for key in one)


@pytest.mark.parametrize("entries", [COLORS, BOTH])
def test_there_and_back(entries):
    ours = table(entries)
    theirs = to_rsatoolbox(ours)
    assert theirs.n_rdm == 8
    assert theirs.n_cond == 4
    assert theirs.dissimilarity_measure == "correlation"
    assert theirs.rdm_descriptors["layer"] == ["input", "input", "conv1", "conv1"] * 2
    assert theirs.pattern_descriptors["color"] == list(entries.get_level_values("color"))
    np.testing.assert_array_equal(theirs.get_matrices()[3], tables.matrix(ours.iloc[3]).to_numpy())
    assert_same(from_rsatoolbox(theirs), ours)
    assert_same_rdms(to_rsatoolbox(from_rsatoolbox(theirs)), theirs)


def test_nothing_of_a_meta_rdm_is_lost():
    ours = table(metric_sub="cosine", entries_sub=BOTH)
    ours = ours.assign(p=[np.random.default_rng(i).random(6) for i in range(8)])
    ours["metric"] = ["pearson", "spearman"] * 4
    ours.loc[2, "repeat"] = 3
    ours.attrs["history"] = {"of": "colors", "entries": ["obj"]}
    ours = ours[ordered(list(ours.columns))]
    ours["p"].iloc[0][2] = np.nan
    ours["dissimilarity"].iloc[1][1] = np.nan
    theirs = to_rsatoolbox(ours)
    assert theirs.dissimilarity_measure is None
    assert_same(from_rsatoolbox(theirs), ours)


def test_a_written_and_read_table(tmp_path):
    tables.write(tmp_path / "t.nc", table(BOTH))
    ours = tables.read(tmp_path / "t.nc")
    assert_same(from_rsatoolbox(to_rsatoolbox(ours)), ours)


def test_back_and_there():
    generator = np.random.default_rng(0)
    data = Dataset(
        generator.normal(size=(6, 20)),
        descriptors={"session": 3, "subject": "ann"},
        obs_descriptors={"image": list("abcdef"), "kind": [1, 1, 2, 2, 3, 3]},
    )
    theirs = calc_rdm(data, method="euclidean", descriptor="image")
    ours = from_rsatoolbox(theirs)
    assert ours["metric"].tolist() == ["squared euclidean"]
    assert "image" in ours["entries"][0].names
    assert_same_rdms(to_rsatoolbox(ours), theirs)


def test_rdms_without_labels():
    theirs = RDMs(np.arange(6.0).reshape(2, 3))
    ours = from_rsatoolbox(theirs)
    assert ours["entries"][0].tolist() == [0, 1, 2]
    assert ours["metric"].tolist() == ["", ""]
    again = to_rsatoolbox(ours)
    assert again.dissimilarity_measure is None
    assert_same_rdms(again, theirs)


def test_a_bootstrap_sample_keeps_its_numbers():
    theirs = to_rsatoolbox(table())
    np.random.seed(1)  # rsatoolbox draws from numpy's global state
    sample, _ = bootstrap_sample_pattern(theirs, "index")
    sample = sample.subsample("index", [0, 0, 5])
    assert np.isnan(sample.dissimilarities).any()
    assert_same_rdms(to_rsatoolbox(from_rsatoolbox(sample)), sample)


def test_entries_in_another_order_are_put_in_that_of_the_first():
    ours = table()
    order = [2, 0, 3, 1]
    square = tables.matrix(ours.iloc[4]).to_numpy()[np.ix_(order, order)]
    ours.at[4, "entries"] = COLORS[order]
    ours.at[4, "dissimilarity"] = square[np.triu_indices(4, 1)]
    np.testing.assert_array_equal(to_rsatoolbox(ours).dissimilarities, to_rsatoolbox(table()).dissimilarities)


def test_compared_by_rsatoolbox():
    ours = table()
    found = compare(
        to_rsatoolbox(ours[ours.source == "alexnet"]), to_rsatoolbox(ours[ours.source == "untrained"])
    )
    x, y = (np.array(list(ours[ours.source == name]["dissimilarity"])) for name in ("alexnet", "untrained"))
    expected = (x @ y.T) / np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1))
    np.testing.assert_allclose(found, expected)


def test_bad_input():
    ours = table()
    ours.at[2, "entries"] = pd.Index(["000", "090", "180", "271"], name="color")
    with pytest.raises(DataError, match=r"RDM.*conv1.*color 271"):
        to_rsatoolbox(ours)
    with pytest.raises(DataError, match="empty table"):
        to_rsatoolbox(ours[:0])
