"""How unevenly values are spread, by which choices of items are judged."""

import numpy as np


def unevenness(values: np.ndarray) -> np.ndarray:
    """Return √∫(F(x) − x)² dx over [0, 1], with F the cumulative distribution of some values.

    With the m values in order, x₁ ≤ … ≤ x_m, and F = p/m from x_p to x_{p+1}, the integral is
    Σ_p ((x_p − (p − ½)/m)² / m) + 1/(12 m²), as of the Cramér-von Mises statistic.

    Parameters
    ----------
    values : float array (set, m), between 0 and 1

    Returns
    -------
    float64 array (set,)
    """
    m = values.shape[1]
    even = (np.arange(m) + 0.5) / m
    return np.sqrt(np.square(np.sort(values, axis=1) - even).mean(1) + 1 / (12 * m**2))
