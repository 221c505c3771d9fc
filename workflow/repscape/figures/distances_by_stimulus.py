"""Distances of activity against distances of images: a panel a stimulus, coloured by layer."""

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_bar, own
from repscape.figures.lib.distance_panels import MOST, area, beyond, chosen, label, measured, thinned
from repscape.figures.lib.distance_panels import inputs as inputs
from repscape.figures.lib.style import PAGE, RAMP, Style, along, figure
from repscape.study import defaults

CATEGORY = "Distances"


def draw(
    data: dict,
    style: Style,
    *,
    analysis: str | None = None,
    source: str | None = None,
    metric: str | None = None,
    stimuli: list[str] | None = None,
):
    """Draw a point a pair of images and layer, for each stimulus.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `distances`, by default that of its name.
    source, metric : str, optional
        By default the first.
    stimuli : list of str, optional
        By default all.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    table = chosen(data["distances"].load(), source, metric)
    against = table.attrs["against"]
    stimuli = defaults.several(stimuli, table["stimulus"].values, "stimuli")
    layers = [layer for layer in own(data["distances"], str(table["source"].values)) if layer != against]
    colours = np.array(along(RAMP, len(layers)))
    distance = table["distance"].transpose("stimulus", "layer", "pair")

    columns = min(len(stimuli), 3 if len(stimuli) <= 9 else 4)
    rows = -(-len(stimuli) // columns)
    fig = figure(min(PAGE, 12 + rows * (165 / columns if columns > 1 else 80)))
    panels = fig.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, stimulus in zip(panels.flat, stimuli, strict=False):
        x, y, which = thinned(
            distance.sel(stimulus=stimulus, layer=against).values,
            distance.sel(stimulus=stimulus, layer=layers).values,
            np.arange(len(layers))[:, None],
        )
        axes.scatter(
            x, y, c=colours[which.astype(int)], s=area(x), lw=0, rasterized=True, gid=stimulus, clip_on=False
        )
        name = captions.shorten(stimulus, int(85 / columns))
        axes.set_title(name, color=style.colour(stimulus), fontweight="bold")
    shown = distance.sel(stimulus=stimuli)
    for limit, chosen_layers in ((panels.flat[0].set_xlim, against), (panels.flat[0].set_ylim, layers)):
        limit(beyond(shown.sel(layer=chosen_layers).values, 1.03))
    for axes in panels.flat[len(stimuli) :]:
        axes.remove()
    for column in range(columns):
        axes = panels[(len(stimuli) - 1 - column) // columns, column]
        axes.xaxis.set_tick_params(labelbottom=True)
    fig.supxlabel(f"distance between images (layer {against})", fontsize=7)
    fig.supylabel(label(table), fontsize=7)
    depth_bar(fig, list(panels.flat[: len(stimuli)]), layers, RAMP)
    return fig, caption(table.sel(stimulus=stimuli), layers)


def caption(table, layers) -> str:
    """Say what was measured and how."""
    against = captions.escape(table.attrs["against"])
    stimuli, images = list(map(str, table["stimulus"].values)), table["images"].values.tolist()
    text = [
        "Distance between the activities of two images in the layers of "
        f"{captions.escape(table['source'].values)} against their distance in the layer "
        f"{against}, for "
        f"{captions.plural(len(stimuli), 'stimulus', 'stimuli')} "
        f"({captions.counts(stimuli, images, 'images')}): a point a pair of images and layer, coloured "
        f"from {captions.escape(layers[0])} (dark) to {captions.escape(layers[-1])} (light).",
        measured(table),
    ]
    if max(images) * (max(images) - 1) // 2 * len(layers) > MOST:
        text.append(f"Of more points in a panel, {captions.number(MOST)} are drawn, chosen at random.")
    return " ".join(text)
