"""Panels of sources lie side by side."""

from repscape.figures.lib.source_panels import rows_of


def test_many_layers_have_rows_of_their_own():
    layers = {"a": ["x"] * 40, "b": ["x"] * 30, "v1": ["V1"], "c": ["x"] * 60}
    assert rows_of(layers) == [["a"], ["b", "v1"], ["c"]]
