"""Pictures out of files."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from repscape.core.errors import AssetError, ConfigError, DataError, some
from repscape.core.logs import logger, progress
from repscape.io import csv_tables, path_patterns
from repscape.io.assets import in_braces, local_files
from repscape.plugin.parameter_types import File, Files
from repscape.stimuli.lib import names, picture
from repscape.stimuli.lib.factors import name_mistake
from repscape.stimuli.lib.frame import Frame


def frames(
    in_path: Mapping[Path, Mapping[str, str]] | None = None,
    *,
    path: Files | None = None,
    labels: Literal["folders"] | None = None,
    table: File | None = None,
    white_level: Annotated[int, Field(ge=255, le=65535)] | None = None,
) -> Iterator[Frame]:
    """Read pictures in the order in which they are given.

    A picture is named as its file, or, where files have the same name, as the path below the folder that
    these share. It is turned as its EXIF or TIFF orientation says; colour profiles are not applied. Deeper
    pixels are scaled to 8 bits; transparent ones are laid over mean grey (128). Of a file with several
    pictures the first is taken. The log says to how many files each of these was done.

    Parameters
    ----------
    in_path : mapping of file to {factor: value}, optional
        What names in braces stand for in the path of each file.
    path : files, folders, patterns, addresses
        Names in braces are factors: ``{obj}/{obj}_{color}deg.jpg``.
    labels : {'folders'}, optional
        Label a picture with the name of the folder it lies in.
    table : file, optional
        A CSV table with the columns ``name`` (of the picture's file, with as much of its path as tells it
        from others) and ``label``, or factors, or both. Or one that names the pictures itself, in the place
        of `path`: with the column ``path``, of files, relative to the table's folder, in their order, and
        perhaps the others beside.
    white_level : int, optional
        The value of white in 16-bit pixels that use fewer bits and whose files do not tell it: 4095 for 12.

    Raises
    ------
    DataError
        Names all files that are missing, empty, truncated, too large or no pictures; pictures
        of which the table says nothing. All 16-bit pixels are so dark that they are likely of fewer bits,
        and `white_level` does not say. All pixels are 0 or 1.
    ConfigError
        Both kinds of labels are given; a factor is in the path and in the table.
    """
    files = _pictures(path, table)
    named = names.of_files(files)
    told = _told(named, in_path or {}, labels, table)
    _check_there(files, table)
    bad: list[str] = []
    seen = _Seen()
    for file in progress(files, "reading pictures", "images", len(files), size=lambda _: 1):
        try:
            found = picture.read(file, white_level)
        except DataError as error:
            bad.append(str(error))
            continue
        seen.add(file, found)
        folder = file.absolute().parent.name if labels == "folders" else None
        varied = dict(told[file])
        label = varied.pop("label", folder)
        yield Frame(named[file], found.pixels, label=label, factors=varied or None)
    if bad:
        count = (
            "A file is not a usable picture" if len(bad) == 1 else f"{len(bad)} files are no usable pictures"
        )
        raise DataError(
            f"{count}:\n"
            + "\n".join(f"  {line}" for line in bad)
            + "\nRepair or move them, or name only the "
            "pictures with a pattern such as 'folder/*.png'."
        )
    if files:
        seen.depth.check(f"{files[0]} and the others of this stimulus")
        seen.report()


class _Seen:
    """What was found in all pictures of a stimulus."""

    def __init__(self):
        self.files: list[Path] = []
        self.converted: Counter[str] = Counter()
        self.several: list[str] = []
        self.depth = picture.Depth()

    def add(self, file: Path, found: picture.Picture) -> None:
        self.files.append(file)
        self.converted.update(found.converted)
        self.depth.add(found)
        if found.frames > 1:
            self.several.append(f"{file} has {found.frames} pictures")

    def report(self) -> None:
        """Log which pictures were taken, in which order, and what was done to them."""
        shown = [*self.files[:2], *self.files[-1:]] if len(self.files) > 3 else self.files
        order = " … ".join([", ".join(map(str, shown[:2])), *map(str, shown[2:])])
        done = "".join(f"; {number} {what}" for what, number in self.converted.items())
        logger.info("%d pictures in this order: %s%s", len(self.files), order, done)
        if self.several:
            logger.warning("of files with several pictures the first is taken: %s", some(self.several))


def check(*, path, labels, table) -> None:
    """Refuse parameters that do not go together; the config asks before a job does."""
    _check_named(path, table)
    if table is not None or any(path_patterns.names(address) for address in _listed(path)):
        _planned(path, labels, table)


def files_in(*, path, table) -> list[Path]:
    """Name the files that a table names in the place of `path`: inputs of the job as well."""
    _check_named(path, table)
    return [] if path is not None else _pictures(None, local_files(table, "table")[0])


def _check_named(path: str | list[str] | None, table: str | None) -> None:
    if path is None and (table is None or "://" in table):
        raise ConfigError(
            "expected 'path', or 'table', a CSV table on this machine with a column 'path'; found "
            f"{'neither' if table is None else 'an address as table'}."
        )


def factors(*, path, labels, table) -> dict[str, list[str]] | None:
    """Tell the factors of all pictures, unless some are not on this machine yet."""
    told = _planned(path, labels, table)
    if told is None:
        return None
    first = next(iter(told.values()))
    return {name: [values[name] for values in told.values()] for name in first if name != "label"}


def _planned(path, labels, table) -> dict[Path, dict[str, str]] | None:
    """Tell what is known of each picture from addresses, unless some are not on this machine."""
    if any("://" in address for address in (*_listed(path), table or "")):
        return None
    try:
        only = None if table is None else local_files(table, "table")[0]
        files = _pictures(path and local_files(path, "path"), only)
        _check_there(files, only)
        return _told(names.of_files(files), in_braces(path, "path") if path else {}, labels, only)
    except DataError as error:
        raise ConfigError(str(error)) from error
    except AssetError:  # told of the path or the table itself
        return None


def _listed(path: str | list[str] | None) -> list[str]:
    return [path] if isinstance(path, str) else path or []


def _pictures(files: list[Path] | None, table: Path | None) -> list[Path]:
    """Leave out the table, which may lie in the same folder; or take the files that it names."""
    if files is not None:
        if table is not None and _read_table(table)[0] == "path":
            raise ConfigError(
                f"'path' and the column 'path' of {table} both name pictures. Leave one of them out."
            )
        return [file for file in files if table is None or file.resolve() != table.resolve()]
    if table is None:
        raise ConfigError("expected 'path', or a 'table' with a column 'path'; found neither.")
    column, rows = _read_table(table)
    if column != "path":
        raise ConfigError(
            f"expected 'path', or a column 'path' in 'table'; found neither ({table}). Add one of them."
        )
    if mistakes := path_patterns.unusable(map(Path, rows)):
        raise DataError(f"{table}: {' '.join(mistakes)}")
    return [Path(row) for row in rows]


def _check_there(files: list[Path], table: Path | None) -> None:
    """Refuse a table that names files which are missing."""
    missing = [str(file) for file in files if not file.is_file()] if table is not None else []
    if missing:
        more = f", and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise DataError(
            f"{table}: names files that are missing: {', '.join(missing[:5])}{more}. Their paths are "
            "relative to the table's folder."
        )


def how_many(*, path, table) -> int | None:
    """Say how many pictures are named: files that are here, and one for each address."""
    if path is None:
        try:
            return len(files_in(path=path, table=table))
        except (ConfigError, DataError):  # told by `check`
            return None
    return sum(1 if "://" in one else len(local_files(one, "path")) for one in _listed(path))


def _told(
    named: Mapping[Path, str], in_path: Mapping, labels: str | None, table: Path | None
) -> dict[Path, dict[str, str]]:
    """Join what the paths and the table say of each picture: its factors and, from the table, its label."""
    column, rows = ("name", {}) if table is None else _read_table(table)
    columns = list(next(iter(rows.values()), {}))
    in_braces = [name for values in in_path.values() for name in values]
    for name in [*in_braces, *columns]:
        if name in in_braces and name in columns:
            raise ConfigError(f"the factor '{name}' is in 'path' and in 'table'. Take it out of one of them.")
        if (mistake := name_mistake(name)) and (name != "label" or name in in_braces):
            raise ConfigError(f"{table}: {mistake}" if name in columns else mistake)
    if labels is not None and "label" in columns:
        raise ConfigError("expected 'labels' or a column 'label' in 'table', found both. Remove one of them.")
    told, bare = {}, []
    row_of = {} if column == "path" else _rows_of(named, rows, table)
    for file, name in named.items():
        row = rows[str(file)] if column == "path" else row_of.get(file, {})
        if not all(row.get(column) for column in columns):
            bare.append(name)
        told[file] = {**in_path.get(file, {}), **row}
    if bare:
        raise DataError(
            f"{table}: expected a row with {', '.join(map(repr, columns))} for each picture; there is none, "
            f"or an empty cell, for: {some(bare)}. Add it (the name is the file's, with its ending). Its "
            f"rows are: {some(list(rows))}."
        )
    for file in told:
        first = next(iter(told))
        if set(told[file]) != set(told[first]):
            here, there = (", ".join(told[which]) or "none" for which in (file, first))
            raise ConfigError(
                f"expected pictures of the same factors; {file} has {here}, {first} has {there}. Write the "
                "same names in braces in each path."
            )
    return told


def _rows_of(named: Mapping[Path, str], rows: Mapping[str, dict], table: Path | None) -> dict[Path, dict]:
    """Find each file's row: the one whose name has most of the file's path, from its end.

    The whole name is preferred; on another machine files may have been in other folders.

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
                    f"{table}: several rows stand for '{named[file]}': {some(alike)}. Write its name as the "
                    "file's, with as much of its path as tells it from others."
                )
            if not alike:
                continue
            (name,) = alike
        if name in used:
            raise DataError(
                f"{table}: '{name}' stands for several pictures: {named[used[name]]}; {named[file]}. Write a "
                "row for each, with as much of its path as tells it from the others."
            )
        used[name] = file
        found[file] = rows[name]
    return found


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
            f"{table}: a column has no name, the index that pandas writes? Take it out, or name it."
        )
    return [columns[at] for at in used], [{columns[at]: row[at] for at in used} for row in rows]


def _read_table(table: Path) -> tuple[str, dict[str, dict[str, str]]]:
    """Read what pictures are given by, ``name`` or ``path``, and of each what other columns say of it.

    There is a row, and a column beside names. Paths are taken from the table's folder.
    """
    columns, rows = _cells(table)
    named = ", ".join(map(repr, columns)) or "nothing"
    key = "path" if "path" in columns else "name"
    enough = key in columns and len(columns) > (key == "name")
    if not enough or len(set(columns)) < len(columns) or not rows:
        raise DataError(
            f"{table}: expected in the first line the column 'name' and others, 'label' or factors, or the "
            f"column 'path', each once, and a row a picture; found {named} and {len(rows)} rows."
        )
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        name = row.pop(key)
        if key == "path":
            name = str(table.parent / Path(name).expanduser())
            if name in found:
                raise DataError(f"{table}: {name} is given twice. Remove one of the rows.")
        if found.setdefault(name, row) != row:
            column = next(column for column in row if found[name][column] != row[column])
            raise DataError(
                f"{table}: '{name}' is given twice, with {column} '{found[name][column]}' and "
                f"'{row[column]}'. Remove one of the rows."
            )
    return key, found
