"""RDMs out of files of their own: NumPy's ``.npy``, or CSV tables with the images' names."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from repscape.errors import ConfigError, DataError
from repscape.recordings.given import DEFAULT_LABEL, GivenRdm, labels_in
from repscape.types import Files


def read(in_path: Mapping[Path, Mapping[str, str]] | None = None, *, path: Files) -> Iterator[GivenRdm]:
    """Read an RDM from each file.

    Parameters
    ----------
    in_path : mapping of file to {label: value}, optional
        What names in braces stand for in the path of each file.
    path : files, folders, patterns, addresses
        Names in braces are labels: ``rdms/{subject}_{session}.csv``; without any, RDMs are labelled by
        their files' names. A ``.npy`` file holds a square matrix or a vector of the pairs i<j, row by row, of
        images in the stimulus's order; a ``.csv`` table a square matrix with the names of the images in its
        first row, in any order, and if it likes in its first column, below an empty corner.

    Raises
    ------
    DataError
        A file cannot be read as such.
    """
    for file in path:
        labels = dict((in_path or {}).get(file) or {DEFAULT_LABEL: file.stem})
        if file.suffix == ".npy":
            yield GivenRdm(str(file), _npy(file), labels)
        elif file.suffix == ".csv":
            values, images = _csv(file)
            yield GivenRdm(str(file), values, labels, images)
        else:
            raise DataError(f"{file}: expected a .npy or .csv file. Name only these with a pattern.")


def check(*, path) -> None:
    """Refuse names in braces that cannot be labels; the config asks before a job does."""
    labels(path=path)


def labels(*, path) -> list[str]:
    """Name the labels that tell the RDMs apart.

    Raises
    ------
    ConfigError
        A name in braces cannot be a label; addresses have different ones.
    """
    addresses = [path] if isinstance(path, str) else path
    of_each = [sorted(labels_in(address)) or [DEFAULT_LABEL] for address in addresses]
    if of_each.count(of_each[0]) < len(of_each):
        raise ConfigError("path: expected the same names in braces in all addresses, found different ones.")
    return of_each[0]


def _npy(file: Path) -> np.ndarray:
    try:
        return np.load(file, allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        raise DataError(f"{file}: not a whole .npy file of numbers ({error}).") from error


def _csv(file: Path) -> tuple[np.ndarray, list[str]]:
    """Read a square table with the names of its columns, and of its rows where it has them."""
    try:
        with open(file, encoding="utf-8-sig", newline="") as stream:
            header, *rows = (row for row in csv.reader(stream, skipinitialspace=True) if row)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{file}: cannot be read as a CSV table in UTF-8 ({error}).") from error
    named = header[0] == ""
    images = header[named:]
    if named and [row[0] for row in rows] != images:
        raise DataError(
            f"{file}: expected the same names, in one order, in the first row and the first column."
        )
    if len(images) != len(rows) or {len(row) for row in rows} != {len(header)}:
        raise DataError(
            f"{file}: expected a square table with the images' names in its first row; found {len(header)} "
            f"columns and {len(rows)} rows below the first."
        )
    try:
        return np.array([row[named:] for row in rows], np.float64), images
    except ValueError as error:
        raise DataError(f"{file}: expected numbers below the first row ({error}).") from error
