"""Angles on a circle: errors, folds, permutations."""

import numpy as np
import pytest
from scipy.stats import circmean

from repscape.analyses.lib.angles import arrange, circular_loss, permuted, to_angles, to_vectors
from repscape.analyses.lib.circle import apart
from repscape.core.errors import DataError


@pytest.mark.parametrize("period", [90, 180, 360, 24])
def test_errors_go_the_shorter_way_round(period):
    true = np.linspace(-2 * period, 2 * period, 41)
    for away in (0, 0.3 * period, -0.3 * period, 0.5 * period, 0.9 * period, 3.25 * period):
        shorter = abs(away - period * round(away / period))
        np.testing.assert_allclose(apart(true + away, true, period), shorter, atol=1e-9 * period)
        expected = 1 - np.cos(2 * np.pi * shorter / period)
        np.testing.assert_allclose(circular_loss(true + away, true, period), expected, atol=1e-9)
    found = to_angles(to_vectors(true, period) * 3, period)
    assert ((found >= 0) & (found < period)).all()
    turns = (found - true) / period  # rounding may put 0 just below a whole turn
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
    assert to_angles(to_vectors(np.array([-1e-20]), period), period) < period


def test_the_direction_of_a_mean_vector_is_the_circular_mean():
    angles = np.random.default_rng(0).uniform(0, 180, 11)
    found = to_angles(to_vectors(angles, 180).mean(0), 180)
    assert found == pytest.approx(circmean(angles, high=180))


def together(rows):
    """Which pairs of rows are ever on both sides, training and test."""
    return rows.fold[:, None] != rows.fold


def test_no_image_is_both_in_training_and_in_test():
    image = np.repeat(np.arange(12), [1, 2, 3] * 4)
    angle = np.repeat(np.arange(6) * 30.0, 2)
    rows = arrange(angle, image, "images", 180, 4, 0)
    assert not together(rows)[image[:, None] == image].any()
    assert together(rows)[rows.angle[:, None] == rows.angle].any()
    rows = arrange(angle, image, "values", 180, 4, 0)
    assert not together(rows)[rows.angle[:, None] == rows.angle].any()
    # 0 and 180 are one orientation, and two directions
    rows = arrange(np.array([0.0, 180, 60, 120]), np.arange(4), "values", 180, 3, 0)
    assert rows.fold[0] == rows.fold[1]
    rows = arrange(np.array([0.0, 180, 60, 120]), np.arange(4), "values", 360, 4, 0)
    assert len(set(rows.fold)) == 4


def test_repeats_of_an_image_are_in_different_folds():
    image = np.repeat(np.arange(12), [2, 3, 5] * 4)
    rows = arrange(np.arange(12) * 15.0, image, "trials", 180, 4, 0)
    for one in range(12):
        own = rows.fold[image == one]
        assert len(set(own)) == min(len(own), 4)
    assert np.ptp(np.bincount(rows.fold)) <= 1


def test_folds_of_images_do_not_depend_on_trials():
    angle = np.arange(12) * 15.0
    means = arrange(angle, np.arange(12), "images", 180, 4, 0)
    trials = arrange(angle, np.repeat(np.arange(12), 3), "images", 180, 4, 0)
    np.testing.assert_array_equal(trials.fold, np.repeat(means.fold, 3))


def test_too_few_groups_or_angles_are_reported():
    with pytest.raises(DataError, match=r"5 images.* 4"):
        arrange(np.arange(4.0), np.arange(4), "images", 180, 5, 0)
    with pytest.raises(DataError, match=r"2 .*angles, found 1"):
        arrange(np.array([0.0, 180, 360]), np.arange(3), "images", 180, 3, 0)


def test_permutations_move_what_is_left_out_together():
    image = np.repeat(np.arange(12), 3)
    angle = np.repeat(np.arange(6) * 30.0, 2)
    random = np.random.default_rng(0)
    for by in ("values", "images", "trials"):
        rows = arrange(angle, image, by, 180, 4, 0)
        new = permuted(angle, rows, by, 180, random)
        np.testing.assert_array_equal(np.sort(new), np.sort(rows.angle))
        assert (new != rows.angle).mean() > 0.5
        if by != "trials":
            assert all(len(set(new[rows.group == group])) == 1 for group in rows.group)
        else:
            for fold in range(4):
                here = rows.fold == fold
                np.testing.assert_array_equal(np.sort(new[here]), np.sort(rows.angle[here]))
