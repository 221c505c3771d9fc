"""Stochastic gradient descent with momentum, on shuffled minibatches."""

import math
from collections.abc import Iterator
from typing import Literal

from repscape.core.errors import ConfigError
from repscape.plugin.contract import Training, parameter


class Sgd(Training):
    """Stochastic gradient descent with momentum, on shuffled minibatches."""

    loss: Literal["binary", "classes"] = parameter(
        "``binary``: the network has one output, the probability of the second of two classes (it ends in "
        "a sigmoid), and the loss is the binary cross-entropy. ``classes``: the network has one output "
        "per class, before the softmax, and the loss is the cross-entropy.",
        "classes",
    )
    epochs: int = parameter("How often all images are shown.", 25, ge=1, le=100_000)
    batch: int = parameter("Images per step; the last step of an epoch may have fewer.", 100, ge=1, le=65_536)
    learning_rate: float = parameter(
        "The learning rate: a step changes the weights by this times the momentum's sum.",
        0.0005,
        gt=0,
        le=100,
    )
    momentum: float = parameter(
        "The momentum: the share of the sum of gradients that is kept from step to step.", 0.99, ge=0, lt=1
    )

    def train(self, network, training, held_out) -> Iterator[list[float]]:
        """Train as the exercise's `train` does (Neuromatch Academy, W1D5), with its settings by default.

        With v the momentum's sum and g the gradient of the mean loss of a batch, v ← momentum · v + g and
        w ← w - learning_rate · v (`torch.optim.SGD`).

        Parameters
        ----------
        network : torch.nn.Module
            Trained in place.
        training, held_out : Examples
            The latter are not looked at.

        Yields
        ------
        list of float
            After each epoch, the loss of each of its steps; up to the first step whose outputs are not
            numbers, the last.

        Raises
        ------
        ConfigError
            The network's outputs do not fit the loss and the classes.
        """
        import torch
        from torch.nn import functional

        optimizer = torch.optim.SGD(network.parameters(), lr=self.learning_rate, momentum=self.momentum)
        for _ in range(self.epochs):
            losses: list[float] = []
            for images, targets in training.batches(self.batch, torch.randperm(len(training))):
                outputs = network(images)
                self.check_outputs(outputs[0].numel(), len(training.classes))
                if outputs.isnan().any():  # whose binary cross-entropy torch refuses
                    yield [*losses, math.nan]
                    return
                if self.loss == "binary":
                    _check_probabilities(outputs)
                    cost = functional.binary_cross_entropy(outputs.flatten(), targets.to(outputs.dtype))
                else:
                    cost = functional.cross_entropy(outputs, targets)
                optimizer.zero_grad()
                cost.backward()
                optimizer.step()
                losses.append(cost.item())
            yield losses

    def check_outputs(self, outputs: int, classes: int | None) -> None:
        """Refuse a loss that does not go with a network's number of outputs.

        Parameters
        ----------
        outputs : int
        classes : int or None
            None where only a job can tell.
        """
        if self.loss == "binary" and (outputs != 1 or classes not in (None, 2)):
            raise ConfigError(
                f"loss: binary needs one output and two classes; the network has {_outputs(outputs)}, the "
                f"target {'two or more' if classes is None else classes} classes. Set loss: classes, or "
                "change the network or the target."
            )
        if self.loss == "classes" and (outputs == 1 or classes not in (None, outputs)):
            wanted = "more than one" if classes is None else f"{classes}, one for each class of the target"
            raise ConfigError(
                f"loss: expected as many outputs as classes for 'classes', {wanted}; the network has "
                f"{_outputs(outputs)}. Set the network's 'classes' (or its kwargs)"
                + (", or loss: binary." if outputs == 1 else ".")
            )


def _outputs(count: int) -> str:
    return "one output" if count == 1 else f"{count} outputs"


def _check_probabilities(outputs) -> None:
    """Refuse outputs that are no probabilities, of which torch would say so in its own words."""
    if ((outputs < 0) | (outputs > 1)).any():
        raise ConfigError(
            "loss: binary expects outputs that are probabilities, found values from "
            f"{outputs.min().item():.3g} to {outputs.max().item():.3g}. Let the network end in a sigmoid."
        )
