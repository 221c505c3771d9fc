"""Meta-RDMs as heat maps: which RDMs are alike."""

import json
from collections.abc import Mapping
from itertools import groupby
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from repscape.analyses.lib import select_rdms
from repscape.core.errors import ConfigError, unknown
from repscape.figures.lib import captions, rdm_labels
from repscape.figures.lib.millimetre_page import colour_scale, page
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.compare.comparison import COMPARISONS
from repscape.rdms.compare.meta import DEPENDENT
from repscape.rdms.labels import Where
from repscape.study import defaults
from repscape.study.study import Study

UNDEFINED = "#D9D9D9"
LETTER = 1.05  # mm, of the labels
PITCH = 2.3  # mm from one label to the next, so that they do not touch
GAP, LINE, SCALE = 3.0, 3.0, 9.0  # mm: between panels, a line of a title, the scale below
SMALLEST, LARGEST = 15.0, 110.0  # mm, of a panel
FEW = 4  # panels, which are larger and have their values written, where there is room


class Panel(NamedTuple):
    """One meta-RDM: its labels, its entries' labels (level, entry), and its values (entry, entry)."""

    labels: dict[str, str]
    levels: dict[str, list[str]]
    values: np.ndarray
    p: np.ndarray | None


class MetaRdm(Figure):
    """Meta-RDMs as heat maps: which RDMs are alike."""

    category = "RDMs"

    analysis: str | None = parameter("An analysis made by `meta_rdm`; by default the first.", None)
    where: Where | None = parameter(
        "Which meta-RDMs are drawn, of one comparison; by default all of the first.", None
    )
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = parameter(
        "Mark what is significant: q ≤ alpha, where q is p corrected for the pairs of a panel (Benjamini "
        "& Hochberg, J. R. Stat. Soc. B 57:289, 1995).",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the file of the analysis and check the labels."""
        made = defaults.analyses_of(study, "meta_rdm")
        if not made:
            raise ConfigError(
                "analysis: the study has no meta-RDMs; add an analysis `meta_rdm` to `analyses`."
            )
        name = defaults.one_or_default(self.analysis, made, "analysis")
        rdm_labels.check_where(study, name, self.where, select_rdms.labels(study, name))
        _one_comparison(self.where)
        if self.alpha is not None and not study.config["analyses"][name]["permutations"]:
            raise ConfigError(f"alpha: '{name}' has no p-values; give it `permutations: 1000`.")
        return {"meta": study.path("analysis", analysis=name)}

    def draw(self, data: Mapping):
        """Draw each meta-RDM as a square, entries × entries, in their order in the file.

        All panels have one colour scale, from 0 to the largest dissimilarity; of Euclidean distances,
        which depend on what was compared, each has its own.

        Returns
        -------
        Figure, str
            The figure and its caption.
        """
        import matplotlib

        table = data["meta"]
        panels = chosen(_panels(table), self.where)
        metric = panels[0].labels["metric"]
        layout = _layout(panels, own_scale=metric == "euclidean" and len(panels) > 1)
        side, left = layout.side, layout.room
        width, height = layout.size
        label = COMPARISONS[metric].dissimilarity
        bar = min(max(side, 36.0), 60.0)
        fig, axes = page(height, max(width, left + bar + 24))
        colours = matplotlib.colormaps["viridis"].with_extremes(bad=UNDEFINED)
        marked = 0
        for at, panel in enumerate(panels):
            row, column = divmod(at, layout.columns)
            x, y = left + column * layout.across, row * layout.down + layout.title
            high = _largest([panel] if layout.own_scale else panels)
            for line, text in enumerate(reversed(layout.titles[at])):
                axes.text(x, y - 1.2 - LINE * line, captions.shorten(text, int(side / 1.15)), fontsize=6.5)
            axes.imshow(
                panel.values, vmin=0, vmax=high, cmap=colours, extent=(x, x + side, y + side, y), aspect="auto",
                interpolation="none", gid="/".join(panel.labels.values()),
            )  # fmt: skip
            marked += _in_cells(axes, panel, x, y, side, high, self.alpha)
            below = y + side
            if layout.own_scale:
                colour_scale(axes, x, below + 1.5, side, colours, 0, high, 3 if side > 18 else 2)
                below += SCALE - 2.5
            if column == 0 or not layout.shared:
                _labels_left(axes, panel.levels, x, y, side)
            if at + layout.columns >= len(panels) or not layout.shared:
                _labels_below(axes, panel.levels, x, below, side)
        if layout.own_scale:
            axes.text(left, height - 1.5, f"{label}, a scale for each panel")
        else:
            colour_scale(
                axes, left, height - SCALE + 2, bar, colours, 0, _largest(panels), 4 if bar > 45 else 3
            )
            axes.text(left + bar + 2, height - SCALE + 3, label, va="center")
        return fig, _caption(panels, table, layout, self.alpha, marked)


def chosen(panels: list[Panel], where: Where | None) -> list[Panel]:
    """Choose meta-RDMs by their labels; of several comparisons the first, where none is named.

    Raises
    ------
    ConfigError
        A label or value is unknown, or several comparisons are chosen.
    """
    _one_comparison(where)
    where = dict(where or {})
    if "metric" not in where:
        where["metric"] = panels[0].labels["metric"]
    for label, values in where.items():
        if label not in panels[0].labels:
            raise ConfigError(f"where: {unknown(label, panels[0].labels)}")
        values = [str(value) for value in (values if isinstance(values, list) else [values])]
        for value in values:
            if value not in {panel.labels[label] for panel in panels}:
                raise ConfigError(
                    f"where: {label}: {unknown(value, {panel.labels[label] for panel in panels})}"
                )
        panels = [panel for panel in panels if panel.labels[label] in values]
        if not panels:
            raise ConfigError("where: no meta-RDM has all of these labels. Choose fewer of them.")
    return panels


def _one_comparison(where: Where | None) -> None:
    """Refuse several comparisons, whose values have no colour scale in common."""
    metrics = (where or {}).get("metric")
    if isinstance(metrics, list) and len(set(map(str, metrics))) > 1:
        raise ConfigError(
            f"where: metric: a figure shows one comparison, found {', '.join(map(str, metrics))}. Choose one "
            f"(`metric: {metrics[0]}`), and make a figure of each."
        )


def _panels(table) -> list[Panel]:
    """Take the meta-RDMs out of the file."""
    parts = [node.to_dataset() for node in table.children.values()] if hasattr(table, "children") else [table]
    panels = []
    for part in parts:
        names = [name for name in part.variables if part[name].dims == ("rdm",) and name[:7] != "entries"]
        levels = {
            str(name): [str(value) for value in part[name].values]
            for name in part.variables
            if part[name].dims == ("entry",)
        }
        places = part["entry_i"].values, part["entry_j"].values
        for at in range(part.sizes["rdm"]):
            labels = {str(name): str(part[name].values[at]) for name in names}
            values = _square(part["dissimilarity"].values[at], *places)
            p = _square(part["p"].values[at], *places) if "p" in part else None
            panels.append(Panel(labels, levels, values, p))
    return panels


def _square(values: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    matrix = np.zeros((second.max() + 1,) * 2)
    matrix[first, second] = matrix[second, first] = values
    return matrix


class _Layout(NamedTuple):
    """Where panels are, in mm.

    Attributes
    ----------
    side, across, down : float
        Of a panel; from one to the next, to the right and down.
    columns : int
    room : float
        For labels, to the left and below.
    title : float
        For titles, above.
    size : width and height of all
    shared : bool
        Whether all panels have the same entries, so that only the outer ones are labelled.
    own_scale : bool
        Whether each panel has a colour scale of its own.
    titles : list of lines, a panel
    """

    side: float
    across: float
    down: float
    columns: int
    room: float
    title: float
    size: tuple[float, float]
    shared: bool
    own_scale: bool
    titles: list[list[str]]


def _layout(panels: list[Panel], own_scale: bool) -> _Layout:
    """Make panels as large as a page has room for, and as many in a row as then fit.

    Raises
    ------
    ConfigError
        There are more than fit.
    """
    entries = max(len(panel.values) for panel in panels)
    room = max(_room(panel.levels) for panel in panels)
    shared = all(panel.levels == panels[0].levels for panel in panels)
    wanted = float(np.clip(PITCH * entries, 42 if len(panels) <= FEW else 28, LARGEST))
    names = _titled(panels)
    best = None
    for columns in range(1, len(panels) + 1):
        rows = -(-len(panels) // columns)
        wide = (WIDTH - room) / columns - GAP if shared else WIDTH / columns - GAP - room
        lines = (
            1 if max(len(" · ".join(_words(panel, names))) for panel in panels) * 1.15 < wide else len(names)
        )
        title = 1.5 + LINE * max(lines, 1)
        more = title + (SCALE if own_scale else 1.5) + (0 if shared else room)
        left_over = SCALE + (room if shared else 0)
        side = min(wanted, wide, (PAGE - left_over) / rows - more)
        if side >= SMALLEST and (best is None or side >= best.side):
            across = side + GAP + (0 if shared else room)
            size = (room + columns * across, rows * (side + more) + left_over)
            titles = [
                [" · ".join(_words(panel, names))] if lines <= 1 else _words(panel, names) for panel in panels
            ]
            best = _Layout(side, across, side + more, columns, room, title, size, shared, own_scale, titles)
    if best is None:
        raise ConfigError(
            f"where: {len(panels)} meta-RDMs do not fit on a page. Choose some of them with `where`, by "
            f"{captions.listing(names)}."
        )
    return best


def _titled(panels: list[Panel]) -> list[str]:
    """Name the labels that differ between panels and do not follow from others."""
    return [
        name
        for name in panels[0].labels
        if name not in DEPENDENT and len({panel.labels[name] for panel in panels}) > 1
    ]


def _words(panel: Panel, names: list[str]) -> list[str]:
    return [panel.labels[name] for name in names]


def _largest(panels: list[Panel]) -> float:
    return max(np.nanmax(panel.values, initial=0) for panel in panels) or 1.0


def _room(levels: dict[str, list[str]]) -> float:
    """Return how much room an entry's labels take, in mm."""
    inner, groups = _inner(levels), _groups(levels)
    return 3 + LETTER * min(max(map(len, inner)), 16) + (4.5 if groups else 0)


def _inner(levels: dict[str, list[str]]) -> list[str]:
    """Label each entry: by all of its labels but the first, where it has several."""
    names = list(levels)[1:] or list(levels)
    return [" ".join(parts) for parts in zip(*(levels[name] for name in names), strict=True)]


def _groups(levels: dict[str, list[str]]) -> list[tuple[str, int, int]]:
    """Find runs of entries with the same first label: label, start, stop."""
    if len(levels) < 2:
        return []
    runs, start = [], 0
    for label, run in groupby(next(iter(levels.values()))):
        stop = start + len(list(run))
        runs.append((label, start, stop))
        start = stop
    return runs


def _every(count: int, side: float) -> range:
    """Choose the entries that are labelled: all, or as many as do not touch."""
    return range(0, count, max(1, int(np.ceil(PITCH * count / side))))


def _labels_left(axes, levels, x: float, y: float, side: float) -> None:
    """Label the rows of a panel whose upper left corner is (x, y)."""
    inner = _inner(levels)
    step = side / len(inner)
    shown = {at: captions.shorten(inner[at], 16) for at in _every(len(inner), side)}
    for at, text in shown.items():
        axes.text(x - 0.8, y + (at + 0.5) * step, text, fontsize=5.5, ha="right", va="center_baseline")
    edge = x - 2.5 - LETTER * max(map(len, shown.values()))
    for label, start, stop in _groups(levels):
        axes.plot([edge, edge], [y + (start + 0.15) * step, y + (stop - 0.15) * step], "0.3", lw=0.6)
        text = captions.shorten(label, max(4, int((stop - start) * step / 1.2)))
        middle = y + (start + stop) / 2 * step
        axes.text(edge - 0.8, middle, text, fontsize=6, ha="right", va="center", rotation=90)


def _labels_below(axes, levels, x: float, y: float, side: float) -> None:
    """Label the columns of a panel whose lower left corner is (x, y)."""
    inner = _inner(levels)
    step = side / len(inner)
    shown = {at: captions.shorten(inner[at], 16) for at in _every(len(inner), side)}
    for at, text in shown.items():
        axes.text(x + (at + 0.5) * step, y + 0.8, text, fontsize=5.5, ha="center", va="top", rotation=90)
    edge = y + 2.5 + LETTER * max(map(len, shown.values()))
    for label, start, stop in _groups(levels):
        axes.plot([x + (start + 0.15) * step, x + (stop - 0.15) * step], [edge, edge], "0.3", lw=0.6)
        text = captions.shorten(label, max(4, int((stop - start) * step / 1.2)))
        axes.text(x + (start + stop) / 2 * step, edge + 0.8, text, fontsize=6, ha="center", va="top")


def _in_cells(axes, panel: Panel, x: float, y: float, side: float, high: float, alpha: float | None) -> int:
    """Part groups, write values where there is room, mark what is significant; return how many pairs are."""
    count = len(panel.values)
    step = side / count
    for _, start, _ in _groups(panel.levels)[1:]:
        axes.plot([x, x + side], [y + start * step] * 2, "w", lw=0.5)
        axes.plot([x + start * step] * 2, [y, y + side], "w", lw=0.5)
    decimals = 0 if high >= 10 else int(np.clip(1 - np.floor(np.log10(high)), 2, 4))
    written = step >= 1.2 * len(f"{high:.{decimals}f}") + 1.5
    if written:
        for i, j in np.argwhere(np.isfinite(panel.values) & ~np.eye(count, dtype=bool)):
            value = panel.values[i, j]
            axes.text(
                x + (j + 0.5) * step,
                y + (i + 0.5) * step,
                f"{value:.{decimals}f}",
                fontsize=5.5,
                ha="center",
                va="center_baseline",
                color="w" if value < 0.6 * high else "k",
            )
    if alpha is None or panel.p is None:
        return 0
    rows, columns = np.nonzero(_significant(panel.p, alpha))
    axes.scatter(
        x + (columns + 0.5) * step, y + (rows + (0.82 if written else 0.5)) * step,
        s=min(4, (step * 0.9) ** 2), c="w", edgecolors="k", linewidths=0.3, zorder=3,
        gid="significant/" + "/".join(panel.labels.values()),
    )  # fmt: skip
    return len(rows) // 2


def _significant(p: np.ndarray, alpha: float) -> np.ndarray:
    """Correct p for the pairs of a meta-RDM and return where q ≤ alpha: bool (entry, entry)."""
    from scipy.stats import false_discovery_control

    first, second = np.triu_indices(len(p), 1)
    tested = np.isfinite(p[first, second])
    first, second = first[tested], second[tested]
    found = np.zeros(p.shape, bool)
    if len(first):
        found[first, second] = found[second, first] = false_discovery_control(p[first, second]) <= alpha
    return found


def _caption(panels: list[Panel], table, layout: _Layout, alpha: float | None, marked: int) -> str:
    """Say what was compared and how."""
    first = panels[0].labels
    titled = _titled(panels)
    entries = captions.listing(f"``{name}``" for name in panels[0].levels)
    text = [
        f"How dissimilar RDMs are, one of each {entries}, compared by "
        f"{captions.escape(COMPARISONS[first['metric']].dissimilarity)}."
    ]
    same = [
        f"{name} ``{value}``"
        for name, value in ((captions.escape(name), value) for name, value in first.items())
        if name not in ("metric", *titled, *DEPENDENT) and value
    ]
    if same:
        text.append(f"All are of {captions.listing(same)}.")
    repeats = json.loads(table.attrs.get("history", "{}")).get("repeats_averaged", 1)
    if repeats > 1:
        text.append(f"RDMs were averaged over draws of units or presentations, at most {repeats}.")
    if len(panels) > 1:
        scale = "each has a colour scale of its own" if layout.own_scale else "all have one colour scale"
        names = " · ".join(f"``{name}``" for name in titled)
        text.append(f"Panels are titled by {names}; {scale}.")
    if alpha is not None:
        count = captions.number(table.attrs["permutations"])
        text.append(
            f"Dots: more alike than with the labels of entries permuted, q ≤ {alpha:g} "
            f"({captions.plural(marked, 'pair', 'pairs')}); p from at most {count} permutations, q corrected "
            "for the pairs of a panel after Benjamini and Hochberg."
        )
    if any(np.isnan(panel.values).any() for panel in panels):
        text.append("Grey: undefined.")
    return " ".join(text)
