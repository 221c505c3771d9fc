import numpy as np

from repscape.analyses.lib.result import cells, long_table, spread, stacked


def test_text_that_a_spreadsheet_would_compute_stays_text():
    """As OWASP has it for CSV injection; numbers, also as text, are none."""
    row = ["=cmd|' /C calc'!A0", "+1", "@x", "-2.png", "-30", "-1e-5", -2.5, 3, "", "a=b", "\tx", "1+1", None]
    assert cells(row) == [
        "'=cmd|' /C calc'!A0", "'+1", "'@x", "'-2.png", "-30", "-1e-5", -2.5, 3, "", "a=b",
        "'\tx", "1+1", None,
    ]  # fmt: skip


def test_things_of_one_shape_lie_side_by_side():
    found = [{"layer": name, "r": np.arange(2) + n, "more": 0} for n, name in enumerate("ab")]
    variables = stacked(found, "layer", {"layer": (), "r": ("image",)}, {"r": "a number"})
    assert variables["layer"] == (("layer",), ["a", "b"], {})
    dims, values, attributes = variables["r"]
    assert (dims, values.tolist(), attributes) == (
        ("layer", "image"),
        [[0, 1], [1, 2]],
        {"long_name": "a number"},
    )


def test_what_a_source_lacks_is_undefined():
    found = {("net", "a"): {"r": np.ones(3)}, ("v1", "b"): {"r": np.zeros(2), "p": np.float32(1)}}
    arrays = spread(found)
    expected = [[[1, 1, 1], [np.nan] * 3], [[np.nan] * 3, [0, 0, np.nan]]]
    np.testing.assert_array_equal(arrays["r"], expected)
    np.testing.assert_array_equal(arrays["p"], [[np.nan, np.nan], [np.nan, 1]])
    assert (arrays["r"].dtype, arrays["p"].dtype) == (np.float64, np.float32)


def test_a_long_table_has_a_row_a_combination():
    variables = {
        "layer": (("layer",), ["a", "b"]),
        "r": (("layer", "image"), np.arange(4.0).reshape(2, 2), {"long_name": "r"}),
        "name": (("image",), ["x", "y"]),
    }
    keys = (variables, ("layer", "image"), ("layer", "name", "r"))
    header = ("layer", "name", "r")
    every = [("a", "x", 0), ("a", "y", 1), ("b", "x", 2), ("b", "y", 3)]
    assert list(long_table(*keys)) == [header, *every]
    assert list(long_table(*keys, variables["r"][1] > 1)) == [header, *every[2:]]
