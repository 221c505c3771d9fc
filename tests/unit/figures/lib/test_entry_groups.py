"""Entries in groups: what groups them where nobody says it, their order, and bars beside a matrix."""

import numpy as np
import pytest

from repscape.figures.lib import entry_groups
from repscape.figures.lib.millimetre_page import page

NAMES = [f"{at}.png" for at in range(6)]
PETS = ["cat", "dog", "cat", "dog", "cat", "dog"]
ODD = ["a", "b", "b", "a", "c", "c"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"category": PETS, "label": ODD, "view": ODD}, "category"),
        ({"label": ODD, "view": PETS}, "label"),
        ({"category": ["cat"] * 6, "label": ODD}, "label"),
        ({"animal": PETS}, "animal"),
        ({"animal": PETS, "view": ODD}, None),
        ({"angle": ["0", "90", "0", "90", "0", "90"]}, None),
        ({"file": NAMES}, None),
        ({"animal": ["cat"] * 6}, None),
        ({"label": [str(at) for at in range(6)]}, "label"),
        ({}, None),
    ],
)
def test_what_groups_images_by_default(values, expected):
    assert entry_groups.category_label({"image": NAMES, **values}) == expected


def test_more_than_fifteen_groups_are_too_many():
    many = [str(at // 2) + "th" for at in range(32)]
    assert entry_groups.category_label({"category": many}) is None
    assert entry_groups.category_label({"category": many[:30]}) == "category"


def test_groups_lie_together_as_they_come():
    groups = entry_groups.grouped(ODD, 6)
    assert groups.order.tolist() == [0, 3, 1, 2, 4, 5]
    assert groups.blocks == [("a", 0, 2), ("b", 2, 2), ("c", 4, 2)]
    plain = entry_groups.grouped(None, 4)
    assert (plain.order.tolist(), plain.blocks) == ([0, 1, 2, 3], [])


def test_bars_are_as_long_as_their_groups():
    groups = entry_groups.grouped(["b", "a", "b"], 3)
    colours = entry_groups.colours_of("pet", ["b", "a", "b"])
    _, axes = page(40, 40)
    entry_groups.mark(axes, groups.blocks, colours, 10, 5, 30)
    bars = [(bar.get_y(), bar.get_height()) for bar in axes.patches]
    np.testing.assert_allclose(bars, [(5, 20), (25, 10)])
    assert len({bar.get_facecolor() for bar in axes.patches}) == 2
    assert all(bar.get_x() + bar.get_width() < 10 for bar in axes.patches)
    assert len(axes.lines) == 2
