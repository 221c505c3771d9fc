"""Independent uniform noise, a value a pixel."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from repscape.plugin.parameter_types import Count, Size
from repscape.stimuli.lib.frame import Frame


def frames(
    *, count: Count = 30, size: Size = (256, 256), colour: Literal["rgb", "grey"] = "rgb", seed: int
) -> Iterator[Frame]:
    """Draw images whose pixels are independent and uniform over 0 … 255.

    Parameters
    ----------
    count : int
        How many images. More images leave the first ones as they were.
    size : (height, width) in pixels
    colour : {'rgb', 'grey'}
        Whether each channel of a pixel is drawn for itself.
    seed : int
    """
    draw = np.random.default_rng(seed)
    shape = (*size, 3) if colour == "rgb" else tuple(size)
    for index in range(count):
        yield Frame(f"noise_{index:06d}", draw.integers(0, 256, shape, np.uint8))


def how_many(*, count) -> int:
    """Say how many images there will be."""
    return count
