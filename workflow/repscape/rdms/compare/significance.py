"""How sure a value is: intervals at one level, and corrections for how many tests there are."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

LEVEL = 0.95
ALPHA = 0.05  # 1 − LEVEL: p below it count as significant


def student_interval(
    values: np.ndarray, sem: np.ndarray, dof: int, most: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of intervals by Student's t, within what values can be.

    What an interval loses beyond −`most` and `most`, where no similarity is, does not change how often it
    holds the true one; and it excludes 0 where the test does.
    """
    from scipy.stats import t

    reach = t.ppf((1 + LEVEL) / 2, dof) * sem
    return (values - reach).clip(-most, most), (values + reach).clip(-most, most)


def percentile_interval(samples: np.ndarray, axis: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits between which the middle 95% of bootstrap samples lie, along an axis or of all."""
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=axis)
    return low, high


def _holm(p: np.ndarray) -> np.ndarray:
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    found = np.empty_like(adjusted)
    found[order] = np.minimum(adjusted, 1)
    return found


def _fdr(p: np.ndarray) -> np.ndarray:
    from scipy.stats import false_discovery_control

    return false_discovery_control(p)


class Adjustment(NamedTuple):
    """A correction for multiple tests.

    Attributes
    ----------
    adjust : callable
        Corrects p, a float array (test,).
    authors : str
        For captions: ``corrected by Holm``.
    bound : str
        What is at most `ALPHA`: ``the chance of any false one``.
    """

    adjust: Callable[[np.ndarray], np.ndarray]
    authors: str
    bound: str


CORRECTIONS: dict[str, Adjustment] = {
    # Benjamini & Hochberg, J. R. Statist. Soc. B 57:289, 1995: independent or positively dependent tests
    "fdr": Adjustment(_fdr, "Benjamini and Hochberg", "the expected share of false positives among them"),
    # Scand. J. Statist. 6:65, 1979: under any dependence
    "holm": Adjustment(_holm, "Holm", "the chance of any false positive"),
}

# The type of a parameter that names one. A further correction is an entry above, and nothing else.
if TYPE_CHECKING:
    Correction = str
else:
    Correction = Literal[tuple(CORRECTIONS)]


def corrected(p: np.ndarray, correction: str) -> np.ndarray:
    """Correct p for how many tests there are; NaN are no tests.

    Parameters
    ----------
    p : float array of any shape
    correction : a key of `CORRECTIONS`
    """
    found = np.full(p.shape, np.nan)
    tests = np.isfinite(p)
    if tests.any():
        found[tests] = CORRECTIONS[correction].adjust(p[tests])
    return found


def corrected_pairs(p: np.ndarray, correction: str) -> np.ndarray:
    """Correct a symmetric matrix of p, each pair counted once."""
    first, second = np.triu_indices(len(p), 1)
    found = np.full(p.shape, np.nan)
    found[first, second] = found[second, first] = corrected(p[first, second], correction)
    return found
