"""How like a reference the layers are: similarity by depth, with intervals, noise ceiling and tests."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_axis, label_height
from repscape.figures.lib.inference_caption import caption, reference
from repscape.figures.lib.inference_models import Shown, more_alike, select
from repscape.figures.lib.shown import Corrected, OfAnalysis
from repscape.figures.lib.style import COLOURS, RAMP, along, figure
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.compare.comparison import COMPARISONS
from repscape.rdms.compare.significance import ALPHA
from repscape.rdms.labels import Where

CEILING = "0.86"
# Marks that a legend explains where they are drawn: their look, and their meaning
MARKS: dict[str, tuple[dict[str, Any], str]] = {
    "sure": ({"marker": "o", "ms": 3.4, "mew": 0.7}, f"above 0, p < {ALPHA:g}"),
    "unsure": ({"marker": "o", "ms": 3.4, "mew": 0.7, "mfc": "white"}, f"p ≥ {ALPHA:g}"),
    "best": ({"marker": "v", "ms": 4.5}, "most similar"),
    "alike": ({"marker": "_", "ms": 4.5}, "not different from it"),
    "more": ({"marker": "*", "ms": 4.5, "mew": 0}, "more similar than the other"),
}


class Inference(OfAnalysis, Corrected, Figure):
    """How similar layers are to a reference, with noise ceiling and tests (analysis `inference`)."""

    category = "RDMs"
    _kind = "inference"

    where: Where | None = parameter(
        "Which models are shown, by their labels; corrections are for all models of the analysis.", None
    )

    def draw(self, data: Mapping):
        """Draw similarity to the reference by layer: a line a source, a panel for each list of layers."""
        table = data["inference"].load()
        shown = select(table, self.where)
        palette = COLOURS if len(shown.lines) <= len(COLOURS) else along(RAMP, len(shown.lines))
        colours = dict(zip(shown.lines, palette, strict=False))

        height = sum(62 + label_height(layers) for layers in shown.panels.values())
        fig = figure(max(height, 3.6 * (len(shown.lines) + 9)))
        marks: set[str] = set()
        panels = fig.subplots(len(shown.panels), 1, squeeze=False, sharey=True)[:, 0]
        for axes, names in zip(panels, shown.panels, strict=True):
            marks |= self._panel(axes, table, shown, names, colours)
        panels[-1].set_xlabel("layer, from input to output" if shown.of_layers else "model")
        _legend(fig, colours, bool(np.isfinite(table["ceiling"].values).all()), marks)
        return fig, caption(table, shown, self.correction, marks)

    def _panel(self, axes, table, shown: Shown, names: tuple[str, ...], colours: Mapping) -> set[str]:
        """Draw the lines of a panel; return the marks that were drawn."""
        layers, ceiling = shown.panels[names], table["ceiling"].values
        if np.isfinite(ceiling).all():
            axes.axhspan(*ceiling, color=CEILING, linewidth=0, zorder=0, gid="ceiling")
        axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
        marks: set[str] = set()
        for row, name in enumerate(names):
            models = shown.lines[name]
            x = np.array([layers.index(shown.spots[at].name) for at in models])
            joined = all(shown.spots[at].of_layer for at in models)
            _line(axes, table.isel(model=models), x, len(layers), joined, {"color": colours[name]}, name)
            marks |= self._significance(axes, table.isel(model=models), x, len(layers), colours[name], name)
            height = 1.03 + 0.035 * (len(names) - 1 - row)
            marks |= self._best(axes, table, shown, name, x, height, colours[name])
        for source, x in more_alike(table, shown, names, self.correction).items():
            _above(axes, x, 0.025, "*", colours[source], f"{source}/more", markeredgewidth=0)
            marks.add("more")
        axes.set_xlim(-0.6, len(layers) - 0.4)
        depth_axis(axes, layers)
        words = COMPARISONS[table.comparison].words
        axes.set_ylabel(f"similarity to {reference(table)}\n({words} of RDMs)")
        return marks

    def _significance(self, axes, models, x: np.ndarray, layers: int, colour: str, name: str) -> set[str]:
        """Draw full markers where similarity is above 0, and open ones elsewhere; return which were drawn."""
        significant = models[f"p_zero_{self.correction}"].values < ALPHA
        values, drawn = models["similarity"].values, set()
        for which, face, mark in ((significant, colour, "sure"), (~significant, "white", "unsure")):
            if which.any():
                points = axes.plot(x[which], values[which], "o", color=colour, gid=f"{name}/{mark}")[0]
                points.set(markersize=3.4 if layers <= 60 else 2, markerfacecolor=face, markeredgewidth=0.7)
                drawn.add(mark)
        return drawn

    def _best(
        self, axes, table, shown: Shown, name: str, x: np.ndarray, height: float, colour: str
    ) -> set[str]:
        """Mark above the panel the best model of all, and those that do not differ from it."""
        models = np.array(shown.lines[name])
        p = table[f"p_pair_{self.correction}"].values[shown.best][models]
        drawn = set()
        for best, mark, gid in (
            (x[(p >= ALPHA) & (models != shown.best)], "alike", f"{name}/alike"),
            (x[models == shown.best], "best", "best"),
        ):
            if len(best):  # the bounding box of nothing would be at the page's corner
                _above(axes, best, height, MARKS[mark][0]["marker"], colour, gid, clip_on=False)
                drawn.add(mark)
        return drawn


def _line(axes, models, x: np.ndarray, layers: int, joined: bool, look: dict, name: str) -> None:
    """Draw a line's similarities with their intervals: a band where neighbours are there, else bars."""
    values, low, high = (np.full(layers, np.nan) for _ in range(3))  # no line where no model is
    for key, line in (("similarity", values), ("low", low), ("high", high)):
        line[x] = models[key].values
    every = np.arange(layers)
    if joined:
        axes.fill_between(every, low, high, alpha=0.18, linewidth=0, **look)
    alone = x[[not (joined and {at - 1, at + 1} & set(x)) for at in x]]
    axes.vlines(alone, low[alone], high[alone], alpha=0.4, linewidth=1.4, **look)
    axes.plot(every, values, "-" if joined else "", gid=name, **look)


def _above(axes, x, height: float, marker: str, colour: str, gid: str, **look) -> None:
    """Draw markers at a height in shares of the panel's."""
    axes.plot(
        x, np.full(len(x), height), marker, color=colour, markersize=4.5,
        transform=axes.get_xaxis_transform(), gid=gid, **look,
    )  # fmt: skip


def _legend(fig, colours: Mapping[str, str], ceiling: bool, marks: set[str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    rows: list[tuple] = [
        (Line2D([], [], color=colour, marker="o", markersize=3.4), captions.shorten(name, 26))
        for name, colour in colours.items()
    ]
    rows.append((Patch(color=next(iter(colours.values())), alpha=0.25, linewidth=0), "95% interval"))
    if ceiling:
        rows.append((Patch(color=CEILING, linewidth=0), "noise ceiling"))
    rows += [
        (Line2D([], [], color="0.2", ls="none", **look), words)
        for mark, (look, words) in MARKS.items()
        if mark in marks
    ]
    handles, names = zip(*rows, strict=True)
    fig.legend(handles, names, loc="outside right upper", handlelength=2.4)
