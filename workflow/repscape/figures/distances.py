"""Distances of activity against distances of images: a point a pair of images."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from repscape.core.errors import ConfigError
from repscape.core.evenly_spaced import evenly_spaced
from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_bar, layers_of
from repscape.figures.lib.distance_panels import (
    OfDistances,
    area,
    beyond,
    measured,
    scatter_panels,
    tested,
    thinned,
)
from repscape.figures.lib.style import PAGE, RAMP, along
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.compare.significance import ALPHA
from repscape.study import defaults
from repscape.study.study import Study

PANELS = 25  # of layers, the most that fit a page


class Distances(OfDistances, Figure):
    """Distances of activity patterns against distances of images, in pairs (analysis `distances`)."""

    category = "Distances"
    shows_stimuli = True

    by: Literal["stimulus", "layer"] = parameter(
        "What a panel shows: ``stimulus``, one stimulus with points coloured by layer, or ``layer``, one "
        "layer with points coloured by stimulus and the regression line of all points.",
        "stimulus",
    )
    layers: list[str] | None = parameter(
        "The layers that are shown; by default all except the one compared with, but at most 25 evenly "
        "spaced ones as panels.",
        None,
    )
    points: int = parameter("The largest number of points in a panel, chosen at random.", 20_000, ge=1)

    def check(self) -> None:
        """Refuse a choice of stimuli where lines are those of all."""
        if self.by == "layer" and self.stimuli is not None:
            raise ConfigError(
                "stimuli: panels of layers show all stimuli of the analysis, since the line is fitted to "
                "all. Choose stimuli in the analysis, or set 'by: stimulus'."
            )

    def inputs(self, study: Study) -> dict:
        """Name the file and check the parameters."""
        defaults.layers_of(study, defaults.one_or_default(self.source, study.layers, "source"), self.layers)
        return super().inputs(study)

    def draw(self, data: Mapping):
        """Draw a point a pair of images, stimulus and layer."""
        table = self._table(data)
        every = layers_of(data["distances"], str(table["source"].values))
        layers = self.layers or [name for name in every if name != table.attrs["against"]]
        return self._by_layer(table, layers) if self.by == "layer" else self._by_stimulus(table, layers)

    def _by_stimulus(self, table, layers: list[str]):
        """Draw a panel a stimulus, coloured by layer, with the same axes."""
        against = table.attrs["against"]
        stimuli = defaults.many_or_all(self.stimuli, table["stimulus"].values, "stimuli")
        colours = np.array(along(RAMP, len(layers)))
        distance = table["distance"].transpose("stimulus", "layer", "pair").sel(stimulus=stimuli)
        images, activities = (distance.sel(layer=chosen).values for chosen in (against, layers))

        columns = min(len(stimuli), 3 if len(stimuli) <= 9 else 4)
        height = 12 + -(-len(stimuli) // columns) * (165 / columns if columns > 1 else 80)
        fig, panels = scatter_panels(stimuli, columns, min(PAGE, height), table, sharex=True, sharey=True)
        for axes, stimulus, x, y in zip(panels, stimuli, images, activities, strict=True):
            x, y, layer = thinned(x, y, np.arange(len(layers))[:, None], most=self.points)
            axes.scatter(
                x, y, c=colours[layer.astype(int)], s=area(x), lw=0, rasterized=True, clip_on=False,
                gid=stimulus,
            )  # fmt: skip
            title = captions.shorten(stimulus, int(85 / columns))
            axes.set_title(title, color=self.style.colour(stimulus), fontweight="bold")
        panels[0].set(xlim=beyond(images, 1.03), ylim=beyond(activities, 1.03))
        depth_bar(fig, panels, layers, RAMP)
        return fig, caption_by_stimulus(table.sel(stimulus=stimuli), layers, self.points)

    def _by_layer(self, table, layers: list[str]):
        """Draw a panel a layer, coloured by stimulus, with the regression line of all stimuli."""
        if self.layers is None and len(layers) > PANELS:
            layers = [layers[i] for i in evenly_spaced(len(layers), PANELS)]
        distance = table["distance"].transpose("layer", "stimulus", "pair")
        stimuli = list(map(str, table["stimulus"].values))
        images = distance.sel(layer=table.attrs["against"]).values

        names = [captions.shorten(name, 24) for name in stimuli]
        keys = 6 if max(map(len, names)) < 16 else 3  # in a row of the legend
        columns = min(len(layers), 5)
        height = 18 + -(-len(layers) // columns) * min(40, 170 / columns) + 4 * -(-len(stimuli) // keys)
        fig, panels = scatter_panels(layers, columns, height, table, sharex=True)
        for axes, layer in zip(panels, layers, strict=True):
            self._one_layer(axes, table.sel(layer=layer), images, distance.sel(layer=layer).values)
            axes.set_title(captions.shorten(layer, int(100 / columns)), fontsize=6.5, pad=2)
        marks = [self.style.point_key(name, size=3) for name in stimuli]
        fig.legend(marks, names, loc="outside upper center", ncols=keys)
        return fig, caption_by_layer(table, layers, self.layers, self.points)

    def _one_layer(self, axes, fit, images: np.ndarray, activities: np.ndarray) -> None:
        """Draw the points of one layer, distances (stimulus, pair), and their regression line."""
        stimuli = list(map(str, fit["stimulus"].values))
        colours = np.array([self.style.colour(name) for name in stimuli])
        shapes = np.array([self.style.marker(name) for name in stimuli])
        x, y, stimulus = thinned(images, activities, np.arange(len(stimuli))[:, None], most=self.points)
        stimulus = stimulus.astype(int)
        for shape in dict.fromkeys(shapes):
            of_shape = shapes[stimulus] == shape
            axes.scatter(
                x[of_shape], y[of_shape], c=colours[stimulus[of_shape]], marker=shape, s=area(x), lw=0,
                alpha=0.7, rasterized=True, gid=str(fit["layer"].values), clip_on=False,
            )  # fmt: skip
        measured_images = images[np.isfinite(images * activities)]
        ends = np.array([np.min(measured_images, initial=np.inf), np.max(measured_images, initial=-np.inf)])
        ends = np.where(np.isfinite(ends), ends, np.nan)
        line = float(fit["pooled_slope"]) * ends + float(fit["pooled_intercept"])
        axes.plot(ends, line, color="black", linewidth=0.8, gid=f"line/{fit['layer'].values}")
        axes.set_xlim(beyond(images, 1.05))
        axes.set_ylim(beyond([*y, *line], 1.35))  # room for words above
        axes.tick_params(labelsize=6)
        axes.locator_params("x", nbins=4)
        if y.any():
            axes.locator_params("y", nbins=5)
        else:
            words = "all distances are 0" if y.size else "undefined:\nconstant activity"
            axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=6)
            axes.set_yticks([0] if y.size else [])
        if np.isfinite(float(fit["pooled_r2"])):
            axes.text(0.03, 0.98, r2_words(fit), transform=axes.transAxes, va="top", fontsize=6)


def r2_words(fit) -> str:
    """Write R² of a layer's points, of all and within stimuli, with a star where it is significant."""
    within = f"\nwithin: {float(fit['within_r2']):.2f}" if fit.sizes["stimulus"] > 1 else ""
    star = "*" if float(fit["pooled_p_layers"]) < ALPHA else ""
    return f"R² = {float(fit['pooled_r2']):.2f}{within}{star}"


def caption_by_stimulus(table, layers, points: int) -> str:
    """Say what was measured and how, of a panel a stimulus."""
    against = captions.escape(table.attrs["against"])
    images = captions.images_of(table)
    text = [
        "Distance between the activity patterns of two images in the layers of "
        f"{captions.escape(table['source'].values)} against their distance in the layer {against}, for "
        f"{captions.of_stimuli(images)}. Each point is a pair of images in one layer, coloured from "
        f"{captions.escape(layers[0])} (dark) to {captions.escape(layers[-1])} (light).",
        measured(table),
    ]
    if max(images.values()) * (max(images.values()) - 1) // 2 * len(layers) > points:
        text.append(f"Panels with more points show {captions.number(points)} of them, chosen at random.")
    return " ".join(text)


def caption_by_layer(table, layers, chosen, points: int) -> str:
    """Say what was measured and how, of a panel a layer."""
    against = captions.escape(table.attrs["against"])
    images = captions.images_of(table)
    numbers = captions.counts(list(images), list(images.values()), "images")
    pairs = sum(n * (n - 1) // 2 for n in images.values())
    text = [
        "Distance between the activity patterns of two images against their distance in the layer "
        f"{against}, in {captions.layers(layers, chosen, PANELS)} of "
        f"{captions.escape(table['source'].values)}. Each point is a pair of images of the same stimulus "
        f"({numbers}); the black line is the regression over all points.",
        measured(table),
        "The vertical axes of panels differ. R²: all points, with the differences between stimuli; "
        f"within: after subtracting the mean distances of each stimulus; \\*: p < {ALPHA:g} for the "
        "latter, by permuting images within their stimulus."
        if len(images) > 1
        else f"The vertical axes of panels differ. \\*: p < {ALPHA:g}.",
        tested(table),
    ]
    if pairs > points:
        text.append(
            f"Each panel shows {captions.number(points)} of {captions.number(pairs)} points, chosen at "
            "random."
        )
    return " ".join(text)
