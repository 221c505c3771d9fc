"""The figure `distances` shows what was computed, in both ways to divide it into panels."""

import json
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from scipy.stats import linregress

from repscape.core.errors import ConfigError
from repscape.plugin import schema

LAYERS = ("input", "block2", "block17", "fc1", "predictions")
STIMULI = ("bikes", "gratings", "pictures", "white_noise")
# Described from the figures `distances_by_stimulus` and `distances_by_layer`, which this one replaced
TWO_FIGURES = Path(__file__).parents[2] / "data/figures/distances.json"


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


def described(figure) -> dict:
    """Describe a scatter figure: its words, axes, points and lines, in numbers of six digits."""

    def digits(values) -> list:
        return [f"{value:.6g}" for value in np.ravel(values)]

    panels = []
    for axes in figure.axes:
        dots = [
            {
                "gid": one.get_gid(), "points": len(one.get_offsets()), "area": digits(one.get_sizes()),
                "mean": digits(np.mean(one.get_offsets(), axis=0)), "alpha": one.get_alpha(),
                "colours": digits(one.get_facecolors().mean(axis=0)),
            }
            for one in axes.collections if one.get_gid()
        ]  # fmt: skip
        lines = [[one.get_gid(), one.get_color(), digits(one.get_xydata())] for one in axes.lines]
        panels.append(
            {
                "title": axes.get_title("left"), "limits": digits([axes.get_xlim(), axes.get_ylim()]),
                "words": [text.get_text() for text in axes.texts], "dots": dots, "lines": lines,
            }
        )  # fmt: skip
    legends = [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]
    return {
        "size": digits(figure.get_size_inches()), "x": figure.get_supxlabel(), "y": figure.get_supylabel(),
        "legends": legends, "panels": panels,
    }  # fmt: skip


@pytest.mark.parametrize("by", ["stimulus", "layer"])
def test_it_is_the_picture_of_the_figure_that_it_replaced(pairs, draw, by):
    pairs.analyse("distances", seed=0, permutations=99)
    assert described(draw(pairs, "distances", by=by)[0]) == json.loads(TWO_FIGURES.read_text())[by]


def test_a_point_is_a_pair_of_images_in_a_layer(pairs, draw):
    pairs.analyse("distances", seed=0, permutations=99)
    data = read(pairs, "distances").sel(metric="sqeuclidean")
    by_stimulus, _ = draw(pairs, "distances")
    by_layer, caption = draw(pairs, "distances", by="layer")
    for stimulus in STIMULI:
        own = data.distance.sel(stimulus=stimulus)
        expected = [
            (x, y)
            for layer in LAYERS[1:]
            for x, y in zip(own.sel(layer="input").values, own.sel(layer=layer).values, strict=True)
        ]
        np.testing.assert_allclose(
            sorted(map(tuple, points(by_stimulus)[stimulus].get_offsets())), sorted(expected)
        )
        axes = points(by_stimulus)[stimulus].axes
        x, y = points(by_stimulus)[stimulus].get_offsets().T
        assert axes.get_xlim()[0] == axes.get_ylim()[0] == 0
        assert (axes.get_xlim()[1] > x).all()
        assert (axes.get_ylim()[1] > y).all()
    assert set(points(by_layer)) == set(LAYERS[1:])
    for layer in LAYERS[1:]:
        here = data.sel(layer=layer)
        x, y = data.distance.sel(layer="input").values.ravel(), here.distance.values.ravel()
        there = np.isfinite(x)
        fit = linregress(x[there].astype(float), y[there].astype(float))
        line = lines(by_layer)[f"line/{layer}"]
        np.testing.assert_allclose(line.get_ydata(), fit.slope * line.get_xdata() + fit.intercept, rtol=1e-5)
        (text,) = line.axes.texts
        star = "*" if float(here.pooled_p_layers) < 0.05 else ""
        within = float(here.within_r2)  # its own test is that of the analysis
        assert text.get_text() == f"R² = {fit.rvalue**2:.2f}\nwithin: {within:.2f}{star}"
    assert "99 permutations" in caption


def test_points_and_lines_lie_within_panels_that_say_why_there_are_none(results, draw):
    made = results(stimuli=("bikes", "white_noise"), layers=LAYERS)
    made.images = {"bikes": 6, "white_noise": 3}
    made.samples = {"random": ("100000",)}
    made.rdms(degenerate=[("bikes", "fc1"), ("white_noise", "fc1"), ("bikes", "block17")])
    path = made.root / made.study.path("rdm", source="mobilenet_v2", stimulus="white_noise",
                                       population="random", layer="block2", size="100000")  # fmt: skip
    other = made.root / str(path.relative_to(made.root)).replace("white_noise", "bikes")
    for file in (path, other):
        with netCDF4.Dataset(file, "a") as rdm:
            rdm["dissimilarity"][:] = 0
    made.analyse("distances", seed=0, permutations=19)
    figure, _ = draw(made, "distances", by="layer")
    said = {}
    for layer in LAYERS[1:]:
        dots, line = points(figure)[layer], lines(figure)[f"line/{layer}"]
        axes = dots.axes
        (low, high), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        for x, y in (*dots.get_offsets(), *line.get_xydata()):
            assert np.isnan(y) or ((low <= x <= high / 1.04 and bottom <= y < top / 1.3) or x == y == 0)
        assert (top == 1) == (layer in ("block2", "fc1"))
        said[layer] = [text.get_text() for text in axes.texts]
    assert said["fc1"] == ["undefined:\nconstant activity"]
    assert said["block2"] == ["all distances are 0"]
    # the line ends where points do, not at images of what is undefined here
    here = points(figure)["block17"].get_offsets()[:, 0]
    np.testing.assert_allclose(lines(figure)["line/block17"].get_xdata(), [here.min(), here.max()])


def test_many_points_are_thinned_out_and_it_is_said(pairs, draw):
    pairs.analyse("distances", seed=0, permutations=19)
    for by in ("stimulus", "layer"):
        figure, caption = draw(pairs, "distances", by=by, points=50)
        assert {len(dots.get_offsets()) for dots in points(figure).values()} == {50}
        assert "50 are drawn" in caption


def test_stimuli_are_not_chosen_where_the_line_is_that_of_all():
    with pytest.raises(ConfigError, match=r"stimuli.*by: stimulus"):
        schema.make("figures", {"kind": "distances", "by": "layer", "stimuli": ["bikes"]}).check()
