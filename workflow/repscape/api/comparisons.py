"""How alike RDMs are."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.api.errors import ArgumentError, for_users
from repscape.api.rdm_table import as_table, axis, matched
from repscape.core.errors import unknown
from repscape.rdms.compare import comparison as comparisons
from repscape.rdms.compare.comparison import COMPARISONS, Similarity, left_out
from repscape.rdms.table import table as tables
from repscape.rdms.table.entries import check_same
from repscape.rdms.table.rdm_stack import Labelled

if TYPE_CHECKING:
    import pandas as pd
    import xarray

SIMILARITIES = tuple(name for name, about in COMPARISONS.items() if about.rsatoolbox)


@for_users
def compare(a: Any, b: Any = None, comparison: Similarity = "pearson") -> "xarray.DataArray":
    """Return how alike RDMs are: each of `a` with each of `b`, or without `b` each two of `a`.

    Parameters
    ----------
    a, b : RDMs
        A square matrix (image, image), vectors (rdm, pair), matrices (rdm, image, image), what `rdm`, `rdms`
        or ``open_study(…).rdms`` return, a DataFrame, RDMs of rsatoolbox, or a list or mapping of these. Of
        the same images: matched by name, or by place where they have no names.
    comparison : {"pearson", "spearman", "kendall", "cosine", "whitened_pearson", "whitened_cosine"}
        Of the values over pairs of images; ``kendall`` is τ-a.

    Returns
    -------
    DataArray
        Similarities, between −1 and 1, float64. Its dimensions are the labels in which RDMs differ
        (``layer``), or ``rdm`` where there are several; those of `b`, if they have the same name, with
        ``_other``. A single number for two single RDMs. Images with undefined dissimilarities are left out,
        with a warning.

    Raises
    ------
    ValueError
        RDMs of different images, of fewer than three, or what is no RDM; an unknown comparison.

    Examples
    --------
    >>> import repscape
    >>> first, second = [1.0, 2.0, 3.0], [1.0, 3.0, 2.0]
    >>> print(f"{float(repscape.compare(first, second)):.2f}")
    0.50
    >>> repscape.compare({"V1": first, "IT": second}).sel(rdm="V1").values.round(2)
    array([1. , 0.5])
    """
    if comparison not in SIMILARITIES:
        raise ArgumentError(f"comparison: {unknown(str(comparison), SIMILARITIES)}")
    given = [as_table(a, "a")] + ([] if b is None else [as_table(b, "b")])
    several = matched(given)
    vectors = np.concatenate(ordered_vectors(several))
    if vectors.shape[1] < 3:
        raise ArgumentError(
            "a: expected RDMs of at least 3 images, found 2 images, with a single value that cannot vary."
        )
    if np.isnan(vectors).any():
        share = np.nanmax(left_out(vectors), initial=0)
        warnings.warn(
            f"images with undefined dissimilarities are left out: at most {share:.0%} of the pairs",
            stacklevel=3,
        )
    found = _square(1 - comparisons.compare(vectors, comparison), vectors, comparison)
    if np.isnan(found).any():
        warnings.warn(
            "similarities of RDMs whose dissimilarities are all equal, or undefined, are undefined (NaN)",
            stacklevel=3,
        )
    rows = slice(0, len(several[0]))
    columns = rows if b is None else slice(len(several[0]), None)
    return _labelled(found[rows, columns], several[0], several[-1], comparison)


def _square(similarity: np.ndarray, vectors: np.ndarray, comparison: Similarity) -> np.ndarray:
    """Return a symmetric matrix, also of what each RDM is with itself: of ties, τ-a is below 1."""
    count = len(vectors)
    found = np.empty((count, count))
    found[np.triu_indices(count, 1)] = similarity
    found.T[np.triu_indices(count, 1)] = similarity
    for at, vector in enumerate(vectors):
        found[at, at] = 1 - comparisons.compare(np.stack([vector, vector]), comparison)[0]
    return found


def ordered_vectors(several: "list[pd.DataFrame]") -> list[np.ndarray]:
    """Return the values of all RDMs of tables, their images in one order: float64 arrays (rdm, pair).

    Raises
    ------
    DataError
        They are of different images.
    """
    labelled = [Labelled(table, tables.labels(table) or []) for table in several]
    spaces = [(space, one, at) for one in labelled for at, space in enumerate(one.spaces)]
    check_same(
        [space for space, *_ in spaces],
        lambda number: spaces[number][1].which(spaces[number][2]) or f"number {number}",
    )
    return [np.array(one.values) for one in labelled]


def _labelled(
    values: np.ndarray, first: "pd.DataFrame", second: "pd.DataFrame", comparison: str
) -> "xarray.DataArray":
    import xarray

    dim, coordinates = axis(first)
    other, of_other = axis(second, taken=[dim] if dim else [])
    if dim is None:
        values = values[0]
    if other is None:
        values = values[..., 0]
    dims = [name for name in (dim, other) if name]
    return xarray.DataArray(
        values, coordinates | of_other, dims, name="similarity", attrs={"comparison": comparison}
    )
