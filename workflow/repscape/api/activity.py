"""Activity in the forms that people have it in, checked: arrays, tensors, lists, tables of pandas, xarray."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from repscape.api.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    import pandas as pd
    import xarray

REPEAT = "repeat"
_AXES = "(image, unit)"
_ATTRIBUTES = ("source", "stimulus", "population", "layer", "order")


class Activity(NamedTuple):
    """Activity and its labels.

    Attributes
    ----------
    values : float32 or float64 array (image, unit), or (repeat, image, unit)
    labels : dict of name to list
        Of the images: ``image``, their names or numbers, and what else they are labelled by.
    repeats : list
        Labels of repeats; empty without.
    attributes : dict
        What the array says of itself: ``source``, ``layer``, …
    """

    values: np.ndarray
    labels: dict[str, list]
    repeats: list
    attributes: dict[str, Any]

    @property
    def images(self) -> list:
        """Names or numbers of the images."""
        return self.labels["image"]


def is_xarray(value: Any) -> bool:
    """Whether it is of xarray, without importing it."""
    return _is_of("xarray", value)


def is_frame(value: Any) -> bool:
    """Whether it is a DataFrame, without importing pandas."""
    return _is_of("pandas", value) and hasattr(value, "columns")


def _is_of(library: str, value: Any) -> bool:
    return any(kind.__module__.partition(".")[0] == library for kind in type(value).__mro__)


def to_numpy(value: Any) -> Any:
    """Return a tensor as an array; anything else as it is."""
    if not _is_of("torch", value):
        return value
    if str(value.layout) != "torch.strided" or value.is_quantized:
        raise ArgumentTypeError(
            "expected a dense tensor of plain numbers, found a sparse or quantised one. Use .to_dense() or "
            ".dequantize()."
        )
    tensor = value.detach().cpu().resolve_conj()
    if tensor.is_floating_point() and tensor.element_size() < 4:  # bfloat16, which NumPy lacks
        tensor = tensor.float()
    return tensor.resolve_neg().numpy()


def read(array: Any, what: str = "array", *, repeats: bool = False, fewest: int = 2) -> Activity:
    """Check activity.

    Parameters
    ----------
    array : array, tensor, nested list, DataFrame or DataArray
    what : str
        The argument's name, for messages.
    repeats : bool
        Whether (repeat, image, unit) is taken as well.
    fewest : int
        How many images there must be.

    Raises
    ------
    ArgumentError
        Wrong dimensions, too few images, no units, NaN or infinite values, images of one name.
    ArgumentTypeError
        There are no real numbers in it.
    """
    if is_xarray(array):
        values, labels, of_repeats, attributes = _of_xarray(array, what)
    elif is_frame(array):
        values, labels, of_repeats, attributes = *_of_frame(array, what), [], {}
    else:
        values, labels, of_repeats, attributes = to_numpy(array), {}, [], {}
    values = numbers(values, what)
    _check_shape(values, what, repeats)
    if values.ndim == 3 and not of_repeats:
        of_repeats = list(range(len(values)))
    images, units = values.shape[-2:]
    if images < fewest:
        raise ArgumentError(
            f"{what}: expected at least {fewest} images, since an RDM compares pairs; found {images}."
        )
    if not units:
        raise ArgumentError(f"{what}: expected units, found none: shape {values.shape}.")
    labels = {"image": list(range(images))} | labels
    names = labels["image"]
    if len(set(names)) < images:
        twice = next(name for name in names if names.count(name) > 1)
        raise ArgumentError(f"{what}: two images are named {twice!r}. Give them different names.")
    check_finite(values, what, names)
    return Activity(values, labels, of_repeats if values.ndim == 3 else [], attributes)


def numbers(values: Any, what: str) -> np.ndarray:
    """Return real numbers as float32 (where they are) or float64.

    Raises
    ------
    ArgumentTypeError
        They are something else.
    """
    if values is None or isinstance(values, Mapping | str | bytes):
        raise ArgumentTypeError(f"{what}: expected numbers {_AXES}, found a {type(values).__name__}.")
    check_unmasked(values, what)
    if isinstance(values, list | tuple):
        values = [to_numpy(one) for one in values]
    try:
        found = np.asarray(values)
    except ValueError:
        raise ArgumentError(
            f"{what}: its rows have different lengths. Expected the same number of units for each image."
        ) from None
    if found.dtype.kind not in "biuf":
        raise ArgumentTypeError(f"{what}: expected real numbers {_AXES}, found {_described(values, found)}.")
    return found if found.dtype in (np.float32, np.float64) else found.astype(np.float64)


def check_unmasked(values: Any, what: str) -> None:
    """Refuse masked values, also of arrays in a list: NumPy would take what lies under the mask."""
    several = values if isinstance(values, list | tuple) else [values]
    if any(np.ma.is_masked(one) for one in several):
        raise ArgumentError(f"{what}: found masked values. Leave these units or images out.")


def _described(given: Any, found: np.ndarray) -> str:
    return f"a {type(given).__name__}" if not found.ndim else f"an array of {found.dtype}"


def check_finite(values: np.ndarray, what: str, names: list) -> None:
    """Refuse NaN and infinite activity (…, image, unit)."""
    odd = ~np.isfinite(values)
    if odd.any():
        at = np.argwhere(odd)[0]
        kind = "NaN" if np.isnan(values[tuple(at)]) else "infinite"
        raise ArgumentError(
            f"{what}: {odd.sum()} of {values.size} values are NaN or infinite, the first ({kind}) of image "
            f"{names[at[-2]]!r}, unit {at[-1]}. Leave these units or images out."
        )


def _check_shape(values: np.ndarray, what: str, repeats: bool) -> None:
    if values.ndim == 2 or (repeats and values.ndim == 3):
        return
    axes = f"{_AXES} or (repeat, image, unit)" if repeats else _AXES
    said = f"{what}: expected {axes}, found shape {values.shape}"
    if values.ndim < 2:
        raise ArgumentError(f"{said}. For one unit, give a column: array[:, None].")
    if values.ndim == 3:
        raise ArgumentError(
            f"{said}. For repeats, take the mean first, or use `repscape.rdms`, which makes an RDM for "
            "each repeat; for maps, give array.reshape(len(array), -1)."
        )
    raise ArgumentError(f"{said}. For maps (image, channel, y, x), give array.reshape(len(array), -1).")


def _of_frame(frame: "pd.DataFrame", what: str) -> tuple[Any, dict[str, list]]:
    text = [name for name, kind in frame.dtypes.items() if kind.kind not in "biuf"]
    if text:
        raise ArgumentTypeError(
            f"{what}: expected numbers, with one row per image and one column per unit; column {text[0]!r} "
            f"has none. Make it the index, frame.set_index({text[0]!r}), or leave it out."
        )
    values = frame.to_numpy()
    if values.dtype == object:  # columns that may lack values (Int64)
        values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    index = frame.index
    if index.nlevels == 1:
        return values, {"image": index.tolist()}
    names = [str(name or f"label_{at}") for at, name in enumerate(index.names)]
    if "image" not in names:
        names[0] = "image"
    return values, {name: index.get_level_values(at).tolist() for at, name in enumerate(names)}


def _of_xarray(array: "xarray.DataArray", what: str) -> tuple[Any, dict[str, list], list, dict[str, Any]]:
    if not hasattr(array, "dims") or not hasattr(array, "values") or callable(array.values):
        raise ArgumentTypeError(
            f"{what}: expected a DataArray, found a {type(array).__name__}. Choose a variable."
        )
    if "image" not in array.dims:
        raise ArgumentError(
            f"{what}: expected a dimension 'image', found {', '.join(map(str, array.dims)) or 'none'}. "
            "Rename it: array.rename(NAME='image')."
        )
    first = [REPEAT] if REPEAT in array.dims else []
    units = [dim for dim in array.dims if dim not in (REPEAT, "image")]
    if len(units) != 1:
        index = array.transpose(*first, "image", *units).values
        values = index.reshape(*index.shape[: len(first) + 1], -1)
    else:
        values = array.transpose(*first, "image", *units).values
    labels = image_labels(array)
    repeats = array[REPEAT].values.tolist() if first else []
    attributes = {name: array.attrs[name] for name in _ATTRIBUTES if name in array.attrs}
    return values, labels, repeats, attributes


def image_labels(array: Any, dim: str = "image") -> dict[str, list]:
    """Return the labels of images in xarray: ``image``, their names, and what else lies along `dim`."""
    along = {
        str(name): coordinate.values.tolist()
        for name, coordinate in array.coords.items()
        if coordinate.dims == (dim,)
    }
    names = along.pop(dim, None) or along.pop("name", None)
    along.pop("name", None)
    return ({"image": names} if names else {}) | along
