"""RDMs from files, one in each: NumPy's ``.npy``, or CSV tables with the images' names."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.io import array_files, csv_tables, numpy_files
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import Files
from repscape.recordings.lib.given_rdm import DEFAULT_LABEL, FromVectors, GivenRdm, labels_in
from repscape.recordings.lib.order import text


class Rdms(FromVectors):
    """RDMs from files, one in each: NumPy's ``.npy``, or CSV tables with the images' names."""

    reads_path_labels = True

    path: Files = parameter(
        "The files. Names in braces are labels: ``rdms/{subject}_{session}.csv``; without such names, "
        "RDMs are labelled by their files' names. A ``.npy`` file has a square matrix or a vector of "
        "pairs, without names of images. A ``.csv`` table has a square matrix with the images' names in "
        "its first row, in any order, and perhaps also in its first column."
    )

    def read(self) -> Iterator[GivenRdm]:
        """Read an RDM from each file.

        Raises
        ------
        DataError
            A file cannot be read as such.
        """
        for file in self.path:
            labels = dict(self.path_labels.get(file) or {DEFAULT_LABEL: file.stem})
            if file.suffix not in (".npy", ".csv"):
                hint = (
                    "For MATLAB's files use 'kind: mat_rdms'"
                    if file.suffix == ".mat"
                    else "Select only these with a pattern"
                )
                raise DataError(f"{file}: expected a .npy or .csv file. {hint}.")
            if (kind := array_files.kind(file)) != file.suffix[1:]:
                raise DataError(f"{file}: expected a {file.suffix} file, found the content of '{kind}'.")
            if kind == "npy":
                yield GivenRdm(str(file), numpy_files.npy(file), labels, pairs=self.pairs)
            else:
                values, images = _csv(file)
                yield GivenRdm(str(file), values, labels, images)

    def check(self) -> None:
        """Refuse names in braces that cannot be labels."""
        self.labels()

    def labels(self) -> list[str]:
        """Name the labels that distinguish the RDMs.

        Raises
        ------
        ConfigError
            A name in braces cannot be a label; addresses have different ones.
        """
        of_each = [sorted(labels_in(address)) or [DEFAULT_LABEL] for address in self.addresses("path")]
        if of_each.count(of_each[0]) < len(of_each):
            raise ConfigError(
                "path: expected the same names in braces in all addresses, found different ones."
            )
        return of_each[0]


def _csv(file: Path) -> tuple[np.ndarray, list[str]]:
    """Read a square table with the names of its columns, and of its rows where it has them."""
    table = csv_tables.read(file, first=True)
    columns, numbers = table.columns, table.numbers
    cells = [csv_tables.number(name) if name else None for name in columns]
    if len(columns) == len(numbers) + 1 and None not in cells:
        raise DataError(
            f"{file}: expected the images' names in the first row, found numbers: "
            f"{', '.join(columns[:3])}. Is it a matrix without names, as from np.savetxt or writematrix? "
            "Add a row of names, or save it as .npy."
        )
    same = list(map(text, table.text[0])) == list(map(text, columns[1:]))
    named = columns[0] == "" or same
    if named:
        columns, numbers = columns[1:], numbers[:, 1:]
        if not same:
            raise DataError(
                f"{file}: expected the same names in the same order in the first row and the first column."
            )
    if len(columns) != len(numbers):
        raise DataError(
            f"{file}: expected a square table with the images' names in its first row; found "
            f"{len(table.columns)} columns and {len(numbers)} rows below the first."
        )
    odd = [(line, cell) for column, (line, cell) in table.odd.items() if column >= named]
    if odd:
        raise DataError(
            f"{file}: expected numbers below the first row, found {odd[0][1]!r} in line {odd[0][0]}."
        )
    return numbers, columns
