"""RDMs in the forms that people have them in, as a table (see `repscape.rdms.table.table`)."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.api import activity
from repscape.api.errors import ArgumentError, ArgumentTypeError
from repscape.api.rdm_checks import check_infinite, check_lengths, check_same_names, condensed
from repscape.rdms.condensed import entries_of
from repscape.rdms.labels import FOLLOWING
from repscape.rdms.table import table as tables
from repscape.rdms.table.cells import frame, index, ordered

if TYPE_CHECKING:
    import pandas as pd
    import xarray

FORMS = (
    "a square matrix (image, image), vectors (rdm, pair), matrices (rdm, image, image), what `repscape.rdm`, "
    "`repscape.rdms` or `open_study(…).rdms` give, a DataFrame, RDMs of rsatoolbox, or a list or mapping of "
    "these"
)
_OTHER = "_other"
_SAID = ("metric", "normalisation")  # by what `rdm` returns


def as_table(given: Any, what: str = "rdms", label: str = "rdm") -> "pd.DataFrame":
    """Return RDMs as a table.

    Parameters
    ----------
    given : `FORMS`
    what : str
        The argument's name, for messages.
    label : str
        The column for the keys of a mapping, or the numbers of several arrays.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        It holds no RDMs.
    """
    if activity.is_frame(given) and "dissimilarity" in given and "entries" in given:
        if given.empty:
            raise ArgumentError(f"{what}: expected at least one RDM, found an empty table.")
        check_lengths(given, what)
        check_infinite(given["dissimilarity"], what)
        return given
    if activity.is_frame(given):
        rows, columns = given.index.tolist(), given.columns.tolist()
        if columns != list(range(len(columns))):
            check_same_names(rows, columns, what)
        return _of_matrix(given.to_numpy(), given.index.tolist(), what)
    if activity.is_xarray(given):
        return _of_xarray(given, what)
    if type(given).__module__.startswith("rsatoolbox") and hasattr(given, "dissimilarities"):
        from repscape.rdms.table.rsatoolbox_bridge import from_rsatoolbox

        return from_rsatoolbox(given)
    if isinstance(given, Mapping):
        return _joined(
            {key: as_table(one, f"{what}[{key!r}]", label) for key, one in given.items()}, label, what
        )
    if isinstance(given, Sequence) and not isinstance(given, str) and any(map(_is_rdms, given)):
        several = {at: as_table(one, f"{what}[{at}]", label) for at, one in enumerate(given)}
        return _joined(several, label, what)
    return _of_array(given, what, label)


def matched(several: Sequence["pd.DataFrame"]) -> list["pd.DataFrame"]:
    """Give RDMs whose images are only numbered, 0, 1, …, the names that images have in others, in order."""
    named = [entries for table in several for entries in table["entries"] if not _numbered(entries)]
    if not named:
        return list(several)

    def of(entries: "pd.Index") -> "pd.Index":
        same = _numbered(entries) and len(entries) == len(named[0])
        return named[0] if same else entries

    return [_with(table, "entries", [of(entries) for entries in table["entries"]]) for table in several]


def differing(table: "pd.DataFrame") -> list[str]:
    """Name the labels in which RDMs of a table differ, but for those that follow from others."""
    names = [name for name in tables.labels(table) if table[name].nunique() > 1]
    return [name for name in names if name not in FOLLOWING] or names


def axis(table: "pd.DataFrame", taken: Sequence[str] = ()) -> tuple[str | None, dict[str, Any]]:
    """Name the dimension that the RDMs of a table are along, and its coordinates.

    The label in which they differ, or ``rdm`` where there are several of these; None for a single RDM.

    Parameters
    ----------
    table : DataFrame
    taken : names that get ``_other`` behind them
    """
    if len(table) == 1:
        return None, {}
    names = differing(table)
    dim = names[0] if len(names) == 1 and table[names[0]].is_unique else "rdm"
    end = _OTHER if dim in taken else ""
    coordinates = {name: table[name].tolist() for name in (names if dim == "rdm" else [dim])}
    return f"{dim}{end}", {f"{name}{end}": (f"{dim}{end}", values) for name, values in coordinates.items()}


def over_labels(values: np.ndarray, table: "pd.DataFrame", name: str) -> "xarray.DataArray":
    """Return a value an RDM, by the labels in which RDMs differ.

    A dimension each, if there is an RDM of every combination; else one for all.
    """
    import xarray

    dim, coordinates = axis(table)
    if dim is None:
        return xarray.DataArray(values[0], name=name)
    found = xarray.DataArray(values, coordinates, (dim,), name)
    levels = list(coordinates)
    labels = {level: list(dict.fromkeys(coordinates[level][1])) for level in levels}
    unique = levels and not table.duplicated(levels).any()
    if dim not in levels and unique and len(table) == np.prod([len(own) for own in labels.values()]):
        return found.set_index({dim: levels}).unstack(dim).reindex(labels)
    return found


def _is_rdms(value: Any) -> bool:
    return (
        activity.is_xarray(value)
        or activity.is_frame(value)
        or (isinstance(value, np.ndarray) and value.ndim > 1)
        or hasattr(value, "dissimilarities")
    )


def _numbered(entries: "pd.Index") -> bool:
    return entries.nlevels == 1 and list(map(str, entries)) == list(map(str, range(len(entries))))


def _with(table: "pd.DataFrame", name: str, values: list) -> "pd.DataFrame":
    columns = {column: values if column == name else table[column].tolist() for column in table.columns}
    changed = frame(columns)
    changed.attrs = table.attrs
    return changed


def _joined(several: Mapping[Any, "pd.DataFrame"], label: str, what: str) -> "pd.DataFrame":
    """Put tables one below another, with a column for their keys."""
    if not several:
        raise ArgumentError(f"{what}: expected at least one RDM, found none.")
    names = list(dict.fromkeys(name for table in several.values() for name in table.columns if name != label))
    columns: dict[str, list] = {label: [key for key, table in several.items() for _ in range(len(table))]}
    for name in names:
        columns[name] = [
            value
            for table in several.values()
            for value in (table[name].tolist() if name in table else [""] * len(table))
        ]
    if not isinstance(next(iter(several)), str) and len(columns[label]) > len(several):
        columns[label] = list(range(len(columns[label])))
    return frame({name: columns[name] for name in [label, *(own for own in ordered(names) if own in names)]})


def _of_array(given: Any, what: str, label: str) -> "pd.DataFrame":
    values = activity.to_numpy(given)
    if values is None or isinstance(values, str | bytes | int | float | bool):
        raise ArgumentTypeError(f"{what}: expected {FORMS}; found {given!r}.")
    values = np.asarray(activity.numbers(values, what), np.float64)
    if values.ndim == 1:
        values = values[None]
    if values.ndim == 2 and values.shape[0] == values.shape[1] and len(values) > 1:
        return _of_matrix(values, range(len(values)), what)
    if values.ndim == 2:
        vectors = values
        entries = entries_of(values.shape[1])
        if entries < 2 or entries * (entries - 1) // 2 != values.shape[1]:
            raise ArgumentError(
                f"{what}: expected {FORMS}; found shape {values.shape}. A vector of all pairs has 3 "
                "values for 3 images, 6 for 4, 10 for 5, …"
            )
    elif values.ndim == 3 and values.shape[1] == values.shape[2]:
        names = range(values.shape[1])
        vectors = np.array([condensed(one, names, f"{what}[{at}]") for at, one in enumerate(values)])
        entries = len(names)
    else:
        raise ArgumentError(f"{what}: expected {FORMS}; found shape {values.shape}.")
    check_infinite(vectors, what)
    numbered: dict[str, list] = {label: list(range(len(vectors)))} if len(vectors) > 1 else {}
    shared = index({"image": range(entries)})
    return frame(numbered | {"entries": [shared] * len(vectors), "dissimilarity": list(vectors)})


def _of_matrix(values: np.ndarray, names: Iterable, what: str) -> "pd.DataFrame":
    names = list(names)
    values = np.asarray(activity.numbers(values, what), np.float64)
    vector = condensed(values, names, what)
    return frame({"entries": [index({"image": names})], "dissimilarity": [vector]})


def _of_xarray(given: Any, what: str) -> "pd.DataFrame":
    if hasattr(given, "data_vars"):
        if "dissimilarity" not in given:
            raise ArgumentTypeError(
                f"{what}: expected a variable 'dissimilarity', found "
                f"{', '.join(map(str, given.data_vars)) or 'none'}."
            )
        given = given["dissimilarity"]
    dims = list(map(str, given.dims))
    squares = [dim for dim in dims if f"{dim}{_OTHER}" in dims]
    if squares:
        dim = squares[0]
        given = given.transpose(..., dim, f"{dim}{_OTHER}")
        names = _entry_labels(given, dim)
        if dim in given.coords and f"{dim}{_OTHER}" in given.coords:
            ends = (given[end].values.tolist() for end in (dim, f"{dim}{_OTHER}"))
            check_same_names(next(ends), next(ends), what)
        size = 2
    elif "pair" in dims:
        given = given.transpose(..., "pair")
        names = _pair_labels(given, what)
        size = 1
    else:
        raise ArgumentError(
            f"{what}: expected the dimensions (…, image, image_other) or (…, pair), found "
            f"({', '.join(dims)}). To make an RDM of activity, use `repscape.rdm`."
        )
    leading = given.dims[: given.ndim - size]
    entries = index(names)
    shown = list(zip(*names.values(), strict=True)) if len(names) > 1 else next(iter(names.values()))
    rows: list[dict] = []
    for at in np.ndindex(*(given.sizes[dim] for dim in leading)):
        one = given[dict(zip(leading, at, strict=True))]
        if np.isnan(one.values).all() and len(rows):
            continue  # a combination of labels that there is no RDM of
        values = np.asarray(one.values, np.float64)
        vector = values if size == 1 else condensed(values, shown, what)
        labels = {
            str(name): coordinate.item() for name, coordinate in one.coords.items() if not coordinate.dims
        }
        labels |= {name: given.attrs[name] for name in _SAID if name in given.attrs and name not in labels}
        labels |= {str(dim): k for dim, k in zip(leading, at, strict=True) if dim not in labels}
        rows.append(labels | {"entries": entries, "dissimilarity": vector})
    check_infinite([row["dissimilarity"] for row in rows], what)
    return frame({name: [row.get(name, "") for row in rows] for name in ordered(list(rows[0]))})


def _entry_labels(given: "xarray.DataArray", dim: str) -> dict[str, list]:
    """Return what tells entries apart: their names, or where they have several labels all of these."""
    along = {
        str(name): coordinate.values.tolist()
        for name, coordinate in given.coords.items()
        if coordinate.dims == (dim,)
    }
    if dim in along or not along:
        return {dim: along.get(dim, list(range(given.sizes[dim])))}
    return along


def _pair_labels(given: "xarray.DataArray", what: str) -> dict[str, list]:
    """Return the names of the images of vectors, whose pairs must be all, row by row."""
    count = entries_of(given.sizes["pair"])
    names = [str(name).removesuffix("_i") for name in given.coords if str(name).endswith("_i")]
    first = [name for name in ("image", *names) if f"{name}_i" in given.coords][:1]
    for name in first:
        i, j = (given.coords[f"{name}_{end}"].values.tolist() for end in "ij")
        names = [i[0], *j[: count - 1]]
        if list(zip(i, j, strict=True)) != list(combinations(names, 2)):
            raise ArgumentError(
                f"{what}: expected all pairs of images, row by row, found some left out or in another order. "
                "Choose images from the square matrix."
            )
        return {name: names}
    return {"image": list(range(count))}
