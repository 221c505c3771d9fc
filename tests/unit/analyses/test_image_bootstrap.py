"""Intervals over images, and the ranks that follow: against loops, and by their coverage."""

import csv
import io

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist, squareform

from repscape.analyses import ranking
from repscape.analyses.image_bootstrap import ImageBootstrap
from repscape.analyses.lib.image_resampling import interval, resampled_medians
from repscape.core.seeds import derive
from repscape.io import netcdf

IMAGES = {"a": 6, "b": 8}


def by_hand(distances, counts):
    """The median over all pairs of the images drawn, copies written out, without pairs of copies."""
    square = squareform(distances)
    medians = []
    for count in counts.T:
        drawn = np.repeat(np.arange(len(count)), count)
        found = [square[i, j] for at, i in enumerate(drawn) for j in drawn[at + 1 :] if i != j]
        medians.append(np.median(found) if found else np.nan)
    return medians


@pytest.mark.parametrize("images", [3, 4, 7, 12])
def test_medians_over_resampled_images_equal_a_loop(images):
    random = np.random.default_rng(images)
    distances = random.random(images * (images - 1) // 2).round(1)  # with ties
    counts = random.multinomial(images, np.full(images, 1 / images), 200).T
    np.testing.assert_array_equal(resampled_medians(distances, counts), by_hand(distances, counts))


def test_many_images_are_counted_without_overflow():
    random = np.random.default_rng(0)
    distances = random.random(300 * 299 // 2)
    counts = random.multinomial(300, np.full(300, 1 / 300), 3).T
    found = resampled_medians(distances, counts, block=2 * len(distances))  # in several blocks
    np.testing.assert_array_equal(found, by_hand(distances, counts))


def test_copies_of_one_image_and_undefined_distances():
    counts = np.array([[3, 1], [0, 1], [0, 1]])
    np.testing.assert_array_equal(resampled_medians(np.array([1.0, 2, 4]), counts), [np.nan, 2])
    assert np.isnan(resampled_medians(np.array([1.0, np.nan, 4]), counts)).all()


def test_limits_are_percentiles_of_what_is_defined():
    values = np.random.default_rng(0).normal(size=(3, 501))
    values[1, 77] = np.nan
    values[2] = np.nan
    low, high = interval(values)
    np.testing.assert_allclose(low[:2], np.nanpercentile(values[:2], 2.5, axis=1))
    np.testing.assert_allclose(high[:2], np.nanpercentile(values[:2], 97.5, axis=1))
    assert np.isnan([low[2], high[2]]).all()


def test_intervals_cover_the_differentiation_of_all_images_of_the_kind():
    random = np.random.default_rng(5)
    truth = np.median(pdist(random.normal(size=(3000, 3))))
    covered = 0
    for _ in range(200):
        counts = random.multinomial(30, np.full(30, 1 / 30), 300).T
        low, high = interval(resampled_medians(pdist(random.normal(size=(30, 3))), counts))
        covered += low <= truth <= high
    assert 0.88 < covered / 200 < 0.99


@pytest.fixture
def written(made):
    """Write RDMs of two sizes and their medians; the smaller size has 8 draws."""
    study = made(IMAGES)
    random = np.random.default_rng(2)
    paths, rdms = [], {}
    values = np.full((1, 2, 3, 1, 2, 2, 8), np.nan)
    for s, (stimulus, images) in enumerate(IMAGES.items()):
        for layer, name in enumerate(study.layers):
            for size, repeats in ((0, 8), (1, 1)):
                rdm = random.gamma(4, size=(2, repeats, images * (images - 1) // 2)).astype(np.float32)
                rdms[stimulus, name, size] = rdm.astype(float)
                values[0, s, layer, 0, size, :, :repeats] = np.median(rdm.astype(float), -1)
                paths.append(study.rdm(rdm, layer=name, stimulus=stimulus, size=("200", "1000")[size]))
    table = study.differentiation(values, "b", images=list(IMAGES.values()))
    return study, {"differentiation": table, "rdms": paths}, rdms


def test_resamples_are_the_same_images_everywhere_and_lie_around_d(written):
    _, files, rdms = written
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
            own = np.mean([by_hand(distances, counts) for distances in used], axis=0)
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


def test_the_table_has_a_row_a_value(written):
    _, files, _ = written
    result = ImageBootstrap(seed=1, resamples=100).compute(files)
    stream = io.StringIO()
    csv.writer(stream).writerows(ImageBootstrap().rows(result))
    table = read(stream)
    assert len(table) == 2 * 3 * 2 * 2
    assert all(float(row["low"]) <= float(row["high"]) for row in table)


def test_ranks_are_by_differentiation_with_intervals_over_resamples(written, tmp_path):
    study, files, _ = written
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
