"""What a network's outputs look like, from two batches of different size that share an image.

The axis whose length changes with the batch is the image's. Of that image the answers are compared: a
network that answers it otherwise in other company, or draws random numbers, is found so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from repscape.traced import generators
from repscape.traced.preprocess import Preprocess

# The batches: the shared image is number 0, first in the one and last in the other
BATCHES = ([0, 1], [2, 1, 0])
COMPARED = 2**16  # values of an output, at most

Batches = tuple[torch.Tensor, torch.Tensor]
Note = Callable[[str, Any], None]
Run = Callable[[torch.Tensor, Note], None]


@dataclass
class Seen:
    """An output of a network.

    Attributes
    ----------
    shape : tuple of int, list of these, or None
        In the batch of two: of a tensor, of several; None of anything else.
    image : int
        Which axis is the image's.
    left_out : str
        Why it cannot be a layer; empty if it can.
    difference : float
        How much the two answers to the shared image differ, as a part of the largest.
    draws : bool
        Whether random numbers were drawn since the output before.
    finite : bool
        Whether all values are numbers.
    largest : float
        The largest of the values that are compared.
    """

    shape: tuple[int, ...] | list[tuple[int, ...]] | None
    image: int = 0
    left_out: str = ""
    difference: float = 0.0
    draws: bool = False
    finite: bool = True
    largest: float = 0.0


def examples(preprocess: Preprocess, height: int, width: int) -> torch.Tensor:
    """Return three images as the network takes them, unlike each other: noise, a ramp, and coarse blocks.

    Returns
    -------
    float32 tensor (3, 3, y, x)
    """
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (height, width, 3))
    ramp = np.linspace(0, 200, height * width).reshape(height, width, 1) * [1, 0.7, 0.4]
    coarse = generator.integers(100, 256, (height // 16 + 1, width // 16 + 1, 3))
    blocks = coarse.repeat(16, 0).repeat(16, 1)[:height, :width]
    pixels = np.stack([noise, ramp, blocks]).astype(np.uint8) / 255
    normalised = (pixels - np.array(preprocess.mean)) / np.array(preprocess.std)
    return torch.from_numpy(normalised.astype(np.float32)).permute(0, 3, 1, 2).contiguous()


def look(run: Run, first: torch.Tensor, second: torch.Tensor, *, values: bool = True) -> dict[str, Seen]:
    """Run a network on two batches and describe all outputs, in the order of the first run.

    Parameters
    ----------
    run : function of images and of a function that it calls with each output's name and value
    first, second : float32 tensors (2, 3, y, x) and (3, 3, y, x)
        As in `BATCHES`.
    values : bool
        Whether there are values to compare (torch's meta device has none).
    """
    seen: dict[str, Seen] = {}
    answers: dict[str, dict[int, torch.Tensor]] = {}
    state = generators.states() if values else None

    def note_first(name: str, value) -> None:
        nonlocal state
        seen[name] = entry = Seen(shapes(value))
        if values:
            before, state = state, generators.states()
            entry.draws = before != state
            if isinstance(entry.shape, tuple):
                axes = [axis for axis, length in enumerate(entry.shape) if length == 2]
                answers[name] = {axis: _answer(value, axis, 0) for axis in axes}

    run(first, note_first)
    again: set[str] = set()

    def note_second(name: str, value) -> None:
        if name not in seen or name in again:
            return
        again.add(name)
        entry = seen[name]
        entry.image, entry.left_out = _axis_of_images(entry.shape, shapes(value))
        if values and not entry.left_out:
            found, before = _answer(value, entry.image, 2), answers[name][entry.image]
            entry.difference, entry.finite = difference(before, found)
            entry.largest = max(_largest(before), _largest(found))
        answers.pop(name, None)

    run(second, note_second)
    for name in seen.keys() - again:
        seen[name].left_out = "runs for some images only"
    return seen


def difference(one: torch.Tensor, other: torch.Tensor) -> tuple[float, bool]:
    """Return the largest difference as a part of the largest value, and whether all values are numbers."""
    if one.shape != other.shape:
        return float("inf"), True
    if not one.numel():
        return 0.0, True
    finite = bool(one.isfinite().all() and other.isfinite().all())
    apart = torch.where((one == other) | (one.isnan() & other.isnan()), 0, (one - other).abs())
    largest = _largest(one)
    most = apart.nan_to_num(float("inf")).amax().item()
    return (most / largest if largest else float(most > 0)), finite


def _largest(values: torch.Tensor) -> float:
    return values.abs().nan_to_num(0, 0, 0).amax().item() if values.numel() else 0.0


def shapes(value: Any) -> tuple[int, ...] | list[tuple[int, ...]] | None:
    """Shape of a tensor of real numbers (a tuple), of several (a list of tuples); None of anything else."""
    if isinstance(value, torch.Tensor):
        return tuple(value.shape) if value.is_floating_point() else None
    if isinstance(value, tuple | list) and not isinstance(value, torch.Size):
        return [tuple(part.shape) for part in value if isinstance(part, torch.Tensor)]
    return None


def _axis_of_images(first, second) -> tuple[int, str]:
    """Return the axis that changes from two images to three, or why an output cannot be a layer."""
    if isinstance(first, list):
        return 0, "gives several tensors"
    if first is None or second is None or isinstance(second, list):
        return 0, "does not give a tensor of real numbers"
    if len(first) != len(second):
        return 0, "has a number of axes that depends on the number of images"
    changed = [axis for axis, lengths in enumerate(zip(first, second, strict=True)) if len({*lengths}) == 2]
    if not changed:
        return 0, "has no axis of images"
    if len(changed) > 1:
        return 0, "has several axes of images"
    (axis,) = changed
    if (first[axis], second[axis]) != (2, 3):
        return 0, "has an axis in which images are mixed with something else"
    if len(first) == 1 or not all(first):
        return 0, "gives one number per image" if all(first) else "is empty"
    return axis, ""


def _answer(value: torch.Tensor, axis: int, place: int) -> torch.Tensor:
    """Copy the answer to an image, thinned out."""
    flat = value.detach().select(axis, place).flatten()
    return flat[:: -(-len(flat) // COMPARED) or 1].clone()
