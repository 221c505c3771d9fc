"""Meta-RDMs as an analysis: what the config may ask for, the file and its table."""

import csv
import io
import itertools

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from messages import says
from scipy.spatial.distance import squareform
from scipy.stats import pearsonr

from repscape import config
from repscape.analyses.meta_rdm import MetaRdm
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.plugin import schema
from repscape.rdms.table import table as tables
from repscape.study.study import Study

SETS = {"colors": {"stimulus": "shapes", "by": ["obj"], "entries": ["color"]}}
COLORS = {"kind": "meta_rdm", "of": "colors", "entries": ["obj"]}


def study(**analyses):
    return Study(
        name="s",
        stimuli=("noise", "shapes"),
        layers={"net": ("input", "conv1"), "twin": ("input", "conv1")},
        samples={"random": ("all",)},
        metrics=("correlation",),
        analyses=tuple(sorted(analyses)),
        config={"rdms": {"sets": SETS}, "analyses": analyses},
    )


@pytest.fixture
def paths(tmp_path):
    """RDM files of all images of a stimulus in the layers of two networks, two draws each."""
    random, found = np.random.default_rng(0), []
    names = np.array([f"image {at}" for at in range(7)])
    first, second = np.triu_indices(7, 1)
    for source, (order, layer) in itertools.product(("net", "twin"), enumerate(["input", "a", "b", "c"])):
        if (source, layer) == ("twin", "c"):
            continue
        values = random.random((2, 2, 21), np.float32)
        found.append(str(tmp_path / f"{source}_{layer}.nc"))
        netcdf.write(
            found[-1],
            kind="rdm",
            variables={
                "dissimilarity": (("metric", "repeat", "pair"), values),
                "metric": (("metric",), ["sqeuclidean", "correlation"]),
                "measure": (("metric",), ["sqeuclidean", "correlation"]),
                "normalisation": (("metric",), ["zscore", "none"]),
                "repeat": (("repeat",), np.arange(2, dtype=np.int32)),
                "image_i": (("pair",), first.astype(np.int32)),
                "image_j": (("pair",), second.astype(np.int32)),
                "name_i": (("pair",), names[first]),
                "name_j": (("pair",), names[second]),
            },
            attributes={
                "source": source, "stimulus": "shapes", "population": "random", "layer": layer,
                "order": order, "size": "10", "n_drawn": 10,
            },
        )  # fmt: skip
    return found


@pytest.fixture
def result(paths):
    plugin = MetaRdm(
        seed=0,
        entries=["layer"],
        groups=["source", "metric"],
        where={"metric": "correlation"},
        comparisons=["pearson", "euclidean"],
        permutations=49,
    )
    return plugin.compute({"collection": paths})


def written(result, path):
    netcdf.write(
        path,
        kind="analysis",
        variables=result.variables,
        attributes={"kind": "meta_rdm", **result.attributes},
        groups=result.groups,
    )
    return path


def test_values_are_those_of_the_rdms(paths, result, tmp_path):
    meta = tables.read(written(result, tmp_path / "meta.nc"))
    assert len(meta) == 2 * 2
    values = [xr.open_dataset(path).dissimilarity.values[1].mean(0) for path in paths[:4]]
    expected = [1 - pearsonr(x, y).statistic for x, y in itertools.combinations(values, 2)]
    (row,) = (row for _, row in meta.iterrows() if (row.source, row.metric) == ("net", "pearson"))
    np.testing.assert_allclose(row.dissimilarity, expected, atol=1e-6)
    assert list(row.entries) == ["input", "a", "b", "c"]
    assert row.metric_sub == "correlation"
    assert meta.attrs["history"]["of"]["of"]["files"] == paths
    assert meta.attrs["history"]["of"]["of"]["where"]["metric"] == "correlation"


def test_networks_of_different_layers_lie_in_groups(result):
    assert len(result.groups) == 2
    assert {len(variables["layer"][1]) for variables, _ in result.groups.values()} == {3, 4}


def test_the_table_has_a_row_a_pair(result):
    stream = io.StringIO()
    csv.writer(stream).writerows(MetaRdm(entries=["layer"]).rows(result))
    stream.seek(0)
    table = pd.read_csv(stream)
    assert len(table) == 2 * (6 + 3)
    assert {"source", "metric", "metric_sub", "layer_i", "layer_j", "dissimilarity", "p", "left_out"} <= set(
        table.columns
    )
    for variables, _ in result.groups.values():
        for at, (source, metric) in enumerate(
            zip(variables["source"][1], variables["metric"][1], strict=True)
        ):
            own = table[(table.source == source) & (table.metric == metric)]
            square = squareform(variables["dissimilarity"][1][at])
            for _, row in own.iterrows():
                i, j = (variables["layer"][1].index(name) for name in (row.layer_i, row.layer_j))
                assert row.dissimilarity == square[i, j]
                assert i < j
    assert table.p.between(0.02, 1).all()


def test_one_of_another(result, tmp_path):
    """Third order: the two networks' maps of the layers that both have."""
    path = written(result, tmp_path / "meta.nc")
    with pytest.raises(DataError, match=r"RDM.*source net.*layer c"):
        MetaRdm(seed=0, of="spaces", entries=["source"], where={"metric": "pearson"}).compute(
            {"collection": [path]}
        )
    third = MetaRdm(seed=0, of="spaces", entries=["metric"], groups=["source"]).compute(
        {"collection": [path]}
    )
    variables = third.variables
    assert {"entries_sub", "entries_sub_sub"} <= set(variables)
    assert variables["metric_sub"] == (("entry",), ["pearson", "euclidean"])
    assert variables["metric_sub_sub"] == (("rdm",), ["correlation"] * 2)
    assert variables["source"] == (("rdm",), ["net", "twin"])
    first, second = (
        tables.read(path, {"source": "net", "metric": kind}).dissimilarity[0]
        for kind in ("pearson", "euclidean")
    )
    assert variables["dissimilarity"][1][0, 0] == pytest.approx(1 - pearsonr(first, second).statistic)


def test_inputs_are_the_files_of_the_rdms():
    there = study(spaces=COLORS)
    files = MetaRdm(seed=0, of="colors", entries=["obj"], where={"source": "net"}).inputs(there)["collection"]
    assert files == [f"results/s/rdms/net/shapes/random/{layer}/nall.nc" for layer in ("input", "conv1")]
    again = MetaRdm(seed=0, of="spaces", entries=["layer"], groups=["source", "metric_sub"]).inputs(there)
    assert again == {"collection": ["results/s/analyses/spaces.nc"]}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"of": "colours"}, "of: 'colours'.*'colors'"),
        ({"entries": ["object"]}, "entries: 'object'"),
        ({"of": "all_images"}, "entries: 'obj'"),
        ({"groups": ["layr"]}, "groups: 'layr'.*'layer'"),
        ({"groups": ["obj"]}, "groups: 'obj' .*`entries`"),
        ({"where": {"color": "090"}}, "where: 'color'"),
        ({"of": "spaces"}, "entries: 'obj'"),
        ({"of": "spaces", "entries": ["layer"], "where": {"obj": "cup"}}, "where: 'obj'"),
        (
            {"of": "a", "entries": ["layer"]},
            "of: .*a ← b ← a",
        ),
    ],
)
def test_mistakes_are_told_when_the_plan_is_made(parameters, message):
    circle = {
        "a": {"kind": "meta_rdm", "of": "b", "entries": ["obj"]},
        "b": {"kind": "meta_rdm", "of": "a", "entries": ["obj"]},
    }
    with pytest.raises(ConfigError, match=message):
        MetaRdm(**{"seed": 0, "of": "colors", "entries": ["obj"]} | parameters).inputs(
            study(spaces=COLORS, **circle)
        )


def test_a_single_entry_may_be_named_without_a_list():
    plugin = schema.make("analyses", {"kind": "meta_rdm", "of": "colors", "entries": "obj", "seed": 0})
    assert plugin.entries == ["obj"]
    assert list(plugin.comparisons) == ["pearson"]


def test_the_config_tells_where_a_mistake_is():
    given = {
        "study": "test",
        "stimuli": {"a": {"kind": "white_noise", "count": 4, "size": [64, 64]}},
        "networks": {
            "net": {
                "kind": "torchvision", "architecture": "alexnet", "weights": "random", "layers": ["conv1"]
            }
        },
        "populations": {"random": {"kind": "random", "units": 10}},
        "samples": [{"population": "random", "sizes": [5]}],
        "analyses": {
            "one": {"kind": "meta_rdm", "of": "two", "entries": ["layer"]},
            "two": {"kind": "meta_rdm", "of": "one", "entries": ["layer"]},
            "three": {"kind": "meta_rdm", "of": "all_images", "entries": "layr"},
            "four": {"kind": "meta_rdm", "of": "all_images", "entries": "layer", "comparisons": ["r"]},
            "five": {"kind": "meta_rdm"},
        },
    }  # fmt: skip
    with pytest.raises(ConfigError) as told:
        config.resolve(given)
    says(str(told.value), "analyses.four.comparisons.0: … 'pearson', 'spearman'", "analyses.five.entries: ")
    del given["analyses"]["four"], given["analyses"]["five"]
    with pytest.raises(ConfigError) as told:
        config.resolve(given)
    says(str(told.value), "analyses.one.of: … two ← one ← two", "analyses.three.entries: 'layr' … 'layer'")
    del given["analyses"]["one"], given["analyses"]["two"], given["analyses"]["three"]
    given["analyses"]["layer_map"] = {"kind": "meta_rdm", "of": "all_images", "entries": "layer"}
    study = config.resolve(given)
    assert study.config["analyses"]["layer_map"]["seed"] != 0
    assert study.config["analyses"]["layer_map"]["comparisons"] == ["pearson"]
