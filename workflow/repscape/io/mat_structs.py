"""Struct arrays in MATLAB's ``.mat`` files, of all versions."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from repscape.core.errors import DataError, unknown
from repscape.io import decompression


def structs(file: Path, variable: str, fields: Iterable[str], typed: bool = False) -> list[dict]:
    """Read some fields of every element of a struct array. Nothing in the file is executed.

    Parameters
    ----------
    file : path
    variable : str
    fields : names of fields
    typed : bool
        Give real arrays MATLAB's types: `double` is float64 and `logical` bool. By default they have those
        that MATLAB chose to save room: whole numbers up to 255 are uint8.

    Returns
    -------
    list of dict of field to array
        In MATLAB's order: the first index runs fastest.

    Raises
    ------
    DataError
        The file is missing, damaged or of another format; it has no such variable, or the variable is no
        struct array or lacks a field. The message lists what there is.
    """
    fields = list(fields)
    if not file.is_file():
        raise DataError(f"{file}: missing.")
    with open(file, "rb") as stream:
        if stream.read(10) == b"MATLAB 7.3":
            return _structs_73(file, variable, fields)
    array = _variable(file, variable, typed)
    if array.dtype.names is None:
        content, other = variable, "'TEXT'"
        if array.ndim > 2:
            within = " ".join(map(str, range(1, array.ndim)))
            content = f"squeeze(num2cell({variable}, [{within}]))"
            other = f"compose('%d', (1:size({variable}, {array.ndim}))')"
        first, *others = fields
        made = ", ".join([f"'{first}', {content}", *[f"'{field}', {other}" for field in others]])
        raise DataError(
            f"{file}: expected a struct array as '{variable}', found {array.dtype} of shape {array.shape}. "
            f"In MATLAB, struct({made}) makes one."
        )
    for field in fields:
        if field not in array.dtype.names:
            raise DataError(f"{file}: {variable}: field {unknown(field, array.dtype.names)}")
    return [{field: element[field] for field in fields} for element in array.ravel(order="F")]


def _structs_73(file: Path, variable: str, fields: list[str]) -> list[dict]:
    from repscape.io import hdf5, hdf5_matlab

    try:
        with hdf5.Opened(file) as opened:
            names = [name for name in opened.root if not name.startswith("#")]
            if variable in names:
                return hdf5_matlab.structs(opened, variable, fields)
    except DataError:
        raise
    except Exception as error:  # the reader raises many kinds for what is damaged
        raise DataError(
            f"{file}: not a complete .mat file of version 7.3 ({error}). Save it again in MATLAB: "
            "save('FILE.mat', 'VARIABLE', '-v7')."
        ) from error
    raise DataError(f"{file}: variable {unknown(variable, names)}")


def _variable(file: Path, name: str, typed: bool) -> np.ndarray:
    from scipy.io import loadmat, whosmat

    decompression.check_mat(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of variables that it leaves out: they are not asked for
            names = [found for found, *_ in whosmat(file, appendmat=False)]
            if name in names:
                return loadmat(file, appendmat=False, variable_names=[name], mat_dtype=typed)[name]
    except Exception as error:  # the reader raises many kinds for what is no such file
        raise DataError(f"{file}: not a complete .mat file ({error}). Copy or save it again.") from error
    raise DataError(f"{file}: variable {unknown(name, names)}")


def text(value: np.ndarray, what: str) -> str:
    """Return a field's text, or its single number as text: 1, not 1.0.

    Raises
    ------
    DataError
        It is neither; `what` says whose field it is.
    """
    value = np.asarray(value)
    if value.size == 1 and value.dtype.kind in "US":
        return str(value.item()).strip()
    if value.size == 1 and value.dtype.kind in "buif":
        number = float(value.item())
        return str(int(number)) if number.is_integer() else str(value.item())
    raise DataError(f"{what}: expected text or one number, found {value.dtype} of shape {value.shape}.")
