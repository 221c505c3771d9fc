"""The RDMs of a table, found by their labels, and notes on those that cannot be compared."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from repscape.core.errors import DataError, some
from repscape.core.logs import logger
from repscape.core.natural_order import natural
from repscape.metrics.lib.distances import pairs
from repscape.rdms.compare.comparison import measure_of
from repscape.rdms.compare.permutation import orders_used
from repscape.rdms.condensed import defined_entries, flush_rounding
from repscape.rdms.labels import REPEATED
from repscape.rdms.table.entries import Space, check_same, spaces_of, written

if TYPE_CHECKING:
    import pandas as pd


def without_rounding(table: "pd.DataFrame") -> list[np.ndarray]:
    """Return the values of each RDM of a table, with 0 for what is rounding (`condensed.flush_rounding`)."""
    telling = [name for name in ("metric", "metric_sub", "measure", "normalisation") if name in table]
    labels = table[telling].to_dict("records")
    return [
        flush_rounding(values, _scale_of(one))
        for values, one in zip(table["dissimilarity"], labels, strict=True)
    ]


def _scale_of(labels: Mapping) -> float:
    """Say how large an RDM's values are, from its labels: 1, or 0 where nothing but they themselves says it.

    Those of a bounded metric or comparison and those of z-scored activity are of the size of 1, so that what
    is 10⁻¹⁶ is rounding, even where all values are.
    """
    zscored = labels.get("normalisation") == "zscore" and not labels.get("metric_sub")
    return 1.0 if measure_of(labels).largest is not None or zscored else 0.0


class Labelled:
    """RDMs with their labels, counted as rows of a table.

    Attributes
    ----------
    cells : dict of label to list, a value a row
    spaces : list of Space
        Each RDM's entries.
    values : list of float64 arrays (pair,)
        Each RDM's values, its entries in natural order.
    """

    def __init__(self, table: "pd.DataFrame", labels: Sequence[str]):
        """Take a table and the names of its label columns."""
        self.cells = {name: table[name].tolist() for name in labels}
        self.spaces: list[Space] = spaces_of(table["entries"])
        self.values = [
            values[described.pairs]
            for values, described in zip(without_rounding(table), self.spaces, strict=True)
        ]
        differing = [name for name, values in self.cells.items() if len(set(values)) > 1]
        self.telling = differing or list(labels)

    def alike(self, names: Sequence[str], rows: Iterable[int] | None = None) -> list[list[int]]:
        """Put rows with the same labels together, in the order in which they come."""
        found: dict[tuple, list[int]] = {}
        for at in range(len(self.spaces)) if rows is None else rows:
            found.setdefault(self.label(at, names), []).append(at)
        return list(found.values())

    def label(self, at: int, names: Sequence[str]) -> tuple:
        """Return an RDM's labels."""
        return tuple(self.cells[name][at] for name in names)

    def same(self, name: str, rows: Iterable[int]) -> bool:
        """Whether RDMs have the same value of a label."""
        return len({self.cells[name][at] for at in rows}) == 1

    def which(self, at: int, names: Sequence[str] | None = None) -> str:
        """Name an RDM, by default by the labels that differ between RDMs."""
        names = self.telling if names is None else names
        return written(names, self.label(at, names))

    def check_only_draws(self, rows: Sequence[int], chosen: Sequence[str], dependent: Sequence[str]) -> None:
        """Refuse RDMs of the same labels `chosen` that differ in more than draw and presentation.

        Parameters
        ----------
        rows : sequence of int
        chosen : sequence of str
        dependent : sequence of str
            Labels that follow from others, which are not the ones to name.

        Raises
        ------
        DataError
        """
        if len(rows) == 1:
            return
        differing = [name for name in self.cells if not self.same(name, rows)]
        if not differing:
            raise DataError(
                f"the table has this RDM twice: {self.which(rows[0])}. Read each file once, or remove one "
                "of the rows."
            )
        if not set(differing) <= set(REPEATED):
            name = next((name for name in differing if name not in dependent), differing[0])
            found = sorted({str(self.cells[name][at]) for at in rows}, key=natural)
            raise DataError(
                f"{len(rows)} RDMs have the labels {self.which(rows[0], chosen)} but differ in '{name}' "
                f"({some(found)}). Add '{name}' to `groups` or `entries`, or choose one of its values with "
                "`where`."
            )

    def check_same_entries(self, rows: Sequence[int]) -> None:
        """Refuse RDMs of different entries."""
        check_same([self.spaces[at] for at in rows], lambda at: self.which(rows[at]))


class Notes:
    """What could not be compared, or only in part: collected, then logged."""

    def __init__(self, rdms: Labelled):
        """Take the RDMs that are compared."""
        self.rdms = rdms
        self.alone: list[int] = []
        self.lacking: dict[int, np.ndarray] = {}
        self.incomparable: dict[str, list[int]] = {}

    def undefined(self, rows: Sequence[int], stack: np.ndarray) -> None:
        """Note which of the RDMs lack entries; `stack` (rdm, pair) are their values."""
        for at, defined in zip(rows, defined_entries(stack), strict=True):
            if not defined.all():
                self.lacking[at] = defined

    def without_comparison(self, kind: str, rows: Sequence[int], values: np.ndarray) -> None:
        """Note which RDMs are comparable with no other, though they are defined; `values` (pair,)."""
        finite = np.zeros((len(rows),) * 2, bool)
        finite[pairs(len(rows))] = np.isfinite(values)
        compared = np.any(finite | finite.T, axis=1).tolist()
        for at, some_value in zip(rows, compared, strict=True):
            if not some_value and (at not in self.lacking or self.lacking[at].sum() > 1):
                self.incomparable.setdefault(kind, []).append(at)

    def log(self, groups: Sequence[str], permutations: int) -> None:
        """Log the notes, and how small p can be where entries have few orders, to the log."""
        rdms = self.rdms
        if self.alone:
            names = some([rdms.which(at, groups) for at in self.alone])
            logger.warning("no meta-RDM, since there is a single RDM: %s", names)
        lacking = [f"{rdms.which(at)} ({self._gone(at, defined)})" for at, defined in self.lacking.items()]
        if lacking:
            logger.warning(
                "undefined dissimilarities in %d RDMs; these entries are left out of their comparisons "
                "(see `left_out`): %s", len(lacking), some(lacking),
            )  # fmt: skip
        for kind, rows in self.incomparable.items():
            names = some([rdms.which(at) for at in rows])
            logger.warning(
                "%s is undefined for RDMs with fewer than 3 values or with equal values only: %s", kind, names
            )
        for count in sorted({len(each.labels) for each in rdms.spaces}):
            if (others := orders_used(count, permutations)) < permutations:
                logger.info(
                    "%d entries have only %d orders; each is used once, and p is at least %.2g",
                    count, others + 1, 1 / (others + 1),
                )  # fmt: skip

    def _gone(self, at: int, defined: np.ndarray) -> str:
        """List the entries that an RDM lacks."""
        names, labels, _ = self.rdms.spaces[at]
        gone = [written(names, labels[entry]) for entry in np.flatnonzero(~defined)]
        return some(gone) if defined.sum() > 1 else "all entries"
