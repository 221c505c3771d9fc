"""Intervals over images, and the ranks that follow: against loops, and by their coverage."""

import csv
import io

import numpy as np
import pytest
import xarray as xr

from repscape.analyses.image_bootstrap import ImageBootstrap
from repscape.analyses.lib.image_resampling import resampled_medians
from repscape.core.seeds import derive

IMAGES = {"a": 6, "b": 8}


def test_resamples_are_the_same_images_everywhere_and_lie_around_d(two_sizes):
    _, files, rdms = two_sizes
    data = xr.Dataset(ImageBootstrap(seed=1, resamples=100, draws=3).compute(files).variables).isel(
        source=0, population=0
    )
    for (stimulus, layer, size), rdm in rdms.items():
        images = IMAGES[stimulus]
        generator = np.random.default_rng(derive(1, stimulus))
        counts = generator.multinomial(images, np.full(images, 1 / images), 100).T
        here = data.sel(stimulus=stimulus, layer=layer).isel(size=size)
        for metric in range(2):
            mean = np.median(rdm[metric], -1).mean()
            used = rdm[metric, :3]
            own = np.mean([resampled_medians(distances, counts) for distances in used], axis=0)
            expected = own - np.median(used, -1).mean() + mean
            np.testing.assert_allclose(here.resampled[metric], expected, rtol=1e-5)
            assert float(here.differentiation[metric]) == pytest.approx(mean)
            low, high = np.nanpercentile(here.resampled[metric].values.astype(float), [2.5, 97.5])
            assert (float(here.low[metric]), float(here.high[metric])) == (
                pytest.approx(low),
                pytest.approx(high),
            )


def test_identical_images_have_an_interval_of_zero(made):
    study = made(("a",), layers=("input",), samples={"random": ("1000",)})
    path = study.rdm(np.zeros((2, 1, 10)), layer="input", stimulus="a")
    table = study.differentiation(np.zeros((1, 1, 1, 1, 1, 2, 1)))
    result = ImageBootstrap(seed=0).compute({"differentiation": table, "rdms": [path]})
    for name in ("low", "high", "differentiation"):
        np.testing.assert_array_equal(result.variables[name][1], 0)


def read(stream):
    stream.seek(0)
    return list(csv.DictReader(stream))


def test_the_table_has_a_row_a_value(two_sizes):
    _, files, _ = two_sizes
    result = ImageBootstrap(seed=1, resamples=100).compute(files)
    stream = io.StringIO()
    csv.writer(stream).writerows(ImageBootstrap().rows(result))
    table = read(stream)
    assert len(table) == 2 * 3 * 2 * 2
    assert all(float(row["low"]) <= float(row["high"]) for row in table)
