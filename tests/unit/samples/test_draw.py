import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.samples.draw import draw, draw_equal, first, write_samples

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


@given(
    size=st.integers(1, 400),
    channels=st.lists(st.integers(1, 12), min_size=1, max_size=40),
    seed=st.integers(0, 2**62),
)
def test_equal_draws_differ_by_one_at_most_where_channels_have_enough(size, channels, seed):
    """Channels with fewer units give all they have; no other could give less and another more."""
    channel = np.repeat(np.arange(len(channels)), channels)
    units = np.arange(len(channel), dtype=np.int32) * 3
    (drawn,) = draw_equal(units, channel, size, 1, seed)
    assert len(drawn) == len(set(drawn.tolist())) == min(size, len(units))
    assert np.isin(drawn, units).all()
    assert (np.diff(drawn) > 0).all()
    counts = np.bincount(channel[drawn // 3], minlength=len(channels))
    could_give_more = counts[counts < np.array(channels)]
    if could_give_more.size:
        assert counts.max() <= could_give_more.min() + 1


def test_equal_draws_of_a_notebooks_size():
    """200 units of 512 channels: dividing and rounding down would give none."""
    channel = np.repeat(np.arange(512), 196)
    drawn = draw_equal(np.arange(512 * 196), channel, 200, 50, 1)
    counts = np.apply_along_axis(lambda row: np.bincount(channel[row], minlength=512), 1, drawn)
    assert set(np.unique(counts)) == {0, 1}
    assert (counts.sum(axis=1) == 200).all()
    # the channels that give a unit are drawn anew: Binomial(50, 200/512), SD 3.4 about 19.5
    assert abs(counts.sum(axis=0) - 19.5).max() < 5 * 3.4
    drawn = draw_equal(np.arange(512 * 196), channel, 1000, 1, 1)
    assert set(np.bincount(channel[drawn[0]])) == {1, 2}


def test_every_unit_of_a_channel_is_equally_likely():
    channel = np.array([0] * 4 + [1] * 16)
    counts = np.bincount(draw_equal(np.arange(20), channel, 6, 4000, 1).ravel(), minlength=20)
    assert abs(counts[:4] / 4000 - 3 / 4).max() < 5 * np.sqrt(3 / 16 / 4000)
    assert abs(counts[4:] / 4000 - 3 / 16).max() < 5 * np.sqrt(3 * 13 / 256 / 4000)


def test_equal_draws_repeat_and_keep_earlier_repeats():
    channel = np.arange(100) % 7
    np.testing.assert_array_equal(
        draw_equal(UNITS, channel, 30, 10, 7)[:4], draw_equal(UNITS, channel, 30, 4, 7)
    )
    np.testing.assert_array_equal(draw_equal(UNITS, channel, 100, 10, 7), UNITS[np.newaxis])


def test_ranked_samples_are_nested():
    rank = np.random.default_rng(0).permutation(100)
    smaller = set()
    for size in (1, 20, 50, 100, "all"):
        (chosen,) = first(UNITS, rank, size)
        assert smaller <= set(chosen.tolist()) == {unit for unit, r in zip(UNITS, rank, strict=True)
                                                   if size == "all" or r < size}  # fmt: skip
        assert (np.diff(chosen) > 0).all()
        smaller = set(chosen.tolist())


def population(path, ranks=False, **units):
    with netcdf.create(path, kind="population", attributes={"source": "net", "population": "random"}) as file:
        for layer, values in units.items():
            group = file.createGroup(layer)
            netcdf.add_variable(group, "unit", ("unit",), np.asarray(values, np.int32))
            netcdf.set_attributes(group, {"statistic": "unit", "height": 2, "width": 5})
            if ranks:
                netcdf.add_variable(group, "rank", ("unit",), np.arange(len(values), dtype=np.int32)[::-1])


def test_writes_a_file_a_layer_with_a_seed_of_its_own(tmp_path, caplog):
    population(tmp_path / "p.nc", conv=range(50), pool=range(50), fc=range(0, 20, 2))
    outputs = {layer: tmp_path / layer / "n20.nc" for layer in ("conv", "pool", "fc")}
    with caplog.at_level(logging.INFO, logger="repscape"):
        write_samples(tmp_path / "p.nc", outputs, size=20, repeats=3, seed=0)
    (warning,) = caplog.messages
    assert "fc (10)" in warning
    assert "conv" not in warning
    drawn = {}
    for layer, path in outputs.items():
        with netcdf.open_file(path, "sample") as file:
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
    with netcdf.open_file(tmp_path / "nall.nc", "sample") as file:
        assert (file.size, file.n_requested, file.n_drawn) == ("all", 50, 50)
    assert not caplog.messages


def test_missing_layer_is_named(tmp_path):
    population(tmp_path / "p.nc", conv=range(50))
    with pytest.raises(DataError, match=r"p\.nc.*none.*pool"):
        write_samples(tmp_path / "p.nc", {"pool": tmp_path / "a.nc"}, size=20, repeats=3, seed=0)


def test_equal_samples_are_written_and_what_is_unequal_is_logged(tmp_path, caplog):
    caplog.set_level("INFO", logger="repscape")
    population(tmp_path / "p.nc", conv=range(50), few=[*range(10), 10], wide=range(1000))
    outputs = {layer: tmp_path / layer / "n8.nc" for layer in ("conv", "few", "wide")}
    write_samples(tmp_path / "p.nc", outputs, size=8, repeats=3, seed=0, how="equal")
    assert len(caplog.messages) == 2
    assert "wide (92 of 100)" in caplog.messages[0]
    assert caplog.messages[1].endswith(": few")
    with netcdf.open_file(outputs["conv"], "sample") as file:
        counts = np.apply_along_axis(np.bincount, 1, file["unit"][:] // 10)
        assert (np.sort(counts, axis=1) == [1, 1, 2, 2, 2]).all()
        assert (file.drawn, file.n_drawn) == ("equal", 8)
    with netcdf.open_file(outputs["few"], "sample") as file:
        assert (np.bincount(file["unit"][0] // 10) == [7, 1]).all()


def test_ranked_samples_are_written(tmp_path):
    population(tmp_path / "p.nc", ranks=True, conv=range(0, 100, 2))
    write_samples(tmp_path / "p.nc", {"conv": tmp_path / "a.nc"}, size=8, repeats=1, seed=0, how="ranked")
    with netcdf.open_file(tmp_path / "a.nc", "sample") as file:
        np.testing.assert_array_equal(file["unit"][:], [np.arange(84, 100, 2)])
        assert file.drawn == "ranked"
    population(tmp_path / "p.nc", conv=range(50))
    with pytest.raises(DataError, match=r"layer conv: .*rank.*kind: top.*draw: random"):
        write_samples(tmp_path / "p.nc", {"conv": tmp_path / "a.nc"}, size=8, repeats=1, seed=0, how="ranked")
