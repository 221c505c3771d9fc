"""Support vector machines, against scikit-learn's own pipelines."""

import itertools

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.model_selection import GridSearchCV, PredefinedSplit, cross_val_score, permutation_test_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from repscape.analyses.lib.svm_decoder import Decoder
from repscape.analyses.lib.svm_task import permuted

GRID = (0.01, 0.1, 1.0, 10.0)


def pipeline(units, c=1.0):
    """The same machine on the units themselves."""
    shrink = FunctionTransformer(lambda x: x / np.sqrt(units))
    return make_pipeline(StandardScaler(), shrink, SVC(kernel="linear", C=c))


def chosen_by_search(units, folds):
    return GridSearchCV(pipeline(units), {"svc__C": GRID}, cv=PredefinedSplit(folds), refit=first_of_the_best)


def first_of_the_best(results):
    """Of values of C that are equally good, the smallest; scikit-learn would let rounding decide."""
    return int(np.argmax(results["mean_test_score"].round(9)))


def activity_of(task, units=40, signal=0.5, seed=1):
    random = np.random.default_rng(seed)
    means = random.normal(size=(task.label.max() + 1, units)) * signal
    shifts = random.normal(size=(task.conditions, units))
    values = means[task.label] + shifts[task.condition] + random.normal(size=(len(task.label), units))
    return (values * random.uniform(0.1, 10, units) + random.normal(size=units) * 50).astype(np.float32)


@pytest.mark.parametrize("groups", [False, True])
def test_nested_cross_validation_is_that_of_scikit_learn(task_of, groups):
    task = task_of(conditions=1, views=10, folds=5, groups=groups)
    activity = activity_of(task, signal=0.3).astype(np.float64)
    scores = Decoder(activity, task, GRID).decode(task.label)
    for fold in range(5):
        train, test = task.fold != fold, task.fold == fold
        search = chosen_by_search(40, task.fold[train]).fit(activity[train], task.label[train])
        assert scores.accuracy[0, 0, fold] == search.score(activity[test], task.label[test])
        assert scores.c[0, 0, fold] == search.best_params_["svc__C"]
    assert scores.mean()[0, 0] == pytest.approx(scores.accuracy[0, 0].mean())


def test_choice_where_some_folds_reach_the_limit_and_some_do_not(task_of):
    """Larger C are not tried where they would make the same machine, and count all the same."""
    chosen = []
    for seed in range(6):
        task = task_of(classes=2, conditions=1, views=8, folds=4, seed=seed)
        activity = activity_of(task, units=40, signal=0.3, seed=seed).astype(np.float64)
        scores = Decoder(activity, task, GRID).decode(task.label)
        for fold in range(4):
            train = task.fold != fold
            search = chosen_by_search(40, task.fold[train]).fit(activity[train], task.label[train])
            chosen.append((scores.c[0, 0, fold], search.best_params_["svc__C"]))
    found, expected = np.array(chosen).T
    np.testing.assert_array_equal(found, expected)
    assert len(set(found)) > 2


def test_one_c_is_plain_cross_validation(task_of):
    task = task_of(conditions=1, views=8, folds=4)
    activity = activity_of(task, signal=0.3).astype(np.float64)
    expected = cross_val_score(pipeline(40, 0.1), activity, task.label, cv=PredefinedSplit(task.fold))
    np.testing.assert_array_equal(Decoder(activity, task, [0.1]).decode(task.label).accuracy[0, 0], expected)


def test_across_conditions_by_hand(task_of):
    task = task_of(conditions=3)
    activity = activity_of(task).astype(np.float64)
    scores = Decoder(activity, task, GRID).decode(task.label)
    for train, test in itertools.permutations(range(3), 2):
        own, other = task.condition == train, task.condition == test
        search = chosen_by_search(40, task.fold[own]).fit(activity[own], task.label[own])
        expected = search.score(activity[other], task.label[other])
        assert scores.accuracy[train, test, 0] == expected == scores.mean()[train, test]
        assert np.isnan(scores.accuracy[train, test, 1:]).all()


def test_across_conditions_leaves_out_groups(task_of):
    task = task_of(conditions=2, groups=True)
    activity = activity_of(task).astype(np.float64)
    scores = Decoder(activity, task, GRID).decode(task.label)
    for train, test, fold in itertools.product(range(2), range(2), range(3)):
        own = (task.condition == train) & (task.fold != fold)
        other = (task.condition == test) & (task.fold == fold)
        assert not set(task.group[own]) & set(task.group[other])
        search = chosen_by_search(40, task.fold[own]).fit(activity[own], task.label[own])
        assert scores.accuracy[train, test, fold] == search.score(activity[other], task.label[other])


def test_standardising_outside_the_folds_would_differ(task_of):
    """A unit that is silent but for one class's test image: only its training's scale may be used."""
    task = task_of(classes=2, conditions=1, views=8, folds=4)
    random = np.random.default_rng(0)
    activity = random.normal(size=(16, 3))
    activity[task.fold == 0] *= np.array([200, 1, 1])  # a scale that training without this fold cannot know
    activity[:, 0] += task.label
    honest = Decoder(activity, task, [1.0]).decode(task.label).accuracy[0, 0]
    leaking = cross_val_score(
        SVC(kernel="linear", C=1 / 3),
        StandardScaler().fit_transform(activity),
        task.label,
        cv=PredefinedSplit(task.fold),
    )
    inside = cross_val_score(pipeline(3), activity, task.label, cv=PredefinedSplit(task.fold))
    np.testing.assert_array_equal(honest, inside)
    assert (honest != leaking).any()


def test_random_labels_are_decoded_at_chance(task_of):
    """Over many made-up layers, within what a binomial allows."""
    task = task_of(classes=4, conditions=2, views=6, folds=3)
    right, tests = 0.0, 0
    for seed in range(25):
        activity = np.random.default_rng(seed).normal(size=(48, 30))
        accuracy = Decoder(activity, task, (0.1, 1.0)).decode(task.label).mean()
        right += accuracy.sum() * 24
        tests += 4 * 24
    low, high = binom.ppf([0.0005, 0.9995], tests, 0.25)
    assert low <= right <= high


def test_null_agrees_with_scikit_learn(task_of):
    """Not the same permutations (ours keep classes even in each fold), but about the same chance."""
    task = task_of(classes=2, conditions=1, views=12, folds=4)
    activity = activity_of(task, signal=0.1, seed=3).astype(np.float64)
    decoder = Decoder(activity, task, [1.0])
    random = np.random.default_rng(0)
    null = [decoder.decode(permuted(task, random)).mean()[0, 0] for _ in range(150)]
    _, theirs, _ = permutation_test_score(
        pipeline(40), activity, task.label, cv=PredefinedSplit(task.fold), n_permutations=150, random_state=0
    )
    assert np.mean(null) == pytest.approx(0.5, abs=0.04)
    assert np.std(null) == pytest.approx(np.std(theirs), rel=0.35)
