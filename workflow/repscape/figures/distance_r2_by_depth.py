"""How well distances of images predict distances of activity: R² by depth, with significance."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_axis, label_height, labelled, layers_of
from repscape.figures.lib.distance_panels import OfDistances, measured, metric_words, tested
from repscape.figures.lib.style import figure
from repscape.plugin.contract import Figure
from repscape.rdms.compare.significance import ALPHA
from repscape.study import defaults


class _Line(NamedTuple):
    """R² by layer, with p where it is tested."""

    name: str
    colour: str
    dash: Any
    marker: str
    r2: np.ndarray
    p: np.ndarray | None


class DistanceR2ByDepth(OfDistances, Figure):
    """How well distances of images predict those of activity: R² by depth (analysis `distances`)."""

    category = "Distances"
    shows_stimuli = True

    def draw(self, data: Mapping):
        """Draw R² by layer: a line a stimulus, and all stimuli pooled; significant ones have full markers."""
        table = self._table(data)
        stimuli = defaults.many_or_all(self.stimuli, table["stimulus"].values, "stimuli")
        layers = layers_of(data["distances"], str(table["source"].values))
        table = table.sel(layer=layers)
        lines = self._lines(table, stimuli)

        fig = figure(max(72 + label_height(layers), 3.5 * (len(stimuli) + 9)))
        axes = fig.subplots()
        against = table.attrs["against"]
        for line in lines:
            _draw(axes, line, layers.index(against), 3 if len(layers) <= 60 else 1.5)
        axes.set_ylim(-0.02, 1.02)
        words = captions.axis(f"({metric_words(table)})")
        axes.set_ylabel(f"R² of distances\nbetween images (layer {against}) and activities\n{words}")
        axes.set_xlabel("layer, from input to output")
        depth_axis(axes, layers)
        self._legend(fig, lines, stimuli)
        return fig, caption(table, stimuli, layers)

    def _lines(self, table, stimuli: list[str]) -> list[_Line]:
        lines = []
        for name in stimuli:
            one, colour = table.sel(stimulus=name), self.style.colour(name)
            lines.append(
                _Line(name, colour, "-", self.style.marker(name), one["r2"].values, one["p_layers"].values)
            )
        if table.sizes["stimulus"] > 1:
            pooled, within, p = (table[key].values for key in ("pooled_r2", "within_r2", "pooled_p_layers"))
            lines.append(_Line("all pooled", "black", "-", "o", pooled, None))
            lines.append(_Line("all, within stimuli", "black", (0, (1, 1.2)), "o", within, p))
        return lines

    def _legend(self, fig, lines: list[_Line], stimuli: list[str]) -> None:
        from matplotlib.lines import Line2D

        handles = [
            self.style.key(line.name)
            if line.name in stimuli
            else Line2D([], [], color=line.colour, ls=line.dash)
            for line in lines
        ]
        names = [captions.shorten(line.name, 24) for line in lines]
        for face, text in (("0.2", f"p < {ALPHA:g}"), ("white", f"p ≥ {ALPHA:g}")):
            handles.append(Line2D([], [], color="0.2", marker="o", ms=3, mfc=face, mew=0.6, ls="none"))
            names.append(text)
        fig.legend(handles, names, loc="outside right upper", handlelength=3)


def _draw(axes, line: _Line, reference: int, size: float) -> None:
    """Draw a line with a marker a layer, but of the reference, at which R² is 1 by construction."""
    x = np.arange(len(line.r2))
    axes.plot(x, line.r2, color=line.colour, linestyle=line.dash, gid=line.name)
    if line.p is None:
        return
    significant = line.p < ALPHA
    for shown, face in ((significant, line.colour), (~significant, "white")):
        shown = shown & (x != reference)
        points = axes.plot(x[shown], line.r2[shown], color=line.colour, marker=line.marker, ls="none")
        gid = f"{line.name}/{'sure' if face == line.colour else 'unsure'}"
        points[0].set(markersize=size, markerfacecolor=face, markeredgewidth=0.6, gid=gid)


def caption(table, stimuli: list[str], layers) -> str:
    """Say what was measured and how."""
    against = captions.escape(table.attrs["against"])
    every, table = list(map(str, table["stimulus"].values)), table.sel(stimulus=stimuli)
    images = captions.images_of(table)
    source = str(table["source"].values)
    text = [
        f"How well distances between images (in the layer {against}) predict distances between their "
        f"activity patterns in the layers of {captions.escape(source)}: R² over all pairs of images, for "
        f"{captions.of_stimuli(images)}.",
        measured(table),
    ]
    if len(every) > 1:
        pooled = "all" if len(every) == len(stimuli) else f"all {len(every)} of the analysis"
        text.append(
            f"Black: {pooled} together; solid, with the differences between stimuli, which single images "
            "do not have; dotted, after subtracting the mean distances of each stimulus."
        )
    text += [f"Full markers: p < {ALPHA:g}.", tested(table), negative(table)]
    return " ".join(filter(None, [*text, labelled({source: layers})]))


def negative(table) -> str:
    """Say for a caption where R² hides that larger distances go with smaller ones."""
    against = table["r"].where((table["r"] < 0) & (table["p_layers"] < ALPHA))
    found = {str(name): int(against.sel(stimulus=name).count()) for name in table["stimulus"].values}
    parts = [
        f"{captions.escape(name)} in {captions.plural(count, 'layer', 'layers')}"
        for name, count in found.items()
        if count
    ]
    return f"With p < {ALPHA:g}, but r < 0: {captions.listing(parts)}." if parts else ""
