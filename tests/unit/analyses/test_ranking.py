"""Ranks of stimuli by differentiation, with intervals over resampled images."""

import csv
import io

import numpy as np
import pytest
import xarray as xr

from repscape.analyses import ranking
from repscape.analyses.image_bootstrap import ImageBootstrap
from repscape.io import netcdf

IMAGES = {"a": 6, "b": 8}


def read(stream):
    stream.seek(0)
    return list(csv.DictReader(stream))


def test_ranks_are_by_differentiation_with_intervals_over_resamples(two_sizes, tmp_path):
    study, files, _ = two_sizes
    result = ImageBootstrap(seed=1, resamples=100).compute(files)
    netcdf.write(tmp_path / "b.nc", kind="analysis", variables=result.variables, attributes=result.attributes)
    ranked = ranking.Ranking().compute({"image_bootstrap": tmp_path / "b.nc"})
    data, before = xr.Dataset(ranked.variables).isel(source=0), xr.Dataset(result.variables).isel(source=0)
    for layer in study.layers:
        for size, metric in np.ndindex(2, 2):
            at = {"population": 0, "size": size, "metric": metric}
            here, d = data.sel(layer=layer).isel(at), before.sel(layer=layer).isel(at)
            upper, lower = ("a", "b") if d.differentiation[0] >= d.differentiation[1] else ("b", "a")
            assert here.stimulus.values.tolist() == [upper, lower]
            np.testing.assert_array_equal(
                here.differentiation, d.differentiation.sel(stimulus=[upper, lower])
            )
            np.testing.assert_array_equal(here.low, d.low.sel(stimulus=[upper, lower]))
            above = d.resampled.sel(stimulus=upper).values > d.resampled.sel(stimulus=lower).values
            assert float(here.above_next[0]) == pytest.approx(above.mean())
            assert np.isnan(here.above_next[1])
            ranks = np.where(above, 1, 2)
            expected = np.percentile(ranks, [2.5, 97.5])
            assert [float(here.rank_low[0]), float(here.rank_high[0])] == pytest.approx(expected)
    stream = io.StringIO()
    csv.writer(stream).writerows(ranking.Ranking().rows(ranked))
    assert len(read(stream)) == 2 * 3 * 2 * 2


def test_resamples_of_copies_of_one_image_rank_nowhere(made, tmp_path):
    """One in nine of three images; where all are far apart, every other resample is above the rest."""
    study = made({"few": 3, "many": 9, "flat": 9}, layers=("input",), samples={"random": ("1000",)})
    random = np.random.default_rng(0)
    levels = {"few": (5, 3), "many": (1, 36), "flat": (0.5, 36)}
    paths = [
        study.rdm(random.uniform(level, 1.1 * level, (2, 1, pairs)), layer="input", stimulus=name)
        for name, (level, pairs) in levels.items()
    ]
    values = np.array([5.2, 1.05, 0.52]).reshape(1, 3, 1, 1, 1, 1, 1).repeat(2, 5)
    files = {"differentiation": study.differentiation(values, images=[3, 9, 9]), "rdms": paths}
    result = ImageBootstrap(seed=0).compute(files)
    assert 0.05 < np.isnan(result.variables["resampled"][1][0, 0]).mean() < 0.2
    netcdf.write(tmp_path / "b.nc", kind="analysis", variables=result.variables, attributes=result.attributes)
    data = ranking.Ranking().compute({"image_bootstrap": tmp_path / "b.nc"}).variables
    for name in ("rank_low", "rank_high"):
        np.testing.assert_array_equal(data[name][1][0, 0, 0, 0], [[1, 2, 3]] * 2)
    np.testing.assert_array_equal(data["above_next"][1][0, 0, 0, 0], [[1, 1, np.nan]] * 2)


def test_a_stimulus_without_differentiation_has_no_rank(made, tmp_path):
    study = made(IMAGES, layers=("input",), samples={"random": ("1000",)})
    paths = [study.rdm(np.full((2, 1, 15), np.nan), layer="input", stimulus="a")]
    paths.append(study.rdm(np.ones((2, 1, 28)), layer="input", stimulus="b"))
    values = np.ones((1, 2, 1, 1, 1, 2, 1))
    values[:, 0] = np.nan
    table = study.differentiation(values, images=[6, 8])
    result = ImageBootstrap(seed=0).compute({"differentiation": table, "rdms": paths})
    netcdf.write(tmp_path / "b.nc", kind="analysis", variables=result.variables, attributes=result.attributes)
    data = ranking.Ranking().compute({"image_bootstrap": tmp_path / "b.nc"}).variables
    assert data["stimulus"][1].ravel().tolist() == ["b", "", "b", ""]
    np.testing.assert_array_equal(data["rank_high"][1].ravel(), [1, np.nan, 1, np.nan])
