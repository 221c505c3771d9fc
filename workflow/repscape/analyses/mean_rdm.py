"""RDMs averaged over labels: over subjects, sessions, draws of units; of networks and recordings alike."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from repscape.analyses.lib import select_rdms
from repscape.analyses.lib.result import Result
from repscape.analyses.lib.select_rdms import Of, Where
from repscape.core.errors import ConfigError, unknown
from repscape.plugin.parameter_types import Names
from repscape.study.study import Study

if TYPE_CHECKING:
    import pandas as pd


def inputs(study: Study, *, of: Of, over: Names, where: Where | None = None) -> dict:
    """Name the files of RDMs, and check the labels.

    Raises
    ------
    ConfigError
        There are no RDMs of that name, or a label is unknown.
    """
    known = select_rdms.labels(study, of)
    for label in over:
        if label not in known:
            raise ConfigError(f"over: {unknown(label, known)}")
    return select_rdms.inputs(study, of, where)


def made_labels(labels: list[str], *, over: Names) -> list[str]:
    """Name the labels of the RDMs that it makes, from those of the RDMs that go in."""
    return [*(label for label in labels if label not in (*over, "averaged")), "averaged"]


def compute(files: Mapping, *, of: Of, over: Names, where: Where | None = None) -> Result:
    """Average the RDMs that are alike in all labels but some.

    Parameters
    ----------
    files : what `inputs` named
    of, where : which RDMs; see `repscape.analyses.lib.select_rdms`
    over : list of str
        The labels in which RDMs that are averaged differ. Those that lack them stay as they are.

    Returns
    -------
    Result
        A table of RDMs as `repscape.rdms.table.table.encoded` makes it, without the labels `over`;
        ``averaged``, how many each is the mean of. A pair of entries that is undefined in one RDM is so in
        the mean.

    Raises
    ------
    DataError
        RDMs that are to be averaged have different entries.
    """
    from repscape.rdms.table import table as tables

    table = select_rdms.read(files, of, where)
    mean = averaged(table, over)
    mean.attrs["history"] = {"over": over, "of": table.attrs.get("history", {})}
    variables, attributes, groups = tables.encoded(mean)
    return Result(variables, {**attributes, "of": of, "over": over}, groups)


def averaged(table: "pd.DataFrame", over: list[str]) -> "pd.DataFrame":
    """Average RDMs of a table that differ in no other labels than `over`; see `compute`."""
    import pandas as pd

    from repscape.rdms.table import table as tables
    from repscape.rdms.table.entries import check_same, space

    names = [label for label in tables.labels(table) if label not in (*over, "averaged")]
    groups: dict[tuple, list[int]] = {}
    for at in range(len(table)):
        groups.setdefault(tuple(table[name].iloc[at] for name in names), []).append(at)
    cells: dict[str, list] = {name: [key[at] for key in groups] for at, name in enumerate(names)}
    cells["averaged"] = [len(rows) for rows in groups.values()]
    cells["entries"] = [table["entries"].iloc[rows[0]] for rows in groups.values()]
    cells["dissimilarity"] = []
    for key, rows in groups.items():
        spaces = [space(table["entries"].iloc[at]) for at in rows]
        told = ", ".join(f"{name} {value}" for name, value in zip(names, key, strict=True) if value != "")
        check_same(spaces, [f"row {at} ({told})" for at in rows].__getitem__)
        ordered = [table["dissimilarity"].iloc[at][own.places] for at, own in zip(rows, spaces, strict=True)]
        cells["dissimilarity"].append(np.mean(ordered, axis=0)[np.argsort(spaces[0].places)])
    odd = ("entries", "dissimilarity")
    return pd.DataFrame(
        {name: pd.Series(values, dtype=object if name in odd else None) for name, values in cells.items()}
    )
