"""Filter means as heatmaps: images × filters, stimuli down, layers across."""

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import LEFT, colour_scale, page, row_label, write
from repscape.figures.lib.style import PAGE, WIDTH, Style
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Activations"
DATA = True
COLUMNS, MOST = 6, 8
FINEST = 256  # columns of a heatmap that can still be seen
LIMIT = 3  # SDs; beyond, colours do not change
TOP, BOTTOM, GAP, TALLEST = 9.0, 12.0, 2.2, 24.0  # mm


def inputs(
    study: Study,
    *,
    source: str | None = None,
    layers: list[str] | None = None,
    stimuli: list[str] | None = None,
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
    layers = activation_panels.layers(study, source, layers, COLUMNS)
    if len(layers) > MOST:
        raise ConfigError(
            f"layers: expected at most {MOST}, found {len(layers)}; draw the others in another figure."
        )
    stimuli = defaults.several(stimuli, study.stimuli_of(source), "stimuli")
    population = activation_panels.filter_means(study, population)
    return {"activations": activation_panels.activations(study, source, stimuli, population, layers)}


def draw(
    data: dict,
    style: Style,
    *,
    source: str | None = None,
    layers: list[str] | None = None,
    stimuli: list[str] | None = None,
    population: str | None = None,
    ranked: bool = True,
):
    """Draw a heatmap of filter means for each stimulus (row) and layer (column).

    Filter means are z-scored with one mean and one SD a layer, over its filters and all images of
    all stimuli shown, so that stimuli can be compared, and lie on one diverging scale.

    Parameters
    ----------
    source : str, optional
        By default the first.
    layers : list of str, optional
        By default six, evenly spaced from the first to the last; at most 8.
    stimuli : list of str, optional
        By default all.
    population : str, optional
        By default the first that records filter means.
    ranked : bool
        Whether the filters of a layer are in the order of their mean over all images shown, the
        same for all stimuli; otherwise in the layer's order.

    Returns
    -------
    Figure, str, Result
        The figure, its caption and the data that it shows.
    """
    recordings = activation_panels.by_layer(data["activations"])
    names, own = list(recordings), list(next(iter(recordings.values())))
    pitch = (WIDTH - LEFT) / len(own)
    height = min((PAGE - TOP - BOTTOM) / len(names), TALLEST)
    fig, axes = page(TOP + height * len(names) + BOTTOM)
    for row, name in enumerate(names):
        row_label(axes, style, name, TOP + row * height, height - GAP)
    scale = {"cmap": "RdBu_r", "vmin": -LIMIT, "vmax": LIMIT}
    beyond, groups = {}, {}
    for column, layer in enumerate(own):
        means = {name: recordings[name][layer]["activation"].values.astype(float) for name in names}
        z = standardised(means)
        every = np.concatenate(list(z.values()))
        beyond[layer] = float((np.abs(every) > LIMIT).mean())
        order = np.argsort(-every.mean(0), kind="stable") if ranked else np.arange(every.shape[1])
        shown = {name: grouped(values[:, order]) for name, values in z.items()}
        groups[layer] = (
            data_of({name: recordings[name][layer] for name in names}, shown, order),
            {"layer": layer},
        )
        left = LEFT + column * pitch
        for row, name in enumerate(names):
            top = TOP + row * height
            axes.imshow(
                shown[name],
                extent=(left, left + pitch - GAP, top + height - GAP, top),
                aspect="auto",
                interpolation="none",
                gid=f"{name}/{layer}",
                **scale,
            )
        middle = left + (pitch - GAP) / 2
        write(axes, middle, 1, captions.shorten(layer, max(6, int(pitch / 1.55))), ha="center", fontsize=7)
        words = f"{captions.number(every.shape[1])} {activation_panels.parts(recordings[names[0]][layer])}"
        write(axes, middle, 5, words, ha="center", fontsize=6, color="0.35")
    bottom = TOP + height * len(names)
    bar = colour_scale(axes, WIDTH - GAP - 60, bottom + 1, 60, "RdBu_r", -LIMIT, LIMIT, 6)
    bar.set_xlabel("filter mean, in SDs from the layer's mean", labelpad=1)
    order = "filters, from the highest to the lowest mean →" if ranked else "filters, in the layer's order →"
    write(axes, LEFT, bottom + 1, f"{order}\nimages, from first to last ↓", fontsize=6.5, linespacing=1.4)
    first = recordings[names[0]][own[0]]
    result = Result({}, activation_panels.keys(first) | {"ranked": ranked, "limit": LIMIT}, groups)
    return fig, caption(recordings, beyond, ranked, layers), result


def data_of(recordings: dict, shown: dict, order: np.ndarray) -> dict:
    """Describe a layer's heatmaps, and what they were made from, as variables of the figure's file."""
    means = np.concatenate([recording["activation"].values[:, order] for recording in recordings.values()])
    images = {name: range(recording.sizes["image"]) for name, recording in recordings.items()}
    z = np.concatenate(list(shown.values()))
    column = np.arange(len(order)) // together(len(order))
    filters = next(iter(recordings.values()))["unit"].values[order]
    rows = activation_panels.rows(recordings, images)
    return {
        "zscore": activation_panels.variable(
            ("row", "column"), z, "SDs from the layer's mean, as drawn", rows
        ),
        "activation": activation_panels.variable(
            ("row", "filter"),
            means,
            "activation of a filter, averaged over positions",
            (*rows, "column_of"),
        ),
        "column": (("column",), np.arange(z.shape[1], dtype=np.int32)),
        "filter": (("filter",), filters, {"long_name": "number of the filter, in the order drawn"}),
        "column_of": (("filter",), column.astype(np.int32), {"long_name": "column that the filter is in"}),
        **rows,
    }


def standardised(means: dict) -> dict:
    """Subtract the mean and divide by the SD over all images and filters of all stimuli together.

    Constant activity becomes 0.
    """
    every = np.concatenate(list(means.values()))
    return {name: (values - every.mean()) / (every.std() or 1) for name, values in means.items()}


def together(filters: int) -> int:
    """Return how many neighbouring filters share a column."""
    return -(-filters // FINEST)


def grouped(values: np.ndarray) -> np.ndarray:
    """Average neighbouring columns so that at most `FINEST` are left; the last group may be smaller."""
    starts = np.arange(0, values.shape[1], together(values.shape[1]))
    return np.add.reduceat(values, starts, axis=1) / np.diff(starts, append=values.shape[1])


def caption(recordings: dict, beyond: dict[str, float], ranked: bool, layers) -> str:
    """Say what was measured and how."""
    names, own = list(recordings), list(beyond)
    images = [recordings[name][own[0]].sizes["image"] for name in names]
    first = recordings[names[0]][own[0]].attrs
    most = max(own, key=beyond.__getitem__)
    many = [layer for layer in own if recordings[names[0]][layer].sizes["unit"] > FINEST]
    text = [
        f"Filter means of {captions.plural(len(names), 'stimulus', 'stimuli')} (rows; "
        f"{captions.counts(names, images, 'images')}, from top to bottom) in "
        f"{captions.layers(own, layers, COLUMNS)} of {captions.escape(first['source'])} (columns): "
        "the activation of each filter (across), averaged over positions.",
        activation_panels.single_units(recordings[names[0]].values()),
        "Filters are ranked by their mean over all images shown: a column is the same filter for all stimuli."
        if ranked
        else "Filters are in the layer's order.",
        "Vertical stripes are filters that answer alike to all images of a stimulus.",
        "Colours: z-scores with one mean and one SD per layer, over its filters and all images of all "
        "stimuli, on one scale for all panels that reaches as far below the mean as above; a scale from 0 "
        "to 1 SD would hide what is below the mean and most of what is above.",
        f"Beyond ±{LIMIT} SD colours do not change (at most {100 * beyond[most]:.1f}% of a layer's values, "
        f"in {captions.escape(most)})."
        if beyond[most]
        else "",
        f"Of more than {FINEST} filters, neighbours are averaged "
        f"({captions.listing(map(captions.escape, many))})."
        if many
        else "",
    ]
    return " ".join(filter(None, text))
