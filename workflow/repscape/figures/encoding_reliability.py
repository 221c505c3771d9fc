"""Which neurons are predicted as well as their noise allows: R² of a layer against reliability."""

from collections.abc import Mapping

import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.figures.lib import captions
from repscape.figures.lib.axes import EXPECTED, dot_key, dotted_key
from repscape.figures.lib.encoding_caption import by_source, procedure
from repscape.figures.lib.shown import OfAnalysis
from repscape.figures.lib.style import COLOURS, figure
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults

MOST = 4  # panels in a row
COLOUR = COLOURS[0]
LOWEST = -0.5  # R² or reliability, below which neurons are drawn on the edge


class EncodingReliability(OfAnalysis, Figure):
    """Which neurons are predicted as well as their noise allows (analysis `encoding`).

    It needs a recording with repeats of images.
    """

    category = "Units"
    _kind = "encoding"

    layers: dict[str, str] | None = parameter(
        "One layer for each of at most 4 sources: ``{net: conv1}``. By default the layer of each source "
        "with the largest median R².",
        None,
    )

    def check(self) -> None:
        """Refuse more sources than there is room for."""
        if self.layers is not None and len(self.layers) > MOST:
            raise ConfigError(
                f"layers: expected at most {MOST} sources, found {len(self.layers)}. Name fewer."
            )

    def draw(self, data: Mapping):
        """Draw every neuron's R² against its reliability, a panel a source.

        Raises
        ------
        ConfigError
            The analysis does not have a layer.
        DataError
            The recording has no repeats.
        """
        table = data["encoding"].load()
        if np.isnan(table["reliability"].values).all():
            raise DataError(
                f"the recording '{table.attrs['recording']}' has no repeats of images, so the reliability "
                "of its neurons is unknown. Leave this figure out, or name an analysis of another "
                "recording."
            )
        models = selected(table, self.layers)
        width = min(180.0, 40 + 70 * len(models))
        side = (width - 16) / len(models)
        fig = figure(side + 14, width)
        panels = fig.subplots(1, len(models), squeeze=False, sharex=True, sharey=True)[0]
        least = float(table.attrs["reliable"])
        for axes, at in zip(panels, models, strict=True):
            _points(axes, table["reliability"].values, table["r2"].values[at], least, at)
            axes.plot([0, 1], [0, 1], color="0.2", zorder=3, **EXPECTED)
            axes.axhline(0, color="0.5", lw=0.6, zorder=0)
            name = f"{table['source'].values[at]} · {table['layer'].values[at]}"
            axes.set_title(captions.shorten(name, int(side / 1.4)))
            axes.set_xlabel("reliability of the mean response")
        first = panels[0]
        first.set_ylabel("R² of held-out images")
        first.set_ylim(bottom=max(LOWEST, first.get_ylim()[0]), top=1.02)
        first.set_xlim(left=max(LOWEST, first.get_xlim()[0]), right=1.02)
        noisy = (table["reliability"].values < least).any()
        handles = [
            dot_key(f"reliability ≥ {least:g}", COLOUR),
            *([dot_key("less", "0.6")] if noisy else []),
            dotted_key("all that can be predicted", "0.2"),
        ]
        fig.legend(handles=handles, loc="outside upper center", ncols=3)
        return fig, caption(table, models, self.layers is None)


def _points(axes, reliability: np.ndarray, r2: np.ndarray, least: float, model: int) -> None:
    """Draw a dot a neuron; triangles at the edge where R² (v) or reliability (<) are below it."""
    finite = np.isfinite(r2) & np.isfinite(reliability)
    size = float(np.clip(4000 / finite.sum(), 1.5, 10))
    inside = np.minimum(r2, reliability) >= LOWEST
    shapes = {"o": inside, "v": r2 < LOWEST, "<": ~(inside | (r2 < LOWEST))}
    for which, face, gid in (
        (reliability >= least, COLOUR, "reliable"),
        (reliability < least, "0.6", "noisy"),
    ):
        for marker, marked in shapes.items():
            shown = finite & which & marked
            if shown.any():
                axes.scatter(
                    np.maximum(reliability[shown], LOWEST), np.maximum(r2[shown], LOWEST), size, face,
                    marker=marker, lw=0, alpha=0.6, clip_on=False, gid=f"{gid}/{model}/{marker}", zorder=2,
                )  # fmt: skip


def selected(table, layers: Mapping[str, str] | None) -> list[int]:
    """Return the models that are shown, one a source.

    Parameters
    ----------
    table : Dataset
    layers : a layer of each source, or None: those with the largest median R²
    """
    models = by_source(table)
    median = table["normalised_median"].values
    if not np.isfinite(median).any():  # no neuron is reliable enough
        median = table["median"].values
    found = []
    for source in defaults.many_or_all(layers, models, "layers"):
        of = models[source]
        names = [str(table["layer"].values[at]) for at in of]
        at = int(np.argmax(median[of]))
        if layers is not None:
            at = names.index(defaults.one_or_default(layers[source], names, f"layers.{source}"))
        found.append(of[at])
    return found[:MOST]


def caption(table, models: list[int], by_default: bool) -> str:
    """Say what was measured and how."""
    of = table.attrs
    trials = captions.span((of["least_repeats"], of["most_repeats"]))
    lower = np.minimum(table["r2"].values[models], table["reliability"].values)
    beyond = int((lower < LOWEST).sum())
    text = [
        procedure(table),
        "Each point is a neuron. Reliability is the share of the variance of its mean responses over "
        f"images that is not noise, estimated from {trials} trials per image; estimates can be below 0. "
        "Points lie above the dotted line because of errors in both estimates.",
        ("The layer of each source with the largest median R² is shown, which was chosen with the same data.")
        if by_default
        else "",
        f"Triangles at the edge: {captions.plural(beyond, 'neuron', 'neurons')} with R² or "
        f"reliability below {captions.plain(LOWEST)}."
        if beyond
        else "",
    ]
    return " ".join(filter(None, text))
