"""Tables of pictures: names or paths, and beside them labels and factors."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from repscape.core.errors import DataError, some
from repscape.io import csv_tables
from repscape.stimuli.lib import names


def read(table: Path) -> tuple[str, dict[str, dict[str, str]]]:
    """Read a table of pictures.

    Returns
    -------
    key : {"name", "path"}
        Which column says what picture a row is of.
    rows : dict of name or path to dict of column to cell
        What the other columns say. There is at least one row and, beside names, at least one column. Paths
        are taken from the table's folder.

    Raises
    ------
    DataError
        It cannot be read, or is no such table.
    """
    columns, rows = _cells(table)
    named = ", ".join(map(repr, columns)) or "nothing"
    key = "path" if "path" in columns else "name"
    enough = key in columns and len(columns) > (key == "name")
    if not enough or len(set(columns)) < len(columns) or not rows:
        raise DataError(
            f"{table}: expected a first line with the columns 'name' and 'label' or factors, or with the "
            f"column 'path', each once, then one row per picture; found {named} and {len(rows)} rows."
        )
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        name = row.pop(key)
        if key == "path":
            name = str(table.parent / Path(name).expanduser())
            if name in found:
                raise DataError(f"{table}: {name} is listed twice. Remove one of the rows.")
        if found.setdefault(name, row) != row:
            column = next(column for column in row if found[name][column] != row[column])
            raise DataError(
                f"{table}: '{name}' is listed twice, with {column} '{found[name][column]}' and "
                f"'{row[column]}'. Remove one of the rows."
            )
    return key, found


def _cells(table: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Read the names of a table's columns and its rows, as text; columns that are empty are left out."""
    try:
        (_, header), *lines = list(csv_tables.lines(table)) or [(0, [])]
    except OSError as error:
        raise DataError(f"{table}: cannot be read ({error}).") from error
    columns = [name.strip() for name in header]
    rows = [[cell.strip() for cell in row] + [""] * (len(columns) - len(row)) for _, row in lines]
    for (line, _), row in zip(lines, rows, strict=True):
        if any(row[len(columns) :]):
            raise DataError(f"{table}: line {line} has more values than there are columns.")
    used = [at for at, name in enumerate(columns) if name or any(row[at] for row in rows)]
    if not all(columns[at] for at in used):
        raise DataError(
            f"{table}: a column has no name. Is it an index that pandas wrote? Remove the column, or name it."
        )
    return [columns[at] for at in used], [{columns[at]: row[at] for at in used} for row in rows]


def rows_of(named: Mapping[Path, str], rows: Mapping[str, dict], table: Path | None) -> dict[Path, dict]:
    """Find each picture's row: the one whose name has most of the file's path, from its end.

    The whole name is preferred; on another machine files may have been in other folders. Pictures without a
    row are left out.

    Parameters
    ----------
    named : mapping of file to the picture's name
    rows : as `read` gives them, by name
    table : path
        For messages.

    Raises
    ------
    DataError
        A name stands for several files, or two for the same.
    """
    by_end: dict[tuple[str, ...], str] = {}
    for name in rows:
        other = by_end.setdefault(names.parts(name), name)
        if other != name:
            raise DataError(f"{table}: '{other}' and '{name}' are the same name. Remove one of the rows.")
    ends = defaultdict(list)
    for parts, name in by_end.items():
        for at in range(len(parts)):
            ends[parts[at:]].append(name)
    used: dict[str, Path] = {}
    found = {}
    for file in named:
        path = names.parts(str(file.absolute()))
        name = next((by_end[path[at:]] for at in range(len(path)) if path[at:] in by_end), None)
        if name is None:
            enough = len(path) - len(names.parts(named[file])) + 1
            alike = next((ends[path[at:]] for at in range(enough) if path[at:] in ends), [])
            if len(alike) > 1:
                raise DataError(
                    f"{table}: several rows fit the picture '{named[file]}': {some(alike)}. Write the "
                    "file's name with enough of its path to distinguish it from others."
                )
            if not alike:
                continue
            (name,) = alike
        if name in used:
            raise DataError(
                f"{table}: '{name}' fits several pictures: {named[used[name]]}; {named[file]}. Write a row "
                "for each, with enough of its path to distinguish it."
            )
        used[name] = file
        found[file] = rows[name]
    return found
