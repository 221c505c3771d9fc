"""What MATLAB keeps in HDF5 (version 7.3): struct arrays, cells, text, sparse matrices."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from repscape.core.errors import DataError, unknown
from repscape.io import decompression
from repscape.io.hdf5_text import rows_of_text, text
from repscape.io.mat_arrays import cell_of_others, matlab_object

if TYPE_CHECKING:
    from repscape.io.hdf5 import Opened


def structs(opened: "Opened", name: str, fields: Sequence[str]) -> list[dict[str, np.ndarray]]:
    """Read some fields of every element of a MATLAB struct array, the first index fastest.

    Raises
    ------
    DataError
        It is none, or lacks a field.
    """
    import h5py

    where = f"{opened.file}: {name}"
    group = opened.find(opened.root, name)
    if not isinstance(group, h5py.Group) or "MATLAB_sparse" in group.attrs:
        raise DataError(f"{opened.file}: expected a struct array as '{name}', found an array.")
    for field in fields:
        if field not in group:
            raise DataError(f"{where}: field {unknown(field, list(group))}")
    found = {field: _field(opened, opened.find(opened.root, f"{name}/{field}"), where) for field in fields}
    counts = {len(values) for values in found.values()}
    if len(counts) > 1:
        raise DataError(
            f"{where}: expected a complete struct array, found fields with different numbers of elements."
        )
    return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]


def _field(opened: "Opened", item, where: str) -> list[np.ndarray]:
    """Read a field of all elements: references to a value each, or the value of the only element."""
    kind = text(item.attrs.get("MATLAB_class"))
    if kind or not hasattr(item, "dtype") or item.dtype.kind != "O":
        return [value(opened, item, kind, f"{where}: '{item.name}'")]
    found, total = [], 0
    for reference in opened.values(item, where).ravel():  # the axes are turned, so this is MATLAB's order
        inside = item.file[reference]
        total += getattr(inside, "nbytes", 0)
        decompression.check(os.path.getsize(opened.file), total, where)  # elements may share a value
        found.append(value(opened, inside, text(inside.attrs.get("MATLAB_class")), where))
    return found


def value(opened: "Opened", item, kind: str, where: str) -> np.ndarray:
    """Return an array as MATLAB shows it; text of letters or cells as an array of text.

    Parameters
    ----------
    opened : Opened
    item : h5py.Dataset or h5py.Group
    kind : str
        MATLAB's class of it.
    where : str
        For messages.

    Raises
    ------
    DataError
        It is an object, a struct array, or a cell array that does not hold text.
    """
    import h5py

    if isinstance(item, h5py.Group):
        return _sparse(opened, item, where)
    if item.attrs.get("MATLAB_empty", 0):
        shape = tuple(int(size) for size in np.ravel(opened.values(item, where)))
        return np.array([], str) if kind in ("char", "cell") else np.zeros(shape)
    if kind == "cell":
        return _cell(opened, item, where)
    if kind == "char":
        return rows_of_text(opened.values(item, where).T)
    if "MATLAB_object_decode" in item.attrs:
        raise matlab_object(where, kind)
    values = opened.values(item, where)
    if values.dtype.hasobject:
        raise DataError(f"{where} is a field of a struct array with several elements. Save it as an array.")
    if values.dtype.names == ("real", "imag"):
        values = values["real"] + 1j * values["imag"]
    if kind == "logical":
        values = values.astype(bool)
    return values.T


def _cell(opened: "Opened", item, where: str) -> np.ndarray:
    """Read a cell array of text."""
    references = opened.values(item, where).T.ravel(order="F")
    found, total = [], 0
    for reference in references:
        inside = item.file[reference]
        kind = text(inside.attrs.get("MATLAB_class"))
        if kind != "char":
            raise cell_of_others(where, kind)
        total += inside.nbytes
        decompression.check(item.id.get_storage_size() + total // len(references), total, where)
        cell = value(opened, inside, kind, where)
        found.append(str(cell.item()) if cell.size == 1 else "")
    return np.array(found, str)


def _sparse(opened: "Opened", group, where: str) -> np.ndarray:
    """Read a sparse matrix as a dense one."""
    if "MATLAB_sparse" not in group.attrs:
        fields = ", ".join(group)
        raise DataError(
            f"{where} is a struct array. Name one of its fields, as in 'NAME/FIELD'; it has {fields}."
        )
    from scipy.sparse import csc_array

    parts = {name: opened.values(group[name], where) for name in ("data", "ir", "jc") if name in group}
    shape = int(group.attrs["MATLAB_sparse"]), len(parts["jc"]) - 1
    size = 8 * shape[0] * shape[1]
    decompression.check(sum(part.nbytes for part in parts.values()), size, where)
    if "data" not in parts:
        return np.zeros(shape)
    return csc_array((parts["data"], parts["ir"], parts["jc"]), shape=shape).toarray()
