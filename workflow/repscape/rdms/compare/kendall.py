"""Kendall's τ-a of RDMs' values."""

from math import sqrt

import numpy as np

BLOCK = 2**22  # values in memory at once
# τ-a of many short RDMs is a matrix product of signs; of few long ones, sorting costs less.
SIGNS_PER_RDM, MOST_SIGNS = 100, 20_000


def tau_a(x: np.ndarray, y: np.ndarray, *, most_signs: int = MOST_SIGNS, block: int = BLOCK) -> np.ndarray:
    """Return Kendall's τ-a between every row of x and every row of y."""
    from scipy.stats import rankdata

    length = x.shape[1]
    if length < 2:
        return np.full((len(x), len(y)), np.nan)
    if length > min(SIGNS_PER_RDM * min(len(x), len(y)), most_signs):
        return np.array([[_tau_by_sorting(a, b) for b in y] for a in x])
    ranks = [rankdata(v, method="dense", axis=1).astype(np.float32) for v in ([x] if x is y else [x, y])]
    sums = np.zeros((len(x), len(y)))
    step = max(1, block // ((len(x) + len(y)) * length))
    for start in range(0, length - 1, step):
        signs = [_signs(rank, start, min(start + step, length - 1)) for rank in ranks]
        sums += signs[0] @ signs[-1].T  # sums of fewer than 2**24 signs are exact in float32
    return sums / (length * (length - 1) / 2)


def _signs(ranks: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Return the signs of the differences of values start … stop − 1 from all after each."""
    return np.concatenate(
        [(ranks[:, at + 1 :] - ranks[:, [at]]).clip(-1, 1) for at in range(start, stop)], axis=1
    )


def _tau_by_sorting(x: np.ndarray, y: np.ndarray) -> float:
    """Return τ-a from SciPy's τ-b = (concordant − discordant) / √(untied in x · untied in y)."""
    from scipy.stats import kendalltau

    every = len(x) * (len(x) - 1) / 2
    untied = [every - (n * (n - 1) / 2).sum() for n in (np.unique(v, return_counts=True)[1] for v in (x, y))]
    return float(kendalltau(x, y).statistic) * sqrt(untied[0] * untied[1]) / every if all(untied) else 0.0
