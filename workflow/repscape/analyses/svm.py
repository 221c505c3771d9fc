"""Which factor of the images can be read out of a layer, by linear support vector machines."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, PositiveFloat

from repscape.analyses.lib.factorial_design import known, stimulus_of
from repscape.analyses.lib.responses import check_finite
from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.labels import check_equal
from repscape.core.logs import progress
from repscape.core.seeds import derive
from repscape.plugin.parameter_types import Resamples
from repscape.study.defaults import layers_of, one, sampled
from repscape.study.study import Study

if TYPE_CHECKING:
    from repscape.analyses.lib.svm_decoder import Task

TABLE = True
LABEL = "label"  # of an image, which is no factor
EVERY = "all"  # the condition where there is but one
LISTED = 5

Grid = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]


def inputs(
    study: Study,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    population: str | None = None,
    layers: list[str] | None = None,
    target: str | None = None,
    across: str | None = None,
    groups: str | None = None,
) -> dict:
    """Name the stimulus and the activations of each layer.

    Raises
    ------
    ConfigError
        A name is unknown.
    """
    source = one(source, study.layers, "source")
    named = [name for name in (target, across, groups) if name not in (None, LABEL)]
    stimulus = stimulus_of(study, source, stimulus, named)
    varied = known(study, stimulus)
    for key, name in {"target": target, "across": across, "groups": groups}.items():
        if varied is not None and name is not None and name not in (*varied, LABEL):
            raise ConfigError(f"{key}: of the factors of '{stimulus}', {unknown(name, varied)}")
    population = (
        sampled(study.samples, None)
        if population is None
        else one(population, study.config["populations"], "population")
    )
    keys = {"source": source, "stimulus": stimulus, "population": population}
    return {
        "stimulus": study.path("stimulus", stimulus=stimulus),
        "activations": [
            study.path("activations", **keys, layer=layer) for layer in layers_of(study, source, layers)
        ],
    }


def check(*, target, across, groups, folds, C) -> None:
    """Refuse keys that do not go together."""
    named = [name for name in (target, across, groups) if name is not None]
    if len(set(named)) < len(named):
        raise ConfigError(
            "expected 'target', 'across' and 'groups' to be different factors, found one of them twice."
        )
    if len(C) > 1 and folds < 3:
        raise ConfigError(
            "folds: a choice among several C leaves a second fold out, so at least 3 are needed; found "
            f"{folds}. Take more folds, or one C."
        )


def compute(
    files: dict,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    population: str | None = None,
    layers: list[str] | None = None,
    target: str | None = None,
    across: str | None = None,
    groups: str | None = None,
    folds: Annotated[int, Field(ge=2)] = 5,
    C: Grid = (0.1, 1.0, 10.0),
    permutations: Resamples = 100,
    seed: int,
) -> Result:
    """Decode a factor of the images from each layer's recorded units.

    Linear machines (libsvm's C-SVC, one against one) with nested cross-validation: folds with equal
    shares of the classes are left out in turn, and of the rest each fold in turn to choose C. Units are
    standardised by the mean and SD of the training images alone and divided by the root of their
    number. See `Decoder`.

    With `across`, each value of that factor is a condition: machines are trained on the images of one
    and tested on those of every other; within a condition as above. Without `groups`, a machine for
    another condition is trained on all images of its own; with groups, the same groups are left out
    of the training in one condition as are tested in the other.

    Chance is what the same procedure, choice of C included, makes of permuted labels (see `permuted`);
    p = (1 + number of permutations that are at least as accurate) / (1 + permutations).

    Parameters
    ----------
    files : ``{"stimulus": path, "activations": paths}``
    source, stimulus, population : names
        By default the first source, stimulus with factors, and population that is sampled by size.
    layers : list of str, optional
        By default all.
    target : a factor of the stimulus, or ``label``
        What is decoded; by default the first factor.
    across : a factor, optional
    groups : a factor, optional
        Images that share its value are never both in training and in test.
    folds : int
    C : sequence of float
        One value is taken as it is, several are chosen from. It limits the weight of any image; with
        the units' scale, that of an image of its own is about 1.
    permutations : int
    seed : int

    Returns
    -------
    Result
        float64: ``accuracy``, ``p``, ``chance_mean`` and ``chance_95`` (mean and 95% quantile of
        the permutations) (layer, train, test); ``fold_accuracy`` and ``C`` (layer, train, test, fold);
        ``null`` (layer, train, test, permutation). Of their means over conditions ``within`` (train
        and test in the same) and ``across`` (not in the same): ``mean_accuracy``, ``mean_p``,
        ``mean_chance``, ``mean_chance_95`` (layer, kind), ``mean_null`` (layer, kind, permutation).
        ``images`` int32 (train, class); ``order`` (layer); ``units`` (layer).

    Raises
    ------
    DataError
        A factor is unknown or has one value, a class has too few images or groups, activity is NaN.
    """
    from repscape.analyses.lib.svm_decoder import Decoder, permuted
    from repscape.io import netcdf

    grid = tuple(sorted(set(C)))
    with netcdf.open_file(files["stimulus"], "stimulus", rows=range(0)) as file:
        names = file["name"][:]
        target, columns = _columns(file, files["stimulus"], target, across, groups)
    task, classes, conditions = arrange(columns, target, across, groups, folds, grid, seed)
    labels = [
        permuted(task, np.random.default_rng(derive(seed, "permutation", number)))
        for number in range(permutations)
    ]
    found: dict[str, list] = {}
    keys: dict = {}
    for path in progress(files["activations"], "decoding", "layers", len(files["activations"]), lambda _: 1):
        with netcdf.open_file(path, "activations") as file:
            check_equal("image", names, files["stimulus"], file["name"][:], path)
            activity = file["activation"][:]
            keys = {name: getattr(file, name) for name in ("source", "stimulus", "population")}
            layer = {"layer": file.layer, "order": np.int32(file.order), "units": np.int32(activity.shape[1])}
        check_finite(activity, names, path, layer["layer"])
        decoder = Decoder(activity, task, grid)
        scores = decoder.decode(task.label)
        null = [decoder.decode(label).mean() for label in labels]
        null = np.stack(null, -1) if null else np.empty((*scores.mean().shape, 0))
        layer |= {"fold_accuracy": scores.accuracy, "C": scores.c, "null": null}
        for name, value in (layer | judge(scores.mean(), null)).items():
            found.setdefault(name, []).append(value)
    kinds = ["within"] if across is None else ["within", "across"]
    pair = ("train", "test")
    dims = {
        **dict.fromkeys(("accuracy", "p", "chance_mean", "chance_95"), pair),
        **dict.fromkeys(("fold_accuracy", "C"), (*pair, "fold")),
        "null": (*pair, "permutation"),
        **dict.fromkeys(("mean_accuracy", "mean_p", "mean_chance", "mean_chance_95"), ("kind",)),
        "mean_null": ("kind", "permutation"),
        "order": (),
        "units": (),
    }
    counts = [
        [int(((task.condition == at) & (task.label == own)).sum()) for own in range(len(classes))]
        for at in range(len(conditions))
    ]
    return Result(
        variables={
            **{name: (("layer", *own), np.stack(found[name])) for name, own in dims.items()},
            "images": (("train", "class"), np.array(counts, np.int32)),
            "layer": (("layer",), found["layer"]),
            "train": (("train",), conditions),
            "test": (("test",), conditions),
            "kind": (("kind",), kinds),
            "class": (("class",), classes),
        },
        attributes={
            **keys,
            "target": target,
            "across": across,
            "groups": groups,
            "folds": task.folds,
            "grid": list(grid),
            "permutations": permutations,
            "seed": seed,
            "chance": 1 / len(classes),
        },
    )


def _columns(file, path, target, across, groups) -> tuple[str, dict[str, np.ndarray]]:
    """Read what the images of an open stimulus vary in; return the target and all that is asked for."""
    from repscape.stimuli.lib import factors

    found = factors.read(file)
    if LABEL in file.variables:
        found[LABEL] = file[LABEL][:]
    if not found:
        raise DataError(f"{path}: expected images with factors or labels, found neither: nothing to decode.")
    target = target or next(iter(found))
    for name in (target, across, groups):
        if name is not None and name not in found:
            raise DataError(f"{path}: its images have no factor '{name}'; they have: {', '.join(found)}.")
    return target, {name: found[name] for name in (target, across, groups) if name is not None}


def arrange(
    columns, target: str, across: str | None, groups: str | None, folds: int, grid, seed: int
) -> "tuple[Task, list[str], list[str]]":
    """Arrange images for decoding.

    Parameters
    ----------
    columns : mapping of factor to its values (image,)
    target, across, groups : names of factors; see `compute`
    folds, grid, seed : as in `compute`

    Returns
    -------
    Task, list of str, list of str
        The names of classes and of conditions, in natural order.

    Raises
    ------
    DataError
        There is one class, or a class has too few images or groups; the message says how many.
    """
    from repscape.analyses.lib import svm_decoder
    from repscape.analyses.lib.factorial_design import coded

    label, classes = coded(columns[target])
    condition, conditions = (np.zeros(len(label), int), [EVERY]) if across is None else coded(columns[across])
    group = None if groups is None else coded(columns[groups])[0]
    for factor, values in ((target, classes), (across, conditions)):
        if factor is not None and len(values) < 2:
            raise DataError(
                f"{factor}: expected at least 2 values, found 1 ('{values[0]}'). Choose another factor, or "
                "add images."
            )

    def name(own: int, at: int) -> str:
        where = "" if across is None else f" at {across} {conditions[at]}"
        return f"{target} {classes[own]}{where}"

    counts = {
        (own, at): len(np.unique((np.arange(len(label)) if group is None else group)[here]))
        for at in range(len(conditions))
        for own in range(len(classes))
        for here in [(condition == at) & (label == own)]
    }
    what = "images" if groups is None else f"values of {groups}"
    if min(counts.values()) == 1 and len(grid) == 1 and across is not None and groups is None:
        folds = 1  # what is left is decoding across conditions
    few = [f"{name(*key)} ({count})" for key, count in counts.items() if count < max(folds, 1)]
    if few:
        more = f", and {len(few) - LISTED} more" if len(few) > LISTED else ""
        fewest = min(counts.values())
        hint = (
            "To decode across conditions alone, which needs one image of each, give one C"
            if across is not None and groups is None and fewest == 1
            else "Lower 'folds' to 2 and give one C (C: [1])"
            if fewest == 2 and len(grid) > 1
            else f"Lower 'folds' to {fewest}"
            if fewest > 1
            else "Leave out 'across'"
            if across is not None
            else "Choose another 'target'"
        )
        raise DataError(
            f"expected at least {folds} {what} of each class, one a fold; found fewer of "
            f"{', '.join(few[:LISTED])}{more}. {hint}, or show more images."
        )
    fold = svm_decoder.partition(label, condition, group, folds, seed)
    task = svm_decoder.Task(label, condition, group, fold)
    svm_decoder.check(task, len(grid) > 1, name)
    return task, classes, conditions


def judge(accuracy: np.ndarray, null: np.ndarray) -> dict[str, np.ndarray]:
    """Hold accuracies against those of permuted labels.

    Parameters
    ----------
    accuracy : float64 (train, test)
    null : float64 (train, test, permutation)
    """
    same = np.eye(len(accuracy), dtype=bool)
    kinds = [same] if len(accuracy) == 1 else [same, ~same]
    means, nulls = (np.stack([values[kind].mean(0) for kind in kinds]) for values in (accuracy, null))
    found = {"accuracy": accuracy, "mean_accuracy": means, "mean_null": nulls}
    for prefix, chance, own, permuted in (
        ("", "chance_mean", accuracy, null),
        ("mean_", "mean_chance", means, nulls),
    ):
        count = permuted.shape[-1]
        undefined = np.isnan(own) | (count == 0)
        as_good = (permuted >= own[..., None] - 1e-9).sum(-1)
        found[f"{prefix}p"] = np.where(undefined, np.nan, (1 + as_good) / (1 + count))
        if count:
            found[chance] = permuted.mean(-1)
            found[f"{prefix}chance_95"] = np.quantile(permuted, 0.95, axis=-1)
        else:
            found[chance] = found[f"{prefix}chance_95"] = np.full(own.shape, np.nan)
    return found


def rows(variables: dict) -> Iterator[tuple]:
    """Yield the header and the rows of the long table: a layer, a training and a test each."""
    columns = ("accuracy", "chance_mean", "chance_95", "p")
    layers, conditions = variables["layer"][1], variables["train"][1]
    yield ("layer", "train", "test", *columns)
    for index in np.ndindex(variables["accuracy"][1].shape):
        at, train, test = index
        values = (variables[name][1][index] for name in columns)
        yield (layers[at], conditions[train], conditions[test], *values)
