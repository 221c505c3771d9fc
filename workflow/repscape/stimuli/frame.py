"""One image of a stimulus, as a plugin gives it."""

from typing import NamedTuple

import numpy as np


class Frame(NamedTuple):
    """An image before it is brought to the stimulus's size.

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
    """

    name: str
    pixels: np.ndarray
    time: float | None = None
    label: str | None = None
