"""Colours and sizes follow the kind of a label's values."""

from itertools import combinations

import numpy as np
import pytest
from colour_vision import VISION, ciede2000, lab, linear

from repscape.core.errors import ConfigError
from repscape.figures.lib.label_colours import CYCLE, by_depth, label_colours, label_sizes

OBJECTS, HUES = ("cup", "hat"), ("000", "090", "180", "270")
LAYERS = ("input", "conv2", "conv10", "fc1")


def test_depth_is_the_mean_over_sources_and_the_ends_are_the_ends():
    assert by_depth([]) == []
    assert by_depth([("a", "predictions"), ("b", "x"), ("b", "y"), ("c", "input")]) == [
        "input", "x", "y", "predictions"
    ]  # fmt: skip
    a, b = ["p", "q", "r", "s", "t"], ["t", "q", "z"]  # t: (1 + 0) / 2; q: (1/4 + 1/2) / 2
    every = [("a", layer) for layer in a] + [("b", layer) for layer in b] + [("one", "q"), ("a", "p")]
    assert by_depth(every) == ["p", "q", "r", "t", "s", "z"]


@pytest.mark.parametrize(
    ("label", "values", "kind"),
    [
        ("color", HUES, "circle"),
        ("orientation", ["0", "45", "90", "135"], "circle"),
        ("color", ["000", "090", "180"], "order"),
        ("orientation", [f"{at - 89.5 + 0.3 * (-1) ** at:.4f}" for at in range(180)], "circle"),
        ("direction", [f"{2 * at + 0.4 * (-1) ** at:g}" for at in range(180)], "circle"),
        ("orientation", [f"{at}" for at in range(90)], "order"),
        ("contrast", ["0.1", "1", "10"], "order"),
        ("contrast", ["0.1", "1"], "categories"),
        ("obj", OBJECTS, "categories"),
        ("layer", LAYERS, "order"),
        ("obj", [f"o{at}" for at in range(20)], "order"),
    ],
)
def test_colours_follow_the_kind_of_values(label, values, kind):
    found = label_colours(label, [*values, *values])
    assert found.kind == kind
    assert list(found.colours) == list(values)
    assert len(set(found.colours.values())) == len(values)


def test_colours_go_around_a_circle_and_sizes_in_order():
    assert tuple(label_colours("color", HUES[::-1]).colours.values()) == CYCLE
    sizes = label_sizes("obj", ["b10", "b2", "a"]).sizes
    assert list(sizes) == ["a", "b2", "b10"]
    np.testing.assert_allclose(np.diff(np.square(list(sizes.values()))), 0.7)


def test_colours_around_a_circle_are_where_the_values_are():
    """Of uneven orientations too: −90 and 90 are one, what is a quarter on is a quarter on."""
    values = ["-90", "-45", "-44", "0", "45", "89.99"]
    colours = label_colours("orientation", values, period=180).colours
    assert list(colours) == values
    assert [colours[value] for value in ("-90", "-45", "0", "45")] == list(CYCLE)
    assert colours["89.99"] == CYCLE[0]
    assert label_colours("orientation", values).kind == "order"
    with pytest.raises(ConfigError, match=r"period.*obj.*cup"):
        label_colours("obj", OBJECTS, period=360)


@pytest.mark.parametrize("count", [3, 4, 6, 8])
def test_colours_around_a_circle_can_be_told_apart(count):
    colours = label_colours("hue", [str(360 * at / count) for at in range(count)]).colours.values()
    for matrix in VISION.values():
        seen = [lab(np.array(matrix) @ linear(colour)) for colour in colours]
        assert min(ciede2000(a, b) for a, b in combinations(seen, 2)) >= 10
