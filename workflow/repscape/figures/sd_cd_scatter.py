"""Differentiation of a layer (CD) against that of the images (SD), with a regression line a layer."""

from collections.abc import Mapping

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.axes import letter, ratio_axis
from repscape.figures.lib.depth import depth_bar, layers_of
from repscape.figures.lib.differentiation_curves import measured, same_pixels
from repscape.figures.lib.shown import OfAnalysis, OfOneSize, OfSource
from repscape.figures.lib.style import along, figure
from repscape.plugin.contract import Figure
from repscape.study import defaults
from repscape.study.study import Study

GREYS = ("#D5D5D5", "#B0B0B0", "#8A8A8A", "#606060", "#303030", "#000000")
PALEST = 0.3  # how much of a stimulus's colour the first layer has


class SdCdScatter(OfAnalysis, OfSource, OfOneSize, Figure):
    """Differentiation of layers (CD) against that of images (SD), one line per layer (analysis `sd_cd`)."""

    category = "Differentiation"
    shows_stimuli = True
    _kind = "sd_cd"

    def inputs(self, study: Study) -> dict:
        """Name the file and check the parameters."""
        source = defaults.one_or_default(self.source, study.layers, "source")
        self._check(study, study.samples_of(source))
        return super().inputs(study)

    def draw(self, data: Mapping):
        """Draw D of every layer against D of the images, raw and relative to the reference.

        Relative values are drawn on a logarithmic axis, where straight lines are curved. Each line is
        drawn over its own panel's values (an earlier notebook drew the normalised lines over raw ones).
        """
        whole = data["sd_cd"].load()
        source = self.source or str(whole["source"].values[0])
        table = self._selected(whole, source=source)
        table = table.isel(stimulus=table["shown"].values > 0)
        layers, stimuli = layers_of(whole, source), list(map(str, table["stimulus"].values))

        relative = bool(table["normalised"].sel(layer=layers).notnull().any())
        fig = figure(max(72, 3.5 * (len(stimuli) + 1) + 8))
        panels = np.atleast_1d(fig.subplots(1, 1 + relative))
        for axes, variable in zip(panels, ("differentiation", "normalised"), strict=False):
            self._panel(axes, table, layers, variable)
        words = captions.metric_of(table, str(table["metric"].values))
        panels[0].set_ylabel(panels[0].get_ylabel() + "\n" + captions.axis(f"(D: median {words})"))
        if relative:
            letter(panels)
        if len(layers) > 1:
            depth_bar(fig, panels[-1], layers, GREYS)
        self._legend(fig, stimuli)
        return fig, caption(table.sel(layer=layers), relative)

    def _panel(self, axes, table, layers: list[str], variable: str) -> None:
        """Draw D as measured, or `normalised`: divided by that of the reference."""
        against, reference = table.attrs["against"], table.attrs["reference"]
        relative = variable == "normalised"
        x = table[variable].sel(layer=against).values
        values = table[variable].sel(layer=layers).transpose("stimulus", "layer").values
        ends = np.linspace(np.nanmin(x), np.nanmax(x), 100)
        fit = table.sel(over="all", layer=layers)
        slopes, intercepts = (fit[name + "_normalised" * relative].values for name in ("slope", "intercept"))
        for grey, layer, slope, intercept in zip(
            along(GREYS, len(layers)), layers, slopes, intercepts, strict=True
        ):
            line = slope * ends + intercept
            line = np.where(line > 0, line, np.nan) if relative else line
            axes.plot(ends, line, color=grey, linewidth=0.8, gid=f"{variable}/{layer}")
        for stimulus, of_images, row in zip(map(str, table["stimulus"].values), x, values, strict=True):
            axes.scatter(
                np.full(len(row), of_images), row, c=lighter(self.style.colour(stimulus), len(layers)), s=9,
                marker=self.style.marker(stimulus), alpha=0.85, linewidths=0.3, edgecolors="white", zorder=3,
                gid=f"{variable}/{stimulus}",
            )  # fmt: skip
        if relative:
            axes.axhline(1, color=self.style.colour(reference), linewidth=0.6, zorder=0)
            ratio_axis(axes)
        elif not (values < 0).any():  # as estimates without bias may be
            axes.set_ylim(bottom=0)
        axes.locator_params(axis="x", nbins=6)
        of = f"D ÷ D of {reference}" if relative else "D"
        axes.set_xlabel(f"{of}, {against} (SD)")
        axes.set_ylabel(f"{of}, every layer (CD)")

    def _legend(self, fig, stimuli: list[str]) -> None:
        marks = [self.style.point_key(name, size=3.5) for name in stimuli]
        names = [captions.shorten(name, 24) for name in stimuli]
        fig.legend(
            marks, names, loc="outside right upper", handlelength=1, title="stimulus", alignment="left"
        )


def lighter(colour: str, count: int) -> list:
    """Return shades of a colour from pale to itself."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return [1 - share * (1 - rgb) for share in np.linspace(1, PALEST, count)[::-1]]


def caption(table, relative: bool) -> str:
    """Say what was measured and how, of one source, metric, population and size."""
    against, reference = (captions.escape(table.attrs[key]) for key in ("against", "reference"))
    images = captions.images_of(table)
    source = captions.escape(table["source"].values)
    r2 = table["r2"].sel(
        over="all", layer=[name for name in table["layer"].values if name != table.attrs["against"]]
    )
    text = [
        f"Differentiation D in the layers of {source} (CD) against D in the layer {against} (SD), for "
        f"{captions.of_stimuli(images)}. Each point is a stimulus in one layer; grey lines: least squares "
        "over stimuli, one for each layer. Deeper layers are darker.",
        measured(table),
        same_pixels(table),
    ]
    if relative:
        text.append(
            f"**a**, as measured. **b**, each D divided by that of {reference} in the same layer, on a "
            "logarithmic axis, where straight lines are curved. R² is the same in both panels."
            + " Values that are not positive are in a only."
            * bool((table["normalised"] <= 0).any())
        )
    if np.isfinite(r2).any():
        where = r2.idxmax("layer").item()
        text.append(
            f"R² over {len(images)} points is at most {float(r2.max()):.2f} ({captions.escape(where)}) and "
            f"{float(r2.median()):.2f} in the median layer, without {against}, where it is 1 by "
            "construction."
        )
    return " ".join(filter(None, text))
