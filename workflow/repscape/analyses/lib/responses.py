"""Activations of networks and recordings as analyses read them: one layer at a time."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from repscape.core.errors import DataError
from repscape.core.labels import check_equal
from repscape.core.logs import progress


class Responses(NamedTuple):
    """What one layer or area answered.

    Attributes
    ----------
    path : str or Path
    attributes : dict
        Of the file.
    names : str array (image,)
    factors : dict of factor to str array (image,)
    unit : int array (unit,)
    activity : float32 array (row, unit)
    image : int array (row,)
        The index of the row's image.
    repeated : bool
        Whether rows are single trials, some of one image; else they are images.
    """

    path: object
    attributes: dict[str, Any]
    names: np.ndarray
    factors: dict[str, np.ndarray]
    unit: np.ndarray
    activity: np.ndarray
    image: np.ndarray
    repeated: bool

    @property
    def source(self) -> str:
        """The network or recording."""
        return self.attributes["source"]

    @property
    def layer(self) -> str:
        """The layer or area."""
        return self.attributes["layer"]

    @property
    def order(self) -> int:
        """The layer's depth."""
        return int(self.attributes["order"])


def each_layer(
    paths: Sequence,
    what: str,
    names: tuple[np.ndarray, Any] | None = None,
    *,
    single: bool = False,
    finite: bool = True,
) -> Iterator[Responses]:
    """Yield the activations of one layer after another, and show progress.

    Parameters
    ----------
    paths : sequence of str or Path
    what : str
        What is done with a layer, for the display of progress.
    names : names of the images, str array (image,), and the file that has them
        By default those of the first layer.
    single, finite : bool
        See `read`.

    Raises
    ------
    DataError
        The images are others, or activity is not finite.
    """
    for path in progress(paths, what, "layers", len(paths), lambda _: 1):
        layer = read(path, single=single, finite=finite)
        names = names or (layer.names, path)
        check_equal("image", *names, layer.names, path)
        yield layer


def read(path, *, single: bool = False, finite: bool = True) -> Responses:
    """Read the activations of one layer.

    Parameters
    ----------
    path : str or Path
    single : bool
        Of a recording with repeats, read single trials rather than their means.
    finite : bool
        Whether activity that is not finite is refused, with a `DataError`.
    """
    from repscape.io import netcdf
    from repscape.stimuli.lib import factors

    with netcdf.open_file(path, "activations") as file:
        repeated = single and "response" in file.variables
        names = file["name"][:]
        layer = Responses(
            path,
            {name: file.getncattr(name) for name in file.ncattrs()},
            names,
            factors.read(file),
            file["unit"][:],
            file["response" if repeated else "activation"][:],
            file["trial_image"][:].astype(np.intp) if repeated else np.arange(len(names)),
            repeated,
        )
    if finite:
        check_finite(layer)
    return layer


def check_finite(layer: Responses) -> None:
    """Refuse activity that is not finite, with a `DataError`."""
    undefined = np.flatnonzero(~np.isfinite(layer.activity).all(1))
    if undefined.size:
        raise DataError(
            f"{layer.path}: expected finite activity, found NaN or infinity in {undefined.size} of "
            f"{len(layer.activity)} images, first in '{layer.names[layer.image[undefined[0]]]}'. Leave out "
            f"the layer '{layer.layer}'."
        )
