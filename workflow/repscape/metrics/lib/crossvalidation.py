"""Squared distances that are cross-validated over repeats, so that noise does not make them larger."""

from collections.abc import Callable

import numpy as np

from repscape.metrics.lib.distances import pairs
from repscape.metrics.lib.noise import Noise
from repscape.metrics.lib.single_trials import Trials, counted


def crossvalidated(trials: Trials, images: int, noise: Callable[[int], Noise]) -> np.ndarray:
    """Leave out each repeat in turn: (x_ia − x_ja)' Σ⁻¹ (m_i − m_j) / n, m the means of the other repeats.

    The noise of different repeats is independent, so its products are 0 on average: where two images
    evoke the same, values below 0 are as likely as those above. Images that were shown more often than
    others are compared on the repeats that both have; what all responses of a repeat share then cancels.

    Parameters
    ----------
    trials : Trials
        At least two presentations of each image.
    images : int
    noise : callable
        Returns the noise to measure in where a repeat is left out, from its number.

    Returns
    -------
    float64 array (pair,)
        The mean over the repeats that are left out.
    """
    counts = counted(trials, images)
    first, second = pairs(images)
    common = np.minimum(counts[first], counts[second])
    trial = np.full((images, counts.max()), -1)
    trial[trials.image, trials.repeat] = np.arange(len(trials.image))
    sums = {}
    for repeats in np.unique(common):
        having = np.flatnonzero(counts >= repeats)
        sums[repeats] = having, _sums(trials, trial[having, :repeats])
    found = np.zeros(len(first))
    for left in range(counts.max()):
        of_others = noise(left)
        for repeats, (having, sum_of) in sums.items():
            if left >= repeats:
                continue
            test = trials.response[trial[having, left]].astype(np.float64)
            train = (sum_of - test) / (repeats - 1)
            shift = train.mean(0)  # no distance changes, and products cancel less
            product = np.zeros((images, images))
            product[np.ix_(having, having)] = of_others.products(test - shift, train - shift)
            diagonal = product.diagonal()
            distance = diagonal[first] + diagonal[second] - product[first, second] - product[second, first]
            found += np.where(common == repeats, distance / repeats, 0)
    return found


def _sums(trials: Trials, places: np.ndarray) -> np.ndarray:
    """Return the sums of responses over some trials of each image, float64 (image, unit)."""
    found = np.zeros((len(places), trials.response.shape[1]))
    for column in places.T:
        found += trials.response[column]
    return found
