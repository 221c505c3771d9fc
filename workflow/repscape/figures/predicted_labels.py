"""What a network takes the images for: thumbnails with the most probable classes beneath."""

from textwrap import wrap
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.core.errors import ConfigError
from repscape.core.labels import check_equal
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import LEFT, fit, page, picture, row_label, write
from repscape.figures.lib.style import WIDTH, Style
from repscape.io import stored_images
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Predictions"
GAP, TALLEST = 2.0, 20.0  # mm
ABOVE, BELOW, LINE = 3.4, 3.0, 2.6  # mm: title and gap around a row, a line of text
SIZE = 5.8  # points

Images = Annotated[int, Field(ge=1, le=6)]
Classes = Annotated[int, Field(ge=1, le=5)]


def inputs(
    study: Study,
    *,
    source: str | None = None,
    stimuli: list[str] | None = None,
    images: Images = 5,
    top: Classes = 3,
) -> dict:
    """Name the files and check the parameters.

    Raises
    ------
    ConfigError
        A name is unknown, or no network records its predictions.
    """
    classifying = [source for source, layers in study.layers.items() if "predictions" in layers]
    if not classifying:
        raise ConfigError(
            "source: no network of the study records its layer 'predictions'. Add it to the 'layers' of a "
            "network that classifies."
        )
    network = defaults.one(source, classifying, "source")
    return {
        "predictions": study.path("analysis", analysis="predictions"),
        "stimuli": [
            study.path("stimulus", stimulus=stimulus)
            for stimulus in defaults.several(stimuli, study.stimuli_of(network), "stimuli")
        ],
    }


def draw(
    data: dict,
    style: Style,
    *,
    source: str | None = None,
    stimuli: list[str] | None = None,
    images: Images = 5,
    top: Classes = 3,
):
    """Draw evenly spaced images of each stimulus (rows) with their most probable classes.

    Parameters
    ----------
    source : str, optional
        By default the first.
    stimuli : list of str, optional
        By default all.
    images : int
        How many images of each stimulus are shown, at most 6.
    top : int
        How many classes are written under each image, at most 5.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    from matplotlib.patches import Rectangle

    predictions = data["predictions"]
    network = source or str(predictions["source"].values[0])
    width = (WIDTH - LEFT) / images - GAP
    rows = [
        _Row(stimulus, predictions.sel(source=network), images, top, width) for stimulus in data["stimuli"]
    ]
    fig, axes = page(sum(row.height for row in rows))
    top_of_row = 0.0
    for row in rows:
        upper = top_of_row + ABOVE
        row_label(axes, style, row.name, upper, row.picture)
        for column, image in enumerate(row.images):
            left = LEFT + column * (width + GAP)
            write(axes, left, top_of_row + 0.6, row.titles[column], fontsize=5.5, color="0.35")
            pixels = stored_images.image(row.stimulus, image)
            line = picture(axes, pixels, left, upper, width, row.picture, gid=f"{row.name}/{image}") + 0.6
            across = fit(pixels.shape, width, row.picture)[0]
            for words, probability in row.entries[column]:
                bar = Rectangle((left, line), across * probability, LINE, linewidth=0)
                bar.set(facecolor=style.colour(row.name), alpha=0.3)
                axes.add_patch(bar)
                for text in words:
                    write(axes, left + 0.3, line + 0.25, text, fontsize=SIZE)
                    line += LINE
        top_of_row += row.height
    return fig, caption(predictions, network, rows, min(top, predictions.sizes["rank"]))


class _Row:
    """What a row shows: the images chosen of a stimulus, their titles and classes, and its height."""

    def __init__(self, stimulus, predictions, images: int, top: int, width: float):
        self.stimulus, self.name = stimulus, stimulus.attrs["stimulus"]
        self.images = evenly_spaced(stimulus.sizes["image"], images)
        predicted = predictions.sel(stimulus=self.name)
        names = stimulus["name"].values
        here, there = (dataset.encoding["source"] for dataset in (stimulus, predictions))
        check_equal("image", names, here, predicted["name"].values[: len(names)], there)
        found = predicted.isel(image=self.images, rank=slice(top))
        letters = int(width / (SIZE * 0.2))
        self.numbered = any(str(label).isdigit() for label in found["label"].values.ravel())
        self.entries = [
            [
                (entry(f"class {label}" if label.isdigit() else label, p, letters), p)
                for label, p in zip(*each, strict=True)
                if np.isfinite(p)
            ]
            for each in zip(found["label"].values, found["probability"].values, strict=True)
        ]
        self.titles = [
            captions.shorten(activation_panels.title(stimulus, image), letters - 3) for image in self.images
        ]
        sizes = stored_images.sizes(stimulus)[self.images]
        self.picture = max(fit(size, width, TALLEST)[1] for size in sizes)
        lines = max(sum(len(words) for words, _ in each) for each in self.entries)
        self.height = ABOVE + self.picture + LINE * lines + BELOW


def entry(label: str, probability: float, letters: int) -> list[str]:
    """Write a class and its probability in at most two lines of about `letters` characters."""
    number = f"{probability:.2f}" if probability >= 0.005 else "<0.01"
    text = f"{number} {label}"
    return wrap(text, letters, subsequent_indent=6 * " ", max_lines=2, placeholder=" …")


def caption(predictions, network: str, rows: list[_Row], top: int) -> str:
    """Say what was measured and how."""
    shown = [len(row.images) for row in rows]
    some = captions.plural(max(shown), "evenly spaced image", "evenly spaced images")
    names = [row.name for row in rows]
    counts = [row.stimulus.sizes["image"] for row in rows]
    classes = (
        "most probable class and its probability"
        if top == 1
        else f"{top} most probable classes and their probabilities"
    )
    under = some if len(set(shown)) == 1 else f"up to {some}"
    text = [
        f"What {captions.escape(network)} takes the images for: the {classes} (softmax) under {under} "
        f"of each stimulus (of {captions.counts(names, counts, 'images')}), from its first to its last.",
        "Bars show the probabilities: as wide as the image is 1. Images are shown as they are before the "
        "network resizes and crops them; above each stands its time in the movie, or its name.",
    ]
    if any(row.numbered for row in rows):
        text.append("A class without a name goes by its number in the network's output, from 0.")
    return " ".join(text)
