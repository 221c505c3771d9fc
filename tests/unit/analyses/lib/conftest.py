"""Tasks of decoding."""

import itertools

import numpy as np
import pytest

from repscape.analyses.lib.svm_task import Task, partition


@pytest.fixture
def task_of():
    """A maker of tasks."""

    def make(classes=3, conditions=2, views=6, folds=3, seed=0, groups=False) -> Task:
        """Images in no order; groups are views."""
        rows = list(itertools.product(range(classes), range(conditions), range(views)))
        order = np.random.default_rng(seed).permutation(len(rows))
        label, condition, view = np.array(rows)[order].T
        group = view if groups else None
        return Task(label, condition, group, partition(label, condition, group, folds, seed))

    return make
