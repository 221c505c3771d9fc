"""Pictures in the forms that people have them in: files, arrays, tensors, lists of these, xarray."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from repscape.api import activity
from repscape.api.errors import ArgumentError, ArgumentTypeError
from repscape.plugin.arguments import ready

FORMS = (
    "a folder or files; an array of uint8 or of 0 … 1, (image, y, x, 3) or (image, y, x); a tensor "
    "(image, 3, y, x); a list of pictures; or a DataArray (image, y, x, channel)"
)
_RGB = 3
_IMAGES = {"kind": "images", "labels": None, "table": None, "white_level": None}


class Pictures(NamedTuple):
    """Pictures and their labels.

    Attributes
    ----------
    pixels : list of uint8 arrays (y, x, 3); of a network's input float32 arrays (3, y, x)
    labels : dict of name to list
        ``image``, their names or numbers, and what else they are labelled by.
    """

    pixels: list[np.ndarray]
    labels: dict[str, list]

    @property
    def sizes(self) -> np.ndarray:
        """Height and width of each, int (image, 2)."""
        return np.array([one.shape[:2] for one in self.pixels])


def read(images: Any, names: Sequence | None = None) -> Pictures:
    """Read pictures.

    Parameters
    ----------
    images : `FORMS`
    names : sequence, optional
        What they are called; by default as their files or their labels, or by number from 0.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        They are no pictures.
    """
    found = Pictures(*_read(images))
    if not found.pixels:
        raise ArgumentError("images: expected at least one picture, found none.")
    return _named(found, names)


def as_input(images: Any, names: Sequence | None = None) -> Pictures:
    """Take what a network takes: float values (image, 3, y, x), resized and normalised already.

    Raises
    ------
    ArgumentError, ArgumentTypeError
    """
    labels = activity.image_labels(images) if activity.is_xarray(images) else {}
    values = activity.numbers(activity.to_numpy(images), "images")
    if values.ndim != 4 or values.shape[1] != _RGB or not values.size:
        raise ArgumentError(
            f"images: with preprocess=None, expected the network's input (image, 3, y, x), found shape "
            f"{values.shape}."
        )
    _check_finite(values)
    labels = {"image": list(range(len(values)))} | labels
    return _named(Pictures(list(values.astype(np.float32)), labels), names)


def _named(found: Pictures, names: Sequence | None) -> Pictures:
    if isinstance(names, str) or not (names is None or hasattr(names, "__iter__")):
        raise ArgumentTypeError(f"names: expected a list, one a picture, found {names!r}.")
    labels = found.labels if names is None else found.labels | {"image": list(names)}
    known = labels["image"]
    if len(known) != len(found.pixels):
        raise ArgumentError(f"names: expected {len(found.pixels)}, one a picture, found {len(known)}.")
    if len(set(known)) < len(known):
        twice = next(name for name in known if known.count(name) > 1)
        raise ArgumentError(f"images: two pictures are called {twice!r}. Give them `names`.")
    return found._replace(labels=labels)


def _read(images: Any) -> tuple[list[np.ndarray], dict[str, list]]:
    if isinstance(images, str | Path):
        return _of_files([images])
    if activity.is_xarray(images):
        return _of_xarray(images)
    if hasattr(images, "getbands"):
        raise ArgumentError("images: found one picture. Give a list of pictures: [picture].")
    if isinstance(images, list | tuple):
        if images and all(isinstance(one, str | Path) for one in images):
            return _of_files(images)
        if any(isinstance(one, str | Path) for one in images):
            raise ArgumentTypeError("images: found files among other pictures. Give a list of the same kind.")
        if images and not isinstance(images[0], list | tuple | int | float):
            pixels = [_single(one, f"images[{at}]") for at, one in enumerate(images)]
            return pixels, {"image": list(range(len(pixels)))}
    activity.check_unmasked(images, "images")
    values = activity.to_numpy(images)
    if values is None or isinstance(values, dict | int | float):
        raise ArgumentTypeError(f"images: expected {FORMS}; found {type(images).__name__}.")
    tensor = values is not images and not isinstance(images, list | tuple)
    pixels = list(_pixels(np.asarray(values), "images", 4, channels_first=tensor))
    return pixels, {"image": list(range(len(pixels)))}


def _of_files(paths: Sequence) -> tuple[list[np.ndarray], dict[str, list]]:
    """Read pictures as the stimulus `images` does, with factors by names in braces."""
    plugin = ready("stimuli", _IMAGES | {"path": list(map(str, paths))}, "images", {})
    frames = list(plugin.images())
    labels: dict[str, list] = {"image": [frame.name for frame in frames]}
    for name in (frames[0].factors or {}) if frames else {}:
        labels[name] = [(frame.factors or {})[name] for frame in frames]
    return [_rgb(frame.pixels) for frame in frames], labels


def _of_xarray(images: Any) -> tuple[list[np.ndarray], dict[str, list]]:
    dims = [dim for dim in ("image", "y", "x", "channel") if dim in images.dims]
    if set(dims) != set(images.dims) or dims[:3] != ["image", "y", "x"]:
        raise ArgumentError(
            "images: expected a DataArray (image, y, x, channel), found "
            f"({', '.join(map(str, images.dims))})."
        )
    values = images.transpose(*dims).values
    pixels = list(_pixels(values, "images", 4))
    return pixels, {"image": list(range(len(pixels)))} | activity.image_labels(images)


def _single(one: Any, what: str) -> np.ndarray:
    """Return a picture of a list as RGB."""
    if hasattr(one, "getbands"):  # of Pillow
        if one.mode not in ("L", "RGB"):
            raise ArgumentError(
                f"{what}: found a picture of mode {one.mode}. Convert it: picture.convert('RGB')."
            )
        return _rgb(np.asarray(one))
    activity.check_unmasked(one, what)
    values = activity.to_numpy(one)
    if not isinstance(values, np.ndarray):
        raise ArgumentTypeError(f"{what}: expected a picture, found {type(one).__name__}.")
    return _pixels(values, what, 3, channels_first=values is not one)[0]


def _pixels(values: np.ndarray, what: str, ndim: int, *, channels_first: bool = False) -> np.ndarray:
    """Return uint8 (image, y, x, 3) of an array of pictures (`ndim` 4), or of one (3), grey or RGB."""
    shape = values.shape
    axes = "(image, y, x, 3) or (image, y, x)" if ndim == 4 else "(y, x, 3) or (y, x)"
    grey = values.ndim == ndim - 1
    if ndim == 4 and grey and shape[-1] in (1, _RGB, 4):
        raise ArgumentError(f"{what}: found one picture, shape {shape}. Of one picture: array[None].")
    if not grey and values.ndim != ndim:
        raise ArgumentError(f"{what}: expected {axes}, found shape {shape}.")
    if 0 in shape:
        raise ArgumentError(f"{what}: expected pictures with pixels, found shape {shape}.")
    if ndim == 3:
        values = values[None]
    if not grey:
        first, last = values.shape[1] in (1, _RGB), values.shape[-1] in (1, _RGB)
        if first and (channels_first or not last):
            values = np.moveaxis(values, 1, -1)
        elif not last:
            raise ArgumentError(f"{what}: expected 3 channels, or 1, found shape {shape}.")
    return _rgb(_eight_bits(values, what), many=True)


def _eight_bits(values: np.ndarray, what: str) -> np.ndarray:
    if values.dtype.kind in "iu" and values.max() == 1:
        raise ArgumentError(
            f"{what}: found only 0 and 1 as {values.dtype}, which as pixels of 0 … 255 are black. If 1 is "
            "white, give 255 * array."
        )
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind not in "iuf":
        raise ArgumentTypeError(f"{what}: expected pixels of uint8, or from 0 to 1, found {values.dtype}.")
    _check_finite(values)
    low, high = values.min(), values.max()
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.rint(values * 255).astype(np.uint8)
    if values.dtype.kind in "iu" and low >= 0 and high <= 255:
        return values.astype(np.uint8)
    ask = (
        "array.astype('uint8')" if low >= 0 and high <= 255 else "preprocess=None, if it is a network's input"
    )
    raise ArgumentError(
        f"{what}: expected pixels of uint8, or from 0 to 1, found {values.dtype} from {low:.4g} to "
        f"{high:.4g}. Give {ask}."
    )


def _check_finite(values: np.ndarray) -> None:
    odd = ~np.isfinite(values)
    if odd.any():
        at = np.argwhere(odd)[0]
        raise ArgumentError(f"images: {odd.sum()} pixels are NaN or infinite, the first of picture {at[0]}.")


def _rgb(pixels: np.ndarray, many: bool = False) -> np.ndarray:
    """Return grey pixels as RGB."""
    if pixels.ndim == 2 + many:
        pixels = pixels[..., None]
    return pixels if pixels.shape[-1] == _RGB else np.repeat(pixels, _RGB, axis=-1)
