"""p against permutations, whichever way is better."""

import numpy as np
import pytest

from repscape.analyses.lib.chance import against_permutations, permutation_generators


@pytest.mark.parametrize(("higher", "p"), [(True, 3 / 5), (False, 5 / 5)])
def test_permutations_that_are_as_good_count(higher, p):
    null = np.array([[0.1, 0.3, 0.3 + 1e-12, 0.2], [0.0, 0.0, 0.0, 0.0]])
    found, mean, extreme = against_permutations(np.array([0.3, np.nan]), null, higher=higher)
    np.testing.assert_allclose(found, [p, np.nan])
    np.testing.assert_allclose(mean, null.mean(-1))
    np.testing.assert_allclose(extreme, np.quantile(null, 0.95 if higher else 0.05, axis=-1))


def test_without_permutations_nothing_is_known():
    for values in against_permutations(np.zeros((2, 3)), np.empty((2, 3, 0)), higher=True):
        np.testing.assert_array_equal(values, np.full((2, 3), np.nan))


def test_more_permutations_begin_with_the_same():
    few, many = ([one.integers(1000) for one in permutation_generators(5, count)] for count in (2, 4))
    assert many[:2] == few
