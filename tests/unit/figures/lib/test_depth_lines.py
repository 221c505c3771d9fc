"""Lines by depth: bands of what chance makes, and markers of what is significant."""

import numpy as np
from matplotlib.figure import Figure

from repscape.figures.lib.depth_lines import chance_band, labelled_panels, markers


def test_bands_hold_the_middle_of_permutations_and_reach_beyond_the_layers():
    axes = Figure().subplots()
    null = np.arange(101.0) + np.array([[0], [10]])
    chance_band(axes, np.arange(2), null, "band", beyond=0.4)
    x, y = axes.collections[0].get_paths()[0].vertices.T
    assert (x.min(), x.max()) == (-0.4, 1.4)
    np.testing.assert_allclose([y.min(), y.max()], [5, 105])
    assert axes.collections[0].get_gid() == "band"


def test_markers_are_full_where_something_is_significant():
    axes = Figure().subplots()
    markers(axes, [0, 1], [3, 4], np.array([True, False]), "#0072B2", "dots")
    (dots,) = axes.collections
    assert dots.get_offsets().tolist() == [[0, 3], [1, 4]]
    assert [bool((face[:3] == 1).all()) for face in dots.get_facecolors()] == [False, True]


def test_the_first_panel_of_each_row_names_the_axis():
    _, panels = labelled_panels({"a": ["x"] * 40, "b": ["x"] * 30, "c": ["x"] * 20}, "error")
    assert [axes.get_ylabel() for axes in panels.values()] == ["error", "error", ""]
