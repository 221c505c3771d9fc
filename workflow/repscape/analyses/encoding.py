"""How well the responses of neurons are predicted from the layers of networks, or from pixels."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveFloat

from repscape.analyses.lib.explained_variance import p_above, p_different, r2, reliability, resampled_medians
from repscape.analyses.lib.factorial_design import coded, known
from repscape.analyses.lib.folds import divide
from repscape.analyses.lib.responses import check_finite, read
from repscape.analyses.lib.result import Result
from repscape.analyses.lib.ridge_encoder import encode
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.logs import logger, progress
from repscape.core.seeds import derive
from repscape.plugin.contract import Analysis, Seeded, parameter
from repscape.study.defaults import many_or_all, one_or_default, population_or_default
from repscape.study.study import Study

LEVEL = 0.95

Strengths = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]
Folds = Annotated[int, Field(ge=2, le=10_000)]
Resamples = Annotated[int, Field(ge=100, le=1_000_000)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Encoding(Seeded, Analysis):
    """How well the responses of neurons are predicted from the layers of networks, or from pixels."""

    recording: str | None = parameter(
        "Whose neurons are predicted; by default the first that gives responses.", None
    )
    area: str | None = parameter("By default its first.", None)
    stimulus: str | None = parameter("By default the recording's first.", None)
    sources: list[str] | None = parameter(
        "What predicts: networks, or other recordings; by default all networks that were shown the stimulus.",
        None,
    )
    layers: dict[str, list[str]] | None = parameter(
        "By default all. The layer ``input`` are the pixels.", None
    )
    population: str | None = parameter("Of the sources; by default the first that is sampled by size.", None)
    neurons: str | None = parameter("The population of the recording; by default the same.", None)
    groups: str | None = parameter(
        "Images that share its value are never both in training and in test.", None
    )
    folds: Folds = parameter("Int.", 5)
    strengths: Strengths = parameter("To choose from.", (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0))
    reliable: Share = parameter("The least reliability of neurons that are normalised.", 0.2)
    resamples: Resamples = parameter("Int.", 1000)

    def inputs(self, study: Study) -> dict:
        """Name the activations of the recorded area and of each layer of each source.

        Raises
        ------
        ConfigError
            A name is unknown; the study has no recording of responses, or no network that saw the stimulus.
        """
        recording = self.recording
        area = self.area
        stimulus = self.stimulus
        sources = self.sources
        population = self.population
        neurons = self.neurons
        recorded = [source for source in study.layers if source not in study.config["networks"]]
        if not recorded:
            raise ConfigError(
                "recording: the study has no recording of responses, whose neurons could be predicted. Add one "
                "under 'recordings'."
            )
        recording = one_or_default(recording, recorded, "recording")
        stimulus = one_or_default(stimulus, study.stimuli_of(recording), "stimulus")
        factors = known(study, stimulus)
        if self.groups is not None and factors is not None and self.groups not in factors:
            raise ConfigError(f"groups: of the factors of '{stimulus}', {unknown(self.groups, factors)}")
        shown = [
            source for source in study.layers if source != recording and stimulus in study.stimuli_of(source)
        ]
        if sources is None:
            sources = [source for source in shown if source not in recorded]
            if not sources:
                raise ConfigError(f"sources: no network is shown the stimulus '{stimulus}' of '{recording}'.")
        sources = many_or_all(sources, shown, "sources")
        for source in self.layers or {}:
            one_or_default(source, sources, "layers")
        population = _population(study, population, population_or_default(study.samples, None), "population")
        neurons = _population(study, neurons, population, "neurons")
        keys = {"stimulus": stimulus, "population": population}
        area = one_or_default(area, study.layers[recording], "area")
        return {
            "recording": study.path(
                "activations", source=recording, stimulus=stimulus, population=neurons, layer=area
            ),
            "predictors": [
                study.path("activations", source=source, layer=layer, **keys)
                for source in sources
                for layer in many_or_all(
                    (self.layers or {}).get(source), study.layers[source], f"layers.{source}"
                )
            ],
        }

    def compute(self, files: Mapping) -> Result:
        """Predict each neuron's mean response to images it was not fitted to, from each layer.

        Ridge regression from all units of a layer, with the strength of the penalty chosen for each neuron
        within the training images (`ridge_encoder.encode`). With r_i the mean response to image i, r̂_i what is
        predicted of it without its fold, and m_i the mean response to the images outside its fold,

            R² = 1 − Σ_i (r_i − r̂_i)² / Σ_i (r_i − m_i)²,

        over all images: 0 is what is reached without predictors, by the training mean alone, and worse
        predictions are negative (out-of-sample R²; Hawinkel, Waegeman & Maere, Am. Stat. 78:15, 2024). The
        normalised R² is divided by the neuron's reliability (`explained_variance.reliability`), for neurons whose
        reliability is at least `reliable`, whatever predicts them.

        Each layer, a model, is summarised by the median over neurons. Neurons share images, so that intervals
        and tests resample both, images and neurons, the same ones for all models
        (`explained_variance.resampled_medians`); the regressions are not fitted again. They speak about
        other images and neurons of the same kind, predicted by these regressions.

        Parameters
        ----------
        files : ``{"recording": path, "predictors": paths}``

        Returns
        -------
        Result
            By (model, neuron): ``r2``, ``normalised``; NaN for constant neurons, and for those that are not
            reliable. ``chosen`` (model, fold, neuron), the strength. ``reliability``, ``unit`` (neuron). By
            (model): ``source``, ``layer``, ``order``, ``units``; ``median`` of R², ``low``, ``high``; ``p_zero``,
            that it is not above 0, and ``…_holm`` and ``…_fdr``, corrected over models. By (model, other):
            ``difference`` of medians, ``p_pair`` and its corrections over pairs. ``resampled`` float32 (model,
            resample). The same of the normalised R², ``normalised_median`` and so on. ``fold`` (image).

        Raises
        ------
        DataError
            Files are of different images; there are fewer images or groups than folds; all neurons are constant;
            activity is not finite.
        """
        strengths = self.strengths
        from repscape.io import netcdf

        target = files["recording"]
        with netcdf.open_file(target, "activations") as file:
            names, unit, response = file["name"][:], file["unit"][:], file["activation"][:].astype(np.float64)
            check_finite(response, names, target, file.layer)
            about = {
                "recording": file.source,
                "area": file.layer,
                "stimulus": file.stimulus,
                "neurons": file.population,
            }
            share = np.full(len(unit), np.nan)
            repeats = np.ones(len(names), int)
            if "response" in file.variables:
                image = file["trial_image"][:].astype(int)
                share, repeats = reliability(file["response"][:], image), np.bincount(image)
            group, what = _groups(file, target, self.groups)
        varies = np.ptp(response, axis=0) > 0
        scaled = varies & (share >= self.reliable)
        _tell(target, varies, share, scaled, self.reliable)
        order = np.random.default_rng(derive(self.seed, "folds")).permutation(group.max() + 1)
        fold = divide(order, self.folds, what)[group]
        strengths = tuple(sorted(set(strengths)))

        found: dict[str, list] = {}
        resampled: dict[str, list] = {"": [], "normalised_": []}
        labels = []
        paths = files["predictors"]
        with netcdf.open_file(paths[0], "activations") as file:
            predictors = file.population
        for path in progress(paths, "encoding", "layers", len(paths), lambda _: 1):
            layer = read(path, names, target)
            own = encode(layer.activity, response[:, varies], group, fold, strengths)
            value = np.full(len(unit), np.nan)
            value[varies] = r2(own.errors, own.totals)
            normalised = np.where(scaled, value / np.where(scaled, share, 1), np.nan)
            chosen = np.full((self.folds, len(unit)), np.nan)
            chosen[:, varies] = own.strength
            draws = _resampled(own, np.ones(varies.sum()), self.resamples, self.seed)
            scaled_draws = _resampled(
                own._replace(errors=own.errors[:, scaled[varies]], totals=own.totals[:, scaled[varies]]),
                share[scaled], self.resamples, self.seed,
            )  # fmt: skip
            numbers = {
                "r2": value, "normalised": normalised, "chosen": chosen,
                "median": np.median(value[varies]),
                "normalised_median": np.median(normalised[scaled]) if scaled.any() else np.nan,
                **_interval("", draws), **_interval("normalised_", scaled_draws),
                "order": np.int32(layer.order), "units": np.int32(layer.activity.shape[1]),
            }  # fmt: skip
            for name, number in numbers.items():
                found.setdefault(name, []).append(number)
            resampled[""].append(draws)
            resampled["normalised_"].append(scaled_draws)
            labels.append((layer.source, layer.layer))
            logger.info("%s, %s: median R² %.3g", layer.source, layer.layer, numbers["median"])
        samples = {prefix: np.array(draws) for prefix, draws in resampled.items()}
        tests = {
            f"{prefix}{name}": test for prefix in samples for name, test in _tests(samples[prefix]).items()
        }
        dims = {"r2": ("neuron",), "normalised": ("neuron",), "chosen": ("fold", "neuron")}
        return Result(
            variables={
                "source": (("model",), [source for source, _ in labels]),
                "layer": (("model",), [layer for _, layer in labels]),
                **{name: (("model", *dims.get(name, ())), np.array(own)) for name, own in found.items()},
                **{
                    f"{prefix}difference": (("model", "other"), np.subtract.outer(own, own))
                    for prefix in samples
                    for own in [np.array(found[f"{prefix}median"])]
                },
                **tests,
                **{
                    f"{prefix}resampled": (("model", "resample"), draws.astype(np.float32))
                    for prefix, draws in samples.items()
                },
                "reliability": (("neuron",), share),
                "unit": (("neuron",), unit),
                "fold": (("image",), fold.astype(np.int32)),
                "name": (("image",), names),
            },
            attributes={
                **about, "population": predictors, "groups": self.groups, "folds": self.folds,
                "strengths": list(strengths), "reliable": self.reliable, "resamples": self.resamples, "level": LEVEL,
                "seed": self.seed, "constant": int((~varies).sum()), "normalised_neurons": int(scaled.sum()),
                "least_repeats": int(repeats.min()), "most_repeats": int(repeats.max()),
            },
        )  # fmt: skip

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a layer of a source each."""
        variables = result.variables
        own = ("median", "low", "high", "p_zero", "p_zero_holm", "p_zero_fdr")
        names = ("source", "layer", "order", "units", *own, *(f"normalised_{name}" for name in own))
        yield names
        yield from zip(*(variables[name][1] for name in names), strict=True)


def _population(study: Study, name: str | None, default: str, key: str) -> str:
    return default if name is None else one_or_default(name, study.config["populations"], key)


def _groups(file, path, groups: str | None) -> tuple[np.ndarray, str]:
    """Return which images are left out together, int (image,), and what they are, in the plural."""
    from repscape.stimuli.lib import factors

    if groups is None:
        return np.arange(len(file["name"][:])), "images"
    varied = factors.read(file)
    if groups not in varied:
        raise DataError(
            f"{path}: its images have no factor '{groups}'; they have: {', '.join(varied) or 'none'}."
        )
    return coded(varied[groups])[0], f"values of {groups}"


def _tell(path, varies, share, scaled, reliable: float) -> None:
    """Say what is undefined of which neurons.

    Raises
    ------
    DataError
        No neuron varies.
    """
    count = len(varies)
    if not varies.any():
        raise DataError(
            f"{path}: expected neurons that answer differently to different images, found {count} whose mean "
            "responses are all the same. Choose another area or stimulus."
        )
    if not varies.all():
        logger.warning(
            "%d of %d neurons answer the same to all images: their R² is undefined", (~varies).sum(), count
        )
    if np.isnan(share).all():
        logger.warning("%s has no repeats: reliability and normalised R² are undefined", path)
    else:
        logger.info("%d of %d neurons have a reliability of at least %g", scaled.sum(), count, reliable)


def _resampled(own, scale: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    if not len(scale):
        return np.full(resamples, np.nan)
    return resampled_medians(own.errors, own.totals, scale, resamples, derive(seed, "resamples"))


def _tests(resampled: np.ndarray) -> dict[str, tuple]:
    """Test medians (model, resample) against 0 and each other, corrected over models and pairs."""
    from repscape.rdms.compare.significance import corrected, corrected_pairs

    zero, pair = p_above(resampled), p_different(resampled[:, None] - resampled)
    np.fill_diagonal(pair, np.nan)
    tests = {"p_zero": (("model",), zero), "p_pair": (("model", "other"), pair)}
    for method in ("holm", "fdr"):
        tests[f"p_zero_{method}"] = (("model",), corrected(zero, method))
        tests[f"p_pair_{method}"] = (("model", "other"), corrected_pairs(pair, method))
    return tests


def _interval(prefix: str, resampled: np.ndarray) -> dict[str, float]:
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {f"{prefix}low": low, f"{prefix}high": high}
