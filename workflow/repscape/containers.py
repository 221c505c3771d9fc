"""Arrays out of files: NumPy's, NetCDF, HDF5 (also ``.nwb`` and MATLAB's 7.3), MATLAB's and CSV tables.

What a file is, its first bytes say: addresses need not end in a suffix. Nothing in a file is executed.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from repscape import bombs
from repscape.errors import DataError, some, unknown

_MAGIC = {
    b"PK\x03\x04": "npz",
    b"\x93NUMPY": "npy",
    b"\x89HDF\r\n\x1a\n": "hdf5",
    b"CDF": "netcdf",
    b"MATLAB 5.0": "mat",
    b"MATLAB 7.3": "hdf5",
}


def kind(file: Path) -> str:
    """Tell what a file is: ``npz``, ``npy``, ``hdf5``, ``netcdf`` (classic), ``mat`` or ``csv``.

    Raises
    ------
    DataError
        It cannot be read.
    """
    try:
        with open(file, "rb") as stream:
            begin = stream.read(16)
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).") from error
    return next((what for magic, what in _MAGIC.items() if begin.startswith(magic)), "csv")


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
    except zipfile.BadZipFile:  # told when it is read
        return None


def array(file: Path, variable: str | None, but: tuple[str | None, ...] = ()) -> np.ndarray:
    """Read one array of a file.

    Parameters
    ----------
    file : path
    variable : str, optional
        Its name; in HDF5, the path of a dataset; of a CSV table, a column. Not needed where the file has
        but one array. Of a CSV table it is then all columns but those in `but`: (row, column).
    but : names of variables that are something else

    Raises
    ------
    DataError
        The file is damaged or has no such variable; the message lists what there is.
    """
    what = kind(file)
    reader = {"npz": _npz, "npy": _npy, "hdf5": _hdf5, "netcdf": _netcdf, "mat": _mat, "csv": _csv}[what]
    try:
        return reader(file, variable, {name for name in but if name})
    except DataError:
        raise
    except Exception as error:  # the readers raise many kinds for damaged files
        raise DataError(f"{file}: not a whole {what} file ({error}).") from error


def ordered(
    file: Path,
    variable: str | None,
    axes: Sequence[str],
    order: tuple[str, ...],
    but: tuple[str | None, ...] = (),
) -> np.ndarray:
    """Read one array and bring its axes to an order.

    Parameters
    ----------
    file, variable, but : as in `array`
    axes : list of str
        The array's axes, as the file has them.
    order : names of axes in the order that is wanted; some may lack

    Raises
    ------
    DataError
        See `array`; or the array has another number of axes.
    """
    values = array(file, variable, but)
    if values.ndim != len(axes):
        raise DataError(
            f"{file}: expected an array of {len(axes)} axes ({', '.join(axes)}), found shape {values.shape}. "
            "Name the array's own axes under 'axes'."
        )
    return np.transpose(values, [axes.index(name) for name in order if name in axes])


def _choose(file: Path, variable: str | None, there, but: set[str]) -> str:
    """Return the name of the variable that is meant."""
    names = list(there)
    if variable is None:
        others = [name for name in names if name not in but]
        if len(others) == 1:
            return others[0]
        raise DataError(
            f"{file}: expected one array beside those that other keys name, found {len(others)}: "
            f"{some(sorted(others)) or 'all have other meanings'}. Name the one that holds the responses."
        )
    if variable not in names:
        raise DataError(f"{file}: variable {unknown(variable, names)}")
    return variable


def _npy(file: Path, variable: str | None, but: set[str]) -> np.ndarray:
    if variable is not None:
        raise DataError(f"{file}: a .npy file has one array without a name, so '{variable}' is not in it.")
    try:
        return np.load(file, allow_pickle=False, mmap_mode="r")
    except ValueError as error:
        if "object" in str(error).lower():
            raise _refused(file, "its array") from error
        raise


def _npz(file: Path, variable: str | None, but: set[str]) -> np.ndarray:
    try:
        bombs.check_zip(file)
        archive = np.load(file, allow_pickle=False)
    except zipfile.BadZipFile as error:
        raise DataError(f"{file}: not a whole .npz file ({error}).") from error
    with archive:
        name = _choose(file, variable, archive.files, but)
        try:
            return archive[name]
        except ValueError as error:
            raise _refused(file, f"'{name}'") from error


def _refused(file: Path, what: str) -> DataError:
    return DataError(
        f"{file}: {what} holds Python objects, which may execute code when read, and is refused. Save it as "
        "an array of numbers or text."
    )


def _hdf5(file: Path, variable: str | None, but: set[str]) -> np.ndarray:
    import h5py

    with h5py.File(file, "r") as opened:
        datasets: list[str] = []
        opened.visititems(
            lambda name, item: datasets.append(name) if isinstance(item, h5py.Dataset) else None
        )
        name = _choose(file, None if variable is None else variable.strip("/"), datasets, but)
        found = opened[name]
        bombs.check(found.id.get_storage_size(), found.nbytes, f"{file}: '{name}'")
        text = h5py.check_string_dtype(found.dtype) is not None
        return (found.asstr() if text else found)[...]


def _netcdf(file: Path, variable: str | None, but: set[str]) -> np.ndarray:
    from scipy.io import netcdf_file  # netCDF4 takes what a truncated classic file lacks for zeros

    with netcdf_file(file, mmap=False) as opened:
        values = opened.variables[_choose(file, variable, opened.variables, but)].data
    if values.dtype.kind == "S":
        return np.array([b"".join(row).decode().rstrip("\0 ") for row in values])
    return values.astype(values.dtype.newbyteorder("="))


def _mat(file: Path, variable: str | None, but: set[str]) -> np.ndarray:
    from scipy.io import loadmat, whosmat

    bombs.check_mat(file)
    there = [found for found, *_ in whosmat(file, appendmat=False)]
    name = _choose(file, variable, there, but)
    values = loadmat(file, appendmat=False, variable_names=[name], chars_as_strings=True)[name]
    if values.dtype == object:
        raise DataError(
            f"{file}: '{name}' is a cell or struct array. Save it as an array of numbers or text."
        )
    # MATLAB has no vectors: a row or a column is one.
    return values.ravel() if values.ndim == 2 and 1 in values.shape else values


def _csv(file: Path, variable: str | None, but: set[str]) -> np.ndarray:
    import pandas as pd

    table = pd.read_csv(file, encoding="utf-8-sig", skipinitialspace=True)
    if str(table.columns[0]).startswith("Unnamed:"):
        raise DataError(
            f"{file}: its first column has no name: is it the index that pandas writes? Save the table with "
            "index=False, or name the column."
        )
    if len(table.columns) == 1 and ";" in str(table.columns[0]):
        raise DataError(f"{file}: expected columns separated by commas, found semicolons.")
    if variable is not None:
        return table[_choose(file, variable, table.columns, but)].to_numpy()
    for name in but:
        _choose(file, name, table.columns, set())
    values = table.drop(columns=sorted(but))
    text = [name for name in values if values[name].dtype.kind not in "buif"]
    if text:
        raise DataError(
            f"{file}: expected numbers in all columns of neurons, found others in "
            f"{', '.join(map(str, text[:5]))}. Columns that are no neurons can be named by 'images', or "
            "taken out."
        )
    return values.to_numpy()
