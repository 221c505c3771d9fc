"""Filter means of one layer for a few images: their histograms, the means, and pairwise differences."""

from itertools import combinations

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import inset, page, write
from repscape.figures.lib.style import WIDTH
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Activations"
DATA = True
BINS = 20
LEFT, PICTURE = 32.0, 12.0  # mm: where panels begin, side of the pictures beside them
TITLE, TOP, HISTOGRAM, STRIP, GAP, HEADER = 5.0, 6.0, 38.0, 13.0, 2.5, 6.0  # mm
LETTERS = "ABCD"


def inputs(
    study: Study,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    images: activation_panels.Few = 3,
    layer: str | None = None,
    population: str | None = None,
) -> dict:
    """Name the files and check the parameters.

    Raises
    ------
    ConfigError
        A name is unknown, or no population records filter means.
    """
    source = defaults.one(source, study.layers, "source")
    own = study.layers[source]
    if layer is None:
        layer = own[round((len(own) - 1) * 2 / 3)]
    defaults.layers_of(study, source, [layer], "layer")
    population = activation_panels.filter_means(study, population)
    stimulus = activation_panels.stimulus(study, source, stimulus)
    return {
        "stimulus": study.path("stimulus", stimulus=stimulus),
        "activations": activation_panels.activations(study, source, [stimulus], population, [layer]),
    }


def draw(
    data: dict,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    images: activation_panels.Few = 3,
    layer: str | None = None,
    population: str | None = None,
):
    """Draw histograms, bars and pairwise differences of the filter means of a layer.

    Parameters
    ----------
    source : str, optional
        By default the first.
    stimulus : str, optional
        By default the first that is not the reference.
    images : int or list of int
        How many evenly spaced images, or which, counted from 0; 2 to 4.
    layer : str, optional
        By default one at two thirds of the depth.
    population : str, optional
        By default the first that records filter means.

    Returns
    -------
    Figure, str, Result
        The figure, its caption and the data that it shows.

    Raises
    ------
    DataError
        The stimulus has no such image, or the activations are not those of its images.
    """
    pictures, recording = data["stimulus"], data["activations"][0]
    activation_panels.check_images(pictures, recording)
    shown = activation_panels.chosen(pictures, images)
    means = recording["activation"].isel(image=shown).values  # (image, filter)
    colours = activation_panels.image_colours(len(shown))
    pairs = list(combinations(range(len(shown)), 2))

    filters = activation_panels.parts(recording)
    parts = {"b": TITLE + TOP + HISTOGRAM + 12}
    parts["c"] = parts["b"] + HEADER + (STRIP + GAP) * len(shown) + 2
    mean = "activation" if filters == "units" else "mean activation"
    fig, axes = page(parts["c"] + HEADER + (STRIP + GAP) * len(pairs) + 7)
    across = WIDTH - LEFT - 2
    write(axes, 1, 1, f"{recording.attrs['layer']}, {pictures.attrs['stimulus']}", fontsize=8)
    for letter, top, words in (
        ("a", TITLE, f"how many {filters} have which {mean}"),
        ("b", parts["b"], f"{mean} of each {filters[:-1]}"),
        ("c", parts["c"], f"difference of {mean}s, image by image"),
    ):
        write(axes, 1, top + 1.2, letter, fontweight="bold", fontsize=7.5)
        write(axes, LEFT, top + 1.2, words, fontsize=7)

    panel = inset(axes, LEFT, TITLE + TOP, across, HISTOGRAM)
    edges = np.histogram_bin_edges(means, BINS)
    counts = np.array([np.histogram(row, edges)[0] for row in means])
    for image, row, colour, letter in zip(shown, counts, colours, LETTERS, strict=False):
        label = f"{letter}: {captions.shorten(activation_panels.title(pictures, image), 30)}"
        panel.stairs(row, edges, color=colour, linewidth=1.2, label=label, gid=f"histogram/{image}")
    panel.set(ylim=(0, None), xlim=(edges[0], edges[-1]), ylabel=filters)
    panel.set_xlabel(mean, labelpad=1)
    activation_panels.plain_ticks(panel.xaxis, 6)
    activation_panels.plain_ticks(panel.yaxis, 4)
    panel.legend(loc="upper right")

    bars = limits(means)
    for row, (image, colour, letter) in enumerate(zip(shown, colours, LETTERS, strict=False)):
        top = parts["b"] + HEADER + row * (STRIP + GAP)
        activation_panels.thumbnail(axes, pictures, image, 6, top, PICTURE, STRIP)
        axes.text(3, top + STRIP / 2, letter, ha="center", va="center", color=colour, fontweight="bold")
        strip(axes, top, across, means[row], colour, bars, f"bars/{image}")
    differences = np.array([means[i] - means[j] for i, j in pairs])
    around = limits(differences, symmetric=True)
    for row, (i, j) in enumerate(pairs):
        top = parts["c"] + HEADER + row * (STRIP + GAP)
        words = f"{LETTERS[i]} − {LETTERS[j]}"
        axes.text(9, top + STRIP / 2, words, ha="center", va="center", fontweight="bold", color="0.2")
        gid = f"difference/{shown[i]}/{shown[j]}"
        panel = strip(axes, top, across, differences[row], "0.3", around, gid)
    panel.spines["bottom"].set_visible(True)
    panel.set_xticks([0.5, means.shape[1] - 0.5], ["0", captions.number(means.shape[1] - 1)])
    panel.get_xticklabels()[-1].set_ha("right")
    panel.tick_params(axis="x", length=2, pad=1.5)
    panel.set_xlabel(filters[:-1], labelpad=-4)
    first, second = np.array([(shown[i], shown[j]) for i, j in pairs], np.int32).T
    labels = activation_panels.labels(pictures, shown)
    variables = {
        "activation": activation_panels.variable(
            ("image", "filter"), means, "activation of a filter, averaged over positions", labels
        ),
        "difference": activation_panels.variable(
            ("pair", "filter"),
            differences,
            "activation for image_i minus that for image_j",
            ("image_i", "image_j"),
        ),
        "filters": (
            ("image", "bin"),
            counts.astype(np.int32),
            {"long_name": "how many filters are in a bin"},
        ),
        "low": (("bin",), edges[:-1], {"long_name": "least activation in a bin"}),
        "high": (("bin",), edges[1:], {"long_name": "where a bin ends; only the last holds it"}),
        "filter": (("filter",), recording["unit"].values),
        "image_i": (("pair",), first, {"long_name": activation_panels.NUMBER}),
        "image_j": (("pair",), second, {"long_name": activation_panels.NUMBER}),
        **labels,
    }
    result = Result(variables, activation_panels.keys(recording, "stimulus", "layer"))
    return fig, caption(data, shown, means), result


def limits(values: np.ndarray, symmetric: bool = False) -> tuple[float, float]:
    """Return limits of an axis that holds 0 and all values, the same for all."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    if symmetric:
        low, high = -max(-low, high), max(-low, high)
    room = 0.04 * (high - low) or 0.5
    return low - room * (low < 0 or high == low), high + room


def strip(axes, top: float, across: float, values, colour, ylim: tuple[float, float], gid: str):
    """Draw a bar a filter in a strip of the page; return its axes."""
    panel = inset(axes, LEFT, top, across, STRIP)
    panel.stairs(values, fill=True, color=colour, linewidth=0, baseline=0, gid=gid)
    panel.axhline(0, color="0.35", linewidth=0.4)
    panel.set(xlim=(0, len(values)), ylim=ylim)
    panel.spines["bottom"].set_visible(False)
    panel.set_xticks([])
    activation_panels.plain_ticks(panel.yaxis)
    return panel


def caption(data: dict, images: list[int], means: np.ndarray) -> str:
    """Say what was measured and how."""
    recording = data["activations"][0]
    attributes, filters = recording.attrs, activation_panels.parts(recording)
    what = "Filter means" if filters == "filters" else "Activations"
    averaged = ", averaged over positions," if filters == "filters" else ","
    stimulus = captions.escape(attributes["stimulus"])
    which = captions.listing(
        f"{letter}: {captions.escape(activation_panels.title(data['stimulus'], image))}"
        for letter, image in zip(LETTERS, images, strict=False)
    )
    return (
        f"{what} in {captions.escape(attributes['layer'])} of {captions.escape(attributes['source'])} "
        f"for {len(images)} images of {stimulus} ({which}): "
        f"the activation of each of the {captions.number(means.shape[1])} {filters}{averaged} not "
        "normalised. "
        f"**a**, histograms, with the same {BINS} bins for all images. **b**, the values, a bar each, in the "
        "layer's order. **c**, differences of the images named at the left, one by one. Within b and within "
        "c all axes are the same."
    )
