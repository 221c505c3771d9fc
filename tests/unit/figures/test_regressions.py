"""Figures of SD and CD, of distances, of ranks and of twins show what was computed."""

import netCDF4
import numpy as np
import pytest
import xarray as xr
from scipy.stats import linregress

from repscape.core.errors import ConfigError
from repscape.figures.ranking_table import decimals, interval, power

LAYERS = ("input", "block2", "block17", "fc1", "predictions")
STIMULI = ("bikes", "gratings", "pictures", "white_noise")


@pytest.fixture
def made(results):
    return results(stimuli=STIMULI, layers=LAYERS).differentiation().analyse("sd_cd")


@pytest.fixture
def pairs(results):
    study = results(stimuli=STIMULI, layers=LAYERS)
    study.images = dict.fromkeys(STIMULI, 8)
    study.samples = {"random": ("100000",)}
    return study.differentiation().rdms()


def read(made, analysis):
    with xr.open_dataset(made.root / made.study.path("analysis", analysis=analysis)) as data:
        return data.load().isel(source=0)


def lines(figure):
    return {line.get_gid(): line for axes in figure.axes for line in axes.lines if line.get_gid()}


def points(figure):
    return {dots.get_gid(): dots for axes in figure.axes for dots in axes.collections if dots.get_gid()}


def test_each_panel_has_its_own_regression_lines(made, draw):
    figure, caption = draw(made, "sd_cd_scatter")
    data = read(made, "differentiation")
    d = data.differentiation.sel(population="random", size="100000", metric="sqeuclidean", repeat=0)
    relative = d / d.sel(stimulus="white_noise")
    for variable, values in (("differentiation", d), ("normalised", relative)):
        for layer in LAYERS:
            x, y = values.sel(layer="input").values, values.sel(layer=layer).values
            fit = linregress(x, y)
            line = lines(figure)[f"{variable}/{layer}"]
            assert line.get_xdata()[[0, -1]] == pytest.approx([x.min(), x.max()])
            expected = fit.slope * line.get_xdata() + fit.intercept
            there = expected > 0
            np.testing.assert_allclose(line.get_ydata()[there], expected[there], rtol=1e-6)
        for stimulus in STIMULI:
            found = points(figure)[f"{variable}/{stimulus}"]
            own = values.sel(stimulus=stimulus)
            np.testing.assert_allclose(found.get_offsets()[:, 1], own.values)
            np.testing.assert_allclose(found.get_offsets()[:, 0], float(own.sel(layer="input")))
            np.testing.assert_allclose(  # the deepest has the stimulus's own colour
                found.get_facecolors()[-1][:3], np.array(rgb(made.style.colour(stimulus)))
            )
    assert "R² is the same in both panels" in caption


def rgb(colour):
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def test_without_a_reference_there_is_nothing_to_divide_by(results, draw):
    made = results(stimuli=STIMULI, layers=LAYERS, reference=None)
    made.reference = ""
    made.differentiation().analyse("sd_cd")
    figure, caption = draw(made, "sd_cd_scatter")
    assert not [gid for gid in lines(figure) if gid.startswith("normalised")]
    assert "divided" not in caption
    figure, _ = draw(made, "sd_cd_r2_by_depth")
    assert list(lines(figure)) == ["mobilenet_v2/all"]


def test_r2_by_depth_has_the_range_without_any_one_stimulus(made, draw):
    figure, caption = draw(made, "sd_cd_r2_by_depth", metric="correlation", size=200)
    data = read(made, "sd_cd").sel(population="random", size="200", metric="correlation")
    for over in ("all", "without_reference"):
        found = lines(figure)[f"mobilenet_v2/{over}"].get_ydata()
        np.testing.assert_allclose(found, data.r2.sel(over=over).sel(layer=list(LAYERS)))
        band = points(figure)[f"mobilenet_v2/{over}/range"].get_paths()
        if over == "all":
            corners = np.concatenate([path.vertices for path in band])
            for at, layer in enumerate(LAYERS):
                heights = corners[np.isclose(corners[:, 0], at), 1]
                here = data.sel(over=over, layer=layer)
                assert heights.min() == pytest.approx(float(here.r2_low))
                assert heights.max() == pytest.approx(float(here.r2_high))
    assert "without white_noise" in caption


def test_full_markers_are_significant(pairs, draw):
    pairs.analyse("distances", seed=0, permutations=99)
    data = read(pairs, "distances").sel(metric="sqeuclidean")
    figure, _ = draw(pairs, "distance_r2_by_depth")
    shown = lines(figure)
    for stimulus in STIMULI:
        here = data.sel(stimulus=stimulus)
        np.testing.assert_allclose(shown[stimulus].get_ydata(), here.r2)
        assert shown[stimulus].get_color() == pairs.style.colour(stimulus)
        sure = np.flatnonzero(here.p_layers.values < 0.05)
        np.testing.assert_array_equal(shown[f"{stimulus}/sure"].get_xdata(), sure)
        unsure = np.flatnonzero(here.p_layers.values >= 0.05)
        np.testing.assert_array_equal(shown[f"{stimulus}/unsure"].get_xdata(), unsure)
    np.testing.assert_allclose(shown["all pooled"].get_ydata(), data.pooled_r2)
    np.testing.assert_allclose(shown["all, within stimuli"].get_ydata(), data.within_r2)


def test_pooled_values_are_of_all_stimuli_and_say_so(pairs, draw):
    pairs.analyse("distances", seed=0, permutations=19)
    figure, caption = draw(pairs, "distance_r2_by_depth", stimuli=["bikes", "pictures"])
    np.testing.assert_allclose(
        lines(figure)["all pooled"].get_ydata(),
        read(pairs, "distances").pooled_r2.sel(metric="sqeuclidean"),
    )
    assert "for 2 stimuli" in caption
    assert "Black: all 4 of the analysis together" in caption
    assert "Black: all together" in draw(pairs, "distance_r2_by_depth")[1]


def negative(made, variable, analysis):
    """Lower the values of an analysis, but those of the input, by their mean: as `crossnobis` may be."""
    with netCDF4.Dataset(made.root / made.study.path("analysis", analysis=analysis), "a") as file:
        values = file[variable][:]
        layers = file[variable].dimensions.index("layer")
        inner = (slice(None),) * layers + (slice(1, None),)
        values[inner] -= np.nanmean(values[inner])
        file[variable][:] = values


def test_negative_values_are_drawn(pairs, draw):
    pairs.analyse("sd_cd").analyse("distances", seed=0, permutations=19)
    negative(pairs, "differentiation", "sd_cd")
    negative(pairs, "distance", "distances")
    for name, keys in (("sd_cd_scatter", {}), ("distances", {"by": "layer"}), ("distances", {})):
        figure, _ = draw(pairs, name, **keys)
        shown = [dots for gid, dots in points(figure).items() if not gid.startswith("normalised")]
        heights = np.concatenate([dots.get_offsets()[:, 1] for dots in shown])
        assert heights.min() < 0
        for dots in shown:
            y = dots.get_offsets()[:, 1]
            assert dots.axes.get_ylim()[0] < y.min()


@pytest.mark.parametrize("normalised", [False, True])
def test_bands_of_images_are_intervals_of_resamples(pairs, draw, normalised):
    pairs.analyse("differentiation", reference="white_noise").analyse(
        "image_bootstrap", seed=0, resamples=200
    )
    figure, caption = draw(
        pairs, "differentiation_by_depth", band="images", sizes=[100000], normalised=normalised
    )
    data = read(pairs, "image_bootstrap").sel(population="random", size="100000", metric="sqeuclidean")
    resampled = data.resampled.astype(float)
    if normalised:
        resampled = resampled / resampled.sel(stimulus="white_noise")
    for stimulus in STIMULI[: 3 if normalised else 4]:
        corners = np.concatenate([path.vertices for path in points(figure)[f"images/{stimulus}"].get_paths()])
        for at, layer in enumerate(LAYERS):
            heights = corners[np.isclose(corners[:, 0], at), 1]
            expected = np.nanpercentile(resampled.sel(stimulus=stimulus, layer=layer), [2.5, 97.5])
            assert [heights.min(), heights.max()] == pytest.approx(expected, rel=0.02)
    assert "95% intervals over resampled images" in caption
    assert "SD over draws" not in caption


def test_the_table_of_ranks_is_sorted_in_every_layer(pairs, draw):
    pairs.analyse("differentiation").analyse("image_bootstrap", seed=0, resamples=100).analyse("ranking")
    figure, caption = draw(pairs, "ranking_table", layers=["input", "fc1"])
    data = read(pairs, "differentiation").differentiation.sel(
        population="random", size="100000", metric="sqeuclidean"
    )
    names = {text.get_gid(): text.get_text() for text in figure.axes[0].texts if text.get_gid()}
    for layer in ("input", "fc1"):
        d = data.sel(layer=layer).mean("repeat")
        expected = [str(d.stimulus.values[i]) for i in np.argsort(-d.values)]
        assert [names[f"{layer}/{rank}"] for rank in range(1, 5)] == expected
    assert "95% interval" in caption


@pytest.mark.parametrize(
    ("values", "expected"), [([5.1e-4, 7.6e-6], -4), ([0.02, 1e-5], 0), ([0.0], 0), ([3e6, 2.0], 6)]
)
def test_small_d_has_a_power_of_ten(values, expected):
    assert power(xr.Dataset({"differentiation": ("rank", np.array(values))})) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(1.23456, 1.2, 1.3)], ["1.23 [1.20, 1.30]"]),
        (
            [(2.04, 1.5, 3.2), (2.0375, 2.0338, 2.0412)],
            ["2.0400 [1.5000, 3.2000]", "2.0375 [2.0338, 2.0412]"],
        ),
        ([(14.2, 9.1, 22.3)], ["14 [9, 22]"]),
        ([(2.04, 1.5, 3.2), (0.02, 0.0, 2.0)], ["2.040 [1.500, 3.200]", "0.020 [0.000, 2.000]"]),
        ([(5.1, 3.5, 8.5), (0.076, 0.058, 0.09)], ["5.100 [3.500, 8.500]", "0.076 [0.058, 0.090]"]),
        ([(0.0, 0.0, 0.0)], ["0"]),
        ([(1.5, np.nan, np.nan)], ["1.5"]),
    ],
)
def test_d_has_the_same_decimals_down_a_column(rows, expected):
    column = xr.Dataset(
        {
            name: ("rank", np.array(values))
            for name, values in zip(("differentiation", "low", "high"), zip(*rows, strict=True), strict=True)
        }
    )
    digits = decimals(column)
    assert [interval(column.isel(rank=rank), digits) for rank in range(len(rows))] == expected


def test_twins_are_found_and_compared(results, draw):
    made = results(stimuli=STIMULI, layers=LAYERS, sources=("mobilenet_v2", "untrained")).layer_tables()
    made.differentiation()
    figure, caption = draw(made, "trained_untrained", stimuli=["bikes", "white_noise"], size=10000)
    with xr.open_dataset(made.root / made.study.path("analysis", analysis="differentiation")) as table:
        data = (
            table.differentiation.sel(population="random", size="10000", metric="sqeuclidean")
            .mean("repeat")
            .load()
        )
    shown = lines(figure)
    assert len(shown) == 6
    for stimulus in ("bikes", "white_noise"):
        first, second = (data.sel(source=name, stimulus=stimulus) for name in made.sources)
        np.testing.assert_allclose(shown[f"mobilenet_v2/{stimulus}"].get_ydata(), first)
        np.testing.assert_allclose(shown[f"untrained/{stimulus}"].get_ydata(), second)
        np.testing.assert_allclose(shown[f"ratio/{stimulus}"].get_ydata(), first / second)
    assert "mobilenet_v2 (weights IMAGENET1K_V1), solid, and of untrained" in caption
    assert "own draw of units where more are recorded, hence small differences even at the input." in caption


@pytest.mark.parametrize("sample", [{"size": 100000}, {"population": "filter_means"}])
def test_twins_whose_units_are_all_taken_have_no_draws(results, draw, sample):
    """A random population used whole has the same units of both: its seed is not the network's."""
    made = results(stimuli=STIMULI, layers=LAYERS, sources=("mobilenet_v2", "untrained")).layer_tables()
    _, caption = draw(made.differentiation(), "trained_untrained", **sample)
    assert "own draw" not in caption


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("sd_cd_scatter", {"source": "vgg16"}, "source: 'vgg16' is unknown"),
        ("sd_cd_scatter", {"size": 5}, "size: '5' is unknown"),
        ("sd_cd_scatter", {"analysis": "distances"}, "analysis: 'distances' is unknown.*Valid: sd_cd"),
        ("sd_cd_r2_by_depth", {"metric": "cosine"}, "metric: 'cosine' is unknown"),
        ("distances", {"stimuli": ["cats"]}, "stimuli: 'cats' is unknown"),
        ("distances", {"layers": ["blok2"]}, "layers: 'blok2' is unknown; did you mean 'block2'"),
        ("distance_r2_by_depth", {"metric": "cosine"}, "metric: 'cosine' is unknown"),
        ("ranking_table", {"layers": ["blok2"]}, "layers: 'blok2' is unknown; did you mean 'block2'"),
        ("trained_untrained", {}, "no network has a twin.*weights: random"),
        ("trained_untrained", {"untrained": "vgg16"}, "untrained: 'vgg16' is unknown"),
        (
            "trained_untrained",
            {"trained": "mobilenet_v2", "untrained": "mobilenet_v2"},
            "compared with itself",
        ),
    ],
)
def test_what_cannot_be_drawn_is_told_when_the_plan_is_made(results, name, parameters, message, inputs):
    with pytest.raises(ConfigError, match=message):
        inputs(results(stimuli=STIMULI, layers=LAYERS).study, name, **parameters)
