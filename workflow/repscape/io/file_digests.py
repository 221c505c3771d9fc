"""Digests of the files that a config names: whether one has changed is a matter of its content alone.

A digest is kept with what the system says of the file: its size, when its content and when anything about it
changed, and its number on the disk. Nobody can set the second of these times, so a file that is replaced by
another of the same size and with an older date is seen. Only while all of these stay the same is a file not
read again. A file that changed within the last seconds is, since another change may bear the same time.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from repscape.core.errors import DataError, some
from repscape.core.logs import say

FEW = 1000  # files, each with its digest in a job's parameters; of more there is one digest of all
KNOWN = Path(".snakemake/repscape/digests.json")  # in the folder of a run
SETTLED = 3  # seconds: some file systems keep times in whole seconds
_MUCH = 2 * 10**9  # bytes, whose reading is reported
_THREADS = 8
_MOST = 500_000  # files that are remembered

State = tuple[int, int, int, int]

Contents = list[list[str]] | list[int | str]


def contents(files: Iterable[str]) -> Contents:
    """Return what changes when one of some files comes, goes or changes, as a job's parameters hold it.

    Returns
    -------
    list
        Of up to `FEW` files ``[path, digest]`` each; of more, how many there are and one digest of all.
    """
    files = sorted(files)
    pairs = [[file, digest] for file, digest in zip(files, of(files), strict=True)]
    if len(pairs) <= FEW:
        return pairs
    lines = "\n".join(f"{digest} {file}" for file, digest in pairs)
    several: list[int | str] = [len(pairs), hashlib.sha256(lines.encode()).hexdigest()]
    return several


def check_unchanged(files: Iterable[str], planned: Contents) -> None:
    """Check that files are what they were when a run was planned.

    Raises
    ------
    DataError
        Says which are not, where they are few.
    """
    now = contents(files)
    if now == planned:
        return
    before = {str(entry[0]) for entry in planned if isinstance(entry, list) and entry not in now}
    after = {str(entry[0]) for entry in now if isinstance(entry, list) and entry not in planned}
    changed = some(sorted(before | after)) or f"one of {now[0]} files"
    raise DataError(
        f"{changed}: changed while the study was running; expected the content with which the run was "
        "planned. Run again when nothing writes to it."
    )


def of(files: Sequence[str]) -> list[str]:
    """Return the sha256 of each file; of one that cannot be read, why not: its job says so.

    What has been read is remembered in `KNOWN`, where its folder's folder exists.
    """
    known = _read_known()
    began = time.time_ns()
    states = {file: _state(file) for file in files}
    paths = {file: os.path.abspath(file) for file in files}
    missing = [file for file in files if known.get(paths[file], ((), ""))[0] != states[file]]
    size = sum(states[file][0] for file in missing)
    if size > _MUCH:
        say(f"repscape: reading {len(missing):,} files ({size / 1e9:.1f} GB) to notice later changes")
    with ThreadPoolExecutor(_THREADS) as pool:
        found = dict(zip(missing, pool.map(_digest, missing), strict=True))
    new = {
        paths[file]: (states[file], digest)
        for file, digest in found.items()
        if digest[0] != "!" and states[file][2] < began - SETTLED * 10**9 and _state(file) == states[file]
    }
    if new:
        _write_known(new)
    return [found[file] if file in found else known[paths[file]][1] for file in files]


def _state(file: str) -> State:
    """Return size, times of the last change of content and of anything in ns, number; -1 where unknown."""
    try:
        found = os.stat(file)
    except OSError:
        return -1, -1, -1, -1
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _digest(file: str) -> str:
    try:
        with open(file, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"! {error.strerror}"


# What was known when the file was in this state: a plan asks for each section of the config.
_parsed: tuple[State, dict[str, tuple[State, str]]] | None = None


def _read_known() -> dict[str, tuple[State, str]]:
    """Read what is known, if the file has changed; nothing where it is missing or not what was written."""
    global _parsed
    state = _state(str(KNOWN))
    if _parsed is None or _parsed[0] != state:
        _parsed = state, _parse_known()
    return _parsed[1]


def _parse_known() -> dict[str, tuple[State, str]]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        checksum, _, text = KNOWN.read_text(encoding="utf-8").partition("\n")
        if hashlib.sha256(text.encode()).hexdigest() == checksum:
            return {path: (tuple(state), digest) for path, (state, digest) in json.loads(text).items()}
    return {}


def _write_known(new: dict[str, tuple[State, str]]) -> None:
    """Add to what is known. What another process adds at the same time may be lost: it is read again then."""
    global _parsed
    remembered = {
        path: known for path, known in _read_known().items() if path not in new
    } | new  # the newest last
    remembered = dict(list(remembered.items())[-_MOST:])
    text = json.dumps(remembered)
    temporary = KNOWN.with_name(f".{KNOWN.name}.{os.getpid()}.tmp")
    with suppress(OSError):
        if KNOWN.parent.parent.is_dir():
            KNOWN.parent.mkdir(exist_ok=True)
            try:
                temporary.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}", encoding="utf-8")
                os.replace(temporary, KNOWN)
                _parsed = _state(str(KNOWN)), remembered
            finally:
                temporary.unlink(missing_ok=True)
