"""Arrays in MATLAB's ``.mat`` files before version 7.3, which is HDF5."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from repscape.core.errors import DataError
from repscape.io import decompression


def read(
    file: Path, variable: str | None, choose: Callable[[list[str], str | None], str]
) -> tuple[np.ndarray, str]:
    """Read a variable of a ``.mat`` file before version 7.3, or a field of one (``NAME.FIELD``).

    Parameters
    ----------
    file : path
    variable : str, optional
        Not needed where the file has but one.
    choose : function of the names of variables, and the one that is asked for, to the name of one

    Returns
    -------
    values : array
    name : str
        Of the variable, and of the field.
    """
    from scipy.io import loadmat, whosmat

    decompression.check_mat(file)
    classes = {found: what for found, _, what in whosmat(file, appendmat=False)}
    whole, *fields = (
        [variable] if variable in classes or variable is None else variable.replace("/", ".").split(".")
    )
    name = choose(list(classes), whole if whole in classes else variable)
    if classes[name] in ("opaque", "object", "function"):
        raise matlab_object(f"{file}: '{name}'", classes[name])
    values: Any = loadmat(file, appendmat=False, variable_names=[name], chars_as_strings=True)[name]
    for field in fields:
        if not values.dtype.names or field not in values.dtype.names or values.size != 1:
            names = ", ".join(values.dtype.names or ())
            fields_of = f"its fields are {names}" if names else "it has no fields"
            raise DataError(f"{file}: '{variable}': '{name}' has no single '{field}'; {fields_of}.")
        values, name = values.item()[values.dtype.names.index(field)], f"{name}.{field}"
    return _as_array(values, file, name), name


def _as_array(values: Any, file: Path, name: str) -> np.ndarray:
    """Return a variable as an array, also a sparse one or text of cells and letters."""
    from scipy.sparse import issparse

    where = f"{file}: '{name}'"
    if issparse(values):
        decompression.check(file.stat().st_size, 8 * values.shape[0] * values.shape[1], where)
        return values.toarray()
    if type(values).__name__ == "MatlabOpaque":
        raise matlab_object(where, "an object")
    if values.dtype.names:
        raise DataError(
            f"{where} is a struct array. Name one of its fields, as in '{name}.FIELD'; it has "
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


def matlab_object(where: str, kind: str) -> DataError:
    """Return the error for a variable that only MATLAB can read."""
    return DataError(
        f"{where} is an object of MATLAB's class '{kind}', which only MATLAB can read. Save numbers as an "
        "array, table2array(…), or text as a cell array, cellstr(…)."
    )


def cell_of_others(where: str, kind: str) -> DataError:
    """Return the error for a cell array that does not hold text."""
    return DataError(
        f"{where} is a cell array of {kind or 'others'}. Only cell arrays of text are read. Save it as an "
        "array of numbers, as by cell2mat(…)."
    )
