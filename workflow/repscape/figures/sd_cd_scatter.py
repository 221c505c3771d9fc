"""Differentiation of a layer (CD) against that of the images (SD), with a regression line a layer."""

import numpy as np

from repscape.figures.differentiation_by_depth import ratio_axis
from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_bar, own
from repscape.figures.lib.differentiation_curves import averaged, definition, same_pixels
from repscape.figures.lib.style import Style, along, figure
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Differentiation"
GREYS = ("#D5D5D5", "#B0B0B0", "#8A8A8A", "#606060", "#303030", "#000000")
PALEST = 0.3  # how much of a stimulus's colour the first layer has


def inputs(
    study: Study,
    *,
    analysis: str | None = None,
    source: str | None = None,
    metric: str | None = None,
    population: str | None = None,
    size: int | str | None = None,
) -> dict:
    """Name the file and check the parameters."""
    source = defaults.one(source, study.layers, "source")
    defaults.one(metric, study.metrics, "metric")
    defaults.one_size(study.samples_of(source), population, size)
    return {"sd_cd": defaults.analysis(study, analysis, "sd_cd")}


def draw(
    data: dict,
    style: Style,
    *,
    analysis: str | None = None,
    source: str | None = None,
    metric: str | None = None,
    population: str | None = None,
    size: int | str | None = None,
):
    """Draw D of every layer against D of the images, raw and relative to the reference.

    Relative values are drawn on a logarithmic axis, where straight lines are curved. Each line is
    drawn over its own panel's values (an earlier notebook drew the normalised lines over raw ones).

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `sd_cd`, by default that of its name.
    source, metric : str, optional
        By default the first.
    population : str, optional
        By default the first that is sampled by size.
    size : int or "all", optional
        By default the largest.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    table = data["sd_cd"].load()
    source, metric = str(source or table["source"].values[0]), str(metric or table["metric"].values[0])
    made = defaults.drawn(table.sel(source=source))
    population, size = defaults.one_size(made, population, size)
    table = table.sel(source=source, metric=metric, population=population, size=size)
    table = table.isel(stimulus=table["shown"].values > 0)
    layers, stimuli = own(data["sd_cd"], source), list(map(str, table["stimulus"].values))
    against, reference = table.attrs["against"], table.attrs["reference"]
    input_values, table = table.sel(layer=against), table.sel(layer=layers)

    relative = table["normalised"].notnull().any()
    scales = ["differentiation", "normalised"] if relative else ["differentiation"]
    fig = figure(max(72, 3.5 * (len(stimuli) + 1) + 8), layout="constrained")
    panels = np.atleast_1d(fig.subplots(1, len(scales)))
    words = captions.axis(f"(D: median {captions.metric_of(data['sd_cd'], metric)})")
    for axes, variable in zip(panels, scales, strict=True):
        relative = variable == "normalised"
        x = input_values[variable].values
        values = table[variable].transpose("stimulus", "layer").values
        fit = table.sel(over="all")
        ends = np.linspace(np.nanmin(x), np.nanmax(x), 100)
        for grey, layer in zip(along(GREYS, len(layers)), layers, strict=True):
            slope, intercept = (
                float(fit[name + "_normalised" * relative].sel(layer=layer))
                for name in ("slope", "intercept")
            )
            line = slope * ends + intercept
            line = np.where(line > 0, line, np.nan) if relative else line
            axes.plot(ends, line, color=grey, linewidth=0.8, gid=f"{variable}/{layer}")
        for stimulus, here, row in zip(stimuli, x, values, strict=True):
            axes.scatter(
                np.full(len(row), here),
                row,
                c=lighter(style.colour(stimulus), len(layers)),
                s=9,
                marker=style.marker(stimulus),
                alpha=0.85,
                linewidths=0.3,
                edgecolors="white",
                zorder=3,
                gid=f"{variable}/{stimulus}",
            )
        if relative:
            axes.axhline(1, color=style.colour(reference), linewidth=0.6, zorder=0)
            ratio_axis(axes)
        elif not (values < 0).any():  # as estimates without bias may be
            axes.set_ylim(bottom=0)
        axes.locator_params(axis="x", nbins=6)
        of = f"D ÷ D of {reference}" if relative else "D"
        axes.set_xlabel(f"{of}, {against} (SD)")
        axes.set_ylabel(f"{of}, every layer (CD)" + f"\n{words}" * (axes is panels[0]))
    if len(scales) > 1:
        for letter, axes in zip("ab", panels, strict=True):
            axes.set_title(letter, fontweight="bold")
    if len(layers) > 1:
        depth_bar(fig, panels[-1], layers, GREYS)
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=style.colour(name), marker=style.marker(name), ls="none", ms=3.5)
        for name in stimuli
    ]
    names = [captions.shorten(name, 24) for name in stimuli]
    fig.legend(marks, names, loc="outside right upper", handlelength=1, title="stimulus", alignment="left")
    return fig, caption(table, source, metric, population, size, scales)


def lighter(colour: str, count: int) -> list:
    """Return shades of a colour from pale to itself."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return [1 - share * (1 - rgb) for share in np.linspace(1, PALEST, count)[::-1]]


def caption(table, source, metric, population, size, scales) -> str:
    """Say what was measured and how."""
    against, reference = (captions.escape(table.attrs[key]) for key in ("against", "reference"))
    stimuli, images = list(map(str, table["stimulus"].values)), table["images"].values.tolist()
    r2 = table["r2"].sel(
        over="all", layer=[name for name in table["layer"].values if name != table.attrs["against"]]
    )
    text = [
        f"Differentiation D in the layers of {captions.escape(source)} (CD) against D in the layer {against} "
        f"(SD), for {captions.plural(len(stimuli), 'stimulus', 'stimuli')} "
        f"({captions.counts(stimuli, images, 'images')}): a point a stimulus and layer; grey: least-squares "
        "lines over stimuli, one a layer; both the darker the deeper.",
        f"D is {definition(table, metric)}; activity was {captions.normalised(table, metric)}.",
        averaged(table, population, size),
        same_pixels(table),
    ]
    if len(scales) > 1:
        text.append(
            f"**a**, as measured. **b**, each D divided by that of {reference} in the same layer, on a "
            "logarithmic axis, where straight lines are curved. A layer's values are all divided by the same "
            "number, so that R² is the same in both panels."
            + " Values that are not positive are in a alone."
            * bool((table["normalised"] <= 0).any())
        )
    if np.isfinite(r2).any():
        where = r2.idxmax("layer").item()
        text.append(
            f"R² is {float(r2.max()):.2f} at most ({captions.escape(where)}) and {float(r2.median()):.2f} in "
            f"the median layer, {against} itself left out, where it is 1 by construction; it rests on "
            f"{len(stimuli)} points."
        )
    return " ".join(filter(None, text))
