"""A training from its beginning to its end: what was lost at each step, how often the network was right."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from repscape.core.errors import DataError, RepscapeError
from repscape.core.logs import logger
from repscape.plugin import registry
from repscape.plugin.contract import Training
from repscape.plugin.user_functions import describe
from repscape.traced.generators import drawing_from
from repscape.trainings.lib.dataset import Examples

AT_A_TIME = 100  # images whose answers are judged


@dataclass
class History:
    """What happened in a training.

    Attributes
    ----------
    losses : list of list of float
        For each epoch the loss of each step.
    accuracy : list of (float, float)
        Of the images trained on and of those held out, before training and after each epoch; NaN where
        the outputs say no class.
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
    network: nn.Module,
    training_plugin: Training,
    name: str,
    training: Examples,
    held_out: Examples,
    *,
    seed: int,
) -> History:
    """Train a network and watch it.

    Parameters
    ----------
    network : torch.nn.Module
        On the device of the examples; in evaluation mode afterwards.
    training_plugin : Training
    name : str
        The config's for it, for messages.
    training, held_out : Examples
    seed : int
        Of the generators of torch, Python and numpy while it trains.

    Raises
    ------
    DataError
        A loss is not finite, or a function of one's own fails or yields something else.
    """
    history = History()
    history.convolution = first_convolution(network, next(training.batches(1))[0])
    history.before = _filters(network, history.convolution)
    history.accuracy.append(_judge(network, training, held_out))
    if math.isnan(history.accuracy[0][0]):
        logger.warning("the network's outputs are not the target's classes: its accuracy is not measured")
    try:
        with drawing_from(seed):
            for losses in _epochs(training_plugin, name, network, training, held_out):
                _check(losses, name, sum(map(len, history.losses)), len(history.losses) + 1)
                history.losses.append(losses)
                history.accuracy.append(_judge(network, training, held_out))
                network.train()
                logger.info(
                    "epoch %d: mean loss %.3g; accuracy in training %.3f, held out %.3f",
                    len(history.losses),
                    np.mean(losses),
                    *history.accuracy[-1],
                )
    finally:
        network.eval()
    if not history.losses:
        raise DataError(f"{name}: expected the losses of at least one epoch, the function yielded none.")
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
    """Return the share of images of which a network says the right class.

    Of several outputs, one a class, the largest counts; a single output is the probability of the second
    of two classes, and says this one where it is above 0.5. NaN where outputs are neither.
    """
    network.eval()
    right = 0
    with torch.no_grad():
        for images, targets in examples.batches(AT_A_TIME):
            outputs = network(images)
            said = _said(outputs, len(examples.classes)) if isinstance(outputs, torch.Tensor) else None
            if said is None:
                return math.nan
            right += int((said == targets).sum())
    return right / len(examples)


def _said(outputs: torch.Tensor, classes: int) -> torch.Tensor | None:
    if outputs.ndim == 2 and outputs.shape[1] == classes:
        return outputs.argmax(dim=1)
    single = classes == 2 and outputs[0].numel() == 1
    if single and ((outputs >= 0) & (outputs <= 1)).all():
        return (outputs.flatten() > 0.5).long()
    return None


def _judge(network, training, held_out) -> tuple[float, float]:
    return accuracy(network, training), accuracy(network, held_out)


def _epochs(training_plugin, name, network, training, held_out) -> Iterator[list[float]]:
    """Run a training function; what goes wrong in one of the user's own is told as theirs."""
    network.train()
    try:
        epochs = training_plugin.train(network, training, held_out)
        if not isinstance(epochs, Iterator):
            raise DataError(
                f"{name}: expected a function that yields the losses of an epoch after each epoch, found one "
                f"that returns {type(epochs).__name__}. Write: yield losses."
            )
        for losses in epochs:
            yield [float(loss) for loss in losses]
    except RepscapeError:
        raise
    except Exception as error:
        if not registry.file("trainings", name).is_relative_to(registry.PACKAGE):
            raise DataError(f"{name}: the function failed: {describe(error)}.") from error
        raise


def _check(losses: list[float], name: str, before: int, epoch: int) -> None:
    """Refuse an epoch without steps, or with a loss that is not a number."""
    if not losses:
        raise DataError(f"{name}: expected the loss of each step of epoch {epoch}, found none.")
    for at, loss in enumerate(losses):
        if not math.isfinite(loss):
            raise DataError(
                f"{name}: the loss became {loss:g} at step {before + at + 1} (step {at + 1} of epoch "
                f"{epoch}). Set a smaller learning_rate first, then a smaller momentum or a larger batch; if "
                "it happens at the first step, look at what the network gives."
            )


def _filters(network: nn.Module, path: str) -> np.ndarray | None:
    """Copy the weights of a convolution."""
    return network.get_submodule(path).weight.detach().cpu().float().numpy().copy() if path else None
