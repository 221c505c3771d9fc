"""Distances of images and activities: against SciPy, and what permutations must give."""

import csv
import io
import itertools

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist, squareform
from scipy.stats import kstest, linregress, pearsonr

from repscape.analyses.distances import Distances
from repscape.core.errors import ConfigError, DataError

IMAGES = {"a": 7, "b": 9, "c": 5}


@pytest.fixture
def written(made):
    """Write RDMs of three draws; return the study, the paths and the RDMs averaged over draws."""
    study = made(IMAGES)
    random = np.random.default_rng(1)
    paths, rdms = [], {}
    for stimulus, images in IMAGES.items():
        pixels = random.normal(size=(images, 4)) * random.gamma(3)
        for layer in study.layers:
            values = np.array(
                [[pdist(pixels + random.normal(size=pixels.shape)) for _ in range(3)] for _ in range(2)]
            )
            values = values.astype(np.float32)
            rdms[stimulus, layer] = values.astype(float).mean(1).astype(np.float32).astype(float)
            paths.append(study.rdm(values, layer=layer, stimulus=stimulus))
    return study, paths, rdms


def test_regressions_equal_scipy(written):
    study, paths, rdms = written
    data = xr.Dataset(Distances(seed=0, permutations=50).compute({"rdms": paths}).variables).sel(source="net")
    for metric in range(2):
        for layer in study.layers:
            here = data.isel(metric=metric).sel(layer=layer)
            for stimulus, images in IMAGES.items():
                x, y = rdms[stimulus, "input"][metric], rdms[stimulus, layer][metric]
                fit, each = linregress(x, y), here.sel(stimulus=stimulus)
                assert float(each.r) == pytest.approx(fit.rvalue, rel=1e-6)
                assert float(each.r2) == pytest.approx(fit.rvalue**2, rel=1e-6)
                assert float(each.slope) == pytest.approx(fit.slope, rel=1e-6)
                assert float(each.intercept) == pytest.approx(fit.intercept, rel=1e-6, abs=1e-6)
                assert int(each.images) == images
            x, y = (np.concatenate([rdms[s, at][metric] for s in IMAGES]) for at in ("input", layer))
            fit = linregress(x, y)
            assert float(here.pooled_r) == pytest.approx(fit.rvalue, rel=1e-6)
            assert float(here.pooled_slope) == pytest.approx(fit.slope, rel=1e-6)
            assert float(here.pooled_intercept) == pytest.approx(fit.intercept, rel=1e-6, abs=1e-6)
            centred = [
                np.concatenate([rdms[s, at][metric] - rdms[s, at][metric].mean() for s in IMAGES])
                for at in ("input", layer)
            ]
            assert float(here.within_r2) == pytest.approx(pearsonr(*centred).statistic ** 2, rel=1e-6)
            assert int(here.pooled_stimuli) == 3


def test_p_equals_a_loop_over_permutations(written):
    _, paths, rdms = written
    data = xr.Dataset(Distances(seed=0, permutations=999).compute({"rdms": paths}).variables).sel(
        source="net"
    )
    random = np.random.default_rng(99)
    for stimulus, images in IMAGES.items():
        x = squareform(rdms[stimulus, "input"][0])
        pairs = np.triu_indices(images, 1)
        null = []
        for _ in range(2999):  # so many that they hardly add to the error of those compared with
            order = random.permutation(images)
            shuffled = x[order][:, order][pairs]
            null.append([pearsonr(shuffled, rdms[stimulus, layer][0]).statistic for layer in "ab"])
        null = np.abs(null)
        for at, layer in enumerate("ab"):
            r = abs(pearsonr(x[pairs], rdms[stimulus, layer][0]).statistic)
            here = data.isel(metric=0).sel(stimulus=stimulus, layer=layer)
            for name, found in (("p", null[:, at]), ("p_layers", null.max(1))):
                expected = (1 + (found >= r).sum()) / 3000
                assert float(here[name]) == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 999) + 0.002)


def test_p_of_few_images_is_exact(made):
    study = made(("s", "t"), layers=("input", "a"))
    random = np.random.default_rng(1)
    rdms = {
        key: pdist(random.normal(size=(4, 3))).astype(np.float32).astype(float)
        for key in itertools.product("st", study.layers)
    }
    paths = [study.rdm(own[None, None], layer=key[1], stimulus=key[0]) for key, own in rdms.items()]
    data = xr.Dataset(Distances(seed=0, permutations=4000).compute({"rdms": paths}).variables).isel(
        source=0, metric=0
    )
    sums = {}
    for stimulus in "st":
        x, y = (own - own.mean() for own in (rdms[stimulus, layer] for layer in study.layers))
        square = squareform(x - x.min() + 1) + x.min() - 1  # squareform checks for a diagonal of 0
        sums[stimulus] = np.array(
            [
                square[np.ix_(order, order)][np.triu_indices(4, 1)] @ y
                for order in map(list, itertools.permutations(range(4)))
            ]
        )
        expected = (np.abs(sums[stimulus]) >= np.abs(sums[stimulus][0]) - 1e-9).mean()
        assert float(data.p.sel(stimulus=stimulus, layer="a")) == expected
    both = np.add.outer(*sums.values())
    exact = (np.abs(both) >= np.abs(both[0, 0]) - 1e-9).mean()
    assert float(data.pooled_p.sel(layer="a")) == pytest.approx(exact, abs=4 * np.sqrt(exact / 4000))


def test_p_is_uniform_where_nothing_is_related(made):
    study = made(("s",), layers=("input", "a"))
    random, found = np.random.default_rng(4), []
    for _ in range(120):
        paths = [
            study.rdm(pdist(random.normal(size=(8, 3)))[None, None], layer=layer, stimulus="s")
            for layer in study.layers
        ]
        result = Distances(seed=int(random.integers(2**31)), permutations=99).compute({"rdms": paths})
        found.append([result.variables[name][1].ravel()[1] for name in ("p", "pooled_p")])
    found = np.array(found)
    np.testing.assert_array_equal(found[:, 0] > 0, True)
    for p in found.T:
        assert kstest(p, "uniform").pvalue > 0.01


def test_differences_between_stimuli_are_pooled_but_not_significant(made):
    study = made("abcdef", layers=("input", "a"))
    random, paths = np.random.default_rng(0), []
    for level, stimulus in enumerate(study.stimuli):
        for layer in study.layers:
            values = 10 * level + pdist(random.normal(size=(6, 3)))
            paths.append(study.rdm(values[None, None], layer=layer, stimulus=stimulus))
    data = (
        xr.Dataset(Distances(seed=1).compute({"rdms": paths}).variables)
        .sel(layer="a")
        .isel(source=0, metric=0)
    )
    assert data.pooled_r2 > 0.99
    assert data.within_r2 < 0.1
    assert data.pooled_p > 0.05


def test_the_smallest_p_and_the_layer_itself(written):
    _, paths, _ = written
    data = xr.Dataset(Distances(seed=0, permutations=99).compute({"rdms": paths}).variables)
    own = data.sel(layer="input", stimulus="b")
    np.testing.assert_array_equal(own.p, 0.01)
    assert np.isnan(own.p_layers).all()  # not one of the layers tested
    np.testing.assert_allclose(own.r2, 1)


def test_undefined_distances_have_no_correlation(written):
    study, paths, rdms = written
    values = np.repeat(rdms["a", "b"][:, None], 3, axis=1)
    values[0, 1, 2] = np.nan
    study.rdm(values, layer="b", stimulus="a")
    data = xr.Dataset(Distances(seed=0, permutations=50).compute({"rdms": paths}).variables).sel(
        source="net", layer="b"
    )
    assert np.isnan(data.r.sel(stimulus="a").values).tolist() == [True, False]
    assert data.pooled_stimuli.values.tolist() == [2, 3]
    x, y = (np.concatenate([rdms[s, at][0] for s in "bc"]) for at in ("input", "b"))
    assert float(data.pooled_r[0]) == pytest.approx(pearsonr(x, y).statistic, rel=1e-6)
    assert np.isfinite(data.pooled_p).all()


def test_a_recording_is_compared_with_the_first_network_that_was_shown_its_stimulus(made, caplog):
    """Of two networks the first was shown one stimulus, the second two; the recording a third as well."""
    study = made("abc", sources=("first", "second", "v1"), layers=("input", "area"))
    random = np.random.default_rng(0)
    rdms = {stimulus: random.random((4, 21)) for stimulus in "abc"}  # both inputs, a layer, the area
    paths = [
        study.rdm(rdms[stimulus][at][None, None], source=source, layer=layer, stimulus=stimulus)
        for source, stimuli, layer, at in (
            ("first", "b", "input", 0), ("second", "ab", "input", 1), ("second", "ab", "area", 2),
            ("v1", "abc", "area", 3),
        )
        for stimulus in stimuli
    ]  # fmt: skip
    result = Distances(seed=0, permutations=19).compute({"rdms": paths})
    data = xr.Dataset(result.variables).sel(source="v1", layer="area").isel(metric=0)
    for stimulus, lent in (("a", 1), ("b", 0)):
        expected = pearsonr(rdms[stimulus][lent], rdms[stimulus][3]).statistic
        assert float(data.r.sel(stimulus=stimulus)) == pytest.approx(expected, rel=1e-6)
    assert np.isnan(data.r.sel(stimulus="c"))
    assert int(data.pooled_stimuli) == 2
    (row,) = (row for row in Distances().rows(result) if row[:3] == ("v1", "pooled", "area"))
    assert row[4] == 2 * 7  # images of the stimuli that are in
    (warning,) = (record.getMessage() for record in caplog.records)
    assert "'v1'" in warning
    assert ": c." in warning


def test_the_same_seed_gives_the_same_and_stimuli_do_not_depend_on_each_other(written):
    _, paths, _ = written
    first = Distances(seed=3, permutations=99).compute({"rdms": paths}).variables["p"][1]
    alone = (
        Distances(seed=3, permutations=99)
        .compute({"rdms": [p for p in paths if "/net/b/" in p]})
        .variables["p"][1]
    )
    np.testing.assert_array_equal(first[:, 1], alone[:, 0])


def test_an_outdated_rdm_is_refused(written):
    study, paths, _ = written
    study.rdm(np.ones((2, 1, 10)), layer="b", stimulus="a")
    with pytest.raises(DataError, match=r"21 .* 10"):
        Distances(seed=0).compute({"rdms": paths})


def test_the_table_has_every_regression(written):
    _, paths, _ = written
    result = Distances(seed=0, permutations=50).compute({"rdms": paths})
    stream = io.StringIO()
    csv.writer(stream).writerows(Distances().rows(result))
    stream.seek(0)
    table = list(csv.DictReader(stream))
    assert len(table) == (3 + 1) * 3 * 2
    data = xr.Dataset(result.variables).sel(source="net")
    for row in table:
        here = data.sel(layer=row["layer"], metric=row["metric"])
        pooled = row["stimulus"] == "pooled"
        found = here.pooled_r2 if pooled else here.r2.sel(stimulus=row["stimulus"])
        assert float(row["r2"]) == float(found)


def test_inputs_are_one_size_of_one_population(made):
    study = made("ab").study
    files = Distances(seed=0).inputs(study)["rdms"]
    assert len(files) == 2 * 3
    assert all("/random/" in path and path.endswith("n1000.nc") for path in files)
    assert all(path.endswith("n200.nc") for path in Distances(seed=0, size=200).inputs(study)["rdms"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"against": "pixels"}, r"against: 'net'.*'pixels'"),
        ({"population": "rnd"}, r"population: 'rnd'"),
        ({"size": 300}, r"size: '300'.*200, 1000"),
    ],
)
def test_an_unknown_name_is_told_when_the_plan_is_made(made, parameters, message):
    with pytest.raises(ConfigError, match=message):
        Distances(seed=0, **parameters).inputs(made("ab").study)
