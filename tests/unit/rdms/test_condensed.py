"""Places in condensed RDMs, against SciPy's square ones."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform

from repscape.rdms.condensed import condensed_index, entries_of


@pytest.mark.parametrize("entries", [2, 3, 4, 11, 60])
def test_places_are_those_of_squareform(entries):
    length = entries * (entries - 1) // 2
    assert entries_of(length) == entries
    square = squareform(np.arange(length))
    i, j = np.nonzero(~np.eye(entries, dtype=bool))
    np.testing.assert_array_equal(condensed_index(i, j, entries), square[i, j])
    assert condensed_index(0, 1, entries) == 0
