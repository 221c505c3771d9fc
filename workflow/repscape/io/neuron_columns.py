"""Which columns of a CSV table are neurons, or patterns, and which say what a trial was."""

import fnmatch
import re
from collections.abc import Collection
from pathlib import Path

import numpy as np

from repscape.core.errors import DataError, some, unknown
from repscape.io.csv_tables import DECIMAL_COMMA, SAVE_AS, Table


def select(
    table: Table,
    file: Path,
    excluded: Collection[str] = (),
    columns: Collection[str] | None = None,
    leave_out: Collection[str] = (),
    factors: Collection[str] = (),
) -> list[int]:
    """Say which columns are neurons: their indices, in the table's order.

    Parameters
    ----------
    table, file : Table, path
    excluded : names of columns that have another meaning
    columns : names of the columns that are neurons, or patterns, optional
        Without them all are; one that by its name or content could be something else is then asked for.
    leave_out : names of columns that are no neurons, or patterns
    factors : names of the images' factors

    Raises
    ------
    DataError
        A name is unknown; a column is no column of numbers, or perhaps no neuron.
    """
    left_out = {at for at, name in enumerate(table.columns) if name in excluded}
    left_out |= _matching(table, file, leave_out)
    if columns is not None:
        found = sorted(_matching(table, file, columns) - left_out)
    else:
        found = [at for at in range(len(table.columns)) if at not in left_out]
    if not found:
        raise DataError(
            f"{file}: expected at least one column of a neuron, found none after leaving out the others. "
            "Check 'columns' and 'leave_out'."
        )
    odd = [at for at in found if at in table.odd]
    if odd:
        shown = some(
            [
                f"{_shown(table.columns[at])} (line {table.odd[at][0]}: {table.odd[at][1][:20]!r})"
                for at in odd
            ]
        )
        commas = any(DECIMAL_COMMA.fullmatch(table.odd[at][1]) for at in odd)
        hint = f" Are there commas in numbers? {SAVE_AS}." if commas else ""
        raise DataError(
            f"{file}: expected numbers in all columns of neurons, found other values in {shown}.{hint} If "
            "a column names the image of each trial, set 'images: COLUMN'; to leave columns out, set "
            f"'leave_out: [{', '.join(repr(table.columns[at]) for at in odd[:20])}]'."
        )
    if columns is None:
        _ask(table, file, found, factors)
    return found


def _matching(table: Table, file: Path, wanted: Collection[str]) -> set[int]:
    found = set()
    for one in wanted:
        indices = {at for at, name in enumerate(table.columns) if name == one} or {
            at for at, name in enumerate(table.columns) if fnmatch.fnmatchcase(name, one)
        }
        if not indices:
            raise DataError(f"{file}: column {unknown(one, table.columns)}")
        found |= indices
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
    doubtful = []
    for at in found:
        name, values = table.columns[at], table.numbers[:, at]
        plain = re.sub(r"[\s._#()\[\]-]+", " ", name).strip()
        if _NO_NEURONS.fullmatch(plain) or name in factors:
            doubtful.append((at, "by its name"))
        elif _counts(values):
            doubtful.append((at, "which counts up"))
        elif (
            len(values) > 2
            and len(found) > 1
            and (values == values[0]).all()
            and values[0] % 1 == 0 != values[0]
        ):
            doubtful.append((at, f"which is {values[0]:g} everywhere"))
    if doubtful:
        names = [table.columns[at] for at, _ in doubtful]
        listed = some([f"{_shown(table.columns[at])} ({why})" for at, why in doubtful])
        raise DataError(
            f"{file}: perhaps not neurons, but an index or a description of trials: {listed}. If so, set "
            f"'leave_out: [{', '.join(map(repr, names[:20]))}]', or name the columns of neurons, as in "
            "'columns: [\"n*\"]'. If all are neurons, set 'columns: \"*\"'."
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
    return name or "a column without a name (an index that pandas wrote?)"
