"""Linear decoding by support vector machines: nested cross-validation, and across conditions."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from repscape.analyses.lib.svm_task import Task


class Scores(NamedTuple):
    """How well was decoded.

    Attributes
    ----------
    accuracy : float64 (training condition, test condition, fold)
        Share of the images tested that were given their class. Where a condition is decoded from
        another and there are no groups, there is one test, of all images: further folds are NaN, as
        is all that cannot be tested.
    c : float64, as `accuracy`
        The value chosen for the decoder.
    """

    accuracy: np.ndarray
    c: np.ndarray

    def mean(self) -> np.ndarray:
        """Return the accuracy (training condition, test condition), averaged over folds."""
        made = np.isfinite(self.accuracy)
        count = made.sum(-1)
        return np.where(made, self.accuracy, 0).sum(-1) / np.where(count, count, np.nan)


class _Training(NamedTuple):
    """A training set: the images of a condition without those of some folds."""

    condition: int
    left_out: frozenset[int]

    def without(self, fold: int) -> "_Training":
        return _Training(self.condition, self.left_out | {fold})


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
        self._images = {training: self._images_of(training) for training in self._trainings()}
        activity = np.asarray(activity, np.float64)
        self._products = {training: _products(activity, images) for training, images in self._images.items()}

    def _trainings(self) -> Iterator[_Training]:
        """Yield all training sets; some more than once."""
        folds = range(self._task.folds) if self._task.folds > 1 else ()
        for condition in range(self._task.conditions):
            whole = _Training(condition, frozenset())
            yield whole
            for fold in folds:
                yield whole.without(fold)
                if len(self._grid) > 1:
                    yield from (whole.without(fold).without(other) for other in folds)

    def _images_of(self, training: _Training) -> np.ndarray:
        here = self._task.condition == training.condition
        return np.flatnonzero(here & ~np.isin(self._task.fold, list(training.left_out)))

    def decode(self, label: np.ndarray) -> Scores:
        """Train and test with some labels (image,), the task's or permuted ones."""
        from sklearn import config_context

        task = self._task
        shape = (task.conditions, task.conditions, task.folds)
        scores = Scores(np.full(shape, np.nan), np.full(shape, np.nan))
        # What is checked each time takes longer than the training of so few images.
        with config_context(assume_finite=True, skip_parameter_validation=True):
            for condition in range(task.conditions):
                whole = _Training(condition, frozenset())
                others = [other for other in range(task.conditions) if other != condition]
                tested = [condition, *(others if task.group is not None else ())]
                for fold in range(task.folds) if task.folds > 1 else ():
                    images = np.isin(task.condition, tested) & (task.fold == fold)
                    self._test(scores, label, whole.without(fold), images, fold)
                if task.group is None and others:
                    self._test(scores, label, whole, np.isin(task.condition, others), 0)
        return scores

    def _test(self, scores: Scores, label, training: _Training, images: np.ndarray, fold: int) -> None:
        """Train a machine and write how well it does on some images, by their conditions."""
        c = self._choose(label, training)
        right = self._right(self._train(label, training, c), label, training, images)
        for other in np.unique(self._task.condition[images]):
            at = training.condition, other, fold
            scores.accuracy[at] = right[self._task.condition[images] == other].mean()
            scores.c[at] = c

    def _train(self, label, training: _Training, c: float) -> Any:
        from sklearn.svm import SVC

        images = self._images[training]
        return SVC(C=c, kernel="precomputed").fit(self._products[training][images], label[images])

    def _right(self, machine, label, training: _Training, images: np.ndarray) -> np.ndarray:
        """Return whether the class is found of each of some images, given as bool (image,)."""
        return machine.predict(self._products[training][images]) == label[images]

    def _choose(self, label, training: _Training) -> float:
        """Choose C by leaving out, in turn, the folds that are not left out already."""
        if len(self._grid) == 1:
            return self._grid[0]
        task = self._task
        folds = [fold for fold in range(task.folds) if fold not in training.left_out]
        scores = np.full((len(self._grid), len(folds)), -np.inf)
        for column, fold in enumerate(folds):
            inner = training.without(fold)
            images = (task.condition == training.condition) & (task.fold == fold)
            for at, c in enumerate(self._grid):
                machine = self._train(label, inner, c)
                scores[at, column] = self._right(machine, label, inner, images).mean()
                if np.abs(machine.dual_coef_).max(initial=0) < c:
                    # No image reaches the limit C: a larger one makes the same machine.
                    scores[at + 1 :, column] = scores[at, column]
                    break
        # Rounding must not decide between equals.
        return self._grid[int(np.argmax(scores.mean(1).round(9)))]


def _products(activity: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return the products of all images with some images on whose units they are standardised."""
    from sklearn.preprocessing import StandardScaler

    scaled = StandardScaler().fit(activity[images]).transform(activity)
    return scaled @ scaled[images].T / activity.shape[1]
