"""What is decoded of which images: classes, conditions, groups and folds, and how labels are permuted."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.stimulus_factors import coded
from repscape.core.errors import DataError

EVERY = "all"  # the condition where there is but one
LISTED = 5  # classes that a message names

Values = Sequence[str] | np.ndarray


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

    def images(self) -> np.ndarray:
        """Return how many images there are: int32 (condition, class)."""
        counts = np.zeros((self.conditions, int(self.label.max()) + 1), np.int32)
        np.add.at(counts, (self.condition, self.label), 1)
        return counts


def arrange(
    columns: Mapping[str, Values],
    target: str,
    across: str | None,
    groups: str | None,
    *,
    folds: int,
    nested: bool,
    seed: int,
) -> tuple[Task, list[str], list[str]]:
    """Arrange images for decoding.

    Parameters
    ----------
    columns : mapping of factor to its values (image,)
    target, across, groups : names of factors
        What is decoded; whose values are conditions; whose values are groups.
    folds : int
    nested : bool
        Whether two folds are left out at once, to choose C.
    seed : int

    Returns
    -------
    Task, list of str, list of str
        The names of classes and of conditions, in natural order.

    Raises
    ------
    DataError
        There is one class, or a class has too few images or groups; the message says how many.
    """
    label, classes = coded(columns[target])
    condition, conditions = np.zeros(len(label), int), [EVERY]
    if across is not None:
        condition, conditions = coded(columns[across])
    group = None if groups is None else coded(columns[groups])[0]
    for factor, values in ((target, classes), (across, conditions)):
        if factor is not None and len(values) < 2:
            raise DataError(
                f"{factor}: expected at least 2 values, found 1 ('{values[0]}'). Choose another factor, or "
                "add images."
            )

    def name(own: int, at: int) -> str:
        return f"{target} {classes[own]}" + ("" if across is None else f" at {across} {conditions[at]}")

    item = np.arange(len(label)) if group is None else group  # what is counted
    counts = {
        (own, at): len(np.unique(item[(condition == at) & (label == own)]))
        for at in range(len(conditions))
        for own in range(len(classes))
    }
    if min(counts.values()) == 1 and not nested and across is not None and groups is None:
        folds = 1  # what is left is decoding across conditions
    few = {name(*key): count for key, count in counts.items() if count < folds}
    if few:
        raise DataError(_too_few(few, folds, nested, across, groups))
    task = Task(label, condition, group, partition(label, condition, group, folds, seed))
    check_folds(task, nested, name)
    return task, classes, conditions


def _too_few(few: Mapping[str, int], folds: int, nested: bool, across: str | None, groups: str | None) -> str:
    """Return the message about classes with too few images or groups, by name, with what to do."""
    fewest = min(few.values())
    if across is not None and groups is None and fewest == 1:
        hint = "For decoding across conditions, which needs one image of each, give one C"
    elif fewest == 2 and nested:
        hint = "Lower 'folds' to 2 and give one C (C: [1])"
    elif fewest > 1:
        hint = f"Lower 'folds' to {fewest}"
    else:
        hint = "Choose another 'target'" if across is None else "Leave out 'across'"
    what = "images" if groups is None else f"values of {groups}"
    return (
        f"expected at least {folds} {what} of each class, one per fold; found fewer of {_listed(few)}. "
        f"{hint}, or show more images."
    )


def _listed(counts: Mapping[str, int]) -> str:
    more = f", and {len(counts) - LISTED} more" if len(counts) > LISTED else ""
    return ", ".join(f"{name} ({count})" for name, count in list(counts.items())[:LISTED]) + more


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


def check_folds(task: Task, nested: bool, name: Callable[[int, int], str]) -> None:
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
    lacking = {}
    for condition, label in np.ndindex(task.images().shape):
        folds = len(set(task.fold[(task.condition == condition) & (task.label == label)]))
        if folds < fewest:
            lacking[name(label, condition)] = folds
    if lacking:
        raise DataError(
            f"expected each class in at least {fewest} of {task.folds} folds, so that every training has "
            f"it; found {_listed(lacking)}. Use other groups, fewer folds, or more images."
        )


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
            "expected labels that can be permuted: in some fold, two groups of different classes that "
            "have images of the same conditions; found none. Use other groups or fewer folds, or set "
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
