"""How well distances of images predict distances of activity: R² by depth, with significance."""

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_axis, label_height, labelled, own
from repscape.figures.lib.distance_panels import chosen, measured, tested, words
from repscape.figures.lib.distance_panels import inputs as inputs
from repscape.figures.lib.style import Style, figure
from repscape.study import defaults

CATEGORY = "Distances"
P = 0.05


def draw(
    data: dict,
    style: Style,
    *,
    analysis: str | None = None,
    source: str | None = None,
    metric: str | None = None,
    stimuli: list[str] | None = None,
):
    """Draw R² by layer: a line a stimulus, and all stimuli pooled; significant ones have full markers.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `distances`, by default that of its name.
    source, metric : str, optional
        By default the first.
    stimuli : list of str, optional
        By default all. The pooled values are always of all.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    from matplotlib.lines import Line2D

    table = chosen(data["distances"].load(), source, metric)
    against = table.attrs["against"]
    stimuli = defaults.several(stimuli, table["stimulus"].values, "stimuli")
    layers = own(data["distances"], str(table["source"].values))
    table = table.sel(layer=layers)
    x, at = np.arange(len(layers)), layers.index(against)
    size = 3 if len(layers) <= 60 else 1.5

    fig = figure(max(72 + label_height(layers), 3.5 * (len(stimuli) + 9)))
    axes = fig.subplots()
    lines: list[tuple] = [
        (
            stimulus,
            style.colour(stimulus),
            "-",
            table["r2"].sel(stimulus=stimulus),
            table["p_layers"].sel(stimulus=stimulus),
        )
        for stimulus in stimuli
    ]
    several = table.sizes["stimulus"] > 1
    if several:
        lines += [
            ("all pooled", "black", "-", table["pooled_r2"], None),
            ("all, within stimuli", "black", (0, (1, 1.2)), table["within_r2"], table["pooled_p_layers"]),
        ]
    for name, colour, dash, r2, p in lines:
        axes.plot(x, r2.values, color=colour, linestyle=dash, gid=name)
        if p is not None:
            sure = p.values < P
            sure[at] = False
            for which, face in ((sure, colour), (~sure & (x != at), "white")):
                shape = style.marker(name) if name in stimuli else "o"
                points = axes.plot(x[which], r2.values[which], color=colour, marker=shape, ls="none")
                gid = f"{name}/{'sure' if face == colour else 'unsure'}"
                points[0].set(markersize=size, markerfacecolor=face, markeredgewidth=0.6, gid=gid)
    axes.set_ylim(-0.02, 1.02)
    measured_by = captions.axis(f"({words(table)})")
    axes.set_ylabel(f"R² of distances\nbetween images (layer {against}) and activities\n{measured_by}")
    axes.set_xlabel("layer, from input to output")
    depth_axis(axes, layers)
    handles = [
        style.key(name) if name in stimuli else Line2D([], [], color=colour, ls=dash)
        for name, colour, dash, *_ in lines
    ]
    names = [captions.shorten(name, 24) for name, *_ in lines]
    for face, text in (("0.2", f"p < {P:g}"), ("white", f"p ≥ {P:g}")):
        handles.append(Line2D([], [], color="0.2", marker="o", ms=3, mfc=face, mew=0.6, ls="none"))
        names.append(text)
    fig.legend(handles, names, loc="outside right upper", handlelength=3)
    return fig, caption(table, stimuli, layers)


def caption(table, stimuli: list[str], layers) -> str:
    """Say what was measured and how."""
    against = captions.escape(table.attrs["against"])
    every, table = list(map(str, table["stimulus"].values)), table.sel(stimulus=stimuli)
    images = table["images"].values.tolist()
    source = str(table["source"].values)
    text = [
        f"How well the distances between images (in the layer {against}) predict the distances between their "
        f"activities in the layers of {captions.escape(source)}: R² over all pairs of images, for "
        f"{captions.plural(len(stimuli), 'stimulus', 'stimuli')} "
        f"({captions.counts(stimuli, images, 'images')}).",
        measured(table),
    ]
    if len(every) > 1:
        pooled = "all" if len(every) == len(stimuli) else f"all {len(every)} of the analysis"
        text.append(
            f"Black: {pooled} together; solid, differences between stimuli included, which are no property "
            "of single images; dotted, after each stimulus's mean distances were subtracted."
        )
    text += [f"Full markers: p < {P:g}.", tested(table), negative(table)]
    return " ".join(filter(None, [*text, labelled({source: layers})]))


def negative(table) -> str:
    """Say for a caption where R² hides that larger distances go with smaller ones."""
    against = table["r"].where((table["r"] < 0) & (table["p_layers"] < P))
    found = {str(name): int(against.sel(stimulus=name).count()) for name in table["stimulus"].values}
    parts = [
        f"{captions.escape(name)} in {captions.plural(count, 'layer', 'layers')}"
        for name, count in found.items()
        if count
    ]
    return f"With p < {P:g}, but r < 0: {captions.listing(parts)}." if parts else ""
