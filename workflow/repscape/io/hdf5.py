"""Arrays out of HDF5: NetCDF-4, ``.nwb``, MATLAB's 7.3, and what other programs write.

Nothing outside the file is read unless it is named: HDF5 can point to any other file, as text, raw bytes
or a device that never ends.
"""

import os
import posixpath
import stat
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from repscape.core.errors import DataError
from repscape.io import decompression, hdf5_matlab
from repscape.io.hdf5_text import joined, text
from repscape.io.packed import ATTRIBUTES, DEFAULT_FILL, unpacked

_HOPS = 32  # links that follow each other, or data that are put together of others
_NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"


class Opened:
    """An HDF5 file and those that it may point to; use it as a context.

    Parameters
    ----------
    file : path
    others : paths
        Further files that may be read where this one points to them.
    """

    def __init__(self, file: Path, others: Collection[Path] = ()):  # noqa: D107
        self.file = file
        self._others = {os.path.realpath(other) for other in others}
        self._stack = ExitStack()
        self._opened: dict[str, Any] = {}

    def __enter__(self) -> "Opened":  # noqa: D105
        self.root = self._open(os.path.realpath(self.file))
        return self

    def __exit__(self, *error) -> None:  # noqa: D105
        self._stack.close()

    def names(self) -> list[str]:
        """List the paths of arrays in the file, without what MATLAB and NetCDF keep for themselves."""
        import h5py

        found: list[str] = []

        def visit(name, item) -> None:
            inside = name.partition("/")[0] in ("#refs#", "#subsystem#")
            sparse = isinstance(item, h5py.Group) and "MATLAB_sparse" in item.attrs
            part = any(name.startswith(f"{other}/") for other in sparse_ones)
            if sparse:
                sparse_ones.append(name)
            dimension = bytes(np.bytes_(item.attrs.get("NAME", b""))).startswith(_NO_VARIABLE)
            if (isinstance(item, h5py.Dataset) or sparse) and not inside and not part and not dimension:
                found.append(name)

        sparse_ones: list[str] = []
        self.root.visititems(visit)
        return found

    def has(self, name: str) -> bool:
        """Whether the file has an array of this path."""
        import h5py

        try:
            item = self.find(self.root, name)
        except KeyError:
            return False
        return isinstance(item, h5py.Dataset) or "MATLAB_sparse" in item.attrs

    def array(self, name: str) -> np.ndarray:
        """Read an array; of a MATLAB file as MATLAB shows it, else with NaN for what is missing.

        Raises
        ------
        DataError
            It is in another file, larger than it can be, or of a kind that is no array.
        """
        item = self.find(self.root, name)
        where = f"{self.file}: '{name}'"
        matlab = text(item.attrs.get("MATLAB_class"))
        if matlab or _is_matlab(self.file):
            return hdf5_matlab.value(self, item, matlab, where)
        values = self.values(item, where)
        if item.dtype == "S1" and _is_netcdf(item.file):
            return joined(values)
        values = _written(values, item)
        packing = {name: item.attrs[name] for name in ATTRIBUTES if name in item.attrs}
        values = unpacked(values, packing, _fill(item))
        return self._in_units(values, item, where)

    # where things are

    def _open(self, path: str):
        import h5py

        if path not in self._opened:
            self._opened[path] = self._stack.enter_context(h5py.File(path, "r", locking=False))
        return self._opened[path]

    def _named(self, target: str, root, name: str) -> str:
        """Return the path of another file that a name in an open file points to, if it may be read."""
        source = root.filename
        path = os.path.realpath(os.path.join(os.path.dirname(source), target))
        if path == os.path.realpath(source):
            return path
        if path not in self._others:
            raise DataError(
                f"{source}: '{name}' points to another file, {target}, which is read only if the config "
                f"names it. If these are your data, add 'other_files: [{path}]' to the recording, or copy "
                "all into one file (h5repack, h5copy)."
            )
        if not os.path.exists(path) or not stat.S_ISREG(os.stat(path).st_mode):
            raise DataError(
                f"{source}: '{name}' points to {target}, which is missing or not a file. Check the path, "
                "or copy the data into one file (h5repack, h5copy)."
            )
        return path

    def find(self, root, path: str, hops: int = 0) -> Any:
        """Return what is at a path of an open file, by links of which each is looked at."""
        import h5py

        if hops > _HOPS:
            raise DataError(f"{root.filename}: '{path}' is a link that leads to itself.")
        here, parts = root["/"], [part for part in path.split("/") if part not in ("", ".")]
        for at, part in enumerate(parts):
            link = here.get(part, getlink=True) if isinstance(here, h5py.Group) else None
            if link is None:
                raise KeyError(path)
            rest = parts[at + 1 :]
            if isinstance(link, h5py.SoftLink):
                return self.find(root, posixpath.join(here.name, link.path, *rest), hops + 1)
            if isinstance(link, h5py.ExternalLink):
                other = self._open(self._named(link.filename, root, posixpath.join(here.name, part)))
                return self.find(other, posixpath.join(link.path, *rest), hops + 1)
            here = here[part]
        return here

    def _check_sources(self, item, hops: int = 0) -> None:
        """Check that data that are put together of others lie in files that were named."""
        if hops > _HOPS:
            raise DataError(f"{item.file.filename}: '{item.name}' is a virtual dataset made of itself.")
        for name, *_ in item.external or ():
            self._named(os.fsdecode(name), item.file, item.name)
        for source in item.virtual_sources() if item.is_virtual else ():
            if "%" in source.file_name + source.dset_name:
                raise DataError(
                    f"{item.file.filename}: '{item.name}' is a virtual dataset made of files with numbers "
                    f"in their names, {source.file_name}, which are not read. Copy it into one array "
                    "(h5repack)."
                )
            here = source.file_name == "."
            other = item.file if here else self._open(self._named(source.file_name, item.file, item.name))
            try:
                part = self.find(other, source.dset_name)
                _check_shape(item, part, source)
                self._check_sources(part, hops + 1)
            except KeyError as error:
                raise DataError(
                    f"{item.file.filename}: '{item.name}' is a virtual dataset; its part "
                    f"'{source.dset_name}' of {source.file_name} is missing."
                ) from error

    def values(self, item, where: str) -> np.ndarray:
        """Read a dataset once its size and its sources are known."""
        import h5py

        self._check_sources(item)
        packed = item.id.get_storage_size()
        if item.external or item.is_virtual:
            packed = item.nbytes  # lies elsewhere, in files that were named
        chunk = int(np.prod(item.chunks, dtype=object)) * item.dtype.itemsize if item.chunks else 0
        decompression.check(packed, max(item.nbytes, chunk), where)
        if item.external:
            return self._external(item)
        if h5py.check_string_dtype(item.dtype) is None:
            return np.asarray(item[...])
        try:
            return np.asarray(item.asstr("utf-8")[...])
        except UnicodeDecodeError:
            return np.asarray(item.asstr("latin-1")[...])

    def _external(self, item) -> np.ndarray:
        """Read raw bytes out of other files, which HDF5 would look for from the current folder."""
        content = b""
        for name, offset, size in item.external:
            with open(self._named(os.fsdecode(name), item.file, item.name), "rb") as stream:
                stream.seek(offset)
                content += stream.read(min(size, item.nbytes - len(content)))
        if len(content) < item.nbytes:
            raise DataError(
                f"{item.file.filename}: '{item.name}' needs {item.nbytes:,} bytes of other files, found "
                f"{len(content):,}."
            )
        return np.frombuffer(content, item.dtype).reshape(item.shape)

    def _in_units(self, values: np.ndarray, item, where: str) -> np.ndarray:
        """Return data of Neurodata Without Borders in their unit: data × conversion + offset."""
        if values.dtype.kind not in "iuf" or "neurodata_type" not in item.parent.attrs:
            return values
        conversion, offset = float(item.attrs.get("conversion", 1)), float(item.attrs.get("offset", 0))
        if "channel_conversion" in item.parent and values.ndim > 1:
            channels = self.values(self.find(item.file, f"{item.parent.name}/channel_conversion"), where)
            values = values * channels.reshape(-1, *[1] * (values.ndim - 2))
        return values if (conversion, offset) == (1, 0) else values * conversion + offset


def _check_shape(item, part, source) -> None:
    """Refuse a part that is not as large as it was: HDF5 then hangs, or fills up with zeros."""
    was = source.src_space.shape
    fits = len(was) == part.ndim and all(size <= now for size, now in zip(was, part.shape, strict=True))
    if not (fits if was else source.vspace.get_select_npoints() == part.size):
        raise DataError(
            f"{item.file.filename}: '{item.name}' is a virtual dataset; its part '{source.dset_name}' now "
            f"has the shape {part.shape}, no longer that for which it was made."
        )


def _is_matlab(file: Path) -> bool:
    with open(file, "rb") as stream:
        return stream.read(10) == b"MATLAB 7.3"


def _is_netcdf(root) -> bool:
    return "_NCProperties" in root.attrs or any("_Netcdf4Dimid" in item.attrs for item in _first_level(root))


def _first_level(root) -> Iterator:
    import h5py

    for name in root:
        if root.get(name, getlink=True, default=None).__class__ is h5py.HardLink:
            yield root[name]


def _fill_is_declared(item) -> bool:
    import h5py

    return item.id.get_create_plist().fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED


def _written(values: np.ndarray, item) -> np.ndarray:
    """Put NaN where nothing was ever written, as after a recording that ended early; where HDF5 reads 0."""
    if values.dtype.kind not in "iuf" or item.is_virtual or item.external or _fill_is_declared(item):
        return values
    written = np.zeros(values.shape, bool)
    if item.chunks is None:
        written[...] = item.id.get_storage_size() > 0
    elif item.id.get_num_chunks() == np.prod(
        [-(-n // c) for n, c in zip(item.shape, item.chunks, strict=True)]
    ):
        return values
    else:

        def mark(chunk) -> None:
            ends = zip(chunk.chunk_offset, item.chunks, strict=True)
            written[tuple(slice(begin, begin + size) for begin, size in ends)] = True

        item.id.chunk_iter(mark)
    if written.all():
        return values
    values = values.astype(values.dtype if values.dtype.kind == "f" else np.float64)
    values[~written] = np.nan
    return values


def _fill(item):
    """Return what a dataset holds where nothing was written, if that was declared; None for 0."""
    if item.dtype.kind not in "iuf" or not _fill_is_declared(item):
        return None
    if _is_netcdf(item.file):
        kind = item.dtype.str[1:]
        return item.fillvalue if kind in DEFAULT_FILL else None
    return item.fillvalue if item.fillvalue != 0 else None  # PyTables declares 0 for all arrays
