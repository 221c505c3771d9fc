"""Which angles are decoded of which: predicted against true, of what the decoders were not trained on."""

import numpy as np

from repscape.core.errors import ConfigError
from repscape.figures.decoding_error import METHOD_COLOURS, NAMES, procedure, unit
from repscape.figures.lib import captions
from repscape.figures.lib.depth import own
from repscape.figures.lib.style import figure
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Units"
MOST = 5  # panels in a row

Layers = dict[str, list[str]]


def inputs(study: Study, *, analysis: str | None = None, layers: Layers | None = None) -> dict:
    """Name the file."""
    return {"angle_decoding": defaults.analysis(study, analysis, "angle_decoding")}


def draw(data: dict, *, analysis: str | None = None, layers: Layers | None = None):
    """Draw every row's predicted against its true angle: a column a layer, a row a method.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `angle_decoding`, by default that of its name.
    layers : mapping of source to list of str, optional
        At most 5 in all. By default of each source the layer with the least error of the first method.

    Returns
    -------
    Figure, str
        The figure and its caption.

    Raises
    ------
    ConfigError
        The analysis does not have a layer, or there are too many.
    """
    table = data["angle_decoding"].load()
    shown = _shown(table, layers)
    methods = [str(method) for method in table["decoder"].values]
    period = float(table.attrs["period"])
    start = -period / 2 if float(table["angle"].min()) < 0 else 0.0
    width = min(180.0, 26 + 48 * len(shown))
    side = (width - 14) / len(shown)
    fig = figure(len(methods) * (side + 3) + 10, width)
    axes = fig.subplots(len(methods), len(shown), squeeze=False, sharex=True, sharey=True)
    reached = start, start + period
    for row, method in enumerate(methods):
        for panel, (source, layer) in zip(axes[row], shown, strict=True):
            of = table.sel(source=source, layer=layer, decoder=method)
            there = table["fold"].sel(source=source).values >= 0
            true = table["angle"].sel(source=source).values[there]
            true = start + (true - start) % period
            predicted = nearest(of["predicted"].values[there], true, period)
            size = float(np.clip(1200 / len(true), 1.5, 9))
            panel.plot(
                [start, start + period],
                [start, start + period],
                color="0.3",
                lw=0.8,
                ls=(0, (1, 1.5)),
                zorder=1,
            )
            panel.scatter(
                true,
                predicted,
                size,
                METHOD_COLOURS[method],
                lw=0,
                alpha=0.6,
                gid=f"{source}/{layer}/{method}",
            )
            reached = min(reached[0], predicted.min()), max(reached[1], predicted.max())
            sign = "°" if unit(table) == "degrees" else ""
            error = f"{float(of['error']):.2g}"
            panel.text(
                0.04, 0.96, f"mean error {error}{sign}", transform=panel.transAxes, va="top", fontsize=6.5
            )
            if row == 0:
                panel.set_title(captions.shorten(f"{source} · {layer}", int(side / 1.4)))
        axes[row, 0].set_ylabel(f"decoded by {NAMES[method]}\n({unit(table)})")
    ticks = start + np.arange(-0.5, 1.51, 0.5) * period
    first = axes[0, 0]  # whose scales all share
    for axis, low, high in ((first.xaxis, start, start + period), (first.yaxis, *reached)):
        inside = [tick for tick in ticks if low <= tick <= high]
        axis.set_ticks(inside, labels=[captions.plain(tick) for tick in inside])
    first.set_xlim(start - 0.03 * period, start + 1.03 * period)
    first.set_ylim(reached[0] - 0.03 * period, reached[1] + 0.15 * period)  # with room for the words
    for panel in axes[-1]:
        panel.set_xlabel(f"{table.attrs['factor']} shown ({unit(table)})")
    return fig, caption(table, shown, layers is None)


def _shown(table, layers: Layers | None) -> list[tuple[str, str]]:
    sources = list(map(str, table["source"].values))
    shown = []
    for source in defaults.several(layers, sources, "layers"):
        known = own(table, source)
        if layers is None:
            best = int(table["error"].sel(source=source, layer=known).values[:, 0].argmin())
            shown.append((source, known[best]))
        else:
            shown += [
                (source, layer) for layer in defaults.several(layers[source], known, f"layers.{source}")
            ]
    if len(shown) > MOST and layers is not None:
        raise ConfigError(f"layers: expected at most {MOST} in all, found {len(shown)}. Name fewer.")
    return shown[:MOST]


def nearest(predicted: np.ndarray, true: np.ndarray, period: float) -> np.ndarray:
    """Return predicted angles as those of their turns that are nearest to the true ones."""
    return true + (predicted - true + period / 2) % period - period / 2


def caption(table, shown, chosen: bool) -> str:
    """Say what was measured and how."""
    return (
        f"{procedure(table)} A point is what was left out: one "
        f"{'trial or image' if 'single_trials' in table.attrs else 'image'}, with the decoded angle drawn "
        "in the turn that is nearest to the true one, so that errors are distances from the dotted line. "
        + (
            "Of each source, the layer with the least error"
            + (f" (the first {MOST} sources)." if table.sizes["source"] > MOST else ".")
            if chosen
            else ""
        )
    ).strip()
