"""RDMs of parts of a recording: of its repeats, of halves of its trials, of bootstrap samples of its units.

They tell how reliable a recording's RDMs are, and how much they would differ with other units: `inference`
takes noise ceilings from repeats and halves, and resamples units by their samples.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, cast

import numpy as np
from pydantic import Field

from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError
from repscape.core.seeds import derive
from repscape.plugin.contract import Analysis, Seeded, parameter
from repscape.plugin.parameter_types import Names
from repscape.rdms.labels import COLUMNS, HALVES, OF_PARTS, PART, REPEATED, SPLIT, UNITS, WHOLE
from repscape.study.defaults import layers_of, many_or_all, one_or_default, size_or_default
from repscape.study.study import Study

if TYPE_CHECKING:
    from repscape.metrics.lib.normalisation import Kind

Split = Literal["all", "repeats", "halves"]
Times = Annotated[int, Field(ge=1, le=100_000)]
Samples = Annotated[int, Field(ge=0, lt=2**31)]


class SplitRdms(Seeded, Analysis):
    """RDMs of parts of a recording: of its repeats, of halves of its trials, of bootstrap samples of its
    units."""

    source: str = parameter(
        "By default the first stimulus that the source is shown, the first population that is sampled by "
        "size, its largest size, all layers."
    )
    stimulus: str | None = parameter(
        "By default the first stimulus that the source is shown, the first population that is sampled by "
        "size, its largest size, all layers.",
        None,
    )
    population: str | None = parameter(
        "By default the first stimulus that the source is shown, the first population that is sampled by "
        "size, its largest size, all layers.",
        None,
    )
    size: str | int | None = parameter(
        "By default the first stimulus that the source is shown, the first population that is sampled by "
        "size, its largest size, all layers.",
        None,
    )
    layers: Names | None = parameter(
        "By default the first stimulus that the source is shown, the first population that is sampled by "
        "size, its largest size, all layers.",
        None,
    )
    metrics: Names | None = parameter("By default all of the study.", None)
    trials: Split = parameter(
        "`repeats`: an RDM of each presentation, of as many as every image has. `halves`: each image's "
        "trials are divided at random into two halves of equal size (of an odd number, one that has one "
        "more, by chance); an RDM of each.",
        "all",
    )
    splits: Times = parameter("How often trials are divided into halves.", 1)
    units: Samples = parameter(
        "Of how many bootstrap samples of units (drawn with replacement, as many as there are) there are "
        "RDMs, beside those of the units as they are. The parts of the trials have the same samples, and "
        "so have other stimuli in other analyses: an inference over several stimuli takes them together. "
        "They follow from the seed by which the units were drawn.",
        0,
    )

    def check(self) -> None:
        """Refuse keys that do not go together."""
        if self.trials == "all" and not self.units:
            raise ConfigError(
                "expected what the RDMs are of: `trials: repeats` or `trials: halves`, or `units`, how many "
                "bootstrap samples of units."
            )
        if self.splits > 1 and self.trials != "halves":
            raise ConfigError(
                f"splits: only halves can be split in several ways; found `trials: {self.trials}`."
            )

    def inputs(self, study: Study) -> dict:
        """Name the activations, samples and RDMs of each layer.

        Raises
        ------
        ConfigError
            A name is unknown, or trials of a network are to be split.
        """
        source = self.source
        stimulus = self.stimulus
        population = self.population
        size = self.size
        sources = study.layers
        if self.trials != "all":
            sources = [name for name in study.layers if name not in study.config["networks"]]
            if source in study.config["networks"]:
                raise ConfigError(
                    f"source: '{source}' is a network, which has no trials to split. Name a recording of "
                    f"responses ({', '.join(sources) or 'the study has none'}), or leave out `trials`."
                )
        source = one_or_default(source, sources, "source")
        stimulus = one_or_default(stimulus, study.stimuli_of(source), "stimulus")
        population, size = size_or_default(study.samples_of(source), population, size)
        many_or_all(self.metrics, study.metrics, "metrics")
        keys = {"source": source, "stimulus": stimulus, "population": population, "size": size}
        chosen = layers_of(study, source, self.layers)
        return {
            name: [study.path(kind, layer=layer, **keys) for layer in chosen]
            for name, kind in (("activations", "activations"), ("samples", "sample"), ("rdms", "rdm"))
        }

    def rdm_labels(self, labels: list[str]) -> list[str]:
        """Name the labels of the RDMs that it makes."""
        return [name for name in COLUMNS if name not in ("set", *REPEATED)] + list(OF_PARTS)

    def compute(self, files: Mapping) -> Result:
        """Compute RDMs of parts of the trials, of samples of the units, or of both.

        A part's RDM is of the mean over its trials, with the study's metrics and normalisations. Of several
        draws of units the first serves.

        Parameters
        ----------
        files : what `inputs` named

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
        for activations, sample, rdm in zip(
            files["activations"], files["samples"], files["rdms"], strict=True
        ):
            try:
                rows += _of_layer(
                    activations, sample, rdm, self.metrics, self.trials, self.splits, self.units, self.seed
                )
            except DataError as error:
                raise DataError(f"{activations}: {error}") from error
        table = pd.DataFrame(
            {
                name: pd.Series(
                    [row[name] for row in rows],
                    dtype=object if name in ("entries", "dissimilarity") else None,
                )
                for name in rows[0]
            }
        )
        how = {"trials": self.trials, "splits": self.splits, "units": self.units, "seed": self.seed}
        table.attrs["history"] = {"source": self.source, **how}
        variables, attributes, groups = tables.encoded(table)
        return Result(variables, {**attributes, "source": self.source, **how}, groups)


class _Part(NamedTuple):
    """Some of the trials: their places, or None for all."""

    split: str
    part: str
    trials: np.ndarray | None


def _of_layer(activations, sample, rdm, metrics, split: Split, splits, units, seed) -> Iterator[dict]:
    """Yield the RDMs of one layer."""
    import pandas as pd

    from repscape.io import netcdf
    from repscape.metrics.lib import single_trials
    from repscape.rdms import file as rdm_file
    from repscape.rdms.compute import NamedMetric, columns_of, dissimilarities, scalings_of
    from repscape.rdms.labels import OF_FILE

    with (
        netcdf.open_file(rdm, "rdm") as of_all,
        netcdf.open_file(activations, "activations") as recording,
        netcdf.open_file(sample, "sample") as drawn_units,
    ):
        measures = [
            NamedMetric.of(str(name), str(measure), cast("Kind", str(normalisation)))
            for name, measure, normalisation in zip(
                *(of_all[key][:] for key in ("metric", "measure", "normalisation")), strict=True
            )
            if metrics is None or name in metrics
        ]
        rdm_file.whole(of_all)  # refused where those of its parts would be too large as well
        shared: dict[str, str | int] = {key: str(getattr(of_all, key)) for key in OF_FILE}
        shared |= {"layer_order": int(of_all.order), "n_drawn": int(of_all.n_drawn)}
        names = pd.Index([str(name) for name in recording["name"][:]], name="image")
        activity = recording["activation"][:]
        drawn, unit_seed = columns_of(recording, drawn_units)[0], int(drawn_units.seed)
        of_trials = [measure.name for measure in measures if measure.metric.uses_trials]
        noisy = single_trials.has_noise(recording)
        needed = split != "all" or (of_trials and noisy)
        trials = single_trials.read(recording) if needed else None
    if units and of_trials and noisy:
        raise DataError(
            f"metric '{of_trials[0]}' measures how units vary together, and copies of a unit, of which "
            "bootstrap samples consist, would do so perfectly. Name other `metrics`, or leave out `units`."
        )
    generator = np.random.default_rng(derive(seed, shared["layer"]))
    parts = list(_parts(trials, list(names), split, splits, generator))
    generator = np.random.default_rng(derive(unit_seed, "units"))
    resampled = [drawn, *(drawn[generator.integers(0, len(drawn), len(drawn))] for _ in range(units))]
    for part in parts:
        some, answers = trials, activity
        if part.trials is not None and trials is not None:
            some = trials.selected(part.trials)
            answers = _means(some, len(names))
        for number, own in enumerate(resampled):
            now = answers.take(own, axis=1)
            of_units = some.of_units(own) if of_trials and some is not None else None
            values = dissimilarities(now, measures, scalings_of(now, measures), of_units)
            for measure, vector in zip(measures, values, strict=True):
                yield {
                    **shared,
                    "metric": measure.name,
                    "measure": measure.kind,
                    "normalisation": measure.normalisation,
                    SPLIT: part.split,
                    PART: part.part,
                    UNITS: str(number),
                    "entries": names,
                    "dissimilarity": vector.astype(np.float64),
                }


def _parts(trials, names: list[str], split: Split, splits: int, generator) -> Iterator[_Part]:
    """Divide trials."""
    from repscape.metrics.lib.single_trials import counted, presentations

    if split == "all":
        yield _Part("", WHOLE, None)
        return
    counts = counted(trials, names)
    if split == "repeats":
        for repeat in range(counts.min()):
            yield _Part("", str(repeat + 1), np.flatnonzero(trials.repeat == repeat))
        return
    for number in range(splits):
        order = generator.permutation(len(trials.image))
        place = np.empty(len(order), np.intp)
        place[order] = presentations(trials.image[order])  # a random order of each image's trials
        extra = generator.integers(0, 2, len(counts)) * (counts % 2)
        first = place < (counts // 2 + extra)[trials.image]
        for half, those in zip(HALVES, (first, ~first), strict=True):
            yield _Part(str(number + 1), half, np.flatnonzero(those))


def _means(trials, images: int) -> np.ndarray:
    """Return the mean response to each image, float32 (image, unit)."""
    found = np.zeros((images, trials.response.shape[1]))
    np.add.at(found, trials.image, trials.response)
    return (found / np.bincount(trials.image, minlength=images)[:, np.newaxis]).astype(np.float32)
