"""Paths with names in braces, which stand for a part of a file's name or of a folder's.

``{obj}/{obj}_{color}deg.jpg`` matches ``cup/cup_090deg.jpg``, where ``obj`` is ``cup`` and ``color``
``090``. A name used twice must stand for the same. ``*``, ``?``, ``[ab]`` and ``**`` are as in other
patterns.
"""

import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from repscape.core.errors import AssetError

_BRACES = r"\{([A-Za-z][A-Za-z0-9_]*)\}"
_TOKENS = re.compile(
    rf"(?P<folders>\*\*/)|(?P<any>\*+)|(?P<one>\?)|(?P<of>\[!?\]?[^\]]*\])|{_BRACES}|(?P<text>.)"
)
_SURROGATES = re.compile("[\ud800-\udfff]")  # by which Python stands in for bytes that are not UTF-8


def names(path: str) -> list[str]:
    """List the names in braces, each once, in order."""
    return list(dict.fromkeys(re.findall(_BRACES, path)))


def as_glob(path: str) -> str:
    """Return the pattern that matches whatever the names stand for.

    Raises
    ------
    AssetError
        Braces without a name.
    """
    pattern = re.sub(_BRACES, "*", path)
    if set(pattern) & set("{}"):
        raise AssetError(
            f"{path}: expected names in braces, '{{obj}}', of letters, digits and '_'. For anything else "
            "write '*'."
        )
    return pattern


def values(path: str, file: str) -> dict[str, str] | None:
    """Return what the names in a path stand for in a file's path; None where it does not match.

    Raises
    ------
    AssetError
        They can be read in several ways: of ``{obj}_{color}`` in ``red_cup_090``, ``obj`` may be ``red`` or
        ``red_cup``.
    """
    least, most = (_expression(path, greedy).fullmatch(file) for greedy in (False, True))
    if least is None or most is None:
        return None
    if least.groupdict() != most.groupdict():
        ways = (
            ", ".join(f"{name}: {value}" for name, value in way.groupdict().items()) for way in (least, most)
        )
        raise AssetError(
            f"{path}: {file} fits this pattern in several ways ({' or '.join(ways)}). Write more of the "
            "names out, rename the files, or list the factors in a table."
        )
    return least.groupdict()


@cache
def _expression(path: str, greedy: bool) -> re.Pattern:
    """Turn a path into a regular expression in which each part takes as much, or as little, as it can."""
    lazy, seen, parts = "" if greedy else "?", set(), []
    for token in _TOKENS.finditer(path):
        name = token[5]
        if name is not None:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+{lazy})")
            seen.add(name)
        elif token["folders"]:
            parts.append(f"(?:.*/)?{lazy}")
        elif token["any"]:
            parts.append(f"[^/]*{lazy}")
        elif token["one"]:
            parts.append("[^/]")
        elif token["of"]:
            inside = token["of"][1:].replace("\\", r"\\").replace("[", r"\[")
            parts.append(re.sub(r"^\[!", "[^", f"[{inside}"))
        else:
            parts.append(re.escape(token["text"]))
    return re.compile("".join(parts), re.DOTALL)


def unusable(files: Iterable[Path]) -> list[str]:
    """Say which files cannot be inputs of a job by their names, and why.

    Snakemake takes braces for wildcards and lower-case words in angle brackets for variables of its own; and
    what is not UTF-8 cannot be written into files.
    """
    files = [str(file) for file in files]
    odd = {
        "with '{' or '}'": [file for file in files if set(file) & set("{}")],
        "with '<word>'": [file for file in files if re.search("<[a-z][a-z0-9_]*>", file)],
        "that are not UTF-8": [repr(os.fsencode(file)) for file in files if _SURROGATES.search(file)],
    }
    return [
        f"names {what} cannot be used, rename: {', '.join(found[:5])}"
        + (f", and {len(found) - 5} more." if len(found) > 5 else ".")
        for what, found in odd.items()
        if found
    ]
