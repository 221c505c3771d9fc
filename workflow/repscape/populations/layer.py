"""What a population is chosen from, and what is chosen."""

from typing import Literal, NamedTuple

import numpy as np


class Layer(NamedTuple):
    """The units of a layer lie in C order over (channel, y, x).

    Attributes
    ----------
    label : str
    channels, height, width : int
    units : int
        Their product.
    """

    label: str
    channels: int
    height: int
    width: int
    units: int


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
    """

    unit: np.ndarray
    statistic: Literal["unit", "channel_mean", "position_mean"]
    requested: int
