"""Panels side by side, one for the layers of each source, with one y axis."""

from collections.abc import Collection, Mapping, Sequence

from repscape.figures.lib import captions, depth
from repscape.figures.lib.depth import depth_axis, label_height
from repscape.figures.lib.style import figure

WIDTH = 128  # mm, of a row of panels beside a legend
NARROWEST = 3  # layers that a panel has room for at least
MOST = 60  # layers in a row of panels
WIDER = 3  # times the room of a layer, for what stands apart from its neighbours


def rows_of(layers: Mapping[str, Sequence[str]], wide: Collection[str] = ()) -> list[list[str]]:
    """Put sources into rows of panels, in their order; layers of `wide` ones have more room."""
    rows: list[list[str]] = [[]]
    for source, names in layers.items():
        taken = sum(room(layers[name], name in wide) for name in rows[-1])
        if rows[-1] and taken + room(names, source in wide) > MOST:
            rows.append([])
        rows[-1].append(source)
    return rows


def room(names: Sequence[str], wide: bool = False) -> int:
    """Return how wide a panel is, in layers."""
    return max(len(names) * (WIDER if wide else 1), NARROWEST)


def widths(
    layers: Mapping[str, Sequence[str]], row: Sequence[str], wide: Collection[str] = ()
) -> dict[str, float]:
    """Return how wide each panel of a row is, in mm."""
    rooms = {name: room(layers[name], name in wide) for name in row}
    return {name: WIDTH * own / sum(rooms.values()) - 4 for name, own in rooms.items()}


def source_panels(layers: Mapping[str, Sequence[str]], panel_height: float = 55, wide: Collection[str] = ()):
    """Make a figure with a panel for each source's layers; panels of a row share the y axis.

    Parameters
    ----------
    layers : mapping of source to its layers, from input to output
    panel_height : float
        In mm, without labels.
    wide : names of sources
        Whose layers have more room.

    Returns
    -------
    Figure, dict of source to Axes
    """
    rows = rows_of(layers, wide)
    heights = [panel_height + max(label_height(layers[name]) for name in row) for row in rows]
    fig = figure(sum(heights))
    grid = fig.add_gridspec(len(rows), 1, height_ratios=heights)
    panels: dict = {}
    for number, row in enumerate(rows):
        ratios = [room(layers[name], name in wide) for name in row]
        inner = grid[number].subgridspec(1, len(row), width_ratios=ratios)
        for place, (name, width) in enumerate(widths(layers, row, wide).items()):
            first = next(iter(panels.values()), None)
            axes = panels[name] = fig.add_subplot(inner[place], sharey=first)
            depth_axis(axes, layers[name], width)
            axes.tick_params("y", which="both", labelleft=place == 0)
            axes.set_title(captions.shorten(name, max(6, int(width / 1.5))))
    return fig, panels


def labelled(layers: Mapping[str, Sequence[str]], wide: Collection[str] = ()) -> str:
    """Say for a caption that not every layer is labelled, where that is so."""
    width = {name: mm for row in rows_of(layers, wide) for name, mm in widths(layers, row, wide).items()}
    return max(depth.labelled({name: names}, width[name]) for name, names in layers.items())
