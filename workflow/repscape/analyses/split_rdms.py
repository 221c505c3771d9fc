"""RDMs of parts of a recording: of its repeats, of halves of its trials, of bootstrap samples of its units.

They say how reliable a recording's RDMs are, and how much they would differ with other units: `inference`
takes noise ceilings from repeats and halves, and resamples units by their samples.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.analyses.lib.trial_parts import Split, divide, mean_responses
from repscape.core.errors import ConfigError, DataError
from repscape.core.seeds import derive
from repscape.plugin.contract import Analysis, Seeded, parameter
from repscape.plugin.parameter_types import Names
from repscape.rdms.labels import COLUMNS, OF_FILE, OF_PARTS, PART, REPEATED, SPLIT, UNITS
from repscape.study.defaults import layers_of, many_or_all, one_or_default, size_or_default
from repscape.study.study import Study

if TYPE_CHECKING:
    from repscape.metrics.lib.normalisation import Kind
    from repscape.metrics.lib.single_trials import Trials
    from repscape.rdms.compute import NamedMetric


class SplitRdms(Seeded, Analysis):
    """RDMs of parts of a recording: of its repeats, of halves of its trials, of bootstrap samples of its
    units.

    A part's RDM is of the mean over its trials, with the study's metrics and normalisations. Of several draws
    of units the first serves.
    """

    source: str = parameter("The recording of responses; without `trials`, it may also be a network.")
    stimulus: str | None = parameter("The stimulus. By default the first that the source is shown.", None)
    population: str | None = parameter("The population. By default the first that is sampled by size.", None)
    size: str | int | None = parameter("The sample size. By default the largest.", None)
    layers: Names | None = parameter("The layers. By default all.", None)
    metrics: Names | None = parameter(
        "The metrics, by their names under `rdms.metrics`. By default all.", None
    )
    trials: Split = parameter(
        "From which trials RDMs are made: `repeats`, one RDM for each presentation, as many as every "
        "image has; `halves`, the trials of each image divided in two at random (with an odd number, one "
        "half gets one more, by chance); or `all`.",
        "all",
    )
    splits: int = parameter("How many times trials are divided into halves.", 1, ge=1, le=100_000)
    units: int = parameter(
        "The number of bootstrap samples of units (drawn with replacement, as many as there are) from "
        "which RDMs are made, in addition to the RDMs of the units as recorded. All parts of the trials "
        "have the same samples, and so do other stimuli in other analyses, so that an inference over "
        "several stimuli can combine them. They follow from the seed with which the units were drawn.",
        0,
        ge=0,
        lt=2**31,
    )

    def check(self) -> None:
        """Refuse keys that do not go together."""
        if self.trials == "all" and not self.units:
            raise ConfigError(
                "expected `trials: repeats`, `trials: halves`, or `units`, the number of bootstrap "
                "samples of units; found none of them."
            )
        if self.splits > 1 and self.trials != "halves":
            raise ConfigError(f"splits: for `trials: halves` only, found `trials: {self.trials}`. Remove it.")

    def inputs(self, study: Study) -> dict[str, str | list[str]]:
        """Name the activations, samples and RDMs of each layer.

        Raises
        ------
        ConfigError
            A name is unknown, or trials of a network are to be split.
        """
        sources = list(study.layers)
        if self.trials != "all":
            sources = study.recordings
            if self.source in study.networks:
                raise ConfigError(
                    f"source: '{self.source}' is a network, which has no trials to split. Name a recording "
                    f"of responses ({', '.join(sources) or 'the study has none'}), or leave out `trials`."
                )
        source = one_or_default(self.source, sources, "source")
        stimulus = one_or_default(self.stimulus, study.stimuli_of(source), "stimulus")
        population, size = size_or_default(study.samples_of(source), self.population, self.size)
        many_or_all(self.metrics, study.metrics, "metrics")
        keys = {"source": source, "stimulus": stimulus, "population": population, "size": size}
        layers = layers_of(study, source, self.layers)
        kinds = {"activations": "activations", "samples": "sample", "rdms": "rdm"}
        return {
            name: [study.path(kind, layer=layer, **keys) for layer in layers] for name, kind in kinds.items()
        }

    def rdm_labels(self, labels: list[str]) -> list[str]:
        """Name the labels of the RDMs that it makes."""
        return [name for name in COLUMNS if name not in ("set", *REPEATED)] + list(OF_PARTS)

    def compute(self, files: Mapping) -> Result:
        """Compute RDMs of parts of the trials, of samples of the units, or of both.

        Returns
        -------
        Result
            A table of RDMs as `repscape.rdms.table.table.encoded` makes it, with the labels of the RDMs of
            all images and ``split`` (the way in which trials are halved, from 1), ``part`` (``all``; the
            presentation, from 1; ``a`` or ``b``) and ``unit_sample`` (from 1; 0: units as they are), all
            text.

        Raises
        ------
        DataError
            An image has fewer than two trials where they are split; a metric cannot be had of samples of
            units.
        """
        import pandas as pd

        from repscape.rdms.table import table as tables

        rows: list[dict] = []
        paths = zip(files["activations"], files["samples"], files["rdms"], strict=True)
        for activations, sample, rdm in paths:
            try:
                rows += self._rows(self._read(activations, sample, rdm))
            except DataError as error:
                raise DataError(f"{activations}: {error}") from error
        objects = ("entries", "dissimilarity")
        table = pd.DataFrame(
            {
                name: pd.Series([row[name] for row in rows], dtype=object if name in objects else None)
                for name in rows[0]
            }
        )
        attributes = {name: getattr(self, name) for name in ("source", "trials", "splits", "units", "seed")}
        table.attrs["history"] = attributes
        variables, described, groups = tables.encoded(table)
        return Result(variables, {**described, **attributes}, groups)

    def _read(self, activations, sample, rdm) -> "_Layer":
        """Read a layer's activity, trials and samples of units, and by what RDMs of it are computed."""
        from repscape.io import netcdf
        from repscape.metrics.lib import single_trials
        from repscape.rdms import read as rdm_file
        from repscape.rdms.compute import NamedMetric, columns_of

        with (
            netcdf.open_file(rdm, "rdm") as of_all,
            netcdf.open_file(activations, "activations") as recording,
            netcdf.open_file(sample, "sample") as drawn_units,
        ):
            rdm_file.whole(of_all)  # refused where those of its parts would be too large as well
            metrics = [
                NamedMetric.of(str(name), str(kind), cast("Kind", str(normalisation)))
                for name, kind, normalisation in zip(
                    *(of_all[key][:] for key in ("metric", "measure", "normalisation")), strict=True
                )
                if self.metrics is None or name in self.metrics
            ]
            labels: dict[str, Any] = {key: str(getattr(of_all, key)) for key in OF_FILE}
            labels |= {"layer_order": int(of_all.order), "n_drawn": int(of_all.n_drawn)}
            of_trials = [metric.name for metric in metrics if metric.metric.uses_trials]
            by_trials = bool(of_trials) and single_trials.has_noise(recording)
            if self.units and by_trials:
                raise DataError(
                    f"metric '{of_trials[0]}' uses the covariance of units, but bootstrap samples have "
                    "copies of units, which covary perfectly. Choose other `metrics`, or leave out "
                    "`units`."
                )
            return _Layer(
                labels=labels,
                names=[str(name) for name in recording["name"][:]],
                activity=recording["activation"][:],
                trials=single_trials.read(recording) if self.trials != "all" or by_trials else None,
                metrics=metrics,
                units=self._samples(columns_of(recording, drawn_units)[0], int(drawn_units.seed)),
            )

    def _samples(self, units: np.ndarray, seed: int) -> list[np.ndarray]:
        """Return the columns of units as they are, and of bootstrap samples of them."""
        generator = np.random.default_rng(derive(seed, "units"))
        samples = (units[generator.integers(0, len(units), len(units))] for _ in range(self.units))
        return [units, *samples]

    def _rows(self, layer: "_Layer") -> Iterator[dict]:
        """Yield the RDMs of a layer."""
        import pandas as pd

        from repscape.rdms.compute import dissimilarities, scalings_of

        entries = pd.Index(layer.names, name="image")
        of_trials = any(metric.metric.uses_trials for metric in layer.metrics)
        generator = np.random.default_rng(derive(self.seed, layer.labels["layer"]))
        for part in divide(layer.trials, layer.names, self.trials, self.splits, generator):
            trials, activity = layer.trials, layer.activity
            if part.trials is not None and trials is not None:
                trials = trials.selected(part.trials)
                activity = mean_responses(trials, len(layer.names))
            for number, columns in enumerate(layer.units):
                some = activity.take(columns, axis=1)
                trials_of_units = trials.of_units(columns) if of_trials and trials is not None else None
                values = dissimilarities(
                    some, layer.metrics, scalings_of(some, layer.metrics), trials_of_units
                )
                for metric, vector in zip(layer.metrics, values, strict=True):
                    yield {
                        **layer.labels,
                        "metric": metric.name,
                        "measure": metric.kind,
                        "normalisation": metric.normalisation,
                        SPLIT: part.split,
                        PART: part.part,
                        UNITS: str(number),
                        "entries": entries,
                        "dissimilarity": vector.astype(np.float64),
                    }


class _Layer(NamedTuple):
    """What RDMs of a layer are computed from.

    Attributes
    ----------
    labels : dict
        Of the RDM of all trials.
    names : list of str
        Of the images.
    activity : float32 array (image, unit)
    trials : Trials or None
        None where none are needed.
    metrics : list of NamedMetric
    units : list of int arrays
        The columns of units as they are, then of each sample.
    """

    labels: dict[str, Any]
    names: list[str]
    activity: np.ndarray
    trials: "Trials | None"
    metrics: "list[NamedMetric]"
    units: list[np.ndarray]
