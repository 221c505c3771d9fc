"""What units of each layer respond to: shares of variance by depth, and how many units are significant."""

from collections.abc import Mapping

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.anova_caption import design, words
from repscape.figures.lib.axes import EXPECTED, dotted_key
from repscape.figures.lib.depth import depth_axis, label_height, labelled
from repscape.figures.lib.depth_lines import DEPTH
from repscape.figures.lib.shown import OfAnalysis
from repscape.figures.lib.style import COLOURS, REFERENCE, figure
from repscape.plugin.contract import Figure
from repscape.rdms.compare.significance import ALPHA, CORRECTIONS

UPPER, LOWER = 52, 30  # mm, the panels' heights


class AnovaByDepth(OfAnalysis, Figure):
    """What units of each layer respond to (analysis `anova`): shares of variance and of significant units."""

    category = "Units"
    _kind = "anova"

    def draw(self, data: Mapping):
        """Draw η² of each effect by layer, and below it the share of units with a significant effect."""
        table = data["anova"].to_dataset().load()
        layers = [str(layer) for layer in table["layer"].values]
        fig = figure(UPPER + LOWER + label_height(layers) + 6)
        upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=[UPPER, LOWER])
        for effect, colour in colours(table).items():
            _effect(upper, lower, table, effect, colour)
        upper.set_ylim(0, 1.02)
        lower.set_ylim(0, 1.02)
        upper.set_ylabel("η², share of a unit's variance\n(median, quartiles)")
        lower.set_ylabel(f"share of units\nwith q < {ALPHA:g}")
        depth_axis(lower, layers)
        lower.set_xlabel(DEPTH)
        handles = [*upper.get_legend_handles_labels()[0], dotted_key("expected by\nchance")]
        fig.legend(handles=handles, loc="outside right upper", title="explained by")
        return fig, caption(table, layers)


def _effect(upper, lower, table, effect: str, colour: str) -> None:
    """Draw quartiles and median of an effect's η², and the share of units in which it is significant."""
    of, x = table.sel(effect=effect), np.arange(table.sizes["layer"])
    marker = {"marker": ".", "markersize": 3 if len(x) <= 60 else 1}
    low, high = of["lower_quartile"], of["upper_quartile"]
    upper.fill_between(x, low, high, color=colour, alpha=0.2, lw=0, gid=f"{effect}/band")
    upper.plot(x, of["median"], color=colour, label=words(effect), gid=f"{effect}/median", **marker)
    upper.axhline(float(of["expected"]), color=colour, gid=f"{effect}/expected", **EXPECTED)
    if effect in table["tested"].values:
        significant = table["significant"].sel(tested=effect)
        lower.plot(x, significant, color=colour, gid=f"{effect}/significant", **marker)


def colours(table) -> dict[str, str]:
    """Give each effect its colour: the factors and their interaction, and grey to the error."""
    effects = [str(effect) for effect in table["effect"].values]
    return dict(zip(effects, COLOURS, strict=False)) | {e: REFERENCE for e in effects if e == "error"}


def caption(table, layers: list[str]) -> str:
    """Say what was measured and how."""
    constant, units = int(table["constant"].sum()), int(table["units"].sum())
    error = str(table.attrs["error_term"])
    against = (
        "the variance between images that share both values"
        if error == "error"
        else "the interaction, which cannot be separated from the error without replicates, so that tests "
        "are too strict if there is an interaction"
    )
    text = [
        design(table),
        "Above: lines show the median over a layer's units, bands the quartiles, dotted lines the mean η² "
        "expected by chance (degrees of freedom of the effect / of all).",
        f"Below: the share of units with a significant effect, by an F-test against {against}, corrected "
        f"for the units of the layer (false discovery rate, {CORRECTIONS['fdr'].authors}, q < {ALPHA:g}).",
        f"{captions.plural(constant, 'unit', 'units')} of {captions.number(units)} did not vary and "
        f"{'is' if constant == 1 else 'are'} not included."
        if constant
        else "",
        labelled({"": layers}),
    ]
    return " ".join(filter(None, text))
