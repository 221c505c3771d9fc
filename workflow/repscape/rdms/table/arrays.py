"""Tables of RDMs as xarray has them: one array with a dimension for each label."""

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from repscape.core.errors import DataError
from repscape.metrics.lib.distances import pairs
from repscape.rdms.labels import FOLLOWING
from repscape.rdms.table.entries import check_same, space, written

if TYPE_CHECKING:
    import pandas as pd
    import xarray


def to_xarray(table: "pd.DataFrame") -> "xarray.Dataset":
    """Turn a table of RDMs of the same entries into labelled arrays.

    Parameters
    ----------
    table : DataFrame
        See `repscape.rdms.table.table`.

    Returns
    -------
    Dataset
        ``dissimilarity``, and other arrays over pairs such as ``p``, with a dimension for each label of the
        RDMs that differs between them, and two for the entries: ``color`` and ``color_other``, or ``entry``
        and ``entry_other`` where entries have several labels. NaN where there is no RDM. Labels that are
        the same for all are scalar coordinates; those that follow from others (``layer_order``) are
        coordinates over these.

    Raises
    ------
    DataError
        RDMs have different entries, or the same labels.
    """
    import xarray

    from repscape.rdms.table.table import labels_beside

    if table.empty:
        raise DataError("expected at least one RDM, found an empty table.")
    cells = {name: table[name].tolist() for name in labels_beside(table, table["entries"].iloc[0])}
    differing = {name: own for name, own in cells.items() if len(set(own)) > 1} or cells
    spaces = [space(index) for index in table["entries"]]
    check_same(spaces, lambda at: written(differing, [own[at] for own in differing.values()]))
    dims = {
        name: list(dict.fromkeys(differing[name]))
        for name in differing
        if name not in FOLLOWING and differing is not cells
    }
    index_of = {name: {value: at for at, value in enumerate(values)} for name, values in dims.items()}
    rows = [tuple(index_of[name][cells[name][at]] for name in dims) for at in range(len(table))]
    if len(set(rows)) < len(rows):
        twice = next(at for at, row in enumerate(rows) if rows.index(row) < at)
        raise DataError(
            f"two RDMs have the labels {written(dims, [cells[name][twice] for name in dims])}. Choose one "
            "of them."
        )

    index = table["entries"].iloc[0]
    one = "entry" if len(index.names) > 1 else index.name
    over = (*dims, one, f"{one}_other")
    coordinates = {name: ((name,), values) for name, values in dims.items()}
    for end, dim in (("", over[-2]), ("_other", over[-1])):
        coordinates |= {f"{name}{end}": ((dim,), list(index.get_level_values(name))) for name in index.names}
    for name in cells.keys() - dims.keys():
        if followed := _following(cells[name], rows, list(dims), [len(values) for values in dims.values()]):
            coordinates[name] = followed
    first, second = pairs(len(index))
    back = np.argsort(spaces[0].pairs)
    shape = (*(len(values) for values in dims.values()), len(index), len(index))
    variables = {}
    for name in table.columns:
        if not isinstance(table[name].iloc[0], np.ndarray):
            continue
        values = np.full(shape, np.nan)
        for row, described, array in zip(rows, spaces, table[name], strict=True):
            matrix = np.zeros(shape[-2:]) if name == "dissimilarity" else np.full(shape[-2:], np.nan)
            matrix[first, second] = matrix[second, first] = array[described.pairs][back]
            values[row] = matrix
        variables[name] = (over, values)
    return xarray.Dataset(variables, coordinates)


def _following(values: list, rows: list[tuple], dims: list[str], sizes: list[int]) -> tuple | None:
    """Return a label as a coordinate over the fewest dimensions that it follows from."""
    for count in range(len(dims) + 1):
        for axes in combinations(range(len(dims)), count):
            found: dict[tuple, object] = {}
            keys = [tuple(row[axis] for axis in axes) for row in rows]
            if all(found.setdefault(key, value) == value for key, value in zip(keys, values, strict=True)):
                shape = [sizes[axis] for axis in axes]
                whole = len(found) == np.prod(shape, dtype=int)
                array = np.full(shape, None if not whole else values[0], object)
                for key, value in found.items():
                    array[key] = value
                return [dims[axis] for axis in axes], np.array(array.tolist()) if whole else array
    return None
