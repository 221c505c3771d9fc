"""Filter means as heatmaps: images × filters, stimuli down, layers across."""

from collections.abc import Sequence

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import LEFT, colour_scale, page, row_label, write
from repscape.figures.lib.style import PAGE, WIDTH, Style

COLUMNS, MOST = 6, 8
FINEST = 256  # columns of a heatmap that can still be seen
LIMIT = 3  # SDs; beyond, colours do not change
TOP, BOTTOM, GAP, TALLEST = 9.0, 12.0, 2.2, 24.0  # mm


def draw(data, style: Style, ranked: bool, layers: Sequence[str] | None) -> tuple:
    """Draw a heatmap of filter means for each stimulus (row) and layer (column).

    Filter means are z-scored with one mean and one SD a layer, over its filters and all images of
    all stimuli shown, so that stimuli can be compared, and lie on one diverging scale.
    """
    recordings = activation_panels.by_layer(data["activations"])
    names, shown = list(recordings), list(next(iter(recordings.values())))
    pitch = (WIDTH - LEFT) / len(shown)
    height = min((PAGE - TOP - BOTTOM) / len(names), TALLEST)
    bottom = TOP + height * len(names)
    fig, axes = page(bottom + BOTTOM)
    for row, name in enumerate(names):
        row_label(axes, style, name, TOP + row * height, height - GAP)
    beyond, groups = {}, {}
    for column, layer in enumerate(shown):
        of_layer = {name: recordings[name][layer] for name in names}
        z, order = ranked_z({name: one["activation"].values for name, one in of_layer.items()}, ranked)
        beyond[layer] = float((np.abs(np.concatenate(list(z.values()))) > LIMIT).mean())
        drawn = {name: grouped(values) for name, values in z.items()}
        groups[layer] = data_of(of_layer, drawn, order), {"layer": layer}
        left, width = LEFT + column * pitch, pitch - GAP
        for row, name in enumerate(names):
            extent = left, left + width, TOP + (row + 1) * height - GAP, TOP + row * height
            heatmap(axes, drawn[name], extent, f"{name}/{layer}")
        title = captions.shorten(layer, max(6, int(pitch / 1.55)))
        write(axes, left + width / 2, 1, title, ha="center", fontsize=7)
        words = f"{captions.number(len(order))} {activation_panels.parts(of_layer[names[0]])}"
        write(axes, left + width / 2, 5, words, ha="center", fontsize=6, color="0.35")
    bar = colour_scale(axes, WIDTH - GAP - 60, bottom + 1, 60, "RdBu_r", -LIMIT, LIMIT, 6)
    bar.set_xlabel("filter mean, in SD from the layer's mean", labelpad=1)
    words = "from the highest to the lowest mean" if ranked else "in the layer's order"
    words = f"filters, {words} →\nimages, from first to last ↓"
    write(axes, LEFT, bottom + 1, words, fontsize=6.5, linespacing=1.4)
    attributes = activation_panels.keys(recordings[names[0]][shown[0]]) | {"ranked": ranked, "limit": LIMIT}
    return fig, caption(recordings, beyond, ranked, layers), Result({}, attributes, groups)


def heatmap(axes, values: np.ndarray, extent: tuple[float, float, float, float], gid: str) -> None:
    """Draw z-scores (image, column) on a page, within an extent in mm."""
    scale = {"cmap": "RdBu_r", "vmin": -LIMIT, "vmax": LIMIT}
    axes.imshow(values, extent=extent, aspect="auto", interpolation="none", gid=gid, **scale)


def ranked_z(means: dict[str, np.ndarray], ranked: bool) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Z-score the filter means of a layer over all images and filters of all stimuli together.

    Parameters
    ----------
    means : arrays (image, filter), by stimulus
    ranked : bool

    Returns
    -------
    dict of float64 arrays (image, filter), array of int
        Z-scores by stimulus, with filters in the order that is returned as well; constant activity becomes 0.
    """
    every = np.concatenate(list(means.values())).astype(float)
    centre, sd = every.mean(), every.std() or 1
    order = (
        np.argsort(-((every - centre) / sd).mean(0), kind="stable") if ranked else np.arange(every.shape[1])
    )
    return {name: ((values.astype(float) - centre) / sd)[:, order] for name, values in means.items()}, order


def together(filters: int) -> int:
    """Return how many neighbouring filters share a column."""
    return -(-filters // FINEST)


def grouped(values: np.ndarray) -> np.ndarray:
    """Average neighbouring columns so that at most `FINEST` are left; the last group may be smaller."""
    starts = np.arange(0, values.shape[1], together(values.shape[1]))
    return np.add.reduceat(values, starts, axis=1) / np.diff(starts, append=values.shape[1])


def data_of(recordings: dict, drawn: dict, order: np.ndarray) -> dict:
    """Describe a layer's heatmaps, and what they were made from, as variables of the figure's file."""
    means = np.concatenate([recording["activation"].values[:, order] for recording in recordings.values()])
    images = {name: range(recording.sizes["image"]) for name, recording in recordings.items()}
    z = np.concatenate(list(drawn.values()))
    column = np.arange(len(order)) // together(len(order))
    filters = next(iter(recordings.values()))["unit"].values[order]
    rows = activation_panels.rows(recordings, images)
    words = "SDs from the layer's mean, as drawn"
    return {
        "zscore": activation_panels.variable(("row", "column"), z, words, rows),
        "activation": activation_panels.variable(
            ("row", "filter"), means, activation_panels.MEAN, (*rows, "column_of")
        ),
        "column": (("column",), np.arange(z.shape[1], dtype=np.int32)),
        "filter": (("filter",), filters, {"long_name": "number of the filter, in the order drawn"}),
        "column_of": (("filter",), column.astype(np.int32), {"long_name": "column that the filter is in"}),
        **rows,
    }


def caption(recordings: dict, beyond: dict[str, float], ranked: bool, layers) -> str:
    """Say what was measured and how."""
    names, shown = list(recordings), list(beyond)
    images = [recordings[name][shown[0]].sizes["image"] for name in names]
    most = max(shown, key=beyond.__getitem__)
    many = [layer for layer in shown if recordings[names[0]][layer].sizes["unit"] > FINEST]
    text = [
        f"Filter means of {captions.plural(len(names), 'stimulus', 'stimuli')} (rows; "
        f"{captions.counts(names, images, 'images')}, from top to bottom) in "
        f"{captions.layers(shown, layers, COLUMNS)} of "
        f"{captions.escape(recordings[names[0]][shown[0]].attrs['source'])} (columns): the activation of "
        "each filter, averaged over positions.",
        activation_panels.single_units(recordings[names[0]].values()),
        (
            "Filters are ranked by their mean over all images shown; a column is the same filter for all "
            "stimuli."
        )
        if ranked
        else "Filters are in the layer's order.",
        "Vertical stripes are filters that respond equally to all images of a stimulus.",
        "Colours: z-scores with one mean and one SD per layer, over its filters and all images of all "
        "stimuli, on one scale for all panels.",
        f"Beyond ±{LIMIT} SD colours do not change (at most {100 * beyond[most]:.1f}% of a layer's values, "
        f"in {captions.escape(most)})."
        if beyond[most]
        else "",
        f"In layers with more than {FINEST} filters, neighbouring filters are averaged "
        f"({captions.listing(map(captions.escape, many))})."
        if many
        else "",
    ]
    return " ".join(filter(None, text))
