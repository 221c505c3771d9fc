import numpy as np
import pytest
from scipy import stats

from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.populations import all, filter_means, random
from repscape.populations.lib import file
from repscape.populations.lib.layer import Layer

LAYER = Layer("conv1", 6, 5, 4, 120)


def test_random_units_are_distinct_sorted_and_within_the_layer():
    chosen = random.Random(units=50, seed=1).select(LAYER)
    assert chosen.unit.dtype == np.int32
    assert len(chosen.unit) == 50 == len(set(chosen.unit.tolist()))
    assert (np.diff(chosen.unit) > 0).all()
    assert chosen.unit.min() >= 0
    assert chosen.unit.max() < 120
    assert (chosen.statistic, chosen.requested) == ("unit", 50)


def test_random_draws_every_unit_with_the_same_probability():
    counts = np.zeros(LAYER.units)
    for seed in range(2000):
        counts[random.Random(units=30, seed=seed).select(LAYER).unit] += 1
    # counts of a draw without replacement vary less than multinomial ones: the test is conservative
    assert stats.chisquare(counts).pvalue > 1e-3


def test_random_depends_on_seed_and_layer_alone():
    first = random.Random(units=50, seed=1).select(LAYER).unit
    assert (random.Random(units=50, seed=1).select(LAYER).unit == first).all()
    assert (random.Random(units=50, seed=2).select(LAYER).unit != first).any()
    assert (random.Random(units=50, seed=1).select(LAYER._replace(label="conv2")).unit != first).any()


def test_random_takes_all_of_a_small_layer():
    chosen = random.Random(units=1000, seed=1).select(LAYER)
    assert (chosen.unit == np.arange(120)).all()
    assert chosen.requested == 1000


def test_a_layer_of_millions():
    chosen = random.Random(units=100_000, seed=3).select(Layer("conv1", 64, 224, 224, 64 * 224 * 224))
    assert len(np.unique(chosen.unit)) == 100_000
    assert abs(chosen.unit.mean() / (64 * 224 * 224 / 2) - 1) < 0.01


def test_all_and_filter_means():
    assert (all.All().select(LAYER).unit == np.arange(120)).all()
    means = filter_means.FilterMeans().select(LAYER)
    assert (means.unit == np.arange(6)).all()
    assert means.statistic == "channel_mean"


def test_a_file_has_a_group_a_layer_and_one_line_names_the_small_ones(tmp_path, caplog):
    caplog.set_level("INFO", logger="repscape")
    layers = [LAYER, Layer("fc1", 10, 1, 1, 10), Layer("fc2", 7, 1, 1, 7)]
    path = tmp_path / "random.nc"
    section = {"kind": "random", "units": 100, "seed": 5}
    keys = {"section": section, "files": {}, "source": "net", "population": "random"}
    file.write(path, layers, **keys)
    assert len(caplog.records) == 1
    assert "fc1 (10), fc2 (7)" in caplog.text
    with netcdf.open_file(path, "population") as dataset:
        assert list(dataset.groups) == ["conv1", "fc1", "fc2"]
        assert (dataset.source, dataset.plugin, dataset.seed) == ("net", "random", 5)
        assert (dataset["fc1"].n_requested, dataset["fc1"].n_recorded) == (100, 10)
        read = file.read(dataset, "conv1")
        assert (read.unit == random.Random(units=100, seed=5).select(LAYER).unit).all()
        assert (read.statistic, read.requested) == ("unit", 100)
        with pytest.raises(DataError, match=r"layer conv9.*conv1, fc1, fc2"):
            file.read(dataset, "conv9")
    content = path.read_bytes()
    file.write(path, layers, **keys)
    assert path.read_bytes() == content
