"""How well an angle, such as the orientation of gratings, can be read out of layers and areas."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat

from repscape.analyses.lib.angle_decoders import Decoded, Method, Training, decode
from repscape.analyses.lib.angles import By, Rows, absolute_error, arrange, circular_loss, from_text, permuted
from repscape.analyses.lib.factorial_design import varying
from repscape.analyses.lib.responses import Responses, read
from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger, progress
from repscape.core.seeds import derive
from repscape.plugin.parameter_types import Period, Resamples, Threads
from repscape.study.defaults import one, sampled, several
from repscape.study.study import Study

TABLE = True
LIBRARIES = ("torch",)
LEVEL = 0.95
RESAMPLES = 1000

Strengths = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]
Decays = Annotated[tuple[NonNegativeFloat, ...], Field(min_length=1)]
Decoders = Annotated[tuple[Method, ...], Field(min_length=1)]
Folds = Annotated[int, Field(ge=3, le=10_000)]


def inputs(
    study: Study,
    *,
    stimulus: str | None = None,
    factor: str = "orientation",
    sources: list[str] | None = None,
    layers: dict[str, list[str]] | None = None,
    population: str | None = None,
) -> dict:
    """Name the stimulus and the activations of each layer of each source.

    Raises
    ------
    ConfigError
        A name is unknown; no stimulus varies in the factor.
    """
    stimulus = varying(study, stimulus, factor)
    shown = [source for source in study.layers if stimulus in study.stimuli_of(source)]
    sources = several(sources, shown, "sources")
    population = (
        sampled(study.samples, None)
        if population is None
        else one(population, study.config["populations"], "population")
    )
    for source in layers or {}:
        one(source, sources, "layers")
    return {
        "stimulus": study.path("stimulus", stimulus=stimulus),
        "activations": [
            study.path("activations", source=source, stimulus=stimulus, population=population, layer=layer)
            for source in sources
            for layer in several((layers or {}).get(source), study.layers[source], f"layers.{source}")
        ],
    }


def check(*, by, responses) -> None:
    """Refuse keys that do not go together."""
    if by == "trials" and responses != "trials":
        raise ConfigError(
            "by: 'trials' leaves out single trials, which 'responses: means' has averaged. Add 'responses: "
            "trials'."
        )


def compute(
    files: dict,
    *,
    stimulus: str | None = None,
    factor: str = "orientation",
    period: Period = 180.0,
    sources: list[str] | None = None,
    layers: dict[str, list[str]] | None = None,
    population: str | None = None,
    responses: Literal["means", "trials"] = "means",
    by: By = "images",
    decoders: Decoders = ("ridge", "relu"),
    folds: Folds = 5,
    strengths: Strengths = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0),
    decays: Decays = (0.0, 1e-3, 1e-2, 3e-2, 1e-1),
    hidden: Annotated[int, Field(ge=1, le=100_000)] = 20,
    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 300,
    learning_rate: Annotated[float, Field(gt=0, le=100)] = 0.1,
    permutations: Resamples = 100,
    threads: Threads = 1,
    seed: int,
) -> Result:
    """Decode the angle that each image shows from the units of each layer or area.

    Folds are left out in turn; decoders tell the angles of what they were not trained on. See
    `angle_decoders.decode` for the two methods and for how much penalty is chosen, within the training rows,
    and `angles.arrange` for what is left out together. All sources have the same folds where these are of
    images or values. Errors are absolute, the shorter way round, and circular losses 1 − cos(2πΔ/period).

    The interval of the error holds the middle 95% of what resampled groups (images, values, or trials)
    make of it; it speaks about further ones, given the decoders. Chance is what the same procedure,
    choice of penalty included, makes of permuted angles (`angles.permuted`); p = (1 + number of permutations
    with at most the error) / (1 + permutations).

    Parameters
    ----------
    files : ``{"stimulus": path, "activations": paths}``
    stimulus : str, optional
        By default the first that varies in the factor.
    factor : str
        With numbers as values.
    period : float
        After which the angle is the same again, in the factor's units: 180 for orientations in degrees, 360
        for directions and hues.
    sources : list of str, optional
        Networks and recordings, by default all that were shown the stimulus.
    layers : mapping of source to list of str, optional
        By default all.
    population : str, optional
        By default the first that is sampled by size.
    responses : {"means", "trials"}
        Of recordings with repeats: the means over trials of each image, or the single trials.
    by : {"values", "images", "trials"}
        What is left out together.
    decoders : sequence of {"ridge", "relu"}
    folds : int
    strengths : sequence of float
        Of ridge regression, to choose from.
    decays : sequence of float
        Of the networks' weights, to choose from.
    hidden, epochs, learning_rate
        Of the networks; see `relu_decoder.train`.
    permutations : int
    threads : int
        Of torch.
    seed : int

    Returns
    -------
    Result
        Layers that a source lacks are NaN. By (source, layer, decoder): ``error`` and its ``low`` and
        ``high``; ``loss``; ``p``, ``chance_mean``, ``chance_5`` (mean and 5% quantile of the permutations);
        ``null`` (…, permutation); ``chosen`` (…, fold); ``predicted`` (…, row). By (source, row): ``angle``,
        ``image``, ``fold``, -1 where a source has fewer rows. ``ridge_error``, ``ridge_loss`` (source,
        layer, part, fold, strength); ``relu_error``, ``relu_loss`` (source, layer, part, fold, decay, epoch).
        ``order``, ``units`` (source, layer), -1 and 0 where a source lacks the layer.

    Raises
    ------
    DataError
        The factor is unknown, has no numbers or one value; there are fewer groups than folds; no source
        has repeats that could be left out; activity is not finite; training diverged.
    """
    from repscape.io import netcdf
    from repscape.stimuli.lib import factors
    from repscape.traced.device import settings

    with netcdf.open_file(files["stimulus"], "stimulus", rows=range(0)) as file:
        names, varied, stimulus = file["name"][:], factors.read(file), file.stimulus
    if factor not in varied:
        raise DataError(
            f"{files['stimulus']}: its images have no factor '{factor}'; they have: "
            f"{', '.join(varied) or 'none'}."
        )
    angle = from_text(varied[factor], factor, str(files["stimulus"]))
    strengths, decays = tuple(sorted(set(strengths))), tuple(sorted(set(decays)))
    methods = tuple(dict.fromkeys(decoders))
    training = Training(decays, hidden, epochs, learning_rate, derive(seed, "training"))
    found: dict[str, dict[str, tuple[Responses, dict[str, Decoded]]]] = {}
    arranged: dict[str, Rows] = {}
    paths = files["activations"]
    with netcdf.open_file(paths[0], "activations") as file:
        recorded = file.population
    with settings(threads, "float32"):
        for path in progress(paths, f"decoding {factor}", "layers", len(paths), lambda _: 1):
            layer = read(path, names, files["stimulus"], single=responses == "trials")
            layer = _repeated(layer, path) if by == "trials" else layer
            rows = arrange(angle, layer.image, by, period, folds, derive(seed, "folds"))
            before = arranged.setdefault(layer.source, rows)
            if not np.array_equal(before.image, rows.image):
                raise DataError(
                    f"{path}: its trials show other images than those of the source's other layers. Delete "
                    "the activations of this recording and run again."
                )
            nulls = [
                permuted(angle, rows, by, period, np.random.default_rng(derive(seed, "permutation", number)))
                for number in range(permutations)
            ]
            decoded = decode(
                layer.activity, rows, np.array([rows.angle, *nulls]), period=period, methods=methods,
                strengths=strengths, training=training,
            )  # fmt: skip
            for method, own in decoded.items():
                error = absolute_error(own.predicted, rows.angle, period).mean()
                logger.info("%s, %s, %s: error %.3g", layer.source, layer.layer, method, error)
            about = layer._replace(activity=np.empty((0, layer.activity.shape[1])))
            found.setdefault(layer.source, {})[layer.layer] = about, decoded
    return Result(
        variables=_variables(found, arranged, methods, strengths, training, period, seed),
        attributes={
            "stimulus": stimulus, "factor": factor, "period": period, "population": recorded,
            "responses": responses, "by": by, "folds": folds, "permutations": permutations, "seed": seed,
            "hidden": hidden, "learning_rate": learning_rate, "level": LEVEL, "resamples": RESAMPLES,
            "images": len(names), "values": len(np.unique(angle % period)),
            "single_trials": [
                source for source, own in found.items() if any(about.repeated for about, _ in own.values())
            ]
            or None,
        },
    )  # fmt: skip


def _repeated(layer: Responses, path) -> Responses:
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
            f"{path}: expected single trials of images that were shown more than once, found none: 'by: "
            f"trials' leaves out repeats. Leave the source '{layer.source}' out, or decode 'by: images'."
        )
    if not kept.all():
        logger.warning(
            "%s: left out %d images that were shown once: by: trials leaves out repeats", path, (~kept).sum()
        )
    return layer._replace(activity=layer.activity[kept], image=layer.image[kept])


def _variables(found, arranged, methods, strengths, training: Training, period: float, seed: int) -> dict:
    """Arrange what was found, with NaN where a source lacks a layer."""
    sources = list(found)
    layers = list(dict.fromkeys(layer for own in found.values() for layer in own))
    most = max(len(rows.image) for rows in arranged.values())
    folds = 1 + max(int(rows.fold.max()) for rows in arranged.values())
    count = len(next(iter(next(iter(found.values())).values()))[1][methods[0]].null)
    table = (len(sources), len(layers))
    by_method = (*table, len(methods))
    values = {
        name: np.full(by_method, np.nan)
        for name in ("error", "low", "high", "loss", "p", "chance_mean", "chance_5")
    }
    values |= {
        name: np.full((*by_method, size), np.nan)
        for name, size in {"null": count, "chosen": folds, "predicted": most}.items()
    }
    curves: dict[str, np.ndarray] = {}
    order, units = np.full(table, -1, np.int32), np.zeros(table, np.int32)
    rows_of = {name: np.full((len(sources), most), -1, np.int32) for name in ("image", "fold")}
    rows_of["angle"] = np.full((len(sources), most), np.nan)
    for s, source in enumerate(sources):
        rows = arranged[source]
        for name, own in rows_of.items():
            own[s, : len(rows.image)] = getattr(rows, name)
        for layer, (about, decoded) in found[source].items():
            at = s, layers.index(layer)
            order[at], units[at] = about.order, about.activity.shape[1]
            for m, method in enumerate(methods):
                own = decoded[method]
                for name, value in judge(own, rows, period, derive(seed, "resamples")).items():
                    values[name][(*at, m)] = value
                values["null"][(*at, m)], values["chosen"][(*at, m)] = own.null, own.chosen
                values["predicted"][(*at, m)][: len(rows.image)] = own.predicted
                for name in ("error", "loss"):
                    curve = getattr(own, name)
                    curve = curve[..., 0] if method == "ridge" else curve
                    kept = curves.setdefault(
                        f"{method}_{name}", np.full((*table, *curve.shape), np.nan, np.float32)
                    )
                    kept[at] = curve
    own_dims = {"null": ("permutation",), "chosen": ("fold",), "predicted": ("row",)}
    dims = ("source", "layer", "decoder")
    last = {"ridge": ("strength",), "relu": ("decay", "epoch")}
    labels = {
        "source": sources, "layer": layers, "decoder": list(methods), "part": ["train", "test"],
        **({"strength": np.array(strengths)} if "ridge" in methods else {}),
        **({"decay": np.array(training.decays)} if "relu" in methods else {}),
        **({"epoch": np.array(training.told, np.int32)} if "relu" in methods else {}),
    }  # fmt: skip
    return {
        **{name: ((*dims, *own_dims.get(name, ())), own) for name, own in values.items()},
        **{
            name: (("source", "layer", "part", "fold", *last[name.split("_")[0]]), own)
            for name, own in curves.items()
        },
        **{name: (("source", "row"), own) for name, own in rows_of.items()},
        "order": (dims[:2], order),
        "units": (dims[:2], units),
        **{name: ((name,), own) for name, own in labels.items()},
    }


def judge(decoded: Decoded, rows: Rows, period: float, seed: int) -> dict[str, float]:
    """Summarise the errors of rows, with an interval over groups, and hold them against permutations.

    Returns
    -------
    dict
        ``error``, ``low``, ``high``, ``loss``, ``p``, ``chance_mean``, ``chance_5``; NaN without
        permutations.
    """
    error = absolute_error(decoded.predicted, rows.angle, period)
    _, group = np.unique(rows.group, return_inverse=True)
    sums, counts = np.bincount(group, error), np.bincount(group)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)))
    resampled = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    null = decoded.null
    none = not len(null)
    return {
        "error": error.mean(),
        "low": low,
        "high": high,
        "loss": circular_loss(decoded.predicted, rows.angle, period).mean(),
        "p": np.nan if none else (1 + (null <= error.mean() + 1e-9).sum()) / (1 + len(null)),
        "chance_mean": np.nan if none else null.mean(),
        "chance_5": np.nan if none else np.quantile(null, 0.05),
    }


def rows(variables: dict) -> Iterator[tuple]:
    """Yield the header and the rows of the long table: a layer of a source, decoded by a method, each."""
    columns = ("error", "low", "high", "loss", "chance_mean", "chance_5", "p")
    labels = [variables[dim][1] for dim in ("source", "layer", "decoder")]
    yield ("source", "layer", "decoder", "units", *columns)
    for index in np.ndindex(variables["error"][1].shape):
        if variables["order"][1][index[:2]] >= 0:
            keys = [label[at] for label, at in zip(labels, index, strict=True)]
            numbers = (variables[name][1][index] for name in columns)
            yield (*keys, variables["units"][1][index[:2]], *numbers)
