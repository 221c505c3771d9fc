"""What training adds: differentiation in a trained network and in its untrained twin."""

import json
from collections.abc import Mapping

import numpy as np

from repscape.core.errors import ConfigError
from repscape.figures.lib import captions
from repscape.figures.lib.axes import ratio_axis
from repscape.figures.lib.depth import depth_axis, label_height, labelled
from repscape.figures.lib.differentiation_curves import Curves, select, summary
from repscape.figures.lib.style import figure
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study

# What two networks share that differ in their weights alone
MAKE = ("kind", "architecture", "factory", "kwargs")
UNTRAINED = (0, (3.5, 1.4))


class TrainedUntrained(Figure):
    """What training adds: differentiation in a trained network and in its untrained twin."""

    category = "Differentiation"
    shows_stimuli = True

    trained: str | None = parameter(
        "By default the first network with one of its architecture whose weights are random.",
        None,
    )
    untrained: str | None = parameter(
        "By default the first network with one of its architecture whose weights are random.",
        None,
    )
    stimuli: list[str] | None = parameter("By default all that both networks were shown.", None)
    metric: str | None = parameter("By default the study's first.", None)
    population: str | None = parameter("By default the first that is sampled by size.", None)
    size: int | str | None = parameter("By default the largest.", None)

    def inputs(self, study: Study) -> dict:
        """Name the file and check the parameters.

        Raises
        ------
        ConfigError
            A name is unknown, no two networks are twins, or they have no layers in common.
        """
        defaults.one_or_default(self.metric, study.metrics, "metric")
        for name, key in ((self.trained, "trained"), (self.untrained, "untrained")):
            if name is not None:
                defaults.one_or_default(name, study.layers, key)
        first, second = twins(study.config["networks"], self.trained, self.untrained)
        if first == second:
            raise ConfigError(f"untrained: '{first}' is compared with itself. Name two networks.")
        if len(set(study.layers[first]) & set(study.layers[second])) < 2:
            raise ConfigError(
                f"'{first}' and '{second}' have fewer than two layers in common. Give both the same."
            )
        shared = [name for name in study.stimuli_of(first) if name in study.stimuli_of(second)]
        if not shared:
            raise ConfigError(
                f"'{first}' and '{second}' are shown no stimulus in common. Show both the same."
            )
        defaults.many_or_all(self.stimuli, shared, "stimuli")
        defaults.size_or_default(
            common(study.samples_of(first), study.samples_of(second)), self.population, self.size
        )
        return {
            "differentiation": study.path("analysis", analysis="differentiation"),
            "layers": [study.path("layers", source=name) for name in (first, second)],
        }

    def draw(self, data: Mapping):
        """Draw D by layer of both networks, and their ratio, for stimuli that both saw, at one sample size.

        Returns
        -------
        Figure, str
            The figure and its caption.
        """
        stimuli = self.stimuli
        population = self.population
        size = self.size
        from matplotlib.lines import Line2D

        names = [str(layers.attrs["network"]) for layers in data["layers"]]
        table = data["differentiation"].load()
        table = table.sel(source=names)
        made = [defaults.sampled_sizes(table.sel(source=name)) for name in names]
        population, size = defaults.size_or_default(common(*made), population, size)
        curves = select(table, "differentiation", self.metric, population, [size])
        layers = [layer for layer in curves.layers[names[0]] if layer in curves.layers[names[1]]]
        values = curves.values.sel(size=size, layer=layers)
        mean, spread, draws = summary(values)
        shared = [name for name in curves.images if all(name in shown for shown in curves.shown.values())]
        stimuli = [name for name in shared if stimuli is None or name in stimuli]

        fig = figure(2 * 52 + label_height(layers))
        panels = fig.subplots(2, 1, sharex=True)
        x = np.arange(len(layers))
        for stimulus in stimuli:
            colour, markers = self.style.colour(stimulus), self.style.dots(stimulus, len(layers))
            for name, dash in zip(names, ("-", UNTRAINED), strict=True):
                here = {"source": name, "stimulus": stimulus}
                middle, around = mean.sel(here).values, spread.sel(here).values
                if np.isfinite(around).any():
                    panels[0].fill_between(x, middle - around, middle + around, color=colour, alpha=0.2, lw=0)
                panels[0].plot(x, middle, color=colour, linestyle=dash, gid=f"{name}/{stimulus}", **markers)
            ratio = (
                mean.sel(source=names[0], stimulus=stimulus) / mean.sel(source=names[1], stimulus=stimulus)
            ).values
            panels[1].plot(
                x,
                np.where(np.isfinite(ratio) & (ratio > 0), ratio, np.nan),
                color=colour,
                gid=f"ratio/{stimulus}",
                **markers,
            )
        if not (mean < 0).any():  # as estimates without bias may be
            panels[0].set_ylim(bottom=0)
        panels[0].set_ylabel("differentiation D\n" + captions.axis(f"(D: median {curves.metric})", 30))
        panels[1].axhline(1, color="black", linewidth=0.6, zorder=0)
        ratio_axis(panels[1])
        panels[1].set_ylabel("D trained ÷ D untrained")
        depth_axis(panels[1], layers)
        panels[1].set_xlabel("layer, from input to output")
        for letter, axes in zip("ab", panels, strict=True):
            axes.set_title(letter, fontweight="bold")
        handles = [self.style.key(name) for name in stimuli]
        labels = [captions.shorten(name, 24) for name in stimuli]
        for name, dash in zip(("trained", "untrained"), ("-", UNTRAINED), strict=True):
            handles.append(Line2D([], [], color="0.2", ls=dash))
            labels.append(name)
        fig.legend(handles, labels, loc="outside right upper", handlelength=3)
        return fig, caption(data["layers"], curves, names, stimuli, layers, draws, mean, drawn(table, curves))


def twins(networks: dict, trained: str | None, untrained: str | None) -> tuple[str, str]:
    """Return a network and its twin with random weights; by default the first two of one architecture."""
    for first, section in networks.items():
        for second, other in networks.items():
            if trained not in (None, first) or untrained not in (None, second):
                continue
            given = trained is not None and untrained is not None
            same = all(section.get(key) == other.get(key) for key in MAKE)
            if given or (same and not _is_untrained(section) and _is_untrained(other)):
                return first, second
    raise ConfigError(
        "no network has a twin: the same architecture, once trained and once with 'weights: random'. Add "
        "one under 'networks', or name two networks with the keys 'trained' and 'untrained'."
    )


def _is_untrained(section: dict) -> bool:
    return section.get("weights") == "random" and not section.get("training")


def common(first: dict, second: dict) -> dict[str, tuple[str, ...]]:
    """Return the samples, sizes by population, that both networks have."""
    both = {name: tuple(size for size in first[name] if size in second.get(name, ())) for name in first}
    if not any(both.values()):
        raise ConfigError("the two networks have no sample size in common. Draw the same of both.")
    return {name: sizes for name, sizes in both.items() if sizes}


def drawn(table, curves: Curves) -> list[str]:
    """Return the layers of which each network has its own draw, of more recorded units."""
    (size,) = curves.sizes
    keys = json.loads(str(table["selected"].sel(population=curves.population).values))
    whole = size == "all" or (keys["kind"] == "random" and keys["units"] <= int(size))
    if whole or curves.drawn == "ranked":
        return []
    here = table[["n_drawn", "draws"]].sel(population=curves.population, size=size)
    fewer = ((here["draws"] > 1) | (here["n_drawn"] == int(size))).all("source")
    return list(map(str, table["layer"].values[fewer.values]))


def caption(tables, curves, names, stimuli, layers, draws, mean, own) -> str:
    """Say what was measured and how."""
    first, second = (
        f"{captions.escape(name)} (weights {captions.escape(table.attrs['weights'])})"
        for name, table in zip(names, tables, strict=True)
    )
    repeats = int(draws.max())
    text = [
        f"Differentiation along the layers of {first}, solid, and of {second}, dashed, for "
        f"{captions.plural(len(stimuli), 'stimulus', 'stimuli')} "
        f"({captions.counts(stimuli, [curves.images[name] for name in stimuli], 'images')}).",
        f"**a**, D, {curves.definition}; activity was {curves.normalisation}.",
        curves.units,
    ]
    if repeats > 1:
        text.append(f"Lines: mean over {captions.number(repeats)} draws of units; bands: ± 1 SD over draws.")
    text.append(
        "**b**, D of the trained network divided by that of the untrained one, on a logarithmic axis."
    )
    if own := [layer for layer in own if layer in layers]:
        text.append(
            "Each network has its own draw of units"
            + ("" if len(own) == len(layers) else " where more are recorded")
            + (", hence small differences even at the input." if "input" in own else ".")
        )
    if len({table.attrs.get("preprocess") for table in tables}) > 1:
        text.append("The networks resize and scale images differently, which alone makes differences.")
    undefined = [layer for layer in layers if np.isnan(mean.sel(layer=layer, stimulus=stimuli)).any()]
    if undefined:
        text.append(
            f"Gaps: {captions.listing(map(captions.escape, undefined))}, where activity was constant."
        )
    here = mean.sel(source=names, layer=layers, stimulus=stimuli)
    lacking = (here <= 0).any(("source", "layer"))
    if lacking.any():
        several = captions.listing(map(captions.escape, lacking["stimulus"].values[lacking.values]))
        text.append(f"**b** has gaps where D is not positive in a network: of {several}.")
    return " ".join(filter(None, [*text, labelled({names[0]: layers})]))
