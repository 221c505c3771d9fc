"""Activations of networks and recordings as analyses read them: one layer at a time."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError
from repscape.core.labels import check_equal
from repscape.core.logs import progress


class Responses(NamedTuple):
    """What one layer or area answered.

    Attributes
    ----------
    path : str or Path
    source, layer, stimulus, population : str
    order : int
        The layer's depth.
    activity : float32 array (row, unit)
    image : int array (row,)
        The index in the stimulus of the row's image.
    repeated : bool
        Whether rows are single trials, some of one image; else they are images.
    """

    path: object
    source: str
    layer: str
    stimulus: str
    population: str
    order: int
    activity: np.ndarray
    image: np.ndarray
    repeated: bool


def each_layer(
    paths: Sequence, names: np.ndarray, names_path, what: str, *, single: bool = False
) -> Iterator[Responses]:
    """Yield the activations of one layer after another, and show progress.

    Parameters
    ----------
    paths : sequence of str or Path
    names : str array (image,)
        What the images are called.
    names_path : str or Path
        The file that says so, for messages.
    what : str
        What is done with a layer, for the display of progress.
    single : bool
        Of recordings with repeats, read single trials rather than their means.

    Raises
    ------
    DataError
        The images are others, or activity is not finite.
    """
    for path in progress(paths, what, "layers", len(paths), lambda _: 1):
        yield read(path, names, names_path, single=single)


def read(path, names: np.ndarray, names_path, *, single: bool = False) -> Responses:
    """Read the activations of one layer; see `each_layer`."""
    from repscape.io import netcdf

    with netcdf.open_file(path, "activations") as file:
        check_equal("image", names, names_path, file["name"][:], path)
        repeated = single and "response" in file.variables
        activity = file["response" if repeated else "activation"][:]
        image = file["trial_image"][:].astype(int) if repeated else np.arange(len(names))
        labels = (file.source, file.layer, file.stimulus, file.population, int(file.order))
    check_finite(activity, names[image], path, labels[1])
    return Responses(path, *labels, activity, image, repeated)


def check_finite(activity: np.ndarray, names: np.ndarray, path, layer: str) -> None:
    """Refuse activity (row, unit) that is not finite, of rows that show images of these names.

    Raises
    ------
    DataError
    """
    undefined = np.flatnonzero(~np.isfinite(activity).all(1))
    if undefined.size:
        raise DataError(
            f"{path}: expected finite activity, found NaN or infinity in {undefined.size} of "
            f"{len(activity)} images, first in '{names[undefined[0]]}'. Leave the layer '{layer}' out."
        )
