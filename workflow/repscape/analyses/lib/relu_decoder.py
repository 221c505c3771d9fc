"""Networks of one hidden layer of rectified linear units, trained by gradient descent, many at once."""

from collections.abc import Sequence

import numpy as np

from repscape.core.errors import DataError

MOMENTUM = 0.9
_BLOCK = 2**23  # weights, or values of hidden units, that are held at once


def train(
    inputs: np.ndarray,
    training: np.ndarray,
    targets: np.ndarray,
    *,
    decays: Sequence[float],
    hidden: int,
    epochs: int,
    learning_rate: float,
    seed: int,
    told: Sequence[int],
) -> np.ndarray:
    """Train a network for each set of targets and each decay, and tell what it makes of all rows.

    The network is that of Neuromatch Academy's tutorial on decoding (W1D5), y = V max(0, W x + a) + b. It
    is trained by gradient descent, with momentum, on all training rows at once. What falls is the mean over
    rows of the squared error, summed over outputs, plus decay / 2 times the sum of the squares of W and V.

    Inputs are principal axes of the training rows (`principal`): W x is what weights to the units would
    make of x if they had no part orthogonal to all training rows. Gradients never have one; torch's random
    weights, uniform between ±1/√units, do, and would only add noise to other rows. Along each axis those
    have variance 1/(3 units), which for units divided by √units is the 1/3 that W begins with. V begins
    as in torch, uniform between ±1/√hidden, a and b with 0. All networks begin alike.

    Parameters
    ----------
    inputs : float array (row, axis)
    training : int array (training row,)
    targets : float array (set, training row, output)
    decays : sequence of float
    hidden : int
        Units of the hidden layer.
    epochs : int
        Steps of gradient descent.
    learning_rate : float
    seed : int
    told : sequence of int
        After which epochs; 0 is before any training.

    Returns
    -------
    float32 array (told, set, decay, row, output)

    Raises
    ------
    DataError
        Training diverged.
    """
    width = len(decays) * hidden * max(inputs.shape)
    step = max(1, _BLOCK // width)
    parts = [
        _train(
            inputs, training, targets[start : start + step], decays, hidden, epochs, learning_rate, seed, told
        )
        for start in range(0, len(targets), step)
    ]
    found = np.concatenate(parts, axis=1)
    if not np.isfinite(found).all():
        raise DataError(
            f"training of the decoder diverged with learning_rate {learning_rate:g}. Lower it, and take more "
            "epochs instead."
        )
    return found


def _train(inputs, training, targets, decays, hidden, epochs, learning_rate, seed, told) -> np.ndarray:
    import torch

    random = np.random.default_rng(seed)
    sets, _, outputs = targets.shape
    count = sets * len(decays)
    first = random.normal(0, np.sqrt(1 / 3), (inputs.shape[1], hidden))
    second = random.uniform(-1, 1, (hidden, outputs)) / np.sqrt(hidden)
    everything = torch.tensor(inputs, dtype=torch.float32)
    rows = everything[torch.tensor(training)]
    aims = torch.tensor(targets, dtype=torch.float32).repeat_interleave(
        len(decays), 0
    )  # (network, row, output)
    shrink = torch.tensor(decays, dtype=torch.float32).repeat(sets)
    weights = [
        torch.tensor(first, dtype=torch.float32).repeat(1, count),  # (axis, network and hidden unit)
        torch.zeros(count * hidden),
        torch.tensor(second, dtype=torch.float32).repeat(count, 1, 1),  # (network, hidden unit, output)
        torch.zeros(count, 1, outputs),
    ]
    shrinks = [shrink.repeat_interleave(hidden), 0, shrink[:, None, None], 0]
    steps = [torch.zeros_like(own) for own in weights]

    def outputs_of(rows):
        inner = torch.relu(torch.addmm(weights[1], rows, weights[0]))
        inner = inner.view(len(rows), count, hidden).transpose(0, 1)
        return torch.baddbmm(weights[3], inner, weights[2])

    found = []
    for epoch in range(epochs + 1):
        if epoch in told:
            with torch.no_grad():
                found.append(outputs_of(everything).view(sets, len(decays), len(inputs), outputs).numpy())
        if epoch == epochs:
            break
        for own in weights:
            own.requires_grad_()
        loss = (outputs_of(rows) - aims).square().sum(-1).mean(1).sum()
        gradients = torch.autograd.grad(loss, weights)
        for own, step, gradient, decay in zip(weights, steps, gradients, shrinks, strict=True):
            own.requires_grad_(False)
            step.mul_(MOMENTUM).add_(gradient).add_(decay * own)
            own.sub_(learning_rate * step)
    return np.stack(found)
