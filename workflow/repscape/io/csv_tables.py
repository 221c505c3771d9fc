"""CSV tables: names of columns in the first row, a case in each further one."""

import codecs
import csv
import math
import re
from array import array
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError

# What stands for no value, as pandas and R write and read it
MISSING = frozenset(
    [
        *("", "#N/A", "#N/A N/A", "#NA", "<NA>", "N/A", "NA", "n/a", "NULL", "null", "None"),
        *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    ]
)
_TRUTHS = {"true": 1.0, "false": 0.0}
DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_LONGEST = 2**20  # characters of the first line that are looked at
SAVE_AS = "Save the table in UTF-8, with commas between columns and decimal points in numbers"


class Table(NamedTuple):
    """A table as it is read.

    Attributes
    ----------
    columns : list of str
    numbers : float64 array (row, column)
        NaN where there is no value, or none that is a number.
    odd : dict of column's index to (line, cell)
        The first cell of a column that is neither a number nor stands for no value.
    text : dict of column's index to list of str
        The cells of the columns that were asked for.
    """

    columns: list[str]
    numbers: np.ndarray
    odd: dict[int, tuple[int, str]]
    text: dict[int, list[str]]

    def position(self, name: str, file: Path) -> int:
        """Return the position of a column that is in the table once.

        Raises
        ------
        DataError
        """
        if self.columns.count(name) > 1:
            raise DataError(f"{file}: {self.columns.count(name)} columns are named '{name}'. Rename them.")
        return self.columns.index(name)


def read(file: Path, texts: Collection[str] = (), first: bool = False) -> Table:
    """Read a table of numbers, and of the columns named in `texts`, or of the first, also the text.

    Names of columns may be numbers where the first column is read as text, as of matrices.

    Raises
    ------
    DataError
        It is no CSV table in UTF-8, with the line that is not.
    """
    rows = lines(file)
    _, header = next(rows, (0, []))
    if not header:
        raise DataError(
            f"{file}: expected a table with the names of its columns in the first row, found an empty file."
        )
    columns = [name.strip() for name in header]
    _check_header(file, columns, numeric=first)
    wanted: dict[int, list[str]] = {
        at: [] for at, name in enumerate(columns) if name in texts or (first and at == 0)
    }
    odd: dict[int, tuple[int, str]] = {}
    numbers, longer, count = array("d"), 0, 0
    for line, row in rows:
        count += 1
        if len(row) == len(columns) + 1 and not row[-1].strip() and longer == count - 1:
            longer += 1  # a comma at the end of each line
            row.pop()
        if len(row) != len(columns):
            raise DataError(_of_another_length(file, line, row, columns))
        for at, cells in wanted.items():
            cells.append(row[at].strip())
        numbers.extend(_numbers(row, line, odd))
    if 0 < longer < count:
        raise DataError(
            f"{file}: {longer} of {count} lines end in a comma, the others do not. Correct the table."
        )
    values = np.array(numbers, np.float64).reshape(count, len(columns))
    if (
        columns[-1] == ""
        and len(columns) > 1
        and np.isnan(values[:, -1]).all()
        and len(columns) - 1 not in odd
    ):
        columns, values = columns[:-1], values[:, :-1]  # a comma at the end of all lines
    return Table(columns, values, odd, wanted)


def as_labels(cells: list[str]) -> np.ndarray:
    """Return a column of labels: whole numbers, other numbers, or the text as it is.

    Text that numbers would not give back, such as ``007``, stays text.
    """
    try:
        if all(str(int(cell)) == cell for cell in cells):
            return np.array(cells).astype(np.int64)
    except (ValueError, OverflowError):
        pass
    found = [math.nan if cell in MISSING else _number(cell) for cell in cells]
    zeros = any(re.match(r"-?0\d", cell) for cell in cells)
    if zeros or any(value is None for value in found) or all(cell in MISSING for cell in cells):
        return np.array(cells, str)
    return np.array(found, np.float64)


def number(cell: str) -> float | None:
    """Return the number that a cell is, NaN where it stands for no value, None where it is neither."""
    cell = cell.strip()
    return math.nan if cell in MISSING else _number(cell)


def _number(cell: str) -> float | None:
    if "_" in cell:  # Python takes 1_000 for a number
        return None
    try:
        return float(cell)
    except ValueError:
        return _TRUTHS.get(cell.lower())


def _numbers(row: list[str], line: int, odd: dict[int, tuple[int, str]]) -> list[float]:
    try:
        if not any("_" in cell for cell in row):
            return list(map(float, row))
    except ValueError:
        pass
    found = [number(cell) for cell in row]
    for at, value in enumerate(found):
        if value is None:
            odd.setdefault(at, (line, row[at].strip()))
    return [math.nan if value is None else value for value in found]


def lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line that is not empty, with its number.

    Raises
    ------
    DataError
        It is no CSV table in UTF-8, with commas.
    """
    with open(file, "rb") as stream:
        begin = stream.read(4)
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{file}: expected a table in UTF-8, found UTF-16. Save it as CSV in UTF-8.")
    line = 0
    try:
        with open(file, encoding="utf-8-sig", newline="") as stream:
            first = stream.readline(_LONGEST)
            for mark, name in (("\t", "tabs"), (";", "semicolons")):
                if first.count(mark) > first.count(","):
                    raise DataError(f"{file}: expected columns separated by commas, found {name}. {SAVE_AS}.")
            stream.seek(0)
            reader = csv.reader(stream, skipinitialspace=True, strict=True)
            for row in reader:
                line = reader.line_num
                if row and (len(row) > 1 or row[0].strip()):
                    yield line, row
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}: expected a CSV table in UTF-8, found {error.object[error.start :][:1]!r} after line "
            f"{line}. Is the file in Latin-1, or not a table? Save it as CSV in UTF-8."
        ) from error
    except csv.Error as error:
        raise DataError(f"{file}: cannot be read as a CSV table, at line {line + 1}: {error}.") from error


def _check_header(file: Path, columns: list[str], numeric: bool) -> None:
    """Name the cause where the first row has no names of columns."""
    first = columns[0]
    if first.startswith(("#", "%")):
        raise DataError(
            f"{file}: expected the names of the columns in the first line, found the comment "
            f"'{first[:40]}'. Remove such lines (np.savetxt writes names without '#' if given comments='')."
        )
    values = [_number(name) for name in columns]
    if not numeric and all(value is not None for value in values):
        begins = values[0] in (0, 1) and values == [values[0] + at for at in range(len(values))]
        if not (begins and len(columns) > 1):
            raise DataError(
                f"{file}: expected names of columns in the first row, found numbers: "
                f"{', '.join(columns[:3])}. Add a row of names, since the first row is read as names."
            )


def _of_another_length(file: Path, line: int, row: list[str], columns: list[str]) -> str:
    said = f"{file}: line {line} has {len(row)} columns, the first row has {len(columns)}"
    if len(row) == len(columns) + 1 and all(re.fullmatch(r"-?\d+", cell.strip()) for cell in row):
        return (
            f"{said}. Are there commas in numbers, or row names as R writes them? {SAVE_AS}, without row "
            "names."
        )
    if len(row) == len(columns) + 1 and (_number(row[0]) is None or (line, row[0].strip()) == (2, "1")):
        return (
            f"{said}. Are there row names as R writes them? Save the table without them (row.names = FALSE)."
        )
    if len(row) == 2 * len(columns) or any(DECIMAL_COMMA.fullmatch(cell) for cell in row):
        return f"{said}. Are there commas in numbers? {SAVE_AS}."
    return f"{said}. Correct the line, or put text that has commas in quotes."
