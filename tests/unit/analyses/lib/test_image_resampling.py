"""Medians over resampled images against loops, and their intervals."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from repscape.analyses.lib.image_resampling import interval, resampled_medians


def by_hand(distances, counts):
    """The median over all pairs of the images drawn, copies written out, without pairs of copies."""
    square = squareform(distances)
    medians = []
    for count in counts.T:
        drawn = np.repeat(np.arange(len(count)), count)
        found = [square[i, j] for at, i in enumerate(drawn) for j in drawn[at + 1 :] if i != j]
        medians.append(np.median(found) if found else np.nan)
    return medians


@pytest.mark.parametrize("images", [3, 4, 7, 12])
def test_medians_over_resampled_images_equal_a_loop(images):
    random = np.random.default_rng(images)
    distances = random.random(images * (images - 1) // 2).round(1)  # with ties
    counts = random.multinomial(images, np.full(images, 1 / images), 200).T
    np.testing.assert_array_equal(resampled_medians(distances, counts), by_hand(distances, counts))


def test_many_images_are_counted_without_overflow():
    random = np.random.default_rng(0)
    distances = random.random(300 * 299 // 2)
    counts = random.multinomial(300, np.full(300, 1 / 300), 3).T
    found = resampled_medians(distances, counts, block=2 * len(distances))  # in several blocks
    np.testing.assert_array_equal(found, by_hand(distances, counts))


def test_copies_of_one_image_and_undefined_distances():
    counts = np.array([[3, 1], [0, 1], [0, 1]])
    np.testing.assert_array_equal(resampled_medians(np.array([1.0, 2, 4]), counts), [np.nan, 2])
    assert np.isnan(resampled_medians(np.array([1.0, np.nan, 4]), counts)).all()


def test_limits_are_percentiles_of_what_is_defined():
    values = np.random.default_rng(0).normal(size=(3, 501))
    values[1, 77] = np.nan
    values[2] = np.nan
    low, high = interval(values)
    np.testing.assert_allclose(low[:2], np.nanpercentile(values[:2], 2.5, axis=1))
    np.testing.assert_allclose(high[:2], np.nanpercentile(values[:2], 97.5, axis=1))
    assert np.isnan([low[2], high[2]]).all()


def test_intervals_cover_the_differentiation_of_all_images_of_the_kind():
    random = np.random.default_rng(5)
    truth = np.median(pdist(random.normal(size=(3000, 3))))
    covered = 0
    for _ in range(200):
        counts = random.multinomial(30, np.full(30, 1 / 30), 300).T
        low, high = interval(resampled_medians(pdist(random.normal(size=(30, 3))), counts))
        covered += low <= truth <= high
    assert 0.88 < covered / 200 < 0.99
