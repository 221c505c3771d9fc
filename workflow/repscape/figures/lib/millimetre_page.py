"""Galleries laid out in millimetres: pictures and words in rows, one a stimulus."""

from repscape.figures.lib.captions import plain, shorten, wrapped
from repscape.figures.lib.style import WIDTH, Style, figure

LEFT = 28.0  # mm, where a row's first picture begins
LETTER = 1.3  # mm, of 6 points


def page(height: float, width: float = WIDTH):
    """Make a figure of `height` by `width` mm with axes in mm from its upper left corner."""
    fig = figure(height, width, layout=None)
    axes = fig.add_axes([0, 0, 1, 1])
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    return fig, axes


def inset(axes, left: float, top: float, width: float, height: float):
    """Make further axes on a page, in mm."""
    across, down = axes.get_xlim()[1], axes.get_ylim()[0]
    return axes.get_figure().add_axes(
        [left / across, 1 - (top + height) / down, width / across, height / down]
    )


def colour_scale(axes, left: float, top: float, width: float, colours, low: float, high: float, ticks: int):
    """Draw a horizontal colour scale, 2 mm high, on a page; return its axes."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.ticker import MaxNLocator

    fig, panel = axes.get_figure(), inset(axes, left, top, width, 2)
    scale = ScalarMappable(Normalize(low, high), colours)
    bar = fig.colorbar(scale, cax=panel, orientation="horizontal", ticks=MaxNLocator(ticks))
    bar.outline.set_linewidth(0.4)
    panel.tick_params(length=2, pad=1, labelsize=6)
    inside = [tick for tick in bar.get_ticks() if low <= tick <= high]
    if sum(len(plain(tick)) + 1 for tick in inside) * LETTER > width:
        inside = inside[:: len(inside) - 1] if len(inside) > 1 else inside
    labels = [plain(tick) for tick in inside]
    crowded = sum(len(label) + 1 for label in labels) * LETTER > width
    bar.set_ticks(inside, labels=labels)
    for tick, label in zip(inside, panel.get_xticklabels(), strict=True):  # neighbours must not touch
        at = (tick - low) / (high - low)
        out = crowded and label.get_text() == "0"  # half of it may stand out to the left
        label.set_ha("left" if at < 0.1 and not out else "right" if at > 0.9 else "center")
    return panel


def fit(shape: tuple[int, ...], width: float, height: float) -> tuple[float, float]:
    """Return width and height of a picture (y, x, …) as large as there is room."""
    scale = min(width / shape[1], height / shape[0])
    return shape[1] * scale, shape[0] * scale


def picture(axes, pixels, left: float, top: float, width: float, height: float, **style) -> float:
    """Draw a picture, as large as there is room, at the upper left of it; return where it ends below."""
    width, height = fit(pixels.shape, width, height)
    extent = (left, left + width, top + height, top)
    axes.imshow(pixels, extent=extent, interpolation="antialiased", aspect="auto", **style)
    return top + height


def write(axes, left: float, top: float, text: str, **style) -> None:
    """Write text below a point."""
    axes.text(left, top, text, va="top", **style)


def row_label(
    axes, style: Style, stimulus: str, top: float, height: float, away: float = 2, *, bar: bool = True
) -> None:
    """Write a stimulus's name to the left of its row, beside a bar of its colour.

    Parameters
    ----------
    axes : matplotlib Axes
    style : Style
    stimulus : str
    top, height : float
        Of the row.
    away : float
        How far the bar stands from the row's first picture.
    bar : bool
        Whether there is one: not where colours stand for something else.
    """
    from matplotlib.patches import Rectangle

    left = LEFT - away
    if bar:
        axes.add_patch(Rectangle((left - 1, top), 1, height, facecolor=style.colour(stimulus), linewidth=0))
    name = "\n".join(wrapped(shorten(stimulus, 36), 13))
    axes.text(left - 2.2, top + height / 2, name, ha="right", va="center", fontsize=6.5)
