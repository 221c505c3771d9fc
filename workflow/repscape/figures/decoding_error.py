"""How well an angle is decoded from each layer: errors by depth, against chance."""

from collections.abc import Mapping

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.axes import percent_axis
from repscape.figures.lib.depth import own
from repscape.figures.lib.source_panels import labelled, source_panels
from repscape.figures.lib.style import COLOURS
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study

SIGNIFICANT = 0.05
LOG = 10  # times below chance, from which errors need a logarithmic axis
NAMES = {"ridge": "ridge regression", "relu": "ReLU network"}
METHOD_COLOURS = dict(zip(NAMES, COLOURS, strict=False))


class DecodingError(Figure):
    """How well an angle is decoded from each layer: errors by depth, against chance."""

    category = "Units"

    analysis: str | None = parameter(
        "An analysis made by `angle_decoding`, by default that of its name.", None
    )

    def inputs(self, study: Study) -> dict:
        """Name the file."""
        return {"angle_decoding": defaults.analysis_file(study, self.analysis, "angle_decoding")}

    def draw(self, data: Mapping):
        """Draw the mean absolute error by layer, a panel a source and a line a method, with what chance makes.

        Returns
        -------
        Figure, str
            The figure and its caption.
        """
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        table = data["angle_decoding"].load()
        layers = {str(source): own(table, str(source)) for source in table["source"].values}
        methods = [str(method) for method in table["decoder"].values]
        fig, panels = source_panels(layers)
        permuted = table.sizes["permutation"] > 0
        unsure = False
        by_chance = table.attrs["period"] / 4
        for source, axes in panels.items():
            x = np.arange(len(layers[source]))
            for place, method in enumerate(methods):
                of = table.sel(source=source, layer=layers[source], decoder=method)
                colour, gid = METHOD_COLOURS[method], f"{source}/{method}"
                beside = x + (place - (len(methods) - 1) / 2) * 0.12  # so that intervals lie side by side
                if permuted:
                    low, high = np.quantile(of["null"], [0.05, 0.95], axis=-1)
                    wide = np.concatenate([[x[0] - 0.4], x, [x[-1] + 0.4]])
                    low, high = (np.pad(values, 1, mode="edge") for values in (low, high))
                    axes.fill_between(wide, low, high, color="0.5", alpha=0.25, lw=0, gid=f"{gid}/chance")
                ends = np.stack([of["error"] - of["low"], of["high"] - of["error"]])
                bars = axes.errorbar(
                    beside, of["error"].values, np.maximum(ends, 0), color=colour, lw=1, elinewidth=0.7
                )
                bars[0].set_gid(gid)
                sure = ((of["p"] < SIGNIFICANT) | (not permuted)).values
                unsure |= not sure.all()
                axes.scatter(
                    beside, of["error"], 12, np.where(sure, colour, "white"), edgecolors=colour, lw=0.8, zorder=3,
                    clip_on=False, gid=f"{gid}/markers",
                )  # fmt: skip
            axes.axhline(by_chance, color="0.3", lw=0.8, ls=(0, (1, 1.5)), gid=f"{source}/blind")
        first = next(iter(panels.values()))  # whose scale all share
        smallest = float(table["low"].min())
        if 0 < smallest < by_chance / LOG:
            percent_axis(first.yaxis)
        else:
            first.set_ylim(bottom=0)
        rows = {axes.get_subplotspec().get_gridspec(): axes for axes in reversed(panels.values())}
        for axes in rows.values():
            axes.set_ylabel(f"error in {table.attrs['factor']} ({unit(table)})")
        fig.supxlabel("layer, from input to output", fontsize=7)
        handles = [
            Line2D([], [], color=METHOD_COLOURS[method], marker="o", ms=3.5, label=NAMES[method])
            for method in methods
        ]
        interval = Line2D([], [], color="0.3", marker="|", ms=8, mew=0.7, ls="", label="95% interval")
        blind = Line2D([], [], color="0.3", lw=0.8, ls=(0, (1, 1.5)), label=f"blind guess, {by_chance:g}")
        handles += [interval, blind]
        if permuted:
            handles.append(Patch(facecolor="0.85", label="permuted, 5% to 95%"))
        if unsure:
            handles.append(
                Line2D([], [], color="0.3", marker="o", ms=3.5, mfc="white", ls="", label="p ≥ 0.05")
            )
        fig.legend(handles=handles, loc="outside right upper")
        return fig, caption(table, layers)


def unit(table) -> str:
    """Name the unit of an angle."""
    return "degrees" if table.attrs["period"] in (90, 180, 360) else f"{table.attrs['period']:g} a turn"


def procedure(table) -> str:
    """Say for a caption what was decoded from what, and how."""
    of = table.attrs
    factor, period = captions.escape(of["factor"]), f"{of['period']:g}"
    new = {
        "values": f"values of {factor} that the decoders had not seen",
        "images": "images that the decoders had not seen",
        "trials": "single trials left out, of images that the decoders had seen in others",
    }[of["by"]]
    single = [captions.escape(name) for name in np.atleast_1d(of.get("single_trials", []))]
    rows = f"single trials of {captions.listing(single)}" if single else "the mean responses to each image"
    how = ["ridge regression"] if "ridge" in table["decoder"].values else []
    if "relu" in table["decoder"].values:
        how.append(
            "networks with one hidden layer of "
            f"{captions.plural(int(of['hidden']), 'ReLU unit', 'ReLU units')}, trained by gradient descent "
            f"for {captions.number(int(table['epoch'].values[-1]))} epochs"
        )
    units = table["units"].values[table["order"].values >= 0]
    number = " to ".join(captions.number(int(n)) for n in sorted({units.min(), units.max()}))
    return (
        f"How well {factor} (period {period}, {captions.plural(int(of['values']), 'value', 'values')}), as "
        f"its cosine and sine, is decoded from responses to {captions.number(int(of['images']))} images of "
        f"{captions.escape(of['stimulus'])} ({rows}; {number} units a layer, population "
        f"``{of['population']}``, standardised by the training rows, none by an SD below a tenth of the "
        f"layer's) by {captions.listing(how)}. "
        f"Tested on {new}: {int(of['folds'])} folds left out in turn, the strength of the penalty chosen "
        "within the training rows."
    )


def caption(table, layers) -> str:
    """Say what was measured and how."""
    count = table.sizes["permutation"]
    text = [
        procedure(table),
        "Lines: mean absolute error, the shorter way round; bars: 95% intervals over "
        f"{table.attrs['by']} ({captions.number(int(table.attrs['resamples']))} bootstrap samples; the "
        "decoders stay "
        "the same).",
        f"Dotted: a blind guess where values are spread evenly, {table.attrs['period'] / 4:g}.",
        f"Bands: the middle 90% of what the same procedure makes of {captions.number(count)} permutations of "
        "the values, which may do worse than a blind guess, for what is left out lies opposite the mean of "
        "the rest. Full markers: p < 0.05, for each layer by itself."
        if count
        else "Values were not permuted: there are no p-values.",
        labelled(layers),
    ]
    return " ".join(filter(None, text))
