"""How well the responses of neurons are predicted from the layers of networks, or from pixels."""

from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import PositiveFloat

from repscape.analyses.lib.encoding_summary import DIMS, Neurons, compared, summarised
from repscape.analyses.lib.explained_variance import reliability
from repscape.analyses.lib.folds import divide
from repscape.analyses.lib.of_activity import Grouped, OfLayersBySource, sources_shown
from repscape.analyses.lib.responses import Responses, each_layer, read
from repscape.analyses.lib.result import Result, long_table, stacked
from repscape.analyses.lib.ridge_encoder import encode
from repscape.analyses.lib.stimulus_factors import check_factor, coded, values_of
from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.core.seeds import derive
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import Names
from repscape.rdms.compare.significance import CORRECTIONS, LEVEL
from repscape.study.defaults import many_or_all, one_or_default
from repscape.study.study import Study


class Encoding(Grouped, OfLayersBySource):
    """How well the responses of neurons are predicted from the layers of networks, or from pixels."""

    recording: str | None = parameter(
        "The recording whose neurons are predicted. By default the first with responses.", None
    )
    area: str | None = parameter("The area of the recording. By default its first.", None)
    stimulus: str | None = parameter("The stimulus. By default the recording's first.", None)
    sources: Names | None = parameter(
        "The networks or other recordings that predict. By default all networks shown the stimulus.",
        None,
    )
    neurons: str | None = parameter("The population of the recording. By default that of the sources.", None)
    strengths: tuple[PositiveFloat, ...] = parameter(
        "Ridge penalties on squared weights, relative to the mean squared error; one is chosen for each "
        "neuron.",
        (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
        min_length=1,
    )
    reliable: float = parameter(
        "The smallest reliability with which the R² of a neuron is normalised.", 0.2, gt=0, lt=1
    )
    resamples: int = parameter(
        "The number of bootstrap samples of images and neurons, for intervals and tests.",
        1000,
        ge=100,
        le=1_000_000,
    )

    def inputs(self, study: Study) -> dict:
        """Name the activations of the recorded area and of each layer of each source.

        Raises
        ------
        ConfigError
            A name is unknown; the study has no recording of responses, or no network that saw the stimulus.
        """
        recorded = [source for source in study.layers if source not in study.config["networks"]]
        if not recorded:
            raise ConfigError(
                "recording: the study has no recording of responses, whose neurons could be predicted. Add "
                "one under 'recordings'."
            )
        recording = one_or_default(self.recording, recorded, "recording")
        stimulus = one_or_default(self.stimulus, study.stimuli_of(recording), "stimulus")
        area = one_or_default(self.area, study.layers[recording], "area")
        if self.groups is not None:
            check_factor(study, stimulus, self.groups, "groups")
        shown = [source for source in sources_shown(study, stimulus) if source != recording]
        sources = [source for source in shown if source not in recorded]
        if self.sources is not None:
            sources = many_or_all(self.sources, shown, "sources")
        if not sources:
            raise ConfigError(f"sources: no network is shown the stimulus '{stimulus}' of '{recording}'.")
        neurons = self.population_of(study)
        if self.neurons is not None:
            neurons = one_or_default(self.neurons, study.config["populations"], "neurons")
        (target,) = self.activation_files(study, stimulus, [(recording, area)], neurons)
        predictors = self.activation_files(study, stimulus, self.layers_of(study, sources))
        return {"recording": target, "predictors": predictors}

    def compute(self, files: Mapping) -> Result:
        """Predict each neuron's mean response to images it was not fitted to, from each layer.

        Ridge regression from all units of a layer, with the strength of the penalty chosen for each neuron
        within the training images (`ridge_encoder.encode`). With r_i the mean response to image i, r̂_i its
        prediction without its fold, and m_i the mean response to the images outside its fold,

            R² = 1 − Σ_i (r_i − r̂_i)² / Σ_i (r_i − m_i)²,

        over all images: 0 is what is reached without predictors, by the training mean alone, and worse
        predictions are negative (out-of-sample R²; Hawinkel, Waegeman & Maere, Am. Stat. 78:15, 2024). The
        normalised R² is divided by the neuron's reliability (`explained_variance.reliability`), for neurons
        whose reliability is at least `reliable`, whatever predicts them.

        Each layer, a model, is summarised by the median over neurons. Neurons share images, so that
        intervals and tests resample both, images and neurons, the same ones for all models
        (`explained_variance.resampled_medians`); the regressions are not fitted again. They speak about
        other images and neurons of the same kind, predicted by these regressions.

        Parameters
        ----------
        files : ``{"recording": path, "predictors": paths}``

        Returns
        -------
        Result
            By (model, neuron): ``r2``, ``normalised``; NaN for constant neurons, and for those that are not
            reliable. ``chosen`` (model, fold, neuron), the strength. ``reliability``, ``unit`` (neuron).
            By (model): ``source``, ``layer``, ``order``, ``units``; ``median`` of R², ``low``, ``high``;
            ``p_zero``, that it is not above 0, and by each of `CORRECTIONS` over models (``p_zero_holm``). By
            (model, other): ``difference`` of medians, ``p_pair`` and its corrections over pairs.
            ``resampled`` float32 (model, resample). The same of the normalised R², ``normalised_median``
            and so on. ``fold`` (image).

        Raises
        ------
        DataError
            Files are of different images; there are fewer images or groups than folds; all neurons are
            constant; activity is not finite.
        """
        target = files["recording"]
        recorded = read(target)
        neurons, repeats = self._neurons(recorded)
        group = np.arange(len(recorded.names))
        if self.groups is not None:
            group, _ = coded(values_of(recorded.factors, self.groups, target))
        order = np.random.default_rng(derive(self.seed, "folds")).permutation(group.max() + 1)
        fold = divide(order, self.folds, "images" if self.groups is None else f"values of {self.groups}")[
            group
        ]
        strengths = sorted(set(self.strengths))
        found = []
        for layer in each_layer(files["predictors"], "encoding", (recorded.names, target)):
            encoded = encode(layer.activity, neurons.response[:, neurons.varies], group, fold, strengths)
            model = summarised(encoded, neurons, self.resamples, derive(self.seed, "resamples"))
            model |= {"source": layer.source, "layer": layer.layer}
            model |= {"order": np.int32(layer.order), "units": np.int32(layer.activity.shape[1])}
            found.append(model)
            logger.info("%s, %s: median R² %.3g", layer.source, layer.layer, model["median"])
        keys = ("groups", "folds", "reliable", "resamples", "seed")
        return Result(
            variables={
                **stacked(found, "model", DIMS),
                **compared(found),
                "reliability": (("neuron",), neurons.reliability),
                "unit": (("neuron",), recorded.unit),
                "fold": (("image",), fold.astype(np.int32)),
                "name": (("image",), recorded.names),
            },
            attributes={
                **repeats,
                "recording": recorded.source,
                "area": recorded.layer,
                "neurons": recorded.attributes["population"],
                **{name: getattr(self, name) for name in keys},
                **{name: layer.attributes[name] for name in ("stimulus", "population")},
                "strengths": strengths,
                "level": LEVEL,
                "constant": int((~neurons.varies).sum()),
                "normalised_neurons": int(neurons.reliable.sum()),
            },
        )

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a layer of a source each."""
        numbers = ("median", "low", "high", "p_zero", *(f"p_zero_{method}" for method in CORRECTIONS))
        numbers = (*numbers, *(f"normalised_{name}" for name in numbers))
        columns = ("source", "layer", "order", "units", *numbers)
        return long_table(result.variables, ("model",), columns)

    def _neurons(self, recorded: Responses) -> tuple[Neurons, dict[str, int]]:
        """Return the neurons, and of how many trials their responses are means, from the recording."""
        response = recorded.activity.astype(np.float64)
        trials = read(recorded.path, single=True)
        share, repeats = np.full(response.shape[1], np.nan), np.ones(1, int)
        if trials.repeated:
            share, repeats = reliability(trials.activity, trials.image), np.bincount(trials.image)
        varies = np.ptp(response, axis=0) > 0
        neurons = Neurons(response, share, varies, varies & (share >= self.reliable))
        _check_neurons(recorded.path, neurons, self.reliable)
        return neurons, {"least_repeats": int(repeats.min()), "most_repeats": int(repeats.max())}


def _check_neurons(path, neurons: Neurons, reliable: float) -> None:
    """Refuse neurons of which none varies, with a `DataError`; log which have no R² or no normalised R²."""
    count = len(neurons.varies)
    if not neurons.varies.any():
        raise DataError(
            f"{path}: expected neurons whose mean responses differ between images, found {count} whose "
            "mean responses are all equal. Choose another area or stimulus."
        )
    if not neurons.varies.all():
        constant = (~neurons.varies).sum()
        logger.warning(
            "%d of %d neurons respond equally to all images, so their R² is undefined", constant, count
        )
    if np.isnan(neurons.reliability).all():
        logger.warning("%s has no repeats, so reliability and normalised R² are undefined", path)
    else:
        logger.info(
            "%d of %d neurons have a reliability of at least %g", neurons.reliable.sum(), count, reliable
        )
