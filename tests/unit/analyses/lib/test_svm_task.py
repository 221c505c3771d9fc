"""What is decoded: which labels change places in a permutation."""

import itertools

import numpy as np
import pytest

from repscape.analyses.lib.svm_task import Task, partition, permuted
from repscape.core.errors import DataError


def test_permutations_keep_the_structure(task_of):
    task = task_of(classes=3, conditions=2, folds=3)
    random = np.random.default_rng(0)
    moved = 0
    for _ in range(20):
        label = permuted(task, random)
        moved += (label != task.label).sum()
        for condition, fold in itertools.product(range(2), range(3)):
            here = (task.condition == condition) & (task.fold == fold)
            np.testing.assert_array_equal(np.sort(label[here]), np.sort(task.label[here]))
    assert moved > 200


def test_permutations_within_groups_and_of_groups(task_of):
    task = task_of(groups=True)
    label = permuted(task, np.random.default_rng(0))
    for group, condition in itertools.product(range(6), range(2)):
        here = (task.group == group) & (task.condition == condition)
        np.testing.assert_array_equal(np.sort(label[here]), [0, 1, 2])
    group = np.repeat(np.arange(12), 4)  # each of one class: a kind of animal, say
    label = group % 2
    nothing = np.zeros(48, int)
    task = Task(label, nothing, group, partition(label, nothing, group, 3, 0))
    mixed = permuted(task, np.random.default_rng(3))
    assert all(len(set(mixed[group == one])) == 1 for one in range(12))
    assert (mixed != label).any()


@pytest.mark.parametrize("lies", ["in one condition", "in some conditions", "in all conditions"])
def test_groups_change_labels_where_every_training_keeps_its_classes(lies):
    moved = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        rows = []
        for group, (label, condition, _) in enumerate(itertools.product(range(2), range(3), range(3))):
            spans = {
                "in one condition": [condition],
                "in some conditions": [condition, (condition + 1) % 3],
                "in all conditions": range(3),
            }[lies]
            rows += [(label, own, group) for own in spans for _ in range(random.integers(1, 5))]
        label, condition, group = np.array(rows).T
        task = Task(label, condition, group, partition(label, condition, group, 3, seed))
        new = permuted(task, random)
        moved += (new != label).any()
        assert all(len(set(new[group == own])) == 1 for own in group)
        for at, fold in itertools.product(range(3), range(3)):
            here = (condition == at) & (task.fold == fold)
            before, after = (sorted({*zip(group[here], own[here], strict=True)}) for own in (label, new))
            assert sorted(own for _, own in before) == sorted(own for _, own in after)
            assert set(new[(condition == at) & (task.fold != fold)]) == set(
                label[(condition == at) & (task.fold != fold)]
            )
    assert moved > 10


def test_a_group_takes_its_labels_of_all_conditions_along():
    """A session shows one object in each colour: sessions change, not the colours within."""
    objects = np.array([[0, 1], [1, 0], [0, 0], [1, 1], [1, 0], [0, 1]])
    group, condition = np.repeat(np.arange(6), 4), np.tile([0, 0, 1, 1], 6)
    task = Task(objects[group, condition], condition, group, group % 2)
    new = permuted(task, np.random.default_rng(0))
    assert (new != task.label).any()
    for fold in range(2):
        sessions = new.reshape(6, 2, 2)[fold::2]
        np.testing.assert_array_equal(sessions[..., 0], sessions[..., 1])
        assert sorted(sessions[..., 0].tolist()) == sorted(objects[fold::2].tolist())


def test_labels_that_cannot_change_are_refused():
    """The groups of one class lie in both conditions, those of the other in one."""
    group = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    condition = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    label, fold = np.repeat([0, 1], 4), np.array([0, 0, 1, 1, 0, 0, 1, 1])
    with pytest.raises(DataError, match=r"permut.*'permutations: 0'"):
        permuted(Task(label, condition, group, fold), np.random.default_rng(0))
