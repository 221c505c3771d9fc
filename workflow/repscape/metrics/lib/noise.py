"""Patterns measured in units of their noise: inner products by the precision of single trials.

Distances d'Σ⁻¹d, with Σ the covariance over units of the noise of single trials, weigh a unit by how
reliable it is, and count what units share but once (Walther et al., NeuroImage
137:188, 2016). Σ is estimated from the trials' deviations from the mean of their image, and shrunk
towards its diagonal as far as its entries are uncertain (Schäfer & Strimmer, Stat. Appl. Genet. Mol. Biol.
4:32, 2005), as rsatoolbox's `prec_from_unbalanced` does.

With more units than trials, all but the diagonal of Σ has no more dimensions than there are trials.
Woodbury's identity then needs matrices (trial, trial) alone, and is exact: no number of units is too large.
"""

import numpy as np

from repscape.core.errors import DataError
from repscape.metrics.lib.single_trials import Trials

_BLOCK = 2**22  # values in float64 at once
_ROUNDING = 1e-9  # what rounding may leave of equal values, relative to them


class Noise:
    """The noise of trials: their covariance Σ over units, shrunk towards its diagonal.

    Units that do not vary between presentations of an image have no noise to be measured in: they are left
    out.

    Parameters
    ----------
    trials : Trials
        All values finite.
    diagonal : bool
        Leave out all covariances.

    Attributes
    ----------
    units : int
        How many are used.
    shrinkage : float
        The share of the correlations that is taken away.

    Raises
    ------
    DataError
        No image has two trials, so that noise cannot be estimated.
    """

    def __init__(self, trials: Trials, diagonal: bool = False):
        """Estimate variances and, unless left out, covariances."""
        _, image = np.unique(trials.image, return_inverse=True)
        self._image, self._freedom = image, len(image) - int(image.max()) - 1
        if self._freedom < 1:
            raise DataError(
                "expected at least two presentations of some image to estimate the noise, found one of "
                "each image."
            )
        deviation = np.empty(trials.response.shape[1])
        for block in _blocks(trials.response):
            values = trials.response[:, block].astype(np.float64)
            rounding = _ROUNDING * np.abs(values).max(0)
            sd = np.sqrt((self._noise(values) ** 2).sum(0) / self._freedom)
            deviation[block] = np.where(sd > rounding, sd, np.inf)
        self.units = int(np.isfinite(deviation).sum())
        self._weight = 1 / deviation
        self.shrinkage = 1.0
        if not diagonal and self.units:
            self._correlate(trials.response)

    def products(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return x' Σ⁻¹ y / n for all rows x and y, with n the units that are used.

        Parameters
        ----------
        first, second : float arrays (row, unit)

        Returns
        -------
        float64 array (row of first, row of second)
            NaN where no unit is used.
        """
        if not self.units:
            return np.full((len(first), len(second)), np.nan)
        if self.shrinkage == 1:
            return self._by_diagonal(first, second) / self.units
        from scipy.linalg import cho_solve, solve_triangular

        if self._of_units is not None:
            rows = np.concatenate([first, second]) * self._weight
            white = solve_triangular(self._of_units, rows.T, lower=True)
            return white[:, : len(first)].T @ white[:, len(first) :] / self.units
        across = self._by_diagonal(self._trials, first), self._by_diagonal(self._trials, second)
        beyond = across[0].T @ cho_solve(self._of_trials, across[1])
        return (self._by_diagonal(first, second) - beyond) / (self.shrinkage * self.units)

    def _correlate(self, response: np.ndarray) -> None:
        """Estimate the correlations of units."""
        from scipy.linalg import cho_factor, cholesky

        by_trials, fourth = np.zeros((len(response),) * 2), 0.0
        for block in _blocks(response):
            values = self._noise(response[:, block] * self._weight[block])
            by_trials += values @ values.T
            fourth += float((values**4).sum())
        self.shrinkage = _shrinkage(by_trials, self.units, fourth, self._freedom)
        weight = (1 - self.shrinkage) / self._freedom
        self._of_units = None
        if not weight:
            return
        if response.shape[1] <= len(response):
            noise = self._noise(response * self._weight)
            correlation = weight * (noise.T @ noise)
            np.fill_diagonal(correlation, 1)
            self._of_units = cholesky(correlation, lower=True)
        else:
            self._trials = self._noise(response.astype(np.float64))
            self._of_trials = cho_factor(by_trials + np.eye(len(response)) * self.shrinkage / weight)

    def _noise(self, values: np.ndarray) -> np.ndarray:
        """Return what is left of each trial beside the mean of its image."""
        means = np.zeros((self._image.max() + 1, values.shape[1]))
        np.add.at(means, self._image, values)
        means /= np.bincount(self._image)[:, np.newaxis]
        return values - means[self._image]

    def _by_diagonal(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the products of rows, each unit in units of its noise."""
        found = np.zeros((len(first), len(second)))
        for block in _blocks(first if len(first) > len(second) else second):
            weight = self._weight[block]
            found += (first[:, block] * weight) @ (second[:, block] * weight).T
        return found


def _blocks(rows: np.ndarray) -> list[slice]:
    step = max(1, _BLOCK // len(rows))
    return [slice(start, start + step) for start in range(0, rows.shape[1], step)]


def _shrinkage(products: np.ndarray, units: int, fourth: float, freedom: int) -> float:
    """Return how far correlations are shrunk towards 0: their summed variance by their summed squares.

    With z the noise of trial t in unit i at variance 1, r_ij = Σ_t z_ti z_tj / (T − 1): sums over pairs of
    units of r² and of its variance follow from the products of trials alone.

    Parameters
    ----------
    products : float64 array (trial, trial)
        Σ_i z_si z_ti.
    units : int
    fourth : float
        Σ z⁴ over trials and units.
    freedom : int
        Σ_t z_ti² of each unit.
    """
    trials = len(products)
    squares = ((products**2).sum() - units * freedom**2) / (trials - 1) ** 2
    variance = ((products.diagonal() ** 2).sum() - fourth) / (trials - 1) - squares
    if squares <= 1e-12 * units:  # one unit, or units that have nothing in common
        return 1.0
    return float(np.clip(trials / freedom**2 * variance / squares, 0, 1))
