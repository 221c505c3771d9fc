"""The history of a training: the loss of each step, the accuracy after each epoch."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from repscape.core.errors import DataError
from repscape.core.logs import logger
from repscape.plugin.contract import Training
from repscape.traced.generators import drawing_from
from repscape.trainings.lib.dataset import Examples

AT_A_TIME = 100  # images whose accuracy is measured


@dataclass
class History:
    """What happened in a training.

    Attributes
    ----------
    losses : list of list of float
        For each epoch the loss of each step.
    accuracy : list of (float, float)
        Of the images trained on and of those held out, before training and after each epoch; NaN where
        the outputs are no classes.
    before, after : float32 array (filter, channel, y, x), or None
        The weights of the first convolution.
    convolution : str
        Its path in the network; empty where there is none.
    """

    losses: list[list[float]] = field(default_factory=list)
    accuracy: list[tuple[float, float]] = field(default_factory=list)
    before: np.ndarray | None = None
    after: np.ndarray | None = None
    convolution: str = ""


def follow(
    network: nn.Module, plugin: Training, training: Examples, held_out: Examples, *, seed: int
) -> History:
    """Train a network, and measure its accuracy after each epoch.

    Parameters
    ----------
    network : torch.nn.Module
        On the device of the examples; in evaluation mode afterwards.
    plugin : Training
    training, held_out : Examples
    seed : int
        Of the generators of torch, Python and numpy while it trains.

    Raises
    ------
    DataError
        A loss is not finite, or the plugin yields something else.
    """
    name = type(plugin).__module__.rpartition(".")[2]
    history = History()
    history.convolution = first_convolution(network, next(training.batches(1))[0])
    history.before = _filters(network, history.convolution)
    history.accuracy.append((accuracy(network, training), accuracy(network, held_out)))
    if math.isnan(history.accuracy[0][0]):
        logger.warning(
            "the network's outputs are not the classes of the target, so its accuracy is not measured"
        )
    try:
        with drawing_from(seed):
            network.train()
            epochs = plugin.train(network, training, held_out)
            if not isinstance(epochs, Iterator):
                raise DataError(
                    f"{name}: expected `train` to yield the losses of an epoch after each epoch, found that "
                    f"it returns {type(epochs).__name__}. Write: yield losses."
                )
            for epoch, yielded in enumerate(epochs, 1):
                losses = [float(loss) for loss in yielded]
                _check(losses, name, sum(map(len, history.losses)), epoch)
                history.losses.append(losses)
                history.accuracy.append((accuracy(network, training), accuracy(network, held_out)))
                network.train()
                logger.info(
                    "epoch %d: mean loss %.3g; accuracy %.3f in training, %.3f on held-out images",
                    epoch,
                    np.mean(losses),
                    *history.accuracy[-1],
                )
    finally:
        network.eval()
    if not history.losses:
        raise DataError(f"{name}: expected the losses of at least one epoch, found none.")
    history.after = _filters(network, history.convolution)
    return history


def first_convolution(network: nn.Module, images: torch.Tensor) -> str:
    """Return the path of the convolution that runs first; empty if none does."""
    parts = {path: part for path, part in network.named_modules() if isinstance(part, nn.Conv2d)}
    ran: list[str] = []
    handles = [
        part.register_forward_pre_hook(lambda *_, path=path: ran.append(path)) for path, part in parts.items()
    ]
    try:
        with torch.no_grad():
            network.eval()(images)
    finally:
        for handle in handles:
            handle.remove()
    return ran[0] if ran else ""


def accuracy(network: nn.Module, examples: Examples) -> float:
    """Return the share of images whose class a network gets right.

    Of several outputs, one a class, the largest counts; a single output is the probability of the second
    of two classes, and says this one where it is above 0.5. NaN where outputs are neither.
    """
    network.eval()
    right = 0
    with torch.no_grad():
        for images, targets in examples.batches(AT_A_TIME):
            outputs = network(images)
            classes = _classes(outputs, len(examples.classes)) if isinstance(outputs, torch.Tensor) else None
            if classes is None:
                return math.nan
            right += int((classes == targets).sum())
    return right / len(examples)


def _classes(outputs: torch.Tensor, classes: int) -> torch.Tensor | None:
    """Return the class of each image by its outputs; None where these are no classes."""
    if outputs.ndim == 2 and outputs.shape[1] == classes:
        return outputs.argmax(dim=1)
    single = classes == 2 and outputs[0].numel() == 1
    if single and ((outputs >= 0) & (outputs <= 1)).all():
        return (outputs.flatten() > 0.5).long()
    return None


def _check(losses: list[float], name: str, before: int, epoch: int) -> None:
    """Refuse an epoch without steps, or with a loss that is not a number."""
    if not losses:
        raise DataError(f"{name}: expected the loss of each step of epoch {epoch}, found none.")
    for at, loss in enumerate(losses):
        if not math.isfinite(loss):
            raise DataError(
                f"{name}: the loss became {loss:g} at step {before + at + 1} (step {at + 1} of epoch "
                f"{epoch}). Set a smaller learning_rate first, then a smaller momentum or a larger batch. "
                "If it happens at the first step, check the outputs of the network."
            )


def _filters(network: nn.Module, path: str) -> np.ndarray | None:
    """Copy the weights of a convolution."""
    return network.get_submodule(path).weight.detach().cpu().float().numpy().copy() if path else None
