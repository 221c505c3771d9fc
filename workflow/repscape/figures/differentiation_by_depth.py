"""Differentiation along the layers: a line a stimulus, a line style a sample size."""

from typing import Literal

import numpy as np

from repscape.analyses.image_bootstrap import interval
from repscape.core.errors import ConfigError, DataError
from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_axis, label_height, labelled
from repscape.figures.lib.differentiation_curves import Curves, gaps, legend, not_shown, select, summary
from repscape.figures.lib.style import Style, dashes, figure
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Differentiation"

Band = Literal["repeats", "images", "both"]


def inputs(
    study: Study,
    *,
    analysis: str = "differentiation",
    sources: list[str] | None = None,
    stimuli: list[str] | None = None,
    metric: str | None = None,
    population: str | None = None,
    sizes: list[int | str] | None = None,
    normalised: bool = False,
    band: Band = "repeats",
) -> dict:
    """Name the files and check the parameters.

    Raises
    ------
    ConfigError
        A name is unknown, or `normalised` has no reference or nothing to compare with it.
    """
    table = defaults.analysis(study, analysis, "differentiation")
    if normalised:
        reference = study.config["analyses"][analysis]["reference"]
        if reference is None:
            raise ConfigError(
                "normalised: there is no reference stimulus to divide by. Name one under "
                f"analyses.{analysis}.reference, or draw the figure without 'normalised'."
            )
        if not any(reference in study.stimuli_of(source) for source in study.layers):
            raise ConfigError(
                f"normalised: no network is shown the reference '{reference}'. Add it under 'stimuli' of a "
                "network, or draw the figure without 'normalised'."
            )
        if set(stimuli or study.stimuli) <= {reference}:
            raise ConfigError(
                f"normalised: '{reference}' is the only stimulus and the reference, so every value would "
                "be 1. Add a stimulus, or draw the figure without 'normalised'."
            )
    defaults.several(stimuli, study.stimuli, "stimuli")
    _, population, sizes = defaults.differentiation(study, metric=metric, population=population, sizes=sizes)
    for source in defaults.several(sources, study.layers, "sources") if sources else ():
        if not set(sizes) & set(study.samples_of(source).get(population, ())):
            raise ConfigError(
                f"sources: '{source}' has no sample of {' or '.join(sizes)} units of '{population}'. Add one "
                f"under networks.{source}.samples, or leave this source out."
            )
    files = {"differentiation": table}
    if band != "repeats":
        files["image_bootstrap"] = study.path("analysis", analysis="image_bootstrap")
    return files


def draw(
    data: dict,
    style: Style,
    *,
    analysis: str = "differentiation",
    sources: list[str] | None = None,
    stimuli: list[str] | None = None,
    metric: str | None = None,
    population: str | None = None,
    sizes: list[int | str] | None = None,
    normalised: bool = False,
    band: Band = "repeats",
):
    """Draw differentiation D by layer, a panel a source, with bands; recordings below the networks.

    All panels have one vertical axis.

    Parameters
    ----------
    analysis : str
        The name of the analysis, where a study has several of differentiation.
    sources : list of str, optional
        By default all that were sampled so.
    stimuli : list of str, optional
        By default all.
    metric : str, optional
        By default the study's first.
    population : str, optional
        By default the first that is sampled by size.
    sizes : list of int or "all", optional
        By default all sizes of the population.
    normalised : bool
        Show D / D(reference), on a logarithmic axis: half and twice are equally far from 1.
    band : {"repeats", "images", "both"}
        One SD over draws of units; the 95% interval over resampled images (`image_bootstrap`) of the
        largest size; or both.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    table = data["differentiation"].load()
    variable = "normalised" if normalised else "differentiation"
    curves = select(table, variable, metric, population, sizes, sources, stimuli)
    reference = curves.reference if normalised else None
    stimuli = [stimulus for stimulus in curves.images if stimulus != reference]
    if not curves.layers or not stimuli:
        raise DataError("differentiation_by_depth: no source was sampled so and shown these stimuli.")
    mean, spread, _ = summary(curves.values)
    left_out = not_positive(mean.sel(stimulus=stimuli)) if normalised else []
    stimuli = [stimulus for stimulus in stimuli if stimulus not in left_out]
    limits = ()
    if band != "repeats":
        limits = image_limits(data["image_bootstrap"], curves, mean.sel(size=curves.sizes[-1]), reference)
    styles = dashes(curves.sizes)

    fig, panels = page(curves, 3.5 * (len(stimuli) + bool(reference) + len(curves.sizes) + 5))
    for source, axes in panels.items():
        layers = curves.layers[source]
        x = np.arange(len(layers))
        for stimulus in stimuli:
            for size in curves.sizes:
                here = {"source": source, "stimulus": stimulus, "layer": layers}
                middle, around = (values.sel(here | {"size": size}).values for values in (mean, spread))
                if limits and size == curves.sizes[-1]:
                    low, high = (limit.sel(here).values for limit in limits)
                    axes.fill_between(
                        x, low, high, color=style.colour(stimulus), alpha=0.15, lw=0, gid=f"images/{stimulus}"
                    )
                if band != "images" and np.isfinite(around).any():
                    axes.fill_between(
                        x, middle - around, middle + around, color=style.colour(stimulus), alpha=0.2, lw=0
                    )
                axes.plot(
                    x,
                    middle,
                    color=style.colour(stimulus),
                    linestyle=styles[size],
                    **dots(style, stimulus, len(layers), size == curves.sizes[-1]),
                    gid=f"{source}/{stimulus}/{size}",
                )
        depth_axis(axes, layers)
        if normalised and reference is not None:
            axes.axhline(1, color=style.colour(reference), linewidth=0.8, zorder=0)
        if len(panels) > 1:
            axes.set_title(source)
        axes.set_xlabel("area" if source in curves.recordings else "layer, from input to output")
    # Of the axis that panels share, when all is drawn.
    if not (normalised or (mean < 0).any()):
        axes.set_ylim(bottom=0)
    of = f" ÷ D of {reference}" if normalised else ""
    for axes in panels.values():
        if normalised:
            ratio_axis(axes)
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel(f"differentiation D{of}\n" + captions.axis(f"(D: median {curves.metric})"))
    legend(fig, style, stimuli, curves.sizes, reference)
    return fig, caption(curves, stimuli, reference, band, left_out)


def not_positive(mean) -> list[str]:
    """Return the stimuli of which a logarithmic axis shows nothing, unless it shows nothing of any."""
    shown = (mean > 0).any(("source", "layer", "size")).values
    return [str(name) for name in mean["stimulus"].values[~shown & shown.any()]]


def page(curves: Curves, least: float) -> tuple:
    """Make a figure at least so many mm high, with a row a network and one of all recordings.

    Returns
    -------
    Figure, dict of source to Axes
    """
    networks = [source for source in curves.layers if source not in curves.recordings]
    below = [source for source in curves.layers if source in curves.recordings]
    rows = [[source] for source in networks] + ([below] if below else [])
    tallest = [max(label_height(curves.layers[source]) for source in row) for row in rows]
    fig = figure(max(sum(60 + labels for labels in tallest), least))
    panels: dict = {}
    for cell, row in zip(fig.add_gridspec(len(rows), 1), rows, strict=True):
        widths = [1 + len(curves.layers[source]) for source in row]
        for part, source in zip(cell.subgridspec(1, len(row), width_ratios=widths), row, strict=True):
            panels[source] = fig.add_subplot(part, sharey=next(iter(panels.values()), None))
            if source != row[0]:
                panels[source].tick_params(labelleft=False)
    return fig, panels


def dots(style: Style, stimulus: str, layers: int, largest: bool) -> dict:
    """Mark a stimulus's layers along the line of the largest size, or of all where shapes are needed."""
    if layers == 1:
        return {"marker": style.marker(stimulus), "markersize": 4, "markeredgewidth": 0}
    return style.dots(stimulus, layers) if largest or style.repeats else {}


def image_limits(table, curves: Curves, mean, reference: str | None) -> tuple:
    """Return the limits over resampled images of the largest size, around its curves.

    Returns
    -------
    low, high : DataArrays (source, stimulus, layer)
    """
    keys = {"metric": mean["metric"].item(), "population": curves.population, "size": curves.sizes[-1]}
    keys |= {dim: mean[dim].values for dim in ("source", "stimulus")}
    resampled, measured = (table[name].sel(keys).load() for name in ("resampled", "differentiation"))
    if reference:
        # The curves are means of ratios, these are ratios of means, nearly the same: put around the curves.
        around = mean * measured.sel(stimulus=reference) / measured
        resampled = resampled / resampled.sel(stimulus=reference) * around
    resampled = resampled.transpose(*mean.dims, "resample")
    return tuple(mean.copy(data=limit) for limit in interval(resampled.values))


def ratio_axis(axes) -> None:
    """Make a logarithmic y axis with plain numbers at 1, 2, 5, …"""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    axes.set_yscale("log", nonpositive="mask")
    low, high = axes.get_ylim()
    few = MaxNLocator(5) if high / low < 4 else LogLocator(subs=(1, 2, 5) if high / low < 1e3 else (1,))
    axes.yaxis.set_major_locator(few)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def caption(
    curves: Curves, stimuli: list[str], reference: str | None, band: Band, left_out: list[str]
) -> str:
    """Say what was measured and how."""
    name = captions.escape(reference) if reference else ""
    mean, _, draws = summary(curves.values.sel(stimulus=stimuli))
    shown = f"Differentiation relative to {name}" if reference else "Differentiation"
    panels = ", a panel a source" if len(curves.layers) > 1 else ""
    text = [
        f"{shown} along the layers of {captions.listing(map(captions.escape, curves.layers))}{panels}, "
        f"from input to output, for {captions.plural(len(stimuli), 'stimulus', 'stimuli')} "
        f"({captions.counts(stimuli, [curves.images[s] for s in stimuli], 'images')}).",
        f"Differentiation D is {curves.definition}; activity was {curves.normalisation}.",
    ]
    if reference:
        units = "the same units" if curves.reference_size == "same" else "the most units drawn"
        text.append(
            f"Each D is divided by the D of {name} ({captions.number(curves.images[reference])} images) in "
            f"the same layer and for {units}, hence the line at 1; the axis is logarithmic."
        )
    text.append(curves.units)
    text += [
        f"D of {captions.escape(name)} is the mean over {count} presentations of each image, of the D of "
        "each by itself."
        for name, count in curves.presentations.items()
    ]
    banded = [captions.number(size) for size in curves.sizes if int(draws.sel(size=size).max()) > 1]
    if banded:
        text.append("Lines: mean over draws.")
    if banded and band != "images":
        text.append(
            f"{'Darker bands' if band == 'both' else 'Bands'}: ± 1 SD over draws ({captions.listing(banded)} "
            f"{'unit' if banded == ['1'] else 'units'}). One draw, also in a layer with no more units than "
            "are drawn, has no band."
        )
    if band != "repeats":
        size = curves.sizes[-1]
        of = "" if len(curves.sizes) == 1 else f", for {captions.number(size)} units"
        text.append(
            f"{'Light bands' if band == 'both' else 'Bands'}: 95% intervals over resampled images{of}; they "
            "say how D would vary with other images of the same kind, drawn independently, and are too "
            "narrow for the frames of a movie, which are alike."
        )
    if len(curves.sizes) > 1:
        text.append("Where sizes agree, the solid line covers the others.")
    if curves.left_out:
        names = captions.listing(map(captions.escape, curves.left_out))
        text.append(f"Not drawn, because not sampled so or not shown what is drawn: {names}.")
    text.append(not_shown(curves, stimuli))
    if left_out:
        names = captions.listing(map(captions.escape, left_out))
        text.append(
            f"Not shown: {names}, whose D is 0, negative or undefined in every layer: a logarithmic axis has "
            "no place for it."
        )
    if reference:
        why = [f"the D of {name} is 0", *["D is not positive"] * bool((mean <= 0).any())]
        text.append(gaps(mean.where(mean > 0), curves, " or ".join(["activity was constant", *why])))
    else:
        text.append(gaps(mean, curves, "activity was constant and no distance is defined"))
    return " ".join(filter(None, [*text, labelled(curves.layers)]))
