import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repscape import store
from repscape.errors import DataError
from repscape.samples.draw import draw, write_samples

UNITS = np.arange(5, 505, 5, dtype=np.int32)


@given(size=st.integers(1, 99), repeats=st.integers(1, 5), seed=st.integers(0, 2**62))
def test_draws_without_replacement_from_the_units(size, repeats, seed):
    drawn = draw(UNITS, size, repeats, seed)
    assert drawn.shape == (repeats, size)
    assert drawn.dtype == np.int32
    assert np.isin(drawn, UNITS).all()
    assert all(len(set(row)) == size for row in drawn.tolist())


def test_more_repeats_keep_the_earlier_ones():
    np.testing.assert_array_equal(draw(UNITS, 30, 10, 7)[:4], draw(UNITS, 30, 4, 7))


def test_repeats_and_seeds_differ():
    drawn = draw(UNITS, 30, 2, 7)
    assert (drawn[0] != drawn[1]).any()
    assert (drawn != draw(UNITS, 30, 2, 8)).any()


@pytest.mark.parametrize("size", [100, 101, 10**6, "all"])
def test_all_units_once_in_order_where_the_size_reaches_them(size):
    np.testing.assert_array_equal(draw(UNITS, size, 10, 0), UNITS[np.newaxis])


def test_every_unit_is_equally_likely():
    counts = np.bincount(draw(np.arange(20), 5, 4000, 1).ravel(), minlength=20)
    # Binomial with p = 1/4: SD 27 about 1000.
    assert abs(counts - 1000).max() < 5 * 27


def population(path, **units):
    with store.create(path, kind="population", attributes={"source": "net", "population": "random"}) as file:
        for layer, values in units.items():
            store.add_variable(file.createGroup(layer), "unit", ("unit",), np.asarray(values, np.int32))


def test_writes_a_file_a_layer_with_a_seed_of_its_own(tmp_path, caplog):
    population(tmp_path / "p.nc", conv=range(50), pool=range(50), fc=range(0, 20, 2))
    outputs = {layer: tmp_path / layer / "n20.nc" for layer in ("conv", "pool", "fc")}
    with caplog.at_level(logging.WARNING):
        write_samples(tmp_path / "p.nc", outputs, size=20, repeats=3, seed=0)
    (warning,) = caplog.messages
    assert "fc (10)" in warning
    assert "conv" not in warning
    drawn = {}
    for layer, path in outputs.items():
        with store.open_file(path, "sample") as file:
            drawn[layer] = file["unit"][:]
            assert file["unit"].dimensions == ("repeat", "draw")
            assert (file.source, file.population, file.layer, file.size) == ("net", "random", layer, "20")
            assert file.n_requested == 20
            assert file.n_drawn == (10 if layer == "fc" else 20)
            assert isinstance(int(file.seed), int)
    assert drawn["conv"].shape == (3, 20)
    assert (drawn["conv"] != drawn["pool"]).any()
    np.testing.assert_array_equal(drawn["fc"], [range(0, 20, 2)])


def test_adding_a_layer_changes_no_other_and_bytes_repeat(tmp_path):
    population(tmp_path / "p.nc", conv=range(50), pool=range(50))
    write_samples(tmp_path / "p.nc", {"pool": tmp_path / "a.nc"}, size=20, repeats=3, seed=0)
    both = {"conv": tmp_path / "c.nc", "pool": tmp_path / "b.nc"}
    write_samples(tmp_path / "p.nc", both, size=20, repeats=3, seed=0)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()


def test_unsampled_population_has_size_all(tmp_path, caplog):
    population(tmp_path / "p.nc", conv=range(50))
    write_samples(tmp_path / "p.nc", {"conv": tmp_path / "nall.nc"}, size="all", repeats=1, seed=0)
    with store.open_file(tmp_path / "nall.nc", "sample") as file:
        assert (file.size, file.n_requested, file.n_drawn) == ("all", 50, 50)
    assert not caplog.messages


def test_missing_layer_is_named(tmp_path):
    population(tmp_path / "p.nc", conv=range(50))
    with pytest.raises(DataError, match=r"p\.nc.*found none named pool"):
        write_samples(tmp_path / "p.nc", {"pool": tmp_path / "a.nc"}, size=20, repeats=3, seed=0)
