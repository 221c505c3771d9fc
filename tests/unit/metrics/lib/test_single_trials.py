"""Metrics of single trials against rsatoolbox and float64 loops; what they need, and where it is lacking."""

import numpy as np
import pytest
import xarray as xr
from rsatoolbox.data import Dataset
from rsatoolbox.data.noise import prec_from_unbalanced
from rsatoolbox.rdm import calc_rdm

from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.metrics.lib.crossvalidation import crossvalidated
from repscape.metrics.lib.distances import pairs
from repscape.metrics.lib.noise import Noise
from repscape.metrics.lib.normalisation import Scaling, scaling
from repscape.metrics.lib.single_trials import Trials, presentations
from repscape.plugin.registry import find
from repscape.rdms.write import write_rdms

NONE = Scaling(0.0, 1.0)
IMAGES = 7
OF_TRIALS = ("mahalanobis", "crossnobis", "crossnobis_diagonal")
METHODS = {"crossnobis": "shrinkage_diag", "crossnobis_diagonal": "diag"}


def made(units=20, repeats=4, more=(), seed=0):
    """Trials in random order with correlated noise, far from 0; some images have further repeats."""
    generator = np.random.default_rng(seed)
    image = generator.permutation(np.r_[np.repeat(np.arange(IMAGES), repeats), np.array(more, int)])
    true = generator.normal(size=(IMAGES, units))
    mixed = generator.normal(size=(3, units))
    noise = generator.normal(size=(len(image), units)) + generator.normal(size=(len(image), 3)) @ mixed
    response = (100 + true[image] + noise * generator.uniform(0.5, 2, units)).astype(np.float32)
    return Trials(response, image, presentations(image))


def means(trials):
    return np.array([trials.response[trials.image == i].mean(0, dtype=float) for i in range(IMAGES)])


def dataset(trials, some=slice(None)):
    labels = {"image": trials.image[some], "repeat": trials.repeat[some]}
    return Dataset(trials.response[some].astype(float), obs_descriptors=labels)


def rdm(metric, trials):
    return find("metrics", metric)().of_trials(means(trials).astype(np.float32), trials)


# Fewer units than trials and more; the same number of repeats and different ones
KINDS = [{"units": 6}, {"units": 80}, {"units": 12, "more": [0, 0, 3]}, {"units": 80, "more": [1, 1, 5]}]


@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_precision_is_that_of_rsatoolbox(kind, diagonal):
    trials = made(**kind)
    method = "diag" if diagonal else "shrinkage_diag"
    precision = prec_from_unbalanced(dataset(trials), "image", method=method)
    rows = np.random.default_rng(1).normal(size=(4, trials.response.shape[1]))
    found = Noise(trials, diagonal)
    assert diagonal or 0 < found.shrinkage < 1
    expected = rows @ precision @ rows.T / rows.shape[1]
    np.testing.assert_allclose(found.products(rows, rows), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_mahalanobis_is_that_of_rsatoolbox(kind):
    trials = made(**kind)
    precision = prec_from_unbalanced(dataset(trials), "image", method="shrinkage_diag")
    oracle = calc_rdm(dataset(trials), method="mahalanobis", descriptor="image", noise=precision)
    np.testing.assert_allclose(rdm("mahalanobis", trials), oracle.dissimilarities[0], rtol=1e-7)


@pytest.mark.parametrize("metric", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_crossnobis_equals_the_formula(metric, kind):
    """The mean over left out repeats, each in the noise of the others."""
    trials = made(**kind)
    precisions = [
        prec_from_unbalanced(dataset(trials, trials.repeat != left), "image", method=METHODS[metric])
        for left in range(trials.repeat.max() + 1)
    ]
    expected = []
    for i, j in zip(*pairs(IMAGES), strict=True):
        both = min((trials.image == i).sum(), (trials.image == j).sum())
        x, y = (
            np.array([trials.response[(trials.image == k) & (trials.repeat == a)][0] for a in range(both)])
            for k in (i, j)
        )
        apart = x.astype(float) - y
        products = [apart[a] @ precisions[a] @ np.delete(apart, a, 0).mean(0) for a in range(both)]
        expected.append(np.mean(products) / trials.response.shape[1])
    np.testing.assert_allclose(rdm(metric, trials), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("units", [6, 80])
def test_cross_validation_is_that_of_rsatoolbox(units):
    """With one precision for all repeats, which rsatoolbox is given."""
    trials = made(units)
    precision = prec_from_unbalanced(dataset(trials), "image", method="shrinkage_diag")
    oracle = calc_rdm(
        dataset(trials), method="crossnobis", descriptor="image", noise=precision, cv_descriptor="repeat"
    )
    noise = Noise(trials)
    found = crossvalidated(trials, IMAGES, lambda _: noise)
    np.testing.assert_allclose(found, oracle.dissimilarities[0], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("metric", METHODS)
def test_a_shift_or_scale_of_units_changes_nothing(metric):
    trials = made(units=10)
    generator = np.random.default_rng(3)
    changed = trials.response * generator.uniform(1, 9, 10) + generator.normal(size=10)
    other = trials._replace(response=changed.astype(np.float32))
    if metric == "crossnobis_diagonal":
        np.testing.assert_allclose(rdm(metric, other), rdm(metric, trials), rtol=1e-3, atol=1e-3)
    shifted = trials._replace(response=trials.response + np.float32(64))
    np.testing.assert_allclose(rdm(metric, shifted), rdm(metric, trials), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("metric", OF_TRIALS)
def test_without_trials_it_is_the_distance_of_normalised_activity(metric):
    activity = np.random.default_rng(0).normal(size=(6, 30)).astype(np.float32)
    z = scaling(activity, "zscore")
    standardised = (activity.astype(float) - z.shift) / z.scale
    expected = [((standardised[i] - standardised[j]) ** 2).mean() for i, j in zip(*pairs(6), strict=True)]
    np.testing.assert_allclose(find("metrics", metric)().dissimilarity(activity, z), expected, rtol=1e-5)


@pytest.mark.parametrize("metric", OF_TRIALS)
def test_units_without_noise_are_left_out(metric):
    trials = made(units=10)
    still = trials.response.copy()
    still[:, 2] = 5
    still[:, 7] = trials.image  # differs between images, not between trials
    without = trials._replace(response=np.delete(trials.response, [2, 7], 1))
    found = rdm(metric, trials._replace(response=still))
    np.testing.assert_allclose(found, rdm(metric, without), rtol=1e-6, atol=1e-9)
    constant = trials._replace(response=np.tile(trials.image[:, None], (1, 4)).astype(np.float32))
    assert np.isnan(rdm(metric, constant)).all()


@pytest.mark.parametrize(
    ("metric", "repeats", "message"),
    [
        ("mahalanobis", 1, "at least two presentations of some image"),
        ("crossnobis_diagonal", 1, r"2.* 7.* 7"),
        ("crossnobis", 2, r"3.* 7; crossnobis_diagonal"),
    ],
)
def test_too_few_repeats(metric, repeats, message):
    with pytest.raises(DataError, match=message):
        rdm(metric, made(repeats=repeats))


def test_two_repeats():
    assert np.isfinite(rdm("crossnobis_diagonal", made(repeats=2))).all()


def test_presentations_are_counted_anew():
    image = np.array([1, 0, 1, 1, 0])
    assert presentations(image).tolist() == [0, 0, 1, 2, 1]
    trials = Trials(np.zeros((5, 2)), image, presentations(image))
    chosen = trials.selected(np.array([3, 4, 2]))
    assert chosen.image.tolist() == [1, 0, 1]
    assert chosen.repeat.tolist() == [0, 0, 1]


def recording(path, trials, *, noisy=True, single=True):
    """Write activity as a recording of responses has it, or as a network."""
    variables = {
        "activation": (("image", "unit"), means(trials).astype(np.float32)),
        "name": (("image",), [f"i{at}" for at in range(IMAGES)]),
        "color": (("image",), ["red", "blue"] * 3 + ["red"]),
        "obj": (("image",), [f"o{at}" for at in range(IMAGES)]),
        "unit": (("unit",), np.arange(20, dtype=np.int32)),
    }
    if single:
        variables |= {
            "response": (("trial", "unit"), trials.response),
            "trial_image": (("trial",), trials.image.astype(np.int32)),
            "trial_repeat": (("trial",), trials.repeat.astype(np.int32)),
        }
    keys = {"source": "v1", "stimulus": "gratings", "population": "all", "layer": "V1", "order": 0}
    keys |= {"stimulus_sha256": "a", "selected": '{"kind": "all"}', "factors": ["color", "obj"]}
    keys |= {"recording_sha256": "b"} if noisy else {"weights_sha256": "b"}
    netcdf.write(path, kind="activations", variables=variables, attributes=keys)


@pytest.fixture
def write(tmp_path):
    def write(trials, metrics, sets=None, **kind):
        recording(tmp_path / "activations.nc", trials, **kind)
        drawn = np.array([[1, 4, 5, 9, 17], [0, 2, 3, 11, 19]], np.int32)
        keys = {"source": "v1", "population": "all", "layer": "V1", "size": "5", "n_drawn": 5}
        variables = {"unit": (("repeat", "draw"), drawn)}
        attributes = keys | {"drawn": "random"}
        netcdf.write(tmp_path / "sample.nc", kind="sample", variables=variables, attributes=attributes)
        entries = [{"name": name, "kind": name, "normalisation": "zscore"} for name in metrics]
        files = ({"V1": tmp_path / f"{name}.nc"} for name in ("activations", "sample", "rdm"))
        write_rdms(*files, metrics=entries, sets=sets)
        with xr.open_dataset(tmp_path / "rdm.nc") as found:
            return found.load(), drawn

    return write


def test_metrics_get_the_trials_of_the_drawn_units(write):
    trials = made()
    found, drawn = write(trials, OF_TRIALS)
    for metric in OF_TRIALS:
        for repeat in range(2):
            expected = rdm(metric, trials.of_units(drawn[repeat]))
            values = found.dissimilarity.sel(metric=metric, repeat=repeat)
            np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


def test_a_network_has_no_noise(write):
    found, _ = write(made(), ("crossnobis", "sqeuclidean"), noisy=False, single=False)
    np.testing.assert_array_equal(found.dissimilarity[0], found.dissimilarity[1])


def test_sets_that_combine_nothing_are_parts(write, tmp_path):
    found, _ = write(made(), ("crossnobis",), sets={"objects": {"by": ["color"], "entries": ["obj"]}})
    expected = [
        float(found.dissimilarity[0, 0, (found.image_i == i) & (found.image_j == j)].item())
        for i, j in [(1, 3), (1, 5), (3, 5)]
    ]
    with xr.open_dataset(tmp_path / "rdm.nc", group="objects/1") as blue:
        assert blue.color.values.tolist() == ["blue"]
        np.testing.assert_array_equal(blue.dissimilarity[0, 0, 0], np.float32(expected))


@pytest.mark.parametrize(
    ("kind", "sets", "message"),
    [
        ({"single": False}, None, r"activations.nc: metric 'crossnobis':.*'v1'.*presentation"),
        (
            {},
            {"colors": {"entries": ["color"], "combine": "mean"}},
            r"rdms.sets.colors: .*trials.*combine",
        ),
    ],
)
def test_what_lacks_trials_is_reported(write, kind, sets, message):
    with pytest.raises(DataError, match=message):
        write(made(), ("sqeuclidean", "crossnobis"), sets=sets, **kind)


def test_too_few_trials_are_reported_with_file_and_metric(write):
    with pytest.raises(DataError, match=r"activations.nc: metric 'crossnobis':.* 3 pres"):
        write(made(repeats=2), ("crossnobis",))
