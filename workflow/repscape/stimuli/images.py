"""Pictures out of files."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from repscape.core.errors import AssetError, ConfigError, DataError, some, unknown
from repscape.core.logs import logger, progress
from repscape.io import path_patterns
from repscape.io.assets import in_braces, is_remote, local_files
from repscape.plugin.contract import Stimulus, parameter
from repscape.plugin.parameter_types import File, Files
from repscape.stimuli.lib import names, picture, picture_table
from repscape.stimuli.lib.factors import name_mistake
from repscape.stimuli.lib.frame import Frame


class Images(Stimulus):
    """Pictures from files, in the order of the files.

    A picture is named as its file, or, where files have the same name, as the path below the folder that
    these share. It is turned as its EXIF or TIFF orientation says; colour profiles are not applied. Deeper
    pixels are scaled to 8 bits; transparent ones are laid over mean grey (128). Of a file with several
    pictures the first is taken. The log says to how many files each of these was done.
    """

    reads_path_labels = True

    path: Files | None = parameter(
        "Files, folders, patterns or addresses; names in braces are factors: ``{obj}/{obj}_{color}deg.jpg``.",
        None,
    )
    labels: Literal["folders"] | dict[str, list[str]] | None = parameter(
        "The label of each picture. ``folders``: the name of the folder in which it lies. Or the pictures of "
        "each label, by their files' names: ``{animals: [cat.png, dog.png], tools: [saw.png]}``.",
        None,
    )
    table: File | None = parameter(
        "A CSV table with labels and factors of the pictures: the columns ``name`` (the picture's file, "
        "with enough of its path to distinguish it from others) and ``label``, or factors, or both. "
        "Instead of `path`, the table may have the column ``path``: the files in their order, relative to "
        "the table's folder.",
        None,
    )
    white_level: int | None = parameter(
        "The value of white in 16-bit pixels that use fewer bits, if the files do not state it: 4095 for "
        "12 bits.",
        None,
        ge=255,
        le=65535,
    )

    def images(self) -> Iterator[Frame]:
        """Read the pictures.

        Raises
        ------
        DataError
            Names all files that are missing, empty, truncated, too large or no pictures; pictures
            of which the table says nothing. All 16-bit pixels are so dark that they are likely of fewer bits,
            and `white_level` does not say. All pixels are 0 or 1.
        """
        files = _pictures(self.path, self.table)
        named = names.of_files(files)
        described = _descriptions(named, self.path_labels, self.labels, self.table)
        _check_exist(files, self.table)
        bad: list[str] = []
        summary = _Summary()
        for file in progress(files, "reading pictures", "images", len(files), size=lambda _: 1):
            try:
                found = picture.read(file, self.white_level)
            except DataError as error:
                bad.append(str(error))
                continue
            summary.add(file, found)
            factors = dict(described[file])
            label = factors.pop("label", file.absolute().parent.name if self.labels == "folders" else None)
            yield Frame(named[file], found.pixels, label=label, factors=factors or None)
        if bad:
            count = (
                "A file is not a usable picture"
                if len(bad) == 1
                else f"{len(bad)} files are not usable pictures"
            )
            lines = "\n".join(f"  {line}" for line in bad)
            raise DataError(
                f"{count}:\n{lines}\nRepair or move them, or select only the pictures with a pattern such "
                "as 'folder/*.png'."
            )
        if files:
            summary.depth.check(f"{files[0]} and the others of this stimulus")
            summary.log()

    def check(self) -> None:
        """Refuse pictures that are named nowhere or twice, and factors and labels that cannot be."""
        if self.path is None and not self._table_is_local():
            raise ConfigError(
                "expected 'path', or 'table', a CSV table on this machine with a column 'path', found "
                f"{'neither' if self.table is None else 'an address as table'}."
            )
        by_name = isinstance(self.labels, Mapping)
        if by_name or self.table is not None or any(map(path_patterns.names, self.addresses("path"))):
            self._planned()

    def further_files(self) -> list[Path]:
        """Name the files that a table without `path` names: inputs of the job as well."""
        if self.path is not None or not self._table_is_local():
            return []
        return _pictures(None, self._table_file())

    def image_factors(self) -> dict[str, list[str]] | None:
        """Return the factors of all pictures, unless some are not on this machine yet."""
        described = self._planned()
        if described is None:
            return None
        factors = [name for name in next(iter(described.values()), {}) if name != "label"]
        return {name: [values[name] for values in described.values()] for name in factors}

    def image_count(self) -> int | None:
        """Return the number of pictures: files that are on this machine, and one for each address."""
        if self.path is None and not self._table_is_local():
            return None
        if self.path is None:
            try:
                return len(self.further_files())
            except (ConfigError, DataError):  # reported by `check`
                return None
        return sum(1 if is_remote(one) else len(local_files(one, "path")) for one in self.addresses("path"))

    def _table_is_local(self) -> bool:
        return self.table is not None and not any(map(is_remote, self.addresses("table")))

    def _table_file(self) -> Path | None:
        """Return the table while the plan is made; None without one."""
        return local_files(self.addresses("table"), "table")[0] if self.table is not None else None

    def _planned(self) -> dict[Path, dict[str, str]] | None:
        """Return what is known of each picture while the plan is made; None if one has to be downloaded."""
        paths = self.addresses("path")
        if any(map(is_remote, paths + self.addresses("table"))):
            return None
        try:
            table = self._table_file()
            files = _pictures(local_files(paths, "path") if paths else None, table)
            _check_exist(files, table)
            factors = in_braces(paths, "path") if paths else {}
            return _descriptions(names.of_files(files), factors, self.labels, table)
        except DataError as error:
            raise ConfigError(str(error)) from error
        except AssetError:  # reported for the path or the table itself
            return None


class _Summary:
    """What was found in all pictures of a stimulus, for the log."""

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

    def log(self) -> None:
        """Log which pictures were taken, in which order, and how they were converted."""
        shown = [*self.files[:2], *self.files[-1:]] if len(self.files) > 3 else self.files
        order = " … ".join([", ".join(map(str, shown[:2])), *map(str, shown[2:])])
        done = "".join(f"; {number} {what}" for what, number in self.converted.items())
        logger.info("%d pictures, in this order: %s%s", len(self.files), order, done)
        if self.several:
            logger.warning("files with several pictures, of which the first is used: %s", some(self.several))


def _pictures(files: list[Path] | None, table: Path | None) -> list[Path]:
    """Return the pictures among files, without the table, which may lie among them; or those of the table."""
    if files is not None:
        if table is not None and picture_table.read(table)[0] == "path":
            raise ConfigError(
                f"'path' and the column 'path' of {table} both name pictures. Leave one of them out."
            )
        return [file for file in files if table is None or file.resolve() != table.resolve()]
    if table is None:
        raise ConfigError("expected 'path', or a 'table' with a column 'path', found neither.")
    key, rows = picture_table.read(table)
    if key != "path":
        raise ConfigError(
            f"expected 'path', or a column 'path' in 'table' ({table}), found neither. Add one of them."
        )
    if mistakes := path_patterns.unusable(map(Path, rows)):
        raise DataError(f"{table}: {' '.join(mistakes)}")
    return [Path(row) for row in rows]


def _check_exist(files: list[Path], table: Path | None) -> None:
    """Refuse a table that names files which are missing."""
    missing = [str(file) for file in files if not file.is_file()] if table is not None else []
    if missing:
        more = f", and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise DataError(
            f"{table}: these files are missing: {', '.join(missing[:5])}{more}. Paths are relative to the "
            "table's folder."
        )


def _descriptions(
    named: Mapping[Path, str],
    path_labels: Mapping[Path, Mapping[str, str]],
    labels: str | Mapping[str, Sequence[str]] | None,
    table: Path | None,
) -> dict[Path, dict[str, str]]:
    """Join what paths, table and labels say of each picture; the label of a folder is not among it."""
    key, rows = ("name", {}) if table is None else picture_table.read(table)
    columns = list(next(iter(rows.values()), {}))
    _check_columns([name for values in path_labels.values() for name in values], columns, labels, table)
    row_of = {} if key == "path" else picture_table.rows_of(named, rows, table)
    descriptions, missing = {}, []
    for file, name in named.items():
        row = rows[str(file)] if key == "path" else row_of.get(file, {})
        if not all(row.get(column) for column in columns):
            missing.append(name)
        descriptions[file] = {**path_labels.get(file, {}), **row}
    if missing:
        raise DataError(
            f"{table}: expected a row with {', '.join(map(repr, columns))} for each picture. A row or a "
            f"cell is missing for: {some(missing)}. Add it (the name is that of the file, with its "
            f"ending). The table has: {some(list(rows))}."
        )
    for file, label in (_by_name(named, labels) if isinstance(labels, Mapping) else {}).items():
        descriptions[file]["label"] = label
    for file in descriptions:
        first = next(iter(descriptions))
        if set(descriptions[file]) != set(descriptions[first]):
            found, expected = (", ".join(descriptions[which]) or "none" for which in (file, first))
            raise ConfigError(
                f"expected pictures of the same factors; {file} has {found}, {first} has {expected}. Write "
                "the same names in braces in each path."
            )
    return descriptions


def _by_name(named: Mapping[Path, str], labels: Mapping[str, Sequence[str]]) -> dict[Path, str]:
    """Return the label under which each picture is listed.

    Raises
    ------
    ConfigError
        A picture is listed twice or not at all, or something that is no picture of the stimulus is.
    """
    listed = [(name, label) for label, of in labels.items() for name in of]
    try:
        places = names.find([name for name, _ in listed], list(named.values()))
    except DataError as error:
        raise ConfigError(f"labels: {error}.") from error
    files = list(named)
    found: dict[Path, str] = {}
    for (name, label), place in zip(listed, places, strict=True):
        if place == names.NONE:
            raise ConfigError(f"labels.{label}: {unknown(name, named.values())}")
        if files[place] in found:
            raise ConfigError(
                f"labels.{label}: expected each picture under one label; '{name}' is also under "
                f"'{found[files[place]]}'. Remove it from one of them."
            )
        found[files[place]] = label
    if lacking := [name for file, name in named.items() if file not in found]:
        raise ConfigError(f"labels: expected a label for each picture; found none for {some(lacking)}.")
    return found


def _check_columns(in_path: list[str], columns: list[str], labels: object, table: Path | None) -> None:
    """Refuse names that factors cannot have, and what is said both by the path and by the table."""
    for name in [*in_path, *columns]:
        if name in in_path and name in columns:
            raise ConfigError(f"the factor '{name}' is in 'path' and in 'table'. Remove one of them.")
        if (mistake := name_mistake(name)) and (name != "label" or name in in_path):
            raise ConfigError(f"{table}: {mistake}" if name in columns else mistake)
    if labels is not None and "label" in columns:
        raise ConfigError("expected 'labels' or a column 'label' in 'table', found both. Remove one of them.")
