"""Which stimulus a layer differentiates most: a table of ranks with intervals."""

from collections.abc import Mapping

import numpy as np

from repscape.core.evenly_spaced import evenly_spaced
from repscape.figures.lib import captions
from repscape.figures.lib.depth import layers_of
from repscape.figures.lib.differentiation_curves import measured
from repscape.figures.lib.millimetre_page import page
from repscape.figures.lib.shown import OfAnalysis, OfOneSize, OfSource
from repscape.figures.lib.style import WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study

COLUMNS = 6
ROW, LINE, TOP, LEFT, EM = 7.0, 2.4, 8.0, 7.0, 1.22  # mm: a row, a line in it, titles, ranks, a character
SURE = 0.975  # share of resamples in which one stimulus must be above the next


class RankingTable(OfAnalysis, OfSource, OfOneSize, Figure):
    """Which stimulus a layer differentiates most: ranks with intervals (analysis `ranking`)."""

    category = "Differentiation"
    shows_stimuli = True
    _kind = "ranking"

    layers: list[str] | None = parameter(
        "Which layers are shown; by default six, evenly spaced from the first to the last.", None
    )

    def inputs(self, study: Study) -> dict:
        """Name the file and check the parameters."""
        source = defaults.one_or_default(self.source, study.layers, "source")
        defaults.layers_of(study, source, self.layers)
        self._check(study, study.samples_of(source))
        return super().inputs(study)

    def draw(self, data: Mapping):
        """Write stimuli by rank (rows) in some layers (columns), with D and its interval.

        All layers are in the analysis's table (``.csv``).
        """
        whole = data["ranking"].load()
        source = self.source or str(whole["source"].values[0])
        every, layers = layers_of(whole, source), self.layers
        if layers is None:
            layers = [every[i] for i in evenly_spaced(len(every), COLUMNS)]
        table = self._selected(whole, source=source, layer=layers)
        ranks = int((table["stimulus"] != "").sum("rank").max())

        pitch = (WIDTH - LEFT - 1) / len(layers)
        fits = int((pitch - 6) / EM)  # characters
        names = {
            str(name): captions.wrapped(captions.shorten(str(name), 2 * fits - 4), fits)
            for name in np.unique(table["stimulus"].values)
            if name
        }
        height = ROW + LINE * (max(map(len, names.values())) - 1)
        fig, axes = page(TOP + height * ranks + 1)
        _write_ranks(axes, ranks, height)
        for column, layer in enumerate(layers):
            self._column(axes, table.sel(layer=layer), LEFT + column * pitch + 1.5, names, fits, height)
        return fig, caption(table, layers, self.layers)

    def _column(self, axes, column, left: float, names: Mapping, fits: int, height: float) -> None:
        """Write the stimuli of one layer, by rank; `names` are in lines of `fits` characters."""
        layer, tens = str(column["layer"].values), power(column)
        unit = f" ({captions.ten(tens)})" if tens else ""
        title = captions.shorten(layer, fits - len(unit)) + unit
        axes.text(left, TOP - 3, title, va="center", fontsize=6.5, fontweight="bold")
        column = column.assign(
            {name: column[name] / 10.0**tens for name in ("differentiation", "low", "high")}
        )
        digits, stimuli = decimals(column), [str(name) for name in column["stimulus"].values if name]
        for rank, stimulus in enumerate(stimuli):
            cell, top = column.isel(rank=rank), TOP + rank * height
            self._cell(axes, stimulus, names[stimulus], left, top, height, gid=f"{layer}/{rank + 1}")
            below = top + LINE * len(names[stimulus]) + 2.5
            words = interval(cell, digits)
            axes.text(left + 1.8, below, words, va="center", fontsize=5.5, color="0.3")
            last = rank + 1 == len(stimuli)
            if not last and not float(cell["above_next"]) >= SURE:  # nor where it is undefined
                x, y = left - 1, top + height
                axes.plot([x, x], [y - 2.5, y + 2.5], color="black", lw=1, solid_capstyle="butt")

    def _cell(self, axes, stimulus: str, lines: list[str], left: float, top: float, height: float, gid: str):
        """Write a stimulus's name beside a bar of its colour."""
        from matplotlib.patches import Rectangle

        colour = self.style.colour(stimulus)
        axes.add_patch(Rectangle((left, top + 1), 1, height - 2, facecolor=colour, lw=0))
        for number, words in enumerate(lines):
            y = top + 2.3 + LINE * number
            axes.text(left + 1.8, y, words, va="center", fontsize=6, gid=None if number else gid)


def _write_ranks(axes, ranks: int, height: float) -> None:
    """Write the head and the ranks, with every second row on grey."""
    axes.text(1, TOP - 3, "rank", fontsize=6.5, va="center", fontweight="bold")
    axes.axhline(TOP - 0.8, color="black", linewidth=0.6)
    for rank in range(ranks):
        top = TOP + rank * height
        if rank % 2:
            axes.axhspan(top, top + height, color="0.96", linewidth=0)
        axes.text(2.5, top + 0.5 * height, str(rank + 1), ha="center", va="center", fontsize=6.5)


def power(column) -> int:
    """Return the power of ten that a layer's numbers are in: 0, but where all are small or some large."""
    values = column["differentiation"].values
    largest = values[values > 0].max(initial=0)  # ranks that are not taken, since D is undefined, are NaN
    return 0 if largest == 0 or 1e-2 <= largest < 1e5 else int(np.floor(np.log10(largest)))


def decimals(column) -> int:
    """Return how many decimals all numbers of a layer have, the same for all, so that they show the order.

    As many as the least D and the narrowest interval need for two significant digits, at most four.
    """
    values = column["differentiation"].values
    widths = (column["high"] - column["low"]).values
    finest = min(part[part > 0].min(initial=np.inf) for part in (values, widths))
    return int(np.clip(1 - np.floor(np.log10(finest)), 0, 4)) if np.isfinite(finest) else 0


def interval(cell, digits: int) -> str:
    """Write D and its interval with so many decimals."""
    value, low, high = (float(cell[name]) for name in ("differentiation", "low", "high"))
    if not np.isfinite([low, high]).all() or high <= low:
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def caption(table, layers: list[str], chosen: list[str] | None) -> str:
    """Say what was measured and how; `chosen` are the layers that the config names."""
    source = captions.escape(table["source"].values)
    level = f"{100 * float(table.attrs['level']):g}%"
    return (
        f"Stimuli by differentiation D in {captions.layers(layers, chosen, COLUMNS)} of {source}, the most "
        f"differentiated first, with D and its {level} interval (times the power of ten in the head of the "
        f"column, if any). {measured(table)} Intervals: {captions.number(table.attrs['resamples'])} "
        "bootstrap samples of each stimulus's images, without pairs of copies of one image; they hold for "
        "other images of the same kind, drawn independently, and are too narrow for movies, whose frames "
        "are alike. A bar on the left joins neighbours whose order is uncertain, since it holds in fewer "
        f"than {100 * SURE:g}% of bootstrap samples."
    )
