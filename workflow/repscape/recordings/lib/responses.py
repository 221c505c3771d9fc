"""What a recording's plugin reads: the responses of neurons to each stimulus, trial by trial."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np


class ShownStimulus(NamedTuple):
    """A stimulus that was shown: what its images are called and vary in.

    Attributes
    ----------
    names : list of str
    factors : dict of factor to its values (image,), as text
    times : float array (image,) or None
        When each is shown, in seconds.
    """

    names: list[str]
    factors: Mapping[str, Sequence[str]]
    times: np.ndarray | None = None


class Responses(NamedTuple):
    """The responses of neurons to a stimulus, trial by trial.

    Attributes
    ----------
    where : str
        The file, for messages.
    stimulus : str
    values : number array (trial, neuron) or (trial, neuron, feature)
        Several features of a neuron's response, such as its power at some frequencies, are units each.
    shown : sequence (trial,), optional
        What each trial showed: names of images, their numbers from 0, or values of `factor`. Without
        it, the trials are the images in their order.
    factor : str, optional
        The factor of the images that numbers in `shown` are values of. NaN: no image.
    areas : sequence of str (neuron,), optional
    frequencies : float array (feature,), optional
        In Hz, where features are powers.
    what : str
        Which variable and columns of the file they are, for the log.
    by_file : bool
        Whether rows and numbers in `shown` count the images as a file does, in an order that may have to be
        declared; else in the order of the stimulus.
    """

    where: str
    stimulus: str
    values: np.ndarray
    shown: Sequence | np.ndarray | None = None
    factor: str | None = None
    areas: Sequence[str] | None = None
    frequencies: np.ndarray | None = None
    what: str = ""
    by_file: bool = True
