"""Keys to what marks mean, in rows beneath the panels of a page in mm."""

from collections.abc import Callable
from typing import NamedTuple

from repscape.figures.lib import captions
from repscape.figures.lib.label_colours import LabelColours

ROW = 4.0  # mm
_LETTER = 1.32  # mm, of 6.5 points
_RAMP = 30.0  # mm
_MOST = 8  # values in an order that are listed one by one
_MOST_AROUND = 15  # around a circle


class Item(NamedTuple):
    """Something in a key: what it is, how wide it is in mm, and what draws it at (axes, left, middle)."""

    width: float
    draw: Callable


def colour_key(colours: LabelColours) -> list[Item]:
    """Name the colours of a label; of many values in an order or around a circle, the first and the last."""
    values = list(colours.colours)
    if len(values) > {"order": _MOST, "circle": _MOST_AROUND}.get(colours.kind, len(values)):
        first, last = (
            captions.plain(float(f"{float(value):.3g}"))
            if colours.kind == "circle"
            else captions.shorten(value, 16)
            for value in (values[0], values[-1])
        )
        ramp = Item(_RAMP + 1.5, _ramp(list(colours.colours.values())))
        return [heading(colours.label), words(first), ramp, words(last)]
    items = [heading(colours.label)]
    for value, colour in colours.colours.items():
        items.append(together(Item(2.6, _square(colour)), words(captions.shorten(value, 22))))
    return items


def heading(label: str) -> Item:
    """The name of a label."""
    return words(f"{label}:", color="0.35")


def words(text: str, **style) -> Item:
    """Text."""

    def draw(axes, left, middle):
        axes.text(left, middle, text, va="center_baseline", fontsize=6.5, **style)

    return Item(_LETTER * len(text) + 2.2, draw)


def dot(size: float, **style) -> Item:
    """A dot of `size` mm; style as `matplotlib.patches.Ellipse` takes it."""
    from matplotlib.patches import Ellipse

    def draw(axes, left, middle):
        axes.add_patch(Ellipse((left + size / 2, middle), size, size, **style))

    return Item(size + 0.9, draw)


def bar(length: float) -> Item:
    """A scale bar, `length` mm long."""

    def draw(axes, left, middle):
        axes.plot([left, left + length], [middle, middle], color="black", linewidth=1, solid_capstyle="butt")

    return Item(length + 1.2, draw)


def line(length: float, **style) -> Item:
    """A piece of a line, `length` mm long."""

    def draw(axes, left, middle):
        axes.plot([left, left + length], [middle, middle], **style)

    return Item(length + 0.5, draw)


def together(*items: Item) -> Item:
    """Items which stay on one row, such as a mark and its name."""

    def draw(axes, left, middle):
        for item in items:
            item.draw(axes, left, middle)
            left += item.width

    return Item(sum(item.width for item in items), draw)


def rows(keys: list[list[Item]], width: float) -> list[list[Item]]:
    """Put each key on a row, or on several where it is wider than the page."""
    found: list[list[Item]] = []
    for key in keys:
        found.append([])
        for item in key:
            if found[-1] and sum(other.width for other in found[-1]) + item.width > width:
                found.append([])
            found[-1].append(item)
    return found


def put(axes, placed: list[list[Item]], left: float, top: float) -> None:
    """Draw rows of keys, the first beginning at a point."""
    for number, row in enumerate(placed):
        at = left
        for item in row:
            item.draw(axes, at, top + (number + 0.5) * ROW)
            at += item.width


def _square(colour: str) -> Callable:
    from matplotlib.patches import Rectangle

    def draw(axes, left, middle):
        axes.add_patch(Rectangle((left, middle - 0.9), 1.8, 1.8, facecolor=colour, linewidth=0))

    return draw


def _ramp(colours: list[str]) -> Callable:
    from matplotlib.patches import Rectangle

    def draw(axes, left, middle):
        step = _RAMP / len(colours)
        for number, colour in enumerate(colours):
            axes.add_patch(
                Rectangle((left + number * step, middle - 0.9), step, 1.8, facecolor=colour, linewidth=0)
            )

    return draw
