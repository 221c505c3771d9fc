"""CSV tables: which columns are neurons, what is missing, and what is no CSV table."""

import csv
import re

import numpy as np
import pytest

from repscape.core.errors import DataError
from repscape.io.array_files import ReadOptions, array, find, ordered
from repscape.recordings.arrays import ORDER

VALUES = np.random.default_rng(0).normal(size=(5, 3)).round(3)
NAMES = ["n0", "n1", "n2"]


def write(path, columns, rows, end="\n", tail="", encoding="utf-8"):
    lines = [",".join(columns), *(",".join(map(str, row)) + tail for row in rows)]
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "a.csv"


@pytest.mark.parametrize("header", [NAMES, [*NAMES, ""]])
def test_a_comma_at_the_end_of_lines_is_no_index(file, header):
    """As `csv.reader` reads it; pandas takes the first column for an index."""
    write(file, header, VALUES, tail=",")
    with open(file, newline="") as stream:
        expected = [list(map(float, row[:3])) for row in list(csv.reader(stream))[1:]]
    np.testing.assert_array_equal(array(file, None), expected)
    assert find(file, None).what == "3 columns, n0, n1, n2"


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("repeat", [0, 1, 0, 1, 0], "by its name"),
        ("Trial_ID", [5, 3, 8, 2, 2], "by its name"),
        ("session", [1, 1, 1, 1, 1], "by its name"),
        ("Unnamed: 0", [0.5, 1, 2, 3, 4], "by its name"),
        ("", [0, 1, 2, 3, 4], "by its name"),
        ("hue", [0.5, 1, 2, 3, 4], "by its name"),
        ("x", [0, 1, 2, 3, 4], "which counts up"),
        ("x", [5, 4, 3, 2, 1], "which counts up"),
        ("Time [s]", [0.5, 1, 2, 3, 4], "by its name"),
        ("onset_ms", [7, 1, 2, 3, 4], "by its name"),
        ("x", [2, 2, 2, 2, 2], "which is 2 everywhere"),
    ],
)
def test_a_column_that_may_be_no_neuron_is_asked_for(file, name, values, why):
    write(file, [name, *NAMES], np.column_stack([values, VALUES]))
    with pytest.raises(DataError, match=rf"{why}\).*'leave_out: \['{re.escape(name)}'\]'.*'columns: "):
        array(file, None, options=ReadOptions(factors={"hue"}))
    for options in (ReadOptions(leave_out=[name]), ReadOptions(columns=["n*"]), ReadOptions(columns=NAMES)):
        np.testing.assert_array_equal(array(file, None, options=options), VALUES)
    assert array(file, None, options=ReadOptions(columns="*")).shape == (5, 4)


def test_blocks_of_images_are_asked_for_but_silent_neurons_are_not(file):
    values = np.column_stack([np.zeros(8), np.repeat([0, 1, 2, 3], 2)])
    write(file, ["a", "b"], values)
    with pytest.raises(DataError, match=r"b \(.*counts"):
        array(file, None)
    write(file, ["a", "b"], np.column_stack([np.zeros(8), np.tile([0, 1], 4)]))
    assert array(file, None).shape == (8, 2)


def test_times_are_asked_for_but_neurons_that_drift_are_not(file):
    """Times of frames are in even steps, rounded to milliseconds here; those of trials only ascend."""
    rng = np.random.default_rng(0)
    noisy = np.linspace(0, 3, 24) + rng.normal(size=24)
    for times in (np.round(np.arange(24) / 30, 3), np.cumsum(rng.uniform(1, 3, 24))):
        write(file, ["t", "a"], np.column_stack([times, noisy]))
        with pytest.raises(DataError, match=r": t \(.*counts"):
            array(file, None)
    write(file, ["t", "a"], np.column_stack([np.full(24, 0.5), noisy]))
    assert array(file, None).shape == (24, 2)


def test_numbers_as_names_are_those_of_pandas(file):
    write(file, ["0", "1", "2"], VALUES)
    np.testing.assert_array_equal(array(file, None), VALUES)
    write(file, ["0.3", "1.2", "2"], VALUES)
    with pytest.raises(DataError, match=r"first row.*0\.3"):
        array(file, None)


def test_numbers_beside_labels_are_neurons(file):
    write(file, ["image", "1", "2", "3"], np.column_stack([np.arange(5), VALUES]))
    np.testing.assert_array_equal(array(file, None, ("image",)), VALUES)
    with pytest.raises(DataError, match=r": image \(.*name"):
        array(file, None)


def test_a_choice_of_what_is_not_there(file):
    write(file, NAMES, VALUES)
    with pytest.raises(DataError, match=r"'m1'.*n0, n1, n2"):
        array(file, None, options=ReadOptions(leave_out=["m1"]))
    np.save(file.with_suffix(".npy"), VALUES)
    with pytest.raises(DataError, match=r"'columns'.*'leave_out'.*npy"):
        array(file.with_suffix(".npy"), None, options=ReadOptions(columns=["n1"]))


@pytest.mark.parametrize("cell", ["", "NA", "nan", "NaN", "#N/A", "null", '"NA"', "None"])
def test_what_is_missing(file, cell):
    write(file, NAMES, [[0.5, cell, "1e3"], ['" 2.5"', "-3", "TRUE"]])
    np.testing.assert_array_equal(array(file, None), [[0.5, np.nan, 1000], [2.5, -3, 1]])


@pytest.mark.parametrize("cell", ["0x1F", "1_000", '"1,000"', "yes", "1.5s"])
def test_what_is_no_number(file, cell):
    write(file, NAMES, [[1.5, 2, 3.5], [1.5, cell, 3.5]])
    with pytest.raises(DataError, match=r"n1 \(line 3: "):
        array(file, None)


@pytest.mark.parametrize(("end", "encoding"), [("\r\n", "utf-8"), ("\r", "utf-8"), ("\n", "utf-8-sig")])
def test_line_ends_and_marks(file, end, encoding):
    write(file, NAMES, VALUES, end=end, encoding=encoding)
    np.testing.assert_array_equal(array(file, None), VALUES)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("n0,n1\n1,2\n".encode("utf-16"), "UTF-16"),
        ("n\u00e9,n1\n1,2\n".encode("latin-1"), "Latin-1"),
        (b"n0\tn1\n1\t2\n", "tabs"),
        (b"n0;n1\n1,5;2,5\n", "semicolons"),
        (b'"n0";"n1"\n"1,5";"2";\n', "semicolons"),
        (b"# made by hand\nn0,n1\n1,2\n", "# made by hand"),
        (b"n0,n1\n1.5,2.5\n3,5,4,5\n", r"line 3.* 4 columns.*commas.*numbers"),
        (b"n0\n1,5\n2,5\n", r"line 2.* 2 columns.*commas.*numbers"),
        (b"n0,n1\nneuron,1.5,2.5\n", r"line 2.* 3 columns.*row.names = FALSE"),
        (b"n0,n1\n1.5,2.5\n\n3.5\n", r"line 4.* 1 columns"),
        (b'n0,n1\n"1,5","2,5"\n', r"ommas.*numbers"),
        (b"n0,n1\n1,2,\n1,2\n", r"1.* 2 lines end.*comma"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x80\x04\x95\x00", "pickle"),
        (b"\xd0\xcf\x11\xe0", "Excel"),
        (b"", "empty"),
    ],
)
def test_the_cause_is_named(file, content, said):
    file.write_bytes(content)
    with pytest.raises(DataError, match=said):
        array(file, None)


def test_the_suffix_does_not_unpack(tmp_path):
    write(tmp_path / "a.csv.gz", NAMES, VALUES)  # which it is not
    np.testing.assert_array_equal(array(tmp_path / "a.csv.gz", None), VALUES)


def test_labels_keep_what_numbers_lose(file):
    write(file, ["name", "at", "angle", "n0"], [["007", 1, 0.5, 2], ["NA", 20, "", 3]])
    assert array(file, "name").tolist() == ["007", "NA"]
    assert array(file, "at").tolist() == [1, 20]
    np.testing.assert_array_equal(array(file, "angle"), [0.5, np.nan])


def test_two_columns_of_one_name(file):
    write(file, ["a", "a", "n0"], VALUES)
    np.testing.assert_array_equal(array(file, None), VALUES)
    with pytest.raises(DataError, match=r"2 .*'a'"):
        array(file, "a")


# numbers that stand for missing values, in any file


@pytest.mark.parametrize("value", [-999, -9999, -32768, 9.969209968386869e36, 1e20, np.iinfo(np.int64).min])
def test_numbers_that_may_stand_for_missing_ones_are_asked_for(tmp_path, value):
    values = np.array([[1, 2, 3], [4, value, 6]])
    np.savez(tmp_path / "a.npz", r=values)

    def read(missing):
        return ordered(
            tmp_path / "a.npz", None, ["trial", "neuron"], ORDER, options=ReadOptions(missing_values=missing)
        ).values

    with pytest.raises(DataError, match=r"'missing_values: \[.*'missing_values: \[\]'"):
        read(None)
    np.testing.assert_array_equal(read([]), values)
    np.testing.assert_array_equal(read([value]), [[1, 2, 3], [4, np.nan, 6]])


def test_numbers_among_others_are_no_such(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[-999.0, -800, 3], [500, 4, 99]]))
    found = ordered(tmp_path / "a.npy", None, ["trial", "neuron"], ORDER)
    assert found.values[0, 0] == -999
