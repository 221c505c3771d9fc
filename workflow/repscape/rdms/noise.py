"""Patterns measured in units of their noise: inner products by the precision of single trials.

Distances d'Σ⁻¹d, with Σ the covariance over units of the noise of single trials, weigh a unit by how
reliable it is, and count what units that vary together say but once (Walther et al., NeuroImage
137:188, 2016). Σ is estimated from the trials' deviations from the mean of their image, and shrunk
towards its diagonal as far as its entries are uncertain (Schäfer & Strimmer, Stat. Appl. Genet. Mol. Biol.
4:32, 2005), as rsatoolbox's `prec_from_unbalanced` does.

With more units than trials Σ has no more than as many dimensions as trials beside its diagonal. Woodbury's
identity then needs matrices (trial, trial) alone, and is exact: no number of units is too large.
"""

import numpy as np

from repscape.errors import DataError
from repscape.logs import logger
from repscape.rdms.trials import Trials

_BLOCK = 2**22  # values held in float64 at once
_ROUNDING = 1e-9  # what rounding may leave of equal values, relative to them


def products(trials: Trials) -> np.ndarray:
    """Return x_a' Σ⁻¹ x_b / n of all trials a and b, with n the units.

    A unit's mean over trials is subtracted first, which changes no distance. Units that do not vary between
    trials of the same image have no noise to be measured in; they are left out, also of n.

    Parameters
    ----------
    trials : Trials
        All values finite.

    Returns
    -------
    float64 array (trial, trial)
        NaN where no unit varies.

    Raises
    ------
    DataError
        No image has two trials, so that nothing tells the noise.
    """
    count, units = trials.response.shape
    _, image = np.unique(trials.image, return_inverse=True)
    freedom = count - int(image.max()) - 1
    if freedom < 1:
        raise DataError(
            "expected at least two presentations of some image, to tell what is noise; found one of each."
        )
    whole = np.zeros((count, count))  # inner products of the trials, each unit in units of its noise
    fourth, used, kept = 0.0, 0, []
    step = max(1, _BLOCK // count)
    for start in range(0, units, step):
        values = trials.response[:, start : start + step].astype(np.float64)
        rounding = _ROUNDING * np.abs(values).max(0)
        values -= values.mean(0)
        deviation = np.sqrt((_deviations(values, image) ** 2).sum(0) / freedom)
        varies = deviation > rounding
        used += int(varies.sum())
        values = values[:, varies] / deviation[varies]
        whole += values @ values.T
        fourth += float((_deviations(values, image) ** 4).sum())
        if units <= count:
            kept.append(values)
    if used < units:
        logger.warning(
            "%d of %d units do not vary between presentations of an image, and are left out", units - used,
            units,
        )  # fmt: skip
    if not used:
        return np.full((count, count), np.nan)
    gram = _deviations(_deviations(whole, image).T, image)  # of the noise
    shrinkage = _shrinkage(gram, used, fourth, freedom)
    if kept:
        from scipy.linalg import cholesky, solve_triangular

        values = np.hstack(kept)
        noise = _deviations(values, image)
        covariance = (1 - shrinkage) * (noise.T @ noise) / freedom
        np.fill_diagonal(covariance, 1)
        whitened = solve_triangular(cholesky(covariance, lower=True), values.T, lower=True)
        return whitened.T @ whitened / used
    weight = (1 - shrinkage) / freedom
    if weight == 0:
        return whole / used
    from scipy.linalg import cho_factor, cho_solve

    across = _deviations(whole, image)  # of the noise with the trials
    inner = gram + np.eye(count) * shrinkage / weight
    return (whole - across.T @ cho_solve(cho_factor(inner), across)) / (shrinkage * used)


def _deviations(values: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return what is left of each row beside the mean of the rows of its image."""
    means = np.zeros((image.max() + 1, values.shape[1]))
    np.add.at(means, image, values)
    means /= np.bincount(image)[:, np.newaxis]
    return values - means[image]


def _shrinkage(gram: np.ndarray, units: int, fourth: float, freedom: int) -> float:
    """Return how far correlations are shrunk towards 0: their summed variance by their summed squares.

    With z the noise of trial t in unit i at variance 1, r_ij = Σ_t z_ti z_tj / (T − 1): sums over pairs of
    units of r² and of its variance follow from the products of trials alone.

    Parameters
    ----------
    gram : float64 array (trial, trial)
        Of z.
    units : int
    fourth : float
        Σ z⁴ over trials and units.
    freedom : int
        Σ_t z_ti² of each unit.
    """
    trials = len(gram)
    squares = ((gram**2).sum() - units * freedom**2) / (trials - 1) ** 2
    products = ((gram.diagonal() ** 2).sum() - fourth) / (trials - 1)
    if squares <= 1e-12 * units:  # one unit, or units that have nothing in common
        return 1.0
    return float(np.clip(trials / freedom**2 * (products - squares) / squares, 0, 1))
