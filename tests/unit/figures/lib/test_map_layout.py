"""Marks of maps cover neither each other nor what lies beside them."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from repscape.figures.lib import map_layout


def test_boxes_are_moved_apart_and_no_further():
    generator = np.random.default_rng(0)
    at = np.concatenate([generator.normal(50, 2, (12, 2)), [[90, 90], [90, 10], [50, 50], [50, 50]]])
    sizes = np.full((16, 2), 6.0)
    moved = map_layout.spread(at, sizes, np.zeros(2), np.full(2, 100.0))
    gaps = np.abs(moved[:, None] - moved[None]).max(-1)[np.triu_indices(16, 1)]
    assert gaps.min() > 6 - 0.01
    assert (moved[12:14] == at[12:14]).all()
    assert np.linalg.norm(moved - at, axis=1).max() < 25
    assert (map_layout.spread(at, sizes, np.zeros(2), np.full(2, 100.0)) == moved).all()


def test_boxes_stay_in_the_room_and_off_what_is_fixed():
    at = np.array([[1.0, 1.0], [2.0, 1.0], [50.0, 50.0]])
    sizes = np.full((3, 2), 6.0)
    fixed = np.array([[50.0, 50.0]]), np.full((1, 2), 4.0)
    moved = map_layout.spread(at, sizes, np.zeros(2), np.full(2, 100.0), fixed=fixed)
    assert (moved >= 3).all()
    assert np.abs(moved[2] - 50).max() > 5 - 0.01


@pytest.mark.parametrize(("shared", "together"), [(True, True), (True, False), (False, False)])
def test_windows_hold_their_maps(shared, together):
    generator = np.random.default_rng(0)
    maps = [generator.normal(5, spread, (9, 2)) * [2, 1] for spread in (0.1, 1, 10)]
    windows, height = map_layout.windows(maps, 40, 40, shared=shared, together=together)
    assert height <= 40
    for points, window in zip(maps, windows, strict=True):
        placed = window.on_page(points, (0, 0))
        assert np.abs(placed[:, 0]).max() <= 20 + 1e-9
        assert np.abs(placed[:, 1]).max() <= height / 2 + 1e-9
        np.testing.assert_allclose(pdist(placed), window.scale * pdist(points))
    assert len({window.scale for window in windows}) == (1 if shared else 3)
    assert len({window.centre for window in windows}) == (1 if together else 3)


def test_a_map_of_one_place_can_be_drawn():
    windows, height = map_layout.windows([np.zeros((4, 2))], 40, 40, shared=True, together=False)
    assert np.isfinite(windows[0].on_page(np.zeros((4, 2)), (0, 0))).all()
    assert 0 < height <= 40


@pytest.mark.parametrize(("longest", "found"), [(0.0034, 0.002), (0.9, 0.5), (1, 1), (49, 20), (50, 50)])
def test_lengths_of_scale_bars_are_round(longest, found):
    assert map_layout.round_length(longest) == pytest.approx(found)
