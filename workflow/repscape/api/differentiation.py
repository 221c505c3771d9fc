"""Differentiation of RDMs."""

from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.analyses.lib.medians import Median, median_of
from repscape.api.errors import ArgumentError, for_users
from repscape.api.rdm_table import as_table, over_labels

if TYPE_CHECKING:
    import xarray

MEDIANS = ("pairs", "full_matrix")


@for_users
def differentiation(rdms: Any, *, median: Median = "pairs") -> "xarray.DataArray":
    """Return the differentiation of each RDM: the median dissimilarity of all pairs of images.

    Parameters
    ----------
    rdms : RDMs
        As `compare` takes them.
    median : {"pairs", "full_matrix"}
        Over pairs i < j; or over the whole square matrix with its zero diagonal, to compare with studies that
        did so.

    Returns
    -------
    DataArray
        Float64, in the metric's unit; a dimension for each label in which RDMs differ (``layer``, ``metric``,
        …). NaN where a dissimilarity is.

    Raises
    ------
    ValueError
        What is given holds no RDMs.

    Examples
    --------
    >>> import repscape
    >>> float(repscape.differentiation([[0, 1, 5], [1, 0, 2], [5, 2, 0]]))
    2.0
    """
    if median not in MEDIANS:
        raise ArgumentError(f"median: expected pairs or full_matrix, found {median!r}.")
    table = as_table(rdms)
    values = np.array([median_of(vector, median) for vector in table["dissimilarity"]])
    found = over_labels(values, table, "differentiation")
    found.attrs["median"] = median
    return found
