"""What an analysis returns, ready for `netcdf.write`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

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
