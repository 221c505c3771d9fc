"""HDF5: MATLAB's 7.3 as MATLAB shows it, fill values, and files that point to others."""

import os

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_array

from repscape.core.errors import DataError
from repscape.io import mat_structs
from repscape.io.array_files import ReadOptions, array

SQUARE = np.random.default_rng(0).normal(size=(4, 4))


class Matlab73:
    """Writes a file as MATLAB's save -v7.3 does: a header in 512 bytes, axes from the last to the first."""

    def __init__(self, path):
        with h5py.File(path, "w", userblock_size=512) as self.file:
            self.references = self.file.create_group("#refs#")
            self.fill()
        header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
        with open(path, "r+b") as stream:
            stream.write(header.ljust(512, b"\0"))

    def put(self, name, values, kind, place=None, **attributes):
        place = self.file if place is None else place
        place[name] = np.asarray(values).T
        place[name].attrs["MATLAB_class"] = np.bytes_(kind)
        for key, value in attributes.items():
            place[name].attrs[key] = value

    def text(self, name, words, place=None):
        width = max(map(len, words))
        codes = [[ord(letter) for letter in word.ljust(width)] for word in words]
        self.put(name, np.array(codes, np.uint16), "char", place)

    def fill(self):
        self.put("resp", SQUARE, "double")
        self.put("cube", np.arange(24.0).reshape(2, 3, 4), "double")
        self.put("spikes", SQUARE > 0, "logical", MATLAB_int_decode=1)
        self.put("row", SQUARE[:1], "double")
        complexes = np.zeros((2, 2), [("real", "f8"), ("imag", "f8")])
        complexes["real"], complexes["imag"] = SQUARE[:2, :2], SQUARE[2:, 2:]
        self.put("complex", complexes, "double")
        self.put("nothing", np.array([0, 3], np.uint64), "double", MATLAB_empty=1)
        self.text("padded", ["a.png", "bcd.png"])
        sparse = csc_array(SPARSE)
        group = self.file.create_group("sparse")
        group.attrs["MATLAB_sparse"], group.attrs["MATLAB_class"] = 3, np.bytes_("double")
        group["data"], group["ir"], group["jc"] = sparse.data, sparse.indices, sparse.indptr
        group = self.file.create_group("session")
        self.put("resp", SQUARE, "double", group)
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        for at, word in enumerate(["a.png", "b.png", "\u00e9.png"]):
            self.text(f"c{at}", [word], self.references)
        cells = [[self.references[f"c{at}"].ref for at in range(3)]]
        self.put("names", np.array(cells, h5py.ref_dtype), "cell")
        self.put("number", [[1.0]], "double", self.references)
        self.put("mixed", np.array([[self.references["number"].ref]], h5py.ref_dtype), "cell")
        group = self.file.create_group("Elements")  # a struct array: each field refers to a value an element
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        for field in ELEMENTS.dtype.names:
            for (row, column), value in np.ndenumerate(ELEMENTS[field]):
                name = f"{field}{row}{column}"
                if isinstance(value, str):
                    self.text(name, [value], self.references)
                else:
                    self.put(name, value, value.dtype.name, self.references)
            refers = [
                [self.references[f"{field}{row}{column}"].ref for column in range(3)] for row in range(2)
            ]
            group[field] = np.array(refers, h5py.ref_dtype).T
        self.put("strings", np.zeros((1, 6), np.uint32), "string", MATLAB_object_decode=3)


def elements():
    found = np.empty((2, 3), [("image", object), ("name", object)])
    for at in np.ndindex(2, 3):
        pixels = np.arange(30, dtype=np.uint8).reshape(2, 5, 3) + 30 * at[0] + at[1]
        found[at] = (pixels.astype(np.uint8), f"picture {at}")
    return found


ELEMENTS = elements()
SPARSE = np.array([[0, 2.0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 3]])


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same variables as MATLAB's 7.3 and as version 7, out of SciPy."""
    folder = tmp_path_factory.mktemp("mat")
    Matlab73(folder / "new.mat")
    variables = {
        "resp": SQUARE,
        "cube": np.arange(24.0).reshape(2, 3, 4),
        "spikes": SQUARE > 0,
        "row": SQUARE[:1],
        "complex": SQUARE[:2, :2] + 1j * SQUARE[2:, 2:],
        "nothing": np.zeros((0, 3)),
        "padded": np.array(["a.png  ", "bcd.png"]),
        "sparse": csc_array(SPARSE),
        "session": {"resp": SQUARE},
        "Elements": ELEMENTS,
        "names": np.array([["a.png", "b.png", "\u00e9.png"]], object),
    }
    savemat(folder / "old.mat", variables)
    return folder / "new.mat", folder / "old.mat", variables


@pytest.mark.parametrize("name", ["resp", "cube", "spikes", "row", "complex", "nothing", "sparse"])
def test_arrays_of_both_versions_are_alike(both, name):
    new, old, variables = both
    expected = SPARSE if name == "sparse" else variables[name]
    for path in (new, old):
        np.testing.assert_array_equal(array(path, name), expected)


@pytest.mark.parametrize("name", ["session.resp", "session/resp"])
def test_a_field_of_a_struct(both, name):
    for path in both[:2]:
        np.testing.assert_array_equal(array(path, name), SQUARE)
        with pytest.raises(DataError, match="'session'"):
            array(path, "session")


def test_struct_arrays_of_both_versions_are_alike(both):
    new, old = (mat_structs.structs(path, "Elements", ["image", "name"]) for path in both[:2])
    assert [mat_structs.text(one["name"], "") for one in new] == [
        mat_structs.text(one["name"], "") for one in old
    ]
    for one, other in zip(new, old, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
    np.testing.assert_array_equal(new[1]["image"], ELEMENTS[1, 0]["image"])
    with pytest.raises(DataError, match=r"Elements: .*'nane'.*'name'"):
        mat_structs.structs(both[0], "Elements", ["nane"])
    with pytest.raises(DataError, match=r"struct array.*'resp'"):
        mat_structs.structs(both[0], "resp", ["name"])


def test_text_of_both_versions_is_alike(both):
    for path in both[:2]:
        assert array(path, "names").tolist() == ["a.png", "b.png", "\u00e9.png"]
        assert array(path, "padded").tolist() == ["a.png", "bcd.png"]


def test_what_only_matlab_reads(both):
    with pytest.raises(DataError, match=r"'strings'.*'string'.*cellstr"):
        array(both[0], "strings")
    with pytest.raises(DataError, match=r"'mixed'.*cell array.*double"):
        array(both[0], "mixed")


def test_other_hdf5_is_not_turned(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["resp"] = SQUARE
    np.testing.assert_array_equal(array(tmp_path / "a.h5", None), SQUARE)


def test_declared_fill_values_are_missing_but_not_zero(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, value in (("minus", -1), ("zero", 0)):
            file.create_dataset(name, (2, 2), "i4", fillvalue=value)[0] = [0, 5]
    np.testing.assert_array_equal(array(tmp_path / "a.h5", "minus"), [[0, 5], [np.nan, np.nan]])
    np.testing.assert_array_equal(array(tmp_path / "a.h5", "zero"), [[0, 5], [0, 0]])


def test_what_was_never_written_is_missing(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("chunks", (5, 3), "i2", chunks=(2, 2))[:2, 1:] = [[0, 1], [2, 3]]
        file.create_dataset("whole", (2, 2), "f4")
    found = array(tmp_path / "a.h5", "chunks")
    np.testing.assert_array_equal(found[:2], [[0, 0, 1], [0, 2, 3]])
    assert np.isnan(found[2:]).all()
    assert np.isnan(array(tmp_path / "a.h5", "whole")).all()


def test_units_of_neurodata_without_borders(tmp_path):
    """As pynwb's get_data_in_units: conversion × data + offset."""
    with h5py.File(tmp_path / "a.nwb", "w") as file:
        series = file.create_group("acquisition/series")
        series.attrs["neurodata_type"] = "TimeSeries"
        series["data"] = np.arange(4, dtype=np.int16).reshape(2, 2)
        series["data"].attrs["conversion"], series["data"].attrs["offset"] = 0.5, 3.0
    np.testing.assert_array_equal(array(tmp_path / "a.nwb", "acquisition/series/data"), [[3, 3.5], [4, 4.5]])
    with h5py.File(tmp_path / "a.nwb", "a") as file:
        file["acquisition/series/channel_conversion"] = [1.0, 10.0]
    np.testing.assert_array_equal(array(tmp_path / "a.nwb", "acquisition/series/data"), [[3, 8], [4, 18]])


# files that point to others


def pointing(path, other, how):
    with h5py.File(path, "w") as file:
        if how == "external storage":
            file.create_dataset("r", (2, 2), "f8", external=[(str(other), 0, 32)])
        elif how == "external link":
            file["r"] = h5py.ExternalLink(str(other), "r")
        elif how == "soft link through it":
            file["g"] = h5py.ExternalLink(str(other), "/")
            file["r"] = h5py.SoftLink("/g/r")
        else:
            layout = h5py.VirtualLayout((2, 2), "f8")
            layout[:] = h5py.VirtualSource(str(other), "r", (2, 2))
            file.create_virtual_dataset("r", layout)


HOW = ["external storage", "external link", "soft link through it", "virtual"]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("relative", [True, False])
def test_other_files_are_read_where_they_are_named(tmp_path, how, relative):
    other = tmp_path / "other"
    if how == "external storage":
        other.write_bytes(SQUARE[:2, :2].tobytes())
    else:
        with h5py.File(other, "w") as file:
            file["r"] = SQUARE[:2, :2]
    pointing(tmp_path / "a.h5", "other" if relative else other, how)
    with pytest.raises(DataError, match=r"other.*'other_files: \[.*other\]'"):
        array(tmp_path / "a.h5", "r")
    found = array(tmp_path / "a.h5", "r", options=ReadOptions(other_files=[other]))
    np.testing.assert_array_equal(found, SQUARE[:2, :2])


@pytest.mark.parametrize("how", HOW)
def test_pipes_do_not_hang(tmp_path, how):
    os.mkfifo(tmp_path / "pipe")
    pointing(tmp_path / "a.h5", tmp_path / "pipe", how)
    with pytest.raises(DataError, match="other_files"):
        array(tmp_path / "a.h5", "r")
    with pytest.raises(DataError, match=r"pipe.*not a file"):
        array(tmp_path / "a.h5", "r", options=ReadOptions(other_files=[tmp_path / "pipe"]))
    with pytest.raises(DataError, match="expected a regular file"):
        array(tmp_path / "pipe", "r")


def test_links_inside_a_file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["deep/data"] = SQUARE
        file["r"], file["ring"] = h5py.SoftLink("/deep/data"), h5py.SoftLink("/ring")
        layout = h5py.VirtualLayout((4, 4), "f8")
        layout[:] = h5py.VirtualSource(".", "r", (4, 4))
        file.create_virtual_dataset("v", layout)
    for name in ("r", "v", "/deep/data"):
        np.testing.assert_array_equal(array(tmp_path / "a.h5", name), SQUARE)
    with pytest.raises(DataError, match="leads to itself"):
        array(tmp_path / "a.h5", "ring")


@pytest.mark.parametrize("shape", [(2, 2), (6, 6)])
def test_data_put_together_of_others_that_do_not_fit(tmp_path, shape):
    """HDF5 itself hangs or fills up with zeros (h5py 1218, 1546)."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["small"] = SQUARE
        for name, source in (("v", "small"), ("w", "gone")):
            layout = h5py.VirtualLayout(shape, "f8")
            layout[:] = h5py.VirtualSource(".", source, shape)
            file.create_virtual_dataset(name, layout)
    with pytest.raises(DataError, match=r"v'.*'small'.*\(4, 4\)"):
        array(tmp_path / "a.h5", "v")
    with pytest.raises(DataError, match=r"w'.*'gone'"):
        array(tmp_path / "a.h5", "w")


def test_a_chunk_larger_than_its_array_is_a_bomb(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = file.create_dataset(
            "r", (1, 1), "f8", maxshape=(None, None), chunks=(2**14, 2**14), compression=1
        )
        made.id.write_direct_chunk((0, 0), b"x" * 100)
    with pytest.raises(DataError, match="refused"):
        array(tmp_path / "a.h5", "r")
