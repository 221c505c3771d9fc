"""Inference as an analysis: what is compared with what, what is averaged, what is left out."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray
from scipy import stats
from scipy.spatial.distance import pdist, squareform

from repscape.analyses import inference
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.rdms.compare.inference import infer
from repscape.rdms.compare.significance import corrected
from repscape.rdms.table import table as tables
from repscape.rdms.table.cells import ordered
from repscape.study.study import Study

IMAGES = pd.Index([f"i{n}" for n in range(9)], name="image")
COLORS = pd.Index(["000", "090", "180", "270", "300"], name="color")
LAYERS = ("input", "conv10", "conv2", "fc")


def row(values, *, source="net", layer="input", entries=IMAGES, **labels):
    order = LAYERS.index(layer) if layer in LAYERS else 0
    return {
        "source": source, "stimulus": "pictures", "set": "", "population": "random", "layer": layer,
        "layer_order": order, "size": "200", "metric": "correlation", "normalisation": "zscore", "repeat": 0,
        "n_drawn": 200, "entries": entries, "dissimilarity": values, **labels,
    }  # fmt: skip


def network(source="net", repeats=1, entries=IMAGES, seed=0, **labels):
    generator = np.random.default_rng(seed)
    return [
        row(
            pdist(generator.normal(size=(len(entries), 4))),
            source=source,
            layer=layer,
            entries=entries,
            repeat=repeat,
            **labels,
        )
        for layer in LAYERS
        for repeat in range(repeats)
    ]


def table(*rows):
    made = pd.DataFrame([one for some in rows for one in some])
    for name in made:
        if made[name].isna().any():  # as `select_rdms.read` puts tables together
            made[name] = (
                made[name].fillna(0).astype(int) if made[name].dtype == float else made[name].fillna("")
            )
    return made[ordered(list(made))]


@pytest.fixture
def inferred(tmp_path):
    """Infer from a table, write the file as the job does, and open it."""

    def compute(made, **parameters):
        tables.write(tmp_path / "rdms.nc", made)
        keys = {"seed": 0, "resamples": 100} | parameters
        plugin = inference.Inference(**keys)
        result = plugin.compute({"collection": [str(tmp_path / "rdms.nc")]})
        path = tmp_path / "inference.nc"
        netcdf.write(path, kind="analysis", variables=result.variables, attributes=result.attributes)
        with xarray.open_dataset(path) as data:
            data.load()
        data.attrs["rows"] = list(plugin.rows(result))
        return data

    return compute


def vectors(made, **labels):
    keep = np.logical_and.reduce([made[label] == value for label, value in labels.items()])
    return np.array(list(made[keep]["dissimilarity"]))


def test_draws_of_the_reference_are_repeats_those_of_models_are_averaged(inferred):
    made = table(network(repeats=4), network("other", repeats=3, seed=1))
    data = inferred(made, reference={"source": "net", "layer": "conv10"})
    assert data.attrs["bootstrap"] == "both"
    assert data.attrs["resampled_factors"] == ["repeats", "entries"]
    assert data.sizes["model"] == 7
    assert not ((data.source == "net") & (data.layer == "conv10")).any()
    measured = vectors(made, source="net", layer="conv10")
    models = [
        vectors(made, source=source, layer=layer).mean(0)
        for source, layer in zip(data.source.values, data.layer.values, strict=True)
    ]
    expected = infer([measured], [np.array(models)], bootstrap="both", resamples=100, seed=0)
    for name in ("similarity", "sem", "low", "high", "p_zero", "p_ceiling", "ceiling", "p_pair"):
        np.testing.assert_allclose(data[name], getattr(expected, name), rtol=1e-9)
    correlations = [np.mean([stats.pearsonr(model, one)[0] for one in measured]) for model in models]
    np.testing.assert_allclose(data.similarity, correlations)
    np.testing.assert_allclose(data.difference, np.subtract.outer(correlations, correlations), atol=1e-12)
    for method in ("holm", "fdr"):
        np.testing.assert_allclose(data[f"p_zero_{method}"], corrected(expected.p_zero, method))
        first, second = np.triu_indices(7, 1)
        pairs = data[f"p_pair_{method}"].values[first, second]
        np.testing.assert_allclose(pairs, corrected(expected.p_pair[first, second], method))
    assert data["repeat"].values.tolist() == ["0", "1", "2", "3"]
    assert json.loads(data.attrs["reference"]) == {"source": "net", "layer": "conv10"}


def test_draws_of_one_presentation_are_no_repeats(inferred):
    """They share its noise: only presentations say how much another measurement would differ."""
    rng = np.random.default_rng(3)
    truth = pdist(rng.normal(size=(9, 4)))
    noise = rng.normal(0, 0.5, (4, len(truth)))
    places = [(draw, at) for draw in range(10) for at in range(4)]
    values = {(draw, at): truth + noise[at] + rng.normal(0, 0.1, len(truth)) for draw, at in places}
    cells = [
        row(own, source="v1", layer="V1", repeat=draw, presentation=at) for (draw, at), own in values.items()
    ]
    data = inferred(table(network(), cells), reference={"source": "v1"})
    means = [np.mean([values[draw, at] for draw in range(10)], axis=0) for at in range(4)]
    once = [row(own, source="v1", layer="V1", repeat=at) for at, own in enumerate(means)]
    expected = inferred(table(network(), once), reference={"source": "v1"})
    assert data.attrs["dof"] == expected.attrs["dof"] == 3
    for name in ("similarity", "sem", "low", "high", "ceiling", "each", "p_zero"):
        np.testing.assert_allclose(data[name], expected[name])
    assert data.presentation.values.tolist() == list("0123")


def test_subjects_and_sessions_of_a_recording_are_repeats(inferred):
    generator = np.random.default_rng(5)
    brain = [
        row(
            pdist(generator.normal(size=(9, 4))),
            source="it",
            layer="IT",
            population="",
            size="",
            subject=subject,
            session=session,
        )
        for subject in "ab"
        for session in (1, 2)
    ]
    made = table(network(repeats=2), brain)
    data = inferred(made, reference={"source": "it"}, where={"population": "random"}, bootstrap="repeats")
    assert data.sizes["data_repeat"] == 4
    assert data.subject.values.tolist() == ["a", "a", "b", "b"]
    assert data.session.values.tolist() == ["1", "2", "1", "2"]
    assert data.sizes["entry_set"] == 1
    assert data.layer.values.tolist() == list(LAYERS)
    assert data.attrs["dof"] == 3
    assert np.isfinite(data.ceiling).all()


def sets_of(*objects, **labels):
    return [
        one
        for number, obj in enumerate(objects)
        for one in network(entries=COLORS, seed=number, set="colors", obj=obj, **labels)
    ]


def test_sets_are_compared_with_their_own(inferred):
    made = table(sets_of("cup", "hat", "key"))
    data = inferred(made, of="colors", reference={"layer": "fc"})
    assert data.attrs["bootstrap"] == "sets"
    assert data.obj.values.tolist() == ["cup", "hat", "key"]
    assert data.entries.values.tolist() == [5, 5, 5]
    for model, layer in enumerate(data.layer.values):
        for place, obj in enumerate(data.obj.values):
            one, other = (vectors(made, layer=name, obj=obj)[0] for name in (layer, "fc"))
            assert float(data.each[model, place, 0]) == pytest.approx(stats.pearsonr(one, other)[0])
    assert np.isnan(data.ceiling).all()


def test_sets_as_repeats(inferred):
    made = table(sets_of("cup", "hat", "key"))
    data = inferred(made, of="colors", reference={"layer": "fc"}, repeats=["obj"], bootstrap="repeats")
    assert data.sizes["entry_set"] == 1
    assert data.obj.values.tolist() == ["cup", "hat", "key"]
    assert data.obj.dims == ("data_repeat",)
    measured, model = vectors(made, layer="fc"), vectors(made, layer="input").mean(0)
    expected = np.mean([stats.pearsonr(one, model)[0] for one in measured])
    assert float(data.similarity[data.layer == "input"].item()) == pytest.approx(expected)
    assert np.isfinite(data.ceiling).all()


def test_entries_are_matched_by_their_names(inferred):
    made = table(network(), network("other", seed=1))
    shuffled = made.copy()
    order = np.random.default_rng(0).permutation(9)
    for at in (2, 5):
        square = squareform(made.dissimilarity[at])[np.ix_(order, order)]
        shuffled.at[at, "entries"] = IMAGES[order]
        shuffled.at[at, "dissimilarity"] = square[np.triu_indices(9, 1)]
    keys = {"reference": {"source": "net", "layer": "input"}, "comparison": "spearman"}
    one, other = inferred(made, **keys), inferred(shuffled, **keys)
    by_name = other.similarity.values[np.lexsort((other.layer.values, other.source.values))]
    np.testing.assert_allclose(
        one.similarity.values[np.lexsort((one.layer.values, one.source.values))], by_name
    )


def test_where_models_and_the_long_table(inferred):
    made = table(network(), network("other", seed=1), network("third", seed=2))
    data = inferred(
        made,
        where={"layer": ["input", "fc"], "source": ["net", "other"]},
        reference={"source": "third", "layer": "conv2"},
        models={"source": "other"},
    )
    assert sorted(zip(data.source.values, data.layer.values, strict=True)) == [
        ("other", "fc"),
        ("other", "input"),
    ]
    header, *body = data.attrs["rows"]
    assert len(body) == 2
    assert header[:3] == ("source", "population", "layer")
    assert {"similarity", "low", "high", "p_zero_holm", "p_zero_fdr", "p_ceiling_fdr"} <= set(header)


def test_what_is_undefined_is_left_out_and_told(inferred, caplog):
    made = table(network(), network("other", seed=1))
    undefined = squareform(made.dissimilarity[0])  # the reference lacks an entry
    undefined[4] = undefined[:, 4] = np.nan
    made.at[0, "dissimilarity"] = undefined[np.triu_indices(9, 1)]
    same = squareform(made.dissimilarity[2])  # a model lacks the same one: no loss
    same[4] = same[:, 4] = np.nan
    made.at[2, "dissimilarity"] = same[np.triu_indices(9, 1)]
    made.at[5, "dissimilarity"] = np.full(36, np.nan)
    made.at[6, "dissimilarity"] = np.full(36, 0.3)
    data = inferred(made, reference={"source": "net", "layer": "input"})
    assert data.sizes["model"] == 5
    others = "size 200, metric correlation"
    assert data.attrs["left_out"] == [
        "reference, stimulus pictures: undefined for image i4",
        f"source other, population random, layer conv10, {others}: undefined dissimilarities",
        f"source other, population random, layer conv2, {others}: all dissimilarities are equal",
    ]
    assert "omitted: source other" in caplog.text
    keep = ~np.isnan(made.dissimilarity[0])
    expected = stats.pearsonr(made.dissimilarity[0][keep], made.dissimilarity[1][keep])[0]
    assert float(data.similarity[0]) == pytest.approx(expected)


def with_metrics():
    return table(network(), [one | {"metric": "cosine"} for one in network(seed=3)])


@pytest.mark.parametrize(
    ("make", "keys", "error", "message"),
    [
        (
            with_metrics,
            {"reference": {"layer": "fc"}},
            ConfigError,
            r"metric \(correlation, cosine\)",
        ),
        (
            lambda: table(network()),
            {"reference": {"layer": ["fc", "input"]}},
            ConfigError,
            "reference: .* layer .*`reference`",
        ),
        (
            lambda: table(network()),
            {"reference": {"layer": "fx"}},
            ConfigError,
            "reference: layer: 'fx'",
        ),
        (
            lambda: table(network()),
            {"reference": {"lair": "fc"}},
            ConfigError,
            "reference: 'lair'",
        ),
        (
            lambda: table(network()),
            {"reference": {"layer": "fc"}, "models": {"layer": "fc"}},
            DataError,
            "models:",
        ),
        (
            lambda: table(network(), network("other", entries=COLORS)),
            {"reference": {"source": "net", "layer": "fc"}},
            DataError,
            "reference.*source other",
        ),
        (
            lambda: table(network(), network("other", entries=IMAGES[:8])),
            {"reference": {"source": "net", "layer": "fc"}},
            DataError,
            r"reference.*image i8",
        ),
        (
            lambda: table(network(), network()),
            {"reference": {"layer": "fc"}},
            DataError,
            r"reference:.*RDMs",
        ),
        (
            lambda: table(sets_of("cup", "hat", repeats=2))[1:],
            {"reference": {"layer": "input"}},
            DataError,
            r"obj cup.*RDM.*repeat 0",
        ),
        (
            lambda: table(network()),
            {"reference": {"layer": "fc"}, "bootstrap": "sets"},
            DataError,
            "bootstrap: .*sets.* 2",
        ),
        (
            lambda: table([row(np.ones(36), layer="fc")], network()[:2]),
            {"reference": {"layer": "fc"}},
            DataError,
            "reference: .*equal",
        ),
    ],
)
def test_bad_input(inferred, make, keys, error, message):
    with pytest.raises(error, match=message):
        inferred(make(), **keys)


def test_the_same_twice(inferred, tmp_path):
    made = table(network(repeats=3))
    inferred(made, reference={"layer": "fc"}, seed=4)
    before = (tmp_path / "inference.nc").read_bytes()
    inferred(made, reference={"layer": "fc"}, seed=4)
    assert (tmp_path / "inference.nc").read_bytes() == before


@pytest.fixture
def study():
    return Study(
        name="s",
        stimuli=("noise", "pictures"),
        layers={"net": ("input", "conv1"), "twin": ("input",)},
        samples={"random": ("200", "all")},
        metrics=("correlation",),
        analyses=("spaces", "like"),
        config={
            "rdms": {"sets": {"colors": {"stimulus": "pictures", "by": ["obj"], "entries": ["color"]}}},
            "recordings": {
                "it": {
                    "kind": "mat_rdms",
                    "names": "hIT | {subject}",
                    "path": "x.mat",
                    "variable": "rdms",
                    "stimulus": "pictures",
                }
            },
            "analyses": {"like": {"kind": "inference"}, "spaces": {"kind": "meta_rdm"}},
        },
    )


def planned(study, **keys):
    return inference.Inference(seed=0, **keys).inputs(study)["collection"]


def test_only_files_of_reference_and_models_are_read(study):
    files = planned(
        study,
        where={"stimulus": "pictures", "size": 200},
        reference={"source": "net", "layer": "conv1"},
        models={"source": "twin"},
    )
    assert files == [
        "results/s/rdms/net/pictures/random/conv1/n200.nc",
        "results/s/rdms/twin/pictures/random/input/n200.nc",
    ]


def test_a_recording_is_read_beside_the_networks(study):
    files = planned(
        study,
        of=["all_images", "it"],
        where={"size": 200},
        reference={"source": "it"},
        models={"source": "twin"},
    )
    assert sorted(files) == sorted(
        [
            study.path("recording", recording="it"),
            "results/s/rdms/twin/noise/random/input/n200.nc",
            "results/s/rdms/twin/pictures/random/input/n200.nc",
        ]
    )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"reference": {"layer": "conv2"}}, "reference: layer: 'conv2'.*'conv1'"),
        ({"reference": {"lair": "conv1"}}, "reference: 'lair'.*'layer'"),
        (
            {"reference": {"layer": "conv1"}, "models": {"source": "twins"}},
            "models: source: 'twins'",
        ),
        ({"reference": {"layer": "conv1"}, "where": {"stimulus": "x"}}, "where: stimulus: 'x'"),
        ({"reference": {"layer": "conv1"}, "repeats": ["object"]}, "repeats: 'object'"),
        ({"reference": {"source": "net"}, "of": "colours"}, "of: 'colours'"),
    ],
)
def test_mistakes_are_told_when_planning(study, keys, message):
    with pytest.raises(ConfigError, match=message):
        planned(study, **keys)


def brain(values, part="", split="", sample="", **labels):
    return row(values, source="v1", layer="V1", part=part, split=split, unit_sample=sample, **labels)


def parts_of_brain(parts, samples=0, seed=7):
    """RDMs of parts, and of samples of units, with one geometry and noise; and the one of the whole."""
    generator = np.random.default_rng(seed)
    true = generator.normal(size=(9, 4))

    def noisy():
        return pdist(true + 0.4 * generator.normal(size=true.shape))

    whole = [brain(noisy())]
    return whole + [
        brain(noisy(), part, split, str(sample)) for sample in range(samples + 1) for split, part in parts
    ]


HALVES = [(split, half) for split in "12" for half in "ab"]
REPEATS = [("", str(repeat)) for repeat in range(1, 5)]


def test_repeats_of_a_recording_are_repeats_and_the_whole_is_none(inferred, caplog):
    caplog.set_level("INFO")
    made = table(parts_of_brain(REPEATS), network())
    data = inferred(made, reference={"source": "v1"})
    assert data["part"].values.tolist() == ["1", "2", "3", "4"]
    assert data.attrs["bootstrap"] == "both"
    assert data.attrs["resampled_factors"] == ["repeats", "entries"]
    assert "halves" in data.attrs
    assert not data.attrs["halves"]
    assert "all trials (1)" in caplog.text
    measured = np.array(list(made[made.part != ""].dissimilarity[made.source == "v1"]))
    assert float(data.similarity[0]) == pytest.approx(
        np.mean([stats.pearsonr(one, made[made.layer == data.layer.values[0]].dissimilarity.iloc[0])[0]
                 for one in measured])
    )  # fmt: skip


def test_halves_give_a_ceiling_and_are_no_repeats(inferred):
    made = table(parts_of_brain(HALVES), network())
    data = inferred(made, reference={"source": "v1"})
    assert data.attrs["bootstrap"] == "entries"
    assert data.attrs["halves"] == 1
    halves = [made[(made.split == s) & (made.part == h)].dissimilarity.iloc[0] for s, h in HALVES]
    between = np.mean([stats.pearsonr(halves[at], halves[at + 1])[0] for at in (0, 2)])
    assert float(data.ceiling[0]) == pytest.approx(between)
    assert data.attrs["reliability"] == pytest.approx(2 * between / (1 + between))
    shuffled = made.iloc[np.random.default_rng(0).permutation(len(made))].reset_index(drop=True)
    np.testing.assert_allclose(inferred(shuffled, reference={"source": "v1"}).ceiling, data.ceiling)
    with pytest.raises(DataError, match=r"bootstrap: .*repeats"):
        inferred(made, reference={"source": "v1"}, bootstrap="repeats")


@pytest.mark.parametrize("parts", [HALVES, [("", "all")]])
def test_samples_of_units(inferred, parts):
    made = table(parts_of_brain(parts, samples=25), network(n_drawn=77))
    made.loc[made.source == "v1", "n_drawn"] = 40
    data = inferred(made, reference={"source": "v1"}, bootstrap="units")
    assert data.attrs["units"] == 40
    assert data.attrs["dof"] == 39
    assert data.sizes["data_repeat"] == len(parts)
    actual = made[made.unit_sample == "0"]
    sampled = made[~made.unit_sample.isin(["", "0"])]
    model = made[(made.source == "net") & (made.layer == data.layer.values[1])].dissimilarity.iloc[0]
    assert float(data.similarity[1]) == pytest.approx(
        np.mean([stats.pearsonr(one, model)[0] for one in actual.dissimilarity])
    )
    of_third = sampled[sampled.unit_sample == "3"].dissimilarity
    expected = np.mean([stats.pearsonr(one, model)[0] for one in of_third])
    assert float(data.resampled[2, 1]) == pytest.approx(expected, rel=1e-5)
    both = inferred(made, reference={"source": "v1"})
    assert both.attrs["resampled_factors"] == ["units", "entries"]
    assert both.attrs["dof"] == 8


def test_a_model_is_of_all_trials_and_of_units_as_they_are(inferred):
    other = [one | {"source": "v2"} for one in parts_of_brain([*REPEATS, ("", "all")], samples=2, seed=1)]
    data = inferred(table(parts_of_brain(REPEATS), other), reference={"source": "v1"})
    assert data.source.values.tolist() == ["v2"]
    made = table(other)
    whole = made[(made.part.isin(["", "all"])) & (made.unit_sample.isin(["", "0"]))].dissimilarity
    measured = [one["dissimilarity"] for one in parts_of_brain(REPEATS)[1:]]
    expected = np.mean([stats.pearsonr(one, np.mean(list(whole), axis=0))[0] for one in measured])
    assert float(data.similarity[0]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("parts", "samples", "keys", "message"),
    [
        ([*REPEATS, *HALVES], 0, {}, r"reference:.*halves.*repeats"),
        (REPEATS, 5, {"bootstrap": "units"}, r"reference:.* 20.* 5"),
        (REPEATS, 0, {"bootstrap": "units"}, "bootstrap: .*units.* 2"),
    ],
)
def test_parts_that_do_not_do(inferred, parts, samples, keys, message):
    made = table(parts_of_brain(parts, samples), network())
    with pytest.raises(DataError, match=message):
        inferred(made, reference={"source": "v1"}, **keys)


def test_permutation_tests_beside_t_tests(inferred):
    made = table(network(repeats=2), network("other", seed=1))
    data = inferred(made, reference={"source": "net", "layer": "fc"}, permutations=99)
    assert data.attrs["permutations"] == 99
    assert (data.p_permutation_max >= data.p_permutation).all()
    np.testing.assert_allclose(data.p_permutation_holm, corrected(data.p_permutation.values, "holm"))
    without = inferred(made, reference={"source": "net", "layer": "fc"}, permutations=0)
    assert "p_permutation" not in without


def test_the_same_layers_of_two_sources(inferred):
    """Paired tests, corrected over the layers of the two alone; a source of other layers has none."""
    made = table(
        network(),
        network("twin", seed=1),
        network("other", seed=2),
        [row(vectors_of(9, 3), source="v1", layer="V1")],
    )
    made.loc[made.source == "other", "layer"] = "x" + made.layer[made.source == "other"]
    data = inferred(made, reference={"source": "v1"})
    assert data.other_source.values.tolist() == ["net", "twin"]
    rows = {key: at for at, key in enumerate(zip(data.source.values, data.layer.values, strict=True))}
    own, theirs = ([rows[source, layer] for layer in LAYERS] for source in ("net", "twin"))
    column = data.other_source.values.tolist().index("twin")
    p = data.p_pair.values[own, theirs]
    np.testing.assert_allclose(data.p_source.values[own, column], p)
    np.testing.assert_allclose(
        data.source_difference.values[own, column], data.difference.values[own, theirs]
    )
    for method in ("holm", "fdr"):
        expected = corrected(p, method)
        np.testing.assert_allclose(data[f"p_source_{method}"].values[own, column], expected)
    reach = stats.t(data.attrs["dof"]).isf(p / 2)  # |difference| / standard error
    sem = np.abs(data.source_difference.values[own, column]) / reach
    width = 2 * stats.t(data.attrs["dof"]).ppf(0.975) * sem
    found = (data.source_high - data.source_low).values[own, column]
    np.testing.assert_allclose(found, width, rtol=1e-6)
    assert np.isnan(data.p_source.values[[at for (source, _), at in rows.items() if source == "other"]]).all()
    header, *body = data.attrs["rows"]
    assert "p_source_fdr_twin" in header
    cells = dict(zip(header, body[own[0]], strict=True))
    assert cells["p_source_fdr_twin"] == pytest.approx(float(data.p_source_fdr[own[0], column]))


def vectors_of(entries, seed):
    return pdist(np.random.default_rng(seed).normal(size=(entries, 4)))


def test_what_follows_is_said(inferred, caplog):
    caplog.set_level("INFO")
    made = table(network(), network("twin", seed=1), [row(vectors_of(9, 3), source="v1", layer="V1")])
    data = inferred(made, reference={"source": "v1"})
    first, second, third = data.attrs["statement"]
    best = int(data.similarity.values.argmax())
    name = f"{data.source.values[best]} {data.layer.values[best]}"
    interval = f"{float(data.low[best]):.2f} to {float(data.high[best]):.2f}"
    for words in ("v1", name, f"{float(data.similarity[best]):.2f}", interval, "8 layers"):
        assert words in first
    assert "Benjamini" in second
    assert all(words in third for words in ("net", "twin", "4 layers"))
    assert first in caplog.text


def theories(label, *names, repeats=1):
    return [
        row(
            pdist(np.random.default_rng([9, number, repeat]).normal(size=(len(IMAGES), 4))),
            source="theories", layer="theory", population="", size="", repeat=repeat, **{label: name},
        )
        for number, name in enumerate(names)
        for repeat in range(repeats)
    ]  # fmt: skip


@pytest.mark.parametrize("label", ["theory", "model"])
def test_models_are_told_apart_by_every_label(inferred, label, caplog):
    caplog.set_level("INFO")
    made = table(network(), theories(label, "shape", "colour", "noise"))
    data = inferred(made, reference={"source": "net", "layer": "fc"}, models={"source": "theories"})
    assert data[label].values.tolist() == ["shape", "colour", "noise"]
    brain = vectors(made, source="net", layer="fc")[0]
    for name, found in zip(data[label].values, data["similarity"].values, strict=True):
        assert found == pytest.approx(stats.pearsonr(vectors(made, **{label: name})[0], brain).statistic)
    assert data.attrs["models_by"] == label
    assert "averaged_over" not in data.attrs
    assert data["rdms_averaged"].values.tolist() == [[1]] * 3
    assert f"differ in {label}" in caplog.text
    assert "of 3 models" in caplog.text
    header, *rows = data.attrs["rows"]
    assert [own[header.index(label)] for own in rows] == ["shape", "colour", "noise"]


def test_what_is_averaged_is_said(inferred, caplog):
    caplog.set_level("INFO")
    made = table(network(), theories("theory", "shape", "colour", repeats=3))
    keys = {"reference": {"source": "net", "layer": "fc"}, "models": {"source": "theories"}}
    data = inferred(made, **keys)
    assert data["theory"].values.tolist() == ["shape", "colour"]
    assert data["rdms_averaged"].values.tolist() == [[3]] * 2
    assert data.attrs["averaged_over"] == "repeat"
    assert "averaged over repeat: 3" in caplog.text
    data = inferred(made, repeats=["theory"], **keys)
    assert data["rdms_averaged"].values.tolist() == [[6]]
    assert data.attrs["averaged_over"] == ["theory", "repeat"]
    mean = vectors(made, source="theories").mean(0)
    brain = vectors(made, source="net", layer="fc")[0]
    assert data["similarity"].item() == pytest.approx(stats.pearsonr(mean, brain).statistic)


def test_other_rdms_of_a_recording_are_models_of_one_of_them(inferred):
    made = table(theories("area", "IT", "V1", "V4"))
    data = inferred(made, reference={"area": "IT"})
    assert data["area"].values.tolist() == ["V1", "V4"]
    assert data["data_area"].values.tolist() == ["IT"]


def test_a_label_cannot_be_called_as_a_result(inferred):
    with pytest.raises(DataError, match="'similarity'"):
        inferred(
            table(network(), theories("similarity", "a", "b")), reference={"source": "net", "layer": "fc"}
        )


def test_repeats_alone_speak_of_these_entries(inferred):
    made = table(network(), theories("subject", "a", "b", "c"))
    keys = {"reference": {"source": "theories"}, "models": {"source": "net"}}
    assert "the same entries" in inferred(made, bootstrap="repeats", **keys).attrs["statement"][-1]
    assert "the same entries" not in "".join(inferred(made, bootstrap="both", **keys).attrs["statement"])
