"""How single units or filters respond to images: bars, profiles, histograms, heatmaps or maps."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from repscape.core.errors import ConfigError
from repscape.core.evenly_spaced import evenly_spaced
from repscape.figures.lib import (
    activation_panels,
    unit_bars,
    unit_heatmap,
    unit_histogram,
    unit_maps,
    unit_profiles,
)
from repscape.figures.lib.shown import OfSource
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study


class Mark(NamedTuple):
    """What a mark can show.

    Attributes
    ----------
    keys : tuple of str
        Parameters that not all marks take.
    layers : int
        How many are shown by default.
    most_layers : int
    without : str
        A layer that is not shown by default.
    images : tuple of int
        The least and the largest number of images of a stimulus.
    one_stimulus : bool
    """

    keys: tuple[str, ...]
    layers: int
    most_layers: int | None
    without: str = ""
    images: tuple[int, int] = (1, 6)
    one_stimulus: bool = False


MARKS = {
    "bars": Mark(("images", "size"), unit_bars.LAYERS, None, without="predictions", one_stimulus=True),
    "profiles": Mark(("images", "ranked"), unit_profiles.MOST, unit_profiles.MOST, one_stimulus=True),
    "histogram": Mark(("images",), 1, 1, images=(2, 4), one_stimulus=True),
    "heatmap": Mark(("ranked",), unit_heatmap.COLUMNS, unit_heatmap.MOST),
    "map": Mark(("images", "filters"), unit_maps.COLUMNS, unit_maps.MOST, without="input", images=(1, 4)),
}


class UnitActivity(OfSource, Figure):
    """How single units or filters respond to images, without normalisation.

    ``bars`` show single sampled units, the same for every image. Others show filters: ``profiles`` their
    means over positions, layer by layer; ``histogram`` those of one layer, and the differences of images;
    ``heatmap`` those of all images, z-scored by layer; ``map`` where in an image a filter responds.
    """

    category = "Activations"
    saves_data = True
    shows_stimuli = True

    show: Literal["bars", "profiles", "histogram", "heatmap", "map"] = parameter(
        "How activity is drawn: ``bars``, one for each unit; ``profile``, filter means of each layer; "
        "``histogram``, filter means of one layer; ``heatmap``, images × filters; or ``map``, maps of "
        "single filters."
    )
    stimuli: list[str] | None = parameter(
        "Which stimuli are shown; by default all in heatmaps and maps. Others show one, by default the "
        "first that is not the reference.",
        None,
    )
    images: activation_panels.Images | None = parameter(
        "How many evenly spaced images of each stimulus, or a list of images, counted from 0: 1 to 6 in "
        "bars and profiles, 2 to 4 in a histogram, 1 to 4 in maps. By default 4 in bars and 3 elsewhere, "
        "fewer in maps of many stimuli. A heatmap shows all.",
        None,
    )
    layers: list[str] | None = parameter(
        "Which layers are shown. By default evenly spaced: 3 in bars (without `predictions`), up to 24 in "
        "profiles, 6 in heatmaps (at most 8) and 7 in maps (after the input). A histogram shows one "
        "layer, by default at two thirds of the depth.",
        None,
    )
    population: str | None = parameter(
        "The population that is shown; by default the first that is sampled by size (bars), that records "
        "filters or all units (map), or that records filter means (others).",
        None,
    )
    size: int | str | None = parameter(
        "The sample size in bars, of which the first draw is shown; by default the smallest.", None
    )
    filters: unit_maps.Filters | None = parameter(
        "Which filters of each layer have maps, counted from 0, at most 9 in all: ``{block3: [0, 7]}``. "
        "By default the filter with the largest SD over the images shown, in each of `layers` with more "
        "than one position.",
        None,
    )
    ranked: bool = parameter(
        "Whether the filters in profiles and heatmaps are sorted by their mean over all images, from high "
        "to low; otherwise they are in the layer's order.",
        True,
    )

    def check(self) -> None:
        """Refuse parameters that the mark does not take, and more of something than it can show."""
        mark = MARKS[self.show]
        for key in {key for one in MARKS.values() for key in one.keys} - set(mark.keys):
            if getattr(self, key) != self.parameters[key].default:
                takers = ", ".join(name for name, one in MARKS.items() if key in one.keys)
                raise ConfigError(
                    f"{key}: cannot be combined with 'show: {self.show}'. Remove it, or show {takers}."
                )
        if self.filters is not None and self.layers is not None:
            raise ConfigError("filters: these already name their layers. Leave 'layers' out.")
        if self.images is not None:
            count = self.images if isinstance(self.images, int) else len(self.images)
            least, most = mark.images
            if not least <= count <= most:
                raise ConfigError(
                    f"images: 'show: {self.show}' shows {least} to {most} images, found {count}."
                )
        filters = (
            None if self.filters is None else [one for chosen in self.filters.values() for one in chosen]
        )
        for key, names in (("layers", self.layers), ("filters", filters)):
            if names is not None and mark.most_layers and len(names) > mark.most_layers:
                raise ConfigError(
                    f"{key}: expected at most {mark.most_layers}, found {len(names)}. Draw the others in "
                    "another figure."
                )

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters.

        Raises
        ------
        ConfigError
            A name is unknown, there are too many of something, or no population records what is shown.
        """
        source = defaults.one_or_default(self.source, study.layers, "source")
        stimuli = self._stimuli(study, source)
        layers = self._layers(study, source)
        population = self._population(study, source)
        files = {"activations": activation_panels.activations(study, source, stimuli, population, layers)}
        if self.show != "heatmap":
            files["stimuli"] = [study.path("stimulus", stimulus=stimulus) for stimulus in stimuli]
        if self.show == "map" and self.filters is not None:
            unit_maps.check_filters(study, source, population, self.filters)
        if self.show == "bars":
            sizes = study.samples_of(source)[population]
            size = defaults.one_or_default(sizes[0] if self.size is None else str(self.size), sizes, "size")
            keys = {"source": source, "population": population, "size": size}
            files["samples"] = [study.path("sample", layer=layer, **keys) for layer in layers]
        return files

    def _stimuli(self, study: Study, source: str) -> list[str]:
        """Return the stimuli that are shown."""
        shown = study.stimuli_of(source)
        if not MARKS[self.show].one_stimulus:
            return defaults.many_or_all(self.stimuli, shown, "stimuli")
        if self.stimuli is not None and len(self.stimuli) > 1:
            raise ConfigError(
                f"stimuli: 'show: {self.show}' shows one stimulus, found {len(self.stimuli)}. Draw the "
                "others in another figure."
            )
        reference = study.config["analyses"]["differentiation"].get("reference")
        first = sorted(shown, key=lambda name: name == reference)[:1]
        return defaults.many_or_all(self.stimuli, shown, "stimuli") if self.stimuli is not None else first

    def _layers(self, study: Study, source: str) -> list[str]:
        """Return the layers that are shown, from input to output."""
        names, mark = study.layers[source], MARKS[self.show]
        if self.filters is not None:
            return defaults.layers_of(study, source, self.filters, "filters")
        if self.layers is not None:
            wanted = defaults.layers_of(study, source, self.layers)
            return [layer for layer in names if layer in wanted]
        if self.show == "histogram":
            return [names[round((len(names) - 1) * 2 / 3)]]
        names = [layer for layer in names if layer != mark.without] or names
        return [names[at] for at in evenly_spaced(len(names), mark.layers)]

    def _population(self, study: Study, source: str) -> str:
        """Return the population that is shown."""
        if self.show == "bars":
            return defaults.population_or_default(study.samples_of(source), self.population)
        if self.show == "map":
            return activation_panels.population(
                study,
                self.population,
                ["maps"],
                "whole maps of filters",
                "{maps: {kind: filters, channels: [0, 1]}}, or {all: {kind: all}}",
            )
        return activation_panels.population(
            study,
            self.population,
            ["channel_means"],
            "filter means (the mean of each channel over positions)",
            "{filter_means: {kind: filter_means}}",
        )

    def draw(self, data: Mapping):
        """Draw the activity of units or filters, as `show` says.

        Raises
        ------
        DataError
            A stimulus has no such image, the activations are not those of its images, the population lacks a
            filter, or no layer has maps.
        """
        fig, caption, shown = self._draw(data)
        return fig, caption, shown._replace(attributes={"show": self.show, **shown.attributes})

    def _draw(self, data: Mapping) -> tuple:
        match self.show:
            case "bars":
                return unit_bars.draw(data, self.style, self.images, self.layers)
            case "profiles":
                return unit_profiles.draw(data, self.images, self.ranked, self.layers)
            case "histogram":
                return unit_histogram.draw(data, self.images)
            case "heatmap":
                return unit_heatmap.draw(data, self.style, self.ranked, self.layers)
            case "map":
                return unit_maps.draw(data, self.style, self.images, self.filters, self.layers)
