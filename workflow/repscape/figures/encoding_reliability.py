"""Which neurons are predicted as well as their noise allows: R² of a layer against reliability."""

import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.figures.encoding_by_depth import by_source, procedure
from repscape.figures.lib import captions
from repscape.figures.lib.style import COLOURS, figure
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Units"
MOST = 4  # panels in a row
COLOUR = COLOURS[0]
LOWEST = -0.5  # R² or reliability, below which neurons are drawn on the edge


def inputs(study: Study, *, analysis: str | None = None, layers: dict[str, str] | None = None) -> dict:
    """Name the file."""
    return {"encoding": defaults.analysis(study, analysis, "encoding")}


def draw(data: dict, *, analysis: str | None = None, layers: dict[str, str] | None = None):
    """Draw every neuron's R² against its reliability, a panel a source.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `encoding`, by default that of its name.
    layers : mapping of source to layer, optional
        At most 4 sources. By default of each the layer with the largest median R².

    Returns
    -------
    Figure, str
        The figure and its caption.

    Raises
    ------
    ConfigError
        The analysis does not have a layer, or there are too many.
    DataError
        The recording has no repeats.
    """
    from matplotlib.lines import Line2D

    table = data["encoding"].load()
    reliability = table["reliability"].values
    if np.isnan(reliability).all():
        raise DataError(
            f"the recording '{table.attrs['recording']}' has no repeats of images, so that the reliability "
            "of its neurons is not known. Leave this figure out, or name an analysis of another recording."
        )
    shown = _shown(table, layers)
    width = min(180.0, 40 + 70 * len(shown))
    side = (width - 16) / len(shown)
    fig = figure(side + 14, width)
    axes = fig.subplots(1, len(shown), squeeze=False, sharex=True, sharey=True)[0]
    least = float(table.attrs["reliable"])
    beyond = 0
    for panel, at in zip(axes, shown, strict=True):
        r2 = table["r2"].values[at]
        there = np.isfinite(r2) & np.isfinite(reliability)
        beyond += int((there & (np.minimum(r2, reliability) < LOWEST)).sum())
        markers = {"o": np.minimum(r2, reliability) >= LOWEST, "v": r2 < LOWEST}
        markers["<"] = ~(markers["o"] | markers["v"])
        used = reliability >= least
        size = float(np.clip(4000 / there.sum(), 1.5, 10))
        for which, face, gid in ((used, COLOUR, "reliable"), (~used, "0.6", "noisy")):
            for marker, marked in markers.items():
                here = there & which & marked
                if here.any():
                    panel.scatter(
                        np.maximum(reliability[here], LOWEST), np.maximum(r2[here], LOWEST), size, face,
                        marker=marker, lw=0, alpha=0.6, clip_on=False, gid=f"{gid}/{at}/{marker}", zorder=2,
                    )  # fmt: skip
        panel.plot([0, 1], [0, 1], color="0.2", lw=0.8, ls=(0, (1, 1.5)), zorder=3)
        panel.axhline(0, color="0.5", lw=0.6, zorder=0)
        name = f"{table['source'].values[at]} · {table['layer'].values[at]}"
        panel.set_title(captions.shorten(name, int(side / 1.4)))
    axes[0].set_ylabel("R² of held-out images")
    axes[0].set_ylim(bottom=max(LOWEST, axes[0].get_ylim()[0]), top=1.02)
    axes[0].set_xlim(left=max(LOWEST, axes[0].get_xlim()[0]), right=1.02)
    for panel in axes:
        panel.set_xlabel("reliability of the mean response")
    less = Line2D([], [], color="0.6", marker="o", ms=3.5, ls="", label="less")
    handles = [
        Line2D([], [], color=COLOUR, marker="o", ms=3.5, ls="", label=f"reliability ≥ {least:g}"),
        *([less] if (reliability < least).any() else []),
        Line2D([], [], color="0.2", lw=0.8, ls=(0, (1, 1.5)), label="all that can be predicted"),
    ]
    fig.legend(handles=handles, loc="outside upper center", ncols=3)
    return fig, caption(table, layers is None, beyond)


def _shown(table, layers: dict[str, str] | None) -> list[int]:
    models = by_source(table)
    median = table["normalised_median"].values
    if not np.isfinite(median).any():  # no neuron is reliable enough
        median = table["median"].values
    shown = []
    for source in defaults.several(layers, models, "layers"):
        own = models[source]
        names = [str(table["layer"].values[at]) for at in own]
        if layers is None:
            shown.append(own[int(np.argmax(median[own]))])
        else:
            shown.append(own[names.index(defaults.one(layers[source], names, f"layers.{source}"))])
    if layers is not None and len(shown) > MOST:
        raise ConfigError(f"layers: expected at most {MOST} sources, found {len(shown)}. Name fewer.")
    return shown[:MOST]


def caption(table, chosen: bool, beyond: int) -> str:
    """Say what was measured and how."""
    of = table.attrs
    least, most = int(of["least_repeats"]), int(of["most_repeats"])
    count = str(least) if least == most else f"{least} to {most}"
    text = [
        procedure(table),
        "A point is a neuron. Reliability is the share of the variance of its mean responses over images "
        f"that is not noise, estimated from {count} trials an image; an estimate can be below 0. Points "
        "above the dotted line come of errors of both estimates.",
        "Of each source, the layer with the largest median R², which was found with the same data."
        if chosen
        else "",
        f"Triangles at the edge: {captions.plural(beyond, 'neuron', 'neurons')} with R² or "
        f"reliability below {captions.plain(LOWEST)}."
        if beyond
        else "",
    ]
    return " ".join(filter(None, text))
