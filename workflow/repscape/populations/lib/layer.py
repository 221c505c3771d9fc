"""What a population is chosen from, and what is chosen."""

from typing import Literal, NamedTuple

import numpy as np


class Layer(NamedTuple):
    """The units of a layer lie in C order over (channel, y, x).

    Attributes
    ----------
    label : str
        What the study calls it.
    channels, height, width : int
    units : int
        Their product.
    known_as : str
        Its label in the network's table.
    stride, offset : float
        Of receptive fields, in pixels of the input: the distance between the centres of neighbours,
        and the first unit's centre; NaN where they depend on more than place.
    image : (int, int)
        Height and width of the network's input.
    """

    label: str
    channels: int
    height: int
    width: int
    units: int
    known_as: str = ""
    stride: float = float("nan")
    offset: float = float("nan")
    image: tuple[int, int] = (0, 0)


class Selection(NamedTuple):
    """The units of a layer that are recorded.

    Attributes
    ----------
    unit : int32 (unit,)
        In ascending order: flat indices in the layer; for means, indices of channels or of
        positions (in C order over y, x).
    statistic : {"unit", "channel_mean", "position_mean"}
        What is recorded: single units, means of channels over positions, or means of positions
        over channels.
    requested : int
        How many were asked for; there may be fewer.
    rank : int32 (unit,), optional
        0 for the first of the units, where they are ranked.
    """

    unit: np.ndarray
    statistic: Literal["unit", "channel_mean", "position_mean"]
    requested: int
    rank: np.ndarray | None = None
