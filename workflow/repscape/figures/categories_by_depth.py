"""How images of a category are alike, by depth: within and between categories, an index, differentiation."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from repscape.analyses.lib.category_table import ALL
from repscape.figures.lib import captions
from repscape.figures.lib.axes import EXPECTED, band_key, dot_key
from repscape.figures.lib.category_caption import caption
from repscape.figures.lib.category_lines import ALONE, Panel, chosen_panels
from repscape.figures.lib.depth_lines import labelled_panels, markers
from repscape.figures.lib.label_colours import label_colours
from repscape.figures.lib.rdm_labels import OfRdmAnalysis
from repscape.figures.lib.shown import Corrected
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.compare.significance import ALPHA

Show = Literal["index", "clustering", "dissimilarity", "differentiation"]
AXES: dict[Show, str] = {
    "index": "category index",
    "clustering": "category clustering\n(between − within)",
    "dissimilarity": "mean dissimilarity",
    "differentiation": "differentiation\n(median dissimilarity)",
}
WHOLE, BETWEEN = "0.15", "0.5"  # greys: all categories; pairs of different ones
DASHED = (0, (3.5, 1.4))
MOST = 15  # categories with separate lines


class Line(NamedTuple):
    """A line in each panel: a variable of the analysis, of one category or all."""

    variable: str
    category: str
    words: str
    colour: str
    dashed: bool = False
    tested: bool = False


class CategoriesByDepth(Corrected, OfRdmAnalysis, Figure):
    """How similar images of a category are, by depth (analysis `category_index`), with tests."""

    category = "RDMs"
    _kind = "category_index"

    show: Show = parameter(
        "What is shown: `index`, (between − within) / (between + within); `clustering`, between − within; "
        "`dissimilarity`, the means within and between categories; or `differentiation`, of each category "
        "and across categories.",
        "index",
    )
    each: bool = parameter("Whether each category has a line, in addition to that of all categories.", True)

    def draw(self, data: Mapping):
        """Draw values by layer, a panel for each source of several layers.

        Raises
        ------
        ConfigError
            Of a metric that can be negative there is no index.
        """
        table = data[self._kind].load()
        panels = chosen_panels(table, self.where, self.show)
        names = [str(name) for name in table["category"].values if name != ALL]
        lines = self._lines(str(table.attrs["factor"]), names)
        layers = {name: panel.layers for name, panel in panels.items()}
        fig, axes = labelled_panels(layers, AXES[self.show], wide=[ALONE])
        for name, panel in panels.items():
            for number, line in reversed(list(enumerate(lines))):
                apart = (number + 0.5) / len(lines) - 0.5
                self._line(axes[name], table, panel, line, name, 0.7 * apart)
        first = next(iter(axes.values()))
        if self.show in ("index", "clustering"):
            for own in axes.values():
                own.axhline(0, color="0.3", zorder=0, **EXPECTED)
        else:
            first.set_ylim(min(0, first.get_ylim()[0]), None)
        fig.legend(handles=self._key(lines), loc="outside right upper")
        return fig, caption(table, panels, self.show, self.correction, len(names) if self.each else 0)

    def _lines(self, factor: str, names: list[str]) -> list[Line]:
        """Return the lines of each panel, the most important first."""
        colours = label_colours(factor, names).colours
        each = names if self.each and len(names) <= MOST else []
        if self.show in ("index", "clustering"):
            whole = [Line(self.show, ALL, ALL, WHOLE, tested=True)]
            return whole + [Line(self.show, name, name, colours[name], tested=True) for name in each]
        prefix = "differentiation_" if self.show == "differentiation" else ""
        between = Line(f"{prefix}between", ALL, "across categories", BETWEEN, dashed=True)
        within = Line(f"{prefix}within", ALL, "within categories", WHOLE)
        return [between, within] + [
            Line(f"{prefix}within", name, f"within {name}", colours[name]) for name in each
        ]

    def _line(self, axes, table, panel: Panel, line: Line, name: str, apart: float) -> None:
        """Draw a line with its interval and, of what is tested, markers; of single layers points, `apart`."""
        of = table.isel(rdm=panel.rdms).sel(category=line.category)
        x, values = np.arange(len(panel.rdms)), of[line.variable].values
        low, high = (of[f"{line.variable}_{end}"].values for end in ("low", "high"))
        whole, gid = line.category == ALL, f"{name}/{line.variable}/{line.category}"
        if name == ALONE or len(x) == 1:
            x, wide = x + apart, {"lw": 1.0 if whole else 0.7}
            axes.vlines(x, low, high, color=line.colour, **wide)
            axes.plot(x, values, color=line.colour, gid=gid, ls="none", marker=".", ms=0)
        else:
            axes.fill_between(x, low, high, color=line.colour, alpha=0.16 if whole else 0.09, lw=0)
            style = {"ls": DASHED if line.dashed else "-", "lw": 1.4 if whole else 0.8}
            axes.plot(x, values, color=line.colour, gid=gid, zorder=3 if whole else 2, **style)
        if line.tested or name == ALONE or len(x) == 1:
            sure = of[f"p_{self.correction}"].values < ALPHA if line.tested else not line.dashed
            full = np.broadcast_to(sure, len(x))
            markers(axes, x, values, full, line.colour, f"{gid}/markers")

    def _key(self, lines: list[Line]) -> list:
        """Explain lines and marks."""
        mark = {} if lines[0].tested else {"marker": None}
        handles = [
            dot_key(
                captions.shorten(line.words, 24), line.colour, lw=1.4 if line.category == ALL else 0.8,
                ls=DASHED if line.dashed else "-", **mark,
            )
            for line in lines
        ]  # fmt: skip
        if lines[0].tested:
            handles.append(dot_key(f"p ≥ {ALPHA:g}", mfc="white"))
        return [*handles, band_key("95% interval")]
