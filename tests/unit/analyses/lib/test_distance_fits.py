"""Permutations of images."""

import itertools

import numpy as np
from scipy.spatial.distance import pdist, squareform

from repscape.analyses.lib.distance_fits import permuted


def test_a_permutation_reorders_images_of_one_rdm():
    random = np.random.default_rng(0)
    x, y = pdist(random.normal(size=(4, 2))), random.random((2, 6))
    found = permuted(x, y, 2000, 5)  # more than there are
    some = permuted(x, y, 20, 5)
    square = squareform(x)
    possible = [
        y @ square[np.ix_(order, order)][np.triu_indices(4, 1)]
        for order in map(list, itertools.permutations(range(4)))
    ]
    which = [np.flatnonzero(np.isclose(possible, sums).all(1)) for sums in found]
    assert sorted(np.concatenate(which)) == list(range(1, 24))  # each but the actual one, once
    which = [np.flatnonzero(np.isclose(possible, sums).all(1)) for sums in some]
    assert [len(own) for own in which] == [1] * 20
