"""Cells of tables of RDMs: entries are indices of pandas, values arrays over pairs."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from repscape.rdms.labels import COLUMNS

if TYPE_CHECKING:
    import pandas as pd


def index(levels: Mapping[str, Sequence]) -> "pd.Index":
    """Make the entries of an RDM from their labels, of one or several levels."""
    import pandas as pd

    arrays, names = list(map(list, levels.values())), list(levels)
    return (
        pd.Index(arrays[0], name=names[0])
        if len(names) == 1
        else pd.MultiIndex.from_arrays(arrays, names=names)
    )


def index_to_json(entries: "pd.Index") -> str:
    """Write entries as text."""
    return json.dumps({str(name): list(map(str, entries.get_level_values(name))) for name in entries.names})


def index_from_json(text: str) -> "pd.Index":
    """Read entries from text."""
    return index(json.loads(text))


def text_index(levels: Mapping[str, Sequence]) -> "pd.Index":
    """Make the entries of an RDM from their labels, as text."""
    return index({name: list(map(str, values)) for name, values in levels.items()})


def frame(columns: Mapping[str, Sequence]) -> "pd.DataFrame":
    """Make a table of columns; arrays and indices in cells are not taken for rows."""
    import pandas as pd

    def of_objects(values: Sequence) -> bool:
        return any(isinstance(value, np.ndarray | pd.Index) for value in values)

    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=object if of_objects(values) else None)
            for name, values in columns.items()
        }
    )


def ordered(names: Sequence[str]) -> list[str]:
    """Put columns in the order of `COLUMNS`, a set's labels after ``set``, arrays last."""
    last = [name for name in names if name.startswith("entries")] + ["dissimilarity"]
    last += [name for name in names if name in ("p", "left_out")]
    further = [name for name in names if name not in COLUMNS and name not in last]
    first = [name for name in COLUMNS if name in names]
    at = first.index("set") + 1 if "set" in first else 0
    return [*first[:at], *further, *first[at:], *last]
