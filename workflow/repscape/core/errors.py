"""The exceptions that a user may meet, and how their messages list things.

Each message says where the mistake is, what was expected, what was found and what to do. The
workflow prints the message alone; a traceback means a bug in repscape itself.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from traceback import extract_tb

from repscape.core.natural_order import natural

_SHOWN = 3


class RepscapeError(Exception):
    """A mistake in the config, the data or the machine, in one message."""


class ConfigError(RepscapeError):
    """A config file asks for something that cannot be."""


class DataError(RepscapeError):
    """A file is not what it should be."""


class AssetError(RepscapeError):
    """A file named in the config cannot be had or is not the one that was named."""


class DeviceError(RepscapeError):
    """The machine lacks what the config requires."""


def some(items: Sequence[str]) -> str:
    """List the first few of many."""
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return "; ".join(items[:_SHOWN]) + more


def unknown(name: str | None, valid) -> str:
    """Say that a name is unknown, what was probably meant, and what there is."""
    valid = sorted(map(str, valid), key=natural)
    close = nearest(str(name), valid)
    hint = f"; did you mean '{close}'?" if close else "."
    return f"'{name}' is unknown{hint} Valid: {', '.join(valid) or 'none'}."


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """Return the name that was probably meant: of the same letters and digits, or nearly."""
    plain = {_letters(one): one for one in reversed(list(valid))}
    close = get_close_matches(_letters(name), plain, n=1)
    return plain[close[0]] if close else None


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def raised_in(error: BaseException, folders: Iterable[str | Path]) -> str:
    """Return where code in some folders raised an error, ``FILE:LINE``; "" if none of them did.

    Of several calls the innermost counts, of code that is no Python the line that Python names.
    """
    roots = [Path(folder).resolve() for folder in folders if folder]
    calls = [(frame.filename, frame.lineno) for frame in extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        calls.append((error.filename, error.lineno))
    for file, line in reversed(calls):
        if any(Path(file).is_relative_to(root) for root in roots):
            return f"{file}:{line}"
    return ""


def in_words(error: BaseException) -> str:
    """Name an error and say what it says."""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {said}".removesuffix(": ")  # a MemoryError has no words


def gpu_memory_ran_out(error: BaseException) -> bool:
    """Whether an error says so: torch's (known by its name, torch is not imported), or a library's."""
    libraries = ("_STATUS_ALLOC_FAILED", "CUDA error: out of memory")  # cuBLAS, cuDNN; CUDA
    return type(error).__name__ == "OutOfMemoryError" or any(said in str(error) for said in libraries)
