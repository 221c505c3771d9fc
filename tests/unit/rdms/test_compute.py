import re

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist

from repscape.analyses import differentiation
from repscape.analyses.lib.of_rdms import averaged
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.plugin.contract import Metric
from repscape.rdms.compute import NamedMetric, dissimilarities, scalings_of
from repscape.rdms.table import table
from repscape.rdms.write import write_rdms

IMAGES = [f"frame {i}" for i in range(6)]


SELECTED = '{"kind": "random", "units": 40}'


def normal(images=6, units=40, seed=0):
    return np.random.default_rng(seed).normal(size=(images, units)).astype(np.float32)


def recording(path, activity, units, names=IMAGES, factors=None, **keys):
    factors = factors or {}
    keys = {"source": "net", "stimulus": "bikes", "population": "random", "layer": "conv", "order": 1} | keys
    netcdf.write(
        path,
        kind="activations",
        variables={
            "activation": (("image", "unit"), activity),
            "name": (("image",), list(names)),
            "unit": (("unit",), np.asarray(units, np.int32)),
            **{name: (("image",), list(values)) for name, values in factors.items()},
        },
        attributes=keys
        | {"stimulus_sha256": "abc", "weights_sha256": "def", "selected": SELECTED}
        | {"factors": list(factors) or None},
    )


def sample(path, units, size="10", **keys):
    units = np.asarray(units, np.int32)
    keys = {"source": "net", "population": "random", "layer": "conv"} | keys
    attributes = keys | {"size": size, "n_drawn": units.shape[1], "drawn": "random"}
    netcdf.write(path, kind="sample", variables={"unit": (("repeat", "draw"), units)}, attributes=attributes)


@pytest.fixture
def paths(tmp_path):
    """Write a recording of every third unit and a sample of two repeats; return the three paths."""
    units = np.arange(0, 120, 3)
    recording(tmp_path / "activations.nc", normal(), units)
    generator = np.random.default_rng(1)
    sample(tmp_path / "sample.nc", np.sort([generator.choice(units, 10, replace=False) for _ in range(2)], 1))
    return {name: {"conv": tmp_path / f"{name}.nc"} for name in ("activations", "sample", "rdm")}


def run(paths, normalisation="zscore", metrics=("sqeuclidean", "correlation"), **options):
    entries = [{"name": metric, "kind": metric, "normalisation": normalisation} for metric in metrics]
    write_rdms(paths["activations"], paths["sample"], paths["rdm"], metrics=entries, **options)


def test_file_follows_the_contract(paths):
    run(paths)
    with xr.open_dataset(paths["rdm"]["conv"]) as rdm, xr.open_dataset(paths["sample"]["conv"]) as drawn:
        assert rdm.dissimilarity.dims == ("metric", "repeat", "pair")
        assert rdm.dissimilarity.dtype == np.float32
        assert rdm.metric.values.tolist() == ["sqeuclidean", "correlation"]
        assert rdm.measure.values.tolist() == ["sqeuclidean", "correlation"]
        assert rdm.squared.values.tolist() == [1, 1]
        assert "/ n" in rdm.definition.values[0]
        assert rdm.normalisation.values.tolist() == ["zscore", "zscore"]
        assert rdm.attrs["kind"] == "rdm"
        expected = {
            "source": "net", "stimulus": "bikes", "population": "random", "layer": "conv", "order": 1,
            "size": "10", "n_drawn": 10, "drawn": "random", "degenerate": 0,
            "stimulus_sha256": "abc", "weights_sha256": "def", "selected": SELECTED,
        }  # fmt: skip
        assert {key: rdm.attrs[key] for key in expected} == expected
        first, second = np.triu_indices(6, 1)
        assert rdm.image_i.values.tolist() == first.tolist()
        assert rdm.image_j.values.tolist() == second.tolist()
        assert rdm.name_i.values.tolist() == [IMAGES[i] for i in first]
        assert rdm.name_j.values.tolist() == [IMAGES[j] for j in second]
        for repeat in range(2):
            answers = normal()[:, drawn.unit.values[repeat] // 3].astype(np.float64)
            z = (answers - answers.mean()) / answers.std()
            np.testing.assert_allclose(rdm.dissimilarity[0, repeat], pdist(z, "sqeuclidean") / 10, rtol=1e-5)
            np.testing.assert_allclose(rdm.dissimilarity[1, repeat], pdist(answers, "correlation"), rtol=1e-5)


def test_each_metric_has_its_own_normalisation(paths):
    kinds = {"euclidean": "none", "by_max": "max", "by_mean": "mean"}
    metrics = [{"name": name, "kind": "euclidean", "normalisation": kind} for name, kind in kinds.items()]
    write_rdms(paths["activations"], paths["sample"], paths["rdm"], metrics=metrics)
    with xr.open_dataset(paths["rdm"]["conv"]) as rdm, xr.open_dataset(paths["sample"]["conv"]) as drawn:
        assert dict(zip(rdm.metric.values, rdm.normalisation.values, strict=True)) == kinds
        assert rdm.measure.values.tolist() == ["euclidean"] * len(kinds)
        for repeat in range(2):
            answers = normal()[:, drawn.unit.values[repeat] // 3].astype(np.float64)
            for name, scale in (("euclidean", 1), ("by_max", answers.max()), ("by_mean", answers.mean())):
                found = rdm.dissimilarity.sel(metric=name)[repeat]
                np.testing.assert_allclose(found, pdist(answers) / abs(scale), rtol=1e-5)


def test_same_bytes_twice(paths):
    run(paths)
    before = paths["rdm"]["conv"].read_bytes()
    run(paths)
    assert paths["rdm"]["conv"].read_bytes() == before


def test_what_is_computed_without_trials_is_logged(paths, caplog):
    caplog.set_level("INFO", logger="repscape")
    run(paths, metrics=["sqeuclidean"])
    assert "trials" not in caplog.text
    run(paths, metrics=["sqeuclidean", "crossnobis", "crossnobis_diagonal"])
    assert re.search(r"net .*crossnobis, crossnobis_diagonal", caplog.text)
    with netcdf.open_file(paths["rdm"]["conv"]) as rdm:
        np.testing.assert_array_equal(rdm["dissimilarity"][1], rdm["dissimilarity"][0])


def test_unsampled_population(paths):
    sample(paths["sample"]["conv"], [np.arange(0, 120, 3)], size="all")
    run(paths, metrics=["euclidean"], normalisation="none")
    with netcdf.open_file(paths["rdm"]["conv"], "rdm") as rdm:
        np.testing.assert_allclose(rdm["dissimilarity"][0, 0], pdist(normal()), rtol=1e-5)
        assert rdm.size == "all"


def test_constant_activity_is_flagged(paths, caplog):
    caplog.set_level("INFO", logger="repscape")
    recording(paths["activations"]["conv"], np.ones((6, 40), np.float32), np.arange(0, 120, 3))
    run(paths)
    with netcdf.open_file(paths["rdm"]["conv"]) as rdm:
        assert rdm.degenerate == 1
        assert np.isnan(rdm["dissimilarity"][:]).all()
    assert "every unit responds with 1 to every image" in caplog.text
    assert "sqeuclidean 100%, correlation 100%" in caplog.text
    one = normal()
    one[2] = 1
    recording(paths["activations"]["conv"], one, np.arange(0, 120, 3))
    run(paths)
    assert "some drawn activity is constant" in caplog.text


def test_activity_that_is_not_finite_is_flagged(paths, caplog):
    activity = normal()
    activity[:, :] = np.inf
    recording(paths["activations"]["conv"], activity, np.arange(0, 120, 3))
    run(paths)
    with netcdf.open_file(paths["rdm"]["conv"]) as rdm:
        assert rdm.degenerate == 1
    assert "not finite" in caplog.text


def refused(paths, message, error=DataError, **options):
    with pytest.raises(error, match=message) as caught:
        run(paths, **options)
    assert not paths["rdm"]["conv"].exists()
    return str(caught.value)


def test_fewer_than_3_images(paths):
    recording(paths["activations"]["conv"], normal(2), np.arange(0, 120, 3), IMAGES[:2])
    assert "activations.nc" in refused(paths, r"3.* 2")


def test_units_that_were_not_recorded(paths):
    sample(paths["sample"]["conv"], [[0, 3, 4, 6, 500]])
    message = refused(paths, r"2.*units.*first unit 4")
    assert "activations.nc" in message
    assert "sample.nc" in message


@pytest.mark.parametrize(("key", "value"), [("source", "other"), ("population", "all"), ("layer", "fc")])
def test_sample_of_something_else(paths, key, value):
    sample(paths["sample"]["conv"], [[0, 3, 6]], **{key: value})
    message = refused(paths, f"{key} is .* in the first and '{value}' in the second")
    assert "activations.nc" in message
    assert "sample.nc" in message


def test_layers_with_different_images(paths, tmp_path):
    names = [*IMAGES[:4], "another", "frame 5"]
    recording(tmp_path / "fc_activations.nc", normal(), np.arange(40), names, layer="fc")
    sample(tmp_path / "fc_sample.nc", [[0, 1, 2]], layer="fc")
    paths["activations"]["fc"] = tmp_path / "fc_activations.nc"
    paths["sample"]["fc"] = tmp_path / "fc_sample.nc"
    paths["rdm"]["fc"] = tmp_path / "fc_rdm.nc"
    with pytest.raises(DataError, match=r"image 4.*frame 4") as caught:
        run(paths)
    assert "fc_activations.nc" in str(caught.value)
    assert not paths["rdm"]["fc"].exists()


def test_wrong_kind_of_file(paths):
    paths["activations"] = paths["sample"]
    refused(paths, r"file.*kind 'activations'.*'sample'")


def test_unknown_metric_lists_the_valid(paths):
    refused(paths, "rdms.metrics: 'cosin'.*'cosine'", ConfigError, metrics=["cosin"])


def test_sampling_sd_of_the_median_shrinks_as_expected(tmp_path):
    """SD over repeats falls about as √((1 − n/N)/n)."""
    from repscape.samples.draw import draw

    units, sizes = np.arange(4000), (50, 200, 800, 3200)
    generator = np.random.default_rng(3)
    activity = generator.gamma(1, size=(6, 4000)) * generator.gamma(2, size=4000)
    recording(tmp_path / "activations.nc", activity.astype(np.float32), units)
    spread = []
    for size in sizes:
        sample(tmp_path / "sample.nc", draw(units, size, 200, 5), size=str(size))
        paths = {name: {"conv": tmp_path / f"{name}.nc"} for name in ("activations", "sample", "rdm")}
        run(paths, normalisation="none", metrics=["sqeuclidean"])
        with netcdf.open_file(tmp_path / "rdm.nc") as rdm:
            spread.append(np.median(rdm["dissimilarity"][0], axis=1).std(ddof=1))
    expected = np.sqrt((1 - np.array(sizes) / 4000) / sizes)
    np.testing.assert_allclose(spread / expected, (spread / expected).mean(), rtol=0.25)


def trials_of(path, response, image, repeat, taken="each"):
    """Write a recording of neurons 0, 1, … with its single trials."""
    means = np.array([response[image == at].mean(0) for at in range(6)], np.float32)
    variables = {
        "activation": (("image", "unit"), means),
        "name": (("image",), IMAGES),
        "unit": (("unit",), np.arange(response.shape[1], dtype=np.int32)),
        "response": (("trial", "unit"), response),
        "trial_image": (("trial",), image.astype(np.int32)),
        "trial_repeat": (("trial",), repeat.astype(np.int32)),
    }
    attributes = {
        "source": "net", "stimulus": "bikes", "population": "random", "layer": "conv", "order": 0,
        "stimulus_sha256": "abc", "recording_sha256": "def", "selected": SELECTED, "trials": taken,
    }  # fmt: skip
    netcdf.write(path, kind="activations", variables=variables, attributes=attributes)


def test_each_presentation_has_an_rdm_of_its_own_for_each_draw(paths):
    image, repeat = np.repeat(np.arange(6), 3), np.tile(np.arange(3), 6)
    response = normal(18, 120)
    trials_of(paths["activations"]["conv"], response, image, repeat)
    run(paths, metrics=["correlation"])
    with xr.open_dataset(paths["rdm"]["conv"]) as rdm, xr.open_dataset(paths["sample"]["conv"]) as drawn:
        assert rdm.presentation.values.tolist() == [0, 1, 2, 0, 1, 2]
        assert rdm.draw.values.tolist() == [0, 0, 0, 1, 1, 1]
        assert rdm.attrs["presentations"] == 3
        for place in range(6):
            units, at = drawn.unit.values[place // 3], place % 3
            expected = pdist(response[at::3][:, units], "correlation")
            np.testing.assert_allclose(rdm.dissimilarity[0, place], expected, rtol=1e-5)
    rows = table.read(paths["rdm"]["conv"])
    labels = rows[["repeat", "presentation"]].to_numpy().tolist()
    assert labels == [[draw, shown] for draw in (0, 1) for shown in range(3)]
    once = averaged(rows)
    assert once[["draws", "presentations"]].to_numpy().tolist() == [[2, 3]]
    np.testing.assert_allclose(once["dissimilarity"][0], np.mean(list(rows["dissimilarity"]), axis=0))
    # D is the mean over presentations, so that its spread is that over draws
    found = differentiation.Differentiation().compute({"rdms": [str(paths["rdm"]["conv"])]}).variables
    medians = np.median(list(rows["dissimilarity"]), axis=1).reshape(2, 3)
    np.testing.assert_allclose(found["differentiation"][1].ravel(), medians.mean(1))
    assert (found["draws"][1].item(), found["presentations"][1].item()) == (2, 3)


def test_presentations_are_taken_apart_only_where_images_have_as_many(paths):
    image, repeat = np.r_[np.repeat(np.arange(6), 2), 5], np.r_[np.tile(np.arange(2), 6), 2]
    trials_of(paths["activations"]["conv"], normal(13, 120), image, repeat)
    with pytest.raises(DataError, match=r"2.* 3.*Set 'trials: mean'"):
        run(paths, metrics=["correlation"])


def test_a_metric_of_all_trials_cannot_have_each_by_itself(paths):
    image, repeat = np.repeat(np.arange(6), 3), np.tile(np.arange(3), 6)
    trials_of(paths["activations"]["conv"], normal(18, 120), image, repeat)
    with pytest.raises(DataError, match=r"metric 'crossnobis_diagonal'.*trials.*image"):
        run(paths, metrics=["crossnobis_diagonal"])


class Given(Metric):
    """A metric that returns what it is made with."""

    _values: object = None

    def dissimilarity(self, activity, scaling):
        return self._values


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.ones(3), r"shape \(15,\), but it returned \(3,\)"),
        (None, r"shape \(15,\), but it returned \(\)"),
        (np.full(15, 1 + 1j), "real numbers, but it returned complex128"),
        (["1"] * 15, "real numbers, but it returned <U1"),
    ],
)
def test_what_a_metric_returns_is_checked(values, said):
    metric = Given()
    metric._values = values
    named, activity = [NamedMetric("mine", metric, "zscore", "given")], normal()
    with pytest.raises(DataError, match=f"metric 'mine': expected .*{said}"):
        dissimilarities(activity, named, scalings_of(activity, named))


def with_one(value, count=15):
    values = np.ones(count)
    values[3] = value
    return values


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39, -0.25])
def test_what_no_dissimilarity_is_is_refused(value):
    metric = Given()
    metric._values = with_one(value)
    named, activity = [NamedMetric("mine", metric, "zscore", "given")], normal()
    with pytest.raises(DataError, match=f"'mine'.*{'inf' if abs(value) > 1 else value}"):
        dissimilarities(activity, named, scalings_of(activity, named))


class Signed(Given):
    """One that may be negative."""

    signed = True


@pytest.mark.parametrize(("kind", "value"), [(Signed, -0.25), (Given, np.nan), (Given, -1e-7)])
def test_signed_metrics_undefined_values_and_rounding_are_not_refused(kind, value):
    metric = kind()
    metric._values = with_one(value)
    named, activity = [NamedMetric("mine", metric, "zscore", "given")], normal()
    found = dissimilarities(activity, named, scalings_of(activity, named))
    np.testing.assert_array_equal(found[0], metric._values.astype(np.float32))


def test_blocks_of_a_metric_are_checked_and_the_file_is_named(paths, monkeypatch):
    class Blocks(Metric):
        def dissimilarity(self, activity, scaling):
            raise NotImplementedError

        def in_blocks(self, activity, scaling):
            yield with_one(-3, len(activity) * (len(activity) - 1) // 2)

    def named(name, kind, normalisation):
        return NamedMetric(name, Blocks(), normalisation, kind)

    monkeypatch.setattr(NamedMetric, "of", named)
    for labelled in (3, 5000):
        Blocks.dissimilarity = lambda self, activity, scaling: next(self.in_blocks(activity, scaling))
        refused(paths, r"activations\.nc: .*'mine'.*-3", metrics=["mine"], labelled=labelled)
