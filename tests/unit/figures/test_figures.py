"""What the figures show is what was measured; they are legible and explain themselves."""

import docutils.core
import docutils.utils
import netCDF4
import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import squareform

from repscape.core.errors import ConfigError, DataError
from repscape.figures.differentiation_by_depth import DifferentiationByDepth
from repscape.figures.layer_table import cells
from repscape.figures.lib import captions
from repscape.figures.lib.millimetre_page import colour_scale, page
from repscape.figures.lib.render import render
from repscape.figures.lib.style import settings
from repscape.figures.sampling_error import factor, ratio_error
from repscape.plugin import registry

LONG = tuple(f"{i:02d}_mousecam-with_a_rather_long_name-{i}.mp4" for i in range(11))
SMALL = ("input", "block1", "block2", "block17", "fc1", "predictions")
MANY = ("input", *(f"features.{i}.denseblock{i}.denselayer{i}.conv" for i in range(153)), "predictions")


def lines(figure):
    """The lines of a figure that have an identifier, by it."""
    found = {}
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_gid():
                found.setdefault(line.get_gid(), line)
    return found


def images(figure):
    return {image.get_gid(): image for axes in figure.axes for image in axes.images if image.get_gid()}


def table(results):
    path = results.root / results.study.path("analysis", analysis="differentiation")
    with xr.open_dataset(path) as data:
        return data.load()


# What is drawn is what was measured


@pytest.mark.parametrize("normalised", [False, True])
def test_differentiation_is_the_mean_over_draws_with_a_band_of_one_sd(results, draw, normalised):
    made = results(layers=SMALL).differentiation()
    figure, _ = draw(made, "differentiation_by_depth", normalised=normalised)
    data = table(made)["normalised" if normalised else "differentiation"]
    data = data.sel(source="mobilenet_v2", metric="sqeuclidean", population="random")
    drawn = lines(figure)
    assert len(drawn) == (5 if normalised else 6) * 3
    for stimulus in set(made.stimuli) - ({"white_noise"} if normalised else set()):
        for size in ("200", "10000", "100000"):
            each = data.sel(stimulus=stimulus, size=size).values  # (layer, repeat)
            expected = [np.mean(row[np.isfinite(row)]) for row in each]
            np.testing.assert_allclose(drawn[f"mobilenet_v2/{stimulus}/{size}"].get_ydata(), expected)
    bands = figure.axes[0].collections
    # 100,000 units were drawn once: no band
    assert len(bands) == (5 if normalised else 6) * 2
    ordered = [s for s in made.stimuli if not (normalised and s == "white_noise")]
    for band, (stimulus, size) in zip(
        bands, [(s, z) for s in ordered for z in ("200", "10000")], strict=True
    ):
        drawn_band = np.concatenate([path.vertices for path in band.get_paths()])
        for layer, row in enumerate(data.sel(stimulus=stimulus, size=size).values):
            row = row[np.isfinite(row)]
            heights = drawn_band[np.isclose(drawn_band[:, 0], layer), 1]
            if len(row) == 1:  # all units were taken, once
                assert not heights.size
            else:
                mean, sd = row.mean(), np.sqrt(((row - row.mean()) ** 2).sum() / (len(row) - 1))
                assert heights.min() == pytest.approx(mean - sd)
                assert heights.max() == pytest.approx(mean + sd)


def test_what_could_not_be_measured_is_a_gap_and_is_said(results, draw):
    made = results(layers=SMALL).differentiation(degenerate=[("white_noise", "predictions")])
    figure, caption = draw(made, "differentiation_by_depth")
    assert np.isnan(lines(figure)["mobilenet_v2/white_noise/200"].get_ydata()[-1])
    assert np.isfinite(lines(figure)["mobilenet_v2/bikes/200"].get_ydata()).all()
    assert "Gaps: predictions (white_noise)" in caption
    _, normalised = draw(made, "differentiation_by_depth", normalised=True)
    assert "Gaps: predictions (all stimuli)" in normalised


def test_what_a_logarithmic_axis_cannot_show_is_said(results, draw):
    made = results(layers=SMALL).differentiation(zero=["bikes"])
    figure, caption = draw(made, "differentiation_by_depth", normalised=True)
    assert not [gid for gid in lines(figure) if "bikes" in gid]
    assert "bikes" not in [text.get_text() for text in figure.legends[0].texts]
    assert "Not shown: bikes, whose D is 0" in caption
    assert "for 4 stimuli" in caption
    figure, caption = draw(made, "differentiation_by_depth")  # a linear axis has a place for 0
    assert "mobilenet_v2/bikes/200" in lines(figure)
    assert "Not shown" not in caption


def test_zero_in_some_layers_is_a_gap_of_a_logarithmic_axis(results, draw):
    made = results(layers=SMALL).differentiation()
    path = made.root / made.study.path("analysis", analysis="differentiation")
    with netCDF4.Dataset(path, "a") as file:
        for name in ("differentiation", "normalised"):
            values = file[name][:]
            values[:, made.stimuli.index("bikes"), SMALL.index("fc1")] *= 0
            file[name][:] = values
    figure, caption = draw(made, "differentiation_by_depth", normalised=True)
    assert "mobilenet_v2/bikes/200" in lines(figure)
    assert (
        "Gaps: fc1 (bikes), where activity was constant or the D of white_noise is 0 or D is not" in caption
    )


def test_a_logarithmic_axis_of_nothing_but_zeros_can_be_drawn(results, draw):
    made = results(layers=SMALL)
    made.differentiation(zero=set(made.stimuli) - {"white_noise"})
    figure, caption = draw(made, "differentiation_by_depth", normalised=True)
    assert_legible(figure, "differentiation_by_depth")
    assert "(all stimuli), where" in caption


def test_a_ratio_of_zeros_is_said(results, draw):
    made = results(layers=SMALL, sources=("mobilenet_v2", "mobilenet_v2_untrained"))
    made.differentiation(zero=["bikes"]).layer_tables()
    _, caption = draw(made, "trained_untrained")
    assert "**b** has gaps where D is not positive in a network: of bikes." in caption


def test_a_metric_population_and_size_can_be_chosen(results, draw):
    made = results(layers=SMALL).differentiation()
    figure, caption = draw(made, "differentiation_by_depth", metric="correlation", sizes=[10000])
    assert {gid.rsplit("/", 1)[1] for gid in lines(figure)} == {"10000"}
    data = table(made).differentiation.sel(source="mobilenet_v2", metric="correlation", population="random")
    expected = data.sel(stimulus="bikes", size="10000").mean("repeat")
    np.testing.assert_allclose(lines(figure)["mobilenet_v2/bikes/10000"].get_ydata(), expected)
    assert "correlation distance" in caption
    _, caption = draw(made, "differentiation_by_depth", population="filter_means")
    assert "all were used" in caption
    assert "SD" not in caption.replace("one SD per layer", "")


def test_a_source_has_a_panel_with_its_own_layers(results, draw):
    made = results(layers=SMALL, sources=("trained", "untrained")).differentiation()
    figure, caption = draw(made, "differentiation_by_depth")
    assert [axes.get_title("left") for axes in figure.axes] == ["trained", "untrained"]
    assert "trained and untrained, a panel a source" in caption


def test_sampling_error_is_the_coefficient_of_variation(results, draw):
    made = results(layers=SMALL).differentiation().population()
    figure, _ = draw(made, "sampling_error")
    data = table(made).differentiation.sel(source="mobilenet_v2", metric="sqeuclidean", population="random")
    each = data.sel(stimulus="bikes", size="200").values
    expected = 100 * each.std(axis=1, ddof=1) / each.mean(axis=1)
    np.testing.assert_allclose(lines(figure)["mobilenet_v2/bikes/200"].get_ydata(), expected)
    assert "mobilenet_v2/bikes/100000" not in lines(figure)  # drawn once


def test_sampling_error_is_compared_with_what_sampling_theory_expects(results, draw):
    made = results(layers=SMALL).differentiation().population()
    figure, caption = draw(made, "sampling_error")
    points = lines(figure)["bikes"]
    data = table(made).differentiation.sel(source="mobilenet_v2", metric="sqeuclidean", population="random")
    each = data.sel(stimulus="bikes", layer="input").values  # (size, repeat); 100,000 units were recorded
    n, cv = np.array([200, 10_000]), np.array([np.nanstd(row, ddof=1) / np.nanmean(row) for row in each[:2]])
    law = np.sqrt((1 - n / 100_000) / n)
    at = SMALL.index("input")
    assert points.get_xdata()[at] == pytest.approx(100 * cv[0] * law[1] / law[0])
    assert points.get_ydata()[at] == pytest.approx(100 * cv[1])
    assert "N = 1,000 to 100,000" in caption


def test_sampling_error_leaves_out_what_is_a_percentage_of_nothing(results, draw):
    made = (
        results(layers=SMALL).differentiation(zero=["bikes"], degenerate=[("pictures", "fc1")]).population()
    )
    figure, caption = draw(made, "sampling_error")
    drawn = lines(figure)
    assert not [gid for gid in drawn if gid and "bikes" in gid]
    assert "bikes" not in [text.get_text() for text in figure.legends[0].texts]
    assert "Not shown: bikes, whose D is 0 or undefined in every layer" in caption
    assert "for 5 stimuli (30 images each; pictures: 20)" in caption
    assert "Gaps: fc1 (pictures), where D is 0, or undefined because activity was constant." in caption
    # By size, a layer is the root mean square over the stimuli that have a value there.
    data = table(made).differentiation.sel(source="mobilenet_v2", metric="sqeuclidean", population="random")
    each = data.sel(
        layer="fc1", size="200", stimulus=[s for s in made.stimuli if s not in ("bikes", "pictures")]
    )
    variation = [100 * np.std(row, ddof=1) / np.mean(row) for row in each.values]
    expected = np.sqrt(sum(v**2 for v in variation) / len(variation))
    assert drawn["fc1"].get_ydata()[0] == pytest.approx(expected)


def test_sampling_error_of_nothing_but_zeros_can_be_drawn(results, draw):
    made = results(layers=SMALL)
    figure, caption = draw(made.differentiation(zero=made.stimuli).population(), "sampling_error")
    assert "all stimuli), where D is 0" in caption
    assert "Not shown" not in caption
    assert_nothing_varies(figure)


def test_sampling_error_of_layers_smaller_than_all_samples_can_be_drawn(results, draw, monkeypatch):
    made = results(layers=SMALL)
    monkeypatch.setattr(made, "units", lambda population="random": [100] * len(SMALL))
    figure, caption = draw(made.differentiation().population(), "sampling_error")
    assert "N = 100 recorded units; where n reaches N there is one draw and no error" in caption
    assert_nothing_varies(figure)


def assert_nothing_varies(figure):
    """Whether a figure of sampling error says so, without an axis or a legend."""
    assert_legible(figure, "sampling_error")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == [
        "nothing to show: in no layer does D vary over draws of units"
    ]
    assert not figure.legends
    assert not len(axes.get_yticks())


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (
            "random",
            "200 were drawn at random 100 times, 10,000 10 times and 100,000 once; of a layer with fewer, "
            "all, once.",
        ),
        ("equal", "200 were drawn at random, equally many from each channel, 100 times, 10,000 10 times"),
        (
            "ranked",
            "200 were taken in their order of rank, the largest response first, 10,000 and 100,000; of a "
            "layer with fewer, all, once.",
        ),
    ],
)
def test_captions_say_how_units_were_drawn(results, draw, how, words):
    made = results(layers=SMALL).differentiation(how=how).analyse("sd_cd")
    _, caption = draw(made, "differentiation_by_depth")
    recorded = "Of up to 100,000 units of each layer, recorded at random (population ``random``)"
    assert f"{recorded}, {words}" in caption
    words = {
        "random": "were drawn at random 10 times",
        "equal": "were drawn at random, equally many from each channel, 10 times",
        "ranked": "were taken in their order of rank, the largest response first",
    }[how]
    for name in ("sd_cd_scatter", "sd_cd_r2_by_depth"):
        _, caption = draw(made, name, size=10000)
        assert f"{recorded}, 10,000 {words}; of a layer with fewer, all, once." in caption


def test_the_standard_error_of_a_sample_mean():
    units = np.random.default_rng(1).normal(size=50)
    draws = [np.random.default_rng(i).choice(units, 20, replace=False).mean() for i in range(20_000)]
    expected = np.std(units, ddof=1) * factor(np.array(20), np.array(50))
    assert np.std(draws) == pytest.approx(expected, rel=0.02)


def test_the_error_of_a_ratio_of_standard_deviations():
    random = np.random.default_rng(2)
    first = random.normal(size=(20_000, 100)).std(axis=1, ddof=1)
    second = random.normal(size=(20_000, 20)).std(axis=1, ddof=1)
    expected = ratio_error(np.array([100, 20]).reshape(1, 2, 1))
    assert np.log(first / second).std() == pytest.approx(expected, rel=0.03)


def test_rdms_are_the_files_square_and_symmetric(results, draw):
    made = results(layers=SMALL).rdms(degenerate=[("white_noise", "predictions")])
    figure, caption = draw(made, "rdm_gallery", size=200, metric="correlation")
    shown = images(figure)
    assert len(shown) == 6 * 6
    keys = {"source": "mobilenet_v2", "population": "random", "size": 200}
    highest = {}
    for stimulus in made.stimuli:
        for layer in SMALL:
            path = made.root / made.study.path("rdm", stimulus=stimulus, layer=layer, **keys)
            with xr.open_dataset(path) as rdm:
                expected = squareform(rdm.dissimilarity.values[1].mean(axis=0), checks=False)
            image = shown[f"{stimulus}/{layer}"].get_array()
            if (stimulus, layer) == ("white_noise", "predictions"):
                assert np.ma.getmaskarray(image).all()
            else:
                np.testing.assert_allclose(image, expected, rtol=1e-6)
                highest[layer] = max(highest.get(layer, 0), expected.max())
    for layer in SMALL:  # a scale a layer, the same for every stimulus, from 0
        limits = {shown[f"{stimulus}/{layer}"].get_clim() for stimulus in made.stimuli}
        assert len(limits) == 1
        np.testing.assert_allclose(limits.pop(), (0, highest[layer]), rtol=1e-6)
    assert "Grey: undefined, because activity was constant: predictions (white_noise)" in caption
    assert "200 were drawn at random 3 times" in caption
    assert "The RDMs of all draws were averaged." in caption


def test_the_gallery_begins_with_the_input_and_ends_with_the_output(results, draw):
    made = results(stimuli=("bikes", "white_noise"), layers=("input", *"abcdefghijk", "predictions")).rdms()
    figure, _ = draw(made, "rdm_gallery")
    layers = list(dict.fromkeys(gid.split("/")[1] for gid in images(figure)))
    assert len(layers) == 6
    assert (layers[0], layers[-1]) == ("input", "predictions")


def test_predictions_stand_under_their_own_images(results, draw):
    made = results().stimulus_files().predictions()
    figure, caption = draw(made, "predicted_labels", stimuli=["carphone", "pictures"], images=4, top=2)
    path = made.root / made.study.path("stimulus", stimulus="pictures")
    with xr.open_dataset(path) as stimulus:
        pixels = stimulus.images.values
    chosen = [0, 6, 12, 19]  # of 20, evenly
    shown = images(figure)
    assert [gid for gid in shown if gid.startswith("pictures")] == [f"pictures/{i}" for i in chosen]
    with xr.open_dataset(made.root / made.study.path("analysis", analysis="predictions")) as predictions:
        found = predictions.sel(source="mobilenet_v2", stimulus="pictures").load()
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    for i in chosen:
        image = shown[f"pictures/{i}"]
        np.testing.assert_array_equal(image.get_array(), pixels[i])
        left, _, bottom, _ = image.get_extent()
        beneath = [
            t for t in texts if 0 <= t.get_position()[0] - left < 1 and 0 < t.get_position()[1] - bottom < 3
        ]
        expected = f"{float(found.probability[i, 0]):.2f} {found.label.values[i, 0]}"
        first = min(beneath, key=lambda text: text.get_position()[1]).get_text()
        assert expected.startswith(first.removesuffix("…").rstrip())
    assert "4 evenly spaced images" in caption
    assert "2 most probable classes" in caption


def test_predictions_of_other_images_are_refused(results, draw):
    made = results().stimulus_files("{}-{}").predictions()
    with pytest.raises(DataError, match=r"do not describe the same images.*image 0 is"):
        draw(made, "predicted_labels")


def test_preprocessing_shows_each_step_on_an_honest_scale(results, draw):
    made = results().preprocessing()
    figure, caption = draw(made, "preprocessing_gallery")
    path = made.root / made.study.path("analysis", analysis="preprocessing")
    shown = images(figure)
    assert len(shown) == 6 * 6
    with xr.open_dataset(path, group="mobilenet_v2/bikes") as steps:
        for name, step in (("original", "original"), ("resized", "resized"), ("cropped", "rgb")):
            np.testing.assert_array_equal(shown[f"bikes/{name}"].get_array(), steps[step].values)
        for place, channel in enumerate("RGB"):
            image = shown[f"bikes/normalised {channel}"]
            np.testing.assert_allclose(image.get_array(), steps.normalised.values[place])
    # the whitest blue is the farthest from the mean that a pixel can be
    limits = {image.get_clim() for gid, image in shown.items() if "normalised" in gid}
    assert len(limits) == 1
    np.testing.assert_allclose(limits.pop(), np.array([-1, 1]) * (1 - 0.406) / 0.225)
    assert "shorter side of 232 pixels" in caption
    assert "central 224 × 224 pixels" in caption


def test_the_layer_table_finds_layers_by_block_and_label(results, draw):
    made = results(layers=("input", "block1", "conv2", "block3")).layer_tables()
    with xr.open_dataset(made.root / made.study.path("layers", source="mobilenet_v2")) as layers:
        recorded = {"block3": 7, "conv2": 8, "input": 9, "block1": 10}
        rows = cells(layers.load(), {layer: (layer, units) for layer, units in recorded.items()})
    # conv1, relu1 = block1, conv2, relu2 = block2, conv3, relu3 = block3; a convolution has 10 + i parameters
    assert [row[:3] for row in rows] == [
        ("input", "input", "input"),
        ("block1", "features.1", "relu"),
        ("conv2", "features.2", "conv"),
        ("block3", "features.5", "relu"),
    ]
    assert [row[5] for row in rows] == ["9", "10", "8", "7"]
    assert [row[6] for row in rows] == ["–", "10", "12", "14"]
    assert rows[1][3:5] == ("32 × 28 × 28", "25,088")
    assert rows[-1][7:] == ("–", "–")


def test_a_stimulus_has_the_same_colour_everywhere(results, draw):
    made = results(layers=SMALL).differentiation().population().rdms().stimulus_files().predictions()
    colours = made.style.colours
    for name in ("differentiation_by_depth", "sampling_error"):
        figure, _ = draw(made, name)
        for gid, line in lines(figure).items():
            if gid.count("/") == 2:
                assert line.get_color() == colours[gid.split("/")[1]]
        (legend,) = figure.legends
        keyed = {
            text.get_text(): handle
            for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)
            if text.get_text()
        }
        for stimulus, colour in colours.items():
            assert keyed[stimulus].get_color() == colour
    for name in ("rdm_gallery", "predicted_labels"):
        figure, _ = draw(made, name)
        bars = [patch for patch in figure.axes[0].patches if patch.get_width() == 1 and patch.get_x() < 28]
        shown = [matplotlib_hex(bar.get_facecolor()) for bar in bars]
        assert shown == list(colours.values())


def matplotlib_hex(colour):
    from matplotlib.colors import to_hex

    return to_hex(colour).upper()


# Mistakes in the config


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("differentiation_by_depth", {"metric": "correlaton"}, "metric: .*did you mean 'correlation'"),
        (
            "differentiation_by_depth",
            {"population": "rnd"},
            "population: 'rnd' is unknown.*filter_means, random",
        ),
        (
            "differentiation_by_depth",
            {"sizes": [200, 300]},
            "sizes: '300' is unknown.*Valid: 200, 10000, 100000",
        ),
        ("differentiation_by_depth", {"sizes": []}, "sizes: the list is empty"),
        ("sampling_error", {"source": "vgg16"}, "source: 'vgg16' is unknown.*mobilenet_v2"),
        ("sampling_error", {"population": "filter_means"}, "drawn once at every size"),
        ("rdm_gallery", {"layers": ["input", "blok1"]}, "layers: 'blok1' is unknown; did you mean 'block1'"),
        ("rdm_gallery", {"layers": ["blok1"]}, "predictions. These are layers of 'mobilenet_v2'; the key"),
        ("unit_activity", {"show": "map", "filters": {"blok1": [0]}}, "layers of 'mobilenet_v2'"),
        ("rdm_gallery", {"size": 5}, "size: '5' is unknown"),
        ("rdm_gallery", {"metric": "cosine"}, "metric: 'cosine' is unknown"),
        ("rdm_gallery", {"source": "vgg16"}, "source: 'vgg16' is unknown"),
        ("predicted_labels", {"source": "vgg16"}, "source: 'vgg16' is unknown"),
        ("predicted_labels", {"stimuli": ["cats"]}, "stimuli: 'cats' is unknown.*pictures"),
        ("preprocessing_gallery", {"source": "vgg16"}, "source: 'vgg16' is unknown"),
        ("preprocessing_gallery", {"stimuli": ["cats"]}, "stimuli: 'cats' is unknown"),
        ("layer_table", {"source": "vgg16"}, "source: 'vgg16' is unknown"),
        ("layer_table", {"population": "rnd"}, "population: 'rnd' is unknown"),
    ],
)
def test_an_unknown_name_is_told_when_the_plan_is_made(results, name, parameters, message, inputs):
    with pytest.raises(ConfigError, match=message):
        inputs(results(layers=SMALL).study, name, **parameters)


def test_normalising_needs_a_reference_and_something_to_compare(results, inputs):
    with pytest.raises(ConfigError, match="no reference stimulus"):
        inputs(results(reference=None).study, "differentiation_by_depth", normalised=True)
    with pytest.raises(ConfigError, match="only stimulus"):
        inputs(results(stimuli=("white_noise",)).study, "differentiation_by_depth", normalised=True)


def test_predictions_need_a_network_that_classifies(results, inputs):
    with pytest.raises(ConfigError, match="no network of the study records its layer 'predictions'"):
        inputs(results(layers=("input", "block1")).study, "predicted_labels")


# Legible, explained, reproducible


STUDIES = {
    "default": {},
    "one stimulus": {"stimuli": ("white_noise",), "layers": SMALL},
    "twelve with long names, two sources": {
        "stimuli": (*LONG, "white_noise"),
        "sources": ("mobilenet_v2", "mobilenet_v2_untrained"),
        "layers": SMALL,
    },
    "many layers": {"stimuli": ("bikes", "white_noise"), "layers": MANY},
}
FIGURES = [
    ("differentiation_by_depth", {}),
    ("differentiation_by_depth", {"normalised": True}),
    ("differentiation_by_depth", {"population": "filter_means", "metric": "correlation"}),
    ("sampling_error", {}),
    ("rdm_gallery", {}),
    ("predicted_labels", {"images": 6, "top": 3}),
    ("preprocessing_gallery", {}),
    ("layer_table", {}),
    ("differentiation_by_depth", {"band": "both"}),
    ("sd_cd_scatter", {}),
    ("sd_cd_r2_by_depth", {}),
    ("distances", {}),
    ("distances", {"by": "layer"}),
    ("distance_r2_by_depth", {}),
    ("ranking_table", {}),
    ("trained_untrained", {}),
    ("unit_activity", {"show": "bars", "images": 6}),
    ("pair_distances", {}),
    ("unit_activity", {"show": "histogram", "images": 4}),
    ("unit_activity", {"show": "profiles", "images": 6}),
    ("unit_activity", {"show": "heatmap"}),
    ("prediction_heatmap", {"classes": 50}),
    ("unit_activity", {"show": "map", "population": "maps"}),
]
NEED_RDMS = (
    "rdm_gallery",
    "pair_distances",
    "distances",
    "distance_r2_by_depth",
    "ranking_table",
)


def outlines(figure):
    """The corners of every text that is seen, in pixels: {(text, where): (4, 2) array}."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    ticks = {
        text for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for text in labels_of(axis, True)
    }
    hidden = {
        text for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for text in labels_of(axis, False)
    }
    found = {}
    for text in figure.findobj(Text):
        unseen = text in hidden - ticks or not in_visible_axes(text)
        if unseen or not text.get_visible() or not text.get_text().strip():
            continue
        box = text.get_window_extent(renderer)
        corners = np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]])
        if text.get_rotation() == 45:  # set right-aligned from its anchor, whose box lies slanted
            text.set_rotation(0)
            flat = text.get_window_extent(renderer)
            text.set_rotation(45)
            x, y = text.get_transform().transform(text.get_position())
            half = flat.height / 2
            flat = np.array([[-flat.width, -half], [0, -half], [0, half], [-flat.width, half]])
            turn = np.sqrt(0.5) * np.array([[1, 1], [-1, 1]])
            corners = flat @ turn + [x, y]
        found[text] = corners
    return found


def labels_of(axis, seen):
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    return [
        label
        for tick in ticks
        for label in (tick.label1, tick.label2)
        if (low - slack <= tick.get_loc() <= high + slack and axis.axes.axison) == seen
    ]


def in_visible_axes(text):
    axes = text.axes
    return axes is None or axes.axison or text in axes.texts


def overlap(first, second):
    """How deep two convex outlines overlap, in pixels (separating axis theorem)."""
    depth = np.inf
    for corners in (first, second):
        for edge in np.diff(np.vstack([corners, corners[:1]]), axis=0):
            length = np.hypot(*edge)
            if length:
                normal = np.array([-edge[1], edge[0]]) / length
                a, b = first @ normal, second @ normal
                depth = min(depth, min(a.max(), b.max()) - max(a.min(), b.min()))
    return depth


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """Every study with all its files, made once."""
    made = {}

    def get(name, maker):
        if name not in made:
            root = tmp_path_factory.mktemp("study")
            study = maker(root, **STUDIES[name])
            layers = study.layers
            study.differentiation().population().stimulus_files().predictions().preprocessing().layer_tables()
            study.activations("filter_means", "maps", "random")
            if len(study.stimuli) > 2:
                study.analyse("sd_cd")
            if len(layers) < 30:
                samples, study.samples = study.samples, {"random": ("100000",)}
                study.rdms().analyse("distances", seed=0, permutations=19)
                study.analyse("image_bootstrap", seed=0, resamples=100).analyse("ranking")
                study.samples = samples
            made[name] = study
        return made[name]

    return get


@pytest.mark.parametrize(("name", "parameters"), FIGURES)
@pytest.mark.parametrize("kind", STUDIES)
def test_texts_neither_overlap_nor_leave_the_page(studies, results_class, draw, kind, name, parameters):
    if (
        (kind, parameters.get("normalised")) == ("one stimulus", True)
        or (kind == "many layers" and (name in NEED_RDMS or "band" in parameters))
        or (len(STUDIES[kind].get("stimuli", "abc")) < 3 and name.startswith("sd_cd"))
        or ("sources" not in STUDIES[kind] and name == "trained_untrained")
    ):
        pytest.skip("there is no such figure")
    figure, caption = draw(studies(kind, results_class), name, **parameters)
    assert_legible(figure, parameters.get("show", name))
    assert_plain_restructured_text(caption)
    assert caption.endswith(".")


@pytest.mark.parametrize(
    ("name", "parameters", "stimuli"),
    [
        ("sd_cd_scatter", {}, LONG[:3]),
        ("sd_cd_r2_by_depth", {}, LONG[:3]),
        ("distance_r2_by_depth", {}, LONG[:2]),
        ("distances", {"by": "layer"}, LONG[:2]),
        ("distances", {}, LONG[:2]),
        ("ranking_table", {}, LONG[:2]),
    ],
)
def test_figures_of_many_layers_are_legible(results, draw, name, parameters, stimuli):
    made = results(stimuli=stimuli, layers=MANY).differentiation()
    if name.startswith("sd_cd"):
        made.analyse("sd_cd")
    else:
        made.images = dict.fromkeys(stimuli, 4)
        made.samples = {"random": ("100000",)}
        made.rdms()
        if name.startswith("distance"):
            made.analyse("distances", seed=0, permutations=19)
        else:
            made.analyse("image_bootstrap", seed=0, resamples=100).analyse("ranking")
    figure, caption = draw(made, name, **parameters)
    assert_legible(figure, name)
    assert_plain_restructured_text(caption)


def assert_legible(figure, name):
    with settings():
        seen = outlines(figure)
    width, height = figure.bbox.size
    assert width == pytest.approx(180 / 25.4 * figure.dpi) or name in ("rdm_gallery", "map")
    for text, corners in seen.items():
        outside = max(-corners.min(), (corners - [width, height]).max())
        assert outside < 1, f"'{text.get_text()}' leaves the page by {outside:.1f} pixels"
    texts, corners = list(seen), np.array(list(seen.values()))
    low, high = corners.min(1), corners.max(1)
    near = ((low[:, None] < high) & (high[:, None] > low)).all(2)
    for a, b in zip(*np.nonzero(np.triu(near, 1)), strict=True):
        message = f"'{texts[a].get_text()}' and '{texts[b].get_text()}' overlap"
        assert overlap(corners[a], corners[b]) < 1.5, message
    assert min(text.get_fontsize() for text in seen) >= 5.5


def assert_plain_restructured_text(text):
    document = docutils.core.publish_doctree(
        text, settings_overrides={"report_level": 1, "halt_level": 5, "warning_stream": False}
    )
    messages = [
        node.astext() for node in document.findall() if node.tagname in ("system_message", "problematic")
    ]
    assert not messages, text
    assert [node.tagname for node in document.children] == ["paragraph"]


def test_legends_of_many_stimuli_fit_the_page(results, draw):
    stimuli = (*(f"movie{i}" for i in range(19)), "white_noise")
    made = results(stimuli=stimuli, layers=SMALL)
    made.images = dict.fromkeys(stimuli, 30)
    made.differentiation().analyse("sd_cd")
    for name, parameters in (
        ("differentiation_by_depth", {"normalised": True, "sizes": [200]}),
        ("sd_cd_scatter", {}),
    ):
        figure, _ = draw(made, name, **parameters)
        assert_legible(figure, name)


def test_numbers_of_a_narrow_colour_scale_stand_apart():
    with settings():
        fig, axes = page(20, 90)
        place = colour_scale(axes, 20, 5, 9, "viridis", 0, 0.0076, 2)
        fig.draw_without_rendering()
        zero, other = (label.get_window_extent() for label in place.get_xticklabels())
    assert other.x0 - zero.x1 > 0.6 / 25.4 * fig.dpi  # 0.6 mm


def test_a_gallery_of_many_stimuli_names_its_columns_in_full(results, draw):
    stimuli = tuple(f"movie{i}" for i in range(20))
    made = results(stimuli=stimuli, layers=SMALL, reference=None)
    made.samples, made.images = {"random": ("200",)}, dict.fromkeys(stimuli, 4)
    made.rdms(degenerate=[(stimulus, "fc1") for stimulus in stimuli])
    figure, caption = draw(made, "rdm_gallery")
    assert_legible(figure, "rdm_gallery")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert set(SMALL) <= set(texts)
    assert figure.bbox.height <= 240 / 25.4 * figure.dpi + 1e-6
    assert len(figure.axes) == 1 + len(SMALL) - 1  # of what is undefined there is no colour scale
    assert "constant: fc1 (all stimuli)." in caption


@pytest.mark.parametrize(
    "name",
    ["a*b*c", "`x`_", "end_", "|sub|", "back\\slash", "*", "http_", "näme", "a__", "x_y_z", "Crock_ Pot"],
)
def test_any_name_can_stand_in_a_caption(name):
    document = docutils.core.publish_doctree(
        f"From {captions.escape(name)}, to ({captions.escape(name)}).",
        settings_overrides={"report_level": 1, "warning_stream": False},
    )
    assert document.astext() == f"From {name}, to ({name})."


def test_captions_say_what_numbers_of_classes_are(results, draw):
    made = results(stimuli=("bikes", "white_noise"), layers=SMALL).stimulus_files().predictions()
    said = "A class without a name goes by its number in the network's output, from 0."
    assert said not in draw(made, "predicted_labels")[1]
    path = made.root / made.study.path("analysis", analysis="predictions")
    with netCDF4.Dataset(path, "a") as file:
        labels = file["label"][:]
        labels[:, :, 0, 0] = "557"  # of the first image, which is shown
        file["label"][:] = labels
    figure, caption = draw(made, "predicted_labels")
    assert said in caption
    words = [text.get_text() for text in figure.axes[0].texts]
    assert [text for text in words if text.endswith(" class 557")]
    made.layer_tables().activations("filter_means")
    said = "Classes have no names and go by their numbers in the output, from 0."
    assert said not in draw(made, "prediction_heatmap", classes=4)[1]
    path = made.root / made.study.path("layers", source="mobilenet_v2")
    with netCDF4.Dataset(path, "a") as file:
        file.renameVariable("category", "other")
    assert said in draw(made, "prediction_heatmap", classes=4)[1]


def test_a_figure_is_rendered_whole_and_the_same_every_time(results, tmp_path):
    made = results(layers=SMALL).differentiation()
    plugin = DifferentiationByDepth()
    files = {key: str(made.root / path) for key, path in plugin.inputs(made.study).items()}
    for run in ("first", "second"):
        folder = tmp_path / run
        render(
            plugin,
            files,
            made.style.colours,
            svg=folder / "a.svg",
            png=folder / "a.png",
            caption=folder / "a.rst",
        )
    for name in ("a.svg", "a.png", "a.rst"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == ["a.png", "a.rst", "a.svg"]


def test_every_figure_says_its_group_in_the_report():
    for name in registry.names("figures"):
        assert registry.find("figures", name).category
