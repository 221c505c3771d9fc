"""RDMs in blocks: the values are those of SciPy, and of the way that takes all pairs at once."""

import tracemalloc

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist
from scipy.stats import rankdata

from repscape.analyses import differentiation
from repscape.analyses.lib.medians import stored_medians
from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.metrics.lib.normalisation import scaling
from repscape.metrics.lib.streamed_rows import Rows
from repscape.plugin.contract import Metric
from repscape.plugin.registry import find, names
from repscape.rdms import blockwise
from repscape.rdms import read as rdm_file
from repscape.rdms.labels import OF_FILE
from repscape.rdms.table import table
from repscape.rdms.write import write_rdms

from .test_compute import recording, sample

METRICS = ("sqeuclidean", "correlation", "cosine", "rms", "euclidean", "spearman")


# RDMs of more than 20 images are taken for those of many, in blocks of 16 of 50 images
MANY = {"labelled": 20, "block": 16 * 50}


def activity(images=50, units=45, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(3, 2, (images, units)).astype(np.float32)


def in_blocks(metric, values, kind="zscore", memory=0):
    """Compute a metric in blocks of 16 images."""
    rows = Rows.of(values, np.arange(values.shape[1]), memory, 16 * max(values.shape))
    return list(find("metrics", metric)().in_blocks(rows, scaling(rows, kind)))


def expected(metric, values):
    """Compute a metric with SciPy in float64."""
    values = values.astype(np.float64)
    z = (values - values.mean()) / values.std()
    return {
        "sqeuclidean": lambda: pdist(z, "sqeuclidean") / z.shape[1],
        "rms": lambda: pdist(z) / np.sqrt(z.shape[1]),
        "euclidean": lambda: pdist(z),
        "correlation": lambda: pdist(z, "correlation"),
        "cosine": lambda: pdist(z, "cosine"),
        "spearman": lambda: pdist(rankdata(values, axis=1), "correlation"),
    }[metric]()


@pytest.mark.parametrize("images", [3, 16, 17, 50])
@pytest.mark.parametrize("metric", METRICS)
def test_values_are_scipys(metric, images):
    values = activity(images)
    parts = in_blocks(metric, values)
    assert len(parts) == -(-images // 16)
    np.testing.assert_allclose(np.concatenate(parts), expected(metric, values), rtol=2e-6)


@pytest.mark.parametrize("metric", ["sqeuclidean", "correlation"])
def test_many_units_are_taken_in_several_products(metric):
    """Products are of 16,384 units, rows in float64 of 131,072 values."""
    values = activity(40, 20_000)
    np.testing.assert_allclose(np.concatenate(in_blocks(metric, values)), expected(metric, values), rtol=2e-6)


@pytest.mark.parametrize(("offset", "spread"), [(100, 0.001), (0, 1e-6), (1e4, 1)])
def test_float32_activity_far_from_zero_and_equal_images(offset, spread):
    random = np.random.default_rng(1)
    values = (offset + spread * random.normal(size=(40, 60))).astype(np.float32)
    values[7] = values[33]
    values[20] = np.nextafter(values[21], np.float32(np.inf))
    found = np.concatenate(in_blocks("sqeuclidean", values, "none"))
    true = pdist(values.astype(np.float64), "sqeuclidean") / 60
    assert (found == 0).sum() == 1
    np.testing.assert_allclose(found, true, rtol=1e-4)


def test_undefined_images():
    values = activity()
    values[3] = 5
    found = np.concatenate(in_blocks("correlation", values))
    whole = find("metrics", "correlation")().dissimilarity(values, scaling(values, "zscore"))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(whole))
    np.testing.assert_allclose(found, whole, rtol=2e-6)


IN_BLOCKS = [name for name in names("metrics") if find("metrics", name).in_blocks is not Metric.in_blocks]


@pytest.mark.parametrize("metric", IN_BLOCKS)
def test_blocks_are_the_whole(metric):
    values = activity(30)
    found = np.concatenate(in_blocks(metric, values))
    whole = find("metrics", metric)().dissimilarity(values, scaling(values, "zscore"))
    np.testing.assert_allclose(found, whole, rtol=2e-6)


def test_which_metrics_have_blocks():
    """What takes trials has them for networks, which have none."""
    assert {*METRICS, "mahalanobis", "crossnobis", "crossnobis_diagonal"} <= set(IN_BLOCKS)


def test_rows_that_are_held_and_rows_that_are_read_are_the_same():
    values, columns = activity(), np.array([5, 2, 40, 2])
    held, read = (Rows.of(values, columns, memory) for memory in (10**6, 0))
    np.testing.assert_array_equal(held[10:20], values[10:20][:, columns])
    np.testing.assert_array_equal(read[10:20], held[10:20])
    assert held.shape == read.shape == (50, 4)
    assert held.max() == read.max() == values[:, columns].max()
    for kind in ("zscore", "mean", "max", "none"):
        assert scaling(read, kind) == scaling(held, kind) == scaling(values[:, columns], kind)


@pytest.fixture
def paths(tmp_path):
    """Write a recording of 50 images and a sample of two repeats; return the paths of three files."""
    units = np.arange(45) * 3
    recording(tmp_path / "activations.nc", activity(), units, [f"frame {i}" for i in range(50)])
    drawn = [np.random.default_rng(r).choice(units, 20, replace=False) for r in range(2)]
    sample(tmp_path / "sample.nc", np.sort(drawn, 1), size="20")
    return {name: {"conv": tmp_path / f"{name}.nc"} for name in ("activations", "sample", "rdm", "few")}


def write(paths, output="rdm", metrics=("sqeuclidean", "correlation"), **further):
    entries = [{"name": metric, "kind": metric, "normalisation": "zscore"} for metric in metrics]
    write_rdms(paths["activations"], paths["sample"], paths[output], metrics=entries, **further)


def test_file_of_many_images(paths):
    write(paths, "few")
    write(paths, **MANY)
    with xr.open_dataset(paths["rdm"]["conv"]) as many, xr.open_dataset(paths["few"]["conv"]) as few:
        assert many.dissimilarity.dims == ("metric", "repeat", "pair")
        assert many.dissimilarity.dtype == np.float32
        np.testing.assert_allclose(many.dissimilarity, few.dissimilarity, rtol=2e-6)
        assert many.name.values.tolist() == [f"frame {i}" for i in range(50)]
        assert set(few.variables) - set(many.variables) == {"image_i", "image_j", "name_i", "name_j"}
        assert many.attrs == few.attrs
        for name in ("metric", "measure", "normalisation", "repeat"):
            assert many[name].identical(few[name].drop_vars(set(few[name].coords) - set(many[name].coords)))


def test_bytes_do_not_depend_on_memory(paths):
    write(paths, **MANY, memory=0)
    before = paths["rdm"]["conv"].read_bytes()
    write(paths, **MANY, memory=2**40)
    assert paths["rdm"]["conv"].read_bytes() == before


def test_what_reads_rdms_reads_those_of_many_images(paths):
    write(paths, **MANY)
    rows = table.read(paths["rdm"]["conv"])
    assert list(rows["entries"][0]) == [f"frame {i}" for i in range(50)]
    found = differentiation.Differentiation().compute({"rdms": [str(paths["rdm"]["conv"])]})
    assert found.variables["images"][1].tolist() == [50]
    own = found.variables["differentiation"][1].ravel()
    assert own.tolist() == [np.median(values) for values in rows["dissimilarity"]]


@pytest.mark.parametrize("median", ["pairs", "full_matrix"])
def test_differentiation_of_many_images_is_exact(paths, median):
    write(paths)
    with netcdf.open_file(paths["rdm"]["conv"]) as file:
        at_once, read_again = (
            stored_medians(file["dissimilarity"], 50, median, many=many) for many in (10**6, 100)
        )
    np.testing.assert_array_equal(read_again, at_once)


def test_too_large_to_be_read_whole(tmp_path):
    path, images = tmp_path / "large.nc", rdm_file.WHOLE + 1
    keys = dict.fromkeys(OF_FILE, "") | {"order": 0, "n_drawn": 1}
    with netcdf.create(path, kind="rdm", attributes=keys) as file:
        blockwise.define(file, list(map(str, range(images))), 1, 1)
    with pytest.raises(DataError, match=r"RDM.* 5,000.* 5,001"):
        table.read(path)


@pytest.mark.parametrize("trials", [False, True])
def test_sets_of_many_images(paths, trials):
    """A set's RDM is normalised as that of all images, with the noise of all trials: it is part of it."""
    with netcdf.open_file(paths["activations"]["conv"]) as file:
        keys = {name: file.getncattr(name) for name in file.ncattrs()}
    own = {"kind", "repscape_version"} | ({"weights_sha256"} if trials else set())
    image = np.repeat(np.arange(50, dtype=np.int32), 3)
    noise = np.random.default_rng(1).normal(0, 3, (150, 45)).astype(np.float32)
    response = activity()[image] + noise
    netcdf.write(
        paths["activations"]["conv"],
        kind="activations",
        variables={
            "activation": (("image", "unit"), response.reshape(50, 3, 45).mean(1)),
            "name": (("image",), [f"frame {i}" for i in range(50)]),
            "half": (("image",), ["a"] * 25 + ["b"] * 25),
            "number": (("image",), [str(i % 25) for i in range(50)]),
            "unit": (("unit",), np.arange(45, dtype=np.int32) * 3),
            "response": (("trial", "unit"), response),
            "trial_image": (("trial",), image),
            "trial_repeat": (("trial",), np.tile(np.arange(3, dtype=np.int32), 50)),
        },
        attributes={name: keys[name] for name in keys.keys() - own} | {"factors": ["half", "number"]},
    )
    halves = {"by": ["half"], "entries": ["number"], "combine": None, "combinations": {}}
    metrics = ("sqeuclidean", "correlation", *(("crossnobis", "mahalanobis") if trials else ()))
    write(paths, **MANY, metrics=metrics, sets={"halves": {"stimulus": "bikes", **halves}})
    with netcdf.open_file(paths["rdm"]["conv"]) as file:
        whole, group = file["dissimilarity"][:], file["halves/0"]
        first, second = np.triu_indices(50, 1)
        for at in (0, 1):
            part = (first // 25 == at) & (second // 25 == at)
            np.testing.assert_array_equal(group["dissimilarity"][at], whole[..., part])
        distinct = len({values.tobytes() for values in whole[:, 0]})
    assert distinct == len(metrics)


def test_pairs_are_picked_in_any_order():
    images = np.array([7, 2, 9, 0])
    i, j = images[np.triu_indices(4, 1)[0]], images[np.triu_indices(4, 1)[1]]
    first, second = np.triu_indices(10, 1)
    values = np.stack([first * 10 + second, -first]).astype(np.float32)[:, None]
    found = rdm_file.of_pairs(values, i, j, 10)
    low, high = np.minimum(i, j), np.maximum(i, j)
    np.testing.assert_array_equal(found[:, 0], [low * 10 + high, -low])


def test_a_metric_without_blocks(paths, plugin_folder, tmp_path):
    plugin_folder(
        "metrics/city.py",
        """
        from scipy.spatial.distance import pdist
        from repscape.plugin.contract import Metric

        class City(Metric):
            def dissimilarity(self, activity, scaling):
                return pdist(activity, "cityblock")
        """,
    )
    metric = [{"name": "city", "kind": "city", "normalisation": "none"}]
    write_rdms(paths["activations"], paths["sample"], paths["rdm"], metrics=metric, **MANY)
    with netcdf.open_file(paths["rdm"]["conv"]) as file, netcdf.open_file(paths["sample"]["conv"]) as drawn:
        own = activity()[:, drawn["unit"][0] // 3]
        np.testing.assert_allclose(file["dissimilarity"][0, 0], pdist(own, "cityblock"), rtol=1e-6)
    names = list(map(str, range(5_001)))
    recording(paths["activations"]["conv"], activity(5_001, 2), [0, 1], names)
    sample(paths["sample"]["conv"], [[0, 1]], size="2")
    with pytest.raises(DataError, match=r"metric 'city'.* 5,000.* 5,001"):
        write_rdms(paths["activations"], paths["sample"], paths["rdm"], metrics=metric)


def test_constant_activity_is_reported(paths, caplog):
    caplog.set_level("INFO", logger="repscape")
    names = [f"frame {i}" for i in range(50)]
    recording(paths["activations"]["conv"], np.ones((50, 45), np.float32), np.arange(45) * 3, names)
    write(paths, **MANY)
    with netcdf.open_file(paths["rdm"]["conv"]) as file:
        assert file.degenerate == 1
        assert np.isnan(file["dissimilarity"][:]).all()
    assert "every unit responds with 1 to every image" in caplog.text
    assert "sqeuclidean 100%, correlation 100%" in caplog.text


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    """The pairs of the larger one alone take 70 MB in float64, its activity 17 MB."""
    peaks = []
    for images in (2_100, 4_200):
        files = {name: {"conv": tmp_path / f"{name}{images}.nc"} for name in ("activations", "sample", "rdm")}
        recording(
            files["activations"]["conv"], activity(images, 1000), np.arange(1000), map(str, range(images))
        )
        sample(files["sample"]["conv"], [np.arange(1000)], size="all")
        tracemalloc.start()
        write(files, metrics=["sqeuclidean"], memory=0, block=2**20)
        peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] < 50, peaks


def test_the_largest_answer_is_nan_where_one_is():
    """Wherever it stands: an array's maximum is."""
    values = np.random.default_rng(0).random((6, 2**21), np.float32)  # two images a block
    values[4, 7] = np.nan
    rows = Rows.of(values, np.arange(values.shape[1]), 0)
    assert np.isnan(values.max())
    assert np.isnan(rows.max())


@pytest.mark.parametrize("options", [{}, MANY])
def test_files_and_tables_have_the_factors_of_images(tmp_path, options):
    images = [f"{at}.png" for at in range(30)]
    factors = {"category": ["two words", "Bäume", "cats"] * 10, "view": ["left"] * 15 + ["right"] * 15}
    paths = {name: {"conv": tmp_path / f"{name}.nc"} for name in ("activations", "sample", "rdm")}
    recording(paths["activations"]["conv"], activity(30, 10), range(10), names=images, factors=factors)
    sample(paths["sample"]["conv"], [range(10)])
    metrics = [{"name": "correlation", "kind": "correlation", "normalisation": "zscore"}]
    sets = {"own": {"stimulus": "bikes", "by": ["category", "view"]}}
    write_rdms(*paths.values(), metrics=metrics, sets=sets, **options)
    with xr.open_dataset(paths["rdm"]["conv"]) as rdm:
        assert rdm.attrs["factors"] == list(factors)
        for name, values in factors.items():
            assert rdm[name].dims == ("image",)
            assert rdm[name].values.tolist() == values
        assert ("name" in rdm) == bool(options)
    with netcdf.open_file(paths["rdm"]["conv"], "rdm") as file:
        assert rdm_file.count(file) == 30
        assert rdm_file.names(file) == images
    rows = table.read(paths["rdm"]["conv"])
    whole = rows[rows["set"] == ""].iloc[0]
    assert whole["entries_factors"].tolist() == list(zip(*factors.values(), strict=True))
    assert whole["entries"].tolist() == images
    own = rows[(rows["set"] == "own") & (rows["category"] == "cats") & (rows["view"] == "left")].iloc[0]
    assert own["entries"].names == ["image"]
    assert own["entries"].tolist() == ["2.png", "5.png", "8.png", "11.png", "14.png"]
