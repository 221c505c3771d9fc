"""The figure of unit activity shows what was recorded, as bars, profiles, histograms, heatmaps or maps."""

import json
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from legible import assert_mentions
from matplotlib.colors import to_hex, to_rgba

from repscape.core.errors import ConfigError, DataError
from repscape.figures.lib import unit_maps as maps
from repscape.figures.lib.activation_panels import image_colours
from repscape.figures.unit_activity import MARKS
from repscape.io.netcdf import open_file

LAYERS = ("input", "block2", "block17", "block19", "fc1", "predictions")
STIMULI = ("bikes", "pictures", "white_noise")
IMAGES = {"bikes": 30, "pictures": 20, "white_noise": 30}
# What the five figures drew that became one, by one's parameters (see the last test)
BEFORE = json.loads(Path(__file__).with_name("unit_activity_before.json").read_text(encoding="utf-8"))


@pytest.fixture
def made(results):
    """A small study with activations, samples, stimuli and tables of layers."""
    study = results(stimuli=STIMULI, layers=LAYERS).stimulus_files().layer_tables()
    return study.activations("all", "filter_means", "maps", "random")


@pytest.fixture
def draw(draw):
    return lambda made, show, **parameters: draw(made, "unit_activity", show=show, **parameters)


@pytest.fixture
def rendered(rendered):
    return lambda made, show, **parameters: rendered(made, "unit_activity", show=show, **parameters)


@pytest.fixture
def inputs(inputs):
    return lambda study, show, **parameters: inputs(study, "unit_activity", show=show, **parameters)


def steps(figure):
    """Bars and histograms by their identifiers, with their axes: {gid: (values, axes)}."""
    return {
        patch.get_gid(): (patch.get_data().values, axes)
        for axes in figure.axes
        for patch in axes.patches
        if patch.get_gid() and hasattr(patch, "get_data")
    }


def read(path, group=None):
    with xr.open_dataset(path, group=group) as data:
        return data.load()


def groups(path):
    with open_file(path, "figure") as file:
        return list(file.groups)


def rows_of(data, stimulus):
    return data.isel(row=np.flatnonzero(data.stimulus.values == stimulus))


def test_bars_are_the_activations_of_the_same_sampled_units_for_every_image(made, draw, artists):
    figure, caption = draw(made, "bars", images=[0, 7], layers=["predictions", "block2"])
    shown = steps(figure)
    assert list(shown) == ["block2/0", "block2/7", "predictions/0", "predictions/7"]
    for layer in ("block2", "predictions"):
        recording = made.read("activations", stimulus="bikes", layer=layer, population="random")
        units = sorted(made.read("sample", population="random", layer=layer, size=200).unit.values[0])
        assert len(units) == 200
        position = {unit: at for at, unit in enumerate(recording.unit.values)}
        for image in (0, 7):
            expected = [recording.activation.values[image, position[unit]] for unit in units]
            np.testing.assert_array_equal(shown[f"{layer}/{image}"][0], expected)
        assert shown[f"{layer}/0"][1].get_ylim() == shown[f"{layer}/7"][1].get_ylim()
        assert shown[f"{layer}/0"][1].get_ylim()[0] <= 0
    pictures = artists(figure, "images")
    with xr.open_dataset(made.root / made.study.path("stimulus", stimulus="bikes")) as stimulus:
        np.testing.assert_array_equal(pictures["bikes/7"].get_array(), stimulus.images.values[7])
    assert_mentions(caption, "2 layers", "2 images", "bikes", "0.00 s and 2.33 s", "first draw")


def test_of_too_many_units_evenly_spaced_ones_are_shown(results, draw):
    made = results(stimuli=STIMULI, layers=LAYERS).stimulus_files().activations("random", recorded=2500)
    figure, caption = draw(made, "bars", size=100000, layers=["block19"], images=1)
    recording = made.read("activations", stimulus="bikes", layer="block19", population="random")
    expected = recording.activation.values[0][np.arange(1000) * 2499 // 999]
    np.testing.assert_array_equal(steps(figure)["block19/0"][0], expected)
    assert_mentions(caption, "Evenly spaced units", "block19")


def test_bars_are_of_layers_but_the_predictions(results, inputs):
    files = inputs(results(stimuli=STIMULI, layers=LAYERS).study, "bars")["activations"]
    assert [path.split("/")[-1] for path in files] == ["input.nc", "block17.nc", "fc1.nc"]


@pytest.mark.parametrize("ranked", [True, False])
def test_profiles_are_the_filter_means_in_the_order_of_the_mean_image(made, draw, ranked, artists):
    figure, caption = draw(made, "profiles", images=[0, 29], ranked=ranked)
    drawn = artists(figure, "lines")
    dots = {dots.get_gid(): dots for axes in figure.axes for dots in axes.collections if dots.get_gid()}
    assert set(dots) == set(LAYERS)
    last = to_rgba(image_colours(2)[1], 0.7)
    for layer in LAYERS:
        means = made.activity("bikes", layer, "filter_means")
        average = sum(means) / len(means)
        order = sorted(range(len(average)), key=lambda i: -average[i]) if ranked else range(len(average))
        mine = dots[layer].get_offsets()[np.isclose(dots[layer].get_facecolors(), last).all(1)]
        mine = mine[np.argsort(mine[:, 0])]
        np.testing.assert_allclose(mine[:, 1], means[29][list(order)])
        if ranked:
            np.testing.assert_allclose(drawn[f"{layer}/mean"].get_ydata(), average[order], rtol=1e-5)
    assert ("ranked" in caption) == ranked
    assert_mentions(caption, "predictions has one position")
    texts = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    assert {"block17", "predictions (units)"} <= set(texts)
    axes = {dots.get_gid(): axes for axes in figure.axes for dots in axes.collections if dots.get_gid()}
    assert axes["block17"].get_yscale() == "linear"


def test_filter_means_are_counted_drawn_and_subtracted(made, draw):
    figure, caption = draw(made, "histogram", stimuli=["pictures"], images=[2, 5, 11], layers=["block17"])
    means = {image: made.activity("pictures", "block17", "filter_means")[image] for image in (2, 5, 11)}
    shown = steps(figure)
    everything = np.concatenate(list(means.values()))
    low, width = everything.min(), np.ptp(everything) / 20
    for image, values in means.items():
        np.testing.assert_allclose(shown[f"bars/{image}"][0], values)
        bins = np.minimum(((values - low) / width).astype(int), 19)
        expected = [(bins == at).sum() for at in range(20)]
        np.testing.assert_allclose(shown[f"histogram/{image}"][0], expected, atol=1)
        assert shown[f"histogram/{image}"][0].sum() == len(values)
    for i, j in combinations((2, 5, 11), 2):
        np.testing.assert_allclose(shown[f"difference/{i}/{j}"][0], means[i] - means[j], atol=1e-5)
    for part in ("bars", "difference"):
        (limits,) = {axes.get_ylim() for gid, (_, axes) in shown.items() if gid.startswith(part)}
        assert limits[0] <= 0 <= limits[1]
    assert limits[0] == -limits[1]  # of differences
    assert_mentions(caption, "A: pictures_0002", "B: pictures_0005", "C: pictures_0011")


def test_filter_means_of_one_position_are_called_units(made, draw):
    figure, caption = draw(made, "histogram", stimuli=["pictures"], layers=["predictions"])
    assert_mentions(caption, "predictions", "mobilenet_v2", "1,000 units")
    texts = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    assert "predictions, pictures" in texts
    assert not [text for text in texts if "filter" in text or "mean" in text]
    _, caption = draw(made, "heatmap", layers=["block2", "predictions"])
    assert_mentions(caption, "predictions has one position")


def test_heatmaps_are_z_scored_over_all_stimuli_on_one_scale(made, draw, artists):
    figure, caption = draw(made, "heatmap", layers=["block2", "predictions"], ranked=False)
    shown = artists(figure, "images")
    assert list(shown) == [f"{s}/{layer}" for layer in ("block2", "predictions") for s in STIMULI]
    for layer in ("block2", "predictions"):
        means = {stimulus: made.activity(stimulus, layer, "filter_means") for stimulus in STIMULI}
        values = np.concatenate([m.ravel() for m in means.values()])
        mean, sd = values.sum() / len(values), np.sqrt(((values - values.mean()) ** 2).sum() / len(values))
        for stimulus in STIMULI:
            z = (means[stimulus] - mean) / sd
            if layer == "predictions":  # 1,000 filters in 250 columns
                z = z.reshape(len(z), 250, 4).mean(2)
            np.testing.assert_allclose(shown[f"{stimulus}/{layer}"].get_array(), z, atol=1e-6)
    assert {image.get_clim() for image in shown.values()} == {(-3, 3)}
    assert_mentions(caption, "256 filters", "averaged", "predictions")
    ranked, _ = draw(made, "heatmap", layers=["block2"])
    each = [artists(ranked, "images")[f"{stimulus}/block2"].get_array() for stimulus in STIMULI]
    assert (np.diff(np.concatenate(each).mean(0)) <= 0).all()


def test_maps_are_a_filter_s_activations_where_they_belong(made, draw, artists):
    chosen = {"block2": [2, 0], "block19": [2]}
    figure, caption = draw(made, "map", filters=chosen, images=[1, 4], population="maps")
    shown = artists(figure, "images")
    right = max(image.get_extent()[1] for image in shown.values())
    assert right < figure.axes[0].get_xlim()[1] < right + 2  # no empty page beside a few filters
    for layer, filters in chosen.items():
        for channel in filters:
            limits = set()
            for stimulus in STIMULI:
                recording = made.read("activations", stimulus=stimulus, layer=layer, population="all")
                for image in (1, 4):
                    expected = np.full((6, 6), np.nan)
                    for c, y, x, value in zip(
                        recording.channel.values, recording.y.values, recording.x.values,
                        recording.activation.values[image], strict=True,
                    ):  # fmt: skip
                        if c == channel:
                            expected[y, x] = value
                    drawn = shown[f"{stimulus}/{image}/{layer}/{channel}"]
                    np.testing.assert_array_equal(drawn.get_array(), expected)
                    limits.add(drawn.get_clim())
            assert len(limits) == 1
    assert_mentions(caption, "3 filters", "block2: 6 × 6")


def test_by_default_the_most_variable_filter_of_each_layer_with_maps_is_shown(made, draw, artists):
    figure, caption = draw(made, "map", images=2, population="all")
    found = {tuple(gid.split("/")[2:]) for gid in artists(figure, "images") if gid.count("/") == 3}
    expected = set()
    for layer, (_, height, _) in zip(LAYERS, made.shapes, strict=True):
        if layer == "input" or height == 1:
            continue
        maps = [
            made.activity(stimulus, layer, "all")[[0, made.images[stimulus] - 1]].reshape(2, -1, 36)
            for stimulus in STIMULI
        ]
        expected.add((layer, str(np.argmax(np.concatenate(maps).std(axis=(0, 2))))))
    assert found == expected
    assert_mentions(caption, "largest SD")


@pytest.mark.parametrize(("stimuli", "images"), [(2, 3), (6, 3), (7, 2), (10, 1), (15, 1), (40, 1)])
def test_maps_of_many_stimuli_are_of_fewer_images(stimuli, images):
    assert maps.how_many(stimuli) == images
    assert maps.room(stimuli) / (stimuli * images) >= maps.NARROWEST or images == 1


# Mistakes


@pytest.mark.parametrize(
    ("show", "parameters", "message"),
    [
        ("bars", {"source": "vgg"}, "source: 'vgg'"),
        ("bars", {"stimuli": ["cats"]}, "stimuli: 'cats'"),
        ("bars", {"stimuli": ["bikes", "gratings"]}, r"stimuli.*one stimulus.* 2"),
        ("bars", {"layers": ["blok2"]}, "layers: 'blok2'.*'block2'"),
        ("bars", {"size": 7}, "size: '7'"),
        ("bars", {"filters": {"block2": [0]}}, "filters: .*'show: bars'.*show map"),
        ("histogram", {"layers": ["conv"]}, "layers: 'conv'"),
        ("histogram", {"layers": ["block2", "fc1"]}, r"layers:.* 1.* 2"),
        ("histogram", {"images": 1}, r"images: 'show: histogram' shows 2.* 4.* 1"),
        ("histogram", {"ranked": False}, "ranked: .*'show: histogram'.*profiles, heatmap"),
        (
            "histogram",
            {"population": "random"},
            r"population: 'random' \(kind: random\).*filter_means",
        ),
        ("profiles", {"population": "rnd"}, "population: 'rnd'"),
        ("heatmap", {"stimuli": []}, r"stimuli:.*list.*empty"),
        ("heatmap", {"images": 2}, "images: .*'show: heatmap'"),
        ("map", {"filters": {"conv": [0]}}, "filters: 'conv'"),
        ("map", {"filters": {"block2": [0]}, "layers": ["block2"]}, "filters:.*'layers'"),
        ("map", {"images": [0, 1, 2, 3, 4]}, r"images: 'show: map' shows 1.* 4.* 5"),
        (
            "map",
            {"filters": {"block2": list(range(10))}, "population": "all"},
            r"filters:.* 9.* 10",
        ),
        (
            "map",
            {"filters": {"block2": [0, 5]}, "population": "maps"},
            r"filters:.*population 'maps'.*record filter 5.*'block2'.*populations.maps.channels",
        ),
        ("map", {"population": "filter_means"}, "population: 'filter_means'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_when_the_plan_is_made(results, inputs, show, parameters, message):
    with pytest.raises(ConfigError, match=message):
        inputs(results(layers=LAYERS).study, show, **parameters)


def test_a_filter_that_a_layer_does_not_have_is_told_when_the_plan_is_made(results, inputs):
    study = results(layers=LAYERS).study
    study.config["networks"]["mobilenet_v2"]["architecture"] = "mobilenet_v2"
    study.labels["mobilenet_v2"] = {layer: layer for layer in LAYERS} | {"block2": "block19"}
    inputs(study, "map", filters={"block2": [1279]}, population="all")
    with pytest.raises(
        ConfigError,
        match=r"filters: .* 1279.*'block2'.*'mobilenet_v2'.* 1280",
    ):
        inputs(study, "map", filters={"block2": [3, 1280]}, population="all")


def test_a_source_is_asked_only_for_what_it_is_shown(results, inputs):
    study = results(layers=LAYERS).study
    study.shown["mobilenet_v2"] = ("pictures",)
    study.drawn["mobilenet_v2"] = {"random": ("200",)}
    for show in MARKS:
        for paths in inputs(study, show).values():
            for path in paths:
                assert "pictures" in path or "n200" in path
    with pytest.raises(ConfigError, match=r"stimuli: 'bikes'.*pictures"):
        inputs(study, "profiles", stimuli=["bikes"])


@pytest.mark.parametrize("show", ["profiles", "heatmap"])
def test_more_layers_than_can_be_seen_are_refused(results, show, inputs):
    study = results(layers=("input", *(f"conv{i}" for i in range(29)))).study
    with pytest.raises(ConfigError, match=r"layers: .* 30"):
        inputs(study, show, layers=list(study.layers["mobilenet_v2"]))
    inputs(study, show)


@pytest.mark.parametrize(
    ("show", "message"),
    [
        ("histogram", r"populations.*\{filter_means: \{kind: filter_means\}\}"),
        ("profiles", r"populations.*\{filter_means: \{kind: filter_means\}\}"),
        ("heatmap", r"populations.*\{filter_means: \{kind: filter_means\}\}"),
        ("map", r"populations.*\{all: \{kind: all\}\}"),
    ],
)
def test_the_population_to_add_is_named(results, show, message, inputs):
    study = results(layers=LAYERS).study
    study.config["populations"] = {"top": {"kind": "top", "units": 5}}
    with pytest.raises(ConfigError, match=message):
        inputs(study, show)


def test_whole_maps_are_taken_of_the_smallest_population_that_has_them(results, inputs):
    path, *_ = inputs(results(layers=LAYERS).study, "map")["activations"]
    assert "/maps/" in path


def test_images_that_a_stimulus_does_not_have_are_told(made, draw):
    with pytest.raises(DataError, match=r"images:.* 19.*'pictures'.* 25"):
        draw(made, "map", images=[0, 25])


def test_activations_of_other_images_are_refused(made, draw):
    made.stimulus_files("{}-{}")
    for show in ("bars", "profiles", "histogram", "map"):
        with pytest.raises(DataError, match="image"):
            draw(made, show)


def test_maps_with_holes_and_filters_that_are_not_there_are_told(made, draw):
    with pytest.raises(DataError, match=r"filters:.* 36.* 999.*'block2'.* 0"):
        draw(made, "map", filters={"block2": [999]}, population="all")


@pytest.mark.parametrize("show", ["bars", "heatmap", "map"])
def test_a_stimulus_keeps_its_colour(made, draw, show):
    figure, _ = draw(made, show)
    faces = {to_hex(patch.get_facecolor()).upper() for axes in figure.axes for patch in axes.patches}
    assert made.style.colour("bikes") in faces


def test_bars_file(made, rendered):
    path = rendered(made, "bars", images=[0, 7], layers=["predictions", "block2"])
    assert groups(path) == ["block2", "predictions"]
    assert read(path).attrs["show"] == "bars"
    assert read(path).attrs["stimulus"] == "bikes"
    assert read(path).attrs["size"] == "200"
    assert read(path).attrs["drawn"] == "random"
    for layer in ("block2", "predictions"):
        data = read(path, layer)
        recording = made.read("activations", stimulus="bikes", layer=layer, population="random")
        sample = made.read("sample", population="random", layer=layer, size=200)
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
    path = rendered(made, "bars", size=100000, layers=["block19"], images=[3])
    data = read(path, "block19")
    assert data.sizes["unit"] == 1000
    assert data.attrs["n_drawn"] == 2500
    recording = made.read("activations", stimulus="bikes", layer="block19", population="random")
    np.testing.assert_array_equal(
        data.activation.values[0],
        recording.activation.sel(image=3).values[np.isin(recording.unit, data.unit)],
    )


def test_histogram_file(made, rendered):
    path = rendered(made, "histogram", stimuli=["pictures"], images=[2, 5, 11], layers=["block17"])
    data, means = read(path), made.activity("pictures", "block17", "filter_means").astype("f4")
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
def test_profiles_file(made, rendered, ranked):
    path = rendered(made, "profiles", images=[0, 29], ranked=ranked)
    assert groups(path) == list(LAYERS)
    for layer in LAYERS:
        data, means = read(path, layer), made.activity("bikes", layer, "filter_means")
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


def test_heatmap_file(made, rendered):
    path = rendered(made, "heatmap", layers=["block2", "predictions"])
    assert groups(path) == ["block2", "predictions"]
    for layer, filters in (("block2", made.shapes[1][0]), ("predictions", 1000)):
        data = read(path, layer)
        means = {stimulus: made.activity(stimulus, layer, "filter_means") for stimulus in STIMULI}
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


def test_maps_file(made, rendered):
    path = rendered(
        made,
        "map",
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
                whole = made.activity(stimulus, layer, "all").reshape(IMAGES[stimulus], -1, 6, 6)
                expected = whole[[1, 4], channel]
                np.testing.assert_array_equal(own.activation.sel(filter=channel).values, expected)
            drawn = data.activation.sel(filter=channel)
            assert data.low.sel(filter=channel) == min(0, drawn.min())
            assert data.high.sel(filter=channel) == drawn.max()


def values(artist):
    """Return what an artist shows as an array of numbers."""
    if hasattr(artist, "get_offsets"):
        return np.asarray(artist.get_offsets(), float)
    shown = artist.get_data() if hasattr(artist, "get_data") else artist.get_array()
    return np.asarray(shown[0] if hasattr(shown, "edges") else shown, float)


def described(figure):
    """Describe each named artist in numbers: its data, where its axes lie, and its extent or their limits."""
    found = {}
    for axes in figure.axes:
        for artist in (*axes.lines, *axes.patches, *axes.images, *axes.collections):
            if artist.get_gid():
                data = values(artist)
                limits = *axes.get_xlim(), *axes.get_ylim()
                extent = artist.get_extent() if hasattr(artist, "get_extent") else limits
                summary = [*data.shape, data.mean(), data.std(), data.flat[0], data.flat[-1]]
                found[artist.get_gid()] = [*summary, *axes.get_position().bounds, *extent]
    return found


@pytest.mark.parametrize("before", BEFORE, ids=lambda before: f"{before['show']} {before['parameters']}")
def test_the_pictures_are_those_of_the_five_figures_that_became_one(made, draw, before):
    figure, caption = draw(made, before["show"], **before["parameters"])
    found = described(figure)
    assert list(found) == list(before["artists"])
    for name, numbers in before["artists"].items():
        expected = [float(number) for number in numbers.split()]
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=6e-4, err_msg=name)
    facts = set(re.findall(r"[\w.,·×%±−-]*\d[\w,·×%±−-]*|``.*?``", caption))
    assert set(before["facts"]) <= facts
