"""How well neurons are predicted from each layer: median R² by depth, with intervals and tests."""

from collections.abc import Mapping

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.axes import band_key, dot_key
from repscape.figures.lib.depth_lines import labelled_panels, markers
from repscape.figures.lib.encoding_caption import by_source, procedure
from repscape.figures.lib.shown import Corrected, OfAnalysis
from repscape.figures.lib.source_panels import labelled
from repscape.figures.lib.style import COLOURS
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.compare.significance import ALPHA, Correction

COLOUR = COLOURS[0]


class EncodingByDepth(Corrected, OfAnalysis, Figure):
    """How well neurons are predicted from each layer (analysis `encoding`): median R² by depth, and tests."""

    category = "Units"
    _kind = "encoding"

    normalised: bool | None = parameter(
        "Whether R² is divided by the reliability of the neuron; by default if it is known.", None
    )

    def draw(self, data: Mapping):
        """Draw the median R² over neurons by layer, a panel a source."""
        table = data["encoding"].load()
        normalised = self.normalised
        if normalised is None:
            normalised = bool(np.isfinite(table["normalised_median"]).any())
        prefix = "normalised_" if normalised else ""
        models = by_source(table)
        layers = {source: [str(table["layer"].values[at]) for at in of] for source, of in models.items()}
        best = int(np.argmax(table[f"{prefix}median"].values))
        alike = table[f"{prefix}p_pair_{self.correction}"].values[best] >= ALPHA
        sure = table[f"{prefix}p_zero_{self.correction}"].values < ALPHA
        what = "R² / reliability" if normalised else "R² of held-out images"
        area = captions.shorten(table.attrs["area"], 20)
        fig, panels = labelled_panels(layers, f"{what}\n(median over neurons of {area})")
        for source, axes in panels.items():
            indices = np.array(models[source])
            of = {name: table[f"{prefix}{name}"].values[indices] for name in ("median", "low", "high")}
            _line(axes, of, sure[indices], source)
            _best(axes, indices == best, alike[indices], source)
        first = next(iter(panels.values()))
        low, high = first.get_ylim()
        first.set_ylim(low, high + 0.08 * (high - low))
        handles = [
            dot_key(f"above 0, p < {ALPHA:g}", COLOUR, ls="-"),
            *([] if sure.all() else [dot_key(f"p ≥ {ALPHA:g}", COLOUR, mfc="white")]),
            band_key("95% interval", COLOUR, alpha=0.25),
            dot_key("largest median R²", "0.2", marker="v", ms=4.5),
            *([dot_key("not different from it", "0.2", marker="_", ms=4.5)] if alike.any() else []),
        ]
        fig.legend(handles=handles, loc="outside right upper")
        return fig, caption(table, layers, normalised, self.correction, best, bool(alike.any()))


def _line(axes, of: Mapping[str, np.ndarray], sure: np.ndarray, source: str) -> None:
    """Draw a source's medians with their intervals."""
    x = np.arange(len(sure))
    axes.axhline(0, color="0.5", lw=0.6, zorder=0)
    axes.fill_between(x, of["low"], of["high"], color=COLOUR, alpha=0.18, lw=0, gid=f"{source}/interval")
    if len(x) == 1:  # where a band has no width
        axes.vlines(x, of["low"], of["high"], color=COLOUR, lw=0.7)
    axes.plot(x, of["median"], color=COLOUR, gid=source)
    markers(axes, x, of["median"], sure, COLOUR, f"{source}/markers")


def _best(axes, best: np.ndarray, alike: np.ndarray, source: str) -> None:
    """Mark at the top of a panel the best layer, and those that do not differ from it."""
    for which, mark, gid in ((alike, "_", "alike"), (best, "v", "best")):
        x = np.flatnonzero(which)
        if len(x):  # the bounding box of nothing would be at the page's corner
            axes.plot(
                x, np.full(len(x), 0.985), mark, color="0.2", ms=4.5, clip_on=False,
                transform=axes.get_xaxis_transform(), gid=f"{source}/{gid}",
            )  # fmt: skip


def caption(table, layers: Mapping, normalised: bool, correction: Correction, best: int, alike: bool) -> str:
    """Say what was measured and how sure it is."""
    of, tests = table.attrs, table.sizes["model"]
    name = ", ".join(captions.escape(str(table[label].values[best])) for label in ("source", "layer"))
    median = table["normalised_median" if normalised else "median"].values[best]
    text = [procedure(table)]
    if normalised:
        text.append(
            "R² is divided by reliability, the share of the variance of a neuron's mean responses that is "
            f"not trial noise, for the {captions.number(int(of['normalised_neurons']))} neurons with a "
            f"reliability of at least {of['reliable']:g}; 1 is all that can be predicted."
        )
    elif np.isnan(table["reliability"]).all():
        text.append("Images were not repeated, so the reliability of neurons is unknown.")
    text.append(
        f"Bands: 95% intervals of the median over {captions.number(int(of['resamples']))} bootstrap "
        "samples of images and neurons, without repeating the regressions and the estimates of "
        "reliability, whose uncertainty they lack. Full markers: the median R² is above 0, p < "
        f"{ALPHA:g}{captions.corrected(tests, 'layers', correction)}. Triangle: the layer with the largest "
        f"median R² ({name}, {median:.2f})."
    )
    if tests > 1:
        text.append(
            "Dashes: layers whose median does not differ from that of this "
            f"layer{'' if alike else ', here none'} (same bootstrap samples and correction, for all "
            f"{captions.plural(tests * (tests - 1) // 2, 'pair', 'pairs')})."
        )
    return " ".join(filter(None, [*text, labelled(layers)]))
