"""CSV tables: names in the first row, a case in each further one."""

import codecs
import csv
import fnmatch
import math
import re
from array import array
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError, some, unknown

# What stands for no value, as pandas and R write and read it
MISSING = frozenset(
    [
        *("", "#N/A", "#N/A N/A", "#NA", "<NA>", "N/A", "NA", "n/a", "NULL", "null", "None"),
        *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    ]
)
_TRUTHS = {"true": 1.0, "false": 0.0}
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_LONGEST = 2**20  # characters of the first line that are looked at
_SAVE = "Save the table with commas between columns and points in numbers, in UTF-8"


class Table(NamedTuple):
    """A table as it is read.

    Attributes
    ----------
    columns : list of str
    numbers : float64 array (row, column)
        NaN where there is no value, or none that is a number.
    odd : dict of column's place to (line, cell)
        The first cell of a column that is neither a number nor stands for no value.
    text : dict of column's place to list of str
        The cells of the columns that were asked for.
    """

    columns: list[str]
    numbers: np.ndarray
    odd: dict[int, tuple[int, str]]
    text: dict[int, list[str]]

    def place(self, name: str, file: Path) -> int:
        """Return the place of a column that is there once.

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
        raise DataError(f"{file}: expected a table with names of columns in its first row; it is empty.")
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


def neurons(
    table: Table,
    file: Path,
    but: Collection[str] = (),
    columns: Collection[str] | None = None,
    leave_out: Collection[str] = (),
    factors: Collection[str] = (),
) -> list[int]:
    """Say which columns are neurons: their places, in the table's order.

    Parameters
    ----------
    table, file : Table, path
    but : names of columns that have another meaning
    columns : names of the columns that are neurons, or patterns, optional
        Without them all are; one that by its name or content could be something else is then asked for.
    leave_out : names of columns that are no neurons, or patterns
    factors : names of the images' factors

    Raises
    ------
    DataError
        A name is unknown; a column is no column of numbers, or perhaps no neuron.
    """
    left = {at for at, name in enumerate(table.columns) if name in but}
    left |= _matching(table, file, leave_out)
    if columns is not None:
        found = sorted(_matching(table, file, columns) - left)
    else:
        found = [at for at in range(len(table.columns)) if at not in left]
    if not found:
        raise DataError(f"{file}: no column is left that could be a neuron's.")
    odd = [at for at in found if at in table.odd]
    if odd:
        told = some(
            [
                f"{_shown(table.columns[at])} (line {table.odd[at][0]}: {table.odd[at][1][:20]!r})"
                for at in odd
            ]
        )
        commas = any(_DECIMAL_COMMA.fullmatch(table.odd[at][1]) for at in odd)
        hint = f" Commas in numbers? {_SAVE}." if commas else ""
        raise DataError(
            f"{file}: expected numbers in all columns of neurons, found others in {told}.{hint} A column "
            "that says what trials showed is named by 'images'; 'leave_out: "
            f"[{', '.join(repr(table.columns[at]) for at in odd[:20])}]' leaves out others."
        )
    if columns is None:
        _ask(table, file, found, factors)
    return found


def _matching(table: Table, file: Path, wanted: Collection[str]) -> set[int]:
    found = set()
    for one in wanted:
        places = {at for at, name in enumerate(table.columns) if name == one} or {
            at for at, name in enumerate(table.columns) if fnmatch.fnmatchcase(name, one)
        }
        if not places:
            raise DataError(f"{file}: column {unknown(one, table.columns)}")
        found |= places
    return found


# Names of columns that say what a trial was, rather than what a neuron answered
_NO_NEURONS = re.compile(
    r"(unnamed:? ?\d*)?|index|idx|no|nr|num(ber)?|ids?|rows?|row ?names?|date|day|week"
    r"|(times?|timestamps?|onset|offset|duration|latency|iti|rt)( ?(s|ms|secs?|seconds?|min))?|seconds?"
    r"|age|sex|weight|seed|speed|labels?|class|category|name|file(name)?|path"
    r"|correct|choice|outcome|reward(ed)?|response time"
    r"|((trial|rep|repeat|repetition|presentation|session|run|block|stim|stimulus|stimuli|image|img|picture|pic"
    r"|frame|condition|cond|subject|subj|sub|animal|mouse|monkey|patient"
    r"|participant|observer|experiment|exp|fold|split|order|orientation|angle|contrast|direction|phase|sf|tf)s?"
    r"( ?(ids?|index|idx|no|nr|num|number|count|name|order|type))?)",
    re.IGNORECASE,
)


def _ask(table: Table, file: Path, found: list[int], factors: Collection[str]) -> None:
    """Refuse columns that may be no neurons."""
    told = []
    for at in found:
        name, values = table.columns[at], table.numbers[:, at]
        plain = re.sub(r"[\s._#()\[\]-]+", " ", name).strip()
        if _NO_NEURONS.fullmatch(plain) or name in factors:
            told.append((at, "by its name"))
        elif _counts(values):
            told.append((at, "which counts up"))
        elif (
            len(values) > 2
            and len(found) > 1
            and (values == values[0]).all()
            and values[0] % 1 == 0 != values[0]
        ):
            told.append((at, f"which is {values[0]:g} everywhere"))
    if told:
        names = [table.columns[at] for at, _ in told]
        listed = some([f"{_shown(table.columns[at])} ({why})" for at, why in told])
        raise DataError(
            f"{file}: perhaps no neuron, but an index or what a trial was: {listed}. If so, write "
            f"'leave_out: [{', '.join(map(repr, names[:20]))}]'; or name the columns that are neurons with "
            "'columns', such as [\"n*\"]; 'columns: \"*\"' takes all."
        )


def _counts(values: np.ndarray) -> bool:
    """Whether numbers ascend or descend, as those of trials, images or blocks, or as times."""
    if len(values) < 4 or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    if (values % 1).any():  # times may be rounded
        even = len(values) >= 8 and np.ptp(steps) <= 0.1 * np.abs(steps[0]) > 0
        return bool(even or (len(values) >= 20 and ((steps > 0).all() or (steps < 0).all())))
    if (steps == steps[0]).all() and steps[0] != 0:
        return True
    return len(values) >= 8 and len(np.unique(values)) > 2 and bool((steps >= 0).all() or (steps <= 0).all())


def _shown(name: str) -> str:
    return name or "a column without a name (the index that pandas writes?)"


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
        raise DataError(f"{file}: is in UTF-16. Save it as CSV in UTF-8.")
    line = 0
    try:
        with open(file, encoding="utf-8-sig", newline="") as stream:
            first = stream.readline(_LONGEST)
            for mark, name in (("\t", "tabs"), (";", "semicolons")):
                if first.count(mark) > first.count(","):
                    raise DataError(f"{file}: expected columns separated by commas, found {name}. {_SAVE}.")
            stream.seek(0)
            reader = csv.reader(stream, skipinitialspace=True, strict=True)
            for row in reader:
                line = reader.line_num
                if row and (len(row) > 1 or row[0].strip()):
                    yield line, row
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}: cannot be read as a CSV table in UTF-8: {error.object[error.start :][:1]!r} after line "
            f"{line} is none. A file in Latin-1, or no table? Save it as CSV in UTF-8."
        ) from error
    except csv.Error as error:
        raise DataError(f"{file}: cannot be read as a CSV table, at line {line + 1}: {error}.") from error


def _check_header(file: Path, columns: list[str], numeric: bool) -> None:
    """Name the cause where the first row has no names of columns."""
    first = columns[0]
    if first.startswith(("#", "%")):
        raise DataError(
            f"{file}: begins with a comment, '{first[:40]}'. Take such lines out, and begin with the names "
            "of columns (np.savetxt writes them without '#' with comments='')."
        )
    values = [_number(name) for name in columns]
    if not numeric and all(value is not None for value in values):
        begins = values[0] in (0, 1) and values == [values[0] + at for at in range(len(values))]
        if not (begins and len(columns) > 1):
            raise DataError(
                f"{file}: expected names of columns in the first row, found numbers: "
                f"{', '.join(columns[:3])}. Add a row of names, in place of which this row would be taken."
            )


def _of_another_length(file: Path, line: int, row: list[str], columns: list[str]) -> str:
    said = f"{file}: line {line} has {len(row)} columns, the first row has {len(columns)}"
    if len(row) == len(columns) + 1 and all(re.fullmatch(r"-?\d+", cell.strip()) for cell in row):
        return f"{said}: commas in numbers, or names of rows as R writes them? {_SAVE}, without such names."
    if len(row) == len(columns) + 1 and (_number(row[0]) is None or (line, row[0].strip()) == (2, "1")):
        return f"{said}: names of rows, as R writes them? Save the table without (row.names = FALSE)."
    if len(row) == 2 * len(columns) or any(_DECIMAL_COMMA.fullmatch(cell) for cell in row):
        return f"{said}: commas in numbers? {_SAVE}."
    return f"{said}. Correct the line, or put text with commas in quotes."
