"""Tables of RDMs as rsatoolbox has them, and back; nothing is lost either way.

Labels of RDMs are `rdm_descriptors` there, labels of entries `pattern_descriptors`, what holds for all
RDMs `descriptors`, and the metric the `dissimilarity_measure`.
"""

import json
from typing import TYPE_CHECKING

import numpy as np

from repscape.core.errors import DataError
from repscape.rdms.table import table as tables
from repscape.rdms.table.cells import frame, index, index_from_json, index_to_json, ordered
from repscape.rdms.table.entries import check_same, space

if TYPE_CHECKING:
    import pandas as pd
    from rsatoolbox.rdm import RDMs

KEPT = "rsatoolbox"  # the attribute of a table for what has no place in its columns
_VALUES = "values"  # marks an array over pairs in JSON text
_INDEX = "index"  # rsatoolbox numbers RDMs and patterns under this name


def to_rsatoolbox(table: "pd.DataFrame") -> "RDMs":
    """Turn a table into RDMs of rsatoolbox.

    Parameters
    ----------
    table : DataFrame
        Of RDMs of the same entries; where their order differs, it becomes that of the first.

    Returns
    -------
    rsatoolbox.rdm.RDMs
        Its `rdm_descriptors` are all columns but ``entries`` and ``dissimilarity``: labels as they are, lower
        levels' entries and arrays over pairs as JSON text. `dissimilarity_measure` is the metric, where
        there is one for all. `descriptors` holds the table's history, as JSON text.

    Raises
    ------
    DataError
        The table is empty, or RDMs have different entries (named).
    """
    from rsatoolbox.rdm import RDMs

    if table.empty:
        raise DataError("expected at least one RDM, found an empty table.")
    kept = table.attrs.get(KEPT, {})
    labels = tables.labels(table)
    first = table["entries"].iloc[0]
    alike = [entries is first or entries.equals(first) for entries in table["entries"]]
    vectors = list(table["dissimilarity"])
    if not all(alike):
        spaces = [space(entries) for entries in table["entries"]]
        check_same(spaces, lambda at: _name(table, labels, at))
        back = np.argsort(spaces[0].pairs)
        vectors = [
            values if same else values[described.pairs][back]
            for values, same, described in zip(vectors, alike, spaces, strict=True)
        ]
    history = table.attrs.get("history")
    return RDMs(
        np.array(vectors, np.float64),
        dissimilarity_measure=kept.get("measure", _measure(table["metric"]) if "metric" in table else None),
        descriptors=kept.get("descriptors", {} if history is None else {"history": json.dumps(history)}),
        rdm_descriptors={
            name: [_carried(value, name in labels) for value in table[name]]
            for name in table.columns
            if name not in ("entries", "dissimilarity", *kept.get("added", []))
        },
        pattern_descriptors={
            name: list(first.get_level_values(name))
            for name in first.names
            if name not in kept.get("added_entries", [])
        },
    )


def from_rsatoolbox(rdms: "RDMs") -> "pd.DataFrame":
    """Turn RDMs of rsatoolbox into a table.

    Descriptors become columns and levels of the entries, under their names; rsatoolbox's numbers
    (``index``) only where they are not 0, 1, 2, …, as in a bootstrap sample, or where patterns
    have no other descriptor. Without a descriptor ``metric``, that column is the `dissimilarity_measure`.

    Parameters
    ----------
    rdms : rsatoolbox.rdm.RDMs

    Returns
    -------
    DataFrame
        See `repscape.rdms.table.table`; `to_rsatoolbox` turns it into the same RDMs again.
    """
    columns = {
        name: list(values)
        for name, values in rdms.rdm_descriptors.items()
        if name != _INDEX or list(values) != list(range(rdms.n_rdm))
    }
    levels = {
        name: list(values)
        for name, values in rdms.pattern_descriptors.items()
        if name != _INDEX or list(values) != list(range(rdms.n_cond))
    }
    kept: dict = {}
    if not levels:
        levels = {_INDEX: list(range(rdms.n_cond))}
        kept["added_entries"] = [_INDEX]
    if "metric" not in columns:
        columns["metric"] = [rdms.dissimilarity_measure or ""] * rdms.n_rdm
        kept["added"] = ["metric"]
    if rdms.dissimilarity_measure != _measure(columns["metric"]):
        kept["measure"] = rdms.dissimilarity_measure
    cells: dict[str, list] = {"entries": [index(levels)] * rdms.n_rdm}
    cells |= {name: [_restored(name, value) for value in values] for name, values in columns.items()}
    cells["dissimilarity"] = list(np.array(rdms.dissimilarities, np.float64))
    table = frame({name: cells[name] for name in ordered(list(cells))})
    if set(rdms.descriptors) == {"history"}:
        table.attrs["history"] = json.loads(rdms.descriptors["history"])
    elif rdms.descriptors:
        kept["descriptors"] = rdms.descriptors
    if kept:
        table.attrs[KEPT] = kept
    return table


def _measure(metrics) -> str | None:
    """Return the metric of all RDMs, if there is one."""
    different = set(metrics)
    return different.pop() if len(different) == 1 else None


def _carried(value, is_label: bool):
    """Return a cell as a descriptor can hold it."""
    if is_label:
        return getattr(value, "item", lambda: value)()
    if isinstance(value, np.ndarray):
        return json.dumps({_VALUES: value.tolist()})
    return index_to_json(value)


def _restored(name: str, value):
    """Return the cell that a descriptor holds."""
    if name.startswith("entries"):
        return index_from_json(value)
    if isinstance(value, str) and value.startswith(f'{{"{_VALUES}":'):
        return np.array(json.loads(value)[_VALUES], np.float64)
    return value


def _name(table: "pd.DataFrame", labels: list[str], at: int) -> str:
    """Name an RDM by the labels in which it differs from the first."""
    different = [label for label in labels if table[label].iloc[at] != table[label].iloc[0]]
    return ", ".join(f"{label} {table[label].iloc[at]}" for label in different or labels[:2])
