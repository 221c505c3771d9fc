"""What several figures let the user choose: each parameter once, and the files that it chooses."""

from collections.abc import Iterable
from typing import ClassVar

from repscape.core.evenly_spaced import evenly_spaced
from repscape.plugin.contract import Plugin, parameter
from repscape.rdms.compare.significance import CORRECTIONS, Correction
from repscape.study import defaults
from repscape.study.study import Study


class OfSource(Plugin, shared=True):
    """One source is shown."""

    source: str | None = parameter("The network or recording that is shown; by default the first.", None)


class OfAnalysis(Plugin, shared=True):
    """One analysis of a kind is shown; `_kind` is its plugin, and the key of its file."""

    _kind: ClassVar[str]

    analysis: str | None = parameter(
        "The analysis that is shown, by its name in the config; by default the analysis named as its kind.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the file of the analysis.

        Raises
        ------
        ConfigError
            No analysis of that name is of the kind.
        """
        return {self._kind: defaults.analysis_file(study, self.analysis, self._kind)}

    def _section(self, study: Study) -> dict:
        """Return the analysis's section of the config."""
        return study.config["analyses"][self.analysis or self._kind]


class OfLayers(OfAnalysis, shared=True):
    """Some layers of an analysis of one source are shown."""

    layers: list[str] | None = parameter(
        "Which layers of the analysis are shown; by default as many evenly spaced layers as there is room "
        "for.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the file of the analysis, and check the layers.

        Raises
        ------
        ConfigError
            No analysis of that name is of the kind, or it has no such layer.
        """
        files = super().inputs(study)
        section = self._section(study)
        valid = section.get("layers") or study.layers[section.get("source") or next(iter(study.layers))]
        defaults.many_or_all(self.layers, valid, "layers")
        return files

    def _shown(self, layers: list[str], most: int) -> list[str]:
        """Return those of an analysis's layers that are shown, in its order."""
        if self.layers is None:
            return [layers[at] for at in evenly_spaced(len(layers), most)]
        return [layer for layer in layers if layer in self.layers]


class OfMetric(Plugin, shared=True):
    """One metric is shown."""

    metric: str | None = parameter(
        "The metric that is shown, by its name under `rdms.metrics`; by default the first.", None
    )


class OfStimuli(Plugin, shared=True):
    """Some stimuli are shown."""

    stimuli: list[str] | None = parameter("Which stimuli are shown; by default all with results.", None)


class OfClassifier(OfSource, OfStimuli, shared=True):
    """What one network takes images for is shown."""

    def _network(self, study: Study) -> str:
        """Return the source, by default the first that records its predictions.

        Raises
        ------
        ConfigError
            No network records them.
        """
        return defaults.one_or_default(self.source, defaults.classifiers(study, "source"), "source")


class OfPopulation(Plugin, shared=True):
    """One population is shown."""

    population: str | None = parameter(
        "The population that is shown; by default the first that is sampled by size.", None
    )


class OfSize(OfPopulation, shared=True):
    """One sample size of a population is shown."""

    size: int | str | None = parameter(
        "The sample size that is shown, a number of units or ``all``; by default the largest.", None
    )


class OfOneSize(OfMetric, OfSize, shared=True):
    """One metric and sample size of an analysis that has several are shown."""

    def _check(self, study: Study, samples: dict) -> None:
        """Refuse a metric, population or size that `samples` does not have."""
        defaults.one_or_default(self.metric, study.metrics, "metric")
        defaults.size_or_default(samples, self.population, self.size)

    def _selected(self, table, **labels):
        """Take them, and further labels, out of an analysis opened with xarray."""
        table = table.sel(labels)
        population, size = defaults.size_or_default(defaults.sampled_sizes(table), self.population, self.size)
        metric = str(self.metric or table["metric"].values[0])
        return table.sel(metric=metric, population=population, size=size)


_AUTHORS = [correction.authors for correction in CORRECTIONS.values()]


class Corrected(Plugin, shared=True):
    """Tests are marked, corrected for how many there are."""

    correction: Correction = parameter(
        f"How p is corrected for several tests, by {' or by '.join(_AUTHORS)}: for full markers, and for "
        "layers that do not differ from the best.",
        "fdr",
    )


class OfRdms(OfSource, OfStimuli, OfOneSize, shared=True):
    """RDMs of all images of some stimuli, of one source and sample size."""

    def _files(self, study: Study, source: str, layers: Iterable[str]) -> list[str]:
        """Name the files of RDMs, stimulus by stimulus, and check the parameters."""
        self._check(study, study.samples_of(source))
        population, size = defaults.size_or_default(study.samples_of(source), self.population, self.size)
        return [
            study.path("rdm", source=source, stimulus=stimulus, population=population, layer=layer, size=size)
            for stimulus in defaults.many_or_all(self.stimuli, study.stimuli_of(source), "stimuli")
            for layer in layers
        ]

    def _metric(self, rdms: list) -> str:
        """Return the metric of opened RDMs that is shown."""
        return self.metric or str(rdms[0]["metric"].values[0])
