import numpy as np
import pytest
from messages import says
from scipy.io import savemat

from repscape.core.errors import DataError
from repscape.io import mat_structs


def save(path, **variables):
    savemat(path, variables)
    return path


def structs(*shape, **fields):
    """Return an array of structs; each field is a list of one value an element, in C order."""
    array = np.empty(shape, [(name, object) for name in fields])
    for name, values in fields.items():
        column = np.empty(len(values), object)
        column[:] = values
        array[name] = column.reshape(shape)
    return array


@pytest.fixture
def file(tmp_path):
    elements = structs(1, 2, 2, number=[1.0, 2.0, 3.0, 4.0], name=["a", "b", "c", "d "])
    return save(tmp_path / "a.mat", Elements=elements, other=np.eye(3))


def test_elements_come_as_matlab_counts_them(file):
    found = mat_structs.structs(file, "Elements", ["name", "number"])
    assert [mat_structs.text(element["name"], "") for element in found] == ["a", "c", "b", "d"]
    assert [mat_structs.text(element["number"], "") for element in found] == ["1", "3", "2", "4"]


def test_a_file_whose_name_has_no_ending(file):
    assert len(mat_structs.structs(file.rename(file.with_suffix("")), "Elements", ["name"])) == 4


@pytest.mark.parametrize(
    ("variable", "fields", "said"),
    [
        ("elements", ["name"], "'elements' … 'Elements'"),
        ("Elements", ["title"], "Elements: … 'title' … name, number"),
        ("other", ["name"], "'other' … float64 … (3, 3)"),
        ("other", ["RDM", "name"], "struct('RDM', other, 'name', 'TEXT')"),
    ],
)
def test_what_there_is_not(file, variable, fields, said):
    with pytest.raises(DataError) as error:
        mat_structs.structs(file, variable, fields)
    says(str(error.value), str(file), said)


def test_how_a_stack_becomes_a_struct_array(tmp_path):
    """Cells of whole pictures, not of their channels."""
    file = save(tmp_path / "a.mat", pictures=np.zeros((4, 5, 3, 2)))
    with pytest.raises(DataError, match=r"struct\('image', squeeze\(num2cell\(pictures, \[1 2 3\]\)\)\)"):
        mat_structs.structs(file, "pictures", ["image"])


@pytest.mark.parametrize("damage", ["text", "empty", "half", "flipped"])
def test_no_mat_file(file, damage):
    whole = file.read_bytes()
    file.write_bytes(
        {
            "text": b"x" * 500,
            "empty": b"",
            "half": whole[: len(whole) // 2],
            "flipped": whole[:128] + b"\xff" * 400,
        }[damage]
    )
    with pytest.raises(DataError, match=r"\.mat"):
        mat_structs.structs(file, "Elements", ["name"])


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match="missing"):
        mat_structs.structs(tmp_path / "none.mat", "a", [])


def test_version_7_3_says_how_to_save_again(tmp_path):
    """Such a file begins with MATLAB's header, of version 2.0; HDF5 follows after 512 bytes."""
    header = b"MATLAB 7.3 MAT-file".ljust(124) + (0x0200).to_bytes(2, "little") + b"IM"
    path = tmp_path / "new.mat"
    path.write_bytes(header.ljust(512, b"\0") + b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(DataError, match=r"version 7\.3.*-v7'"):
        mat_structs.structs(path, "a", [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array(["cup "]), "cup"),
        (np.array([[1]], np.uint8), "1"),
        (np.array([[2.0]]), "2"),
        (np.array(0.5), "0.5"),
    ],
)
def test_text(value, expected):
    assert mat_structs.text(value, "") == expected


@pytest.mark.parametrize("value", [np.array([], "U1"), np.array([1, 2]), np.array([np.eye(2)], object)])
def test_neither_text_nor_a_number(value):
    with pytest.raises(DataError, match=r"a\.mat: .*text"):
        mat_structs.text(value, "a.mat")
