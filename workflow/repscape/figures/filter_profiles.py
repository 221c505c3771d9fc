"""Filter-mean profiles: the mean activation of each filter, layer by layer, for a few images."""

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import inset, page, write
from repscape.figures.lib.style import PAGE, WIDTH, plain_powers
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Activations"
DATA = True
MOST, COLUMNS = 24, 4
MANY = 20  # a logarithmic axis where the largest mean is so many times the median
PICTURE, KEY, TOP = 13.0, 22.0, 22.0  # mm: side of the pictures, from one to the next, height of the legend
LEFT, ABOVE, BELOW = 11.0, 5.5, 6.5  # mm around a panel: for its axis, its title, its axis


def inputs(
    study: Study,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    images: activation_panels.Images = 3,
    layers: list[str] | None = None,
    population: str | None = None,
    ranked: bool = True,
) -> dict:
    """Name the files and check the parameters.

    Raises
    ------
    ConfigError
        A name is unknown, no population records filter means, or there are too many layers.
    """
    source = defaults.one(source, study.layers, "source")
    stimulus = activation_panels.stimulus(study, source, stimulus)
    layers = activation_panels.layers(study, source, layers, MOST)
    if len(layers) > MOST:
        raise ConfigError(f"layers: expected at most {MOST}, found {len(layers)}; they would be too small.")
    population = activation_panels.filter_means(study, population)
    return {
        "stimulus": study.path("stimulus", stimulus=stimulus),
        "activations": activation_panels.activations(study, source, [stimulus], population, layers),
    }


def draw(
    data: dict,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    images: activation_panels.Images = 3,
    layers: list[str] | None = None,
    population: str | None = None,
    ranked: bool = True,
):
    """Draw the filter means of a few images, a panel a layer, a dot a filter.

    Parameters
    ----------
    source : str, optional
        By default the first.
    stimulus : str, optional
        By default the first that is not the reference.
    images : int or list of int
        How many evenly spaced images, or which, counted from 0; at most 6.
    layers : list of str, optional
        By default all, or 24 evenly spaced ones.
    population : str, optional
        By default the first that records filter means.
    ranked : bool
        Whether filters are in the order of their mean over all images of the stimulus, from high
        to low; otherwise in the layer's order.

    Returns
    -------
    Figure, str, Result
        The figure, its caption and the data that it shows.

    Raises
    ------
    DataError
        The stimulus has no such image, or the activations are not those of its images.
    """
    pictures = data["stimulus"]
    shown = activation_panels.chosen(pictures, images)
    recordings = activation_panels.by_layer(data["activations"])[pictures.attrs["stimulus"]]
    colours = activation_panels.image_colours(len(shown))
    rows = -(-len(recordings) // COLUMNS)
    pitch = min(36.0, (PAGE - TOP - 4) / rows)
    across = WIDTH / COLUMNS
    fig, axes = page(TOP + pitch * rows + 4)
    activation_panels.key(axes, pictures, shown, top=1, left=LEFT, pitch=KEY, side=PICTURE)
    if ranked:
        left = LEFT + KEY * len(shown)
        axes.plot([left, left + 5], [1 + PICTURE / 2] * 2, color="black", linewidth=1)
        write(
            axes, left + 6.5, PICTURE / 2 - 0.3, f"mean of all\n{pictures.sizes['image']} images", fontsize=6
        )
    groups, labels, logarithmic = {}, activation_panels.labels(pictures, shown), []
    for index, (layer, recording) in enumerate(recordings.items()):
        activation_panels.check_images(pictures, recording)
        means = recording["activation"].values  # (image, filter)
        order = np.argsort(-means.mean(0), kind="stable") if ranked else np.arange(means.shape[1])
        average = means[:, order].mean(0)
        variables = {
            "activation": activation_panels.variable(
                ("image", "filter"),
                means[shown][:, order],
                "activation of a filter, averaged over positions",
                labels,
            ),
            "mean": activation_panels.variable(("filter",), average, "mean over all images of the stimulus"),
            "filter": (("filter",), recording["unit"].values[order]),
            **labels,
        }
        groups[layer] = variables, {"layer": layer}
        left, top = index % COLUMNS * across + LEFT, TOP + index // COLUMNS * pitch
        panel = inset(axes, left, top + ABOVE, across - LEFT - 3, pitch - ABOVE - BELOW)
        x = np.arange(1, len(order) + 1) if ranked else order
        # One image's dots must not hide another's: they are drawn in a random order, always the same.
        mixed = np.random.default_rng(0).permutation(len(shown) * len(order))
        panel.scatter(
            np.tile(x, len(shown))[mixed],
            means[shown][:, order].ravel()[mixed],
            s=float(np.clip(14 / np.sqrt(len(order)), 0.8, 2.5)) ** 2,
            c=np.repeat(colours, len(order))[mixed],
            linewidths=0,
            alpha=0.7,
            rasterized=True,
            gid=layer,
        )
        if means.min() > 0 and average.max() > MANY * np.median(average):
            panel.set_yscale("log")
            logarithmic.append(layer)
        if ranked:
            panel.plot(x, average, color="black", linewidth=0.8, gid=f"{layer}/mean")
        panel.margins(x=0.03)
        panel.set_xticks([x[0], x[-1]], [captions.number(x[0]), captions.number(x[-1])])
        for label, side in zip(panel.get_xticklabels(), ("left", "right"), strict=True):
            label.set_ha(side)
        panel.tick_params(length=2, pad=1.5, labelsize=6)
        if layer not in logarithmic:
            panel.axhline(0, color="0.7", linewidth=0.4, zorder=0)
            activation_panels.plain_ticks(panel.yaxis)
        title = captions.shorten(layer, 20) + " (units)" * (activation_panels.parts(recording) == "units")
        write(axes, left, top + 1.8, title, fontsize=7)
    words = "filter, from the highest to the lowest mean" if ranked else "filter, in the layer's order"
    write(axes, WIDTH / 2, TOP + pitch * rows, words, ha="center", fontsize=7)
    axes.text(2, TOP + pitch * rows / 2, "mean activation", rotation=90, ha="center", va="center", fontsize=7)
    attributes = activation_panels.keys(next(iter(recordings.values())), "stimulus") | {"ranked": ranked}
    plain_powers(fig)
    return fig, caption(data, recordings, shown, ranked, logarithmic, layers), Result({}, attributes, groups)


def caption(data: dict, recordings: dict, images: list[int], ranked: bool, logarithmic: list, layers) -> str:
    """Say what was measured and how."""
    first = next(iter(recordings.values()))
    stimulus = captions.escape(first.attrs["stimulus"])
    count = captions.number(first.sizes["image"])
    text = [
        f"Filter-mean profiles of {captions.layers(recordings, layers, MOST)} of "
        f"{captions.escape(first.attrs['source'])} for {captions.plural(len(images), 'image', 'images')} of "
        f"{stimulus} ({activation_panels.titles(data['stimulus'], images)}): the activation of each filter, "
        "averaged over positions.",
        activation_panels.single_units(recordings.values()),
        f"Black line: the mean over all {count} images, by which the filters are ranked in each panel, so "
        "that what an image does to single filters stands out from what the layer does to all images."
        if ranked
        else "Filters are in the layer's order.",
        "Activity is not normalised; each panel has its own axis, in the layer's own unit"
        + (
            f", logarithmic for {captions.listing(map(captions.escape, logarithmic))}."
            if logarithmic
            else "."
        ),
    ]
    return " ".join(filter(None, text))
