"""Which factor of the images can be decoded from a layer by linear support vector machines."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from pydantic import PositiveFloat

from repscape.analyses.lib.chance import against_permutations, permutation_generators
from repscape.analyses.lib.of_activity import Decoding, Grouped, OfPopulation, OfVariedImages
from repscape.analyses.lib.responses import each_layer
from repscape.analyses.lib.result import Result, long_table, stacked
from repscape.analyses.lib.stimulus_factors import LABEL, check_factor, read_stimulus, stimulus_of, values_of
from repscape.analyses.lib.svm_task import Task, arrange, permuted
from repscape.core.errors import ConfigError, DataError
from repscape.plugin.contract import parameter
from repscape.study.defaults import layers_of, one_or_default
from repscape.study.study import Study

PAIR = ("train", "test")
DIMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("accuracy", "p", "chance_mean", "chance_95"), PAIR),
    **dict.fromkeys(("fold_accuracy", "C"), (*PAIR, "fold")),
    "null": (*PAIR, "permutation"),
    **dict.fromkeys(("mean_accuracy", "mean_p", "mean_chance", "mean_chance_95"), ("kind",)),
    "mean_null": ("kind", "permutation"),
    "order": (),
    "units": (),
    "layer": (),
}


class Svm(Grouped, Decoding, OfVariedImages, OfPopulation):
    """Which factor of the images can be decoded from a layer by linear support vector machines."""

    source: str | None = parameter("The network or recording. By default the first.", None)
    layers: list[str] | None = parameter("Its layers. By default all.", None)
    target: str | None = parameter(
        "The factor that is decoded, or `label`. By default the first factor of the stimulus.", None
    )
    across: str | None = parameter(
        "A factor; machines are trained on images of one of its values and tested on those of every other "
        "value.",
        None,
    )
    C: tuple[PositiveFloat, ...] = parameter(
        "The penalty C, the largest weight of any image: one value, or several to choose from. With "
        "standardised units, the weight of an image that is unlike all others is about 1.",
        (0.1, 1.0, 10.0),
        min_length=1,
    )

    def inputs(self, study: Study) -> dict:
        """Name the stimulus and the activations of each layer.

        Raises
        ------
        ConfigError
            A name is unknown.
        """
        source = one_or_default(self.source, study.layers, "source")
        factors = {key: name for key, name in self._named().items() if name != LABEL}
        stimulus = stimulus_of(study, source, self.stimulus, factors.values())
        for key, name in factors.items():
            check_factor(study, stimulus, name, key)
        layers = [(source, layer) for layer in layers_of(study, source, self.layers)]
        return {
            "stimulus": study.path("stimulus", stimulus=stimulus),
            "activations": self.activation_files(study, stimulus, layers),
        }

    def check(self) -> None:
        """Refuse keys that do not go together."""
        named = self._named().values()
        if len(set(named)) < len(named):
            raise ConfigError(
                "expected different factors for 'target', 'across' and 'groups', found one of them twice."
            )
        if len(self.C) > 1:
            self.check_nested("C")

    def compute(self, files: Mapping) -> Result:
        """Decode a factor of the images from each layer's recorded units.

        Linear machines (libsvm's C-SVC, one against one) with nested cross-validation: folds with equal
        shares of the classes are left out in turn, and of the rest each fold in turn to choose C. Units are
        standardised by the mean and SD of the training images alone and divided by the root of their
        number. See `svm_decoder.Decoder`.

        With `across`, each value of that factor is a condition: machines are trained on the images of one
        and tested on those of every other; within a condition as above. Without `groups`, a machine for
        another condition is trained on all images of its own; with groups, the same groups are left out
        of the training in one condition as are tested in the other.

        Chance is what the same procedure, choice of C included, makes of permuted labels (see
        `svm_task.permuted` and `chance.against_permutations`).

        Parameters
        ----------
        files : ``{"stimulus": path, "activations": paths}``

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
        where = files["stimulus"]
        names, values = read_stimulus(where)
        if not values:
            raise DataError(f"{where}: expected images with factors or labels, found neither.")
        named = {"target": next(iter(values))} | self._named()
        columns = {name: values_of(values, name, where) for name in named.values()}
        target, grid = named["target"], sorted(set(self.C))
        task, classes, conditions = arrange(
            columns, target, self.across, self.groups, folds=self.folds, nested=len(grid) > 1, seed=self.seed
        )
        labels = [permuted(task, random) for random in permutation_generators(self.seed, self.permutations)]
        found = []
        for layer in each_layer(files["activations"], "decoding", (names, where)):
            units = layer.activity.shape[1]
            about = {"layer": layer.layer, "order": np.int32(layer.order), "units": np.int32(units)}
            found.append(about | decoded(layer.activity, task, grid, labels))
        return Result(
            variables={
                **stacked(found, "layer", DIMS),
                "images": (("train", "class"), task.images()),
                "train": (("train",), conditions),
                "test": (("test",), conditions),
                "kind": (("kind",), ["within"] if self.across is None else ["within", "across"]),
                "class": (("class",), classes),
            },
            attributes={
                **{name: layer.attributes[name] for name in ("source", "stimulus", "population")},
                "target": target,
                **{name: getattr(self, name) for name in ("across", "groups", "permutations", "seed")},
                "folds": task.folds,
                "grid": grid,
                "chance": 1 / len(classes),
            },
        )

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a layer, a training and a test each."""
        columns = ("accuracy", "chance_mean", "chance_95", "p")
        return long_table(result.variables, ("layer", *PAIR), ("layer", *PAIR, *columns))

    def _named(self) -> dict[str, str]:
        """Return the factors that are named, by key."""
        keys = {"target": self.target, "across": self.across, "groups": self.groups}
        return {key: name for key, name in keys.items() if name is not None}


def decoded(
    activity: np.ndarray, task: Task, grid: Sequence[float], permuted_labels: Sequence[np.ndarray]
) -> dict[str, np.ndarray]:
    """Decode the images of a layer.

    Parameters
    ----------
    activity : float array (image, unit)
    task : Task
    grid : sequence of float
        Values of C, ascending.
    permuted_labels : int arrays (image,)

    Returns
    -------
    dict of variable to float64 array, as in `Svm.compute`, without the layer
    """
    from repscape.analyses.lib.svm_decoder import Decoder

    decoder = Decoder(activity, task, grid)
    scores = decoder.decode(task.label)
    accuracy = scores.mean()
    null = np.empty((*accuracy.shape, len(permuted_labels)))
    for number, labels in enumerate(permuted_labels):
        null[..., number] = decoder.decode(labels).mean()
    return {
        "fold_accuracy": scores.accuracy,
        "C": scores.c,
        "null": null,
        **compare_with_permutations(accuracy, null),
    }


def compare_with_permutations(accuracy: np.ndarray, null: np.ndarray) -> dict[str, np.ndarray]:
    """Compare accuracies, and their means within and across conditions, with those of permuted labels.

    Parameters
    ----------
    accuracy : float64 (train, test)
    null : float64 (train, test, permutation)
    """
    same = np.eye(len(accuracy), dtype=bool)
    kinds = [same] if len(accuracy) == 1 else [same, ~same]
    means, nulls = (np.stack([values[kind].mean(0) for kind in kinds]) for values in (accuracy, null))
    found = {"accuracy": accuracy, "mean_accuracy": means, "mean_null": nulls}
    for values, own_null, names in (
        (accuracy, null, ("p", "chance_mean", "chance_95")),
        (means, nulls, ("mean_p", "mean_chance", "mean_chance_95")),
    ):
        tests = against_permutations(values, own_null, higher=True)
        found |= dict(zip(names, tests, strict=True))
    return found
