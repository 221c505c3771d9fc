"""How far a number is from what chance makes of permuted data."""

from collections.abc import Iterator

import numpy as np

from repscape.core.seeds import derive
from repscape.rdms.compare.significance import ALPHA, LEVEL

_ROUNDING = 1e-9  # numbers closer than this are equal


def permutation_generators(seed: int, permutations: int) -> Iterator[np.random.Generator]:
    """Yield a generator of random numbers for each permutation: more of them begin with the same ones."""
    for number in range(permutations):
        yield np.random.default_rng(derive(seed, "permutation", number))


def against_permutations(
    found: np.ndarray, null: np.ndarray, *, higher: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare numbers with those of permuted data.

    p = (1 + number of permutations that are at least as good) / (1 + permutations).

    Parameters
    ----------
    found : float64 (…)
    null : float64 (…, permutation)
    higher : bool
        Whether a higher number is better.

    Returns
    -------
    p, mean, extreme : float64 (…)
        p, NaN where a number is; the mean of the permutations, and their 95% quantile where higher is
        better, else their 5% quantile. All NaN without permutations.
    """
    found = np.asarray(found, np.float64)
    count = null.shape[-1]
    if not count:
        return (np.full(found.shape, np.nan),) * 3
    own = found[..., None]
    as_good = null >= own - _ROUNDING if higher else null <= own + _ROUNDING
    p = np.where(np.isnan(found), np.nan, (1 + as_good.sum(-1)) / (1 + count))
    return p, null.mean(-1), np.quantile(null, LEVEL if higher else ALPHA, axis=-1)
