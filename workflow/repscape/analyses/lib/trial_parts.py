"""Parts of a recording's trials: repeats, and halves at random."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from repscape.rdms.labels import HALVES, WHOLE

if TYPE_CHECKING:
    from repscape.metrics.lib.single_trials import Trials

Split = Literal["all", "repeats", "halves"]


class Part(NamedTuple):
    """Some of the trials.

    Attributes
    ----------
    split : str
        The way in which they are divided, from 1; empty where there is one.
    part : str
        ``all``, the presentation from 1, or ``a`` and ``b``.
    trials : int array or None
        Their indices; None for all.
    """

    split: str
    part: str
    trials: np.ndarray | None


def divide(
    trials: "Trials | None", names: Sequence[str], split: Split, splits: int, generator: np.random.Generator
) -> Iterator[Part]:
    """Divide trials.

    Parameters
    ----------
    trials : Trials
        None where they are not divided.
    names : sequence of str
        Of the images.
    split : {"all", "repeats", "halves"}
        `repeats` are as many as every image has. Halves have equally many trials of each image; of an odd
        number, one of them has one more, by chance.
    splits : int
        How often trials are divided into halves.
    generator : numpy Generator

    Raises
    ------
    DataError
        An image has fewer than two trials.
    """
    from repscape.metrics.lib.single_trials import counted, presentations

    if split == "all" or trials is None:
        yield Part("", WHOLE, None)
        return
    counts = counted(trials, names)
    if split == "repeats":
        for repeat in range(counts.min()):
            yield Part("", str(repeat + 1), np.flatnonzero(trials.repeat == repeat))
        return
    for number in range(splits):
        order = generator.permutation(len(trials.image))
        rank = np.empty(len(order), np.intp)
        rank[order] = presentations(trials.image[order])  # a random order of each image's trials
        extra = generator.integers(0, 2, len(counts)) * (counts % 2)
        first = rank < (counts // 2 + extra)[trials.image]
        for half, some in zip(HALVES, (first, ~first), strict=True):
            yield Part(str(number + 1), half, np.flatnonzero(some))


def mean_responses(trials: "Trials", images: int) -> np.ndarray:
    """Return the mean response to each image, float32 (image, unit)."""
    found = np.zeros((images, trials.response.shape[1]))
    np.add.at(found, trials.image, trials.response)
    return (found / np.bincount(trials.image, minlength=images)[:, np.newaxis]).astype(np.float32)
