"""What an analysis returns, ready for `netcdf.write`."""

import re
from collections.abc import Iterable
from typing import NamedTuple

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
