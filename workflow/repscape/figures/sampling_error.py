"""How much differentiation depends on which units were drawn."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from repscape.core.errors import ConfigError
from repscape.figures.lib import captions
from repscape.figures.lib.axes import letter, percent_axis
from repscape.figures.lib.depth import depth_axis, depth_bar, label_height, labelled
from repscape.figures.lib.differentiation_curves import Curves, gaps, legend, select, summary
from repscape.figures.lib.shown import OfMetric, OfPopulation, OfSource, OfStimuli
from repscape.figures.lib.style import RAMP, Style, along, dashes, figure
from repscape.plugin.contract import Figure
from repscape.study import defaults
from repscape.study.study import Study

PERCENT = "SD of D over draws (% of mean)"


class Sampled(NamedTuple):
    """Variation of D over draws of units.

    Attributes
    ----------
    curves : Curves
    layers, stimuli, sizes : lists of str
        Those shown; sizes are those that were drawn more than once, in ascending order.
    left_out : list of str
        Stimuli whose D is 0 or undefined wherever it was drawn more than once: there is no percentage of it.
    mean : DataArray (source, layer, size, stimulus)
    variation : array (layer, size, stimulus)
        SD of D over draws, divided by its mean.
    repeats : array (layer, size, stimulus)
        How often units were drawn.
    units : array (size,)
    recorded : array (layer,)
        How many units are recorded.
    """

    curves: Curves
    layers: list[str]
    stimuli: list[str]
    sizes: list[str]
    left_out: list[str]
    mean: Any
    variation: np.ndarray
    repeats: np.ndarray
    units: np.ndarray
    recorded: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The variation (layer, larger size, stimulus) that the smallest size lets expect of others."""
        expected = factor(self.units, self.recorded[:, None])
        return (self.variation[:, :1] / expected[:, :1, None] * expected[:, :, None])[:, 1:]

    @property
    def comparable(self) -> bool:
        """Whether something was drawn more than once at several sizes."""
        return bool(np.isfinite(self.predicted * self.variation[:, 1:]).any())


class SamplingError(OfSource, OfStimuli, OfMetric, OfPopulation, Figure):
    """How much differentiation depends on which units were drawn."""

    category = "Differentiation"
    shows_stimuli = True

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters.

        Raises
        ------
        ConfigError
            A name is unknown, or no sample of the population is drawn more than once.
        """
        source = defaults.one_or_default(self.source, study.layers, "source")
        defaults.one_or_default(self.metric, study.metrics, "metric")
        defaults.many_or_all(self.stimuli, study.stimuli_of(source), "stimuli")
        samples = study.samples_of(source)
        population = defaults.population_or_default(samples, self.population)
        repeats = study.config["samples"][population]["repeats"]
        if max(repeats[size] for size in samples[population]) < 2:
            raise ConfigError(
                f"population: '{population}' is drawn once at every size, so there is no sampling error. "
                "Set more repeats under 'samples', or choose another population."
            )
        return {
            "differentiation": study.path("analysis", analysis="differentiation"),
            "population": study.path("population", source=source, population=population),
        }

    def draw(self, data: Mapping):
        """Draw the coefficient of variation of D over draws, by depth and size, against expectation.

        Simple random sampling without replacement of n among N units lets the SD of a mean over units
        shrink as √((1 − n/N)/n) (Cochran, Sampling Techniques, 1977, eq. 2.8); D is the median of such
        means.
        """
        table = data["differentiation"].load()
        source = self.source or str(table["source"].values[0])
        curves = select(table, "differentiation", self.metric, self.population, None, [source], self.stimuli)
        sampled = _sampled(curves, source, data["population"])

        compare, stimuli, sizes = sampled.comparable, sampled.stimuli, sampled.sizes
        height = 60 + label_height(sampled.layers) + 66 * compare
        fig = figure(max(height, 3.5 * (len(stimuli) + len(sizes) + 4)))
        panels = fig.subplot_mosaic([["depth", "depth"], ["size", "law"]] if compare else [["depth"]])
        self._by_depth(panels["depth"], sampled, source)
        if (sampled.variation > 0).any():
            legend(fig, self.style, stimuli, sizes)
        if compare:
            by_size(fig, panels["size"], sampled)
            law(panels["law"], self.style, sampled)
            letter(panels.values())
        return fig, caption(sampled, source)

    def _by_depth(self, axes, sampled: Sampled, source: str) -> None:
        """Draw variation by layer, a line a stimulus and size."""
        styles = dashes(sampled.sizes)
        for column, stimulus in enumerate(sampled.stimuli):
            for row, size in enumerate(sampled.sizes):
                axes.plot(
                    100 * sampled.variation[:, row, column],
                    color=self.style.colour(stimulus),
                    linestyle=styles[size],
                    **self.style.dots(stimulus, len(sampled.layers)),
                    gid=f"{source}/{stimulus}/{size}",
                )
        depth_axis(axes, sampled.layers)
        axes.set_xlabel("layer, from input to output")
        words = captions.axis(f"(D: median {sampled.curves.metric})")
        axes.set_ylabel(f"{PERCENT}\n{words}")
        if (sampled.variation > 0).any():
            percent_axis(axes.yaxis)
        else:
            words = "nothing to show: D does not vary over draws of units in any layer"
            axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center")
            axes.set_yticks([])


def _sampled(curves: Curves, source: str, population) -> Sampled:
    """Compute variation over draws, of stimuli that have any.

    Parameters
    ----------
    curves : Curves
        Of one source.
    source : str
    population : DataTree
        Its recorded units, a group a layer.
    """
    layers = curves.layers[source]
    values = curves.values.sel(source=[source], layer=layers)
    mean, spread, draws = summary(values)
    sizes = [size for size in curves.sizes if int(draws.sel(size=size).max()) > 1]
    shown = np.isfinite((spread / mean).sel(size=sizes)).any(("source", "layer", "size"))
    left_out = [str(name) for name in values["stimulus"].values[~shown.values & shown.values.any()]]
    stimuli = [name for name in curves.images if name not in left_out]
    variation, repeats = (
        one.sel(stimulus=stimuli, size=sizes).isel(source=0).transpose("layer", "size", "stimulus").values
        for one in (spread / mean, draws)
    )
    recorded = np.array([population[layer].sizes["unit"] for layer in layers])
    units = np.array([int(size) for size in sizes])
    mean = mean.sel(stimulus=stimuli)
    return Sampled(curves, layers, stimuli, sizes, left_out, mean, variation, repeats, units, recorded)


def by_size(fig, axes, sampled: Sampled) -> None:
    """Draw a line a layer against the number of units drawn, and guides for the smallest and largest N."""
    variation = 100 * root_mean_square(sampled.variation)  # (layer, size)
    layers, units, recorded = sampled.layers, sampled.units, sampled.recorded
    for colour, line, layer in zip(along(RAMP, len(layers)), variation, layers, strict=True):
        axes.plot(units, line, color=colour, marker=".", markersize=4, linewidth=0.8, gid=layer)
    compared = recorded[np.isfinite(variation).sum(1) > 1]
    start = np.nanmedian(variation[:, 0])
    percent_axis(axes.yaxis)
    axes.set_ylim(bottom=np.nanmin(np.where(variation > 0, variation, np.nan)) / 2.5)
    for most in sorted({compared.min(), compared.max()}):
        n = np.geomspace(units[0], min(most, 8 * units[-1]) * 0.999, 300)
        guide = start * factor(n, most) / factor(units[0], most)
        axes.plot(n, guide, color="black", linestyle=(0, (4, 2)), linewidth=0.8, zorder=5)
        at = (np.abs(guide - 1.4 * axes.get_ylim()[0])).argmin()
        first = most == compared.min()
        axes.annotate(
            f"N = {captions.number(most)}", (n[at], guide[at]), (-2 if first else 2, 0),
            textcoords="offset points", ha="right" if first else "left", va="center", fontsize=6,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xticks(units, map(captions.number, units))
    axes.set_xticks([], minor=True)
    axes.set_xlim(units[0] / 1.5, 60 * units[-1])
    axes.set_xlabel("units drawn, n")
    axes.set_ylabel(PERCENT)
    depth_bar(fig, axes, layers, RAMP, label=None, aspect=30)


def root_mean_square(values: np.ndarray) -> np.ndarray:
    """Return the root mean square of what is defined along the last axis; NaN where nothing is."""
    count = np.isfinite(values).sum(-1)
    return np.sqrt(np.nansum(values**2, axis=-1) / np.where(count, count, np.nan))


def law(axes, style: Style, sampled: Sampled) -> None:
    """Draw observed against predicted variation of the larger sizes."""
    predicted, observed = 100 * sampled.predicted, 100 * sampled.variation[:, 1:]
    for column, stimulus in enumerate(sampled.stimuli):
        axes.plot(
            predicted[..., column].ravel(), observed[..., column].ravel(), color=style.colour(stimulus),
            linestyle="none", marker=style.marker(stimulus), markersize=2.5, markeredgewidth=0, alpha=0.8,
            gid=stimulus,
        )  # fmt: skip
    error = 1.96 * ratio_error(sampled.repeats)
    ends = np.array([np.nanmin(predicted) / 1.3, np.nanmax(predicted) * 1.3])
    axes.fill_between(ends, ends * np.exp(-error), ends * np.exp(error), color="0.85", lw=0, zorder=0)
    axes.plot(ends, ends, color="black", linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    percent_axis(axes.xaxis)
    percent_axis(axes.yaxis)
    axes.set_xlabel("expected from the smallest n (% of mean)")
    axes.set_ylabel(PERCENT)


def ratio_error(repeats) -> float:
    """Standard error of ln(ratio of two sample SDs), √(1/2(r₁−1) + 1/2(r₂−1)), for the fewest repeats.

    `repeats` are (layer, size, stimulus); those of the smallest size are r₁. For normal errors, to
    first order (Kendall & Stuart, vol. 1, §10.5).
    """
    first = repeats[:, :1].max()
    other = repeats[:, 1:][repeats[:, 1:] > 1].min()
    return float(np.sqrt(0.5 / (first - 1) + 0.5 / (other - 1)))


def factor(n, recorded):
    """Expected standard error of a mean over n of the recorded units, in SDs of the units."""
    n = np.minimum(n, recorded)
    return np.sqrt((1 - n / recorded) / n)


def caption(sampled: Sampled, source: str) -> str:
    """Say what was measured and how."""
    curves, stimuli, recorded = sampled.curves, sampled.stimuli, sampled.recorded
    images = {name: curves.images[name] for name in stimuli}
    largest, smallest = captions.number(recorded.max()), captions.number(recorded.min())
    limits = largest if largest == smallest else f"{smallest} to {largest}"
    text = [
        f"Sampling error of differentiation in the layers of {captions.escape(source)}, for "
        f"{captions.of_stimuli(images)}: the SD of D over draws of "
        "units, in percent of its mean.",
        f"D is {curves.definition}; activity was {curves.normalisation}.",
        curves.units,
        f"Layers have N = {limits} recorded units; with n = N there is one draw and no error.",
    ]
    if sampled.comparable:
        text += _compared(sampled)
    if sampled.left_out:
        names = captions.listing(map(captions.escape, sampled.left_out))
        text.append(f"Not shown: {names}, whose D is 0 or undefined in every layer.")
    why = "D is 0, or undefined because activity was constant"
    text.append(gaps(sampled.mean.where(sampled.mean != 0), curves, why))
    return " ".join(filter(None, [*text, labelled({source: sampled.layers})]))


def _compared(sampled: Sampled) -> list[str]:
    """Say what the panels are that compare sizes."""
    larger = sampled.repeats[:, 1:]
    first = captions.number(sampled.sizes[0])
    text = [
        "**a**, by layer. **b**, by the number n of units drawn, one line per layer (root mean square "
        "over stimuli); dashed: √((1 − n/N)/n), the expected decrease for the smallest and the largest N, "
        f"from the median layer at n = {first}. **c**, the SD of larger samples against that expected from "
        f"samples of {first} units by √((1 − n/N)/n), one point per layer, stimulus and size; dashed: "
        f"equality; grey: where 95% of points are expected for SDs over {larger[larger > 1].min()} draws."
    ]
    if sampled.curves.drawn == "equal":
        text.append(
            "This expectation is for simple random draws; with equally many units from each channel, D "
            "varies less if channels differ."
        )
    return text
