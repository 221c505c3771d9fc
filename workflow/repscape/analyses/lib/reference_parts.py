"""The RDMs of parts of a recording in an inference: repeats, halves, and samples of its units."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from repscape.core.errors import DataError
from repscape.core.logs import logger
from repscape.core.natural_order import natural
from repscape.rdms.labels import AS_RECORDED, HALVES, PART, SPLIT, UNITS, WHOLE

if TYPE_CHECKING:
    import pandas as pd


class Parts(NamedTuple):
    """The RDMs of a reference, by what they are made of.

    Attributes
    ----------
    actual : DataFrame
        Of the units as they are: what models are compared with.
    resampled : DataFrame or None
        Of bootstrap samples of units.
    halves : bool
        Whether they are of halves of the same trials; those of a split then follow each other.
    """

    actual: "pd.DataFrame"
    resampled: "pd.DataFrame | None"
    halves: bool


def divide(table: "pd.DataFrame") -> Parts:
    """Divide the RDMs of a reference.

    Where there are RDMs of parts of the trials or of samples of units, those of the whole that another
    name in `of` gives, as ``all_images`` does, are left out: they are of the same trials and no further
    measurement.

    Raises
    ------
    DataError
        Trials are split in several ways, which give no ceiling together.
    """
    if PART not in table or (table[PART] == "").all():
        return Parts(table, None, False)
    whole = (table[PART] == "").to_numpy()
    if whole.any():
        logger.info(
            "reference: RDMs of all trials (%d) are omitted, since there are RDMs of their parts", whole.sum()
        )
        table = _rows(table, ~whole)
    kinds = {"halves" if part in HALVES else "all" if part == WHOLE else "repeats" for part in table[PART]}
    if len(kinds) > 1:
        raise DataError(
            f"reference: its RDMs are of {' and of '.join(sorted(kinds))} of trials, which cannot be "
            f"combined. Choose some by `{PART}` or `{SPLIT}`, or name one analysis in `of`."
        )
    as_recorded = (table[UNITS] == AS_RECORDED).to_numpy()
    if not as_recorded.any():
        raise DataError(
            f"reference: all RDMs are of samples of units. Include those of {UNITS} {AS_RECORDED} as well."
        )
    actual = _rows(table, as_recorded)
    keys = [[natural(str(value)) for value in actual.loc[at, [SPLIT, PART]]] for at in actual.index]
    actual = actual.loc[sorted(actual.index, key=keys.__getitem__)].reset_index(drop=True)
    actual.attrs = table.attrs
    return Parts(actual, None if as_recorded.all() else _rows(table, ~as_recorded), kinds == {"halves"})


def without_parts(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the RDMs that are of all trials and of the units as they are."""
    if PART not in table:
        return table
    return _rows(table, (table[PART].isin(["", WHOLE]) & table[UNITS].isin(["", AS_RECORDED])).to_numpy())


def _rows(table: "pd.DataFrame", keep: np.ndarray) -> "pd.DataFrame":
    some = table[keep].reset_index(drop=True)
    some.attrs = table.attrs
    return some
