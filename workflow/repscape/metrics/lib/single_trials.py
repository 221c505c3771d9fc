"""Single trials of a recording, for metrics that take noise into account."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from repscape.core.errors import DataError

if TYPE_CHECKING:
    import netCDF4


class Trials(NamedTuple):
    """Responses to single presentations of images.

    Attributes
    ----------
    response : float32 array (trial, unit)
    image : int array (trial,)
        Which image was shown.
    repeat : int array (trial,)
        Which presentation of that image it is, from 0 without gaps.
    """

    response: np.ndarray
    image: np.ndarray
    repeat: np.ndarray

    def of_units(self, columns: np.ndarray) -> "Trials":
        """Return the same trials of some columns of units, in this order; a column may come twice."""
        return self._replace(response=self.response.take(columns, axis=1))

    def selected(self, trials: np.ndarray) -> "Trials":
        """Return some of the trials, in this order; their presentations are counted anew."""
        image = self.image[trials]
        return Trials(self.response[trials], image, presentations(image))


def presentations(image: np.ndarray) -> np.ndarray:
    """Number the presentations of each image from 0, in the order of trials: int array (trial,)."""
    order = np.argsort(image, kind="stable")
    starts = np.searchsorted(image[order], image[order])
    found = np.empty(len(image), np.intp)
    found[order] = np.arange(len(image)) - starts
    return found


def by_presentation(trials: Trials) -> list[np.ndarray]:
    """Return the responses to the first presentation of each image, to the second, …: arrays (image, unit).

    Raises
    ------
    DataError
        Images were not shown equally often.
    """
    counts = np.bincount(trials.image)
    if len(set(counts.tolist())) > 1:
        raise DataError(
            f"'trials: each' needs images that were shown equally often, found {counts.min()} to "
            f"{counts.max()} presentations. Set 'trials: mean' for this recording."
        )
    order = np.argsort(trials.image, kind="stable")
    return [trials.response[order[trials.repeat[order] == at]] for at in range(counts[0])]


def has_noise(file: "netCDF4.Dataset") -> bool:
    """Whether activity was recorded, and so is noisy; that of networks is not."""
    return not hasattr(file, "weights_sha256")


def read(file: "netCDF4.Dataset") -> Trials:
    """Read the single trials of a recording.

    Raises
    ------
    DataError
        No image was shown twice.
    """
    if "response" not in file.variables:
        raise DataError(
            f"expected single trials, found none: the recording '{file.source}' has one presentation of "
            "each image. Use repeated presentations, or metrics and ceilings that need no trials."
        )
    return Trials(*(file[name][:] for name in ("response", "trial_image", "trial_repeat")))


def counted(trials: Trials, names: Sequence[str] | int, fewest: int = 2, hint: str = "") -> np.ndarray:
    """Count each image's presentations, and refuse too few.

    Parameters
    ----------
    trials : Trials
    names : the images' names, or how many there are
    fewest : int
        How many each image needs.
    hint : str
        What needs fewer.

    Returns
    -------
    int array (image,)

    Raises
    ------
    DataError
        Says of how many images there are too few.
    """
    images = names if isinstance(names, int) else len(names)
    counts = np.bincount(trials.image, minlength=images)
    few = np.flatnonzero(counts < fewest)
    if few.size:
        named = "" if isinstance(names, int) else f" (the first is {names[few[0]]})"
        raise DataError(
            f"expected at least {fewest} presentations of each of the {images} images, found fewer of "
            f"{few.size}{named}{'; ' if hint else ''}{hint}. Leave these images out of the stimulus, use a "
            "recording with more repeats, or use metrics and ceilings that need no repeats."
        )
    return counts
