"""Maps of RDMs as an analysis: which RDMs, averages, alignment, what is left out, the file."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist

from repscape.analyses import mds
from repscape.analyses.lib import embedding, squared_distances
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.rdms.table import table as tables
from repscape.study.study import Study

LAYERS = ("input", "conv10", "conv2", "fc")  # in order of depth, which is not that of their names
COLOURS = pd.Index(["000", "090", "180", "270", "warm"], name="color")


def configurations(entries=5, seed=0):
    """Points of every layer: those of the layer before, changed a little, turned and scaled."""
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(entries, 2))
    found = {}
    for layer in LAYERS:
        points = points + 0.1 * generator.normal(size=points.shape)
        angle = generator.uniform(0, 6)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        found[layer] = 10 ** generator.normal() * points @ turn
    return found


def table_of(points, *, repeats=1, metric="euclidean", objects=("cup",), entries=COLOURS, noise=0.0):
    """RDMs of known points in each layer, object and repeat."""
    generator = np.random.default_rng(1)
    rows = [
        {
            "source": "net", "stimulus": "shapes", "set": "colors", "obj": obj, "population": "random",
            "layer": layer, "layer_order": LAYERS.index(layer), "size": "200", "metric": metric,
            "measure": metric, "normalisation": "zscore", "repeat": repeat, "n_drawn": 200,
            "entries": entries,
            "dissimilarity": pdist(points[layer]) + noise * generator.random(len(pdist(points[layer]))),
        }
        for layer in points for obj in objects for repeat in range(repeats)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def mapped(tmp_path):
    """Compute maps of a table, write them as the job does, and open the file."""

    def compute(table, **parameters):
        tables.write(tmp_path / "rdms.nc", table)
        keys = {"seed": 0, "of": "colors"} | parameters
        plugin = mds.Mds(**keys)
        result = plugin.compute({"collection": [str(tmp_path / "rdms.nc")]})
        netcdf.write(
            tmp_path / "mds.nc", kind="analysis", variables=result.variables, attributes=result.attributes
        )
        with xarray.open_dataset(tmp_path / "mds.nc") as data:
            data.load()
        data.attrs["rows"] = list(plugin.rows(result))
        return data

    return compute


def test_every_rdm_has_its_map_and_labels(mapped):
    points = configurations()
    data = mapped(table_of(points, objects=("cup", "hat")), method="classical")
    assert data.position.dims == ("rdm", "entry", "dim")
    assert sorted(zip(data.obj.values, data.layer.values, strict=True)) == sorted(
        (obj, layer) for obj in ("cup", "hat") for layer in LAYERS
    )
    assert list(data.color.values) == list(COLOURS)
    assert {"color", "layer", "obj"} <= set(data.position.coords)
    for at, layer in enumerate(data.layer.values):
        np.testing.assert_allclose(pdist(data.position[at]), pdist(points[layer]), rtol=1e-9)
    np.testing.assert_allclose(data.stress, 0, atol=1e-12)
    np.testing.assert_allclose(data.explained.sum("dim"), 1)


def test_draws_of_units_are_averaged(mapped):
    table = table_of(configurations(), repeats=3, noise=0.5)
    data = mapped(table, method="smacof", n_init=1)
    assert data.sizes["rdm"] == len(LAYERS)
    assert (data.draws == 3).all()
    of_layer = table[table.layer == "conv2"]
    expected = embedding.smacof(np.mean(list(of_layer.dissimilarity), axis=0), 2, n_init=1, seed=0)
    np.testing.assert_allclose(
        data.position[list(data.layer.values).index("conv2")], expected.points, rtol=1e-9
    )


@pytest.mark.parametrize(
    ("metric", "root", "rooted"),
    [
        ("correlation", None, True),
        ("sqeuclidean", None, True),
        ("euclidean", None, False),
        ("dissimilarity judged", None, False),
        ("my_own", True, True),
        ("correlation", False, False),
    ],
)
def test_squared_distances_are_rooted(mapped, metric, root, rooted):
    points = configurations()
    data = mapped(table_of(points, metric=metric), method="classical", root=root)
    expected = pdist(points["input"])
    found = embedding.classical(np.sqrt(expected) if rooted else expected, 2)
    np.testing.assert_allclose(data.position[0], found.points, rtol=1e-9)
    assert (data.rooted == rooted).all()


def test_maps_are_aligned_from_layer_to_layer(mapped):
    """By depth, not by name; each onto the aligned one before it; distances within a map stay."""
    points = configurations()
    data = mapped(table_of(points, objects=("cup", "hat")), method="classical", align="layer")
    for obj in ("cup", "hat"):
        rows = [int(np.flatnonzero((data.obj == obj) & (data.layer == layer))[0]) for layer in LAYERS]
        assert list(data.previous.values[rows]) == [-1, *rows[:-1]]
        assert np.isnan(data.disparity[rows[0]])
        for before, at in pairwise(rows):
            own, onto = data.position.values[at], data.position.values[before]
            rotation, _ = orthogonal_procrustes(own, onto)
            np.testing.assert_allclose(rotation, np.eye(2), atol=1e-9)
            np.testing.assert_allclose(pdist(own), pdist(points[data.layer.values[at]]), rtol=1e-9)
            assert 0 < data.disparity[at] < 0.2


def test_layers_are_put_in_order_of_depth_whatever_the_tables():
    table = table_of(configurations(), objects=("cup", "hat")).iloc[::-1].reset_index(drop=True)
    for chain in mds.chains(table, ["obj", "layer", "layer_order", "n_drawn"], "layer"):
        assert list(table.layer[chain]) == list(LAYERS)
        assert table.obj[chain].nunique() == 1


def test_not_aligned_maps_are_not(mapped):
    data = mapped(table_of(configurations()), method="classical")
    assert "previous" not in data
    rotations = [
        orthogonal_procrustes(data.position.values[i + 1], data.position.values[i])[0] for i in range(3)
    ]
    assert not np.allclose(rotations, np.eye(2), atol=1e-3)


def test_maps_can_be_scaled_before_they_are_aligned(mapped):
    data = mapped(table_of(configurations()), method="classical", align="layer", scale=True)
    np.testing.assert_allclose((data.position**2).sum("dim").mean("entry"), 1)


def test_entries_in_another_order_are_aligned_by_their_labels(mapped):
    points = configurations()
    table = table_of(points)
    order = [3, 1, 4, 0, 2]
    table.at[1, "entries"] = COLOURS[order]
    table.at[1, "dissimilarity"] = pdist(points["conv10"][order])
    data = mapped(table, method="classical", align="layer")
    plain = mapped(table_of(points), method="classical", align="layer")
    at = list(data.layer.values).index("conv10")
    assert data.color.dims == ("rdm", "entry")
    assert list(data.color.values[at]) == list(COLOURS[order])
    np.testing.assert_allclose(data.position.values[at], plain.position.values[at][order], atol=1e-9)


def test_other_entries_cannot_be_aligned(mapped):
    table = table_of(configurations())
    table.at[2, "entries"] = pd.Index(["000", "090", "180", "270", "cold"], name="color")
    with pytest.raises(DataError, match=r"align: .*conv10.*conv2.*cold"):
        mapped(table, align="layer")
    assert mapped(table, method="classical").sizes["rdm"] == 4


def test_labels_other_than_layers_are_aligned_in_their_order(mapped):
    table = table_of(configurations(), objects=("cup", "hat"))
    data = mapped(table, method="classical", align="obj")
    for layer in LAYERS:
        rows = np.flatnonzero(data.layer == layer)
        assert list(data.previous.values[rows]) == [-1, rows[0]]


def test_an_unknown_label_to_align_along(mapped):
    with pytest.raises(ConfigError, match=r"align: 'layers'.*'layer'"):
        mapped(table_of(configurations()), align="layers")


def test_rdms_of_other_numbers_of_entries_end_in_nan(mapped):
    small, large = configurations(4), configurations(6)
    tables_ = [
        table_of(
            {"input": points["input"]},
            entries=pd.Index([f"{n}" for n in range(len(points["input"]))], name="image"),
        )
        for points in (small, large)
    ]
    tables_[1]["stimulus"] = "views"
    data = mapped(pd.concat(tables_, ignore_index=True), method="classical")
    assert data.sizes["entry"] == 6
    assert list(data.placed.values) == [4, 6]
    assert np.isnan(data.position[0, 4:]).all()
    assert list(data.image.values[0]) == ["0", "1", "2", "3", "", ""]
    assert len(data.attrs["rows"]) == 1 + 4 + 6


def test_undefined_entries_are_left_out_and_told(mapped, caplog):
    points = configurations()
    table = table_of(points)
    square = np.zeros((5, 5))
    square[2] = square[:, 2] = np.nan
    table.at[1, "dissimilarity"] = table.dissimilarity[1] + square[np.triu_indices(5, 1)]
    table.at[3, "dissimilarity"] = np.full(10, np.nan)
    data = mapped(table, method="classical", align="layer")
    assert list(data.layer.values) == ["input", "conv10", "conv2"]
    assert list(data.placed.values) == [5, 4, 5]
    assert np.isnan(data.position[1, 2]).all()
    kept = [0, 1, 3, 4]
    np.testing.assert_allclose(pdist(data.position[1, kept]), pdist(points["conv10"][kept]), rtol=1e-9)
    assert list(data.attrs["left_out"]) == [
        "layer conv10: 180",
        "layer fc: all of it",
    ]
    assert "layer conv10" in caplog.text
    assert np.isfinite(data.disparity[1:]).all()


def test_nothing_left_is_refused(mapped):
    table = table_of({"input": configurations()["input"]})
    table.at[0, "dissimilarity"] = np.full(10, np.nan)
    with pytest.raises(DataError, match=r"rdms.nc:.*RDM"):
        mapped(table)


def test_same_bytes(tmp_path, mapped):
    table = table_of(configurations(), noise=0.3)
    mapped(table, align="layer")
    first = (tmp_path / "mds.nc").read_bytes()
    mapped(table, align="layer")
    assert (tmp_path / "mds.nc").read_bytes() == first


def test_table_has_a_row_an_entry(mapped):
    header, *rows = mapped(table_of(configurations(), noise=0.3), align="layer").attrs["rows"]
    assert header[:4] == ("source", "stimulus", "set", "obj")
    assert header[-6:] == ("color", "dim_1", "dim_2", "stress", "stress_1", "disparity")
    assert len(rows) == 4 * 5
    assert {row[header.index("color")] for row in rows} == set(COLOURS)


def test_tsne_reports_its_divergence(mapped):
    data = mapped(
        table_of(configurations(8), entries=pd.Index(list("abcdefgh"), name="color")), method="tsne", n_init=0
    )
    assert {"divergence"} <= set(data)
    assert "stress" not in data


def test_entries_of_several_labels(mapped):
    entries = pd.MultiIndex.from_product([["net", "twin"], ["input", "conv1"]], names=["source", "layer"])
    table = table_of(configurations(4)).iloc[:1].drop(columns=["source", "layer", "layer_order", "repeat"])
    table.at[0, "entries"] = entries
    table["metric"], table["metric_sub"] = "pearson", "correlation"
    data = mapped(table)
    assert list(data.source.values) == ["net", "net", "twin", "twin"]
    assert list(data.metric_sub.values) == ["correlation"]
    assert data.rooted.all()
    assert "draws" not in data


def test_a_factor_may_not_take_a_name_of_the_file(mapped):
    table = table_of(configurations(), entries=COLOURS.rename("stress"))
    with pytest.raises(DataError, match="'stress'"):
        mapped(table)


def test_what_a_metric_measures_counts_not_its_name(mapped):
    table = table_of(configurations(), metric="euclidean").assign(measure="correlation")
    assert mapped(table).rooted.all()
    # RDMs of RDMs: what the lowest measure does not matter
    higher = table_of(configurations(), metric="euclidean").assign(
        measure="correlation", metric_sub="correlation"
    )
    assert not mapped(higher).rooted.any()


@pytest.fixture
def study():
    return Study(
        name="s",
        stimuli=("shapes",),
        layers={"net": LAYERS},
        samples={"random": ("200",)},
        metrics=("correlation",),
        analyses=(),
        config={"rdms": {}, "analyses": {}},
    )


def test_inputs_are_the_rdms(study):
    files = mds.Mds(where={"metric": "correlation", "layer": ["fc", "input"]}, align="layer").inputs(study)
    assert files == {
        "collection": [f"results/s/rdms/net/shapes/random/{layer}/n200.nc" for layer in ("input", "fc")]
    }


def test_labels_are_checked_when_planning(study):
    with pytest.raises(ConfigError, match=r"align: 'layers'.*'layer'"):
        mds.Mds(align="layers").inputs(study)
    with pytest.raises(ConfigError, match="where: 'metrics'"):
        mds.Mds(where={"metrics": "rms"}).inputs(study)


def test_perplexity_is_of_tsne():
    with pytest.raises(ConfigError, match=r"perplexity: .*smacof"):
        mds.Mds(method="smacof", perplexity=5).check()
    mds.Mds(method="tsne", perplexity=5).check()


@pytest.fixture
def my_copy(plugin_folder):
    """A user's metric, which says of `squared` what it is asked to."""

    def write(said=""):
        plugin_folder(
            "metrics/mine.py",
            f"""
            'A metric.'

            from repscape.plugin.contract import Metric


            class Mine(Metric):
                'A metric.'

                {said}

                def dissimilarity(self, activity, scaling):
                    'Return nothing.'
            """,
        )
        return "mine"

    return write


def test_a_user_s_metric_says_that_it_is_squared(mapped, my_copy):
    squares = table_of(configurations(), metric="sqeuclidean")
    squares["dissimilarity"] = [values**2 for values in squares["dissimilarity"]]
    mine = squares.assign(metric="mine", measure=my_copy("squared = True"))
    found, expected = mapped(mine), mapped(squares)
    assert found.rooted.values.tolist() == [1] * len(LAYERS)
    np.testing.assert_array_equal(found.position, expected.position)
    assert (found.stress_1 < 1e-3).all()  # points in a plane


def test_a_user_s_metric_that_does_not_say_it_is_asked(mapped, my_copy):
    copied = table_of(configurations(), metric="sqeuclidean").assign(metric="mine", measure=my_copy())
    with pytest.raises(DataError, match="squared = True"):
        mapped(copied)
    assert mapped(copied, root=True).rooted.values.tolist() == [1] * len(LAYERS)


def test_it_is_asked_when_planning(study, my_copy):
    metrics = [{"name": name, "kind": name} for name in ("correlation", my_copy())]
    config = {"rdms": {"metrics": metrics}, "analyses": {}}
    study = replace(study, metrics=("correlation", "mine"), config=config)
    with pytest.raises(ConfigError, match=r"root.*'mine'.*squared"):
        mds.Mds().inputs(study)
    assert mds.Mds(root=True).inputs(study)
    assert mds.Mds(where={"metric": "correlation"}).inputs(study)


def test_unknown_metrics_of_recordings_are_warned_of(mapped, caplog):
    squared_distances._warn_unknown.cache_clear()
    mapped(table_of(configurations(), metric="taps per minute"))
    (record,) = [one for one in caplog.records if one.levelname == "WARNING"]
    assert "taps per minute" in record.getMessage()
    assert "root" in record.getMessage()
