"""Mistakes in arguments, as the errors that someone in a notebook expects."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from repscape.core.errors import RepscapeError

P = ParamSpec("P")
R = TypeVar("R")
_LINES = 8  # of a message


class ArgumentError(RepscapeError, ValueError):
    """An argument has a value that it cannot have."""


class ArgumentTypeError(RepscapeError, TypeError):
    """An argument is of a kind that is not taken."""


def for_users(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function raise `ArgumentError` where the package finds a mistake in what it got."""

    @wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (ArgumentError, ArgumentTypeError):
            raise
        except RepscapeError as error:
            raise ArgumentError(_in_short(str(error))) from None  # where in the package does not help

    return asked


def _in_short(text: str) -> str:
    """Leave out lines in the middle of many, such as of a folder of files that are no pictures."""
    lines = text.splitlines()
    if len(lines) <= _LINES:
        return text
    return "\n".join([*lines[: _LINES - 2], f"  … and {len(lines) - _LINES + 1} more", lines[-1]])
