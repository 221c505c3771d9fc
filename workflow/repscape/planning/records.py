"""Snakemake's records of how files were made: without its record a file counts as up to date.

A machine that loses power may leave records empty or cut. Snakemake ignores these, and with them whatever has
changed in the config since. Here the files that they are of are marked as Snakemake marks those of a job that
did not end: they are made again.
"""

import json
import os
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path

RECORDS, MARKS, LOCKS = "metadata", "incomplete", "locks"


def mark_damaged(folder: str | Path) -> list[str]:
    """Mark the files whose records are damaged, and remove these records.

    Nothing is done while a run has locked the folder: it may be writing records.

    Parameters
    ----------
    folder : path
        ``.snakemake``.

    Returns
    -------
    list of str
        The files that are marked.
    """
    folder = Path(folder)
    if any((folder / LOCKS).glob("*.lock")):
        return []
    found = []
    for record in _records(folder / RECORDS):
        if _is_whole(record):
            continue
        place = record.relative_to(folder / RECORDS)
        try:  # of a long name the parts are folders, whose names begin with @
            name = urlsafe_b64decode("".join(part.removeprefix("@") for part in place.parts)).decode()
        except ValueError:  # no record: NFS leaves such files while one is open
            continue
        mark = folder / MARKS / place
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(json.dumps({"external_jobid": None}))
        record.unlink()
        if os.path.exists(name):
            found.append(name)
    return sorted(found)


def _records(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


def _is_whole(record: Path) -> bool:
    """Whether a record can be read and has what a change is told by."""
    text = record.read_bytes().strip()
    if not (text.startswith(b"{") and text.endswith(b"}") and b'"params": ' in text):
        return False
    if text.count(b"{") == text.count(b"}"):  # to read all would take a while
        return True
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
