"""Meta-RDMs as panels on a page: read from a file, and laid out in mm."""

from itertools import groupby
from typing import NamedTuple

import numpy as np

from repscape.core.errors import ConfigError
from repscape.figures.lib import captions
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.rdms.compare.meta import DEPENDENT

LETTER = 1.05  # mm, of the labels
PITCH = 2.3  # mm from one label to the next, so that they do not touch
GAP, LINE, SCALE = 3.0, 3.0, 9.0  # mm: between panels, a line of a title, the scale below
SMALLEST, LARGEST = 15.0, 110.0  # mm, of a panel
FEW = 4  # panels, which are larger and have their values written, where there is room
LONGEST = 16  # characters of an entry's label


class Panel(NamedTuple):
    """One meta-RDM: its labels, its entries' labels (level, entry), and its values (entry, entry)."""

    labels: dict[str, str]
    levels: dict[str, list[str]]
    values: np.ndarray
    p: np.ndarray | None


def read(table) -> list[Panel]:
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
        pairs = part["entry_i"].values, part["entry_j"].values
        for at in range(part.sizes["rdm"]):
            labels = {str(name): str(part[name].values[at]) for name in names}
            values = _square(part["dissimilarity"].values[at], *pairs)
            p = _square(part["p"].values[at], *pairs) if "p" in part else None
            panels.append(Panel(labels, levels, values, p))
    return panels


def _square(values: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    matrix = np.zeros((second.max() + 1,) * 2)
    matrix[first, second] = matrix[second, first] = values
    return matrix


class Layout(NamedTuple):
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
        Whether each panel has a separate colour scale.
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


def layout(panels: list[Panel], own_scale: bool) -> Layout:
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
    names = naming_labels(panels)
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
            best = Layout(side, across, side + more, columns, room, title, size, shared, own_scale, titles)
    if best is None:
        raise ConfigError(
            f"where: {len(panels)} meta-RDMs do not fit on a page. Choose some with `where`, by "
            f"{captions.listing(names)}."
        )
    return best


def naming_labels(panels: list[Panel]) -> list[str]:
    """Name the labels that differ between panels and do not follow from others."""
    return [
        name
        for name in panels[0].labels
        if name not in DEPENDENT and len({panel.labels[name] for panel in panels}) > 1
    ]


def _words(panel: Panel, names: list[str]) -> list[str]:
    return [panel.labels[name] for name in names]


def largest(panels: list[Panel]) -> float:
    """Return the largest dissimilarity, or 1 where there is none above 0."""
    return max(np.nanmax(panel.values, initial=0) for panel in panels) or 1.0


def _room(levels: dict[str, list[str]]) -> float:
    """Return how much room an entry's labels take, in mm."""
    longest = min(max(map(len, entry_names(levels))), LONGEST)
    return 3 + LETTER * longest + (4.5 if groups(levels) else 0)


def entry_names(levels: dict[str, list[str]]) -> list[str]:
    """Label each entry: by all of its labels but the first, where it has several."""
    names = list(levels)[1:] or list(levels)
    return [" ".join(parts) for parts in zip(*(levels[name] for name in names), strict=True)]


def groups(levels: dict[str, list[str]]) -> list[tuple[str, int, int]]:
    """Find runs of entries with the same first label: label, start, stop."""
    if len(levels) < 2:
        return []
    runs, start = [], 0
    for label, run in groupby(next(iter(levels.values()))):
        stop = start + len(list(run))
        runs.append((label, start, stop))
        start = stop
    return runs


def labelled(count: int, side: float) -> range:
    """Choose the entries that are labelled: all, or as many as do not touch."""
    return range(0, count, max(1, int(np.ceil(PITCH * count / side))))
