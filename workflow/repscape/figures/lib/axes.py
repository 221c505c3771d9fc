"""Axes with plain numbers, dotted lines, and what legends say of marks."""

from collections.abc import Iterable

from repscape.figures.lib.captions import plain

DOTTED = (0, (1, 1.5))
EXPECTED = {"lw": 0.8, "ls": DOTTED}  # lines of what chance makes


def plain_ticks(axis, count: int = 3) -> None:
    """Put few ticks with plain numbers and a true minus on an axis."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(count, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))


def letter(panels: Iterable) -> None:
    """Name panels a, b, c, …"""
    for name, axes in zip("abcdefgh", panels, strict=False):
        axes.set_title(name, fontweight="bold")


def percent_axis(axis) -> None:
    """Make an axis logarithmic, with plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7) if high / low < 8 else (1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def line_key(words: str, colour: str, **style):
    """Return a line for a legend; style as `matplotlib.lines.Line2D` takes it."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, label=words, **style)


def dot_key(words: str, colour: str = "0.3", **style):
    """Return a dot for a legend; an open one with ``mfc="white"``, on a line with ``ls="-"``."""
    return line_key(words, colour, **{"marker": "o", "ms": 3.5, "ls": ""} | style)


def dotted_key(words: str, colour: str = "0.3"):
    """Return a dotted line for a legend."""
    return line_key(words, colour, **EXPECTED)


def band_key(words: str, colour: str = "0.85", **style):
    """Return a filled patch for a legend."""
    from matplotlib.patches import Patch

    return Patch(facecolor=colour, lw=0, label=words, **style)


def ratio_axis(axes) -> None:
    """Make a logarithmic y axis with plain numbers at 1, 2, 5, …"""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    axes.set_yscale("log", nonpositive="mask")
    low, high = axes.get_ylim()
    few = MaxNLocator(5) if high / low < 4 else LogLocator(subs=(1, 2, 5) if high / low < 1e3 else (1,))
    axes.yaxis.set_major_locator(few)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def round_axis(axis) -> None:
    """Put round ticks on a logarithmic axis, at 1 always, so many that there is room for."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    low, high = axis.get_view_interval()
    low, high = min(low, 0.8), max(high, 1.25)
    for steps in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1,)):
        at = [step * 10.0**power for power in range(-9, 9) for step in steps]
        at = [value for value in at if low <= value <= high]
        if len(at) <= 7:
            break
    axis.axes.set_ylim(low, high)
    axis.set_major_locator(FixedLocator(at))
    axis.set_major_formatter(FixedFormatter([plain(value) for value in at]))
    axis.set_minor_locator(NullLocator())
