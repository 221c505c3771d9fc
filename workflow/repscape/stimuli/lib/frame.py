"""The images of a stimulus, as a plugin yields them."""

from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple, cast

import numpy as np


class Frame(NamedTuple):
    """An image before it is resized to the stimulus's size.

    Attributes
    ----------
    name : str
        Unique within the stimulus.
    pixels : uint8 array (y, x) or (y, x, 3)
        Grey or RGB.
    time : float or None
        When the image is shown, in seconds.
    label : str or None
        The class or condition that the image belongs to.
    factors : dict of str to str, or None
        The value of each factor: all images of a stimulus have the same ones, or none.
    """

    name: str
    pixels: np.ndarray
    time: float | None = None
    label: str | None = None
    factors: dict[str, str] | None = None


class Frames:
    """The frames that a plugin yields, and what it returns about all of them after the last.

    A plugin that is a generator may return a mapping at its end: attributes of the stimulus's file.
    """

    def __init__(self, frames: Iterable[Frame] | Generator[Frame, None, dict]):
        """Take what `Stimulus.images` returns."""
        self._frames = frames
        self.attributes: dict = {}

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, once."""
        returned = yield from cast("Generator[Frame, None, dict | None]", self._frames)
        self.attributes = returned or {}
