import numpy as np
import pytest

from repscape.analyses.lib.result import Result, cells, checked, long_table, spread, stacked
from repscape.core.errors import DataError
from repscape.plugin.contract import Analysis


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


class Mine(Analysis):
    """Stand for a plugin of a user's."""

    def inputs(self, study):
        return {}

    def compute(self, files):
        return None


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"a": 1}, "'a': 1"),
        (Result([1]), r"Result\.variables.*\[1\]"),
        (Result({}, "x"), r"Result\.attributes.*'x'"),
        (Result({"d": [1, 2]}), r"'d'.*\[1, 2\]"),
        (Result({"d": ("layer", [1, 2])}), "'d'.*'layer'"),
        (Result({"d": (("layer", "image"), [1, 2])}), r"'d'.*layer, image.*\(2,\)"),
        (Result({"d": (("layer",), [[1], [1, 2]])}), "'d'"),
        (Result({"d": (("layer",), [object()])}), "'d'.*object"),
        (Result({"d": (("layer",), [None, "a"])}), "'d'.*object"),
        (Result({"d": (("layer",), [1j])}), "'d'.*complex"),
        (Result({"a": (("layer",), [1, 2]), "d": (("layer",), [1])}), "'d'.* 2 .*'layer'.* 1"),
        (Result({}, {}, {"g": {}}), "'g'"),
        (Result({}, {}, {"g": ({"d": 3}, {})}), "'d'.* 3"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_file_of_the_plugin(result, said):
    with pytest.raises(DataError, match=rf"test_result\.py: Mine\.compute: .*{said}"):
        checked(result, Mine(), "compute")


def test_what_can_be_written_is_taken_as_it_is():
    text = np.array(["a", "bc"], object)
    variables = {"d": (("layer",), np.ones(2)), "name": (["layer"], text, {"long_name": "x"}), "n": ((), 3)}
    result = Result(variables, {"a": 1}, {"g": ({"d": (("layer",), [1, 2, 3])}, {})})
    assert checked(result, Mine(), "compute") is result
