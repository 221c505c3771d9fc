"""Linear decoding: nested cross-validation, decoding across conditions, chance by permuting labels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError


class Task(NamedTuple):
    """What is decoded of which images.

    Attributes
    ----------
    label : int array (image,)
        The class, from 0.
    condition : int array (image,)
        Decoders are trained on the images of one condition, from 0, and tested on those of each.
    group : int array (image,) or None
        Images of one group are never both in training and in test.
    fold : int array (image,)
        The part of the images that is left out together; see `partition`.
    """

    label: np.ndarray
    condition: np.ndarray
    group: np.ndarray | None
    fold: np.ndarray

    @property
    def conditions(self) -> int:
        """Return how many conditions there are."""
        return int(self.condition.max()) + 1

    @property
    def folds(self) -> int:
        """Return how many folds there are; 1 where nothing can be left out."""
        return int(self.fold.max()) + 1


class Scores(NamedTuple):
    """How well was decoded.

    Attributes
    ----------
    accuracy : float64 (training condition, test condition, fold)
        Share of the images tested that were given their class. Where a condition is decoded from
        another and there are no groups, there is one test, of all images: further folds are NaN, as
        is all that cannot be tested.
    c : float64, as `accuracy`
        What was chosen for the decoder.
    """

    accuracy: np.ndarray
    c: np.ndarray

    def mean(self) -> np.ndarray:
        """Return the accuracy (training condition, test condition), averaged over folds."""
        made = np.isfinite(self.accuracy)
        count = made.sum(-1)
        return np.where(made, self.accuracy, 0).sum(-1) / np.where(count, count, np.nan)


def partition(label, condition, group, folds: int, seed: int) -> np.ndarray:
    """Divide images into folds that have the classes and conditions in equal shares, as far as possible.

    Parameters
    ----------
    label, condition : int arrays (image,)
    group : int array (image,) or None
    folds : int
        1: no image is ever left out.
    seed : int

    Returns
    -------
    int array (image,)
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    found = np.zeros(len(label), int)
    if folds == 1:
        return found
    kind = StratifiedKFold if group is None else StratifiedGroupKFold
    split = kind(folds, shuffle=True, random_state=seed % 2**32)
    both = condition * (label.max() + 1) + label
    for number, (_, test) in enumerate(split.split(both, both, group)):
        found[test] = number
    return found


class Decoder:
    """Linear support vector machines on the units of one layer.

    Before each training the units are standardised by mean and SD of the training images alone, and
    divided by the root of their number, so that C means the same in layers of any size. What images
    have in common with the training images, their products, is then all that a linear machine needs:
    products depend on the training images but not on labels, so that they are made once and serve
    every C and every permutation.

    Parameters
    ----------
    activity : float array (image, unit)
    task : Task
    grid : sequence of float
        Values of C, ascending. Of several, each training set chooses the one with which its own
        folds, left out in turn, are decoded best; of equally good ones the smallest.
    """

    def __init__(self, activity: np.ndarray, task: Task, grid: Sequence[float]):
        """Make the products that all trainings need."""
        self._task, self._grid = task, tuple(grid)
        activity = np.asarray(activity, np.float64)
        within = range(task.folds) if task.folds > 1 else ()
        nested = within if len(self._grid) > 1 else ()
        wanted: set[tuple[int, frozenset[int]]] = set()
        for condition in range(task.conditions):
            wanted.add((condition, frozenset()))
            wanted.update((condition, frozenset({one})) for one in within)
            wanted.update((condition, frozenset({one, two})) for one in within for two in nested)
        self._products = {key: self._product(activity, *key) for key in wanted}

    def _training(self, condition: int, left: frozenset[int]) -> np.ndarray:
        task = self._task
        return np.flatnonzero((task.condition == condition) & ~np.isin(task.fold, list(left)))

    def _product(self, activity: np.ndarray, condition: int, left: frozenset[int]) -> np.ndarray:
        """Return the products of all images with the training images, (image, training image)."""
        from sklearn.preprocessing import StandardScaler

        training = self._training(condition, left)
        scaled = StandardScaler().fit(activity[training]).transform(activity)
        return scaled @ scaled[training].T / activity.shape[1]

    def _train(self, label, condition: int, left: frozenset[int], c: float):
        from sklearn.svm import SVC

        training = self._training(condition, left)
        product = self._products[condition, left][training]
        return SVC(C=c, kernel="precomputed").fit(product, label[training])

    def _right(self, machine, label, condition: int, left: frozenset[int], images: np.ndarray) -> np.ndarray:
        """Say of which images the class is found, bool (image,)."""
        return machine.predict(self._products[condition, left][images]) == label[images]

    def _choose(self, label, condition: int, left: frozenset[int]) -> float:
        """Choose C by leaving out, in turn, the folds that are not left out already."""
        if len(self._grid) == 1:
            return self._grid[0]
        task = self._task
        folds = [fold for fold in range(task.folds) if fold not in left]
        scores = np.full((len(self._grid), len(folds)), -np.inf)
        for place, fold in enumerate(folds):
            test = np.flatnonzero((task.condition == condition) & (task.fold == fold))
            for at, c in enumerate(self._grid):
                machine = self._train(label, condition, left | {fold}, c)
                scores[at, place] = self._right(machine, label, condition, left | {fold}, test).mean()
                if np.abs(machine.dual_coef_).max(initial=0) < c:
                    # No image reaches the limit C: a larger one makes the same machine.
                    scores[at + 1 :, place] = scores[at, place]
                    break
        # Rounding must not decide between equals.
        return self._grid[int(np.argmax(scores.mean(1).round(9)))]

    def decode(self, label: np.ndarray) -> Scores:
        """Train and test with some labels (image,), the task's or permuted ones."""
        from sklearn import config_context

        # What is checked each time takes longer than the training of so few images.
        with config_context(assume_finite=True, skip_parameter_validation=True):
            return self._decode(label)

    def _decode(self, label: np.ndarray) -> Scores:
        task = self._task
        shape = (task.conditions, task.conditions, task.folds)
        accuracy, chosen = np.full(shape, np.nan), np.full(shape, np.nan)

        def test(condition: int, others: Sequence[int], fold: int | None) -> None:
            left = frozenset() if fold is None else frozenset({fold})
            c = self._choose(label, condition, left)
            machine = self._train(label, condition, left, c)
            images = np.isin(task.condition, others)
            images = np.flatnonzero(images if fold is None else images & (task.fold == fold))
            right = self._right(machine, label, condition, left, images)
            for other in others:
                here = task.condition[images] == other
                if here.any():
                    at = condition, other, fold or 0
                    accuracy[at], chosen[at] = right[here].mean(), c

        for condition in range(task.conditions):
            others = [other for other in range(task.conditions) if other != condition]
            for fold in range(task.folds) if task.folds > 1 else ():
                test(condition, [condition, *(others if task.group is not None else ())], fold)
            if task.group is None and others:
                test(condition, others, None)
        return Scores(accuracy, chosen)


def permuted(task: Task, random: np.random.Generator) -> np.ndarray:
    """Permute labels where they could have been others, with every class in every training as before.

    Labels change places within a condition and fold. Where there are groups, they do so within a
    condition and group; where each group has one label in a condition, groups change labels as wholes,
    with groups of the same fold that lie in the same conditions. Each class then keeps its number of
    images, or of groups, in each condition and fold. Where the groups of one class have more images
    than those of another, permuted labels are not as uneven as the actual ones, and p is too small.

    Returns
    -------
    int array (image,)

    Raises
    ------
    DataError
        No label can change.
    """
    unit, kind = _units(task)
    labels = np.full((len(kind), task.conditions), -1)
    labels[unit, task.condition] = task.label
    alike = [np.flatnonzero(kind == own) for own in np.unique(kind)]
    if not any((labels[units] != labels[units[0]]).any() for units in alike):
        raise DataError(
            "expected labels that can be permuted: in some fold, two groups of different classes that have "
            "images of the same conditions; found none. Take other groups or fewer folds, or give "
            "'permutations: 0'."
        )
    for units in alike:
        labels[units] = labels[random.permutation(units)]
    return labels[unit, task.condition]


def _units(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Return what changes labels as a whole, (image,), and which of these units do so together, (unit,)."""
    if task.group is None:
        return np.arange(len(task.label)), _numbered(task.condition, task.fold)
    unit = _numbered(task.group)
    labels = np.full((unit.max() + 1, task.conditions), -1)
    labels[unit, task.condition] = task.label
    if (labels[unit, task.condition] != task.label).any():  # several in a group
        return np.arange(len(task.label)), _numbered(task.condition, task.group)
    fold = np.empty(len(labels), int)
    fold[unit] = task.fold
    return unit, _numbered(fold, labels >= 0)


def _numbered(*columns: np.ndarray) -> np.ndarray:
    """Number the different rows of columns in their order."""
    return np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].reshape(-1)


def check(task: Task, nested: bool, name) -> None:
    """Refuse a division into folds that leaves a training without one of the classes.

    Parameters
    ----------
    task : Task
    nested : bool
        Whether two folds are left out at once, to choose C.
    name : callable
        Names a class of a condition, for the message.

    Raises
    ------
    DataError
        Names the classes that too few folds have.
    """
    if task.folds == 1:
        return
    fewest = 3 if nested else 2
    lacking = []
    for condition in range(task.conditions):
        for label in range(int(task.label.max()) + 1):
            here = (task.condition == condition) & (task.label == label)
            if len(set(task.fold[here])) < fewest:
                lacking.append(f"{name(label, condition)} ({len(set(task.fold[here]))})")
    if lacking:
        raise DataError(
            f"expected each class in at least {fewest} of {task.folds} folds, so that every training has it; "
            f"found {', '.join(lacking[:5])}. Take other groups, fewer folds, or more images."
        )
