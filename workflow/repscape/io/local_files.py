"""Files on this machine, named by a path, a folder (all files in it and below it) or a pattern.

A pattern has ``*``, ``?``, ``[…]``, ``**``, and names in braces (see `repscape.io.path_patterns`).
"""

import errno
import glob
import os
import stat
from contextlib import suppress
from pathlib import Path

from repscape.core.errors import AssetError, some
from repscape.core.natural_order import natural
from repscape.io import path_patterns


def find(address: str, where: str) -> list[Path]:
    """List the files that a path, a folder or a pattern names, in natural order (2 before 10).

    Parameters
    ----------
    address : str
    where : str
        The config key that asks, for messages.

    Raises
    ------
    AssetError
        There are none, some cannot be read, or what is named is no file.
    """
    if _found is None:
        return _find(address, where)
    if address not in _found:
        _found[address] = _find(address, where)
    return _found[address]


def remember() -> None:
    """List the files of each path only once from now on: a plan asks often, and must see one state."""
    global _found
    _found = {}


_found: dict[str, list[Path]] | None = None


def _find(address: str, where: str) -> list[Path]:
    try:
        return _listed(expanded(address), address, where)
    except OSError as error:
        raise AssetError(
            f"{where}: {address}: cannot be read ({error.strerror}: {error.filename}). Check the "
            "permissions and the targets of links."
        ) from error
    except RuntimeError as error:
        raise AssetError(f"{where}: {address}: {error}") from error


def expanded(path: str) -> Path:
    """Replace a tilde by the home folder.

    Raises
    ------
    RuntimeError
        It is not known.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        user = path.partition("/")[0].removeprefix("~")
        raise RuntimeError(
            f"the home folder of '{user}' is unknown. Write the whole path, or './~…' for a name that "
            "begins with a tilde."
        ) from error


def _listed(path: Path, address: str, where: str) -> list[Path]:
    with suppress(FileNotFoundError, NotADirectoryError):
        path.stat()  # what pathlib hides: a link to itself, a name that is too long
    if path.is_file():
        return [path]
    matches = _matches(path, address, where)
    files, broken = [], []
    for match in matches:
        try:
            kind = os.stat(match).st_mode
        except FileNotFoundError:
            broken.append(match)
            continue
        if stat.S_ISREG(kind):
            files.append(match)
        elif not stat.S_ISDIR(kind):  # reading it may take for ever
            raise AssetError(f"{where}: {match}: expected a file, found a pipe or a device.")
        else:
            _check_readable(match)  # glob leaves out what is in it
    if not files and not broken:
        looked = f"(looked from {Path.cwd()}).{_brackets(address) or _beside(path)}"
        raise AssetError(f"{where}: {address}: expected files, found none {looked}")
    if broken:
        raise AssetError(
            f"{where}: {address}: links to missing files: {', '.join(sorted(broken))}. Repair them."
        )
    return _sorted(files)


def _matches(path: Path, address: str, where: str) -> list[str]:
    """List what is in a folder and below it, or matches a pattern."""
    if path.is_dir():
        _check_readable(str(path))
        return glob.glob(f"{glob.escape(str(path))}/**", recursive=True)
    if path_patterns.names(address):
        return _in_pattern(str(path), where)
    if glob.has_magic(address):
        matches = glob.glob(str(path), recursive=True)
        _check_folders(str(path))
        return matches
    if path.exists():
        raise AssetError(f"{where}: {address}: expected a file, found a pipe or a device.")
    raise AssetError(f"{where}: {address}: no such file or folder (looked from {Path.cwd()}).")


def _sorted(files: list[str]) -> list[Path]:
    """Sort files by their folders, then by their names, numbers as numbers."""
    folder_keys: dict[str, list] = {}

    def key(file: str) -> list:
        folder, name = os.path.split(file)
        if folder not in folder_keys:
            folder_keys[folder] = [natural(part) for part in Path(folder).parts]
        return [*folder_keys[folder], natural(name)]

    return [Path(file) for file in sorted(files, key=key)]


def _check_readable(folder: str) -> None:
    """Refuse a folder that may not be entered."""
    if not os.access(folder, os.R_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)


def _brackets(address: str) -> str:
    """Say that brackets in a path are a choice of characters, where its files have them in their names."""
    literal = address.replace("[", "[[]")
    try:
        found = "[" in address and glob.glob(
            path_patterns.as_glob(str(Path(literal).expanduser())), recursive=True
        )
    except AssetError:
        return ""
    return f" '[…]' stands for one of several characters. For brackets write '{literal}'." if found else ""


def _beside(path: Path) -> str:
    """Say what is in the folder in which a pattern looks, or in the nearest above it that exists."""
    if path.is_dir():
        return ""
    folder = next(parent for parent in path.parents if parent.is_dir())
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    return f" The folder {folder} has: {some(names) or 'no files'}."


def _check_folders(pattern: str) -> None:
    """Refuse folders that may not be entered, where a pattern looks into several: glob leaves them out."""
    folder = os.path.dirname(pattern)
    while glob.has_magic(folder):
        for found in glob.glob(os.path.join(folder, ""), recursive=True):
            _check_readable(found)
        folder = os.path.dirname(folder)


def _in_pattern(path: str, where: str) -> list[str]:
    """Find what matches a path with names in braces."""
    try:
        found = glob.glob(path_patterns.as_glob(path), recursive=True)
        _check_folders(path_patterns.as_glob(path))
        other = sorted(f for f in found if not os.path.isdir(f) and path_patterns.values(path, f) is None)
    except AssetError as error:
        raise AssetError(f"{where}: {error}") from error
    if other:
        more = f", and {len(other) - 5} more" if len(other) > 5 else ""
        raise AssetError(
            f"{where}: {path}: a name in braces is empty, or stands for different values, in "
            f"{', '.join(other[:5])}{more}; expected the same value wherever a name is used. Rename or "
            "move these files, or write the path so that it does not match them."
        )
    return found
