"""Differentiation in a trained network and in the same network with random weights."""

import json
from collections.abc import Mapping

import numpy as np

from repscape.core.errors import ConfigError
from repscape.figures.lib import captions
from repscape.figures.lib.axes import letter, ratio_axis
from repscape.figures.lib.depth import depth_axis, label_height, labelled
from repscape.figures.lib.differentiation_curves import Curves, select, summary
from repscape.figures.lib.shown import OfOneSize, OfStimuli
from repscape.figures.lib.style import figure
from repscape.plugin import schema
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study

# What two networks share that differ in their weights alone
MAKE = ("kind", "architecture", "factory", "kwargs")
UNTRAINED = (0, (3.5, 1.4))


class TrainedUntrained(OfStimuli, OfOneSize, Figure):
    """Differentiation in a trained network and in the same network with random weights."""

    category = "Differentiation"
    shows_stimuli = True

    trained: str | None = parameter(
        "The trained network; by default the first for which the study has a network of the same "
        "architecture with random weights.",
        None,
    )
    untrained: str | None = parameter(
        "The untrained network; by default the first of the same architecture as the trained one.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the file and check the parameters.

        Raises
        ------
        ConfigError
            A name is unknown, no two networks are twins, or they have no layers in common.
        """
        for key in ("trained", "untrained"):
            if getattr(self, key) is not None:
                defaults.one_or_default(getattr(self, key), study.layers, key)
        first, second = twins(study.config["networks"], self.trained, self.untrained)
        if first == second:
            raise ConfigError(f"untrained: '{first}' is compared with itself. Name two networks.")
        if len(set(study.layers[first]) & set(study.layers[second])) < 2:
            raise ConfigError(
                f"'{first}' and '{second}' have fewer than two layers in common. Set the same 'layers' for "
                "both."
            )
        shared = [name for name in study.stimuli_of(first) if name in study.stimuli_of(second)]
        if not shared:
            raise ConfigError(
                f"'{first}' and '{second}' are shown no stimulus in common. Set the same 'stimuli' for both."
            )
        defaults.many_or_all(self.stimuli, shared, "stimuli")
        self._check(study, common(study.samples_of(first), study.samples_of(second)))
        return {
            "differentiation": study.path("analysis", analysis="differentiation"),
            "layers": [study.path("layers", source=name) for name in (first, second)],
        }

    def draw(self, data: Mapping):
        """Draw D by layer of both networks, and their ratio, for the stimuli that both saw."""
        names = [str(layers.attrs["network"]) for layers in data["layers"]]
        table = data["differentiation"].load().sel(source=names)
        samples = common(*(defaults.sampled_sizes(table.sel(source=name)) for name in names))
        population, size = defaults.size_or_default(samples, self.population, self.size)
        curves = select(table, "differentiation", self.metric, population, [size])
        layers = [layer for layer in curves.layers[names[0]] if layer in curves.layers[names[1]]]
        shared = [name for name in curves.images if all(name in shown for shown in curves.shown.values())]
        stimuli = [name for name in shared if self.stimuli is None or name in self.stimuli]
        mean, spread, draws = summary(curves.values.sel(size=size, layer=layers))

        fig = figure(2 * 52 + label_height(layers))
        panels = fig.subplots(2, 1, sharex=True)
        for stimulus in stimuli:
            self._differentiation(panels[0], mean.sel(stimulus=stimulus), spread.sel(stimulus=stimulus))
            self._ratio(panels[1], mean.sel(stimulus=stimulus))
        if not (mean < 0).any():  # as estimates without bias may be
            panels[0].set_ylim(bottom=0)
        panels[0].set_ylabel("differentiation D\n" + captions.axis(f"(D: median {curves.metric})", 30))
        panels[1].axhline(1, color="black", linewidth=0.6, zorder=0)
        ratio_axis(panels[1])
        panels[1].set_ylabel("D trained ÷ D untrained")
        depth_axis(panels[1], layers)
        panels[1].set_xlabel("layer, from input to output")
        letter(panels)
        self._legend(fig, stimuli)
        return fig, caption(data["layers"], curves, stimuli, draws, mean, drawn(table, curves))

    def _differentiation(self, axes, mean, spread) -> None:
        """Draw D of one stimulus, with a band over draws, of the trained network and of its twin."""
        stimulus = str(mean["stimulus"].values)
        look = {"color": self.style.colour(stimulus)}
        dots = self.style.dots(stimulus, mean.sizes["layer"])
        x = np.arange(mean.sizes["layer"])
        for source, dash in zip(mean["source"].values, ("-", UNTRAINED), strict=True):
            middle, around = mean.sel(source=source).values, spread.sel(source=source).values
            if np.isfinite(around).any():
                axes.fill_between(x, middle - around, middle + around, alpha=0.2, lw=0, **look)
            axes.plot(x, middle, linestyle=dash, gid=f"{source}/{stimulus}", **look, **dots)

    def _ratio(self, axes, mean) -> None:
        """Draw D of the trained network divided by that of its twin, where both are positive."""
        stimulus = str(mean["stimulus"].values)
        ratio = (mean.isel(source=0) / mean.isel(source=1)).values
        ratio = np.where(np.isfinite(ratio) & (ratio > 0), ratio, np.nan)
        dots = self.style.dots(stimulus, len(ratio))
        axes.plot(ratio, color=self.style.colour(stimulus), gid=f"ratio/{stimulus}", **dots)

    def _legend(self, fig, stimuli: list[str]) -> None:
        from matplotlib.lines import Line2D

        handles = [self.style.key(name) for name in stimuli]
        handles += [Line2D([], [], color="0.2", ls=dash) for dash in ("-", UNTRAINED)]
        names = [captions.shorten(name, 24) for name in stimuli] + ["trained", "untrained"]
        fig.legend(handles, names, loc="outside right upper", handlelength=3)


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
        "found no architecture both trained and with 'weights: random'. Add one under 'networks', or name "
        "two networks with the keys 'trained' and 'untrained'."
    )


def _is_untrained(section: dict) -> bool:
    return schema.make("networks", section).has_random_weights() and not section.get("training")


def common(first: dict, second: dict) -> dict[str, tuple[str, ...]]:
    """Return the samples, sizes by population, that both networks have."""
    both = {name: tuple(size for size in first[name] if size in second.get(name, ())) for name in first}
    if not any(both.values()):
        raise ConfigError("the two networks have no sample size in common. Draw the same sizes from both.")
    return {name: sizes for name, sizes in both.items() if sizes}


def drawn(table, curves: Curves) -> list[str]:
    """Return the layers of which each network has its own draw, of more recorded units."""
    (size,) = curves.sizes
    population = json.loads(str(table["selected"].sel(population=curves.population).values))
    whole = size == "all" or population.get("units", np.inf) <= int(size)
    if whole or curves.drawn == "ranked":
        return []
    here = table[["n_drawn", "draws"]].sel(population=curves.population, size=size)
    fewer = ((here["draws"] > 1) | (here["n_drawn"] == int(size))).all("source")
    return list(map(str, table["layer"].values[fewer.values]))


def caption(tables: list, curves: Curves, stimuli: list[str], draws, mean, own: list[str]) -> str:
    """Say what was measured and how; `own` are the layers of which each network has its own draw."""
    layers = list(map(str, mean["layer"].values))
    first, second = (
        f"{captions.escape(table.attrs['network'])} (weights {captions.escape(table.attrs['weights'])})"
        for table in tables
    )
    repeats = int(draws.max())
    images = {name: curves.images[name] for name in stimuli}
    text = [
        f"Differentiation along the layers of {first}, solid, and of {second}, dashed, for "
        f"{captions.of_stimuli(images)}.",
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
            "The networks have different draws of units"
            + ("" if len(own) == len(layers) else " in layers with more recorded units")
            + (", so D differs slightly even at the input." if "input" in own else ".")
        )
    if len({table.attrs.get("preprocess") for table in tables}) > 1:
        text.append("The networks resize and scale images differently, which alone causes differences.")
    text += _gaps(mean.sel(stimulus=stimuli))
    return " ".join(filter(None, [*text, labelled({"": layers})]))


def _gaps(mean) -> list[str]:
    """Say where D is undefined, and where it has no ratio."""
    text = []
    undefined = mean.isnull().any(("source", "stimulus"))
    if undefined.any():
        names = captions.listing(map(captions.escape, mean["layer"].values[undefined.values]))
        text.append(f"Gaps: {names}, where activity is constant.")
    lacking = (mean <= 0).any(("source", "layer"))
    if lacking.any():
        names = captions.listing(map(captions.escape, mean["stimulus"].values[lacking.values]))
        text.append(f"Gaps in **b**, where D of a network is not positive: {names}.")
    return text
