"""What an analysis returns, ready for `netcdf.write`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from repscape.core.errors import DataError
from repscape.plugin.contract import Plugin
from repscape.plugin.schema import file_of

# With these spreadsheets begin a formula (OWASP, CSV injection)
_BEGINS = tuple("=+-@\t\r\n")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)


class Result(NamedTuple):
    """Variables and attributes of the file that holds the analysis.

    Attributes
    ----------
    variables : dict of name to (dims, values) or (dims, values, attributes)
    attributes : dict
    groups : dict of group path to (variables, attributes)
        For what differs in size from one part to another.
    """

    variables: dict
    attributes: dict = {}  # noqa: RUF012 (never changed)
    groups: dict = {}  # noqa: RUF012


def stacked(
    found: Sequence[Mapping[str, Any]],
    along: str,
    dims: Mapping[str, tuple[str, ...]],
    words: Mapping[str, str] | None = None,
) -> dict[str, tuple]:
    """Put what was found of several things, such as layers, side by side as variables.

    Parameters
    ----------
    found : sequence of mappings of name to value
        Values of a name have one shape.
    along : str
        The dimension of the things.
    dims : mapping of name to the dimensions of its values
        Other names are left out.
    words : mapping of name to its ``long_name``
    """
    attributes = {name: {"long_name": text} for name, text in (words or {}).items()}
    return {
        name: ((along, *own), _together([one[name] for one in found]), attributes.get(name, {}))
        for name, own in dims.items()
    }


def spread(found: Mapping[tuple, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrange arrays by the labels of what they are of, such as source and layer.

    Parameters
    ----------
    found : mapping of labels to a mapping of name to float array (…)

    Returns
    -------
    dict of name to float array (label, …, …)
        The dimensions of labels come first, each in order of first appearance. NaN where nothing was found,
        and at the end of arrays that are shorter than others.
    """
    labels = [list(dict.fromkeys(column)) for column in zip(*found, strict=True)]
    arrays: dict[str, np.ndarray] = {}
    for name in dict.fromkeys(name for own in found.values() for name in own):
        values = {key: np.asarray(own[name]) for key, own in found.items() if name in own}
        longest = np.max([value.shape for value in values.values()], axis=0).astype(int)
        kind = np.result_type(np.float32, *values.values())
        arrays[name] = np.full((*map(len, labels), *longest), np.nan, kind)
        for key, value in values.items():
            at: list = [own.index(label) for own, label in zip(labels, key, strict=True)]
            arrays[name][(*at, *map(slice, value.shape))] = value
    return arrays


def long_table(
    variables: Mapping[str, tuple],
    dims: Sequence[str],
    columns: Sequence[str],
    made: np.ndarray | None = None,
) -> Iterator[tuple]:
    """Yield the header and the rows of a long table: values of variables by their labels.

    Parameters
    ----------
    variables : mapping of name to (dims, values, …)
    dims : sequence of str
        A row is a combination of indices along these.
    columns : sequence of str
        Names of variables over some of `dims`.
    made : bool array over `dims`, optional
        Which combinations have a row; by default all.
    """
    over = [variables[name][0] for name in columns]
    values = [variables[name][1] for name in columns]
    arrays = [np.array(own, object) if isinstance(own, list) else own for own in values]
    if made is None:
        lengths: dict[str, int] = {}
        for own, array in zip(over, arrays, strict=True):
            lengths |= dict(zip(own, array.shape, strict=True))
        made = np.ones([lengths[dim] for dim in dims], bool)
    axes = [[dims.index(dim) for dim in own] for own in over]
    yield tuple(columns)
    for index in np.argwhere(made).tolist():
        yield tuple(
            array[tuple(index[axis] for axis in own)] for array, own in zip(arrays, axes, strict=True)
        )


def _together(values: list) -> list | np.ndarray:
    return values if isinstance(values[0], str) else np.stack(values)


def cells(row: Iterable) -> list:
    """Return a row of a CSV table as a spreadsheet shows it: text that it would compute gets ``'`` in front.

    Numbers stay, also those that are text, such as the factor value ``-30``.
    """
    return [
        f"'{cell}"
        if isinstance(cell, str) and cell.startswith(_BEGINS) and not _NUMBER.fullmatch(cell)
        else cell
        for cell in row
    ]


def checked(value: Any, plugin: Plugin, method: str) -> Result:
    """Return what a plugin's method returned, if it is a `Result` that can be written.

    Raises
    ------
    DataError
        It names the plugin's file, the method, and the variable at fault.
    """
    where = f"{file_of(type(plugin))}: {type(plugin).__name__}.{method}"
    if not isinstance(value, Result):
        raise DataError(f"{where}: expected a Result, found {value!r}.")
    for name, part in zip(Result._fields, value, strict=True):
        if not isinstance(part, Mapping):
            raise DataError(f"{where}: Result.{name}: expected a mapping, found {part!r}.")
    for group, inner in value.groups.items():
        if not (isinstance(inner, tuple) and len(inner) == 2 and isinstance(inner[0], Mapping)):
            raise DataError(
                f"{where}: Result.groups: '{group}': expected (variables, attributes), found {inner!r}."
            )
    for variables in (value.variables, *(inner[0] for inner in value.groups.values())):
        sizes: dict[str, int] = {}
        for name, variable in variables.items():
            _check_variable(f"{where}: variable '{name}'", variable, sizes)
    return value


def _check_variable(where: str, variable: Any, sizes: dict[str, int]) -> None:
    """Refuse what is not dimensions and as many-dimensional numbers or text; note the dimensions' sizes."""
    if not isinstance(variable, tuple) or len(variable) not in (2, 3):
        raise DataError(
            f"{where}: expected (dimensions, values), as in (('layer',), [0.1, 0.2]); found {variable!r}."
        )
    dims, values = variable[:2]
    if isinstance(dims, str) or not all(isinstance(dim, str) for dim in dims):
        raise DataError(
            f"{where}: expected a tuple of names of dimensions, as in ('layer',); found {dims!r}."
        )
    try:
        array = values if hasattr(values, "blocks") else np.asarray(values)  # blocks: written as they come
    except ValueError as error:  # rows that differ in length
        raise DataError(f"{where}: expected values of one shape: {error}.") from error
    if len(array.shape) != len(tuple(dims)):
        raise DataError(
            f"{where}: expected as many dimensions as names ({', '.join(dims)}), found values of shape "
            f"{array.shape}."
        )
    for dim, size in zip(dims, array.shape, strict=True):
        if sizes.setdefault(dim, size) != size:
            raise DataError(
                f"{where}: expected {sizes[dim]} values along '{dim}', as other variables have; found {size}."
            )
    text = array.dtype.kind in "OT" and all(isinstance(one, str) for one in np.asarray(values).ravel())
    if array.dtype.kind not in "iufU" and not text:
        raise DataError(f"{where}: expected numbers or text, found values of type {array.dtype}.")
