"""Which variable of a file is meant."""

from collections.abc import Collection, Sequence
from pathlib import Path

from repscape.core.errors import DataError, some, unknown


def choose(file: Path, variable: str | None, available: Sequence[str], excluded: Collection[str]) -> str:
    """Return the name of the variable that is meant: the one that is asked for, or the only one.

    Parameters
    ----------
    file : path
        For messages.
    variable : str, optional
    available : names of all variables of the file
    excluded : names of variables that are something else

    Raises
    ------
    DataError
        There is no such variable, or none is asked for and there are several; the message lists them.
    """
    if variable is None:
        others = [name for name in available if name not in excluded]
        if len(others) == 1:
            return others[0]
        raise DataError(
            f"{file}: expected one array beside those that other keys name, found {len(others)}: "
            f"{some(sorted(others)) or 'all have other meanings'}. Name the one that holds the responses "
            "by 'responses', of the source 'traces' by 'traces'."
        )
    if variable not in available:
        raise DataError(f"{file}: variable {unknown(variable, available)}")
    return variable
