"""What single units answer: bars of the same sampled units for several images."""

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import inset, page, write
from repscape.figures.lib.style import WIDTH, Style
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Activations"
DATA = True
LAYERS, IMAGES = 3, 4
MOST = 1000  # bars that can still be told apart
STRIP, GAP, HEADER, BOTTOM = 11.0, 2.0, 6.5, 7.0  # mm
PICTURE, LEFT = 14.0, 30.0  # mm: side of the pictures, where the bars begin


def inputs(
    study: Study,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    images: activation_panels.Images = IMAGES,
    layers: list[str] | None = None,
    population: str | None = None,
    size: int | str | None = None,
) -> dict:
    """Name the files and check the parameters."""
    source = defaults.one(source, study.layers, "source")
    stimulus = activation_panels.stimulus(study, source, stimulus)
    layers = activation_panels.layers(study, source, layers, LAYERS, without="predictions")
    samples = study.samples_of(source)
    population = defaults.sampled(samples, population)
    sizes = samples[population]
    size = defaults.one(sizes[0] if size is None else str(size), sizes, "size")
    return {
        "stimulus": study.path("stimulus", stimulus=stimulus),
        "activations": activation_panels.activations(study, source, [stimulus], population, layers),
        "samples": [
            study.path("sample", source=source, population=population, layer=layer, size=size)
            for layer in layers
        ],
    }


def draw(
    data: dict,
    style: Style,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    images: activation_panels.Images = IMAGES,
    layers: list[str] | None = None,
    population: str | None = None,
    size: int | str | None = None,
):
    """Draw the activations of sampled units, a strip an image, for each layer.

    Parameters
    ----------
    source : str, optional
        By default the first.
    stimulus : str, optional
        By default the first that is not the reference.
    images : int or list of int
        How many evenly spaced images, or which, counted from 0; at most 6.
    layers : list of str, optional
        By default three: the first, the middle one and the last but `predictions`.
    population : str, optional
        By default the first that is sampled by size.
    size : int or "all", optional
        By default the smallest. The first draw is shown.

    Returns
    -------
    Figure, str, Result
        The figure, its caption and the data that it shows.

    Raises
    ------
    DataError
        The stimulus has no such image, or the activations are not those of its images.
    """
    shown = activation_panels.chosen(data["stimulus"], images)
    name = data["stimulus"].attrs["stimulus"]
    recordings = activation_panels.by_layer(data["activations"])[name]
    samples = {sample.attrs["layer"]: sample for sample in data["samples"]}

    block = HEADER + (STRIP + GAP) * len(shown)
    fig, axes = page(block * len(recordings) + BOTTOM)
    drawn, groups = {}, {}
    for row, (layer, recording) in enumerate(recordings.items()):
        activation_panels.check_images(data["stimulus"], recording)
        units, answers, drawn[layer] = sampled(recording, samples[layer], shown)
        groups[layer] = (
            data_of(data["stimulus"], shown, units, answers),
            {"layer": layer, "n_drawn": drawn[layer]},
        )
        top = row * block
        of = f"{captions.number(drawn[layer])} of {captions.number(recording.sizes['unit'])} recorded units"
        write(axes, LEFT, top + 1.5, layer, fontsize=7.5)
        write(axes, WIDTH - 1.5, top + 1.7, of, fontsize=6, color="0.35", ha="right")
        low, high = min(0, answers.min()), max(0, answers.max())
        low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
        for strip, (image, bars) in enumerate(zip(shown, answers, strict=True)):
            at = top + HEADER + strip * (STRIP + GAP)
            activation_panels.thumbnail(axes, data["stimulus"], image, 1, at, PICTURE, STRIP)
            panel = inset(axes, LEFT, at, WIDTH - LEFT - 1.5, STRIP)
            panel.stairs(
                bars, fill=True, color=style.colour(name), linewidth=0, gid=f"{layer}/{image}", baseline=0
            )
            panel.axhline(0, color="0.35", linewidth=0.4)
            panel.set(xlim=(0, len(bars)), ylim=(low - 0.02 * (high - low), high + 0.02 * (high - low)))
            panel.spines["bottom"].set_visible(False)
            panel.set_xticks([])
            activation_panels.plain_ticks(panel.yaxis)
    write(
        axes, (LEFT + WIDTH) / 2, block * len(recordings) + 1, "sampled units, in the order of the layer",
        ha="center", fontsize=7,
    )  # fmt: skip
    for row in range(len(recordings)):
        middle = row * block + HEADER + ((STRIP + GAP) * len(shown) - GAP) / 2
        axes.text(17.5, middle, "activation", rotation=90, ha="center", va="center", fontsize=6.5)
    first, sample = next(iter(recordings.values())), next(iter(samples.values()))
    attributes = activation_panels.keys(first, "stimulus") | {
        "size": sample.attrs["size"],
        "drawn": sample.attrs["drawn"],
    }
    return fig, caption(data, recordings, samples, shown, drawn, layers), Result({}, attributes, groups)


def sampled(recording, sample, images: list[int]) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the first draw's units, their activations (image, unit), and how many were drawn.

    Units are in the order of the layer. Of more than `MOST`, evenly spaced ones are returned.
    """
    units = np.sort(sample["unit"].isel(repeat=0).values)
    positions = np.searchsorted(recording["unit"].values, units)
    answers = recording["activation"].isel(image=images).values[:, positions]
    few = evenly_spaced(len(units), MOST)
    return units[few], answers[:, few], len(units)


def data_of(stimulus, images: list[int], units: np.ndarray, answers: np.ndarray) -> dict:
    """Describe a layer's bars as variables of the figure's file."""
    labels = activation_panels.labels(stimulus, images)
    return {
        "activation": activation_panels.variable(("image", "unit"), answers, "activation", labels),
        "unit": (("unit",), units, {"long_name": "flat index in the layer"}),
        **labels,
    }


def caption(data: dict, recordings: dict, samples: dict, images: list[int], drawn: dict, layers) -> str:
    """Say what was measured and how."""
    first = next(iter(recordings.values())).attrs
    sample = next(iter(samples.values()))
    stimulus = captions.escape(first["stimulus"])
    one_draw = " (the first draw of several)" if sample.sizes["repeat"] > 1 else ""
    thinned = [layer for layer, count in drawn.items() if count > MOST]
    text = [
        f"Activations of sampled units in {captions.layers(recordings, layers, LAYERS)} of "
        f"{captions.escape(first['source'])} for {captions.plural(len(images), 'image', 'images')} of "
        f"{stimulus} (from top to bottom: {activation_panels.titles(data['stimulus'], images)}).",
        f"Of {captions.recorded(first['population'], first['selected'])}, the same "
        f"{captions.number(max(drawn.values()))} at most{one_draw} are shown for every image, a bar a unit, "
        "in the order channel, row, column; drawn anew for every image, they would make even identical "
        "images differ.",
        f"Evenly spaced units stand for those of {captions.listing(map(captions.escape, thinned))}."
        if thinned
        else "",
        "The axis of activation is in the layer's own unit: the same for the images of a layer, not for "
        "different layers.",
    ]
    return " ".join(filter(None, text))
