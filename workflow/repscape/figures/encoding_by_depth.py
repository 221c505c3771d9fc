"""How well neurons are predicted from each layer: median R² by depth, with intervals and tests."""

from collections.abc import Mapping

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.shown import Corrected
from repscape.figures.lib.source_panels import labelled, source_panels
from repscape.figures.lib.style import COLOURS
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.compare.significance import ALPHA, Correction
from repscape.study import defaults
from repscape.study.study import Study

COLOUR = COLOURS[0]


class EncodingByDepth(Corrected, Figure):
    """How well neurons are predicted from each layer: median R² by depth, with intervals and tests."""

    category = "Units"

    analysis: str | None = parameter("An analysis made by `encoding`, by default that of its name.", None)
    normalised: bool | None = parameter(
        "Whether R² is divided by the neuron's reliability; by default where neurons have one.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the file."""
        return {"encoding": defaults.analysis_file(study, self.analysis, "encoding")}

    def draw(self, data: Mapping):
        """Draw the median R² over neurons by layer, a panel a source.

        Returns
        -------
        Figure, str
            The figure and its caption.
        """
        normalised = self.normalised
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        table = data["encoding"].load()
        if normalised is None:
            normalised = bool(np.isfinite(table["normalised_median"]).any())
        models = by_source(table)
        layers = {source: [str(table["layer"].values[at]) for at in own] for source, own in models.items()}
        prefix = "normalised_" if normalised else ""
        best = int(np.argmax(table[f"{prefix}median"].values))
        alike = table[f"{prefix}p_pair_{self.correction}"].values[best] >= ALPHA
        sure = table[f"{prefix}p_zero_{self.correction}"].values < ALPHA
        fig, panels = source_panels(layers)
        for source, axes in panels.items():
            own, x = np.array(models[source]), np.arange(len(models[source]))
            middle, low, high = (table[f"{prefix}{name}"].values[own] for name in ("median", "low", "high"))
            axes.axhline(0, color="0.5", lw=0.6, zorder=0)
            axes.fill_between(x, low, high, color=COLOUR, alpha=0.18, lw=0, gid=f"{source}/interval")
            if len(x) == 1:  # where a band has no width
                axes.vlines(x, low, high, color=COLOUR, lw=0.7)
            axes.plot(x, middle, color=COLOUR, gid=source)
            axes.scatter(
                x, middle, 12, np.where(sure[own], COLOUR, "white"), edgecolors=COLOUR, lw=0.8, zorder=3,
                clip_on=False, gid=f"{source}/markers",
            )  # fmt: skip
            for places, mark, gid in ((x[alike[own]], "_", "alike"), (x[own == best], "v", "best")):
                if len(places):  # the bounding box of nothing would be at the page's corner
                    axes.plot(
                        places, np.full(len(places), 0.985), mark, color="0.2", ms=4.5, clip_on=False,
                        transform=axes.get_xaxis_transform(), gid=f"{source}/{gid}",
                    )  # fmt: skip
        first = next(iter(panels.values()))
        low, high = first.get_ylim()
        first.set_ylim(low, high + 0.08 * (high - low))
        rows = {axes.get_subplotspec().get_gridspec(): axes for axes in reversed(panels.values())}
        what = "R² / reliability" if normalised else "R² of held-out images"
        for axes in rows.values():
            axes.set_ylabel(f"{what}\n(median over neurons of {captions.shorten(table.attrs['area'], 20)})")
        fig.supxlabel("layer, from input to output", fontsize=7)
        unsure = Line2D([], [], color=COLOUR, marker="o", ms=3.5, mfc="white", ls="", label=f"p ≥ {ALPHA:g}")
        handles = [
            Line2D([], [], color=COLOUR, marker="o", ms=3.5, label=f"above 0, p < {ALPHA:g}"),
            *([] if sure.all() else [unsure]),
            Patch(color=COLOUR, alpha=0.25, lw=0, label="95% interval"),
            Line2D([], [], color="0.2", marker="v", ms=4.5, ls="", label="largest median R²"),
        ]
        if alike.any():
            handles.append(
                Line2D([], [], color="0.2", marker="_", ms=4.5, ls="", label="not different from it")
            )
        fig.legend(handles=handles, loc="outside right upper")
        return fig, caption(table, layers, normalised, self.correction, best, bool(alike.any()))


def by_source(table) -> dict[str, list[int]]:
    """Return the models of each source, from input to output."""
    found: dict[str, list[int]] = {}
    for at in np.argsort(table["order"].values, kind="stable"):
        found.setdefault(str(table["source"].values[at]), []).append(int(at))
    first = {source: min(own) for source, own in found.items()}
    return {source: found[source] for source in sorted(found, key=first.__getitem__)}


def procedure(table) -> str:
    """Say for a caption what was predicted from what, and how."""
    of = table.attrs
    total, constant = table.sizes["neuron"], int(of["constant"])
    units = table["units"].values
    number = " to ".join(captions.number(int(n)) for n in sorted({units.min(), units.max()}))
    left = "values of " + captions.escape(of["groups"]) if "groups" in of else "images"
    return (
        f"How well the mean responses of {captions.plural(total - constant, 'neuron', 'neurons')} of "
        f"{captions.escape(of['recording'])}, {captions.escape(of['area'])}, to "
        f"{captions.number(table.sizes['image'])} images of {captions.escape(of['stimulus'])} are "
        f"predicted by ridge regression from layers ({number} units, population ``{of['population']}``, "
        "standardised by the training images, none by an SD below a tenth of the layer's); "
        f"{int(of['folds'])} folds of {left} are left out in turn, and the strength of the penalty is chosen "
        "for each neuron within the others. R² is 1 − the squared errors of left-out images / their squared "
        "differences from the training mean: 0 without predictors, negative where worse."
        + (
            f" {captions.plural(constant, 'further neuron', 'further neurons')} answered the same to all "
            "images."
            if constant
            else ""
        )
    )


def caption(table, layers: Mapping, normalised: bool, correction: Correction, best: int, alike: bool) -> str:
    """Say what was measured and how sure it is."""
    of = table.attrs
    name = ", ".join(captions.escape(str(table[label].values[best])) for label in ("source", "layer"))
    tests = table.sizes["model"]
    what = "normalised_median" if normalised else "median"
    text = [procedure(table)]
    if normalised:
        text.append(
            "R² is divided by reliability, the share of the variance of a neuron's mean responses that is "
            f"not noise of its trials, in the {captions.number(int(of['normalised_neurons']))} neurons where "
            f"that is at least {of['reliable']:g}; 1 is all that can be predicted."
        )
    elif np.isnan(table["reliability"]).all():
        text.append("Without repeats of images, it is not known how much could be predicted.")
    text.append(
        f"Bands: 95% intervals of the median over {captions.number(int(of['resamples']))} bootstrap samples "
        "of images and of neurons, which share the images; regressions are not fitted again, nor is "
        "reliability estimated again, so that intervals lack what these add. "
        f"Full markers: the median R² is above 0, p < {ALPHA:g}"
        f"{captions.corrected(tests, 'layers', correction)}. Triangle: the "
        f"layer with the largest median R² ({name}, "
        f"{table[what].values[best]:.2f})."
    )
    if tests > 1:
        text.append(
            "Dashes: layers whose median does not differ from "
            f"its{'' if alike else ', of which there are none'} "
            "(the same bootstrap samples, corrected for all "
            f"{captions.plural(tests * (tests - 1) // 2, 'pair', 'pairs')} in the same way)."
        )
    return " ".join(filter(None, [*text, labelled(layers)]))
