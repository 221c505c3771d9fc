import numpy as np
import pytest
import xarray as xr

from repscape.analyses.predictions import Predictions
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.study.study import Study

POPULATIONS = {
    "small": {"kind": "random", "units": 10},
    "large": {"kind": "random", "units": 1000},
}


def study(populations=POPULATIONS, layers=("input", "predictions")):
    return Study(
        name="test",
        stimuli=("bikes", "pictures"),
        layers={"net": layers, "headless": ("input",)},
        samples={},
        metrics=(),
        analyses=(),
        config={"populations": populations},
    )


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, "large"),
        ({"means": {"kind": "filter_means"}}, "means"),
        ({"whole": {"kind": "all"}}, "whole"),
    ],
)
def test_inputs_choose_a_population_that_has_all_units(extra, expected):
    files = Predictions().inputs(study(POPULATIONS | extra))
    assert files["activations"] == [
        f"results/test/activations/net/{stimulus}/{expected}/predictions.nc"
        for stimulus in ("bikes", "pictures")
    ]
    assert files["layers"] == ["results/test/networks/net/layers.nc"]


def test_inputs_take_the_population_that_is_named():
    assert "/small/" in Predictions(population="small").inputs(study())["activations"][0]


def test_inputs_refuse_what_cannot_be():
    with pytest.raises(ConfigError, match=r"predictions\.population: 'larg'.*'large'"):
        Predictions(population="larg").inputs(study())
    with pytest.raises(ConfigError, match=r"analyses.predictions: .*network.*'predictions'.*'layers'"):
        Predictions().inputs(study(layers=("input",)))
    with pytest.raises(ConfigError, match=r"analyses.predictions: .*population.*filter_means"):
        Predictions().inputs(study({"means": {"kind": "position_means"}}))


def write_layers(path, network, units, categories):
    variables = {
        "layer": (("layer",), ["input", "predictions"]),
        "units": (("layer",), np.array([12, units], np.int32)),
    }
    if categories:
        variables["category"] = (("category",), categories)
    netcdf.write(path, kind="layers", variables=variables, attributes={"network": network})


def write_activations(path, source, stimulus, probabilities, names):
    netcdf.write(
        path,
        kind="activations",
        variables={
            "activation": (("image", "unit"), np.asarray(probabilities, np.float32)),
            "name": (("image",), names),
            "unit": (("unit",), np.arange(len(probabilities[0]), dtype=np.int32)),
        },
        attributes={"source": source, "stimulus": stimulus},
    )


@pytest.fixture
def files(tmp_path):
    write_layers(tmp_path / "net.nc", "net", 4, ["cat", "dog", "cup", "tripod"])
    write_layers(tmp_path / "plain.nc", "plain", 3, None)
    probabilities = {
        ("net", "a"): [[0.1, 0.2, 0.65, 0.05], [0.4, 0.1, 0.1, 0.4], [0, 0, 0, 1]],
        ("net", "b"): [[0.7, 0.1, 0.15, 0.05], [0.1, 0.2, 0.3, 0.4]],
        ("plain", "a"): [[0.2, 0.3, 0.5], [0.5, 0.3, 0.2], [0.25, 0.5, 0.25]],
        ("plain", "b"): [[0, 1, 0], [1, 0, 0]],
    }
    names = {"a": ["a0", "a1", "ä2"], "b": ["b0", "b1"]}
    paths = []
    for (source, stimulus), values in probabilities.items():
        paths.append(tmp_path / f"{source}-{stimulus}.nc")
        write_activations(paths[-1], source, stimulus, values, names[stimulus])
    return {"activations": paths, "layers": [tmp_path / "net.nc", tmp_path / "plain.nc"]}


def test_ranks_classes_and_pads_shorter_stimuli(tmp_path, files):
    result = Predictions(top=2).compute(files)
    netcdf.write(tmp_path / "p.nc", kind="analysis", variables=result.variables)
    with xr.open_dataset(tmp_path / "p.nc") as data:
        assert data.label.dims == ("source", "stimulus", "image", "rank")
        assert data.probability.dtype == np.float64
        assert data.label.sel(source="net", stimulus="a").values.tolist() == [
            ["cup", "dog"], ["cat", "tripod"], ["tripod", "cat"]
        ]  # fmt: skip
        np.testing.assert_allclose(
            data.probability.sel(source="net", stimulus="a"), [[0.65, 0.2], [0.4, 0.4], [1, 0]], rtol=1e-6
        )
        assert data.label.sel(source="plain", stimulus="b").values.tolist() == [
            ["1", "0"],
            ["0", "1"],
            ["", ""],
        ]
        assert np.isnan(data.probability.sel(stimulus="b", image=2)).all()
        assert data.name.values.tolist() == [["a0", "a1", "ä2"], ["b0", "b1", ""]]
        assert data["rank"].values.tolist() == [1, 2]


def test_more_ranks_than_classes(files):
    data = xr.Dataset(Predictions(top=10).compute(files).variables)
    assert data.sizes["rank"] == 4
    assert data.label.sel(source="plain", stimulus="a", rank=4).values.tolist() == ["", "", ""]


def test_population_that_lacks_units(tmp_path, files):
    write_activations(files["activations"][0], "net", "a", [[0.5, 0.5]] * 3, ["a0", "a1", "ä2"])
    with pytest.raises(DataError, match=r"4 units.*'predictions'.* 2.*population") as caught:
        Predictions().compute(files)
    assert str(files["activations"][0]) in str(caught.value)


def test_networks_that_saw_different_images(files):
    write_activations(files["activations"][2], "plain", "a", [[1, 0, 0]] * 3, ["a0", "x", "ä2"])
    with pytest.raises(DataError, match=r"image 1.*a1.*x"):
        Predictions().compute(files)


def test_table_has_a_row_a_class_of_an_image(files):
    header, *table = Predictions().rows(Predictions(top=2).compute(files))
    assert header == ("source", "stimulus", "image", "rank", "label", "probability")
    assert len(table) == 2 * (3 + 2) * 2
    assert table[0][:5] == ("net", "a", "a0", 1, "cup")
    assert table[0][5] == pytest.approx(0.65)
    assert [row[4] for row in table if row[:3] == ("net", "b", "b1")] == ["tripod", "cup"]


def test_a_network_that_is_not_shown_a_stimulus(files):
    files["activations"] = [path for path in files["activations"] if path.name != "plain-b.nc"]
    result = Predictions(top=1).compute(files)
    plain_b = result.variables["probability"][1][1, 1]
    assert np.isnan(plain_b).all()
    assert not any(row[:2] == ("plain", "b") for row in Predictions().rows(result))
