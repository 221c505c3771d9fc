"""Distances of activity against distances of images: a panel a layer, coloured by stimulus."""

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.depth import own
from repscape.figures.lib.distance_panels import MOST, area, beyond, chosen, label, measured, tested, thinned
from repscape.figures.lib.distance_panels import inputs as distances
from repscape.figures.lib.style import Style, figure
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Distances"
PANELS = 25  # the most that fit a page


def inputs(
    study: Study,
    *,
    analysis: str | None = None,
    source: str | None = None,
    metric: str | None = None,
    layers: list[str] | None = None,
) -> dict:
    """Name the file and check the parameters."""
    defaults.layers_of(study, defaults.one(source, study.layers, "source"), layers)
    return distances(study, analysis=analysis, source=source, metric=metric)


def draw(
    data: dict,
    style: Style,
    *,
    analysis: str | None = None,
    source: str | None = None,
    metric: str | None = None,
    layers: list[str] | None = None,
):
    """Draw a point a pair of images of every stimulus, for each layer, with the regression line of all.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `distances`, by default that of its name.
    source, metric : str, optional
        By default the first.
    layers : list of str, optional
        By default all but the one compared with; of more than 25, so many evenly spaced.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    table = chosen(data["distances"].load(), source, metric)
    against = table.attrs["against"]
    given = layers
    if layers is None:
        layers = [name for name in own(data["distances"], str(table["source"].values)) if name != against]
        if len(layers) > PANELS:
            layers = [layers[i] for i in evenly_spaced(len(layers), PANELS)]
    distance = table["distance"].transpose("layer", "stimulus", "pair")
    stimuli = list(map(str, table["stimulus"].values))
    colours, shapes = (np.array(list(map(look, stimuli))) for look in (style.colour, style.marker))
    images = distance.sel(layer=against).values

    names = [captions.shorten(name, 24) for name in stimuli]
    keys = 6 if max(map(len, names)) < 16 else 3
    columns = min(len(layers), 5)
    rows = -(-len(layers) // columns)
    fig = figure(18 + rows * min(40, 170 / columns) + 4 * -(-len(stimuli) // keys))
    panels = fig.subplots(rows, columns, squeeze=False, sharex=True)
    for axes, layer in zip(panels.flat, layers, strict=False):
        values = distance.sel(layer=layer).values
        x, y, which = thinned(images, values, np.arange(len(stimuli))[:, None])
        for shape in dict.fromkeys(shapes):
            so = shapes[which.astype(int)] == shape
            axes.scatter(
                x[so], y[so], c=colours[which[so].astype(int)], marker=shape,
                s=area(x), lw=0, alpha=0.7, rasterized=True, gid=layer, clip_on=False,
            )  # fmt: skip
        fit = table.sel(layer=layer)
        there = images[np.isfinite(images * values)]
        ends = np.array([there.min(), there.max()] if there.size else [np.nan] * 2)
        line = float(fit["pooled_slope"]) * ends + float(fit["pooled_intercept"])
        axes.plot(ends, line, color="black", linewidth=0.8, gid=f"line/{layer}")
        axes.set_xlim(beyond(images, 1.05))
        axes.set_ylim(beyond([*y, *line], 1.35))  # room for words above
        if not y.any():
            words = "all distances are 0" if y.size else "undefined:\nconstant activity"
            axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=6)
            axes.set_yticks([0] if y.size else [])
        star = "*" if float(fit["pooled_p_layers"]) < 0.05 else ""
        value, within = float(fit["pooled_r2"]), float(fit["within_r2"])
        if np.isfinite(value):
            inner = f"\nwithin: {within:.2f}" if len(stimuli) > 1 else ""
            words = f"R² = {value:.2f}{inner}{star}"
            axes.text(0.03, 0.98, words, transform=axes.transAxes, va="top", fontsize=6)
        axes.set_title(captions.shorten(layer, int(100 / columns)), fontsize=6.5, pad=2)
        axes.tick_params(labelsize=6)
        axes.locator_params("x", nbins=4)
        if y.any():
            axes.locator_params("y", nbins=5)
    for axes in panels.flat[len(layers) :]:
        axes.remove()
    for column in range(columns):
        panels[(len(layers) - 1 - column) // columns, column].xaxis.set_tick_params(labelbottom=True)
    fig.supxlabel(f"distance between images (layer {against})", fontsize=7)
    fig.supylabel(label(table), fontsize=7)
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=colour, marker=shape, ls="none", ms=3)
        for colour, shape in zip(colours, shapes, strict=True)
    ]
    fig.legend(marks, names, loc="outside upper center", ncols=keys)
    return fig, caption(table, layers, given)


def caption(table, layers, given) -> str:
    """Say what was measured and how."""
    against = captions.escape(table.attrs["against"])
    stimuli, images = list(map(str, table["stimulus"].values)), table["images"].values.tolist()
    pairs = sum(n * (n - 1) // 2 for n in images)
    text = [
        f"Distance between the activities of two images against their distance in the layer {against}, in "
        f"{captions.layers(layers, given, PANELS)} of {captions.escape(table['source'].values)}: a "
        f"point a pair of images of the same stimulus ({captions.counts(stimuli, images, 'images')}), black "
        "the regression line of all points.",
        measured(table),
        "Each panel has its own vertical axis. R² is that of all points, differences between stimuli "
        "included; within: after each stimulus's mean distances were subtracted; \\*: p < 0.05 of that, "
        "images permuted within their stimulus."
        if len(stimuli) > 1
        else "Each panel has its own vertical axis. \\*: p < 0.05.",
        tested(table),
    ]
    if pairs > MOST:
        text.append(
            f"Of {captions.number(pairs)} points a panel, {captions.number(MOST)} are drawn, at random."
        )
    return " ".join(text)
