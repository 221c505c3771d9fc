"""Meta-RDMs as heat maps: which RDMs are similar."""

import json
from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib import select_rdms
from repscape.core.errors import ConfigError
from repscape.figures.lib import captions, meta_panels, rdm_labels, rdm_matrix
from repscape.figures.lib.meta_panels import (
    LETTER,
    LINE,
    LONGEST,
    SCALE,
    Layout,
    Panel,
    entry_names,
    labelled,
)
from repscape.figures.lib.millimetre_page import colour_scale, page
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.compare.comparison import COMPARISONS
from repscape.rdms.compare.meta import DEPENDENT
from repscape.rdms.compare.significance import CORRECTIONS, corrected_pairs
from repscape.rdms.labels import Where, indices_where
from repscape.study import defaults
from repscape.study.study import Study

CORRECTION = "fdr"
NAMED = {"metric_sub": "metric"}  # of the RDMs that are compared: in a caption no other is called so


class MetaRdm(Figure):
    """Meta-RDMs as heat maps: which RDMs are similar."""

    category = "RDMs"

    analysis: str | None = parameter("An analysis made by `meta_rdm`; by default the first.", None)
    where: Where | None = parameter(
        "Which meta-RDMs are drawn, by their labels; all must have the same comparison. By default all of "
        "the first comparison.",
        None,
    )
    alpha: float | None = parameter(
        "Pairs with q ≤ alpha are marked, where q is p corrected for the pairs of a panel (Benjamini & "
        "Hochberg, J. R. Stat. Soc. B 57:289, 1995).",
        None,
        gt=0,
        lt=1,
    )

    def inputs(self, study: Study) -> dict:
        """Name the file of the analysis and check the labels."""
        valid = defaults.analyses_of(study, "meta_rdm")
        if not valid:
            raise ConfigError(
                "analysis: the study has no meta-RDMs. Add an analysis `meta_rdm` to `analyses`."
            )
        name = defaults.one_or_default(self.analysis, valid, "analysis")
        rdm_labels.check_where(study, name, self.where, select_rdms.labels(study, name))
        _one_comparison(self.where)
        if self.alpha is not None and not study.config["analyses"][name]["permutations"]:
            raise ConfigError(f"alpha: '{name}' has no p-values. Set `permutations: 1000` in this analysis.")
        return {"meta": study.path("analysis", analysis=name)}

    def draw(self, data: Mapping):
        """Draw each meta-RDM as a square, entries × entries, in their order in the file.

        All panels have one colour scale, from 0 to the largest dissimilarity; of Euclidean distances,
        which depend on what was compared, each has its own.
        """
        table = data["meta"]
        panels = select(meta_panels.read(table), self.where)
        about = COMPARISONS[panels[0].labels["metric"]]
        layout = meta_panels.layout(panels, own_scale=about.largest is None and len(panels) > 1)
        left, (width, height) = layout.room, layout.size
        bar = min(max(layout.side, 36.0), 60.0)
        beside = max(24, 4 + 1.4 * len(about.dissimilarity))  # mm: what the scale is of, at its right
        fig, axes = page(height, max(width, left + bar + beside))
        high = meta_panels.largest(panels)
        marked = sum(
            self._panel(axes, panels, at, layout, meta_panels.largest([panel]) if layout.own_scale else high)
            for at, panel in enumerate(panels)
        )
        if layout.own_scale:
            axes.text(left, height - 1.5, f"{about.dissimilarity}, scaled for each panel")
        else:
            top, ticks = height - SCALE + 2, 4 if bar > 45 else 3
            colour_scale(axes, left, top, bar, rdm_matrix.colours(), 0, high, ticks)
            axes.text(left + bar + 2, top + 1, about.dissimilarity, va="center")
        return fig, caption(panels, table, layout, self.alpha, marked)

    def _panel(self, axes, panels: list[Panel], at: int, layout: Layout, high: float) -> int:
        """Draw a panel with its title and labels; return how many pairs are marked."""
        panel, side = panels[at], layout.side
        row, column = divmod(at, layout.columns)
        x, y = layout.room + column * layout.across, row * layout.down + layout.title
        for line, text in enumerate(reversed(layout.titles[at])):
            axes.text(x, y - 1.2 - LINE * line, captions.shorten(text, int(side / 1.15)), fontsize=6.5)
        rdm_matrix.draw(axes, panel.values, x, y, side, 0, high, gid="/".join(panel.labels.values()))
        _part_groups(axes, panel, x, y, side)
        written = _write_values(axes, panel.values, x, y, side, high)
        marked = 0
        if self.alpha is not None and panel.p is not None:
            significant = corrected_pairs(panel.p, CORRECTION) <= self.alpha
            marked = _mark(axes, significant, x, y, side, 0.82 if written else 0.5, panel)
        below = y + side
        if layout.own_scale:
            colours = rdm_matrix.colours()
            colour_scale(axes, x, below + 1.5, side, colours, 0, high, 3 if side > 18 else 2)
            below += SCALE - 2.5
        if column == 0 or not layout.shared:
            _labels(axes, panel.levels, x, y, side, rows=True)
        if at + layout.columns >= len(panels) or not layout.shared:
            _labels(axes, panel.levels, x, below, side, rows=False)
        return marked


def select(panels: list[Panel], where: Where | None) -> list[Panel]:
    """Choose meta-RDMs by their labels; of several comparisons the first, where none is named.

    Raises
    ------
    ConfigError
        A label or value is unknown, or several comparisons are chosen.
    """
    _one_comparison(where)
    labels = {name: [panel.labels[name] for panel in panels] for name in panels[0].labels}
    where = {"metric": panels[0].labels["metric"]} | dict(where or {})
    return [panels[at] for at in indices_where(labels, where, what="meta-RDM")]


def _one_comparison(where: Where | None) -> None:
    """Refuse several comparisons, whose values have no colour scale in common."""
    metrics = (where or {}).get("metric")
    if isinstance(metrics, list) and len(set(map(str, metrics))) > 1:
        raise ConfigError(
            f"where: metric: a figure shows one comparison, found {', '.join(map(str, metrics))}. Choose "
            f"one (`metric: {metrics[0]}`), and draw one figure for each."
        )


def _labels(axes, levels, x: float, y: float, side: float, rows: bool) -> None:
    """Label a panel's rows, from its upper left corner, or its columns, from its lower left one."""
    names, groups = entry_names(levels), meta_panels.groups(levels)
    step = side / len(names)
    shown = {at: captions.shorten(names[at], LONGEST) for at in labelled(len(names), side)}
    edge = 2.5 + LETTER * max(map(len, shown.values()))  # from the panel to the lines of groups
    place = (
        (lambda along, away: (x - away, y + along)) if rows else (lambda along, away: (x + along, y + away))
    )
    align = {"ha": "right", "va": "center_baseline"} if rows else {"ha": "center", "va": "top"}
    for at, text in shown.items():
        axes.text(*place((at + 0.5) * step, 0.8), text, fontsize=5.5, rotation=0 if rows else 90, **align)
    if rows:
        align["va"] = "center"
    for label, start, stop in groups:
        first, last = place((start + 0.15) * step, edge), place((stop - 0.15) * step, edge)
        axes.plot(*zip(first, last, strict=True), "0.3", lw=0.6)
        text = captions.shorten(label, max(4, int((stop - start) * step / 1.2)))
        middle = place((start + stop) / 2 * step, edge + 0.8)
        axes.text(*middle, text, fontsize=6, rotation=90 if rows else 0, **align)


def _part_groups(axes, panel: Panel, x: float, y: float, side: float) -> None:
    """Draw lines between groups of entries."""
    step = side / len(panel.values)
    for _, start, _ in meta_panels.groups(panel.levels)[1:]:
        axes.plot([x, x + side], [y + start * step] * 2, "w", lw=0.5)
        axes.plot([x + start * step] * 2, [y, y + side], "w", lw=0.5)


def _write_values(axes, values: np.ndarray, x: float, y: float, side: float, high: float) -> bool:
    """Write values into cells, if there is room; return whether there was."""
    step = side / len(values)
    decimals = 0 if high >= 10 else int(np.clip(1 - np.floor(np.log10(high)), 2, 4))
    if step < 1.2 * len(f"{high:.{decimals}f}") + 1.5:
        return False
    for i, j in np.argwhere(np.isfinite(values) & ~np.eye(len(values), dtype=bool)):
        axes.text(
            x + (j + 0.5) * step, y + (i + 0.5) * step, f"{values[i, j]:.{decimals}f}", fontsize=5.5,
            ha="center", va="center_baseline", color="w" if values[i, j] < 0.6 * high else "k",
        )  # fmt: skip
    return True


def _mark(axes, pairs: np.ndarray, x: float, y: float, side: float, height: float, panel: Panel) -> int:
    """Put a dot into cells, at a height in shares of a cell; return of how many pairs."""
    step = side / len(pairs)
    rows, columns = np.nonzero(pairs)
    axes.scatter(
        x + (columns + 0.5) * step, y + (rows + height) * step, s=min(4, (step * 0.9) ** 2), c="w",
        edgecolors="k", linewidths=0.3, zorder=3, gid="significant/" + "/".join(panel.labels.values()),
    )  # fmt: skip
    return len(rows) // 2


def caption(panels: list[Panel], table, layout: Layout, alpha: float | None, marked: int) -> str:
    """Say what was compared and how."""
    first = panels[0].labels
    titled = meta_panels.naming_labels(panels)
    entries = captions.listing(f"``{name}``" for name in panels[0].levels)
    text = [
        f"Dissimilarity between RDMs, one for each {entries}: "
        f"{captions.escape(COMPARISONS[first['metric']].dissimilarity)}."
    ]
    same = [
        f"{captions.escape(NAMED.get(name, name))} ``{value}``"
        for name, value in first.items()
        if name not in ("metric", "measure_sub", *titled, *DEPENDENT) and value
    ]
    if same:
        text.append(f"All are of {captions.listing(same)}.")
    repeats = json.loads(table.attrs.get("history", "{}")).get("repeats_averaged", 1)
    if repeats > 1:
        text.append(f"RDMs were averaged over draws of units or presentations, at most {repeats}.")
    if len(panels) > 1:
        scale = "colour scales differ between panels" if layout.own_scale else "all have one colour scale"
        names = " · ".join(f"``{name}``" for name in titled)
        text.append(f"Panels are titled by {names}; {scale}.")
    if alpha is not None:
        count = captions.number(table.attrs["permutations"])
        text.append(
            f"Dots: more similar than with permuted labels of entries, q ≤ {alpha:g} "
            f"({captions.plural(marked, 'pair', 'pairs')}); p from at most {count} permutations, q "
            f"corrected for the pairs of a panel after {CORRECTIONS[CORRECTION].authors}."
        )
    if any(np.isnan(panel.values).any() for panel in panels):
        text.append("Grey: undefined.")
    return " ".join(text)
