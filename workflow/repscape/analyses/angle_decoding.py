"""How well an angle, such as the orientation of gratings, can be decoded from layers and areas."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat

from repscape.analyses.lib.angle_decoders import Decoded, Decoder, Method, ReluDecoder, RidgeDecoder, decode
from repscape.analyses.lib.angles import By, Rows, arrange, circular_loss, permuted
from repscape.analyses.lib.chance import against_permutations, permutation_generators
from repscape.analyses.lib.circle import apart, as_numbers
from repscape.analyses.lib.of_activity import Decoding, OfLayersBySource, OnCircle
from repscape.analyses.lib.responses import Responses, each_layer
from repscape.analyses.lib.result import Result, long_table, spread
from repscape.analyses.lib.stimulus_factors import read_stimulus, stimulus_with, values_of
from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.core.seeds import derive
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import Threads
from repscape.rdms.compare.significance import LEVEL, percentile_interval
from repscape.study.study import Study

RESAMPLES = 1000
BY_DECODER = ("source", "layer", "decoder")
DIMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("error", "low", "high", "loss", "p", "chance_mean", "chance_5"), BY_DECODER),
    "null": (*BY_DECODER, "permutation"),
    "chosen": (*BY_DECODER, "fold"),
    "predicted": (*BY_DECODER, "row"),
    **dict.fromkeys(("ridge_error", "ridge_loss"), ("source", "layer", "part", "fold", "strength")),
    **dict.fromkeys(("relu_error", "relu_loss"), ("source", "layer", "part", "fold", "decay", "epoch")),
    **dict.fromkeys(("image", "fold", "angle"), ("source", "row")),
    **dict.fromkeys(("order", "units"), ("source", "layer")),
}


class AngleDecoding(OnCircle, OfLayersBySource, Decoding):
    """How well an angle, such as the orientation of gratings, can be decoded from layers and areas."""

    libraries = ("torch",)

    responses: Literal["means", "trials"] = parameter(
        "For recordings with repeats: the mean over the trials of each image, or single trials.", "means"
    )
    by: By = parameter(
        "What is left out together: all trials of an image, all images with a value, or single trials.",
        "images",
    )
    decoders: tuple[Method, ...] = parameter(
        "The decoders: ridge regression, networks with one hidden layer, or both.",
        ("ridge", "relu"),
        min_length=1,
    )
    strengths: tuple[PositiveFloat, ...] = parameter(
        "Ridge penalties on squared weights, relative to the mean squared error, to choose from.",
        (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0),
        min_length=1,
    )
    decays: tuple[NonNegativeFloat, ...] = parameter(
        "Weight decays of the networks, to choose from.", (0.0, 1e-3, 1e-2, 3e-2, 1e-1), min_length=1
    )
    hidden: int = parameter("The number of hidden units of the networks.", 20, ge=1, le=100_000)
    epochs: int = parameter("The number of steps of gradient descent.", 300, ge=1, le=1_000_000)
    learning_rate: float = parameter("The learning rate of the networks.", 0.1, gt=0, le=100)
    threads: Threads = parameter("How many threads the training of the networks uses.", 1)

    def inputs(self, study: Study) -> dict:
        """Name the stimulus and the activations of each layer of each source.

        Raises
        ------
        ConfigError
            A name is unknown; no stimulus varies in the factor.
        """
        stimulus = stimulus_with(study, self.stimulus, self.factor)
        layers = self.layers_of(study, self.sources_of(study, stimulus))
        return {
            "stimulus": study.path("stimulus", stimulus=stimulus),
            "activations": self.activation_files(study, stimulus, layers),
        }

    def check(self) -> None:
        """Refuse keys that do not go together."""
        if "relu" in self.decoders and len(set(self.decays)) > 1:
            self.check_nested("decays")
        if self.by == "trials" and self.responses != "trials":
            raise ConfigError(
                "by: 'trials' leaves out single trials, but 'responses: means' averages them. Add "
                "'responses: trials'."
            )

    def compute(self, files: Mapping) -> Result:
        """Decode the angle that each image shows from the units of each layer or area.

        Folds are left out in turn; decoders predict the angles of rows that they were not trained on. See
        `angle_decoders` for the two methods and for how much penalty is chosen, within the training rows,
        and `angles.arrange` for what is left out together. All sources have the same folds where these are of
        images or values. Errors are absolute, the shorter way round, and circular losses 1 − cos(2πΔ/period).

        The interval of the error holds the middle 95% of what resampled groups (images, values, or trials)
        make of it; it speaks about further ones, given the decoders. Chance is what the same procedure,
        choice of penalty included, makes of permuted angles (see `angles.permuted` and
        `chance.against_permutations`).

        Parameters
        ----------
        files : ``{"stimulus": path, "activations": paths}``

        Returns
        -------
        Result
            By (source, layer, decoder), NaN where a source lacks the layer: ``error`` and its ``low`` and
            ``high``; ``loss``; ``p``, ``chance_mean``, ``chance_5`` (mean and 5% quantile of the
            permutations); ``null`` (…, permutation); ``chosen`` (…, fold); ``predicted`` (…, row).
            By (source, row): ``angle``, ``image``, ``fold``, -1 where a source has fewer rows.
            ``ridge_error``, ``ridge_loss`` (source, layer, part, fold, strength); ``relu_error``,
            ``relu_loss`` (source, layer, part, fold, decay, epoch).
            ``order``, ``units`` (source, layer), -1 and 0 where a source lacks the layer.

        Raises
        ------
        DataError
            The factor is unknown, has no numbers or one value; there are fewer groups than folds; no source
            has repeats that could be left out; activity is not finite; training diverged.
        """
        from repscape.traced.device import settings

        where = files["stimulus"]
        names, factors = read_stimulus(where)
        angle = as_numbers(values_of(factors, self.factor, where), self.factor, str(where))
        decoders = self._decoders()
        found: list[DecodedLayer] = []
        with settings(self.threads, "float32"):
            what, single = f"decoding {self.factor}", self.responses == "trials"
            for layer in each_layer(files["activations"], what, (names, where), single=single):
                found.append(self._decode(layer, angle, found, decoders))
        return Result(
            variables=self._variables(found, decoders),
            attributes={
                **{name: layer.attributes[name] for name in ("stimulus", "population")},
                **{name: getattr(self, name) for name in ("factor", "period", "responses", "by", "folds")},
                **{name: getattr(self, name) for name in ("permutations", "seed", "hidden", "learning_rate")},
                "level": LEVEL,
                "resamples": RESAMPLES,
                "images": len(names),
                "values": len(np.unique(angle % self.period)),
                "single_trials": list(dict.fromkeys(one.source for one in found if one.repeated)) or None,
            },
        )

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a layer of a source, decoded by a method, each."""
        columns = ("units", "error", "low", "high", "loss", "chance_mean", "chance_5", "p")
        made = np.broadcast_to(
            result.variables["order"][1][..., None] >= 0, result.variables["error"][1].shape
        )
        return long_table(result.variables, BY_DECODER, (*BY_DECODER, *columns), made)

    def _decoders(self) -> dict[Method, Decoder]:
        seed = derive(self.seed, "training")
        known: dict[Method, Decoder] = {
            "ridge": RidgeDecoder(sorted(set(self.strengths))),
            "relu": ReluDecoder(sorted(set(self.decays)), self.hidden, self.epochs, self.learning_rate, seed),
        }
        return {name: known[name] for name in self.decoders}

    def _decode(
        self,
        layer: Responses,
        angle: np.ndarray,
        before: "Sequence[DecodedLayer]",
        decoders: Mapping[Method, Decoder],
    ) -> "DecodedLayer":
        """Decode the angles (image,) from a layer, in the rows and folds of the source's layers before it."""
        if self.by == "trials":
            layer = _repeated(layer)
        rows = arrange(angle, layer.image, self.by, self.period, self.folds, derive(self.seed, "folds"))
        for other in before:
            if other.source == layer.source and not np.array_equal(other.rows.image, rows.image):
                raise DataError(
                    f"{layer.path}: the images of its trials differ from those of the source's other "
                    "layers. Delete the activations of this recording and run again."
                )
        nulls = [
            permuted(angle, rows, self.by, self.period, random)
            for random in permutation_generators(self.seed, self.permutations)
        ]
        angles = np.array([rows.angle, *nulls])
        decoded = decode(layer.activity, rows, angles, period=self.period, decoders=decoders)
        seed = derive(self.seed, "resamples")
        numbers = {name: summarised(own, rows, self.period, seed) for name, own in decoded.items()}
        for name, own in numbers.items():
            logger.info("%s, %s, %s: error %.3g", layer.source, layer.layer, name, own["error"])
        variables = {
            name: np.array([own[name] for own in numbers.values()]) for name in next(iter(numbers.values()))
        }
        for name, own in decoded.items():
            for measure, curve in (("error", own.error), ("loss", own.loss)):
                curve = curve[..., 0] if name == "ridge" else curve
                variables[f"{name}_{measure}"] = curve.astype(np.float32)
        units = layer.activity.shape[1]
        variables |= {"order": np.array(float(layer.order)), "units": np.array(float(units))}
        return DecodedLayer(layer.source, layer.layer, layer.repeated, rows, variables)

    def _variables(self, found: "Sequence[DecodedLayer]", decoders: Mapping[Method, Any]) -> dict:
        """Arrange what was found by source and layer."""
        labels: dict[str, Any] = {"decoder": list(decoders), "part": ["train", "test"]}
        if "ridge" in decoders:
            labels["strength"] = np.array(decoders["ridge"].strengths)
        if "relu" in decoders:
            labels["decay"] = np.array(decoders["relu"].decays)
            labels["epoch"] = np.array(decoders["relu"].curve_epochs, np.int32)
        rows = {(one.source,): one.rows for one in found}
        arrays = spread({(one.source, one.layer): one.variables for one in found})
        arrays |= spread(
            {key: {n: getattr(own, n) for n in ("image", "fold", "angle")} for key, own in rows.items()}
        )
        for name, absent in (("order", -1), ("units", 0), ("image", -1), ("fold", -1)):
            arrays[name] = np.nan_to_num(arrays[name], nan=absent).astype(np.int32)
        labels |= {
            "source": [source for (source,) in rows],
            "layer": list(dict.fromkeys(one.layer for one in found)),
        }
        return {name: (DIMS[name], values) for name, values in arrays.items()} | {
            name: ((name,), values) for name, values in labels.items()
        }


class DecodedLayer(NamedTuple):
    """What was decoded from a layer; `variables` as in `AngleDecoding.compute`, without (source, layer)."""

    source: str
    layer: str
    repeated: bool
    rows: Rows
    variables: dict[str, np.ndarray]


def _repeated(layer: Responses) -> Responses:
    """Leave out the trials of images that were shown once.

    Raises
    ------
    DataError
        No image was shown twice.
    """
    counts = np.bincount(layer.image)
    kept = counts[layer.image] > 1
    if not kept.any():
        raise DataError(
            f"{layer.path}: expected single trials of images that were shown more than once, found none, "
            f"so 'by: trials' has no repeats to leave out. Leave out the source '{layer.source}', or "
            "decode 'by: images'."
        )
    if not kept.all():
        logger.warning(
            "%s: omitted %d images that were shown once, since 'by: trials' leaves out repeats",
            layer.path,
            (~kept).sum(),
        )
    return layer._replace(activity=layer.activity[kept], image=layer.image[kept])


def summarised(decoded: Decoded, rows: Rows, period: float, seed: int) -> dict[str, np.ndarray]:
    """Summarise the errors of rows, with an interval over groups, and compare them with permutations.

    Returns
    -------
    dict
        ``error``, ``low``, ``high``, ``loss``, ``p``, ``chance_mean``, ``chance_5``, NaN without
        permutations; ``null``, ``chosen`` and ``predicted`` of `decoded`.
    """
    error = apart(decoded.predicted, rows.angle, period)
    _, group = np.unique(rows.group, return_inverse=True)
    sums, counts = np.bincount(group, error), np.bincount(group)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)))
    low, high = percentile_interval(sums[drawn].sum(1) / counts[drawn].sum(1))
    p, mean, lowest = against_permutations(error.mean(), decoded.null, higher=False)
    return {
        "error": error.mean(),
        "low": low,
        "high": high,
        "loss": circular_loss(decoded.predicted, rows.angle, period).mean(),
        "p": p,
        "chance_mean": mean,
        "chance_5": lowest,
        "null": decoded.null,
        "chosen": decoded.chosen,
        "predicted": decoded.predicted,
    }
