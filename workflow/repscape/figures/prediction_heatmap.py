"""Probabilities of classes for each image: images × classes, one block per stimulus."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.core.errors import DataError
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import LEFT, inset, page, row_label, write
from repscape.figures.lib.shown import OfClassifier
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.defaults import PREDICTIONS
from repscape.study.study import Study

BOTTOM, GAP, TALLEST, LETTER = 11.0, 2.0, 24.0, 1.25  # mm; the last: usual width of a character
LONGEST, OTHERS = 26, "all other classes"  # characters of a class; the last column


class Shown(NamedTuple):
    """Probabilities, and the classes that are shown of them.

    Attributes
    ----------
    probabilities : dict of stimulus to array (image, class)
    chosen : dict of stimulus to the classes that it chose
    names : list of str
        Of the classes shown.
    """

    probabilities: dict[str, np.ndarray]
    chosen: dict[str, list[int]]
    names: list[str]

    @property
    def classes(self) -> list[int]:
        """The classes shown, those of one stimulus after those of another."""
        return [number for own in self.chosen.values() for number in own]


class PredictionHeatmap(OfClassifier, Figure):
    """Probabilities of classes for each image: images × classes, one block per stimulus."""

    category = "Predictions"
    saves_data = True
    shows_stimuli = True

    classes: int = parameter(
        "How many classes are shown. Stimuli choose in turn the class with their highest mean probability "
        "that is not yet chosen; the last column shows the sum of all others.",
        40,
        ge=2,
        le=50,
    )
    population: str | None = parameter(
        "A population with all classes; by default one of filter means (with one position, these are the "
        "units), of all units or of random units.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters.

        Raises
        ------
        ConfigError
            A name is unknown, no network records its predictions, or no population has all classes.
        """
        network = self._network(study)
        population = activation_panels.population(
            study,
            self.population,
            # One position: the mean over positions is the unit itself.
            ["channel_means", "maps", "units"],
            "all classes",
            "{filter_means: {kind: filter_means}}",
            whole=True,
        )
        stimuli = defaults.many_or_all(self.stimuli, study.stimuli_of(network), "stimuli")
        return {
            "activations": activation_panels.activations(study, network, stimuli, population, [PREDICTIONS]),
            "layers": study.path("layers", source=network),
        }

    def draw(self, data: Mapping):
        """Draw the probability of the most telling classes for each image.

        Raises
        ------
        DataError
            The population lacks classes.
        """
        recordings = {dataset.attrs["stimulus"]: dataset for dataset in data["activations"]}
        probabilities = {name: all_classes(dataset, data["layers"]) for name, dataset in recordings.items()}
        chosen = choose_classes(
            {name: values.mean(0) for name, values in probabilities.items()}, self.classes
        )
        classes = [number for own in chosen.values() for number in own]
        shown = Shown(probabilities, chosen, names_of_classes(data["layers"], classes))
        text = caption(recordings, data["layers"], classes)
        return self._draw(shown), text, _result(shown, recordings)

    def _draw(self, shown: Shown):
        """Draw a block a stimulus, a row an image, with the names of classes above."""
        import matplotlib
        from matplotlib.colors import PowerNorm

        names, count = list(shown.probabilities), len(shown.classes)
        labels = [captions.shorten(label, LONGEST) for label in shown.names]
        pitch = (WIDTH - LEFT - 3) / (count + 2)  # the sum stands apart
        first = 3 + LETTER * max(map(len, [*labels, OTHERS]))  # where the first row begins
        height = min((PAGE - first - BOTTOM) / len(names), TALLEST)
        bottom = first + height * len(names)
        fig, axes = page(bottom + BOTTOM)
        norm, colours = PowerNorm(0.5, 0, 1), matplotlib.colormaps["viridis"]
        for row, (name, values) in enumerate(shown.probabilities.items()):
            top = first + row * height
            row_label(axes, self.style, name, top, height - GAP)
            for block, column, gid in (
                (values[:, shown.classes], 0, f"{name}/classes"),
                (others_of(values, shown.classes), count + 1, f"{name}/others"),
            ):
                left = LEFT + column * pitch
                axes.imshow(
                    block, norm=norm, cmap=colours, aspect="auto", interpolation="none", gid=gid,
                    extent=(left, left + block.shape[1] * pitch, top + height - GAP, top),
                )  # fmt: skip
        for column, label in [*enumerate(labels), (count + 1, OTHERS)]:
            at = LEFT + (column + 0.5) * pitch
            axes.text(at, first - 2, label, rotation=90, ha="center", va="bottom", fontsize=6)
        self._who_chose(axes, shown.chosen, first - 1.4, pitch)
        _colour_scale(axes, bottom + 1, norm, colours)
        write(axes, LEFT, bottom + 1, "images, from first to last ↓", fontsize=6.5)
        return fig

    def _who_chose(self, axes, chosen: Mapping[str, list[int]], top: float, pitch: float) -> None:
        """Draw a bar of a stimulus's colour above the classes that it chose."""
        from matplotlib.patches import Rectangle

        left = LEFT
        for name, classes in chosen.items():
            bar = Rectangle((left + 0.2, top), len(classes) * pitch - 0.4, 0.8, linewidth=0)
            bar.set(facecolor=self.style.colour(name), gid=f"{name}/chose")
            axes.add_patch(bar)
            left += len(classes) * pitch


def _colour_scale(axes, top: float, norm, colours) -> None:
    from matplotlib.cm import ScalarMappable

    bar = inset(axes, WIDTH - 63, top, 60, 2)
    axes.get_figure().colorbar(ScalarMappable(norm, colours), cax=bar, orientation="horizontal")
    ticks = [0, 0.01, 0.1, 0.3, 0.6, 1]
    bar.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    bar.xaxis.minorticks_off()
    bar.tick_params(length=2, pad=1, labelsize=6)
    bar.set_xlabel("probability (square-root colour scale)", labelpad=1)


def _result(shown: Shown, recordings: Mapping) -> Result:
    """Describe what is shown, for the figure's file."""
    values = shown.probabilities.values()
    rows = activation_panels.rows(
        recordings, {name: range(len(own)) for name, own in shown.probabilities.items()}
    )
    chosen_by = [name for name, own in shown.chosen.items() for _ in own]
    variables = {
        "probability": activation_panels.variable(
            ("row", "class"),
            np.concatenate([own[:, shown.classes] for own in values]),
            "probability of a class",
            (*rows, "label", "chosen_by"),
        ),
        "others": activation_panels.variable(
            ("row",), np.concatenate([others_of(own, shown.classes)[:, 0] for own in values]), OTHERS, rows
        ),
        "class": (("class",), np.array(shown.classes, np.int32)),
        "label": (("class",), shown.names),
        "chosen_by": (("class",), chosen_by, {"long_name": "stimulus that chose the class"}),
        **rows,
    }
    first = next(iter(recordings.values()))
    return Result(variables, activation_panels.keys(first, "layer"))


def others_of(probabilities: np.ndarray, shown: list[int]) -> np.ndarray:
    """Return the sum of what is not shown, (image, 1)."""
    return 1 - probabilities[:, shown].sum(1, keepdims=True)


def all_classes(recording, layers) -> np.ndarray:
    """Return the probabilities (image, class) in the order of the classes.

    Raises
    ------
    DataError
        The recording lacks classes.
    """
    expected = int(layers["units"].sel(layer=PREDICTIONS))
    units = recording["unit"].values
    if len(units) < expected:
        raise DataError(
            f"{recording.encoding['source']}: expected all {expected} classes, found {len(units)}. Set "
            "'population' to one that records all units of the layer (filter_means, all, or random with as "
            "many units)."
        )
    return recording["activation"].values[:, np.argsort(units)].astype(float)


def choose_classes(means: dict, count: int) -> dict[str, list[int]]:
    """Let stimuli choose `count` classes in turn, each that of its highest mean not yet chosen."""
    order = {name: np.argsort(-mean, kind="stable").tolist() for name, mean in means.items()}
    count = min(count, len(next(iter(means.values()))))
    taken: dict[str, list[int]] = {name: [] for name in means}
    chosen: set[int] = set()
    while len(chosen) < count:
        for name, ranked in order.items():
            best = next((c for c in ranked if c not in chosen), None)
            if best is not None and len(chosen) < count:
                chosen.add(best)
                taken[name].append(best)
    return taken


def names_of_classes(layers, shown: list[int]) -> list[str]:
    """Return the names of classes, their numbers where there are no names."""
    if "category" in layers:
        return [str(name) for name in layers["category"].values[shown]]
    return [str(number) for number in shown]


def caption(recordings: dict, layers, shown: list[int]) -> str:
    """Say what was measured and how."""
    first = next(iter(recordings.values()))
    images = {name: recording.sizes["image"] for name, recording in recordings.items()}
    total = int(layers["units"].sel(layer=PREDICTIONS))
    return (
        f"Classification by {captions.escape(first.attrs['source'])}: probabilities (softmax) of "
        f"{len(shown)} of its {captions.number(total)} classes (columns) for every image (rows) of "
        f"{captions.of_stimuli(images)}. Stimuli chose in turn the class with their highest mean "
        "probability that was not yet chosen; the classes of a stimulus are side by side under a bar in "
        "its colour. The last column is the sum of all other classes, so that every row adds up to 1. "
        "Colours are the same for all stimuli, on a square-root scale from 0 to 1."
        f"{'' if 'category' in layers else f' {captions.NUMBERED_CLASSES}'}"
    )
