"""The table of differentiation: its dimensions, and what analyses of it take over."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from repscape.analyses.lib.result import long_table

DIMS = ("source", "stimulus", "layer", "population", "size", "metric")
KEYS = tuple(dim for dim in DIMS if dim != "stimulus")
# What analyses of the table take over from it
CARRIED = (
    "images", "stimulus_sha256", "shown", "order", "n_drawn", "draws", "measure", "normalisation", "drawn",
    "selected", "recording", "presentations",
)  # fmt: skip


def carried(table, stimuli: np.ndarray | slice = slice(None)) -> dict[str, tuple]:
    """Return what an analysis takes over of an open table of differentiation, or of an analysis of it.

    Parameters
    ----------
    table : netCDF4.Dataset
    stimuli : int array, optional
        Which, by their indices; by default all.
    """

    def of_stimuli(name: str) -> tuple:
        dims = table[name].dimensions
        return dims, table[name][:][tuple(stimuli if dim == "stimulus" else slice(None) for dim in dims)]

    return {name: of_stimuli(name) for name in CARRIED}


def mean_over_draws(values: np.ndarray) -> np.ndarray:
    """Average over draws, the last axis; NaN where no draw was made."""
    made = np.isfinite(values)
    count = made.sum(-1)
    return np.where(made, values, 0).sum(-1) / np.where(count, count, np.nan)


def rows(variables: Mapping, dims: Sequence[str], names: Sequence[str], made: np.ndarray) -> Iterator[tuple]:
    """Yield the header and the rows of a table: labels, values, how many units were drawn, the layer's order.

    Parameters
    ----------
    variables : mapping of name to (dims, values)
    dims : sequence of str
        Of the values.
    names : sequence of str
    made : bool array over `dims`
        What has a row.
    """
    return long_table(variables, dims, (*dims, *names, "n_drawn", "order"), made)
