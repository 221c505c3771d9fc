"""Two crossed factors: which images share their values, and how variance is divided between them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.stimulus_factors import coded, values_of
from repscape.core.errors import DataError


class Design(NamedTuple):
    """A two-way design.

    Attributes
    ----------
    factors : (str, str)
    levels : (list of str, list of str)
        The values of each factor, in natural order.
    cell : int array (image,)
        Which combination of values an image has: in C order over the levels of the first and of the
        second factor.
    counts : int array (cell,)
        How many images each combination has; at least 1.
    """

    factors: tuple[str, str]
    levels: tuple[list[str], list[str]]
    cell: np.ndarray
    counts: np.ndarray

    @property
    def replicated(self) -> bool:
        """Whether images share their values of both factors, so that there is an error term."""
        return len(self.cell) > len(self.counts)

    @property
    def balanced(self) -> bool:
        """Whether all combinations have equally many images."""
        return len(set(self.counts.tolist())) == 1

    @property
    def effects(self) -> tuple[str, ...]:
        """Name the parts of the variance: both factors, their interaction, the error within combinations.

        Without replicates the last two cannot be separated and are one part.
        """
        both = ":".join(self.factors)
        return (*self.factors, both, "error") if self.replicated else (*self.factors, f"{both} + error")

    @property
    def tested(self) -> tuple[str, ...]:
        """Name the effects that can be tested against the last of `effects`."""
        return self.effects[:-1]

    @property
    def df(self) -> np.ndarray:
        """Degrees of freedom of the effects, int (effect,); their sum is the number of images − 1."""
        a, b = map(len, self.levels)
        df = [a - 1, b - 1, (a - 1) * (b - 1), len(self.cell) - a * b]
        return np.array(df if self.replicated else df[:3])


def choose(
    found: Mapping[str, Sequence[str] | np.ndarray], names: Sequence[str] | None, where: str
) -> dict[str, Sequence[str] | np.ndarray]:
    """Choose two factors of a stimulus, by default those it has.

    Parameters
    ----------
    found : mapping of factor to its values (image,)
    names : two names, or None
    where : str
        Which stimulus, for messages.

    Raises
    ------
    DataError
        The stimulus lacks a factor, or which two are meant is not said.
    """
    if names is None and len(found) != 2:
        several = len(found) > 2
        raise DataError(
            f"{where}: expected images that vary in two factors; the factors are: "
            f"{', '.join(found) or 'none'}. "
            f"{'Name two of them under `factors`' if several else 'Use a stimulus with two factors'}."
        )
    return {name: values_of(found, name, where) for name in names or found}


def crossed(values: Mapping[str, Sequence[str] | np.ndarray], where: str) -> Design:
    """Arrange images by the values of two factors.

    Parameters
    ----------
    values : mapping of factor to its values (image,)
        Two factors.
    where : str
        Which stimulus, for messages.

    Raises
    ------
    DataError
        A factor has one value, or a combination of values has no image; the message names it.
    """
    factors = tuple(values)
    (first, second), levels = zip(*(coded(values[factor]) for factor in factors), strict=True)
    for factor, own in zip(factors, levels, strict=True):
        if len(own) < 2:
            raise DataError(
                f"{where}: expected at least 2 values of the factor '{factor}', found {len(own)} "
                f"('{own[0]}'). Choose another factor, or add images."
            )
    shape = len(levels[0]), len(levels[1])
    cell = np.ravel_multi_index((first, second), shape)
    counts = np.bincount(cell, minlength=shape[0] * shape[1])
    empty = [
        f"{factors[0]}={levels[0][i]}, {factors[1]}={levels[1][j]}"
        for i, j in zip(*np.unravel_index(np.flatnonzero(counts == 0), shape), strict=True)
    ]
    if empty:
        more = f"; and {len(empty) - 5} more" if len(empty) > 5 else ""
        raise DataError(
            f"{where}: expected an image of every combination of '{factors[0]}' and '{factors[1]}', found "
            f"none of {'; '.join(empty[:5])}{more}. Without them the interaction cannot be estimated. Add "
            "these images, or leave out the values that are not crossed."
        )
    return Design((factors[0], factors[1]), levels, cell, counts)


def contrasts(design: Design) -> list[np.ndarray]:
    """Return what a vector of cells is multiplied with to divide its variance.

    With S_c the sum and n_c the number of the values of cell c, z_c = S_c/√n_c, and the sum of squares
    of an effect is |Q z|², Q having orthonormal rows. Of the factors, Q spans what the factor adds to
    the mean and the other factor; of the interaction, what the cells add to both. In a balanced design
    these are the usual sums of squares; in an unbalanced one those of type II (Yates 1934; Langsrud
    2003, Statistics and Computing 13:163).

    Returns
    -------
    list of three float64 arrays (degree of freedom, cell)
    """
    weight = np.sqrt(design.counts)
    a, b = map(len, design.levels)
    mean = weight[:, None]
    first = np.kron(np.eye(a), np.ones((b, 1))) * mean
    second = np.kron(np.ones((a, 1)), np.eye(b)) * mean
    both = np.hstack([first, second])
    return [
        _beyond(first, second, a - 1),
        _beyond(second, first, b - 1),
        _beyond(np.diag(weight), both, (a - 1) * (b - 1)),
    ]


def _beyond(columns: np.ndarray, known: np.ndarray, rank: int) -> np.ndarray:
    """Return orthonormal rows that span what `columns` add to `known`."""
    basis, values, _ = np.linalg.svd(known, full_matrices=False)
    basis = basis[:, values > values[0] * 1e-10]
    left = columns - basis @ (basis.T @ columns)
    left -= basis @ (basis.T @ left)  # twice: what rounding left
    return np.linalg.svd(left, full_matrices=False)[0][:, :rank].T
