"""RDMs as a labelled table: a pandas DataFrame, one row an RDM.

Label columns say which RDM it is: ``source`` (the network or recording), ``stimulus``, ``set`` (of
`rdms.sets` in the config; empty for the RDM of all images) and the set's labels, ``population``,
``layer``, ``layer_order`` (0 is the input), ``size``, ``metric`` (its name), ``measure`` (what it
computes), ``normalisation``, ``repeat`` (the draw of units), ``presentation`` (of recordings whose trials
were taken each by itself), ``n_drawn``. Then come

- ``entries``: a pandas Index or MultiIndex, what the rows and columns of the RDM are;
- ``entries_factors``: another, the factors of these images, where they have some;
- ``dissimilarity``: float64 (pair,), the pairs i<j in row-major order, as
  `scipy.spatial.distance.squareform` takes and gives them.

Further columns may hold an array over pairs as well (``p`` of meta-RDMs). Filters and subsets are
plain pandas: ``table[table.layer == "conv1"]``, ``table.query("metric == 'correlation'")``.
"""

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from repscape.core.errors import DataError
from repscape.core.natural_order import natural
from repscape.io import netcdf
from repscape.rdms import read as rdm_file
from repscape.rdms.labels import (
    COLUMNS,
    OF_FILE,
    as_list,
    check_where,
    indices_where,
    none_left,
    wanted_values,
)
from repscape.rdms.table.cells import frame, index_from_json, index_to_json, ordered, text_index
from repscape.rdms.table.find_files import as_paths, find
from repscape.stimuli.lib import factors

if TYPE_CHECKING:
    import pandas as pd

FACTORS = "entries_factors"  # the column that says what the images of an RDM vary in


def read(files: str | os.PathLike | Iterable, where: Mapping | None = None) -> "pd.DataFrame":
    """Read RDMs into a table.

    Parameters
    ----------
    files : path, pattern, folder, or several of these
        RDM files of a study, with the sets they hold, or files that `write` wrote. A folder stands
        for all such files in it and below; a study's folder (``results/STUDY``) for its RDM files. Of
        folders and patterns, RDMs that the study's config no longer has are left out: the study's
        last run wrote ``study.json``, which lists what it has. Files that are named are read.
    where : mapping of column to a value or a list of values, optional
        Only RDMs with these labels are read.

    Returns
    -------
    DataFrame
        In natural order of source, stimulus and set, then by depth, population and size.
        ``attrs["history"]`` says which files were read, and what they say of how they were made.

    Raises
    ------
    ConfigError
        `where` names a column or value that there is not.
    DataError
        There is no such file, or it holds no RDMs.
    """
    found = find(files)
    rows: list[dict] = []
    made: list[dict] = []
    seen: dict[str, set[str]] = {}
    wanted = wanted_values(where)

    def keep(labels: Mapping, partly: bool = False) -> bool:
        """Note which labels there are; say whether these, or these and further ones, are wanted."""
        for column, value in labels.items():
            seen.setdefault(column, set()).add(str(value))
        return all(
            str(labels[column]) in values if column in labels else partly for column, values in wanted.items()
        )

    folders = [name for name in as_paths(files) if os.path.isdir(name)]
    for path in found:
        with netcdf.open_file(path) as file:
            if getattr(file, "kind", None) == "rdm":
                rows += _first_order(file, keep)
            elif getattr(file, "table", None) == "rdms":
                rows += _written(file, keep)
                made.append(json.loads(file.history))
            elif not any(path.is_relative_to(folder) for folder in folders):
                raise DataError(
                    f"{path}: has no RDMs (kind '{getattr(file, 'kind', None)}'). Expected a file under "
                    "rdms/, or of an analysis that makes RDMs."
                )
    if not seen:
        raise DataError(
            f"{', '.join(map(str, folders))}: has no RDMs. Expected the folder of a study, or its rdms/."
        )
    # Columns of every table may be unknown so far where no file was opened as far as that
    check_where({name: own for name, own in wanted.items() if name in seen or name not in COLUMNS}, seen)
    if not rows:
        raise none_left(wanted)
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = frame({name: _filled(name, rows) for name in ordered(names)})
    keys = [name for name in ("source", "stimulus", "set") if name in table]
    order = sorted(range(len(table)), key=lambda at: _rank(rows[at], keys))
    table = table.iloc[order].reset_index(drop=True)
    table.attrs["history"] = {"files": [str(path) for path in found], "where": dict(where or {})}
    if made:
        table.attrs["history"]["of"] = made if len(made) > 1 else made[0]
    return table


def labels(table: "pd.DataFrame") -> list[str]:
    """Name the columns that say which RDM a row is."""
    return [
        name
        for name in table.columns
        if not name.startswith("entries") and not isinstance(table[name].iloc[0], np.ndarray)
    ]


def labels_beside(table: "pd.DataFrame", entries) -> list[str]:
    """Name the labels that some RDM has, but for those that only other RDMs of the study had.

    A label of one set of images may be the entries of another, whose RDMs then lack it.
    """
    return [name for name in labels(table) if name not in entries.names or any(table[name] != "")]


def select(table: "pd.DataFrame", where: Mapping) -> "pd.DataFrame":
    """Choose RDMs by their labels, as `read` does: like a query in pandas, but a misspelt name is refused.

    Parameters
    ----------
    table : DataFrame
    where : mapping of column to a value or a list of values

    Raises
    ------
    ConfigError
        `where` names a column or value that there is not.
    """
    return table.iloc[indices_where({name: table[name] for name in labels(table)}, where)]


def matrix(row) -> "pd.DataFrame":
    """Return one RDM as a square DataFrame, entries × entries, with a zero diagonal.

    Parameters
    ----------
    row : Series, a row of a table
    """
    import pandas as pd
    from scipy.spatial.distance import squareform

    return pd.DataFrame(squareform(row["dissimilarity"], checks=False), row["entries"], row["entries"])


def write(path, table: "pd.DataFrame", attributes: Mapping | None = None) -> None:
    """Write a table as NetCDF; see `encoded`."""
    variables, described, groups = encoded(table)
    netcdf.write(
        path, kind="rdms", variables=variables, attributes={**(attributes or {}), **described}, groups=groups
    )


def encoded(table: "pd.DataFrame") -> tuple[dict, dict, dict]:
    """Turn a table into variables, attributes and groups as `netcdf.write` takes them.

    RDMs of the same entries lie together, as ``dissimilarity`` (rdm, pair) with their labels as
    coordinates (rdm), entries (entry), and ``entry_i``, ``entry_j`` (pair): in the file itself where
    all RDMs have the same entries, else in a group for each different list of entries.
    """
    if table.empty:
        raise DataError("expected at least one RDM to write, found an empty table.")
    parts: dict[str, list[int]] = {}
    for at, entries in enumerate(table["entries"]):
        parts.setdefault(index_to_json(entries), []).append(at)
    encodings = [_encode(table.iloc[rows]) for rows in parts.values()]
    attributes = {"table": "rdms", "history": json.dumps(table.attrs.get("history", {}), sort_keys=True)}
    if len(encodings) == 1:
        return encodings[0], attributes, {}
    return {}, attributes, {str(at): (variables, {}) for at, variables in enumerate(encodings)}


def _encode(table: "pd.DataFrame") -> dict:
    entries = table["entries"].iloc[0]
    first, second = np.triu_indices(len(entries), 1)
    coordinates = labels_beside(table, entries)
    clash = set(coordinates) & set(entries.names)
    if clash:
        raise DataError(
            f"'{min(clash)}' cannot be a label both of the RDMs and of their entries. Rename one."
        )
    variables: dict = {}
    for name in table.columns:
        cells = list(table[name])
        if name in entries.names:
            continue  # empty
        if name == "entries":
            variables |= {
                level: (("entry",), [str(value) for value in entries.get_level_values(level)])
                for level in entries.names
            }
        elif name.startswith("entries"):
            variables[name] = (("rdm",), [index_to_json(cell) for cell in cells])
        elif name in coordinates:
            variables[name] = (("rdm",), cells)
        else:
            described = {"coordinates": " ".join([*coordinates, "entry_i", "entry_j"])}
            variables[name] = (("rdm", "pair"), np.array(cells, np.float64), described)
    return variables | {
        "entry_i": (("pair",), first.astype(np.int32)),
        "entry_j": (("pair",), second.astype(np.int32)),
    }


def _first_order(file, keep) -> Iterable[dict]:
    """Rows of an RDM file: of all images of the stimulus, and of the sets it holds."""
    import pandas as pd

    shared: dict[str, str | int] = {name: str(getattr(file, name)) for name in OF_FILE}
    shared |= {"layer_order": int(file.order), "n_drawn": int(file.n_drawn)}
    if keep(shared | {"set": ""}, partly=True):
        rdm_file.whole(file)  # refused where it is too large
        entries, varied = pd.Index(rdm_file.names(file), name="image"), factors.read(file)
        rows = _stacked(file, shared | {"set": ""}, [{}], entries, keep, file)
        own = {FACTORS: text_index({name: list(values) for name, values in varied.items()})} if varied else {}
        yield from (row | own for row in rows)
    for name, definition in file.groups.items():
        if not keep(shared | {"set": str(name)}, partly=True):
            continue
        for part in definition.groups.values():
            by, levels = (as_list(part.getncattr(key)) for key in ("by", "entries"))
            entries = text_index({level: part[level][:] for level in levels if level})
            count = part.dimensions["set"].size
            sets = [{factor: str(part[factor][at]) for factor in by if factor} for at in range(count)]
            yield from _stacked(part, shared | {"set": name}, sets, entries, keep, file)


def _stacked(group, shared: Mapping, sets: list[dict], entries, keep, file) -> Iterable[dict]:
    """Rows of RDMs that lie together: (…, metric, repeat, pair)."""
    values = group["dissimilarity"][:].reshape(len(sets), *group["dissimilarity"].shape[-3:])
    metrics = [[str(name) for name in file[key][:]] for key in ("metric", "measure", "normalisation")]
    repeats = [{"repeat": int(number)} for number in file["repeat"][:]]
    if "presentation" in file.variables:
        numbers = zip(file["draw"][:], file["presentation"][:], strict=True)
        repeats = [{"repeat": int(draw), "presentation": int(number)} for draw, number in numbers]
    for at, own in enumerate(sets):
        for m, (metric, measure, normalisation) in enumerate(zip(*metrics, strict=True)):
            for r, repeat in enumerate(repeats):
                row = {**shared, **own, "metric": metric, "measure": measure}
                row |= {"normalisation": normalisation, **repeat}
                if keep(row):
                    yield row | {"entries": entries, "dissimilarity": values[at, m, r].astype(np.float64)}


def _written(file, keep) -> Iterable[dict]:
    """Rows of a file that holds an encoded table."""
    for part in file.groups.values() or [file]:
        levels = {name: v[:] for name, v in part.variables.items() if v.dimensions == ("entry",)}
        columns = {name: v for name, v in part.variables.items() if v.dimensions[:1] == ("rdm",)}
        cells = {name: v[:] for name, v in columns.items() if v.dimensions == ("rdm",)}
        entries = text_index(levels)
        for at in range(part.dimensions["rdm"].size):
            row = {
                name: getattr(values[at], "item", lambda v=values[at]: v)() for name, values in cells.items()
            }
            if keep({name: value for name, value in row.items() if not name.startswith("entries")}):
                lower = {name: index_from_json(row[name]) for name in row if name.startswith("entries")}
                arrays = {name: v[at] for name, v in columns.items() if name not in cells}
                yield row | lower | {"entries": entries} | arrays


def _filled(name: str, rows: list[dict]) -> list:
    """Return a column's cells; of RDMs that lack it: no text, no entries, values that are not numbers."""
    kind = type(next(row[name] for row in rows if name in row))
    if kind is np.ndarray:
        return [row[name] if name in row else np.full(len(row["dissimilarity"]), np.nan) for row in rows]
    missing = text_index({"none": []}) if name.startswith("entries") else ""
    return [row.get(name, missing) for row in rows]


def _rank(row: Mapping, keys: list[str]):
    names = [natural(str(row.get(key, ""))) for key in keys]
    return names, row.get("layer_order", 0), str(row.get("population", "")), natural(str(row.get("size", "")))
