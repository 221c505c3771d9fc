"""RDMs of a study as labelled arrays."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.api.activity import image_labels
from repscape.api.errors import ArgumentError
from repscape.api.rdms import arranged
from repscape.core.errors import ConfigError

if TYPE_CHECKING:
    import xarray

_PAIR = ("image", "image_other")


def read_rdms(paths: Sequence[Path], where: Mapping[str, Any]) -> "xarray.DataArray":
    """Read RDMs: float64 (…, image, image_other), a dimension for each label in which they differ.

    Parameters
    ----------
    paths : sequence of paths
    where : mapping of label to a value or several; None for all

    Raises
    ------
    ArgumentError
        There is no such label, or no RDM has all of them.
    """
    from repscape.rdms.table import table
    from repscape.rdms.table.arrays import to_xarray

    try:
        found = table.read(paths, {name: own for name, own in where.items() if own is not None})
    except ConfigError as error:
        raise ArgumentError(str(error).removeprefix("where: ")) from None
    return to_xarray(found)["dissimilarity"].drop_vars("set", errors="ignore")


def with_labels(
    found: "xarray.DataArray", shown: "xarray.DataArray | None", square: bool
) -> "xarray.DataArray":
    """Label the images of RDMs, as matrices or as the vectors of all pairs.

    Parameters
    ----------
    found : DataArray (…, image, image_other)
        Those of sets, whose entries are no images, stay as they are.
    shown : DataArray (image,), optional
        What labels the images, as coordinates.
    square : bool
    """
    import xarray

    if found.dims[-2:] != _PAIR:
        return found
    labels = {"image": found["image"].values.tolist()}
    if shown is not None:
        labels |= image_labels(shown)
    pairs = np.triu_indices(len(labels["image"]), 1)
    kept = {name: one for name, one in found.coords.items() if not set(_PAIR) & set(one.dims)}
    dims = (*found.dims[:-2], "pair")
    return arranged(xarray.DataArray(found.values[(..., *pairs)], kept, dims, found.name), labels, square)
