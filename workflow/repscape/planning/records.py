"""Snakemake's records of how files were made: without its record a file counts as up to date.

A machine that loses power may leave records empty or cut. Snakemake ignores these, and with them whatever
has changed in the config since (snakemake/snakemake#1342, #358 are about such records). Here the files that
they are of are marked as Snakemake marks those of a job that did not end: they are made again.

Where records are and what they are called is Snakemake's business: its object for them is asked. Where
that lacks a method, or records are kept elsewhere than in files, nothing is done.
"""

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

NEEDED = ("_record_path", "_metadata_path", "_read_locks", "_delete_record", "_mark_incomplete")


class Found(NamedTuple):
    """What is wrong with records.

    Attributes
    ----------
    damaged : list of str
        Files whose records cannot be read; they are marked now, so that they are made again.
    missing : list of str
        Files that have no record.
    """

    damaged: list[str]
    missing: list[str]


def look_at(persistence: Any, files: Iterable[str]) -> Found:
    """Look at the records of files; mark those whose records are damaged, and remove these records.

    Nothing is marked while a run has locked the folder: it may be writing records.

    Parameters
    ----------
    persistence : snakemake.persistence.file.FilePersistence
    files : paths of results, as the study names them
    """
    found = Found([], [])
    locked = any(True for _ in persistence._read_locks())
    for name in sorted(files):
        record = persistence._record_path(persistence._metadata_path, name)
        try:
            with open(record, "rb") as file:
                text = file.read().strip()
        except FileNotFoundError:
            found.missing.append(name)
            continue
        if not locked and not _is_whole(text):
            persistence._mark_incomplete(name, None)
            persistence._delete_record(name)
            found.damaged.append(name)
    return found


def results(folder: str) -> Iterator[str]:
    """Yield the files in the folders of a study, but for its logs."""
    for parent, folders, names in os.walk(folder):
        if parent == folder:
            folders[:] = [name for name in folders if name != "logs"]
        else:
            yield from (f"{parent}/{name}" for name in names)


def _is_whole(text: bytes) -> bool:
    """Whether a record can be read and has what changes are found by."""
    if not (text.startswith(b"{") and text.endswith(b"}") and b'"params": ' in text):
        return False
    if text.count(b"{") == text.count(b"}"):  # to read all would take a while
        return True
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
