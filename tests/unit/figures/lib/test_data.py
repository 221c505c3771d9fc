"""What a figure shows that draws from recordings lies beside it, readable and labelled."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import xarray as xr

from repscape.core.errors import DataError
from repscape.figures.lib.data import opened
from repscape.io.netcdf import open_file
from repscape.plugin import registry

LAYERS = ("input", "block2", "block17", "block19", "fc1", "predictions")
STIMULI = ("bikes", "pictures", "white_noise")
IMAGES = {"bikes": 30, "pictures": 20, "white_noise": 30}


@pytest.fixture
def made(results):
    """A small study with activations, samples, stimuli and tables of layers."""
    study = results(stimuli=STIMULI, layers=LAYERS).stimulus_files().layer_tables()
    return study.activations("all", "filter_means", "maps", "random")


@pytest.fixture
def measured(results):
    """A small study with RDMs, some of them undefined."""
    return results(stimuli=STIMULI, layers=LAYERS).rdms(degenerate=[("white_noise", "predictions")])


def source(made, kind, **keys):
    with xr.open_dataset(made.root / made.study.path(kind, source="mobilenet_v2", **keys)) as data:
        return data.load()


def answers(made, stimulus, layer, population="filter_means"):
    return source(
        made, "activations", stimulus=stimulus, layer=layer, population=population
    ).activation.values


def read(path, group=None):
    with xr.open_dataset(path, group=group) as data:
        return data.load()


def groups(path):
    with open_file(path, "figure") as file:
        return list(file.groups)


def rows_of(data, stimulus):
    return data.isel(row=np.flatnonzero(data.stimulus.values == stimulus))


def test_bars(made, rendered):
    path = rendered(made, "activation_bars", images=[0, 7], layers=["predictions", "block2"])
    assert groups(path) == ["block2", "predictions"]
    assert read(path).attrs["stimulus"] == "bikes"
    assert read(path).attrs["size"] == "200"
    assert read(path).attrs["drawn"] == "random"
    for layer in ("block2", "predictions"):
        data = read(path, layer)
        recording = source(made, "activations", stimulus="bikes", layer=layer, population="random")
        sample = source(made, "sample", population="random", layer=layer, size=200)
        assert data.unit.values.tolist() == sorted(sample.unit.values[0].tolist())
        assert data.image.values.tolist() == [0, 7]
        assert data.name.values.tolist() == ["bikes_0000", "bikes_0007"]
        np.testing.assert_allclose(data.time.values, [0, 7 / 3])
        places = {unit: place for place, unit in enumerate(recording.unit.values.tolist())}
        for image, unit in ((0, 0), (7, 13), (7, 199)):
            number = data.unit.values[unit]
            expected = recording.activation.values[image, places[number]]
            assert data.activation.sel(image=image, unit=number) == expected


def test_thinned_bars_are_those_drawn(results, rendered):
    made = results(stimuli=STIMULI, layers=LAYERS).stimulus_files().activations("random", recorded=2500)
    path = rendered(made, "activation_bars", size=100000, layers=["block19"], images=[3])
    data = read(path, "block19")
    assert data.sizes["unit"] == 1000
    assert data.attrs["n_drawn"] == 2500
    recording = source(made, "activations", stimulus="bikes", layer="block19", population="random")
    np.testing.assert_array_equal(
        data.activation.values[0],
        recording.activation.sel(image=3).values[np.isin(recording.unit, data.unit)],
    )


def test_filter_means(made, rendered):
    path = rendered(made, "filter_means", stimulus="pictures", images=[2, 5, 11], layer="block17")
    data, means = read(path), answers(made, "pictures", "block17")
    assert {
        "layer": "block17",
        "stimulus": "pictures",
        "population": "filter_means",
    }.items() <= data.attrs.items()
    assert data.filter.values.tolist() == list(range(means.shape[1]))
    for image in (2, 5, 11):
        np.testing.assert_array_equal(data.activation.sel(image=image), means[image])
        within = [
            ((means[image] >= low) & ((means[image] < high) | (high == data.high.values.max()))).sum()
            for low, high in zip(data.low.values, data.high.values, strict=True)
        ]
        assert data.filters.sel(image=image).values.tolist() == within
        assert data.filters.sel(image=image).sum() == means.shape[1]
    pairs = list(zip(data.image_i.values.tolist(), data.image_j.values.tolist(), strict=True))
    assert pairs == list(combinations((2, 5, 11), 2))
    for pair, (i, j) in enumerate(pairs):
        np.testing.assert_array_equal(data.difference.values[pair], means[i] - means[j])
    assert data.name.values.tolist() == ["pictures_0002", "pictures_0005", "pictures_0011"]


@pytest.mark.parametrize("ranked", [True, False])
def test_filter_profiles(made, rendered, ranked):
    path = rendered(made, "filter_profiles", images=[0, 29], ranked=ranked)
    assert groups(path) == list(LAYERS)
    for layer in LAYERS:
        data, means = read(path, layer), answers(made, "bikes", layer)
        order = data.filter.values
        assert sorted(order.tolist()) == list(range(means.shape[1]))
        average = means.astype(float).sum(0) / 30
        assert (
            (np.diff(average[order]) <= 1e-5 * abs(average).max()).all()
            if ranked
            else (np.diff(order) == 1).all()
        )
        np.testing.assert_allclose(data["mean"].values, average[order], rtol=1e-5)
        for image in (0, 29):
            np.testing.assert_array_equal(data.activation.sel(image=image).values, means[image][order])


def test_filter_heatmaps(made, rendered):
    path = rendered(made, "filter_heatmaps", layers=["block2", "predictions"])
    assert groups(path) == ["block2", "predictions"]
    for layer, filters in (("block2", made.shapes[1][0]), ("predictions", 1000)):
        data = read(path, layer)
        means = {stimulus: answers(made, stimulus, layer).astype(float) for stimulus in STIMULI}
        every = np.concatenate(list(means.values()))
        centre, sd = every.sum() / every.size, np.sqrt(((every - every.mean()) ** 2).sum() / every.size)
        order = data.filter.values
        assert sorted(order.tolist()) == list(range(filters))
        assert (np.diff(every.mean(0)[order]) <= 1e-9).all()
        for stimulus in STIMULI:
            own = rows_of(data, stimulus)
            assert own.image.values.tolist() == list(range(IMAGES[stimulus]))
            assert own.name.values[3] == f"{stimulus}_0003"
            np.testing.assert_array_equal(own.activation.values, means[stimulus][:, order].astype(np.float32))
            z = (means[stimulus][:, order] - centre) / sd
            for column in (0, 1, data.sizes["column"] - 1):
                here = data.column_of.values == column
                np.testing.assert_allclose(own.zscore.values[:, column], z[:, here].mean(1), atol=1e-6)
    assert data.sizes["column"] == 250


def test_activation_maps(made, rendered):
    path = rendered(
        made,
        "activation_maps",
        filters={"block2": [2, 0], "block19": [2]},
        images=[1, 4],
        population="maps",
    )
    assert groups(path) == ["block2", "block19"]
    for layer, filters in (("block2", [2, 0]), ("block19", [2])):
        data = read(path, layer)
        assert data.filter.values.tolist() == filters
        for channel in filters:
            for stimulus in STIMULI:
                own = rows_of(data, stimulus)
                assert own.image.values.tolist() == [1, 4]
                whole = answers(made, stimulus, layer, "all").reshape(IMAGES[stimulus], -1, 6, 6)
                expected = whole[[1, 4], channel]
                np.testing.assert_array_equal(own.activation.sel(filter=channel).values, expected)
            drawn = data.activation.sel(filter=channel)
            assert data.low.sel(filter=channel) == min(0, drawn.min())
            assert data.high.sel(filter=channel) == drawn.max()


def test_prediction_heatmap(made, rendered):
    data = read(rendered(made, "prediction_heatmap", classes=8, population="all"))
    assert data.sizes == {"row": 80, "class": 8}
    for stimulus in STIMULI:
        own = rows_of(data, stimulus)
        expected = answers(made, stimulus, "predictions", "all").astype(float)
        np.testing.assert_array_equal(own.probability.values, expected[:, own["class"].values])
        np.testing.assert_allclose(own.probability.sum("class") + own.others, 1, atol=1e-12)
        mine = own["class"].values[own.chosen_by.values == stimulus]
        assert len(mine) in (2, 3)
        assert own.name.values[-1] == f"{stimulus}_{IMAGES[stimulus] - 1:04d}"
    first = data["class"].values[data.chosen_by.values == "bikes"][0]
    assert first == answers(made, "bikes", "predictions", "all").astype(float).mean(0).argmax()
    assert data.label.values.tolist() == [f"class number {number}" for number in data["class"].values]


def test_rdm_gallery(measured, rendered):
    path = rendered(measured, "rdm_gallery", metric="correlation", size=200, layers=["block2", "predictions"])
    assert groups(path) == list(STIMULI)
    top = read(path)
    assert {"metric": "correlation", "normalisation": "zscore", "size": "200"}.items() <= top.attrs.items()
    largest = dict.fromkeys(("block2", "predictions"), 0.0)
    for stimulus in STIMULI:
        data = read(path, stimulus)
        assert data.layer.values.tolist() == ["block2", "predictions"]
        for layer in ("block2", "predictions"):
            rdm = source(measured, "rdm", stimulus=stimulus, population="random", layer=layer, size=200)
            expected = rdm.dissimilarity.values[1].astype(float).sum(0) / rdm.sizes["repeat"]
            found = data.dissimilarity.sel(layer=layer)
            np.testing.assert_allclose(found.values, expected, rtol=1e-6)
            for name in ("image_i", "image_j", "name_i", "name_j"):
                np.testing.assert_array_equal(found[name].values, rdm[name].values)
            largest[layer] = max(largest[layer], np.nan_to_num(found.values).max())
    assert np.isnan(read(path, "white_noise").dissimilarity.sel(layer="predictions")).all()
    assert top.high.values.tolist() == list(largest.values())
    assert top.low.values.tolist() == [0, 0]


def test_pair_distances(measured, rendered):
    path = rendered(measured, "pair_distances", size=200, stimuli=["pictures", "white_noise"])
    assert groups(path) == ["pictures", "white_noise"]
    for stimulus in ("pictures", "white_noise"):
        data = read(path, stimulus)
        assert data.layer.values.tolist() == list(LAYERS)
        for layer in LAYERS:
            rdm = source(measured, "rdm", stimulus=stimulus, population="random", layer=layer, size=200)
            expected = rdm.dissimilarity.values[0, 0]
            np.testing.assert_array_equal(data.dissimilarity.sel(layer=layer).values, expected)
            middle = sorted(expected.tolist())
            half = len(middle) // 2
            expected = middle[half] if len(middle) % 2 else (middle[half - 1] + middle[half]) / 2
            np.testing.assert_allclose(data["median"].sel(layer=layer), expected, rtol=1e-6)
            np.testing.assert_array_equal(data.name_j.values, rdm.name_j.values)


FROM_RECORDINGS = {
    "activation_bars", "activation_maps", "filter_heatmaps", "filter_means", "filter_profiles",
    "pair_distances", "prediction_heatmap", "rdm_gallery",
}  # fmt: skip
# What figures may show that leave no file of their own: it is there to be read as it is.
READ_AS_IT_IS = ("analyses/", "stimuli/", "networks/", "populations/", "recordings/")
# Analyses that have keys of their own, which figures of RDMs ask for.
OF_RDMS = {
    "mds": {"of": "all_images", "where": None, "dims": 2, "align": None},
    "mean_rdm": {"of": "all_images", "where": None, "over": ["repeat"]},
    "meta_rdm": {"of": "all_images", "where": None, "entries": ["layer"], "permutations": 0},
    "ring": {"of": "all_images", "where": None},
    "subset": {"of": "all_images", "where": None},
}


OF_TRAININGS = ("first_filters", "training_curves")


@pytest.mark.parametrize("name", registry.names("figures"))
def test_what_a_figure_shows_lies_in_a_file(results, name, inputs):
    study = results(sources=("mobilenet_v2", "untrained"), layers=LAYERS).study
    for analysis, keys in OF_RDMS.items():
        study.config["analyses"][analysis] = {"kind": analysis, **keys}
    stimuli = {name: {"kind": "white_noise"} for name in study.stimuli}
    config = study.config | {"rdms": {}, "stimuli": stimuli}
    config["networks"]["untrained"] |= {"training": {"kind": "sgd"}} if name in OF_TRAININGS else {}
    study = replace(study, config=config, analyses=(*study.analyses, *OF_RDMS))
    section = {"trained": "mobilenet_v2", "untrained": "untrained"} if name == "trained_untrained" else {}
    files = inputs(study, name, **section).values()
    read = [path for paths in files for path in ([paths] if isinstance(paths, str) else paths)]
    assert read
    own = [path for path in read if not path.removeprefix("results/default/").startswith(READ_AS_IT_IS)]
    assert bool(own) == registry.find("figures", name).saves_data


@pytest.mark.parametrize("name", sorted(FROM_RECORDINGS))
def test_a_file_of_data_says_what_it_is_and_is_the_same_every_time(results, rendered, name):
    made = results(stimuli=STIMULI, layers=LAYERS).stimulus_files().layer_tables().rdms()
    made.activations("filter_means", "maps", "random")
    path = rendered(made, name)
    before = path.read_bytes()
    assert rendered(made, name).read_bytes() == before
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".nc", ".png", ".rst", ".svg"]
    data = read(path)
    assert {"kind": "figure", "plugin": name, "source": "mobilenet_v2"}.items() <= data.attrs.items()
    assert data.attrs["repscape_version"]
    with xr.open_datatree(path) as tree:
        variables = [variable for node in tree.subtree for variable in node.dataset.data_vars.values()]
        assert variables
        for variable in variables:
            assert variable.attrs["long_name"]


def test_a_truncated_file_is_named(made):
    path = made.root / made.study.path("layers", source="mobilenet_v2")
    path.write_bytes(path.read_bytes()[:-100])
    with (
        pytest.raises(DataError, match=r"layers\.nc: not a readable NetCDF file .*Delete it"),
        opened({"a": path}),
    ):
        pass
