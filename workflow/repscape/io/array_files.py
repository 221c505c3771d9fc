"""Arrays out of files: NumPy's, NetCDF, HDF5 (also ``.nwb`` and MATLAB's 7.3), MATLAB's and CSV tables.

What a file is, its first bytes say: addresses need not end in a suffix. Nothing in a file is executed. What
stands for a missing value in a file becomes NaN.
"""

import os
import stat
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError, some, unknown
from repscape.io import csv_tables, mat_arrays, missing_values, neuron_columns, numpy_files
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
    b"# Created by Octave": ("Octave's binary format", "Save it with save('-v7', 'FILE.mat', 'VARIABLE')."),
    b"CDF\x05": ("NetCDF of the 64-bit data format (CDF-5)", "Convert it: nccopy -k nc4 FILE NEW."),
}


class Found(NamedTuple):
    """An array out of a file, and its name.

    Attributes
    ----------
    values : array
    what : str
        The variable, and of a table its columns.
    """

    values: np.ndarray
    what: str


class ReadOptions(NamedTuple):
    """How a file is to be read, as a config may say.

    Attributes
    ----------
    columns, leave_out, factors :
        See `repscape.io.neuron_columns.select`.
    missing_values : list of float, optional
        Numbers that stand for missing values; see `repscape.io.missing_values.to_nan`.
    other_files : list of paths
        That an HDF5 file may point to.
    """

    columns: Sequence[str] | None = None
    leave_out: Sequence[str] = ()
    factors: Collection[str] = ()
    missing_values: Sequence[float] | None = None
    other_files: Collection[Path] = ()


_DEFAULT = ReadOptions()


def kind(file: Path) -> str:
    """Return what a file is: ``npz``, ``npy``, ``hdf5``, ``netcdf`` (classic), ``mat`` or ``csv``.

    Raises
    ------
    DataError
        It cannot be read, or is of a kind that is not read.
    """
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):
            raise DataError(f"{file}: expected a regular file. Check the path.")
        with open(file, "rb") as stream:
            begin = stream.read(20)
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).") from error
    if not begin:
        raise DataError(f"{file}: expected a {file.suffix} file, found an empty one. Copy or save it again.")
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


class _Asked(NamedTuple):
    """What is asked of a file: a variable, or the only one beside those that are something else."""

    file: Path
    variable: str | None
    excluded: Collection[str]
    options: ReadOptions

    def choose(self, available: Sequence[str], variable: str | None = None) -> str:
        """Return the name of the variable among those of the file."""
        variable = variable or self.variable
        if variable is None:
            others = [name for name in available if name not in self.excluded]
            if len(others) == 1:
                return others[0]
            raise DataError(
                f"{self.file}: expected one array besides those that other keys name, found {len(others)}: "
                f"{some(sorted(others)) or 'all have other meanings'}. Name the array with the responses: "
                "'responses: NAME' ('traces: NAME' for kind: traces)."
            )
        if variable not in available:
            raise DataError(f"{self.file}: variable {unknown(variable, available)}")
        return variable


def array(
    file: Path, variable: str | None, excluded: Sequence[str | None] = (), options: ReadOptions = _DEFAULT
) -> np.ndarray:
    """Read one array of a file; see `find`."""
    return find(file, variable, excluded, options).values


def find(
    file: Path, variable: str | None, excluded: Sequence[str | None] = (), options: ReadOptions = _DEFAULT
) -> Found:
    """Read one array of a file.

    Parameters
    ----------
    file : path
    variable : str, optional
        Its name; in HDF5, the path of a dataset; of a CSV table, a column. Not needed where the file has
        but one array. Of a CSV table it is then all columns that are neurons: (row, column).
    excluded : names of variables that are something else
    options : ReadOptions

    Raises
    ------
    DataError
        The file is damaged or has no such variable; the message lists what there is.
    """
    what = kind(file)
    reader = {"npz": _npz, "npy": _npy, "hdf5": _hdf5, "netcdf": _netcdf, "mat": _mat, "csv": _csv}[what]
    if what != "csv" and (options.columns is not None or options.leave_out):
        raise DataError(
            f"{file}: 'columns' and 'leave_out' are for CSV tables, found a {what} file. Remove these keys."
        )
    try:
        return Found(*reader(_Asked(file, variable, {name for name in excluded if name}, options)))
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(f"{file}: there is not enough memory to read it ({error}).") from error
    except Exception as error:  # the readers raise many kinds for damaged files
        raise DataError(f"{file}: not a complete {what} file ({error}). Copy or save it again.") from error


def ordered(
    file: Path,
    variable: str | None,
    axes: Sequence[str],
    order: tuple[str, ...],
    excluded: Sequence[str | None] = (),
    options: ReadOptions = _DEFAULT,
) -> Found:
    """Read one array of responses and bring its axes to an order; what is missing becomes NaN.

    Parameters
    ----------
    file, variable, excluded, options : as in `find`
    axes : list of str
        The array's axes, as the file has them.
    order : names of axes in the order that is wanted; some may lack

    Raises
    ------
    DataError
        See `find`; or the array has another number of axes, or values that may stand for missing ones.
    """
    values, what = find(file, variable, excluded, options)
    if values.ndim != len(axes):
        raise DataError(
            f"{file}: expected an array of {len(axes)} axes ({', '.join(axes)}), found shape "
            f"{values.shape}. List the array's axes under 'axes'."
        )
    values = missing_values.to_nan(values, options.missing_values, file)
    return Found(np.transpose(values, [axes.index(name) for name in order if name in axes]), what)


def _npy(asked: _Asked) -> tuple[np.ndarray, str]:
    if asked.variable is not None:
        raise DataError(
            f"{asked.file}: found no variable '{asked.variable}': a .npy file has a single array without a "
            "name. Leave the variable's name out."
        )
    return numpy_files.npy(asked.file), "its array"


def _npz(asked: _Asked) -> tuple[np.ndarray, str]:
    try:
        members = numpy_files.members(asked.file)
        name = asked.choose(list(members))
        return numpy_files.member(asked.file, members[name]), name
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(
            f"{asked.file}: not a complete .npz file, perhaps cut short ({error}). Copy or save it again."
        ) from error


def _hdf5(asked: _Asked) -> tuple[np.ndarray, str]:
    from repscape.io import hdf5

    with hdf5.Opened(asked.file, asked.options.other_files) as opened:
        variable = asked.variable
        for name in () if variable is None else (variable, variable.replace(".", "/")):
            if opened.has(name):
                return opened.array(name), name
        paths = asked._replace(excluded={name.strip("/") for name in asked.excluded})
        name = paths.choose(opened.names())
        return opened.array(name), name


def _netcdf(asked: _Asked) -> tuple[np.ndarray, str]:
    from scipy.io import netcdf_file  # netCDF4 takes what a truncated classic file lacks for zeros

    from repscape.io.hdf5_text import joined

    with netcdf_file(asked.file, mmap=False) as opened:
        name = asked.choose(list(opened.variables))
        found = opened.variables[name]
        values, attributes = np.array(found.data), dict(found._attributes)
    if values.dtype.kind == "S":
        return joined(values), name
    fill = DEFAULT_FILL.get(values.dtype.newbyteorder("=").str[1:])
    return unpacked(values, attributes, fill), name


def _mat(asked: _Asked) -> tuple[np.ndarray, str]:
    return mat_arrays.read(asked.file, asked.variable, asked.choose)


def _csv(asked: _Asked) -> tuple[np.ndarray, str]:
    file, variable, excluded, options = asked
    table = csv_tables.read(file, () if variable is None else [variable])
    if variable is not None:
        at = table.position(asked.choose(table.columns), file)
        return csv_tables.as_labels(table.text[at]), variable
    for name in excluded:
        table.position(asked.choose(table.columns, name), file)
    selected = neuron_columns.select(
        table, file, excluded, options.columns, options.leave_out, options.factors
    )
    columns = [table.columns[at] for at in selected]
    left_out = [name or "''" for at, name in enumerate(table.columns) if at not in selected]
    without = f" (without {some(left_out)})" if left_out else ""
    return table.numbers[:, selected], f"{len(columns)} columns, {ends(columns)}{without}"


def ends(names: Sequence[str]) -> str:
    """Name the first two and the last of a list."""
    return ", ".join(names) if len(names) < 4 else f"{names[0]}, {names[1]}, …, {names[-1]}"
