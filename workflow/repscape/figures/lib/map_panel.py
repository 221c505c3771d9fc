"""A panel that shows a map: pictures or points, and lines through them."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from repscape.figures.lib import captions, map_layout
from repscape.figures.lib.entry_pictures import EntryPictures
from repscape.figures.lib.label_colours import LabelColours, LabelSizes
from repscape.figures.lib.millimetre_page import fit

MARGIN = 1.2  # mm, inside the frame
DOT, WAYPOINT = 2.2, 1.1  # mm
CROWD = 60  # points in a panel; of more, each is smaller
PLAIN = "#4D4D4D"
_NAMED = 0.1  # of a panel, which names beside points may fill
_LETTER, _LINE = 1.15, 2.4  # mm, of 5.5 points


class Mark(NamedTuple):
    """An entry on a map: where, its labels and those of its RDM and its image, and its picture."""

    point: np.ndarray
    labels: dict[str, str]
    picture: tuple[str, int] | None


@dataclass
class Panel:
    """What a panel shows: RDMs by their numbers in the file, marks, and lines of marks in order.

    A path goes through marks that are all shown in full; of the marks of a line, the last is.
    """

    rdms: list[int]
    marks: list[Mark]
    lines: list[list[int]] = field(default_factory=list)
    path: list[int] = field(default_factory=list)

    @property
    def points(self) -> np.ndarray:
        """Where marks are: float64 (mark, 2)."""
        return np.array([mark.point for mark in self.marks])

    @property
    def ends(self) -> list[int]:
        """The marks that are shown in full: the last of each line, or all."""
        return [line[-1] for line in self.lines] or list(range(len(self.marks)))


class Look(NamedTuple):
    """How marks look.

    Attributes
    ----------
    colours, sizes : what the values of a label look like, or None
    picture : float or None
        The usual size of pictures in mm; None shows points.
    naming : tuple of str
        Labels that neither colours nor lines nor panels show: written beside points where there are few.
    finder : EntryPictures
    """

    colours: LabelColours | None
    sizes: LabelSizes | None
    picture: float | None
    naming: tuple[str, ...]
    finder: EntryPictures

    def colour(self, mark: Mark) -> str:
        """Return the colour of a mark."""
        value = mark.labels.get(self.colours.label) if self.colours else None
        return PLAIN if self.colours is None or value is None else self.colours.colours[value]

    def size(self, mark: Mark) -> float:
        """Return how large a mark is, times the usual size."""
        value = mark.labels.get(self.sizes.label) if self.sizes else None
        return 1.0 if self.sizes is None or value is None else self.sizes.sizes[value]

    def name(self, mark: Mark) -> str:
        """Return what is written beside a point."""
        return captions.shorten(" ".join(mark.labels.get(label, "") for label in self.naming), 18)

    @property
    def largest(self) -> float:
        """The size of the largest mark in mm."""
        times = max(self.sizes.sizes.values()) if self.sizes else 1.0
        return times * (self.picture or DOT)


def draw_panel(axes, panel: Panel, window: map_layout.Window, box: tuple, look: Look) -> None:
    """Draw a map into a box.

    Parameters
    ----------
    axes : matplotlib Axes of a page in mm
    panel, window, look
    box : (left, top, width, height) in mm
    """
    from matplotlib.patches import Rectangle

    left, top, width, height = box
    axes.add_patch(Rectangle((left, top), width, height, facecolor="none", edgecolor="0.8", linewidth=0.5))
    at = window.on_page(panel.points, (left + width / 2, top + height / 2))
    if panel.path:
        axes.plot(
            *at[panel.path].T, color="0.6", linewidth=0.6, zorder=2, solid_joinstyle="round", gid="path"
        )
    for line in panel.lines:
        _line(axes, panel, line, at, look)
    room = np.array([left, top]) + MARGIN / 2, np.array([left + width, top + height]) - MARGIN / 2
    pictured = [mark for mark in panel.ends if look.picture and panel.marks[mark].picture]
    _pictures(axes, panel, pictured, at, look, room)
    others = [mark for mark in panel.ends if mark not in pictured]
    dot = DOT * min(1.0, np.sqrt(CROWD / max(len(others), 1)))
    for mark in others:
        _dot(axes, at[mark], dot * look.size(panel.marks[mark]), look.colour(panel.marks[mark]), zorder=4)
    names = [look.name(panel.marks[mark]) for mark in others]
    if any(names) and sum(map(len, names)) * _LETTER * _LINE < _NAMED * width * height:
        _names(axes, panel, others, names, at, look, room)


def _dot(axes, at, size: float, colour: str, zorder: float, filled: bool = True) -> None:
    from matplotlib.patches import Ellipse

    edge = "white" if filled else colour
    dot = Ellipse(at, size, size, facecolor=colour if filled else "white", edgecolor=edge, zorder=zorder)
    dot.set_linewidth(0.3 if filled else 0.8)
    axes.add_patch(dot)


def _line(axes, panel: Panel, line: list[int], at: np.ndarray, look: Look) -> None:
    """Draw a trajectory: hollow where it begins, small dots on the way; its end is drawn as marks are."""
    colours = [look.colour(panel.marks[mark]) for mark in line]
    own = colours[0] if len(set(colours)) == 1 else "0.6"
    axes.plot(*at[line].T, color=own, linewidth=0.6, alpha=0.7, zorder=2, solid_joinstyle="round")
    for mark, colour in zip(line[1:-1], colours[1:-1], strict=True):
        _dot(axes, at[mark], WAYPOINT * look.size(panel.marks[mark]), colour, zorder=3)
    first = panel.marks[line[0]]
    _dot(axes, at[line[0]], 0.8 * DOT * look.size(first), colours[0], zorder=3.2, filled=False)


def _pictures(axes, panel: Panel, marks: list[int], at: np.ndarray, look: Look, room) -> None:
    """Draw pictures at their points; those moved aside are tied to theirs by a line."""
    from matplotlib.patches import Rectangle

    if not marks or look.picture is None:
        return
    shown = [panel.marks[mark] for mark in marks]
    pixels = [look.finder.pixels(mark.picture) for mark in shown if mark.picture is not None]
    sides = [look.picture * look.size(mark) for mark in shown]
    sizes = np.array([fit(image.shape, side, side) for image, side in zip(pixels, sides, strict=True)])
    places = map_layout.spread(at[marks], sizes + 0.5, *room)
    for mark, image, point, place, size in zip(shown, pixels, at[marks], places, sizes, strict=True):
        colour = look.colour(mark)
        if (np.abs(place - point) > size / 2).any():
            axes.plot(*np.array([point, place]).T, color=colour, linewidth=0.5, zorder=4)
            _dot(axes, point, WAYPOINT, colour, zorder=6)
        (left, top), (right, bottom) = place - size / 2, place + size / 2
        axes.imshow(
            image, extent=(left, right, bottom, top), interpolation="antialiased", aspect="auto", zorder=5
        )
        frame = Rectangle((left, top), *size, facecolor="none", edgecolor=colour, zorder=5.5)
        frame.set_linewidth(1.2 if look.colours else 0.4)
        axes.add_patch(frame)


def _names(axes, panel: Panel, marks: list[int], texts: list[str], at: np.ndarray, look: Look, room) -> None:
    """Write names beside points, moved so that they cover neither each other nor points."""
    widths = np.array([_LETTER * len(text) + 0.8 for text in texts])
    sizes = np.stack([widths, np.full(len(marks), _LINE)], 1)
    dots = np.array([[DOT * look.size(panel.marks[mark])] * 2 for mark in marks])
    away = np.stack([(dots[:, 0] + widths) / 2, np.zeros(len(marks))], 1)
    fits = at[marks] + 2 * away < room[1]
    beside = at[marks] + np.where(fits[:, :1], away, -away)
    places = map_layout.spread(beside, sizes, room[0], room[1], fixed=(at[marks], dots))
    for text, point, place, size in zip(texts, at[marks], places, sizes, strict=True):
        if (np.abs(place - point) > size / 2 + 2).any():
            edge = point.clip(place - size / 2, place + size / 2)
            axes.plot(*np.array([point, edge]).T, color="0.7", linewidth=0.3, zorder=3.5)
        axes.text(*place, text, fontsize=5.5, ha="center", va="center", zorder=6)
