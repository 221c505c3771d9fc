"""How well neurons are predicted, in numbers: medians over neurons, their intervals and tests."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.explained_variance import p_above, p_different, r2, resampled_medians
from repscape.analyses.lib.ridge_encoder import Encoded
from repscape.rdms.compare.significance import CORRECTIONS, corrected, corrected_pairs, percentile_interval

PREFIXES = ("", "normalised_")
DIMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("source", "layer", "order", "units"), ()),
    **dict.fromkeys((f"{prefix}{name}" for prefix in PREFIXES for name in ("median", "low", "high")), ()),
    **dict.fromkeys(("r2", "normalised"), ("neuron",)),
    "chosen": ("fold", "neuron"),
}


class Neurons(NamedTuple):
    """The neurons that are predicted.

    Attributes
    ----------
    response : float64 (image, neuron)
        Means over trials.
    reliability : float64 (neuron,)
        NaN without repeats.
    varies, reliable : bool array (neuron,)
        Whether a neuron's R² is defined, and whether it is normalised.
    """

    response: np.ndarray
    reliability: np.ndarray
    varies: np.ndarray
    reliable: np.ndarray


def summarised(encoded: Encoded, neurons: Neurons, resamples: int, seed: int) -> dict:
    """Summarise how well a layer predicts neurons.

    Parameters
    ----------
    encoded : Encoded
        Of the neurons that vary.
    neurons : Neurons
    resamples, seed : int

    Returns
    -------
    dict
        ``r2``, ``normalised`` (neuron,), ``chosen`` (fold, neuron); ``median``, ``low``, ``high`` and
        ``resampled`` (resample,) of R², and with the prefix ``normalised_`` of the normalised R².
    """
    varies, reliable = neurons.varies, neurons.reliable
    value = np.full(len(varies), np.nan)
    value[varies] = r2(encoded.errors, encoded.totals)
    normalised = np.where(reliable, value / np.where(reliable, neurons.reliability, 1), np.nan)
    chosen = np.full((len(encoded.strength), len(varies)), np.nan)
    chosen[:, varies] = encoded.strength
    found: dict = {"r2": value, "normalised": normalised, "chosen": chosen}
    for prefix, values, which, scale in zip(
        PREFIXES,
        (value, normalised),
        (varies, reliable),
        (np.ones(len(varies)), neurons.reliability),
        strict=True,
    ):
        own = which[varies]
        resampled = np.full(resamples, np.nan)
        if which.any():
            squares = encoded.errors[:, own], encoded.totals[:, own]
            resampled = resampled_medians(*squares, scale[which], resamples, seed)
        low, high = percentile_interval(resampled)
        median = np.median(values[which]) if which.any() else np.nan
        numbers = {"median": median, "low": low, "high": high, "resampled": resampled}
        found |= {f"{prefix}{name}": number for name, number in numbers.items()}
    return found


def compared(found: Sequence[Mapping]) -> dict[str, tuple]:
    """Test medians of models against 0 and each other, corrected over models and pairs.

    Parameters
    ----------
    found : of each model, what `summarised` returned
    """
    pair = ("model", "other")
    variables: dict[str, tuple] = {}
    for prefix in PREFIXES:
        medians = np.array([model[f"{prefix}median"] for model in found])
        resampled = np.array([model[f"{prefix}resampled"] for model in found])
        zero, pairs = p_above(resampled), p_different(resampled[:, None] - resampled)
        np.fill_diagonal(pairs, np.nan)
        tests = {
            "difference": (pair, np.subtract.outer(medians, medians)),
            "resampled": (("model", "resample"), resampled.astype(np.float32)),
            "p_zero": (("model",), zero),
            "p_pair": (pair, pairs),
        }
        for method in CORRECTIONS:
            tests[f"p_zero_{method}"] = (("model",), corrected(zero, method))
            tests[f"p_pair_{method}"] = (pair, corrected_pairs(pairs, method))
        variables |= {f"{prefix}{name}": test for name, test in tests.items()}
    return variables
