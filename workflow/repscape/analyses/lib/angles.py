"""Angles around a circle of any period as vectors, and which of them are left out together."""

from typing import Literal, NamedTuple

import numpy as np

from repscape.analyses.lib.folds import divide
from repscape.core.errors import DataError

# What is left out together, and so new to a decoder that is tested on it
By = Literal["values", "images", "trials"]


def to_vectors(angle: np.ndarray, period: float) -> np.ndarray:
    """Return (cos 2πθ/period, sin 2πθ/period), float64 (…, 2)."""
    phase = 2 * np.pi * np.asarray(angle, np.float64) / period
    return np.stack([np.cos(phase), np.sin(phase)], -1)


def to_angles(vectors: np.ndarray, period: float) -> np.ndarray:
    """Return the angles, from 0 up to the period, in whose direction vectors (…, 2) point."""
    phase = np.arctan2(vectors[..., 1], vectors[..., 0], dtype=np.float64)
    return phase % (2 * np.pi) * period / (2 * np.pi) % period


def circular_loss(found: np.ndarray, true: np.ndarray, period: float) -> np.ndarray:
    """Return 1 − cos(2π(θ̂ − θ)/period): 0 where angles agree, 1 on average by chance, 2 where opposite."""
    return 1 - np.cos(2 * np.pi * (np.asarray(found, np.float64) - true) / period)


def values_of(angle: np.ndarray, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the different angles, float64 (value,), and which of them each is, int (image,)."""
    return np.unique(np.round(angle % period, 9) % period, return_inverse=True)


class Rows(NamedTuple):
    """The rows of activity that are decoded: images or single trials.

    Attributes
    ----------
    angle : float64 (row,)
    image : int (row,)
        The index of the row's image.
    group : int (row,)
        Rows of one group are left out together.
    fold : int (row,)
        Groups of one fold are left out at once.
    """

    angle: np.ndarray
    image: np.ndarray
    group: np.ndarray
    fold: np.ndarray


def arrange(angle: np.ndarray, image: np.ndarray, by: By, period: float, folds: int, seed: int) -> Rows:
    """Divide rows into folds, at random and as equal as possible.

    With ``values``, rows of one angle are left out together; with ``images``, rows of one image; with
    ``trials``, each row by itself, the rows of an image in different folds as far as there are as many.

    Parameters
    ----------
    angle : float64 (image,)
    image : int (row,)
    by : {"values", "images", "trials"}
    period : float
    folds : int
    seed : int

    Raises
    ------
    DataError
        There are fewer than two different angles, or fewer groups than folds.
    """
    values, value = values_of(angle, period)
    if len(values) == 1:
        raise DataError(
            f"expected at least 2 different angles, found 1 ({angle[0]:g}, with period {period:g}), so "
            "there is nothing to decode. Choose another factor or another period."
        )
    random = np.random.default_rng(seed)
    if by == "trials":
        group = np.arange(len(image))
        # Dealt out image by image, so that an image's trials are in different folds.
        order = np.lexsort((random.permutation(len(image)), random.permutation(len(angle))[image]))
    else:
        # Groups are divided, not rows: sources with other numbers of trials have the same folds.
        of_image = value if by == "values" else np.arange(len(angle))
        group = of_image[image]
        order = random.permutation(of_image.max() + 1)
    return Rows(angle[image], image, group, divide(order, folds, by)[group])


def permuted(angle: np.ndarray, rows: Rows, by: By, period: float, random: np.random.Generator) -> np.ndarray:
    """Permute angles where they could have been others, if activity did not depend on them.

    Images change angles (with ``values``, all of one angle together); single trials do so within a fold,
    which leaves the folds as even as they are.

    Parameters
    ----------
    angle : float64 (image,)
    rows : Rows
    by, period : as in `arrange`
    random : numpy Generator

    Returns
    -------
    float64 (row,)
    """
    if by == "trials":
        found = rows.angle.copy()
        for fold in np.unique(rows.fold):
            here = np.flatnonzero(rows.fold == fold)
            found[here] = random.permutation(found[here])
        return found
    if by == "images":
        return random.permutation(angle)[rows.image]
    values, value = values_of(angle, period)
    return random.permutation(values)[value][rows.image]
