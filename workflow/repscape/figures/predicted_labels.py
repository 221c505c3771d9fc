"""Images with their most probable classes."""

from collections.abc import Mapping
from textwrap import wrap

import numpy as np

from repscape.core.evenly_spaced import evenly_spaced
from repscape.core.labels import check_equal
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import LEFT, fit, page, picture, row_label, write
from repscape.figures.lib.shown import OfClassifier
from repscape.figures.lib.style import WIDTH
from repscape.io import stored_images
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study

GAP, TALLEST = 2.0, 20.0  # mm
ABOVE, BELOW, LINE = 3.4, 3.0, 2.6  # mm: title and gap around a row, a line of text
SIZE = 5.8  # points


class PredictedLabels(OfClassifier, Figure):
    """Images with their most probable classes."""

    category = "Predictions"
    shows_stimuli = True

    images: int = parameter("How many images of each stimulus are shown, evenly spaced.", 5, ge=1, le=6)
    top: int = parameter("How many classes are written under each image.", 3, ge=1, le=5)

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters.

        Raises
        ------
        ConfigError
            A name is unknown, or no network records its predictions.
        """
        shown = study.stimuli_of(self._network(study))
        stimuli = defaults.many_or_all(self.stimuli, shown, "stimuli")
        return {
            "predictions": study.path("analysis", analysis="predictions"),
            "stimuli": [study.path("stimulus", stimulus=stimulus) for stimulus in stimuli],
        }

    def draw(self, data: Mapping):
        """Draw evenly spaced images of each stimulus (rows) with their most probable classes."""
        predictions = data["predictions"]
        network = self.source or str(predictions["source"].values[0])
        width = (WIDTH - LEFT) / self.images - GAP
        rows = [
            _Row(stimulus, predictions.sel(source=network), self.images, self.top, width)
            for stimulus in data["stimuli"]
        ]
        fig, axes = page(sum(row.height for row in rows))
        top = 0.0
        for row in rows:
            row_label(axes, self.style, row.name, top + ABOVE, row.picture)
            for column in range(len(row.images)):
                self._image(axes, row, column, LEFT + column * (width + GAP), top, width)
            top += row.height
        return fig, caption(predictions, network, rows, min(self.top, predictions.sizes["rank"]))

    def _image(self, axes, row: "_Row", column: int, left: float, top: float, width: float) -> None:
        """Draw an image between its title and its classes."""
        from matplotlib.patches import Rectangle

        write(axes, left, top + 0.6, row.titles[column], fontsize=5.5, color="0.35")
        pixels = stored_images.image(row.stimulus, row.images[column])
        gid = f"{row.name}/{row.images[column]}"
        line = picture(axes, pixels, left, top + ABOVE, width, row.picture, gid=gid) + 0.6
        across = fit(pixels.shape, width, row.picture)[0]
        for words, probability in row.entries[column]:
            bar = Rectangle((left, line), across * probability, LINE, linewidth=0)
            bar.set(facecolor=self.style.colour(row.name), alpha=0.3)
            axes.add_patch(bar)
            for text in words:
                write(axes, left + 0.3, line + 0.25, text, fontsize=SIZE)
                line += LINE


class _Row:
    """What a row shows: the images chosen of a stimulus, their titles and classes, and its height."""

    def __init__(self, stimulus, predictions, images: int, top: int, width: float):
        self.stimulus, self.name = stimulus, stimulus.attrs["stimulus"]
        self.images = evenly_spaced(stimulus.sizes["image"], images)
        predicted = predictions.sel(stimulus=self.name)
        names = stimulus["name"].values
        file, other = (dataset.encoding["source"] for dataset in (stimulus, predictions))
        check_equal("image", names, file, predicted["name"].values[: len(names)], other)
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
        f"Classification by {captions.escape(network)}: the {classes} (softmax), under {under} of each "
        f"stimulus (of {captions.counts(names, counts, 'images')}), from the first to the last.",
        "Bars show probabilities; the full width of the image is 1. Images are shown before the network "
        "resizes and crops them, with their time in the movie or their name above.",
    ]
    if any(row.numbered for row in rows):
        text.append(captions.NUMBERED_CLASSES)
    return " ".join(text)
