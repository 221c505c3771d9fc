"""NetCDF files, written whole or not at all.

A file is written under a name unique to the process and renamed when it is complete, so that a
killed job or a full disk leaves nothing that a later run would trust; so does a job whose run has ended.
Checksums follow what is in a file, with the path under which a job wrote it: who opens the file checks both.
Nothing in a file depends on when or where it was written.
"""

import glob
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import netCDF4
import numpy as np

from repscape.core import run
from repscape import __version__
from repscape.core.errors import DataError, RepscapeError
from repscape.io import checksums


@contextmanager
def replacing(path, *, with_checksums: bool = False, block: int = checksums.BLOCK) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it to `path` if the block succeeds.

    What a killed process left under such a name is removed. A job whose run has ended renames nothing:
    another run, perhaps of another config, may have made the file by now.

    Parameters
    ----------
    path : str or Path
    with_checksums : bool
        Append those that `check` looks for. Only for formats that take no notice of what follows them.
    block : int
        Bytes of a block that is checked by itself. Of a file of many blocks, one who reads a part of the
        largest variable checks that part.

    Raises
    ------
    DataError
        The disk is full, the folder may not be written to, or the like. What the block raises of other files
        stays what it is.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
            left.unlink(missing_ok=True)
        try:
            yield temporary
            if with_checksums:
                checksums.append(temporary, _described(path, temporary, block), block)
            if run.is_over():
                raise KeyboardInterrupt
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except Exception as error:
        why = _refusal(error, path.absolute())
        if why is None:
            raise
        raise DataError(
            f"{path}: cannot be written ({why}). {_remedy(why, path)}, then run again; complete files are "
            "kept."
        ) from error


def _remedy(why: BaseException, path: Path) -> str:
    """Say what helps: HDF5 calls it a lack of permissions, too, where the file system has no locks."""
    if isinstance(why, PermissionError) and os.access(path.parent, os.W_OK | os.X_OK):
        return (
            "Its folder can be written to, so perhaps the file system has no locks. Set "
            "HDF5_USE_FILE_LOCKING=FALSE in the environment"
        )
    return "Free some disk space or check the permissions"


_MANY = 64  # blocks


def _described(path: Path, written: Path, block: int) -> dict:
    """Say what a file is of, and where in a large one its largest variable lies."""
    described: dict = {"path": name_of(path)}
    if path.suffix == ".nc" and written.stat().st_size > _MANY * block:
        import h5py

        with h5py.File(written, "r") as file:
            found = [one for one in file.values() if isinstance(one, h5py.Dataset) and one.id.get_offset()]
            if found:
                largest = max(found, key=lambda one: one.nbytes)
                place = {"offset": largest.id.get_offset(), "bytes": largest.nbytes, "rows": len(largest)}
                described["largest"] = place
    return described


def name_of(path) -> str:
    """Return the path under which the study has a file; "" outside jobs, where files may have been moved."""
    return Path(os.path.relpath(path)).as_posix() if run.in_job else ""


def check(path, rows: range | None = None) -> None:
    """Check that a file is what was written, and in a job that it was written as the file that it is read as.

    Outside jobs, files without checksums pass: they may be of other programs.

    Parameters
    ----------
    path : str or Path
    rows : range, optional
        Which rows of its largest variable will be read; see `checksums.check`.

    Raises
    ------
    DataError
        It is damaged, cannot be read, or is another file of the study.
    """
    try:
        described = checksums.check(path, rows)
    except checksums.Unmarked as error:
        if run.in_job:
            raise DataError(f"{path}: not a complete file ({error}). Delete it and run again.") from error
        return
    except checksums.Damaged as error:
        raise DataError(f"{path}: not as it was written ({error}). Delete it and run again.") from error
    check_name(path, described["path"])


def check_name(path, written: str) -> None:
    """Refuse, in a job, a file that was written as another file of the study (see `name_of`)."""
    name = name_of(path)
    if written and name and written != name:
        raise DataError(
            f"{path}: expected the file that was written under this name, found a copy of {written}. "
            "Delete it and run again."
        )


def _refusal(error: BaseException, path: Path) -> BaseException | None:
    """Return what says that a file could not be written: libraries that write report it in many ways."""
    if isinstance(error, OSError):
        return None if _is_of_another(error, path) else error
    if isinstance(error, RuntimeError):
        if isinstance(error.__context__, OSError):  # torch
            return _refusal(error.__context__, path)
        return error if "HDF" in str(error) else None  # netCDF4
    is_ours = isinstance(error, RepscapeError)
    return error if "os error" in str(error) and not is_ours else None  # safetensors


def _is_of_another(error: OSError, path: Path) -> bool:
    """Whether an error is of another file than `path`, its folders and the temporary names beside it."""
    if not isinstance(error.filename, str | bytes):  # h5py and safetensors name no file that they do not find
        return isinstance(error, FileNotFoundError)
    named = Path(os.fsdecode(error.filename)).absolute()
    temporary = named.parent == path.parent and named.name.startswith(f".{path.name}.")
    return not temporary and named not in (path, *path.parents)


@contextmanager
def create(
    path, *, kind: str, attributes: Mapping | None = None, block: int = checksums.BLOCK
) -> Iterator[netCDF4.Dataset]:
    """Open a new NetCDF-4 file for writing; it appears at `path` when the block succeeds.

    Parameters
    ----------
    path : str or Path
    kind : str
        What the file holds (``stimulus``, ``activations``, ``rdm``, …); `open_file` checks it.
    attributes : mapping of str to str, int, float or a sequence of these
        The keys and parameters that made the file. Values that are None are left out.
    block : int
        Bytes that are checked by themselves; see `replacing`.
    """
    with (
        replacing(path, with_checksums=True, block=block) as temporary,
        netCDF4.Dataset(temporary, "w", format="NETCDF4") as dataset,
    ):
        about = {"repscape_version": __version__, "kind": kind, "written_as": name_of(path) or None}
        set_attributes(dataset, about)
        set_attributes(dataset, attributes or {})
        yield dataset


def set_attributes(group, attributes: Mapping) -> None:
    """Set NetCDF attributes in sorted order; booleans become 0 or 1, None is left out."""
    for name in sorted(attributes):
        value = attributes[name]
        if isinstance(value, bool | np.bool_):
            value = int(value)
        if value is not None:
            group.setncattr(name, value)


def add_variable(group, name: str, dims: tuple[str, ...], values, attributes=None) -> None:
    """Add a variable and the dimensions it needs to an open file or group.

    Strings are stored as NetCDF strings, numbers contiguous and uncompressed in their own type. What gives
    its values in consecutive ``blocks()`` along the first dimension, and has a ``shape`` and a ``dtype``,
    is written block by block.
    """
    if not hasattr(values, "blocks"):
        values = np.asarray(values)
    for dim, size in zip(dims, values.shape, strict=True):
        if dim not in group.dimensions and (group.parent is None or dim not in group.parent.dimensions):
            group.createDimension(dim, size)
    if values.dtype.kind in "UO":
        variable = group.createVariable(name, str, dims)
        values = values.astype(object)
    else:
        variable = group.createVariable(name, values.dtype, dims, fill_value=False)
    set_attributes(variable, attributes or {})
    if hasattr(values, "blocks"):
        done = 0
        for block in values.blocks():
            variable[done : done + len(block)] = block
            done += len(block)
    elif values.size:
        variable[:] = values


def write(
    path,
    *,
    kind: str,
    variables: Mapping,
    attributes: Mapping | None = None,
    groups: Mapping | None = None,
    block: int = checksums.BLOCK,
) -> None:
    """Write a whole file at once.

    Parameters
    ----------
    path, kind, attributes, block : as in `create`
    variables : mapping of name to (dims, values) or (dims, values, attributes)
        A variable named as its only dimension is a coordinate.
    groups : mapping of group path to (variables, attributes)
    """
    with create(path, kind=kind, attributes=attributes, block=block) as dataset:
        fill(dataset, variables, {})
        for name, (inner, inner_attributes) in (groups or {}).items():
            fill(dataset.createGroup(name), inner, inner_attributes)


def fill(group, variables: Mapping, attributes: Mapping) -> None:
    """Add attributes and variables, as `write` takes them, to an open file or group."""
    set_attributes(group, attributes)
    for name, (dims, values, *rest) in variables.items():
        add_variable(group, name, tuple(dims), values, *rest)


@contextmanager
def open_file(path, kind: str | None = None, *, rows: range | None = None) -> Iterator[netCDF4.Dataset]:
    """Open a file for reading, without masked arrays, after its checksums.

    Parameters
    ----------
    path : str or Path
    kind : str, optional
        What it must hold; see `create`.
    rows : range, optional
        Which rows of its largest variable will be read, if not all; the others are not checked. Of a
        stimulus whose images are not read, none: ``range(0)``.

    Raises
    ------
    DataError
        The file is missing, truncated, damaged, not NetCDF, of another kind, or another file of the study.
    """
    try:
        with suppress(OSError):  # which the library says
            check(path, rows)
    except DataError as error:
        if not isinstance(error.__cause__, checksums.Unmarked):
            raise
        unmarked = error
    else:
        unmarked = None
    try:
        dataset = netCDF4.Dataset(path, "r")
    except (OSError, RuntimeError) as error:
        raise DataError(f"{path}: not a readable NetCDF file ({error}). Delete it and run again.") from error
    with dataset:
        if unmarked is not None:
            raise unmarked
        dataset.set_auto_mask(False)
        found = getattr(dataset, "kind", None)
        if kind is not None and found != kind:
            raise DataError(f"{path}: expected a file of kind '{kind}', found '{found}'.")
        yield dataset
