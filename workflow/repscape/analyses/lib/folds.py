"""Folds: which groups of rows are left out at once."""

import numpy as np

from repscape.core.errors import DataError


def divide(order: np.ndarray, folds: int, what: str) -> np.ndarray:
    """Divide groups into folds in turn, so that their sizes differ by one at most.

    Parameters
    ----------
    order : int array (group,)
        A permutation of the groups' numbers.
    folds : int
    what : str
        Name of the groups, in the plural, for the message.

    Returns
    -------
    int array (group,)
        The fold of each group, by its number.

    Raises
    ------
    DataError
        There are fewer groups than folds.
    """
    if len(order) < folds:
        raise DataError(
            f"expected at least {folds} {what}, one per fold, found {len(order)}. Lower 'folds' or show more."
        )
    found = np.empty(len(order), int)
    found[order] = np.arange(len(order)) % folds
    return found
