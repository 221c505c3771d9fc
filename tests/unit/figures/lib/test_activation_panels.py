"""Figures of single images, units and filters show what was recorded."""

from itertools import combinations

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgba

from repscape.core.errors import ConfigError, DataError
from repscape.figures.lib import captions
from repscape.figures.lib.activation_panels import image_colours, seen

LAYERS = ("input", "block2", "block17", "block19", "fc1", "predictions")
STIMULI = ("bikes", "pictures", "white_noise")


@pytest.fixture
def made(results):
    """A small study with activations, samples, stimuli and tables of layers."""
    study = results(stimuli=STIMULI, layers=LAYERS).stimulus_files().layer_tables()
    return study.activations("all", "filter_means", "maps", "random")


def opened(made, kind, **keys):
    with xr.open_dataset(made.root / made.study.path(kind, source="mobilenet_v2", **keys)) as data:
        return data.load()


def answers(made, stimulus, layer, population):
    """Activations as a float64 array (image, unit)."""
    found = opened(made, "activations", stimulus=stimulus, layer=layer, population=population)
    return found.activation.values.astype(float)


def images(figure):
    return {image.get_gid(): image for axes in figure.axes for image in axes.images if image.get_gid()}


def steps(figure):
    """Bars and histograms by their identifiers, with their axes: {gid: (values, axes)}."""
    return {
        patch.get_gid(): (patch.get_data().values, axes)
        for axes in figure.axes
        for patch in axes.patches
        if patch.get_gid() and hasattr(patch, "get_data")
    }


def lines(figure):
    return {line.get_gid(): line for axes in figure.axes for line in axes.lines if line.get_gid()}


def test_bars_are_the_activations_of_the_same_sampled_units_for_every_image(made, draw):
    figure, caption = draw(made, "activation_bars", images=[0, 7], layers=["predictions", "block2"])
    shown = steps(figure)
    assert list(shown) == ["block2/0", "block2/7", "predictions/0", "predictions/7"]
    for layer in ("block2", "predictions"):
        recording = opened(made, "activations", stimulus="bikes", layer=layer, population="random")
        units = sorted(opened(made, "sample", population="random", layer=layer, size=200).unit.values[0])
        assert len(units) == 200
        position = {unit: at for at, unit in enumerate(recording.unit.values)}
        for image in (0, 7):
            expected = [recording.activation.values[image, position[unit]] for unit in units]
            np.testing.assert_array_equal(shown[f"{layer}/{image}"][0], expected)
        assert shown[f"{layer}/0"][1].get_ylim() == shown[f"{layer}/7"][1].get_ylim()
        assert shown[f"{layer}/0"][1].get_ylim()[0] <= 0
    pictures = images(figure)
    with xr.open_dataset(made.root / made.study.path("stimulus", stimulus="bikes")) as stimulus:
        np.testing.assert_array_equal(pictures["bikes/7"].get_array(), stimulus.images.values[7])
    assert "bikes (from top to bottom: 0.00 s and 2.33 s)" in caption
    assert "the first draw of several" in caption


def test_of_too_many_units_evenly_spaced_ones_are_shown(results, draw):
    made = results(stimuli=STIMULI, layers=LAYERS).stimulus_files().activations("random", recorded=2500)
    figure, caption = draw(made, "activation_bars", size=100000, layers=["block19"], images=1)
    recording = opened(made, "activations", stimulus="bikes", layer="block19", population="random")
    expected = recording.activation.values[0][np.arange(1000) * 2499 // 999]
    np.testing.assert_array_equal(steps(figure)["block19/0"][0], expected)
    assert "Evenly spaced units stand for those of block19" in caption


def test_every_pair_has_a_line_and_the_median_is_that_of_the_pairs(results, draw):
    made = results(stimuli=STIMULI, layers=LAYERS).rdms()
    figure, caption = draw(made, "pair_distances", size=200, metric="correlation")
    collections = {c.get_gid(): c for axes in figure.axes for c in axes.collections}
    for stimulus, pairs in (("bikes", 435), ("pictures", 190), ("white_noise", 435)):
        keys = {"stimulus": stimulus, "population": "random", "size": 200}
        each = np.array(
            [
                opened(made, "rdm", layer=layer, **keys).dissimilarity.sel(metric="correlation").values[0]
                for layer in LAYERS
            ]
        )
        segments = np.array(collections[f"{stimulus}/pairs"].get_segments())
        assert segments.shape == (pairs, len(LAYERS), 2)
        np.testing.assert_allclose(segments[:, :, 1], each.T)
        middle = np.sort(each, axis=1)
        expected = (middle[:, (pairs - 1) // 2] + middle[:, pairs // 2]) / 2
        np.testing.assert_allclose(lines(figure)[f"{stimulus}/median"].get_ydata(), expected, rtol=1e-6)
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert figure.axes[0].get_ylim()[0] == 0
    assert "The first draw is shown" in caption
    assert "correlation distance" in caption


def test_undefined_distances_are_gaps_that_are_told(results, draw):
    made = results(stimuli=STIMULI, layers=LAYERS).rdms(degenerate=[("white_noise", "predictions")])
    figure, caption = draw(made, "pair_distances")
    assert np.isnan(lines(figure)["white_noise/median"].get_ydata()).tolist() == [False] * 5 + [True]
    assert (
        "Gaps, where a distance is undefined because activity was constant: predictions (white_noise)"
        in caption
    )


def test_filter_means_are_counted_drawn_and_subtracted(made, draw):
    figure, caption = draw(made, "filter_means", stimulus="pictures", images=[2, 5, 11], layer="block17")
    means = {image: answers(made, "pictures", "block17", "filter_means")[image] for image in (2, 5, 11)}
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
    assert "A: pictures_0002, B: pictures_0005 and C: pictures_0011" in caption


@pytest.mark.parametrize("ranked", [True, False])
def test_profiles_are_the_filter_means_in_the_order_of_the_mean_image(made, draw, ranked):
    figure, caption = draw(made, "filter_profiles", images=[0, 29], ranked=ranked)
    drawn = lines(figure)
    dots = {dots.get_gid(): dots for axes in figure.axes for dots in axes.collections if dots.get_gid()}
    assert set(dots) == set(LAYERS)
    last = to_rgba(image_colours(2)[1], 0.7)
    for layer in LAYERS:
        means = answers(made, "bikes", layer, "filter_means")
        average = sum(means) / len(means)
        order = sorted(range(len(average)), key=lambda i: -average[i]) if ranked else range(len(average))
        mine = dots[layer].get_offsets()[np.isclose(dots[layer].get_facecolors(), last).all(1)]
        mine = mine[np.argsort(mine[:, 0])]
        np.testing.assert_allclose(mine[:, 1], means[29][list(order)])
        if ranked:
            np.testing.assert_allclose(drawn[f"{layer}/mean"].get_ydata(), average[order], rtol=1e-5)
    assert ("ranked" in caption) == ranked
    assert "predictions has one position, where a filter is a single unit." in caption
    texts = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    assert {"block17", "predictions (units)"} <= set(texts)
    axes = {dots.get_gid(): axes for axes in figure.axes for dots in axes.collections if dots.get_gid()}
    assert axes["block17"].get_yscale() == "linear"


@pytest.mark.parametrize(("stimuli", "images"), [(2, 3), (6, 3), (7, 2), (10, 1), (15, 1), (40, 1)])
def test_maps_of_many_stimuli_are_of_fewer_images(stimuli, images):
    from repscape.figures import activation_maps as maps

    assert maps.how_many(stimuli) == images
    assert maps.room(stimuli) / (stimuli * images) >= maps.NARROWEST or images == 1


def test_bars_are_of_layers_but_the_predictions(results, inputs):
    files = inputs(results(stimuli=STIMULI, layers=LAYERS).study, "activation_bars")["activations"]
    assert [path.split("/")[-1] for path in files] == ["input.nc", "block17.nc", "fc1.nc"]


@pytest.mark.parametrize(
    ("value", "text"), [(4e-6, "4·10⁻⁶"), (1e-5, "10⁻⁵"), (-2.5e7, "−2.5·10⁷"), (0.25, "0.25"), (-3, "−3")]
)
def test_numbers_have_powers_of_ten(value, text):
    assert captions.plain(value) == text


def test_filter_means_of_one_position_are_called_units(made, draw):
    figure, caption = draw(made, "filter_means", stimulus="pictures", layer="predictions")
    assert "Activations in predictions of mobilenet_v2" in caption
    assert "each of the 1,000 units, not normalised" in caption
    texts = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    assert "predictions, pictures" in texts
    assert not [text for text in texts if "filter" in text or "mean" in text]
    _, caption = draw(made, "filter_heatmaps", layers=["block2", "predictions"])
    assert "predictions has one position, where a filter is a single unit." in caption


def test_heatmaps_are_z_scored_over_all_stimuli_on_one_scale(made, draw):
    figure, caption = draw(made, "filter_heatmaps", layers=["block2", "predictions"], ranked=False)
    shown = images(figure)
    assert list(shown) == [f"{s}/{layer}" for layer in ("block2", "predictions") for s in STIMULI]
    for layer in ("block2", "predictions"):
        means = {stimulus: answers(made, stimulus, layer, "filter_means") for stimulus in STIMULI}
        values = np.concatenate([m.ravel() for m in means.values()])
        mean, sd = values.sum() / len(values), np.sqrt(((values - values.mean()) ** 2).sum() / len(values))
        for stimulus in STIMULI:
            z = (means[stimulus] - mean) / sd
            if layer == "predictions":  # 1,000 filters in 250 columns
                z = z.reshape(len(z), 250, 4).mean(2)
            np.testing.assert_allclose(shown[f"{stimulus}/{layer}"].get_array(), z, atol=1e-6)
    assert {image.get_clim() for image in shown.values()} == {(-3, 3)}
    assert "Of more than 256 filters, neighbours are averaged (predictions)" in caption
    ranked, _ = draw(made, "filter_heatmaps", layers=["block2"])
    each = [images(ranked)[f"{stimulus}/block2"].get_array() for stimulus in STIMULI]
    assert (np.diff(np.concatenate(each).mean(0)) <= 0).all()


def test_predictions_are_shown_for_the_classes_that_stimuli_choose_in_turn(made, draw):
    figure, caption = draw(made, "prediction_heatmap", classes=8, population="all")
    left = {stimulus: answers(made, stimulus, "predictions", "all").mean(0) for stimulus in STIMULI}
    expected = {stimulus: [] for stimulus in STIMULI}
    for turn in range(8):
        stimulus = STIMULI[turn % 3]
        best = int(np.argmax(left[stimulus]))
        expected[stimulus].append(best)
        for means in left.values():
            means[best] = -1
    expected = [best for own in expected.values() for best in own]
    labels = sorted(
        (t for t in figure.axes[0].texts if t.get_rotation() == 90), key=lambda t: t.get_position()
    )
    assert [label.get_text() for label in labels] == [f"class number {c}" for c in expected] + [
        "all other classes"
    ]
    for stimulus in STIMULI:
        shown, others = (images(figure)[f"{stimulus}/{part}"] for part in ("classes", "others"))
        probabilities = answers(made, stimulus, "predictions", "all")
        np.testing.assert_allclose(shown.get_array(), probabilities[:, expected], rtol=1e-6)
        total = shown.get_array().sum(1) + others.get_array()[:, 0]
        np.testing.assert_allclose(total, 1, atol=1e-5)
        assert (shown.norm.vmin, shown.norm.vmax) == (0, 1)
    assert "8 of its 1,000 classes" in caption


def test_maps_are_a_filter_s_activations_where_they_belong(made, draw):
    chosen = {"block2": [2, 0], "block19": [2]}
    figure, caption = draw(made, "activation_maps", filters=chosen, images=[1, 4], population="maps")
    shown = images(figure)
    right = max(image.get_extent()[1] for image in shown.values())
    assert right < figure.axes[0].get_xlim()[1] < right + 2  # no empty page beside a few filters
    for layer, filters in chosen.items():
        for channel in filters:
            limits = set()
            for stimulus in STIMULI:
                recording = opened(made, "activations", stimulus=stimulus, layer=layer, population="all")
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
    assert "3 filters (columns)" in caption
    assert "block2: 6 × 6" in caption


def test_by_default_the_most_variable_filter_of_each_layer_with_maps_is_shown(made, draw):
    figure, caption = draw(made, "activation_maps", images=2, population="all")
    found = {tuple(gid.split("/")[2:]) for gid in images(figure) if gid.count("/") == 3}
    expected = set()
    for layer, (_, height, _) in zip(LAYERS, made.shapes, strict=True):
        if layer == "input" or height == 1:
            continue
        maps = [
            answers(made, stimulus, layer, "all")[[0, made.images[stimulus] - 1]].reshape(2, -1, 36)
            for stimulus in STIMULI
        ]
        expected.add((layer, str(np.argmax(np.concatenate(maps).std(axis=(0, 2))))))
    assert found == expected
    assert "largest SD" in caption


def test_images_are_cropped_to_what_the_network_is_shown():
    pixels = np.arange(32 * 64).reshape(32, 64)
    assert seen(pixels, '{"resize": 256, "crop": null}').shape == (32, 64)
    # shorter side 32 to 256: 512 wide; 224 of 256 rows and of 512 columns
    np.testing.assert_array_equal(seen(pixels, '{"resize": 256, "crop": 224}'), pixels[2:30, 18:46])
    np.testing.assert_array_equal(seen(pixels, '{"resize": [16, 16], "crop": [16, 8]}'), pixels[:, 16:48])
    np.testing.assert_array_equal(seen(pixels, '{"resize": null, "crop": 100}'), pixels)


# Mistakes


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("activation_bars", {"source": "vgg"}, "source: 'vgg' is unknown"),
        ("activation_bars", {"stimulus": "cats"}, "stimulus: 'cats' is unknown"),
        ("activation_bars", {"layers": ["blok2"]}, "layers: 'blok2' is unknown; did you mean 'block2'"),
        ("activation_bars", {"size": 7}, "size: '7' is unknown"),
        ("pair_distances", {"stimuli": ["cats"]}, "stimuli: 'cats' is unknown"),
        ("pair_distances", {"metric": "cosine"}, "metric: 'cosine' is unknown"),
        ("filter_means", {"layer": "conv"}, "layer: 'conv' is unknown"),
        (
            "filter_means",
            {"population": "random"},
            r"population: 'random' \(kind: random\) does not record filter means.*Choose filter_means",
        ),
        ("filter_profiles", {"population": "rnd"}, "population: 'rnd' is unknown"),
        ("filter_heatmaps", {"stimuli": []}, "stimuli: the list is empty"),
        ("prediction_heatmap", {"source": "vgg"}, "source: 'vgg' is unknown"),
        ("prediction_heatmap", {"population": "maps"}, "population: 'maps' .* does not record all classes"),
        ("activation_maps", {"filters": {"conv": [0]}}, "filters: 'conv' is unknown"),
        (
            "activation_maps",
            {"filters": {"block2": list(range(10))}, "population": "all"},
            "filters: expected at most 9, found 10",
        ),
        (
            "activation_maps",
            {"filters": {"block2": [0, 5]}, "population": "maps"},
            "filters: the population 'maps' does not record filter 5 of 'block2'.*populations.maps.channels",
        ),
        ("activation_maps", {"population": "filter_means"}, "does not record whole maps"),
    ],
)
def test_a_figure_that_cannot_be_is_told_when_the_plan_is_made(results, name, parameters, message, inputs):
    with pytest.raises(ConfigError, match=message):
        inputs(results(layers=LAYERS).study, name, **parameters)


def test_a_filter_that_a_layer_does_not_have_is_told_when_the_plan_is_made(results, inputs):
    study = results(layers=LAYERS).study
    study.config["networks"]["mobilenet_v2"]["architecture"] = "mobilenet_v2"
    study.labels["mobilenet_v2"] = {layer: layer for layer in LAYERS} | {"block2": "block19"}
    inputs(study, "activation_maps", filters={"block2": [1279]}, population="all")
    with pytest.raises(
        ConfigError,
        match="'block2' of 'mobilenet_v2' has 1280 filters, numbered 0 to 1279; there is no filter 1280",
    ):
        inputs(study, "activation_maps", filters={"block2": [3, 1280]}, population="all")


def test_a_source_is_asked_only_for_what_it_is_shown(results, inputs):
    study = results(layers=LAYERS).study
    study.shown["mobilenet_v2"] = ("pictures",)
    study.drawn["mobilenet_v2"] = {"random": ("200",)}
    asking = ("pair_distances", "rdm_gallery", "filter_means", "filter_heatmaps", "activation_maps")
    for name in ("activation_bars", *asking):
        for paths in inputs(study, name).values():
            for path in [paths] if isinstance(paths, str) else paths:
                assert "pictures" in path or "n200" in path
    with pytest.raises(ConfigError, match=r"stimulus: 'bikes' is unknown\. Valid: pictures"):
        inputs(study, "filter_profiles", stimulus="bikes")


@pytest.mark.parametrize("name", ["filter_profiles", "filter_heatmaps"])
def test_more_layers_than_can_be_seen_are_refused(results, name, inputs):
    study = results(layers=("input", *(f"conv{i}" for i in range(29)))).study
    with pytest.raises(ConfigError, match=r"layers: expected at most \d+, found 30"):
        inputs(study, name, layers=list(study.layers["mobilenet_v2"]))
    inputs(study, name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("filter_means", r"records filter means .*Add one .*\{filter_means: \{kind: filter_means\}\}"),
        ("filter_profiles", "records filter means"),
        ("filter_heatmaps", "records filter means"),
        ("prediction_heatmap", "records all classes.*Add one"),
        ("activation_maps", r"records whole maps of filters. Add one .*\{all: \{kind: all\}\}"),
    ],
)
def test_the_population_to_add_is_named(results, name, message, inputs):
    study = results(layers=LAYERS).study
    study.config["populations"] = {"top": {"kind": "top", "units": 5}}
    with pytest.raises(ConfigError, match=message):
        inputs(study, name)


def test_the_smallest_population_that_will_do_is_taken(results, inputs):
    study = results(layers=LAYERS).study
    (path,) = inputs(study, "prediction_heatmap", stimuli=["bikes"])["activations"]
    assert "/filter_means/" in path
    (path, *_) = inputs(study, "activation_maps")["activations"]
    assert "/maps/" in path
    study.config["populations"] = {
        "few": {"kind": "random", "units": 10},
        "many": {"kind": "random", "units": 9999},
    }
    (path,) = inputs(study, "prediction_heatmap", stimuli=["bikes"])["activations"]
    assert "/many/" in path


def test_prediction_heatmaps_need_a_network_that_classifies(results, inputs):
    with pytest.raises(ConfigError, match="no network of the study records its layer 'predictions'"):
        inputs(results(layers=("input", "block1")).study, "prediction_heatmap")


def test_images_that_a_stimulus_does_not_have_are_told(made, draw):
    with pytest.raises(
        DataError, match=r"images: the stimulus 'pictures' has 20 images, numbered 0 to 19; .* 25"
    ):
        draw(made, "activation_maps", images=[0, 25])


def test_activations_of_other_images_are_refused(made, draw):
    made.stimulus_files("{}-{}")
    for name in ("activation_bars", "filter_means", "filter_profiles", "activation_maps"):
        with pytest.raises(DataError, match="do not describe the same images"):
            draw(made, name)


def test_a_population_without_all_classes_is_told(made, draw):
    with pytest.raises(DataError, match=r"expected all 1000 classes, found 400\. Set 'population'"):
        draw(made, "prediction_heatmap", population="random")


def test_maps_with_holes_and_filters_that_are_not_there_are_told(made, draw):
    with pytest.raises(DataError, match="holds 0 of the 36 positions of filter 999 of 'block2'"):
        draw(made, "activation_maps", filters={"block2": [999]}, population="all")


@pytest.mark.parametrize(
    "name",
    ["activation_bars", "filter_heatmaps", "prediction_heatmap", "activation_maps"],
)
def test_a_stimulus_keeps_its_colour(made, draw, name):
    from matplotlib.colors import to_hex

    figure, _ = draw(made, name)
    faces = {to_hex(patch.get_facecolor()).upper() for axes in figure.axes for patch in axes.patches}
    assert made.style.colour("bikes") in faces
