"""How much differentiation depends on which units were drawn."""

from collections.abc import Mapping

import numpy as np

from repscape.core.errors import ConfigError
from repscape.figures.lib import captions
from repscape.figures.lib.axes import percent_axis
from repscape.figures.lib.depth import depth_axis, label_height, labelled
from repscape.figures.lib.differentiation_curves import gaps, legend, select, summary
from repscape.figures.lib.style import RAMP, Style, along, dashes, figure
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study


class SamplingError(Figure):
    """How much differentiation depends on which units were drawn."""

    category = "Differentiation"
    shows_stimuli = True

    source: str | None = parameter("By default the first.", None)
    metric: str | None = parameter("By default the study's first.", None)
    population: str | None = parameter("By default the first that is sampled by size.", None)
    stimuli: list[str] | None = parameter("By default all that the source was shown.", None)

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters.

        Raises
        ------
        ConfigError
            A name is unknown, or no sample of the population is drawn more than once.
        """
        source = self.source
        population = self.population
        source = defaults.one_or_default(source, study.layers, "source")
        defaults.one_or_default(self.metric, study.metrics, "metric")
        defaults.many_or_all(self.stimuli, study.stimuli_of(source), "stimuli")
        samples = study.samples_of(source)
        population = defaults.population_or_default(samples, population)
        repeats = study.config["samples"][population]["repeats"]
        if max(repeats[size] for size in samples[population]) < 2:
            raise ConfigError(
                f"population: '{population}' is drawn once at every size, so there is no sampling error. "
                "Give it more repeats under 'samples', or choose another population."
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

        Returns
        -------
        Figure, str
            The figure and its caption.
        """
        source = self.source
        stimuli = self.stimuli
        table = data["differentiation"].load()
        source = source or str(table["source"].values[0])
        curves = select(table, "differentiation", self.metric, self.population, None, [source], stimuli)
        layers = curves.layers[source]
        values = curves.values.sel(source=[source], layer=layers)
        mean, spread, draws = summary(values)
        sizes = [size for size in curves.sizes if int(draws.sel(size=size).max()) > 1]
        # Percent of nothing: what is 0 or undefined wherever it was drawn more than once has no line.
        shown = np.isfinite((spread / mean).sel(size=sizes)).any(("source", "layer", "size"))
        left_out = [str(name) for name in values["stimulus"].values[~shown.values & shown.values.any()]]
        stimuli = [name for name in curves.images if name not in left_out]
        values = values.sel(stimulus=stimuli)
        mean, spread, draws = summary(values)
        # (layer, size, stimulus), by layer and ascending size
        variation = (
            (spread / mean).isel(source=0).sel(size=sizes).transpose("layer", "size", "stimulus").values
        )
        repeats = draws.isel(source=0).sel(size=sizes).transpose("layer", "size", "stimulus").values
        recorded = np.array([data["population"][layer].sizes["unit"] for layer in layers])
        units = np.array([int(size) for size in sizes])
        expected = factor(units, recorded[:, None])
        # What the smallest size lets expect of the others, for the same stimulus and layer.
        predicted = (variation[:, :1] / expected[:, :1, None] * expected[:, :, None])[:, 1:]
        compare = np.isfinite(predicted * variation[:, 1:]).any()

        fig = figure(max(60 + label_height(layers) + 66 * compare, 3.5 * (len(stimuli) + len(sizes) + 4)))
        panels = fig.subplot_mosaic([["depth", "depth"], ["size", "law"]] if compare else [["depth"]])
        styles = dashes(sizes)
        for column, stimulus in enumerate(stimuli):
            for row, size in enumerate(sizes):
                panels["depth"].plot(
                    100 * variation[:, row, column],
                    color=self.style.colour(stimulus),
                    linestyle=styles[size],
                    **self.style.dots(stimulus, len(layers)),
                    gid=f"{source}/{stimulus}/{size}",
                )
        depth_axis(panels["depth"], layers)
        panels["depth"].set_xlabel("layer, from input to output")
        panels["depth"].set_ylabel(
            "SD of D over draws (% of mean)\n" + captions.axis(f"(D: median {curves.metric})")
        )
        if (variation > 0).any():
            percent_axis(panels["depth"].yaxis)
            legend(fig, self.style, stimuli, sizes)
        else:
            words = "nothing to show: in no layer does D vary over draws of units"
            panels["depth"].text(
                0.5, 0.5, words, transform=panels["depth"].transAxes, ha="center", va="center"
            )
            panels["depth"].set_yticks([])
        if compare:
            by_size(fig, panels["size"], 100 * root_mean_square(variation), units, recorded, layers)
            law(panels["law"], self.style, stimuli, 100 * predicted, 100 * variation[:, 1:], repeats)
            for letter, axes in zip("abc", panels.values(), strict=True):
                axes.set_title(letter, fontweight="bold")
        return fig, caption(curves, source, layers, sizes, values, recorded, compare, left_out)


def by_size(fig, axes, variation, units, recorded, layers) -> None:
    """Draw a line a layer against the number of units drawn; `variation` (layer, size) in percent."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap

    colours = along(RAMP, len(layers))
    for colour, line, layer in zip(colours, variation, layers, strict=True):
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
        side = "right" if most == compared.min() else "left"
        axes.annotate(
            f"N = {captions.number(most)}",
            (n[at], guide[at]),
            (-2 if side == "right" else 2, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=6,
        )
    axes.set_xscale("log")
    axes.set_xticks(units, map(captions.number, units))
    axes.set_xticks([], minor=True)
    axes.set_xlim(units[0] / 1.5, 60 * units[-1])
    axes.set_xlabel("units drawn, n")
    axes.set_ylabel("SD of D over draws (% of mean)")
    bar = fig.colorbar(ScalarMappable(cmap=ListedColormap(colours)), ax=axes, pad=0.02, aspect=30)
    bar.set_ticks([0.5 / len(layers), 1 - 0.5 / len(layers)])
    bar.set_ticklabels([captions.shorten(layers[0], 12), captions.shorten(layers[-1], 12)], rotation=90)
    bar.outline.set_linewidth(0.4)
    for text, va in zip(bar.ax.get_yticklabels(), ("bottom", "top"), strict=True):
        text.set_va(va)


def root_mean_square(values: np.ndarray) -> np.ndarray:
    """Return the root mean square of what is defined along the last axis; NaN where nothing is."""
    count = np.isfinite(values).sum(-1)
    return np.sqrt(np.nansum(values**2, axis=-1) / np.where(count, count, np.nan))


def law(axes, style: Style, stimuli, predicted, observed, repeats) -> None:
    """Draw observed against predicted variation, (layer, larger size, stimulus) in percent."""
    for column, stimulus in enumerate(stimuli):
        axes.plot(
            predicted[..., column].ravel(),
            observed[..., column].ravel(),
            color=style.colour(stimulus),
            linestyle="none",
            marker=style.marker(stimulus),
            markersize=2.5,
            markeredgewidth=0,
            alpha=0.8,
            gid=stimulus,
        )
    error = ratio_error(repeats)
    ends = np.array([np.nanmin(predicted) / 1.3, np.nanmax(predicted) * 1.3])
    axes.fill_between(
        ends, ends * np.exp(-1.96 * error), ends * np.exp(1.96 * error), color="0.85", lw=0, zorder=0
    )
    axes.plot(ends, ends, color="black", linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    percent_axis(axes.xaxis)
    percent_axis(axes.yaxis)
    axes.set_xlabel("expected from the smallest n (% of mean)")
    axes.set_ylabel("SD of D over draws (% of mean)")


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


def caption(curves, source, layers, sizes, values, recorded, compare: bool, left_out: list[str]) -> str:
    """Say what was measured and how."""
    mean, _, draws = summary(values)
    stimuli = list(map(str, values["stimulus"].values))
    images = [curves.images[name] for name in stimuli]
    largest, smallest = captions.number(recorded.max()), captions.number(recorded.min())
    limits = largest if largest == smallest else f"{smallest} to {largest}"
    text = [
        f"Sampling error of differentiation in the layers of {captions.escape(source)}, for "
        f"{captions.plural(len(stimuli), 'stimulus', 'stimuli')} "
        f"({captions.counts(stimuli, images, 'images')}): the SD of D over draws of "
        "units, in percent of its mean.",
        f"D is {curves.definition}; activity was {curves.normalisation}.",
        curves.units,
        f"Layers have N = {limits} recorded units; where n reaches N there is one draw and no error.",
    ]
    if compare:
        fewest = int(draws.sel(size=sizes[1:]).where(draws.sel(size=sizes[1:]) > 1).min())
        text.append(
            "**a**, by layer. **b**, by the number n of units drawn, a line a layer (root mean square over "
            "stimuli); dashed: the expected √((1 − n/N)/n) for the smallest and the largest N compared, from "
            f"the median layer at n = {captions.number(sizes[0])}. **c**, the SD of the larger samples "
            f"against what the samples of {captions.number(sizes[0])} units let expect by √((1 − n/N)/n), a "
            "point a layer, stimulus and size; dashed: equality; grey: where 95% of points are expected, "
            f"because SDs of only {fewest} draws scatter."
        )
        if curves.drawn == "equal":
            text.append(
                "The law is that of simple random draws; equally many units from each channel vary less "
                "where channels differ from each other."
            )
    if left_out:
        names = captions.listing(map(captions.escape, left_out))
        text.append(
            f"Not shown: {names}, whose D is 0 or undefined in every layer, hence no percentage of it."
        )
    why = "D is 0, or undefined because activity was constant"
    text.append(gaps(mean.where(mean != 0), curves, why))
    return " ".join(filter(None, [*text, labelled({source: layers})]))
