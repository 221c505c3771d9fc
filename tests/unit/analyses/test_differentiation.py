import csv
import io
import logging

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import squareform

from repscape.analyses.differentiation import DIMS, Differentiation
from repscape.analyses.lib.medians import median_of
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.study.study import Study

LAYERS = {"net": ("input", "conv", "fc"), "other": ("input", "block", "fc")}
SIZES = {"random": {"200": 3, "1000": 2, "all": 1}, "means": {"all": 1}}


@pytest.fixture
def study():
    return Study(
        name="test",
        stimuli=("bikes", "noise"),
        layers=LAYERS,
        samples={population: tuple(sizes) for population, sizes in SIZES.items()},
        metrics=("sqeuclidean", "correlation"),
        analyses=(),
        config={},
    )


def write_rdm(root, study, values, source, stimulus, population, layer, size, **changes):
    keys = {"source": source, "stimulus": stimulus, "population": population, "layer": layer, "size": size}
    path = root / study.path("rdm", **keys)
    images = round((1 + np.sqrt(1 + 8 * values.shape[-1])) / 2)
    first, second = np.triu_indices(images, 1)
    normalisation = changes.pop("normalisation", ["zscore", "none"])
    attributes = {
        "order": LAYERS[source].index(layer) * 2,
        "n_drawn": 40 if size == "all" else int(size),
        "stimulus_sha256": stimulus,
        "drawn": "equal" if population == "random" else "random",
        "selected": f'{{"select": "{population}"}}',
    }
    netcdf.write(
        path,
        kind="rdm",
        variables={
            "dissimilarity": (("metric", "repeat", "pair"), values.astype(np.float32)),
            "metric": (("metric",), list(study.metrics)),
            "measure": (("metric",), list(study.metrics)),
            "normalisation": (("metric",), normalisation),
            "image_i": (("pair",), first.astype(np.int32)),
            "image_j": (("pair",), second.astype(np.int32)),
        },
        attributes=keys | attributes | changes,
    )
    return path


@pytest.fixture
def written(tmp_path, study):
    """Write every RDM of the study; return the paths and the values."""
    generator = np.random.default_rng(0)
    images = {"bikes": 6, "noise": 4}
    paths, values = [], {}
    for source, layers in LAYERS.items():
        for stimulus in study.stimuli:
            for population, sizes in SIZES.items():
                for layer in layers:
                    for size, repeats in sizes.items():
                        pairs = images[stimulus] * (images[stimulus] - 1) // 2
                        key = source, stimulus, population, layer, size
                        values[key] = generator.random((2, repeats, pairs)).astype(np.float32)
                        paths.append(str(write_rdm(tmp_path, study, values[key], *key)))
    return paths, values


def test_inputs_are_all_rdms(study):
    assert Differentiation().inputs(study) == {"rdms": study.rdms()}
    assert Differentiation(reference="noise").inputs(study) == {"rdms": study.rdms()}


def test_unknown_reference_lists_the_stimuli(study):
    with pytest.raises(ConfigError, match=r"reference: 'nose'.*'noise'"):
        Differentiation(reference="nose").inputs(study)


def test_median_over_pairs_at_its_place_and_nan_elsewhere(tmp_path, written):
    paths, values = written
    result = Differentiation(reference="noise").compute({"rdms": paths})
    netcdf.write(tmp_path / "d.nc", kind="analysis", variables=result.variables, attributes=result.attributes)
    with xr.open_dataset(tmp_path / "d.nc") as data:
        assert data.differentiation.dims == DIMS
        assert data.differentiation.dtype == np.float64
        assert data["size"].values.tolist() == ["200", "1000", "all"]
        assert data.layer.values.tolist() == ["input", "conv", "block", "fc"]
        assert data.stimulus.values.tolist() == ["bikes", "noise"]
        assert data.images.values.tolist() == [6, 4]
        assert data.order.sel(source="net").values.tolist() == [0, 2, -1, 4]
        assert data.n_drawn.sel(source="net", layer="conv", population="random").values.tolist() == [
            200,
            1000,
            40,
        ]
        assert data.n_drawn.sel(source="other", layer="conv").values.sum() == 0
        assert data.normalisation.values.tolist() == ["zscore", "none"]
        assert data.drawn.sel(population="random") == "equal"
        assert data.attrs["median"] == "pairs"
        assert data.attrs["reference"] == "noise"
        found = 0
        for (source, stimulus, population, layer, size), rdm in values.items():
            for metric in range(2):
                for repeat in range(rdm.shape[1]):
                    at = {
                        "source": source, "stimulus": stimulus, "layer": layer, "population": population,
                        "size": size, "metric": data.metric.values[metric], "repeat": repeat,
                    }  # fmt: skip
                    ordered = sorted(rdm[metric, repeat].astype(float))
                    half = len(ordered) // 2
                    median = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
                    here = data.sel(at)
                    assert here.differentiation == median
                    unit = data.differentiation.sel(at | {"stimulus": "noise"})
                    assert here.normalised == here.differentiation / unit
                    found += 1
        assert data.differentiation.count() == found
        assert (data.normalised.sel(stimulus="noise").to_series().dropna() == 1).all()


def test_without_a_reference_nothing_is_normalised(written):
    result = Differentiation().compute({"rdms": written[0]})
    assert np.isnan(result.variables["normalised"][1]).all()
    assert result.attributes["reference"] == ""


@pytest.mark.parametrize(("value", "why"), [(0, "is 0 in 2 of"), (np.nan, "is undefined in 2 of")])
def test_reference_that_is_0_or_undefined(tmp_path, study, written, caplog, value, why):
    write_rdm(tmp_path, study, np.full((2, 1, 6), value), "net", "noise", "means", "conv", "all")
    with caplog.at_level(logging.WARNING):
        result = Differentiation(reference="noise").compute({"rdms": written[0]})
    (message,) = caplog.messages
    assert why in message
    data = xr.Dataset(result.variables)
    here = {"source": "net", "layer": "conv", "population": "means", "size": "all", "repeat": 0}
    assert np.isnan(data.normalised.sel(here)).all()
    assert np.isfinite(data.differentiation.sel(here | {"stimulus": "bikes"})).all()
    assert not np.isinf(data.normalised).any()


def test_reference_without_rdms(written, caplog):
    paths = [path for path in written[0] if "/noise/" not in path]
    result = Differentiation(reference="noise").compute({"rdms": paths})
    assert np.isnan(result.variables["normalised"][1]).all()
    assert "reference 'noise'" in caplog.text


def test_an_undefined_dissimilarity_leaves_the_median_undefined(tmp_path, study, written):
    values = np.ones((2, 1, 15))
    values[1, 0, 3] = np.nan
    write_rdm(tmp_path, study, values, "net", "bikes", "means", "conv", "all")
    data = xr.Dataset(Differentiation().compute({"rdms": written[0]}).variables)
    here = data.differentiation.sel(
        source="net", stimulus="bikes", layer="conv", population="means", size="all", repeat=0
    )
    np.testing.assert_array_equal(here, [1, np.nan])


def test_full_matrix_is_numpys_median_of_the_square_matrix(written):
    paths, values = written
    data = xr.Dataset(Differentiation(median="full_matrix").compute({"rdms": paths}).variables)
    for (source, stimulus, population, layer, size), rdm in values.items():
        here = {
            "source": source,
            "stimulus": stimulus,
            "layer": layer,
            "population": population,
            "size": size,
        }
        found = data.differentiation.sel(here).values
        for metric in range(2):
            for repeat in range(rdm.shape[1]):
                square = squareform(rdm[metric, repeat].astype(np.float64))
                assert np.trace(square) == 0
                assert found[metric, repeat] == np.median(square)


def test_full_matrix_of_every_number_of_images():
    generator = np.random.default_rng(0)
    for images in range(3, 30):
        pairs = generator.random(images * (images - 1) // 2)
        assert median_of(pairs, "full_matrix") == np.median(squareform(pairs))
        assert median_of(pairs) == np.median(pairs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stimulus_sha256": "x"}, r"stimulus_sha256.*bikes.*x"),
        (
            {"normalisation": ["zscore", "mean"]},
            r"normalisation.*\['zscore', 'none'\].*\['zscore', 'mean'\]",
        ),
    ],
)
def test_files_that_do_not_belong_together(tmp_path, study, written, changes, message):
    path = write_rdm(tmp_path, study, np.ones((2, 1, 15)), "net", "bikes", "means", "fc", "all", **changes)
    with pytest.raises(DataError, match=message) as caught:
        Differentiation().compute({"rdms": written[0]})
    assert str(path) in str(caught.value)


def test_table_has_a_row_a_value_and_nothing_else(tmp_path, study, written):
    paths, values = written
    undefined = ("net", "bikes", "means", "conv", "all")
    write_rdm(tmp_path, study, np.full((2, 1, 15), np.nan), *undefined)
    result = Differentiation(reference="noise").compute({"rdms": paths})
    stream = io.StringIO()
    csv.writer(stream).writerows(Differentiation().rows(result))
    stream.seek(0)
    table = list(csv.DictReader(stream))
    assert len(table) == sum(rdm.shape[0] * rdm.shape[1] for rdm in values.values())
    for row in table:
        key = tuple(row[name] for name in ("source", "stimulus", "population", "layer", "size"))
        rdm = values[key][study.metrics.index(row["metric"]), int(row["repeat"])]
        if key == undefined:
            assert row["differentiation"] == row["normalised"] == "nan"
        else:
            assert float(row["differentiation"]) == np.median(rdm.astype(float))
        assert row["n_drawn"] == ("40" if row["size"] == "all" else row["size"])


def test_reference_at_its_largest_size(written):
    """Every value is divided by one number a source, layer, population and metric."""
    paths = written[0]
    same = Differentiation(reference="noise").compute({"rdms": paths}).variables
    largest = Differentiation(reference="noise", reference_size="largest").compute({"rdms": paths}).variables
    values, normalised = (largest[name][1] for name in ("differentiation", "normalised"))
    noise = list(largest["stimulus"][1]).index("noise")
    compared = 0
    for index in np.ndindex(values.shape):
        source, _, layer, population, _, metric, _ = index
        if np.isfinite(values[index]):
            of_sizes = values[source, noise, layer, population, :, metric]
            last = [size for size in range(len(of_sizes)) if np.isfinite(of_sizes[size]).any()][-1]
            unit = of_sizes[last][np.isfinite(of_sizes[last])].mean()
            np.testing.assert_allclose(normalised[index], values[index] / unit, rtol=1e-12)
            compared += 1
    assert compared
    assert not np.array_equal(same["normalised"][1], normalised, equal_nan=True)
