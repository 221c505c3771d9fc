"""Arrays out of files: NumPy's, NetCDF, HDF5 (also ``.nwb`` and MATLAB's 7.3), MATLAB's and CSV tables.

What a file is, its first bytes say: addresses need not end in a suffix. Nothing in a file is executed. What
stands for a missing value in a file becomes NaN.
"""

import os
import stat
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from repscape.core.errors import DataError, some, unknown
from repscape.io import csv_tables, decompression
from repscape.io.packed import DEFAULT_FILL, unpacked

_MAGIC = {
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",
    b"\x93NUMPY": "npy",
    b"\x89HDF\r\n\x1a\n": "hdf5",
    b"CDF": "netcdf",
    b"MATLAB 5.0": "mat",
    b"MATLAB 7.3": "hdf5",
}
# What is no such file, though its name may say so: its first bytes, what it is, what to do
_FOREIGN = {
    b"\x1f\x8b": ("compressed by gzip", "Unpack it first: gunzip FILE."),
    b"BZh": ("compressed by bzip2", "Unpack it first: bunzip2 FILE."),
    b"\xfd7zXZ": ("compressed by xz", "Unpack it first: unxz FILE."),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", "Unpack it first: unzstd FILE."),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "Save its sheet as CSV in UTF-8."),
    b"PAR1": ("a Parquet table", "Save it as CSV or .npy."),
    b"ARROW1": ("an Arrow table", "Save it as CSV or .npy."),
    b"\x80\x04\x95": ("a Python pickle, which may execute code when read", "Save it as .npy."),
    b"\x80\x05\x95": ("a Python pickle, which may execute code when read", "Save it as .npy."),
    b"# Created by Octave": ("Octave's own format", "Save it with save('-v7', 'FILE.mat', 'VARIABLE')."),
    b"CDF\x05": ("NetCDF of the 64-bit data format (CDF-5)", "Convert it: nccopy -k nc4 FILE NEW."),
}
_FAR = 5  # by how much all responses must be smaller than what may stand for a missing one
_STANDING_FOR_NONE = [
    *(sign * (10.0**digits - 1) for digits in (2, 3, 4, 5, 6) for sign in (-1, 1)),
    *(sign * 2.0**bits + more for bits in (15, 31, 63) for sign, more in ((-1, 0), (-1, 1), (1, -1))),
    *(sign * size for size in (1e20, 1e30, 1e36, 9.969209968386869e36) for sign in (-1, 1)),
]


class Found(NamedTuple):
    """An array out of a file, and how to call it.

    Attributes
    ----------
    values : array
    what : str
        The variable, and of a table its columns.
    """

    values: np.ndarray
    what: str


class How(NamedTuple):
    """How a file is to be read, as a config may say.

    Attributes
    ----------
    columns, leave_out, factors :
        See `csv_tables.neurons`.
    missing_values : list of float, optional
        Numbers that stand for missing values. Without it, numbers that may do so are asked for.
    other_files : list of paths
        That an HDF5 file may point to.
    """

    columns: Sequence[str] | None = None
    leave_out: Sequence[str] = ()
    factors: Collection[str] = ()
    missing_values: Sequence[float] | None = None
    other_files: Collection[Path] = ()


def kind(file: Path) -> str:
    """Tell what a file is: ``npz``, ``npy``, ``hdf5``, ``netcdf`` (classic), ``mat`` or ``csv``.

    Raises
    ------
    DataError
        It cannot be read, or is of a kind that is not read.
    """
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):
            raise DataError(f"{file}: is no regular file.")
        with open(file, "rb") as stream:
            begin = stream.read(20)
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).") from error
    if not begin:
        raise DataError(f"{file}: not a whole {file.suffix} file: it is empty.")
    for magic, (what, advice) in _FOREIGN.items():
        if begin.startswith(magic):
            raise DataError(f"{file}: is {what}. {advice}")
    for magic, what in _MAGIC.items():
        if begin.startswith(magic):
            return what
    return "mat" if b"\0" in begin[:4] and begin[:2] not in (b"\xff\xfe", b"\xfe\xff") else "csv"  # version 4


def names(file: Path) -> list[str] | None:
    """Name the arrays of a file where that takes no time, in ``.npz`` files; None where it would.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    if kind(file) != "npz":
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except zipfile.BadZipFile:  # reported when it is read
        return None


def array(file: Path, variable: str | None, but: tuple[str | None, ...] = (), how: How = How()) -> np.ndarray:  # noqa: B008
    """Read one array of a file; see `find`."""
    return find(file, variable, but, how).values


def find(file: Path, variable: str | None, but: tuple[str | None, ...] = (), how: How = How()) -> Found:  # noqa: B008
    """Read one array of a file.

    Parameters
    ----------
    file : path
    variable : str, optional
        Its name; in HDF5, the path of a dataset; of a CSV table, a column. Not needed where the file has
        but one array. Of a CSV table it is then all columns that are neurons: (row, column).
    but : names of variables that are something else
    how : How

    Raises
    ------
    DataError
        The file is damaged or has no such variable; the message lists what there is.
    """
    what = kind(file)
    reader = {"npz": _npz, "npy": _npy, "hdf5": _hdf5, "netcdf": _netcdf, "mat": _mat, "csv": _csv}[what]
    if what != "csv" and (how.columns is not None or how.leave_out):
        raise DataError(f"{file}: 'columns' and 'leave_out' are of CSV tables; found a {what} file.")
    try:
        values, called = reader(file, variable, {name for name in but if name}, how)
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(f"{file}: there is not enough memory to read it ({error}).") from error
    except Exception as error:  # the readers raise many kinds for damaged files
        raise DataError(f"{file}: not a whole {what} file ({error}).") from error
    return Found(values, called)


def ordered(
    file: Path,
    variable: str | None,
    axes: Sequence[str],
    order: tuple[str, ...],
    but: tuple[str | None, ...] = (),
    how: How = How(),  # noqa: B008
) -> Found:
    """Read one array of responses and bring its axes to an order; what is missing becomes NaN.

    Parameters
    ----------
    file, variable, but, how : as in `find`
    axes : list of str
        The array's axes, as the file has them.
    order : names of axes in the order that is wanted; some may lack

    Raises
    ------
    DataError
        See `find`; or the array has another number of axes, or values that may stand for missing ones.
    """
    values, what = find(file, variable, but, how)
    if values.ndim != len(axes):
        raise DataError(
            f"{file}: expected an array of {len(axes)} axes ({', '.join(axes)}), found shape {values.shape}. "
            "Name the array's own axes under 'axes'."
        )
    values = _without_missing(values, how.missing_values, file)
    return Found(np.transpose(values, [axes.index(name) for name in order if name in axes]), what)


def _without_missing(values: np.ndarray, missing: Sequence[float] | None, file: Path) -> np.ndarray:
    """Put NaN in place of numbers that stand for missing values; ask about those that may."""
    if values.dtype.kind not in "iuf" or not values.size:
        return values
    if missing:
        none = np.isin(
            values, np.asarray(missing).astype(values.dtype if values.dtype.kind == "f" else float)
        )
        if none.any():
            values = values.astype(values.dtype if values.dtype.kind == "f" else np.float64)
            values[none] = np.nan
        return values
    if missing is None:
        low, high = np.nanmin(values, initial=0), np.nanmax(values, initial=0)
        for end in (low, high):
            near = [one for one in _STANDING_FOR_NONE if np.isclose(float(end), one, rtol=1e-6, atol=0)]
            if not near:
                continue
            others = values[np.isfinite(values) & (values != end)]
            if others.size and np.abs(others.astype(float)).max() * _FAR < abs(float(end)):
                raise DataError(
                    f"{file}: {np.sum(values == end)} values are {end:g}, the others {others.min():g} to "
                    f"{others.max():g}. Does {end:g} stand for missing ones? Then write 'missing_values: "
                    f"[{end:.16g}]'; if it is a response, 'missing_values: []'."
                )
    return values


def _choose(file: Path, variable: str | None, there: Sequence[str], but: set[str]) -> str:
    """Return the name of the variable that is meant."""
    if variable is None:
        others = [name for name in there if name not in but]
        if len(others) == 1:
            return others[0]
        raise DataError(
            f"{file}: expected one array beside those that other keys name, found {len(others)}: "
            f"{some(sorted(others)) or 'all have other meanings'}. Name the one that holds the responses "
            "by 'responses', of the source 'traces' by 'traces'."
        )
    if variable not in there:
        raise DataError(f"{file}: variable {unknown(variable, there)}")
    return variable


def npy(file: Path) -> np.ndarray:
    """Read a ``.npy`` file once its header fits its size.

    Raises
    ------
    DataError
        It is cut short, or holds Python objects.
    """
    try:
        with open(file, "rb") as stream:
            _check_npy(stream, file.stat().st_size, f"{file}: its array")
        return np.load(file, allow_pickle=False, mmap_mode="r" if file.stat().st_size > 2**24 else None)
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        raise DataError(f"{file}: not a whole .npy file of numbers ({error}).") from error


def _check_npy(stream, size: int, what: str) -> None:
    """Refuse what a header says to be larger than the file, to hold objects or to have fields."""
    from numpy.lib import format as npy_format

    version = npy_format.read_magic(stream)
    read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        raise DataError(
            f"{what} holds Python objects, which may execute code when read, and is refused. Save it as "
            "an array of numbers or text."
        )
    expected, there = dtype.itemsize * int(np.prod(shape, dtype=object)), size - stream.tell()
    if there < expected:
        raise DataError(
            f"{what} is cut short: {dtype} of shape {shape} needs {expected:,} bytes, found {there:,}. Copy "
            "or save it again."
        )
    if dtype.names:
        raise DataError(
            f"{what} has fields ({', '.join(dtype.names)}). Save one of them as an array by itself, or all "
            "as one: numpy.lib.recfunctions.structured_to_unstructured."
        )


def _npy(file: Path, variable: str | None, but: set[str], how: How) -> tuple[np.ndarray, str]:
    if variable is not None:
        raise DataError(f"{file}: a .npy file has one array without a name, so '{variable}' is not in it.")
    return npy(file), "its array"


def _npz(file: Path, variable: str | None, but: set[str], how: How) -> tuple[np.ndarray, str]:
    decompression.check_zip(file)
    try:
        with zipfile.ZipFile(file) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            if not any(name.endswith(".npy") for name in members.values()):
                excel = (
                    " (an Excel workbook? Save its sheet as CSV in UTF-8)"
                    if "xl/workbook.xml" in members
                    else ""
                )
                raise DataError(
                    f"{file}: is a zip archive without NumPy's arrays{excel}; it has {some(list(members))}."
                )
            name = _choose(file, variable, list(members), but)
            info = archive.getinfo(members[name])
            with archive.open(info) as stream:
                _check_npy(stream, info.file_size, f"{file}: '{name}'")
            with archive.open(info) as stream:
                return np.lib.format.read_array(stream, allow_pickle=False), name
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(
            f"{file}: not a whole .npz file, perhaps cut short ({error}). Copy or save it again."
        ) from error


def _hdf5(file: Path, variable: str | None, but: set[str], how: How) -> tuple[np.ndarray, str]:
    from repscape.io import hdf5

    with hdf5.Opened(file, how.other_files) as opened:
        for name in () if variable is None else (variable, variable.replace(".", "/")):
            if opened.has(name):
                return opened.array(name), name
        name = _choose(file, variable, opened.names(), {name.strip("/") for name in but})
        return opened.array(name), name


def _netcdf(file: Path, variable: str | None, but: set[str], how: How) -> tuple[np.ndarray, str]:
    from scipy.io import netcdf_file  # netCDF4 takes what a truncated classic file lacks for zeros

    from repscape.io.hdf5 import joined

    with netcdf_file(file, mmap=False) as opened:
        name = _choose(file, variable, list(opened.variables), but)
        found = opened.variables[name]
        values, attributes = np.array(found.data), dict(found._attributes)
    if values.dtype.kind == "S":
        return joined(values), name
    fill = DEFAULT_FILL.get(values.dtype.newbyteorder("=").str[1:])
    return unpacked(values, attributes, fill), name


def _mat(file: Path, variable: str | None, but: set[str], how: How) -> tuple[np.ndarray, str]:
    from scipy.io import loadmat, whosmat

    from repscape.io.hdf5 import objects_of_matlab

    decompression.check_mat(file)
    classes = {found: what for found, _, what in whosmat(file, appendmat=False)}
    whole, *fields = (
        [variable] if variable in classes or variable is None else variable.replace("/", ".").split(".")
    )
    name = _choose(file, whole if whole in classes else variable, list(classes), but)
    if classes[name] in ("opaque", "object", "function"):
        raise objects_of_matlab(f"{file}: '{name}'", classes[name])
    values: Any = loadmat(file, appendmat=False, variable_names=[name], chars_as_strings=True)[name]
    for field in fields:
        if not values.dtype.names or field not in values.dtype.names or values.size != 1:
            there = (
                f"its fields are {', '.join(values.dtype.names)}"
                if values.dtype.names
                else "it has no fields"
            )
            raise DataError(f"{file}: '{variable}': '{name}' has no single '{field}'; {there}.")
        values, name = values.item()[values.dtype.names.index(field)], f"{name}.{field}"
    return _of_matlab(values, file, name), name


def _of_matlab(values: Any, file: Path, name: str) -> np.ndarray:
    """Return a variable of MATLAB's as an array, also a sparse one or text of cells and letters."""
    from scipy.sparse import issparse

    from repscape.io.hdf5 import cell_of_others, objects_of_matlab

    where = f"{file}: '{name}'"
    if issparse(values):
        decompression.check(file.stat().st_size, 8 * values.shape[0] * values.shape[1], where)
        return values.toarray()
    if type(values).__name__ == "MatlabOpaque":
        raise objects_of_matlab(where, "an object")
    if values.dtype.names:
        raise DataError(
            f"{where} is a struct array. Name a field of it, as in '{name}.FIELD'; it has "
            f"{', '.join(values.dtype.names)}."
        )
    if values.dtype == object:
        found = [np.asarray(one) for one in values.ravel(order="F")]
        for one in found:
            if one.dtype.kind not in "US" or one.size > 1:
                raise cell_of_others(where, f"{one.dtype}")
        return np.array([str(one.item()).rstrip("\0 ") if one.size else "" for one in found], str)
    if values.dtype.kind == "U":
        return np.array([row.rstrip("\0 ") for row in values.ravel().tolist()], str)
    return values


def _csv(file: Path, variable: str | None, but: set[str], how: How) -> tuple[np.ndarray, str]:
    table = csv_tables.read(file, () if variable is None else [variable])
    if variable is not None:
        place = table.place(_choose(file, variable, table.columns, but), file)
        return csv_tables.as_labels(table.text[place]), variable
    for name in but:
        table.place(_choose(file, name, table.columns, set()), file)
    places = csv_tables.neurons(table, file, but, how.columns, how.leave_out, how.factors)
    columns = [table.columns[at] for at in places]
    left = [name or "''" for at, name in enumerate(table.columns) if at not in places]
    told = f"{len(columns)} columns, {ends(columns)}" + (f" (without {some(left)})" if left else "")
    return table.numbers[:, places], told


def ends(names: Sequence[str]) -> str:
    """Name the first two and the last of a list."""
    return ", ".join(names) if len(names) < 4 else f"{names[0]}, {names[1]}, …, {names[-1]}"
