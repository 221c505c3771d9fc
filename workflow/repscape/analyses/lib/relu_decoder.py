"""Networks of one hidden layer of rectified linear units, trained by gradient descent, many at once.

scikit-learn's `MLPRegressor` trains one network at a time, which takes more than twice as long, begins with
other weights, and gives no outputs of earlier epochs.
"""

from collections.abc import Sequence

import numpy as np

from repscape.core.errors import DataError

MOMENTUM = 0.9


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
    after: Sequence[int],
    block: int = 2**23,
) -> np.ndarray:
    """Train a network for each set of targets and each decay, and return its outputs for all rows.

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
    after : sequence of int
        The epochs after which outputs are returned; 0 is before any training.
    block : int
        Weights, or values of hidden units, of networks that are trained at once.

    Returns
    -------
    float32 array (after, set, decay, row, output)

    Raises
    ------
    DataError
        Training diverged.
    """
    random = np.random.default_rng(seed)
    first = random.normal(0, np.sqrt(1 / 3), (inputs.shape[1], hidden))
    second = random.uniform(-1, 1, (hidden, targets.shape[2])) / np.sqrt(hidden)
    step = max(1, block // (len(decays) * hidden * max(inputs.shape)))
    how = (decays, first, second, epochs, learning_rate, after)
    parts = [
        _train(inputs, training, targets[start : start + step], *how)
        for start in range(0, len(targets), step)
    ]
    found = np.concatenate(parts, axis=1)
    if not np.isfinite(found).all():
        raise DataError(
            f"training of the decoder diverged with learning_rate {learning_rate:g}. Lower it, and use "
            "more epochs instead."
        )
    return found


def _train(
    inputs, training, targets, decays, first, second, epochs: int, learning_rate: float, after
) -> np.ndarray:
    """Train all networks at once, from the weights `first` (axis, hidden) and `second` (hidden, output)."""
    import torch

    def tensor(values) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32)

    sets, _, outputs = targets.shape
    hidden, count = len(second), sets * len(decays)
    everything = tensor(inputs)
    rows = everything[torch.tensor(training)]
    aims = tensor(targets).repeat_interleave(len(decays), 0)  # (network, row, output)
    weights = [
        tensor(first).repeat(1, count),  # (axis, network and hidden unit)
        torch.zeros(count * hidden),
        tensor(second).repeat(count, 1, 1),  # (network, hidden unit, output)
        torch.zeros(count, 1, outputs),
    ]
    decay = tensor(decays).repeat(sets)
    shrinks = [decay.repeat_interleave(hidden), 0, decay[:, None, None], 0]
    steps = [torch.zeros_like(own) for own in weights]

    def outputs_of(rows: torch.Tensor) -> torch.Tensor:
        inner = torch.relu(torch.addmm(weights[1], rows, weights[0]))
        inner = inner.view(len(rows), count, hidden).transpose(0, 1)
        return torch.baddbmm(weights[3], inner, weights[2])

    found = []
    for epoch in range(epochs + 1):
        if epoch in after:
            with torch.no_grad():
                found.append(outputs_of(everything).view(sets, len(decays), len(inputs), outputs).numpy())
        if epoch == epochs:
            break
        for own in weights:
            own.requires_grad_()
        loss = (outputs_of(rows) - aims).square().sum(-1).mean(1).sum()
        gradients = torch.autograd.grad(loss, weights)
        for own, step, gradient, shrink in zip(weights, steps, gradients, shrinks, strict=True):
            own.requires_grad_(False)
            step.mul_(MOMENTUM).add_(gradient).add_(shrink * own)
            own.sub_(learning_rate * step)
    return np.stack(found)
