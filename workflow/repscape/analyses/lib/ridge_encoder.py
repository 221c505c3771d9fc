"""Predicting each neuron's responses from activity by ridge regression, cross-validated."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.principal_axes import principal
from repscape.analyses.lib.ridge import Ridge


class Encoded(NamedTuple):
    """Out-of-fold predictions of neurons.

    Attributes
    ----------
    errors : float64 (image, neuron)
        Squared difference of the response from what was predicted without the image's fold.
    totals : float64 (image, neuron)
        The same of the mean over the images outside its fold, which is the prediction without predictors.
    strength : float64 (fold, neuron)
        The penalty that was chosen.
    """

    errors: np.ndarray
    totals: np.ndarray
    strength: np.ndarray


def encode(
    activity: np.ndarray,
    response: np.ndarray,
    group: np.ndarray,
    fold: np.ndarray,
    strengths: Sequence[float],
    *,
    block: int = 2**22,
) -> Encoded:
    """Predict the responses of each neuron to the images of each fold from those to all others.

    Each neuron has the strength of penalty with which the groups outside the fold are best predicted,
    each by all others (least sum of squared errors).

    Parameters
    ----------
    activity : float array (image, unit)
    response : float array (image, neuron)
    group : int array (image,)
        Images of one group are left out together when the strength is chosen.
    fold : int array (image,)
    strengths : sequence of float
        See `ridge.Ridge`.
    block : int
        Responses that are in memory several times at once.
    """
    response = np.asarray(response, np.float64)
    neurons = response.shape[1]
    errors, totals = np.empty_like(response), np.empty_like(response)
    chosen = np.empty((int(fold.max()) + 1, neurons))
    step = max(1, block // len(response))
    for number in range(len(chosen)):
        inside, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        axes = principal(activity, inside)
        for start in range(0, neurons, step):
            here = slice(start, start + step)
            own = response[:, here]
            regression = Ridge(axes, own[inside])
            losses = [
                ((regression.left_out(strength, group[inside]) - own[inside]) ** 2).sum(0)
                for strength in strengths
            ]
            strength = np.asarray(strengths)[np.argmin(losses, axis=0)]
            errors[test, here] = (own[test] - regression.predict(test, strength)) ** 2
            totals[test, here] = (own[test] - own[inside].mean(0)) ** 2
            chosen[number, here] = strength
    return Encoded(errors, totals, chosen)
