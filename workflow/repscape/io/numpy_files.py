"""NumPy's ``.npy`` and ``.npz`` files; nothing in them is executed."""

import zipfile
from pathlib import Path

import numpy as np

from repscape.core.errors import DataError, some
from repscape.io import decompression


def npy(file: Path) -> np.ndarray:
    """Read a ``.npy`` file once its header fits its size.

    Raises
    ------
    DataError
        It is cut short, or holds Python objects.
    """
    try:
        with open(file, "rb") as stream:
            _check_header(stream, file.stat().st_size, f"{file}: its array")
        return np.load(file, allow_pickle=False, mmap_mode="r" if file.stat().st_size > 2**24 else None)
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        raise DataError(
            f"{file}: not a complete .npy file of numbers ({error}). Copy or save it again."
        ) from error


def members(file: Path) -> dict[str, str]:
    """Return the arrays of a ``.npz`` file, with the name of each in the archive.

    Raises
    ------
    DataError
        It has none, or would fill the memory.
    zipfile.BadZipFile, EOFError
        It is damaged.
    """
    decompression.check_zip(file)
    with zipfile.ZipFile(file) as archive:
        found = {name.removesuffix(".npy"): name for name in archive.namelist()}
    if not any(name.endswith(".npy") for name in found.values()):
        excel = " (an Excel workbook? Save its sheet as CSV in UTF-8)" if "xl/workbook.xml" in found else ""
        raise DataError(
            f"{file}: expected an archive of NumPy arrays, found a zip archive of other files{excel}: "
            f"{some(list(found))}."
        )
    return found


def member(file: Path, name: str) -> np.ndarray:
    """Read one array of a ``.npz`` file, by its name in the archive (see `members`)."""
    with zipfile.ZipFile(file) as archive:
        info = archive.getinfo(name)
        with archive.open(info) as stream:
            _check_header(stream, info.file_size, f"{file}: '{name.removesuffix('.npy')}'")
        with archive.open(info) as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)


def _check_header(stream, size: int, what: str) -> None:
    """Refuse what a header says to be larger than the file, to hold objects or to have fields."""
    from numpy.lib import format as npy_format

    version = npy_format.read_magic(stream)
    read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        raise DataError(
            f"{what} holds Python objects, which may execute code when read, so it is refused. Save it as "
            "an array of numbers or text."
        )
    expected, found = dtype.itemsize * int(np.prod(shape, dtype=object)), size - stream.tell()
    if found < expected:
        raise DataError(
            f"{what} is cut short: {dtype} of shape {shape} needs {expected:,} bytes, found {found:,}. Copy "
            "or save it again."
        )
    if dtype.names:
        raise DataError(
            f"{what} has fields ({', '.join(dtype.names)}); expected a plain array. Save one field as an "
            "array, or all as one with numpy.lib.recfunctions.structured_to_unstructured."
        )
