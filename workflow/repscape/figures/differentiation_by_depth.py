"""Differentiation along the layers: one line per stimulus, one line style per sample size."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from repscape.analyses.lib.image_resampling import interval
from repscape.core.errors import ConfigError, DataError
from repscape.figures.lib import captions
from repscape.figures.lib.axes import ratio_axis
from repscape.figures.lib.depth import depth_axis, label_height, labelled
from repscape.figures.lib.differentiation_curves import Curves, gaps, legend, not_shown, select, summary
from repscape.figures.lib.shown import OfMetric, OfPopulation, OfStimuli
from repscape.figures.lib.style import Style, dashes, figure
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study

Band = Literal["repeats", "images", "both"]


class DifferentiationByDepth(OfStimuli, OfMetric, OfPopulation, Figure):
    """Differentiation along the layers: one line per stimulus, one line style per sample size."""

    category = "Differentiation"
    shows_stimuli = True

    analysis: str = parameter(
        "The analysis of differentiation that is shown, by its name in the config.", "differentiation"
    )
    sources: list[str] | None = parameter(
        "The networks and recordings that are shown; by default all with this population and sample sizes.",
        None,
    )
    sizes: list[int | str] | None = parameter(
        "The sample sizes that are shown, numbers of units or ``all``; by default all of the population.",
        None,
    )
    normalised: bool = parameter(
        "Whether D / D(reference) is shown, on a logarithmic axis, where half and twice are equally far "
        "from 1.",
        False,
    )
    band: Band = parameter(
        "The bands: one SD over draws of units; the 95% interval over resampled images "
        "(`image_bootstrap`) for the largest size; or both.",
        "repeats",
    )

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters.

        Raises
        ------
        ConfigError
            A name is unknown, or `normalised` has no reference or nothing to compare with it.
        """
        files = {"differentiation": defaults.analysis_file(study, self.analysis, "differentiation")}
        if self.normalised:
            self._check_reference(study)
        defaults.many_or_all(self.stimuli, study.stimuli, "stimuli")
        _, population, sizes = defaults.metric_population_sizes(
            study, metric=self.metric, population=self.population, sizes=self.sizes
        )
        for source in defaults.many_or_all(self.sources, study.layers, "sources") if self.sources else ():
            if not set(sizes) & set(study.samples_of(source).get(population, ())):
                raise ConfigError(
                    f"sources: '{source}' has no sample of {' or '.join(sizes)} units of '{population}'. Add "
                    f"one under networks.{source}.samples, or leave this source out."
                )
        if self.band != "repeats":
            files["image_bootstrap"] = study.path("analysis", analysis="image_bootstrap")
        return files

    def _check_reference(self, study: Study) -> None:
        """Refuse to divide by a reference that there is not, or by the only stimulus."""
        reference = study.config["analyses"][self.analysis]["reference"]
        if reference is None:
            raise ConfigError(
                "normalised: expected a reference stimulus to divide by, found none. Name one under "
                f"analyses.{self.analysis}.reference, or draw the figure without 'normalised'."
            )
        if not any(reference in study.stimuli_of(source) for source in study.layers):
            raise ConfigError(
                f"normalised: no network is shown the reference '{reference}'. Add it under 'stimuli' of a "
                "network, or draw the figure without 'normalised'."
            )
        if set(self.stimuli or study.stimuli) <= {reference}:
            raise ConfigError(
                f"normalised: '{reference}' is the only stimulus and the reference, so every value would be "
                "1. Add a stimulus, or draw the figure without 'normalised'."
            )

    def draw(self, data: Mapping):
        """Draw differentiation D by layer, a panel a source, with bands; recordings below the networks.

        All panels have one vertical axis.

        Raises
        ------
        DataError
            Nothing was sampled so, or shown these stimuli.
        """
        table = data["differentiation"].load()
        variable = "normalised" if self.normalised else "differentiation"
        curves = select(table, variable, self.metric, self.population, self.sizes, self.sources, self.stimuli)
        reference = curves.reference if self.normalised else None
        stimuli = [stimulus for stimulus in curves.images if stimulus != reference]
        if not curves.layers or not stimuli:
            raise DataError(
                "differentiation_by_depth: no source has these samples and was shown these stimuli. "
                "Change the keys of the figure, or leave it out."
            )
        mean, spread, _ = summary(curves.values)
        left_out = not_positive(mean.sel(stimulus=stimuli)) if self.normalised else []
        stimuli = [stimulus for stimulus in stimuli if stimulus not in left_out]
        limits: tuple = ()
        if self.band != "repeats":
            limits = image_limits(data["image_bootstrap"], curves, mean.sel(size=curves.sizes[-1]), reference)

        fig, panels = page(curves, 3.5 * (len(stimuli) + bool(reference) + len(curves.sizes) + 5))
        for source, axes in panels.items():
            layers = curves.layers[source]
            for stimulus in stimuli:
                at = {"source": source, "layer": layers, "stimulus": stimulus}
                if limits:
                    self._image_band(axes, [limit.sel(at).values for limit in limits], stimulus)
                self._lines(axes, mean.sel(at), spread.sel(at), curves)
            depth_axis(axes, layers)
            if reference is not None:
                axes.axhline(1, color=self.style.colour(reference), linewidth=0.8, zorder=0)
            if len(panels) > 1:
                axes.set_title(source)
            axes.set_xlabel("area" if source in curves.recordings else "layer, from input to output")
        self._vertical_axes(panels, curves, reference, negative=bool((mean < 0).any()))
        legend(fig, self.style, stimuli, curves.sizes, reference)
        return fig, caption(curves, stimuli, reference, self.band, left_out)

    def _image_band(self, axes, limits: list[np.ndarray], stimulus: str) -> None:
        """Draw the interval over resampled images."""
        low, high = limits
        axes.fill_between(
            np.arange(len(low)), low, high, color=self.style.colour(stimulus), alpha=0.15, lw=0,
            gid=f"images/{stimulus}",
        )  # fmt: skip

    def _lines(self, axes, mean, spread, curves: Curves) -> None:
        """Draw a source's lines for one stimulus, one a sample size, with bands over draws."""
        source, stimulus = str(mean["source"].values), str(mean["stimulus"].values)
        colour, styles = self.style.colour(stimulus), dashes(curves.sizes)
        x = np.arange(mean.sizes["layer"])
        for size in curves.sizes:
            middle, around = (values.sel(size=size).values for values in (mean, spread))
            if self.band != "images" and np.isfinite(around).any():
                axes.fill_between(x, middle - around, middle + around, color=colour, alpha=0.2, lw=0)
            marks = dots(self.style, stimulus, len(x), size == curves.sizes[-1])
            gid = f"{source}/{stimulus}/{size}"
            axes.plot(x, middle, color=colour, linestyle=styles[size], **marks, gid=gid)

    def _vertical_axes(self, panels: Mapping, curves: Curves, reference: str | None, negative: bool) -> None:
        """Set the limits that all panels share, when all is drawn, and label the first of each row."""
        if not (self.normalised or negative):
            next(iter(panels.values())).set_ylim(bottom=0)
        of = f" ÷ D of {reference}" if reference else ""
        for axes in panels.values():
            if self.normalised:
                ratio_axis(axes)
            if axes.get_subplotspec().is_first_col():
                axes.set_ylabel(f"differentiation D{of}\n" + captions.axis(f"(D: median {curves.metric})"))


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


def caption(
    curves: Curves, stimuli: list[str], reference: str | None, band: Band, left_out: list[str]
) -> str:
    """Say what was measured and how."""
    mean, _, draws = summary(curves.values.sel(stimulus=stimuli))
    name = captions.escape(reference) if reference else ""
    shown = f"Differentiation relative to {name}" if reference else "Differentiation"
    images = {name: curves.images[name] for name in stimuli}
    panels = ", one panel for each source" if len(curves.layers) > 1 else ""
    text = [
        f"{shown} along the layers of {captions.listing(map(captions.escape, curves.layers))}{panels}, "
        f"from input to output, for {captions.of_stimuli(images)}.",
        f"Differentiation D is {curves.definition}; activity was {curves.normalisation}.",
    ]
    if reference:
        units = "the same units" if curves.reference_size == "same" else "the most units drawn"
        text.append(
            f"D is divided by the D of {name} ({captions.number(curves.images[reference])} images) in the "
            f"same layer and for {units}. The axis is logarithmic, with a line at 1."
        )
    text.append(curves.units)
    text += [
        f"D of {captions.escape(source)} is the mean of the D of each of {count} presentations of the images."
        for source, count in curves.presentations.items()
    ]
    text += _bands(curves, draws, band)
    if len(curves.sizes) > 1:
        text.append("Where sizes agree, the solid line hides the others.")
    if curves.left_out:
        names = captions.listing(map(captions.escape, curves.left_out))
        text.append(f"Not shown, since without these samples or stimuli: {names}.")
    text.append(not_shown(curves, stimuli))
    if left_out:
        names = captions.listing(map(captions.escape, left_out))
        text.append(
            f"Not shown on the logarithmic axis: {names}, whose D is 0, negative or undefined in every layer."
        )
    if reference:
        why = ["activity was constant", f"the D of {name} is 0"]
        why += ["D is not positive"] * bool((mean <= 0).any())
        text.append(gaps(mean.where(mean > 0), curves, " or ".join(why)))
    else:
        text.append(gaps(mean, curves, "activity was constant and no distance is defined"))
    return " ".join(filter(None, [*text, labelled(curves.layers)]))


def _bands(curves: Curves, draws, band: Band) -> list[str]:
    """Say what lines and bands are."""
    text = []
    repeated = [captions.number(size) for size in curves.sizes if int(draws.sel(size=size).max()) > 1]
    if repeated:
        text.append("Lines: mean over draws of units.")
    if repeated and band != "images":
        text.append(
            f"{'Darker bands' if band == 'both' else 'Bands'}: ± 1 SD over draws "
            f"({captions.listing(repeated)} {'unit' if repeated == ['1'] else 'units'}); there is no band "
            "for a single draw."
        )
    if band != "repeats":
        of = "" if len(curves.sizes) == 1 else f", for {captions.number(curves.sizes[-1])} units"
        text.append(
            f"{'Light bands' if band == 'both' else 'Bands'}: 95% intervals over resampled images{of}; "
            "they hold for other images of the same kind, drawn independently, and are too narrow for "
            "movies, whose frames are alike."
        )
    return text
