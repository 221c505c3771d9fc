"""A user's metric counts everywhere as one that ships: the same code under another name does the same."""

import re

import numpy as np
import pytest
import xarray as xr

from repscape.analyses import mds, split_rdms
from repscape.figures.lib import captions
from repscape.io import netcdf
from repscape.plugin import registry
from repscape.rdms.table import table
from repscape.rdms.table.rdm_stack import without_rounding
from repscape.rdms.write import write_rdms

METRICS = registry.names("metrics")
IMAGES = [f"image {at}" for at in range(8)]


@pytest.fixture
def rdms(tmp_path, plugin_folder):
    """Write RDMs of a recording's trials by a shipped metric and by a user's copy of it; return the file."""

    def write(metric, **said):
        text = registry.file("metrics", metric).read_text()
        text = re.sub(r"^class \w+\(", "class Mine(", text, flags=re.MULTILINE)
        for name, value in said.items():
            text = re.sub(rf"^    {name} = .*$", f"    {name} = {value!r}", text, flags=re.MULTILINE)
        plugin_folder(f"metrics/my_{metric}.py", text)
        random = np.random.default_rng(3)
        image = np.repeat(np.arange(8), 4)
        response = (random.normal(size=(8, 30))[image] + random.normal(size=(32, 30))).astype(np.float32)
        shared = {"source": "mouse", "population": "all", "layer": "v1"}
        netcdf.write(
            tmp_path / "activations.nc",
            kind="activations",
            variables={
                "activation": (("image", "unit"), response.reshape(8, 4, 30).mean(1)),
                "name": (("image",), IMAGES),
                "unit": (("unit",), np.arange(30, dtype=np.int32)),
                "response": (("trial", "unit"), response),
                "trial_image": (("trial",), image.astype(np.int32)),
                "trial_repeat": (("trial",), np.tile(np.arange(4, dtype=np.int32), 8)),
            },
            attributes=shared | {"stimulus": "shapes", "order": 0, "selected": '{"kind": "all"}'},
        )
        units = np.arange(30, dtype=np.int32)[np.newaxis]
        netcdf.write(
            tmp_path / "sample.nc",
            kind="sample",
            variables={"unit": (("repeat", "draw"), units)},
            attributes=shared | {"size": "all", "n_drawn": 30, "drawn": "random", "seed": 0},
        )
        files = [{"v1": tmp_path / f"{name}.nc"} for name in ("activations", "sample", "rdm")]
        entries = [{"name": name, "kind": name, "normalisation": "none"} for name in (metric, f"my_{metric}")]
        write_rdms(*files, metrics=entries)
        return tmp_path / "rdm.nc"

    return write


@pytest.mark.parametrize("metric", METRICS)
def test_its_values_and_what_is_known_of_them(rdms, metric):
    path = rdms(metric)
    with xr.open_dataset(path) as file:
        one, other = (file.sel(metric=name) for name in (metric, f"my_{metric}"))
        for name in ("dissimilarity", "squared", "definition"):
            np.testing.assert_array_equal(one[name].values, other[name].values)
        assert (other["definition"].values, other["squared"].values >= 0) != ("", False)
    rows = table.read(path)
    np.testing.assert_array_equal(*without_rounding(rows.assign(dissimilarity=[np.full(28, 1e-17)] * 2)))
    said = captions.metric(metric)
    assert captions.metric(f"my_{metric}") == said
    assert captions.metric(f"my_{metric}", "nickname") == f"{said} (nickname)"


@pytest.mark.parametrize("metric", METRICS)
def test_its_maps(rdms, metric):
    found = mds.Mds(of="all_images", method="classical", dims=2).compute({"collection": [str(rdms(metric))]})
    for name in ("rooted", "stress_1", "position", "negative"):
        one, other = found.variables[name][1]
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("metric", ["correlation", "crossnobis_diagonal"])
def test_its_trials_are_those_of_parts(rdms, metric, tmp_path):
    files = {
        name: [str(tmp_path / f"{file}.nc")]
        for name, file in (("rdms", "rdm"), ("activations", "activations"), ("samples", "sample"))
    }
    rdms(metric)
    plugin = split_rdms.SplitRdms(source="mouse", trials="halves", splits=2)
    values = plugin.compute(files).variables["dissimilarity"][1]
    labels = plugin.compute(files).variables["metric"][1]
    of = {name: values[[at for at, label in enumerate(labels) if label == name]] for name in set(labels)}
    np.testing.assert_array_equal(of[metric], of[f"my_{metric}"])


def test_what_it_says_decides(rdms):
    """The name does not: a copy that denies being squared has other maps."""
    path = rdms("correlation", squared=False, caption="my words", formula="")
    found = mds.Mds(of="all_images", method="classical", dims=2).compute({"collection": [str(path)]})
    assert found.variables["rooted"][1].tolist() == [1, 0]
    assert found.variables["stress_1"][1][0] != found.variables["stress_1"][1][1]
    assert captions.metric("my_correlation") == "my words"
    with netcdf.open_file(path) as file:
        assert file["definition"][1] == "my words"
