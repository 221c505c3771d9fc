"""What can be decoded from each layer: accuracy by depth, against chance."""

from collections.abc import Mapping

import numpy as np

from repscape.figures.lib.axes import EXPECTED, band_key, dot_key, dotted_key
from repscape.figures.lib.depth import depth_axis, label_height, labelled
from repscape.figures.lib.depth_lines import DEPTH, chance_band, markers
from repscape.figures.lib.shown import OfAnalysis
from repscape.figures.lib.style import COLOURS, figure
from repscape.figures.lib.svm_caption import chance, procedure
from repscape.plugin.contract import Figure
from repscape.rdms.compare.significance import ALPHA

MARKED = 60  # layers; more have no room for markers


class SvmByDepth(OfAnalysis, Figure):
    """What can be decoded from each layer (analysis `svm`): accuracy by depth, against chance."""

    category = "Units"
    _kind = "svm"

    def draw(self, data: Mapping):
        """Draw the accuracy of decoders by layer, within conditions and across, with what chance makes."""
        table = data["svm"].load()
        layers = [str(layer) for layer in table["layer"].values]
        x, permuted = np.arange(len(layers)), table.sizes["permutation"] > 0
        fig = figure(58 + label_height(layers))
        axes = fig.subplots()
        handles = []
        for kind, colour in zip(map(str, table["kind"].values), COLOURS, strict=False):
            of = table.sel(kind=kind)
            if of["mean_accuracy"].isnull().all():
                continue
            if permuted:
                chance_band(axes, x, of["mean_null"], f"{kind}/chance", color=colour, alpha=0.18)
            axes.plot(x, of["mean_accuracy"], color=colour, gid=kind)
            if len(layers) <= MARKED:
                sure = (of["mean_p"] < ALPHA).values
                markers(axes, x, of["mean_accuracy"], sure, colour, f"{kind}/markers")
            handles.append(dot_key(words(table.attrs, kind), colour, ls="-"))
        axes.axhline(table.attrs["chance"], color="0.3", gid="chance", **EXPECTED)
        handles.append(dotted_key("1 / number of classes"))
        if permuted:
            handles.append(band_key("permuted labels, 5% to 95%"))
            if len(layers) <= MARKED:
                handles.append(dot_key(f"p ≥ {ALPHA:g}", mfc="white"))
        axes.set_ylim(0, 1.02)
        axes.set_ylabel(f"accuracy of decoding {table.attrs['target']}")
        depth_axis(axes, layers)
        axes.set_xlabel(DEPTH)
        fig.legend(handles=handles, loc="outside right upper")
        return fig, caption(table, layers)


def words(attributes: Mapping, kind: str) -> str:
    """Say what a kind of decoding is."""
    across = attributes.get("across")
    if across is None:
        return f"held-out {attributes.get('groups', 'images')}"
    return f"same {across}" if kind == "within" else f"another {across}"


def caption(table, layers: list[str]) -> str:
    """Say what was measured and how."""
    permuted = table.sizes["permutation"] > 0
    text = [
        procedure(table),
        "Lines: accuracy, averaged over folds" + (" and over values." if "across" in table.attrs else "."),
        chance(table) + (" (bands: the middle 90% of their accuracies)." if permuted else ""),
        f"Full markers: p < {ALPHA:g}, for each layer separately."
        if len(layers) <= MARKED and permuted
        else "",
        labelled({"": layers}),
    ]
    return " ".join(filter(None, text))
