"""Projected gradient descent on images of whole numbers."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import torch

HALVINGS = 10  # of the interval in which a factor is sought: to a thousandth


class Attacked(NamedTuple):
    """Images after an attack, and what the network takes them for.

    Attributes
    ----------
    images : uint8 (image, y, x, channel)
    success : bool (image,)
        Whether the most probable class of the changed image is one that it was to be.
    before, after : int (image,)
        The most probable class of the unchanged and of the changed image.
    probability_before, probability_after : float32 (image,)
        Of these.
    change : float64 (image,)
        The norm of the change, in steps of 8-bit pixels.
    """

    images: np.ndarray
    success: np.ndarray
    before: np.ndarray
    after: np.ndarray
    probability_before: np.ndarray
    probability_after: np.ndarray
    change: np.ndarray


def attack(
    probabilities: Callable[[torch.Tensor], torch.Tensor],
    images: torch.Tensor,
    noise: torch.Tensor,
    target: int | None,
    avoid: list[int],
    norm: Literal["linf", "l2"],
    epsilon: float,
    steps: int,
) -> Attacked:
    """Change images so that a network takes them for something else (see adversarial.py).

    Parameters
    ----------
    probabilities : function of float32 (image, 3, y, x) to (image, class)
    images : float32 tensor (image, 3, y, x) of whole numbers, 0 … 255
    noise : float32 tensor like `images`
        Standard normal; gives the start.
    target : int or None
        What the network is to take the images for; if None, for anything but what it takes them for
        unchanged and the classes in `avoid`.
    avoid : list of int
    norm, epsilon, steps : as in adversarial.py
    """
    with torch.no_grad():
        first = probabilities(images)
    goal = _goal(first, target, avoid)
    best, best_gain = images, gain(first, goal)
    found = first
    change = _limit(_start(noise, norm) * epsilon, images, norm, epsilon)
    for step in range(steps + 1):
        shown = (images + whole(change, norm, epsilon)).requires_grad_()
        answers = probabilities(shown)
        gains = gain(answers, goal)
        answers, reached = answers.detach(), gains.detach()
        better = reached > best_gain
        best = torch.where(better[:, None, None, None], shown.detach(), best)
        best_gain = torch.where(better, reached, best_gain)
        found = torch.where(better[:, None], answers, found)
        if step < steps:
            (gradient,) = torch.autograd.grad(gains.sum(), shown)
            move = _direction(gradient, norm) * (2.5 * epsilon / steps)
            change = _limit(change + move, images, norm, epsilon)
    return Attacked(
        best.to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy(),
        (best_gain > 0).cpu().numpy(),
        first.argmax(dim=1).cpu().numpy(),
        found.argmax(dim=1).cpu().numpy(),
        first.amax(dim=1).cpu().numpy(),
        found.amax(dim=1).cpu().numpy(),
        length(best - images, norm).cpu().numpy(),
    )


def gain(probabilities: torch.Tensor, goal: torch.Tensor) -> torch.Tensor:
    """Return what goes up, (image,): above 0 is a success.

    It is the logarithm of the ratio of the most probable class of the goal to the most probable
    other class.

    Parameters
    ----------
    probabilities : float32 tensor (image, class)
    goal : bool tensor (image, class)
        The classes that the network is to take an image for.
    """
    logs = probabilities.clamp(min=torch.finfo(torch.float32).tiny).log()
    inside, outside = (logs.masked_fill(left_out, -torch.inf).amax(dim=1) for left_out in (~goal, goal))
    return inside - outside


def whole(change: torch.Tensor, norm: Literal["linf", "l2"], epsilon: float) -> torch.Tensor:
    """Round changes to whole numbers that are within `epsilon` still.

    Rounding can lengthen a change; it is then first shortened by the largest factor found by halving.
    """
    if norm == "linf":
        return change.round().clamp(-int(epsilon), int(epsilon))
    low, high = change.new_zeros(len(change)), change.new_ones(len(change))
    factor = high
    for _ in range(HALVINGS):
        fits = length((change * factor[:, None, None, None]).round(), norm) <= epsilon
        low, high = torch.where(fits, factor, low), torch.where(fits, high, factor)
        factor = (low + high) / 2
    return (change * low[:, None, None, None]).round()


def length(change: torch.Tensor, norm: Literal["linf", "l2"]) -> torch.Tensor:
    """Return the norm of each image's change, float64 (image,)."""
    flat = change.detach().flatten(1).double()
    return flat.abs().amax(dim=1) if norm == "linf" else flat.norm(dim=1)


def _goal(first: torch.Tensor, target: int | None, avoid: list[int]) -> torch.Tensor:
    """Mark the classes, (image, class), that are a success."""
    goal = torch.full_like(first, target is None, dtype=torch.bool)
    if target is not None:
        goal[:, target] = True
    else:
        goal[:, avoid] = False
        goal.scatter_(1, first.argmax(dim=1, keepdim=True), False)
    return goal


def _start(noise: torch.Tensor, norm: Literal["linf", "l2"]) -> torch.Tensor:
    """Turn normal noise into changes of at most 1, uniform over the cube or on the sphere."""
    if norm == "linf":
        return torch.special.ndtr(noise) * 2 - 1
    return noise / noise.flatten(1).norm(dim=1)[:, None, None, None]


def _direction(gradient: torch.Tensor, norm: Literal["linf", "l2"]) -> torch.Tensor:
    """Return the steepest step of length 1 in a norm; none where the gradient is 0."""
    if norm == "linf":
        return gradient.sign()
    size = gradient.flatten(1).norm(dim=1)[:, None, None, None]
    return gradient / size.clamp(min=torch.finfo(torch.float32).tiny)


def _limit(change, images, norm: Literal["linf", "l2"], epsilon: float) -> torch.Tensor:
    """Project changes to within `epsilon`, and what they make of the images to 0 … 255."""
    if norm == "linf":
        change = change.clamp(-epsilon, epsilon)
    else:
        size = change.flatten(1).norm(dim=1)[:, None, None, None]
        change = change * (epsilon / size.clamp(min=epsilon))
    return (images + change).clamp(0, 255) - images
