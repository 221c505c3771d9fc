"""Keys beneath the panels of maps: colours, trajectories, sizes, and the scale."""

from repscape.figures.lib import captions, legend_items, map_layout, mds_caption
from repscape.figures.lib.legend_items import Item
from repscape.figures.lib.map_panel import DOT, PLAIN, Look, Panel


def keys(
    maps,
    panels: list[Panel],
    look: Look,
    trajectories: str | None,
    window: map_layout.Window | None,
    side: float,
) -> list[list[Item]]:
    """Explain what marks mean.

    Parameters
    ----------
    maps : Dataset
    panels : list of Panel
    look : Look
    trajectories : str or None
    window : Window or None
        The scale that all panels have.
    side : float
        Of a panel, in mm.
    """
    found = [legend_items.colour_key(look.colours)] if look.colours else []
    if trajectories is not None:
        found.append(_trajectories(panels, trajectories))
    if look.sizes:
        values = list(look.sizes.sizes)
        several = values if len(values) <= 8 else [values[0], values[-1]]
        key = [legend_items.heading(look.sizes.label)]
        for value in several:
            dot = legend_items.dot(DOT * look.sizes.sizes[value], facecolor=PLAIN, linewidth=0)
            key.append(legend_items.together(dot, legend_items.words(captions.shorten(value, 22))))
        found.append(key)
    if window is not None and maps.attrs["method"] != "tsne":
        length = map_layout.round_length(0.3 * side / window.scale)
        what = mds_caption.distance(maps, panels[0].rdms[0])
        what = "of maps brought to one size" if maps.attrs["scale"] else f"in {what}"
        found.append([legend_items.bar(length * window.scale), legend_items.words(f"{length:g} {what}")])
    return found


def _trajectories(panels: list[Panel], label: str) -> list[Item]:
    """Explain where trajectories begin and end."""
    return [
        legend_items.heading(label),
        legend_items.together(
            legend_items.dot(0.8 * DOT, facecolor="white", edgecolor=PLAIN, linewidth=0.8),
            legend_items.words(_at_end(panels, label, 0) or "first"),
        ),
        legend_items.together(
            legend_items.line(6, color=PLAIN, linewidth=0.8),
            legend_items.dot(DOT, facecolor=PLAIN, linewidth=0),
            legend_items.words(_at_end(panels, label, -1) or "last"),
        ),
    ]


def _at_end(panels: list[Panel], label: str, at: int) -> str | None:
    """Return where all trajectories begin (0) or end (-1), if it is the same place."""
    ends = {panel.marks[line[at]].labels[label] for panel in panels for line in panel.lines}
    return ends.pop() if len(ends) == 1 else None


def own_scale(axes, window: map_layout.Window, left: float, bottom: float, side: float) -> None:
    """Draw the scale of one panel beneath it."""
    length = map_layout.round_length(0.3 * side / window.scale)
    right, middle = left + length * window.scale, bottom + 1.8
    axes.plot([left, right], [middle, middle], color="black", linewidth=1, solid_capstyle="butt")
    axes.text(right + 1, middle, f"{length:g}", fontsize=5.8, va="center_baseline")
