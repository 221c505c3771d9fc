"""An RDM as a vector of its values over pairs of entries i < j, row by row."""

from math import sqrt

import numpy as np


def entries_of(length: int) -> int:
    """Return the number of entries of an RDM with so many values."""
    return round((1 + sqrt(1 + 8 * length)) / 2)


def places(i: np.ndarray | int, j: np.ndarray | int, entries: int) -> np.ndarray:
    """Return where the values of pairs of different entries stand, whichever of the two comes first."""
    low, high = np.minimum(i, j), np.maximum(i, j)
    return low * (2 * entries - low - 1) // 2 + high - low - 1
