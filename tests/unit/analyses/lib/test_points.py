"""Points beside other points, against SciPy; their scale."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist

from repscape.analyses.lib import points as points_of


def cloud(entries=12, dims=2, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(entries, dims))


def test_aligned_is_scipys_procrustes():
    points, onto = cloud(9, 3, seed=1), cloud(9, 3, seed=2) + 5
    found, disparity = points_of.aligned(points, onto)
    centred = points - points.mean(0)
    rotation, _ = orthogonal_procrustes(centred, onto - onto.mean(0))
    np.testing.assert_allclose(found, centred @ rotation + onto.mean(0), atol=1e-12)
    assert disparity == pytest.approx(procrustes(points, onto)[2])
    np.testing.assert_allclose(pdist(found), pdist(points), rtol=1e-12)


@given(seed=st.integers(0, 99), angle=st.floats(0, 6.2), mirrored=st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_turned_or_mirrored_copy_comes_back(seed, angle, mirrored):
    known = cloud(seed=seed)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    copy = known @ turn * [1, -1 if mirrored else 1] + 3
    found, disparity = points_of.aligned(copy, known)
    np.testing.assert_allclose(found, known, atol=1e-9)
    assert disparity < 1e-9


def test_scaled_points_have_a_radius_of_one():
    points = points_of.scaled(cloud(scale=40) + 7)
    assert (points**2).sum(1).mean() == pytest.approx(1)
    np.testing.assert_allclose(points.mean(0), 0, atol=1e-12)
    assert (points_of.scaled(np.ones((4, 2))) == 0).all()


def test_disparity_of_a_single_point_is_undefined():
    assert np.isnan(points_of.aligned(np.zeros((4, 2)), cloud(4))[1])


def test_undefined_points_do_not_count_in_an_alignment():
    known = cloud(8)
    copy = known @ np.array([[0, -1], [1, 0]])
    points, onto = copy.copy(), known.copy()
    points[2], onto[5] = np.nan, np.nan
    found, disparity = points_of.aligned(points, onto)
    kept = np.arange(8) != 2
    np.testing.assert_allclose(found[kept], known[kept], atol=1e-12)
    assert np.isnan(found[2]).all()
    assert disparity < 1e-12
    assert np.isnan(points_of.aligned(np.full((4, 2), np.nan), cloud(4))[1])
    np.testing.assert_allclose(points_of.scaled(points)[kept], points_of.scaled(copy[kept]), atol=1e-12)
