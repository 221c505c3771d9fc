"""What RDMs must be, whatever form they have."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.api.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd


def check_lengths(table: "pd.DataFrame", what: str) -> None:
    """Refuse RDMs that have not a value for each pair of their images."""
    for entries, vector in zip(table["entries"], table["dissimilarity"], strict=True):
        pairs = len(entries) * (len(entries) - 1) // 2
        if np.shape(vector) != (pairs,):
            raise ArgumentError(
                f"{what}: expected {pairs} dissimilarities, of the pairs of {len(entries)} images, found "
                f"shape {np.shape(vector)}."
            )


def check_same_names(rows: list, columns: list, what: str) -> None:
    """Refuse a matrix whose columns are called other than its rows."""
    if rows != columns and len(rows) == len(columns):
        i, j = next((i, j) for i, j in zip(rows, columns, strict=True) if i != j)
        raise ArgumentError(
            f"{what}: expected the same images in rows and columns, found {i!r} and {j!r} in the same place."
        )


def check_infinite(vectors: Any, what: str) -> None:
    """Refuse infinite dissimilarities."""
    if any(np.isinf(one).any() for one in vectors):
        raise ArgumentError(f"{what}: found infinite dissimilarities. Leave out these images.")


def condensed(matrix: np.ndarray, names: Sequence, what: str) -> np.ndarray:
    """Return the upper triangle of a square matrix, checked."""
    if matrix.shape != (len(names),) * 2 or len(names) < 2:
        raise ArgumentError(f"{what}: expected a square matrix (image, image), found shape {matrix.shape}.")
    diagonal = np.diagonal(matrix)
    scale = np.abs(matrix[np.isfinite(matrix)]).max(initial=0)
    if (np.abs(np.nan_to_num(diagonal)) > 1e-6 * scale).any():
        at = int(np.abs(np.nan_to_num(diagonal)).argmax())
        advice = " It looks like similarities: use 1 − r." if np.allclose(diagonal, 1) else ""
        raise ArgumentError(
            f"{what}: expected 0 on the diagonal, found {diagonal[at]:.4g} for image {names[at]!r}.{advice}"
        )
    apart = ~np.isclose(matrix, matrix.T, rtol=0, atol=1e-6 * scale, equal_nan=True)
    if apart.any():
        i, j = np.argwhere(apart)[0]
        raise ArgumentError(
            f"{what}: expected a symmetric matrix, found {matrix[i, j]:.4g} from image {names[i]!r} to "
            f"{names[j]!r} and {matrix[j, i]:.4g} back. For vectors of RDMs, give a list of arrays."
        )
    vector = matrix[np.triu_indices(len(names), 1)]
    check_infinite([vector], what)
    return vector
