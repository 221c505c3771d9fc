"""A population of tuned neurons of known geometry, with correlated noise."""

from typing import NamedTuple

import numpy as np


class Population(NamedTuple):
    """Neurons tuned to a circular variable.

    Attributes
    ----------
    preferred : float64 array (neuron,)
        Radians of the variable's circle.
    concentration : float
        κ of the tuning curves.
    gain, baseline : float64 arrays (neuron,)
    """

    preferred: np.ndarray
    concentration: float
    gain: np.ndarray
    baseline: np.ndarray


def population(
    neurons: int, half_width: float, period: float, tuned: float, generator: np.random.Generator
) -> Population:
    """Draw neurons with uniform preferences and log-normal gains (σ = 0.5, median 1).

    Parameters
    ----------
    neurons : int
    half_width : float
        Of all tuning curves, where they are halfway between their lowest and highest value; in the units
        of `period`, below a quarter of which curves cannot be wider.
    period : float
    tuned : float
        The share of neurons that are tuned; the gain of others is 0.
    generator : numpy Generator
    """
    count = round(tuned * neurons)
    gain = generator.lognormal(0, 0.5, neurons) * (generator.permutation(neurons) < count)
    return Population(
        preferred=generator.uniform(0, 2 * np.pi, neurons),
        concentration=concentration_of(2 * np.pi * half_width / period),
        gain=gain,
        baseline=generator.uniform(0, 1, neurons),
    )


def concentration_of(half_width: float) -> float:
    """Return κ with which exp(κ (cos θ − 1)) is halfway between its ends at `half_width` < π/2 radians."""
    from scipy.optimize import brentq

    def off(kappa: float) -> float:
        low = np.exp(-2 * kappa)
        return np.exp(kappa * (np.cos(half_width) - 1)) - (1 + low) / 2

    return float(brentq(off, 1e-6, 1e4))


def mean_responses(population: Population, angles: np.ndarray) -> np.ndarray:
    """Return b_u + g_u f(θ_i − φ_u), with f a von Mises curve of concentration κ, scaled to go from 0 to 1.

    Parameters
    ----------
    population : Population
    angles : float array (image,)
        Radians.

    Returns
    -------
    float64 array (image, neuron)
    """
    kappa = population.concentration
    curve = np.exp(kappa * (np.cos(angles[:, None] - population.preferred) - 1))
    low = np.exp(-2 * kappa)
    return population.baseline + population.gain * (curve - low) / (1 - low)


def noise(
    population: Population, trials: int, sd: float, correlation: float, generator: np.random.Generator
) -> np.ndarray:
    """Draw Gaussian noise that neurons of like preference share.

    Neurons u and v have the covariance sd² [(1 − c) δ_uv + c (1 + cos(φ_u − φ_v)) / 2]: limited-range
    correlations, on average c / 2 (Averbeck, Latham & Pouget, Nat. Rev. Neurosci. 7:358, 2006, discuss
    such).

    Parameters
    ----------
    population : Population
    trials : int
    sd, correlation : float
        sd and c above.
    generator : numpy Generator

    Returns
    -------
    float64 array (trial, neuron)
    """
    phases = population.preferred
    own = generator.normal(size=(trials, len(phases)))
    shared = generator.normal(size=(trials, 3)) @ [np.ones(len(phases)), np.cos(phases), np.sin(phases)]
    return sd * (np.sqrt(1 - correlation) * own + np.sqrt(correlation / 2) * shared)
