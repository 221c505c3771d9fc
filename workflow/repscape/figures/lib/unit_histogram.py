"""Filter means of one layer for a few images: their histograms, the means, and pairwise differences."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.axes import plain_ticks
from repscape.figures.lib.millimetre_page import inset, page, write
from repscape.figures.lib.style import WIDTH

BINS, IMAGES = 20, 3
LEFT, PICTURE = 32.0, 12.0  # mm: where panels begin, side of the pictures beside them
ACROSS = WIDTH - LEFT - 2  # mm, the width of panels
TITLE, TOP, HISTOGRAM, STRIP, GAP, HEADER = 5.0, 6.0, 38.0, 13.0, 2.5, 6.0  # mm
LETTERS = "ABCD"


def draw(data, images: int | Sequence[int] | None) -> tuple:
    """Draw histograms, bars and pairwise differences of the filter means of a layer."""
    (stimulus,), (recording,) = data["stimuli"], data["activations"]
    activation_panels.check_images(stimulus, recording)
    shown = activation_panels.image_numbers(stimulus, images or IMAGES)
    means = recording["activation"].isel(image=shown).values  # (image, filter)
    pairs = list(combinations(range(len(shown)), 2))
    differences = np.array([means[i] - means[j] for i, j in pairs])
    edges = np.histogram_bin_edges(means, BINS)
    counts = np.array([np.histogram(row, edges)[0] for row in means])

    filters = activation_panels.parts(recording)
    mean = "activation" if filters == "units" else "mean activation"
    middle = TITLE + TOP + HISTOGRAM + 12
    lower = middle + HEADER + (STRIP + GAP) * len(shown) + 2
    fig, axes = page(lower + HEADER + (STRIP + GAP) * len(pairs) + 7)
    write(axes, 1, 1, f"{recording.attrs['layer']}, {stimulus.attrs['stimulus']}", fontsize=8)
    for letter, top, words in (
        ("a", TITLE, f"number of {filters} by {mean}"),
        ("b", middle, f"{mean} of each {filters[:-1]}"),
        ("c", lower, f"difference of {mean}s, image by image"),
    ):
        write(axes, 1, top + 1.2, letter, fontweight="bold", fontsize=7.5)
        write(axes, LEFT, top + 1.2, words, fontsize=7)
    panel = inset(axes, LEFT, TITLE + TOP, ACROSS, HISTOGRAM)
    histograms(panel, stimulus, shown, counts, edges)
    panel.set_ylabel(filters)
    panel.set_xlabel(mean, labelpad=1)
    bars(axes, stimulus, shown, means, middle + HEADER)
    last = difference_bars(axes, shown, differences, lower + HEADER)
    last.set_xlabel(filters[:-1], labelpad=-4)

    variables = data_of(stimulus, shown, means, differences, counts, edges)
    variables["filter"] = (("filter",), recording["unit"].values)
    attributes = activation_panels.keys(recording, "stimulus", "layer")
    return fig, caption(stimulus, recording, shown), Result(variables, attributes)


def histograms(panel, stimulus, images: list[int], counts: np.ndarray, edges: np.ndarray) -> None:
    """Draw how many filters (image, bin) lie between the edges, a line an image."""
    colours = activation_panels.image_colours(len(images))
    for image, row, colour, letter in zip(images, counts, colours, LETTERS, strict=False):
        label = f"{letter}: {captions.shorten(activation_panels.title(stimulus, image), 30)}"
        panel.stairs(row, edges, color=colour, linewidth=1.2, label=label, gid=f"histogram/{image}")
    panel.set(ylim=(0, None), xlim=(edges[0], edges[-1]))
    plain_ticks(panel.xaxis, 6)
    plain_ticks(panel.yaxis, 4)
    panel.legend(loc="upper right")


def bars(axes, stimulus, images: list[int], means: np.ndarray, top: float) -> None:
    """Draw the filter means (image, filter), a strip an image."""
    colours = activation_panels.image_colours(len(images))
    for row, (image, colour, letter) in enumerate(zip(images, colours, LETTERS, strict=False)):
        at = top + row * (STRIP + GAP)
        activation_panels.thumbnail(axes, stimulus, image, 6, at, PICTURE, STRIP)
        axes.text(3, at + STRIP / 2, letter, ha="center", va="center", color=colour, fontweight="bold")
        place = LEFT, at, ACROSS, STRIP
        activation_panels.bar_strip(axes, place, means[row], colour, limits(means), f"bars/{image}")


def difference_bars(axes, images: list[int], differences: np.ndarray, top: float):
    """Draw the differences (pair, filter), a strip a pair of images; return the last one's axes."""
    around = limits(differences, symmetric=True)
    for row, (i, j) in enumerate(combinations(range(len(images)), 2)):
        at = top + row * (STRIP + GAP)
        words = f"{LETTERS[i]} − {LETTERS[j]}"
        axes.text(9, at + STRIP / 2, words, ha="center", va="center", fontweight="bold", color="0.2")
        place, gid = (LEFT, at, ACROSS, STRIP), f"difference/{images[i]}/{images[j]}"
        panel = activation_panels.bar_strip(axes, place, differences[row], "0.3", around, gid)
    filters = differences.shape[1]
    panel.spines["bottom"].set_visible(True)
    panel.set_xticks([0.5, filters - 0.5], ["0", captions.number(filters - 1)])
    panel.get_xticklabels()[-1].set_ha("right")
    panel.tick_params(axis="x", length=2, pad=1.5)
    return panel


def limits(values: np.ndarray, symmetric: bool = False) -> tuple[float, float]:
    """Return limits of an axis that holds 0 and all values, the same for all."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    if symmetric:
        low, high = -max(-low, high), max(-low, high)
    room = 0.04 * (high - low) or 0.5
    return low - room * (low < 0 or high == low), high + room


def data_of(stimulus, images: list[int], means, differences, counts, edges) -> dict:
    """Describe what is drawn as variables of the figure's file."""
    first, second = np.array(list(combinations(images, 2)), np.int32).T
    labels = activation_panels.labels(stimulus, images)
    return {
        "activation": activation_panels.variable(("image", "filter"), means, activation_panels.MEAN, labels),
        "difference": activation_panels.variable(
            ("pair", "filter"),
            differences,
            "activation for image_i minus that for image_j",
            ("image_i", "image_j"),
        ),
        "filters": (
            ("image", "bin"),
            counts.astype(np.int32),
            {"long_name": "number of filters in a bin"},
        ),
        "low": (("bin",), edges[:-1], {"long_name": "least activation in a bin"}),
        "high": (("bin",), edges[1:], {"long_name": "upper edge of a bin, which only the last bin includes"}),
        "image_i": (("pair",), first, {"long_name": activation_panels.NUMBER}),
        "image_j": (("pair",), second, {"long_name": activation_panels.NUMBER}),
        **labels,
    }


def caption(stimulus, recording, images: list[int]) -> str:
    """Say what was measured and how."""
    attributes, filters = recording.attrs, activation_panels.parts(recording)
    what = "Filter means" if filters == "filters" else "Activations"
    averaged = ", averaged over positions," if filters == "filters" else ","
    which = captions.listing(
        f"{letter}: {captions.escape(activation_panels.title(stimulus, image))}"
        for letter, image in zip(LETTERS, images, strict=False)
    )
    return (
        f"{what} in {captions.escape(attributes['layer'])} of {captions.escape(attributes['source'])} for "
        f"{len(images)} images of {captions.escape(attributes['stimulus'])} ({which}): the activation of "
        f"each of the {captions.number(recording.sizes['unit'])} {filters}{averaged} not normalised. "
        f"**a**, histograms, with the same {BINS} bins for all images. **b**, the value of each, in the "
        "layer's order. **c**, differences between the images named at the left. All axes in b are the "
        "same, and all axes in c."
    )
