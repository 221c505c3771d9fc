"""Which angles are decoded of which: predicted against true, of what the decoders were not trained on."""

from collections.abc import Mapping

import numpy as np

from repscape.core.errors import ConfigError
from repscape.figures.lib import captions
from repscape.figures.lib.angle_decoding_caption import METHOD_COLOURS, NAMES, best_layer, procedure, unit
from repscape.figures.lib.axes import EXPECTED
from repscape.figures.lib.depth import layers_of
from repscape.figures.lib.shown import OfAnalysis
from repscape.figures.lib.style import figure
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults

MOST = 5  # panels in a row


class DecodedAngles(OfAnalysis, Figure):
    """Decoded angles against true angles (analysis `angle_decoding`)."""

    category = "Units"
    _kind = "angle_decoding"

    layers: dict[str, list[str]] | None = parameter(
        "The layers of each source, at most 5 in all: ``{net: [conv1, fc]}``. By default the layer of "
        "each source with the smallest error of the first method.",
        None,
    )

    def check(self) -> None:
        """Refuse more layers than there is room for."""
        count = sum(map(len, (self.layers or {}).values()))
        if count > MOST:
            raise ConfigError(f"layers: expected at most {MOST} in all, found {count}. Name fewer.")

    def draw(self, data: Mapping):
        """Draw every row's predicted against its true angle: a column a layer, a row a method.

        Raises
        ------
        ConfigError
            The analysis does not have a layer.
        """
        table = data["angle_decoding"].load()
        shown = self._shown(table)
        methods = [str(method) for method in table["decoder"].values]
        period = float(table.attrs["period"])
        start = -period / 2 if float(table["angle"].min()) < 0 else 0.0
        width = min(180.0, 26 + 48 * len(shown))
        side = (width - 14) / len(shown)
        fig = figure(len(methods) * (side + 3) + 10, width)
        panels = fig.subplots(len(methods), len(shown), squeeze=False, sharex=True, sharey=True)
        reached = [start, start + period]
        for row, method in enumerate(methods):
            for axes, (source, layer) in zip(panels[row], shown, strict=True):
                reached += _points(axes, table, source, layer, method, start)
            panels[row, 0].set_ylabel(f"decoded by {NAMES[method]}\n({unit(table)})")
        for axes, (source, layer) in zip(panels[0], shown, strict=True):
            axes.set_title(captions.shorten(f"{source} · {layer}", int(side / 1.4)))
        for axes in panels[-1]:
            axes.set_xlabel(f"{table.attrs['factor']} shown ({unit(table)})")
        _scales(panels[0, 0], start, period, min(reached), max(reached))
        return fig, caption(table, self.layers is None)

    def _shown(self, table) -> list[tuple[str, str]]:
        """Return the layers that are shown, with their sources."""
        sources = list(map(str, table["source"].values))
        found = []
        for source in defaults.many_or_all(self.layers, sources, "layers"):
            if self.layers is None:
                found.append((source, best_layer(table, source)))
            else:
                names = defaults.many_or_all(
                    self.layers[source], layers_of(table, source), f"layers.{source}"
                )
                found += [(source, layer) for layer in names]
        return found[:MOST]


def _points(axes, table, source: str, layer: str, method: str, start: float) -> tuple[float, float]:
    """Draw what a method decoded of a layer; return the least and the largest decoded angle."""
    period = float(table.attrs["period"])
    of = table.sel(source=source, layer=layer, decoder=method)
    tested = table["fold"].sel(source=source).values >= 0
    true = start + (table["angle"].sel(source=source).values[tested] - start) % period
    predicted = nearest(of["predicted"].values[tested], true, period)
    axes.plot([start, start + period], [start, start + period], color="0.3", zorder=1, **EXPECTED)
    size, gid = float(np.clip(1200 / len(true), 1.5, 9)), f"{source}/{layer}/{method}"
    axes.scatter(true, predicted, size, METHOD_COLOURS[method], lw=0, alpha=0.6, gid=gid)
    error = f"mean error {float(of['error']):.2g}{'°' if unit(table) == 'degrees' else ''}"
    axes.text(0.04, 0.96, error, transform=axes.transAxes, va="top", fontsize=6.5)
    return predicted.min(), predicted.max()


def _scales(axes, start: float, period: float, low: float, high: float) -> None:
    """Put ticks at half turns on the axes, which all panels share."""
    ticks = start + np.arange(-0.5, 1.51, 0.5) * period
    for axis, least, most in ((axes.xaxis, start, start + period), (axes.yaxis, low, high)):
        inside = [tick for tick in ticks if least <= tick <= most]
        axis.set_ticks(inside, labels=[captions.plain(tick) for tick in inside])
    axes.set_xlim(start - 0.03 * period, start + 1.03 * period)
    axes.set_ylim(low - 0.03 * period, high + 0.15 * period)  # with room for the words


def nearest(predicted: np.ndarray, true: np.ndarray, period: float) -> np.ndarray:
    """Return predicted angles as those of their turns that are nearest to the true ones."""
    return true + (predicted - true + period / 2) % period - period / 2


def caption(table, by_default: bool) -> str:
    """Say what was measured and how."""
    text = (
        f"{procedure(table)} Each point is a held-out "
        f"{'trial or image' if 'single_trials' in table.attrs else 'image'}; the decoded angle is drawn in "
        "the turn nearest to the true angle, so that errors are distances from the dotted line."
    )
    if by_default:
        first = f" (the first {MOST} sources)" if table.sizes["source"] > MOST else ""
        text += f" The layer of each source with the smallest error is shown{first}."
    return text
