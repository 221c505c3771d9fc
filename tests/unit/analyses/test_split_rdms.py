"""RDMs of parts of a recording against means and distances by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist

from repscape.analyses import split_rdms
from repscape.analyses.lib import select_rdms
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.metrics.lib.single_trials import presentations
from repscape.rdms.table import table as tables
from repscape.rdms.write import write_rdms
from repscape.study.study import Study

IMAGES, UNITS = 6, 24
METRICS = ("correlation", "mean_square", "crossnobis")


@pytest.fixture
def study():
    return Study(
        name="s",
        stimuli=("gratings", "noise"),
        layers={"v1": ("V1", "LM"), "net": ("conv1",)},
        samples={"all": ("all",), "random": ("10", "20")},
        metrics=METRICS,
        analyses=("halves",),
        shown={"v1": ("gratings",)},
        config={
            "networks": {"net": {}},
            "rdms": {},
            "recordings": {"v1": {"kind": "arrays"}},
            "analyses": {"halves": {"kind": "split_rdms", "source": "v1", "stimulus": "gratings"}},
        },
    )


def responses(repeats=5, more=(), seed=0):
    generator = np.random.default_rng(seed)
    image = generator.permutation(np.r_[np.repeat(np.arange(IMAGES), repeats), np.array(more, int)])
    true = generator.normal(size=(IMAGES, UNITS))
    return (true[image] + generator.normal(size=(len(image), UNITS))).astype(np.float32), image


@pytest.fixture
def write(tmp_path, study):
    """Write a recording's activations, samples and RDMs as the workflow does; return what `inputs` names."""

    def write(response, image, layers=("V1",), single=True):
        files = split_rdms.SplitRdms(source="v1", population="random", size=20, layers=list(layers)).inputs(
            study
        )
        files = {kind: [str(tmp_path / path) for path in paths] for kind, paths in files.items()}
        for at, layer in enumerate(layers):
            keys = {"source": "v1", "stimulus": "gratings", "population": "random", "layer": layer}
            variables = {
                "activation": (("image", "unit"), means(response, image).astype(np.float32)),
                "name": (("image",), [f"i{at}" for at in range(IMAGES)]),
                "unit": (("unit",), np.arange(UNITS, dtype=np.int32)),
            }
            if single:
                variables["response"] = (("trial", "unit"), response)
                variables["trial_image"] = (("trial",), image.astype(np.int32))
                variables["trial_repeat"] = (("trial",), presentations(image).astype(np.int32))
            described = {"order": at, "stimulus_sha256": "a", "recording_sha256": "b", "selected": "{}"}
            path = files["activations"][at]
            netcdf.write(path, kind="activations", variables=variables, attributes=keys | described)
            drawn = {"unit": (("repeat", "draw"), np.arange(2, 22, dtype=np.int32)[None])}
            attributes = {k: keys[k] for k in ("source", "population", "layer")}
            attributes |= {"size": "20", "n_drawn": 20, "drawn": "random", "seed": at}
            netcdf.write(files["samples"][at], kind="sample", variables=drawn, attributes=attributes)
        entries = [
            {"name": "correlation", "kind": "correlation", "normalisation": "zscore"},
            {"name": "mean_square", "kind": "sqeuclidean", "normalisation": "none"},
        ]
        write_rdms(*(dict(zip(layers, paths, strict=True)) for paths in files.values()), metrics=entries)
        return files

    return write


@pytest.fixture
def split(tmp_path, write):
    def split(response, image, layers=("V1",), single=True, **keys):
        files = write(response, image, layers, single)
        result = split_rdms.SplitRdms(**{"seed": 0, "source": "v1"} | keys).compute(files)
        path = tmp_path / "analyses" / "halves.nc"
        netcdf.write(
            path,
            kind="analysis",
            variables=result.variables,
            attributes=result.attributes,
            groups=result.groups,
        )
        return tables.read(path)

    return split


def means(response, image, some=slice(None)):
    response, image = response[some].astype(float), image[some]
    return np.array([response[image == at].mean(0) for at in range(IMAGES)])


def test_repeats(split):
    response, image = responses(more=[0, 0])
    found = split(response, image, trials="repeats")
    assert found["part"].unique().tolist() == ["1", "2", "3", "4", "5"]
    assert set(found["split"]) == {""}
    repeat = presentations(image)
    for part, metric, values in zip(found["part"], found["metric"], found["dissimilarity"], strict=True):
        own = means(response, image, repeat == int(part) - 1)[:, 2:22]
        kind, scale = ("correlation", 1) if metric == "correlation" else ("sqeuclidean", 20)
        np.testing.assert_allclose(values, pdist(own, kind) / scale, rtol=1e-4)


def test_halves_are_equal_parts_of_every_image(split):
    """The two halves' means give back that of all trials, and each image has as many trials in both."""
    response, image = responses(repeats=4)
    # Distances of images whose trials are the same vectors tell which trials are in a half
    found = split(response, image, trials="halves", splits=3, metrics=["mean_square"])
    assert list(zip(found["split"], found["part"], strict=True)) == [
        (str(split), half) for split in (1, 2, 3) for half in "ab"
    ]
    whole = means(response, image)[:, 2:22]
    i, j = np.triu_indices(IMAGES, 1)
    for at in range(0, 6, 2):
        a, b = found["dissimilarity"][at], found["dissimilarity"][at + 1]
        assert not np.allclose(a, b, rtol=1e-2)
        # |(x + y)/2|² = (|x|² + |y|²)/2 − |x − y|²/4: the whole's distances are no larger than the mean
        assert (((whole[i] - whole[j]) ** 2).mean(1) <= (a + b) / 2 + 1e-6).all()
    assert not np.allclose(found["dissimilarity"][0], found["dissimilarity"][2])


def test_halves_of_different_numbers_of_trials(split, monkeypatch):
    response, image = responses(repeats=2, more=[0, 0, 0, 4])
    seen = []
    original = split_rdms.mean_responses
    monkeypatch.setattr(
        split_rdms, "mean_responses", lambda some, images: seen.append(some) or original(some, images)
    )
    split(response, image, trials="halves", splits=20)
    counts = np.array([np.bincount(some.image, minlength=IMAGES) for some in seen])
    assert (counts[::2] + counts[1::2] == np.bincount(image)).all()
    assert (np.abs(counts[::2] - counts[1::2]) <= 1).all()
    assert set(counts[:, 0]) == {2, 3}  # of five trials, which half has three is by chance
    for a, b in zip(seen[::2], seen[1::2], strict=True):
        together = np.sort(np.r_[a.response[:, 0], b.response[:, 0]])
        np.testing.assert_array_equal(together, np.sort(response[:, 0]))


def test_samples_of_units_are_drawn_with_replacement(split):
    response, image = responses()
    found = split(response, image, units=200, metrics=["mean_square"])
    assert found["unit_sample"].tolist() == [str(at) for at in range(201)]
    drawn = means(response, image)[:, 2:22]
    i, j = np.triu_indices(IMAGES, 1)
    each = (drawn[i] - drawn[j]) ** 2  # of every unit
    np.testing.assert_allclose(found["dissimilarity"][0], each.mean(1), rtol=1e-5)
    resampled = np.array(found["dissimilarity"][1:].tolist())
    # The mean of as many units, drawn with replacement: its mean and variance are known.
    spread = each.std(1) / np.sqrt(20)
    np.testing.assert_allclose(resampled.mean(0), each.mean(1), atol=4 * (spread / np.sqrt(200)).max())
    np.testing.assert_allclose(resampled.std(0), spread, rtol=0.25)


def test_parts_have_the_same_samples_of_units(split):
    """Of trials that are all the same, the halves' RDMs of a sample of units are."""
    response, image = responses(repeats=2)
    response = means(response, image)[image].astype(np.float32)
    found = split(response, image, layers=("V1", "LM"), trials="halves", units=3, metrics=["correlation"])
    a, b = (found[found["part"] == half].reset_index(drop=True) for half in "ab")
    assert a["unit_sample"].tolist() == ["0", "1", "2", "3"] * 2
    for one, other in zip(a["dissimilarity"], b["dissimilarity"], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    # Layers have their own.
    assert not np.allclose(a["dissimilarity"][1], a["dissimilarity"][5])
    assert found["layer"].unique().tolist() == ["V1", "LM"]


def test_other_analyses_have_the_same_samples_of_units(split):
    """So those of other stimuli are of the same units, however the analysis splits trials."""
    response, image = responses(repeats=2)
    response = means(response, image)[image].astype(np.float32)
    whole = split(response, image, units=3)
    parts = split(response, image, trials="halves", splits=2, units=3, seed=9)
    for _, part in parts.groupby(["split", "part"]):
        for one, other in zip(whole["dissimilarity"], part["dissimilarity"], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_same_seed_gives_the_same(split):
    response, image = responses()
    one, again, other = (split(response, image, trials="halves", seed=seed) for seed in (1, 1, 2))
    assert [v.tolist() for v in one["dissimilarity"]] == [v.tolist() for v in again["dissimilarity"]]
    assert one["dissimilarity"][0].tolist() != other["dissimilarity"][0].tolist()


@pytest.mark.parametrize(
    ("made", "keys", "message"),
    [
        (
            {"repeats": 1, "more": [0, 2]},
            {"trials": "halves"},
            r"V1.nc:.* 2.* 4.*i1",
        ),
        ({"repeats": 1, "more": [0, 2]}, {"trials": "repeats"}, r"V1\.nc: .*images"),
    ],
)
def test_one_repeat_where_two_are_needed(split, made, keys, message):
    with pytest.raises(DataError, match=message):
        split(*responses(**made), **keys)


def test_a_recording_without_single_trials(split):
    with pytest.raises(DataError, match="'v1'"):
        split(*responses(repeats=1), single=False, trials="halves")
    assert len(split(*responses(repeats=1), single=False, units=2)) == 6


def test_metrics_of_covariance_cannot_have_copies_of_units(write, tmp_path):
    response, image = responses()
    files = write(response, image)
    entries = [{"name": "crossnobis", "kind": "crossnobis", "normalisation": "none"}]
    write_rdms(*({"V1": paths[0]} for paths in files.values()), metrics=entries)
    with pytest.raises(DataError, match="metric '"):
        split_rdms.SplitRdms(seed=0, source="v1", units=3).compute(files)
    with pytest.raises(DataError, match=r"metric 'crossnobis':.* 3"):
        split_rdms.SplitRdms(seed=0, source="v1", trials="halves").compute(files)


def test_labels_are_told_before_the_job(study, split):
    found = split(*responses(), trials="repeats")
    assert sorted(select_rdms.labels(study, "halves")) == sorted(tables.labels(found))
    assert select_rdms.stimuli(study, ["halves", "all_images"]) == ["gratings", "noise"]
    assert select_rdms.stimuli(study, "halves") == ["gratings"]
    assert isinstance(found["entries"][0], pd.Index)
    assert found["entries"][0].name == "image"


def test_inputs(study):
    files = split_rdms.SplitRdms(source="v1", trials="halves").inputs(study)
    assert files["activations"] == [
        f"results/s/activations/v1/gratings/random/{layer}.nc" for layer in ("V1", "LM")
    ]
    assert files["samples"][0] == "results/s/samples/v1/random/V1/n20.nc"
    assert files["rdms"][1] == "results/s/rdms/v1/gratings/random/LM/n20.nc"
    assert (
        split_rdms.SplitRdms(source="net").inputs(study)["rdms"][0].startswith("results/s/rdms/net/gratings")
    )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"source": "net", "trials": "halves"}, "source: 'net' .*v1"),
        ({"source": "v2"}, "source: 'v2'.*net, v1"),
        ({"source": "v1", "stimulus": "noise"}, "stimulus: 'noise'"),
        ({"source": "v1", "layers": ["V2"]}, "layers: 'V2'"),
        ({"source": "v1", "metrics": ["cosine"]}, "metrics: 'cosine'"),
        ({"source": "v1", "size": 30}, "size: '30'"),
    ],
)
def test_mistakes_are_told_when_planning(study, keys, message):
    with pytest.raises(ConfigError, match=message):
        split_rdms.SplitRdms(**keys).inputs(study)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "trials: repeats"),
        ({"trials": "repeats", "splits": 2}, "splits: .*repeats"),
    ],
)
def test_keys_that_do_not_go_together(keys, message):
    with pytest.raises(ConfigError, match=message):
        split_rdms.SplitRdms(source="v1", **keys).check()
    split_rdms.SplitRdms(source="v1", trials="halves", splits=5, units=10).check()
