import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from repscape.rdms import ranks

FEW = st.integers(-3, 3).map(float)  # so that many are equal


@given(st.data(), arrays(float, (2, 12), elements=st.one_of(FEW, st.floats(-1e9, 1e9))))
def test_ranks_of_a_sample_are_those_of_its_values(data, rows):
    drawn = data.draw(st.lists(st.integers(0, 11), min_size=1, max_size=30))
    found = ranks.of_sample(ranks.in_order(rows)[:, drawn])
    np.testing.assert_array_equal(found, rankdata(rows[:, drawn], axis=1))
