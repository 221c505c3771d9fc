import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from repscape.metrics.lib.ranks import in_order, ranks

FEW = st.integers(-3, 3).map(float)  # so that many are equal


@given(st.data(), arrays(float, (2, 12), elements=st.one_of(FEW, st.floats(-1e9, 1e9))))
def test_samples_of_values_in_order_have_the_same_ranks(data, rows):
    drawn = data.draw(st.lists(st.integers(0, 11), min_size=1, max_size=30))
    expected = rankdata(rows[:, drawn], axis=1)
    np.testing.assert_array_equal(ranks(in_order(rows)[:, drawn]), expected)
    np.testing.assert_array_equal(ranks(rows[:, drawn]), expected)


@given(arrays(float, (3, 9), elements=st.one_of(FEW, st.sampled_from([0.5, 1.5, 0.25, 40, 1e300]))))
def test_counted_and_sorted_ranks_are_the_same(rows):
    np.testing.assert_array_equal(ranks(rows), rankdata(rows, axis=1))
