"""What analyses of RDMs have in common: which RDMs they are of, and how these are read."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from repscape.analyses.lib import select_rdms
from repscape.analyses.lib.select_rdms import ALL, Of
from repscape.core.errors import ConfigError, unknown
from repscape.core.logs import logger
from repscape.plugin.contract import Analysis, parameter
from repscape.rdms.labels import FOLLOWING, REPEATED, Where
from repscape.study.study import Study

if TYPE_CHECKING:
    import pandas as pd

_ALONE = "the RDM"  # what an RDM is called where there is no other


class OfRdms(Analysis, shared=True):
    """An analysis of RDMs."""

    of: Of = parameter(
        "The RDMs: a name in `rdms.sets`, `all_images`, a recording, an analysis that makes RDMs, or "
        "several of these.",
        ALL,
    )
    where: Where | None = parameter(
        "Which of these RDMs, by their labels: `{layer: [conv1, conv2]}`. By default all.", None
    )

    def inputs(self, study: Study) -> dict[str, Any]:
        """Name the files that hold the RDMs.

        Raises
        ------
        ConfigError
            The study has no such RDMs.
        """
        return select_rdms.inputs(study, self.of, self.where)

    def check_labels(self, study: Study, key: str, labels: Iterable[str]) -> None:
        """Refuse labels of a parameter `key` that the RDMs do not have, with a `ConfigError`."""
        known = select_rdms.labels(study, self.of)
        for label in labels:
            if label not in known:
                raise ConfigError(f"{key}: {unknown(label, known)}")

    def read(self, files: Mapping) -> "pd.DataFrame":
        """Read the RDMs as a table; see `repscape.rdms.table.table`."""
        return select_rdms.read(files, self.of, self.where)

    def read_averaged(self, files: Mapping) -> "pd.DataFrame":
        """Read the RDMs, averaged over draws of units and presentations; see `averaged`."""
        return averaged(self.read(files))


class OneRdm(NamedTuple):
    """An RDM of a table.

    Attributes
    ----------
    at : int
        The row.
    row : Series
    name : str
        Its labels, those in which RDMs of the table differ.
    defined : bool array (entry,)
        Which entries are left if those of undefined dissimilarities are left out until none is.
    """

    at: int
    row: "pd.Series"
    name: str
    defined: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """The dissimilarities between entries that are left, float64 (pair,)."""
        first, second = np.triu_indices(len(self.defined), 1)
        return self.row["dissimilarity"][self.defined[first] & self.defined[second]]


def each(table: "pd.DataFrame") -> Iterator[OneRdm]:
    """Yield the RDMs of a table, which has one row or more."""
    from repscape.rdms.condensed import defined_entries
    from repscape.rdms.table import table as tables

    labels = [
        label for label in tables.labels(table) if label not in FOLLOWING and table[label].nunique() > 1
    ]
    for at, row in table.iterrows():
        name = ", ".join(f"{label} {row[label]}" for label in labels) or _ALONE
        yield OneRdm(at, row, name, defined_entries(row["dissimilarity"][None])[0])


def leave_out(notes: list[str], rdm: OneRdm, what: str, why: str = "dissimilarities are undefined") -> None:
    """Note what is left out of an RDM, or that all of it is, and log it."""
    notes.append(what if rdm.name == _ALONE else f"{rdm.name}: {what}")
    logger.warning("omitted, because %s: %s", why, notes[-1])


def averaged(table: "pd.DataFrame") -> "pd.DataFrame":
    """Average the RDMs of a table over draws of units and presentations.

    ``draws`` and, where there were, ``presentations`` say of how many each is the mean.
    """
    return averaged_rows(table)[0]


def averaged_rows(table: "pd.DataFrame") -> "tuple[pd.DataFrame, list[list[int]]]":
    """Average as `averaged` does, and return the rows that each RDM is the mean of."""
    if "repeat" not in table:
        return table, [[at] for at in range(len(table))]
    mean, groups = mean_over(table, REPEATED)
    for label, name in zip(REPEATED, ("draws", "presentations"), strict=True):
        if label in table:
            counts = [table[label].iloc[rows].nunique() for rows in groups]
            mean.insert(mean.columns.get_loc("entries"), name, counts)
            if max(counts) > 1:
                logger.info("RDMs are averaged over %s: at most %d", name, max(counts))
    mean.attrs = table.attrs
    return mean, groups


def mean_over(table: "pd.DataFrame", over: Iterable[str]) -> "tuple[pd.DataFrame, list[list[int]]]":
    """Average the RDMs of a table that differ in no other labels than some.

    Returns
    -------
    table : DataFrame
        The other labels, ``entries`` as the first RDM of each mean has them, and ``dissimilarity``, undefined
        where that of one RDM is.
    groups : list of lists of int
        The rows that each is the mean of.

    Raises
    ------
    DataError
        RDMs that are averaged have different entries.
    """
    import pandas as pd

    from repscape.rdms.table import table as tables

    over = set(over)
    names = [label for label in tables.labels(table) if label not in over]
    keys = list(zip(*(table[name].tolist() for name in names), strict=True)) or [()] * len(table)
    groups: dict[tuple, list[int]] = {}
    for at, key in enumerate(keys):
        groups.setdefault(key, []).append(at)
    cells: dict[str, list] = {name: [key[at] for key in groups] for at, name in enumerate(names)}
    cells["entries"] = [table["entries"].iloc[rows[0]] for rows in groups.values()]
    cells["dissimilarity"] = [_mean(table, rows, names, key) for key, rows in groups.items()]
    odd = ("entries", "dissimilarity")
    mean = pd.DataFrame(
        {name: pd.Series(values, dtype=object if name in odd else None) for name, values in cells.items()}
    )
    return mean, list(groups.values())


def _mean(table: "pd.DataFrame", rows: list[int], names: list[str], labels: tuple) -> np.ndarray:
    """Return the mean of some RDMs, in the order of the first one's entries; labels are for messages."""
    from repscape.rdms.table.entries import check_same, space

    values = [table["dissimilarity"].iloc[at] for at in rows]
    indices = [table["entries"].iloc[at] for at in rows]
    if all(index.equals(indices[0]) and index.names == indices[0].names for index in indices):
        return np.mean(values, axis=0)
    spaces = [space(index) for index in indices]
    name = ", ".join(f"{label} {value}" for label, value in zip(names, labels, strict=True) if value != "")
    check_same(spaces, [f"row {at} ({name})" for at in rows].__getitem__)
    ordered = [vector[one.pairs] for vector, one in zip(values, spaces, strict=True)]
    return np.mean(ordered, axis=0)[np.argsort(spaces[0].pairs)]
