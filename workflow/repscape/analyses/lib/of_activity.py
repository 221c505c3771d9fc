"""What analyses of activations have in common: the stimulus, sources, layers and units, and how they test."""

from collections.abc import Iterable

from repscape.analyses.lib.circle import OfFactorOnCircle
from repscape.core.errors import ConfigError
from repscape.plugin.contract import Analysis, Seeded, parameter
from repscape.plugin.parameter_types import Names
from repscape.study.defaults import many_or_all, one_or_default, population_or_default
from repscape.study.study import Study


class OfVariedImages(Analysis, shared=True):
    """An analysis of answers to images that vary in factors."""

    stimulus: str | None = parameter("The stimulus. By default the first that has the factors.", None)


class OfPopulation(Analysis, shared=True):
    """An analysis of the recorded units of a population."""

    population: str | None = parameter(
        "The population; all its recorded units are used. By default the first that is sampled by size.",
        None,
    )

    def population_of(self, study: Study) -> str:
        """Return the population; it need not be sampled where it is named.

        Raises
        ------
        ConfigError
            It is unknown.
        """
        if self.population is None:
            return population_or_default(study.samples, None)
        return one_or_default(self.population, study.config["populations"], "population")

    def activation_files(
        self, study: Study, stimulus: str, layers: Iterable[tuple[str, str]], population: str | None = None
    ) -> list[str]:
        """Name the activations of layers, each given as (source, layer)."""
        keys = {"stimulus": stimulus, "population": population or self.population_of(study)}
        return [study.path("activations", source=source, layer=layer, **keys) for source, layer in layers]


class OfLayersBySource(OfPopulation, shared=True):
    """An analysis of some layers of each source."""

    layers: dict[str, list[str]] | None = parameter(
        "Layers by source: `{net: [conv1, fc1]}`. By default all.", None
    )

    def layers_of(self, study: Study, sources: Iterable[str]) -> list[tuple[str, str]]:
        """Return (source, layer) of each layer.

        Raises
        ------
        ConfigError
            A source or a layer is unknown.
        """
        chosen = self.layers or {}
        for source in chosen:
            one_or_default(source, sources, "layers")
        return [
            (source, layer)
            for source in sources
            for layer in many_or_all(chosen.get(source), study.layers[source], f"layers.{source}")
        ]


class OnCircle(OfFactorOnCircle, OfVariedImages, shared=True):
    """An analysis of answers to images whose values of a factor lie on a circle."""

    sources: Names | None = parameter(
        "The networks and recordings. By default all that are shown the stimulus.", None
    )

    def sources_of(self, study: Study, stimulus: str) -> list[str]:
        """Return the sources.

        Raises
        ------
        ConfigError
            A source is unknown, or is not shown the stimulus.
        """
        shown = sources_shown(study, stimulus)
        if self.sources is None:
            return shown
        sources = many_or_all(self.sources, study.layers, "sources")
        for source in sources:
            if source not in shown:
                raise ConfigError(
                    f"sources: '{source}' is not shown the stimulus '{stimulus}'. Leave it out."
                )
        return sources


def sources_shown(study: Study, stimulus: str) -> list[str]:
    """Return the sources that are shown a stimulus."""
    return [source for source in study.layers if stimulus in study.stimuli_of(source)]


class CrossValidated(Seeded, shared=True):
    """What is predicted is left out of the training, fold by fold."""

    folds: int = parameter(
        "The number of folds: parts of the images, each left out in turn.", 5, ge=2, le=10_000
    )

    def check_nested(self, key: str) -> None:
        """Refuse two folds where values of a key are chosen from, with a `ConfigError`."""
        if self.folds < 3:
            raise ConfigError(
                f"folds: expected at least 3, since the choice among several values of '{key}' leaves out "
                f"a second fold; found {self.folds}. Use more folds, or give one value of '{key}'."
            )


class Grouped(CrossValidated, shared=True):
    """Images that belong together are left out together."""

    groups: str | None = parameter(
        "A factor; images with the same value are never in both training and test.", None
    )


class Decoding(CrossValidated, shared=True):
    """Something is decoded, and compared with what chance makes of it."""

    permutations: int = parameter(
        "The number of permutations of the decoded labels or values, for chance and p; 0: none.",
        100,
        ge=0,
        le=1_000_000,
    )
