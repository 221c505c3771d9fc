"""Which classes each image is taken for: images × classes, a block a stimulus."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import LEFT, inset, page, row_label, write
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study

LAYER = "predictions"
BOTTOM, GAP, TALLEST, LETTER = 11.0, 2.0, 24.0, 1.25  # mm; the last: usual width of a character
LONGEST, OTHERS = 26, "all other classes"  # characters of a class; the last column

Classes = Annotated[int, Field(ge=2, le=50)]


class PredictionHeatmap(Figure):
    """Which classes each image is taken for: images × classes, a block a stimulus."""

    category = "Predictions"
    saves_data = True
    shows_stimuli = True

    source: str | None = parameter("By default the first.", None)
    stimuli: list[str] | None = parameter("By default all.", None)
    classes: Classes = parameter(
        "How many classes are shown, at most 50: stimuli choose in turn, each the class of its highest "
        "mean probability that is not yet chosen. A last column holds the sum of all others.",
        40,
    )
    population: str | None = parameter(
        "One that has all classes; by default one that records filter means (of single positions: the "
        "units), all units or random ones.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters.

        Raises
        ------
        ConfigError
            A name is unknown, no network records its predictions, or no population has all classes.
        """
        source = self.source
        stimuli = self.stimuli
        population = self.population
        classifying = [source for source, layers in study.layers.items() if LAYER in layers]
        if not classifying:
            raise ConfigError(
                f"source: no network of the study records its layer '{LAYER}'. Add it to the 'layers' of a "
                "network that classifies."
            )
        network = defaults.one_or_default(source, classifying, "source")
        population = activation_panels.population(
            study,
            population,
            # One position: the mean over positions is the unit itself.
            ["filter_means", "all", "random"],
            "all classes",
            "{filter_means: {kind: filter_means}}",
        )
        stimuli = defaults.many_or_all(stimuli, study.stimuli_of(network), "stimuli")
        return {
            "activations": activation_panels.activations(study, network, stimuli, population, [LAYER]),
            "layers": study.path("layers", source=network),
        }

    def draw(self, data: Mapping):
        """Draw the probability of the most telling classes for each image.

        Returns
        -------
        Figure, str, Result
            The figure, its caption and the data that it shows.

        Raises
        ------
        DataError
            The population lacks classes.
        """
        import matplotlib
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import PowerNorm
        from matplotlib.patches import Rectangle

        recordings = {dataset.attrs["stimulus"]: dataset for dataset in data["activations"]}
        probabilities = {name: all_classes(dataset, data["layers"]) for name, dataset in recordings.items()}
        chosen = telling({name: values.mean(0) for name, values in probabilities.items()}, self.classes)
        shown = [number for own in chosen.values() for number in own]
        categories = names_of_classes(data["layers"], shown)
        labels = [*(captions.shorten(label, LONGEST) for label in categories), None, OTHERS]

        names = list(probabilities)
        pitch = (WIDTH - LEFT - 3) / (len(shown) + 2)  # the sum stands apart
        first = 3 + LETTER * max(map(len, filter(None, labels)))  # where the first row begins
        height = min((PAGE - first - BOTTOM) / len(names), TALLEST)
        fig, axes = page(first + height * len(names) + BOTTOM)
        norm, colours = PowerNorm(0.5, 0, 1), matplotlib.colormaps["viridis"]
        for row, name in enumerate(names):
            values = probabilities[name]
            others = others_of(values, shown)
            top = first + row * height
            row_label(axes, self.style, name, top, height - GAP)
            for block, left, gid in (
                (values[:, shown], LEFT, f"{name}/classes"),
                (others, LEFT + (len(shown) + 1) * pitch, f"{name}/others"),
            ):
                axes.imshow(
                    block,
                    norm=norm,
                    cmap=colours,
                    extent=(left, left + block.shape[1] * pitch, top + height - GAP, top),
                    aspect="auto",
                    interpolation="none",
                    gid=gid,
                )
        for column, label in enumerate(labels):
            if label is not None:
                at = LEFT + (column + 0.5) * pitch
                axes.text(at, first - 2, label, rotation=90, ha="center", va="bottom", fontsize=6)
        left = LEFT
        for name, own in chosen.items():
            bar = Rectangle((left + 0.2, first - 1.4), len(own) * pitch - 0.4, 0.8, linewidth=0)
            bar.set(facecolor=self.style.colour(name), gid=f"{name}/chose")
            axes.add_patch(bar)
            left += len(own) * pitch
        bottom = first + height * len(names)
        bar = inset(axes, WIDTH - 63, bottom + 1, 60, 2)
        ticks = [0, 0.01, 0.1, 0.3, 0.6, 1]
        fig.colorbar(ScalarMappable(norm, colours), cax=bar, orientation="horizontal")
        bar.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        bar.xaxis.minorticks_off()
        bar.tick_params(length=2, pad=1, labelsize=6)
        bar.set_xlabel("probability (square-root colour scale)", labelpad=1)
        write(axes, LEFT, bottom + 1, "images, from first to last ↓", fontsize=6.5)
        rows = activation_panels.rows(
            recordings, {name: range(len(own)) for name, own in probabilities.items()}
        )
        variables = {
            "probability": activation_panels.variable(
                ("row", "class"),
                np.concatenate([values[:, shown] for values in probabilities.values()]),
                "probability of a class",
                (*rows, "label", "chosen_by"),
            ),
            "others": activation_panels.variable(
                ("row",),
                np.concatenate([others_of(values, shown)[:, 0] for values in probabilities.values()]),
                OTHERS,
                rows,
            ),
            "class": (("class",), np.array(shown, np.int32)),
            "label": (("class",), categories),
            "chosen_by": (
                ("class",),
                [name for name, own in chosen.items() for _ in own],
                {"long_name": "stimulus that chose the class"},
            ),
            **rows,
        }
        result = Result(variables, activation_panels.keys(data["activations"][0], "layer"))
        return fig, caption(recordings, data["layers"], shown), result


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
    expected = int(layers["units"].sel(layer=LAYER))
    units = recording["unit"].values
    if len(units) < expected:
        raise DataError(
            f"{recording.encoding['source']}: expected all {expected} classes, found {len(units)}. Set "
            "'population' to one that records all units of the layer (filter_means, all, or random with as "
            "many units)."
        )
    return recording["activation"].values[:, np.argsort(units)].astype(float)


def telling(means: dict, count: int) -> dict[str, list[int]]:
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
    names = list(recordings)
    first = recordings[names[0]]
    images = [recording.sizes["image"] for recording in recordings.values()]
    total = int(layers["units"].sel(layer=LAYER))
    return (
        f"What {captions.escape(first.attrs['source'])} takes each image for: probabilities (softmax) of "
        f"{len(shown)} of its {captions.number(total)} classes (columns) for every image (rows) of "
        f"{captions.plural(len(names), 'stimulus', 'stimuli')} ({captions.counts(names, images, 'images')}). "
        "Stimuli chose the classes in turn, each the one of its highest mean probability that was not yet "
        "chosen; those of a stimulus stand side by side under a bar of its colour. The last column is the "
        "sum of all other classes, so that every row adds up to 1. The colours are the same for all stimuli, "
        "from 0 to 1, finer for small probabilities; nothing is normalised or clipped."
        + " Classes have no names and go by their numbers in the output, from 0."
        * ("category" not in layers)
    )
