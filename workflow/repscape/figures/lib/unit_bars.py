"""Activations of sampled units: a bar a unit, a strip an image, for each layer."""

from collections.abc import Sequence

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.core.evenly_spaced import evenly_spaced
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import page, write
from repscape.figures.lib.style import WIDTH, Style

LAYERS, IMAGES = 3, 4
MOST = 1000  # bars that can still be distinguished
STRIP, GAP, HEADER, BOTTOM = 11.0, 2.0, 6.5, 7.0  # mm
PICTURE, LEFT = 14.0, 30.0  # mm: side of the pictures, where the bars begin


def draw(data, style: Style, images: int | Sequence[int] | None, layers: Sequence[str] | None) -> tuple:
    """Draw the activations of the same sampled units for several images of a stimulus."""
    (stimulus,), name = data["stimuli"], data["stimuli"][0].attrs["stimulus"]
    shown = activation_panels.image_numbers(stimulus, images or IMAGES)
    recordings = activation_panels.by_layer(data["activations"])[name]
    samples = {sample.attrs["layer"]: sample for sample in data["samples"]}
    block = HEADER + (STRIP + GAP) * len(shown)
    fig, axes = page(block * len(recordings) + BOTTOM)
    n_drawn, groups = {}, {}
    for row, (layer, recording) in enumerate(recordings.items()):
        activation_panels.check_images(stimulus, recording)
        units, activity, n_drawn[layer] = sampled(recording, samples[layer], shown)
        variables = data_of(stimulus, shown, units, activity)
        groups[layer] = variables, {"layer": layer, "n_drawn": n_drawn[layer]}
        top = row * block
        of = f"{captions.number(n_drawn[layer])} of {captions.number(recording.sizes['unit'])} recorded units"
        write(axes, LEFT, top + 1.5, layer, fontsize=7.5)
        write(axes, WIDTH - 1.5, top + 1.7, of, fontsize=6, color="0.35", ha="right")
        strips(
            axes, stimulus, dict(zip(shown, activity, strict=True)), top + HEADER, style.colour(name), layer
        )
    bottom = block * len(recordings) + 1
    write(
        axes, (LEFT + WIDTH) / 2, bottom, "sampled units, in the order of the layer", ha="center", fontsize=7
    )
    sample = next(iter(samples.values())).attrs
    attributes = activation_panels.keys(next(iter(recordings.values())), "stimulus")
    attributes |= {"size": sample["size"], "drawn": sample["drawn"]}
    return fig, caption(data, recordings, shown, n_drawn, layers), Result({}, attributes, groups)


def strips(axes, stimulus, activity: dict[int, np.ndarray], top: float, colour: str, layer: str) -> None:
    """Draw a layer's bars for each image, below each other, with one axis."""
    every = np.stack(list(activity.values()))
    low, high = min(0, every.min()), max(0, every.max())
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    limits = low - 0.02 * (high - low), high + 0.02 * (high - low)
    for row, (image, bars) in enumerate(activity.items()):
        at = top + row * (STRIP + GAP)
        activation_panels.thumbnail(axes, stimulus, image, 1, at, PICTURE, STRIP)
        place = LEFT, at, WIDTH - LEFT - 1.5, STRIP
        activation_panels.bar_strip(axes, place, bars, colour, limits, f"{layer}/{image}")
    middle = top + ((STRIP + GAP) * len(activity) - GAP) / 2
    axes.text(17.5, middle, "activation", rotation=90, ha="center", va="center", fontsize=6.5)


def sampled(recording, sample, images: list[int]) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the first draw's units, their activations (image, unit), and how many were drawn.

    Units are in the order of the layer. Of more than `MOST`, evenly spaced ones are returned.
    """
    units = np.sort(sample["unit"].isel(repeat=0).values)
    positions = np.searchsorted(recording["unit"].values, units)
    activity = recording["activation"].isel(image=images).values[:, positions]
    few = evenly_spaced(len(units), MOST)
    return units[few], activity[:, few], len(units)


def data_of(stimulus, images: list[int], units: np.ndarray, activity: np.ndarray) -> dict:
    """Describe a layer's bars as variables of the figure's file."""
    labels = activation_panels.labels(stimulus, images)
    return {
        "activation": activation_panels.variable(("image", "unit"), activity, "activation", labels),
        "unit": (("unit",), units, {"long_name": "flat index in the layer"}),
        **labels,
    }


def caption(data, recordings: dict, images: list[int], n_drawn: dict[str, int], layers) -> str:
    """Say what was measured and how."""
    first = next(iter(recordings.values())).attrs
    one_draw = " (the first draw of several)" if data["samples"][0].sizes["repeat"] > 1 else ""
    thinned = [layer for layer, count in n_drawn.items() if count > MOST]
    text = [
        f"Activations of sampled units in {captions.layers(recordings, layers, LAYERS)} of "
        f"{captions.escape(first['source'])} for {captions.plural(len(images), 'image', 'images')} of "
        f"{captions.escape(first['stimulus'])} (from top to bottom: "
        f"{activation_panels.titles(data['stimuli'][0], images)}).",
        f"Of {captions.recorded(first['population'], first['selected'])}, at most "
        f"{captions.number(max(n_drawn.values()))}{one_draw} are shown, the same for every image; each bar "
        "is a unit, in the order channel, row, column.",
        f"Evenly spaced units represent those of {captions.listing(map(captions.escape, thinned))}."
        if thinned
        else "",
        "The axis of activation is the same for all images of a layer, but differs between layers.",
    ]
    return " ".join(filter(None, text))
