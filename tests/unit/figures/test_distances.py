"""The figure `distances` shows what was computed, in both ways to divide it into panels."""

import json
import re
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from made_study import FIVE, FOUR
from scipy.stats import linregress

from repscape.core.errors import ConfigError

# Described from the figures `distances_by_stimulus` and `distances_by_layer`, which this one replaced
TWO_FIGURES = Path(__file__).parents[2] / "data/figures/distances.json"


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


def test_a_point_is_a_pair_of_images_in_a_layer(pairs, draw, artists):
    pairs.analyse("distances", seed=0, permutations=99)
    data = pairs.read("analysis", analysis="distances").isel(source=0).sel(metric="sqeuclidean")
    by_stimulus, _ = draw(pairs, "distances")
    by_layer, caption = draw(pairs, "distances", by="layer")
    for stimulus in FOUR:
        own = data.distance.sel(stimulus=stimulus)
        expected = [
            (x, y)
            for layer in FIVE[1:]
            for x, y in zip(own.sel(layer="input").values, own.sel(layer=layer).values, strict=True)
        ]
        np.testing.assert_allclose(
            sorted(map(tuple, artists(by_stimulus, "collections")[stimulus].get_offsets())), sorted(expected)
        )
        axes = artists(by_stimulus, "collections")[stimulus].axes
        x, y = artists(by_stimulus, "collections")[stimulus].get_offsets().T
        assert axes.get_xlim()[0] == axes.get_ylim()[0] == 0
        assert (axes.get_xlim()[1] > x).all()
        assert (axes.get_ylim()[1] > y).all()
    assert set(artists(by_layer, "collections")) == set(FIVE[1:])
    for layer in FIVE[1:]:
        here = data.sel(layer=layer)
        x, y = data.distance.sel(layer="input").values.ravel(), here.distance.values.ravel()
        there = np.isfinite(x)
        fit = linregress(x[there].astype(float), y[there].astype(float))
        line = artists(by_layer, "lines")[f"line/{layer}"]
        np.testing.assert_allclose(line.get_ydata(), fit.slope * line.get_xdata() + fit.intercept, rtol=1e-5)
        (text,) = line.axes.texts
        star = "*" if float(here.pooled_p_layers) < 0.05 else ""
        within = float(here.within_r2)  # its own test is that of the analysis
        assert text.get_text() == f"R² = {fit.rvalue**2:.2f}\nwithin: {within:.2f}{star}"
    assert "99 permutations" in caption


def test_points_and_lines_lie_within_panels_that_say_why_there_are_none(results, draw, artists):
    made = results(stimuli=("bikes", "white_noise"), layers=FIVE)
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
    for layer in FIVE[1:]:
        dots, line = artists(figure, "collections")[layer], artists(figure, "lines")[f"line/{layer}"]
        axes = dots.axes
        (low, high), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        for x, y in (*dots.get_offsets(), *line.get_xydata()):
            assert np.isnan(y) or ((low <= x <= high / 1.04 and bottom <= y < top / 1.3) or x == y == 0)
        assert (top == 1) == (layer in ("block2", "fc1"))
        said[layer] = [text.get_text() for text in axes.texts]
    assert said["fc1"] == ["undefined:\nconstant activity"]
    assert said["block2"] == ["all distances are 0"]
    # the line ends where points do, not at images of what is undefined here
    here = artists(figure, "collections")["block17"].get_offsets()[:, 0]
    np.testing.assert_allclose(artists(figure, "lines")["line/block17"].get_xdata(), [here.min(), here.max()])


def test_many_points_are_thinned_out_and_it_is_said(pairs, draw, artists):
    pairs.analyse("distances", seed=0, permutations=19)
    for by in ("stimulus", "layer"):
        figure, caption = draw(pairs, "distances", by=by, points=50)
        assert {len(dots.get_offsets()) for dots in artists(figure, "collections").values()} == {50}
        assert re.search(r"\b50\b", caption)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"stimuli": ["cats"]}, "stimuli.*cats"),
        ({"layers": ["blok2"]}, "layers.*blok2.*block2"),
        ({"by": "layer", "stimuli": ["bikes"]}, "stimuli.*by: stimulus"),
    ],
)
def test_what_there_is_not_is_refused(results, inputs, parameters, message):
    with pytest.raises(ConfigError, match=message):
        inputs(results(stimuli=FOUR, layers=FIVE).study, "distances", **parameters)


def lower(sd_cd, variable, analysis):
    """Lower the values of an analysis, but those of the input, by their mean: as `crossnobis` may be."""
    with netCDF4.Dataset(sd_cd.root / sd_cd.study.path("analysis", analysis=analysis), "a") as file:
        values = file[variable][:]
        layers = file[variable].dimensions.index("layer")
        inner = (slice(None),) * layers + (slice(1, None),)
        values[inner] -= np.nanmean(values[inner])
        file[variable][:] = values


def test_negative_values_are_drawn(pairs, draw, artists):
    pairs.analyse("sd_cd").analyse("distances", seed=0, permutations=19)
    lower(pairs, "differentiation", "sd_cd")
    lower(pairs, "distance", "distances")
    for name, keys in (("sd_cd_scatter", {}), ("distances", {"by": "layer"}), ("distances", {})):
        figure, _ = draw(pairs, name, **keys)
        shown = [
            dots for gid, dots in artists(figure, "collections").items() if not gid.startswith("normalised")
        ]
        heights = np.concatenate([dots.get_offsets()[:, 1] for dots in shown])
        assert heights.min() < 0
        for dots in shown:
            y = dots.get_offsets()[:, 1]
            assert dots.axes.get_ylim()[0] < y.min()
