"""Activations of networks and recordings as analyses read them: one layer at a time."""

from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError
from repscape.core.labels import check_equal


class Responses(NamedTuple):
    """What one layer or area answered.

    Attributes
    ----------
    source, layer : str
    order : int
        The layer's depth.
    activity : float32 array (row, unit)
    image : int array (row,)
        The place of the row's image in the stimulus.
    repeated : bool
        Whether rows are single trials, some of one image; else they are images.
    """

    source: str
    layer: str
    order: int
    activity: np.ndarray
    image: np.ndarray
    repeated: bool


def read(path, names: np.ndarray, names_path, *, single: bool = False) -> Responses:
    """Read the activations of one layer.

    Parameters
    ----------
    path : str or Path
    names : str array (image,)
        What the images are called.
    names_path : str or Path
        Where that is said, for messages.
    single : bool
        Of a recording with repeats, read single trials rather than their means.

    Raises
    ------
    DataError
        The images are others, or activity is not finite.
    """
    from repscape.io import netcdf

    with netcdf.open_file(path, "activations") as file:
        check_equal("image", names, names_path, file["name"][:], path)
        repeated = single and "response" in file.variables
        activity = file["response" if repeated else "activation"][:]
        image = file["trial_image"][:] if repeated else np.arange(len(names))
        source, layer, order = file.source, file.layer, int(file.order)
    check_finite(activity, names[image], path, layer)
    return Responses(source, layer, order, activity, image.astype(int), repeated)


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
