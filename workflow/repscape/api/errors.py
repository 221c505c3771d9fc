"""Mistakes in arguments, as the errors that someone in a notebook expects."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from repscape.core.errors import ConfigError, DataError, RepscapeError

P = ParamSpec("P")
R = TypeVar("R")


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
        except (ConfigError, DataError) as error:
            raise ArgumentError(str(error)) from None  # where in the package does not help

    return asked
