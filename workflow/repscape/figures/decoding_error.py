"""How well an angle is decoded from each layer: errors by depth, against chance."""

from collections.abc import Mapping

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.angle_decoding_caption import METHOD_COLOURS, NAMES, procedure, unit
from repscape.figures.lib.axes import EXPECTED, band_key, dot_key, dotted_key, line_key, percent_axis
from repscape.figures.lib.depth import layers_of
from repscape.figures.lib.depth_lines import chance_band, labelled_panels, markers
from repscape.figures.lib.shown import OfAnalysis
from repscape.figures.lib.source_panels import labelled
from repscape.plugin.contract import Figure
from repscape.rdms.compare.significance import ALPHA

LOG = 10  # times below chance, from which errors need a logarithmic axis


class DecodingError(OfAnalysis, Figure):
    """How well an angle is decoded from each layer (analysis `angle_decoding`), against chance."""

    category = "Units"
    _kind = "angle_decoding"

    def draw(self, data: Mapping):
        """Draw the mean absolute error by layer, a panel a source, a line a method, and what chance makes."""
        table = data["angle_decoding"].load()
        layers = {str(source): layers_of(table, str(source)) for source in table["source"].values}
        methods = [str(method) for method in table["decoder"].values]
        permuted = table.sizes["permutation"] > 0
        blind = table.attrs["period"] / 4
        fig, panels = labelled_panels(layers, f"error in {table.attrs['factor']} ({unit(table)})")
        sure = True
        for source, axes in panels.items():
            for index, method in enumerate(methods):
                of = table.sel(source=source, layer=layers[source], decoder=method)
                aside = (index - (len(methods) - 1) / 2) * 0.12  # so that intervals lie side by side
                sure &= _line(axes, of, aside, METHOD_COLOURS[method], f"{source}/{method}", permuted)
            axes.axhline(blind, color="0.3", gid=f"{source}/blind", **EXPECTED)
        first = next(iter(panels.values()))  # whose scale all share
        if 0 < float(table["low"].min()) < blind / LOG:
            percent_axis(first.yaxis)
        else:
            first.set_ylim(bottom=0)
        handles = [
            *(dot_key(NAMES[method], METHOD_COLOURS[method], ls="-") for method in methods),
            line_key("95% interval", "0.3", marker="|", ms=8, mew=0.7, ls=""),
            dotted_key(f"random guess, {blind:g}"),
            *([band_key("permuted, 5% to 95%")] if permuted else []),
            *([] if sure else [dot_key(f"p ≥ {ALPHA:g}", mfc="white")]),
        ]
        fig.legend(handles=handles, loc="outside right upper")
        return fig, caption(table, layers)


def _line(axes, of, aside: float, colour: str, gid: str, permuted: bool) -> bool:
    """Draw the errors of a method in a source's layers; return whether all are significant."""
    x = np.arange(of.sizes["layer"])
    if permuted:
        chance_band(axes, x, of["null"], f"{gid}/chance", beyond=0.4, color="0.5", alpha=0.25)
    ends = np.maximum(np.stack([of["error"] - of["low"], of["high"] - of["error"]]), 0)
    bars = axes.errorbar(x + aside, of["error"].values, ends, color=colour, lw=1, elinewidth=0.7)
    bars[0].set_gid(gid)
    sure = ((of["p"] < ALPHA) | (not permuted)).values
    markers(axes, x + aside, of["error"], sure, colour, f"{gid}/markers")
    return bool(sure.all())


def caption(table, layers: Mapping) -> str:
    """Say what was measured and how."""
    count = table.sizes["permutation"]
    text = [
        procedure(table),
        f"Lines: mean absolute error, the shorter way around; bars: 95% intervals over {table.attrs['by']} "
        f"({captions.number(int(table.attrs['resamples']))} bootstrap samples, without training decoders "
        "again).",
        f"Dotted: error of a random guess for evenly spread values, {table.attrs['period'] / 4:g}.",
        f"Bands: the middle 90% of errors for {captions.number(count)} permutations of the values with the "
        "same procedure; these can be larger than for a random guess, since held-out values lie opposite "
        f"the mean of the others. Full markers: p < {ALPHA:g}, for each layer separately."
        if count
        else "Values were not permuted, so there are no p-values.",
        labelled(layers),
    ]
    return " ".join(filter(None, text))
