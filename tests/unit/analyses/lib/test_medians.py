import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from repscape.analyses.lib.medians import median_of, stored_medians, streamed_median

# few different values make ties; any float32 makes neighbours in the last bit
TIES = st.sampled_from([0.0, -0.0, 1.0, 1.0000001, -2.5, 1e-45, np.inf])
VALUES = arrays(
    np.float32, st.integers(1, 60), elements=st.one_of(TIES, st.floats(width=32, allow_nan=False))
)


def numpy_median(values):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # inf − inf
        return np.median(values.astype(np.float64))


@pytest.mark.parametrize("chunk", [1, 7, 1000])
@given(values=VALUES)
@settings(max_examples=150, deadline=None)
def test_equals_numpy(chunk, values):
    found = streamed_median(values.__getitem__, len(values), chunk=chunk)
    np.testing.assert_equal(found, numpy_median(values) + 0.0)


@given(images=st.integers(2, 12), data=st.data())
@settings(max_examples=100, deadline=None)
def test_of_the_square_matrix_equals_numpy(images, data):
    pairs = images * (images - 1) // 2
    values = data.draw(arrays(np.float32, pairs, elements=st.floats(-2, 5, width=32)))
    square = np.zeros((images, images))
    square[np.triu_indices(images, 1)] = values
    found = streamed_median(values.__getitem__, pairs, twice_and_zeros=images)
    assert found == np.median(square + square.T)


def test_any_undefined_value_makes_it_undefined():
    values = np.arange(100, dtype=np.float32)
    values[99] = np.nan
    assert np.isnan(streamed_median(values.__getitem__, 100))


@pytest.mark.parametrize("median", ["pairs", "full_matrix"])
def test_many_pairs_have_the_same_medians(median):
    values = np.random.default_rng(1).random((2, 3, 45)).astype(np.float32)
    np.testing.assert_array_equal(stored_medians(values, 10, median, many=0), median_of(values, median))


def test_every_value_is_read_twice_in_pieces():
    values, read = np.random.default_rng(0).normal(size=95).astype(np.float32), []

    def piece(some):
        read.append((some.start, some.stop))
        return values[some]

    assert streamed_median(piece, 95, chunk=10) == np.median(values.astype(float))
    assert max(stop - start for start, stop in read) == 10
    assert sorted(read) == sorted(2 * [(start, min(start + 10, 95)) for start in range(0, 95, 10)])
