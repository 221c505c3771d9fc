"""Pictures out of a struct array in a MATLAB ``.mat`` file."""

from collections.abc import Iterator

import numpy as np

from repscape import matlab
from repscape.errors import ConfigError, DataError
from repscape.stimuli.factors import name_mistake
from repscape.stimuli.frame import Frame
from repscape.types import File


def frames(
    *,
    path: File,
    variable: str,
    image: str = "image",
    label: str | None = None,
    factors: list[str] | None = None,
    prefix: str = "image",
) -> Iterator[Frame]:
    """Take the pictures of a struct array, an element each, in their order.

    They are named by their number, from 1 as in MATLAB: ``image_01``, ….

    Parameters
    ----------
    path : a .mat file up to version 7
    variable : str
        The struct array.
    image : str
        The field with the picture: uint8 (height, width) or (height, width, 3), or floating-point numbers
        from 0 to 1, as MATLAB's `im2double` makes them.
    label : str, optional
        The field with the image's class.
    factors : list of str, optional
        Fields that are factors, text or numbers.
    prefix : str
        How names begin.

    Raises
    ------
    DataError
        See `repscape.matlab.structs`; a field is no picture, or neither text nor a number.
    """
    factors = factors or []
    wanted = dict.fromkeys([image, *([label] if label else []), *factors])
    elements = matlab.structs(path, variable, wanted)
    digits = len(str(len(elements)))
    for number, element in enumerate(elements, 1):
        where = f"{path}: {variable}({number})"
        yield Frame(
            f"{prefix}_{number:0{digits}}",
            pixels(element[image], f"{where}.{image}"),
            label=matlab.text(element[label], f"{where}.{label}") if label else None,
            factors={name: matlab.text(element[name], f"{where}.{name}") for name in factors} or None,
        )


def pixels(value: np.ndarray, where: str) -> np.ndarray:
    """Return a picture as 8-bit grey or RGB.

    Raises
    ------
    DataError
        It is none; `where` says which.
    """
    value = np.asarray(value)
    shaped = value.ndim in (2, 3) and value.shape[2:] in ((), (3,)) and value.size
    if shaped and value.dtype == np.uint8:
        return value
    if shaped and value.dtype.kind == "f" and value.min() >= 0 and value.max() <= 1:
        return np.rint(255 * value).astype(np.uint8)
    span = f" from {value.min():g} to {value.max():g}" if value.size and value.dtype.kind in "iuf" else ""
    raise DataError(
        f"{where}: expected a picture, uint8 or numbers from 0 to 1 of shape (height, width) or (height, "
        f"width, 3); found {value.dtype} of shape {value.shape}{span}."
    )


def check(*, label, factors, prefix) -> None:
    """Refuse names that factors cannot have; the config asks before a job does."""
    for name in factors or ():
        if mistake := name_mistake(name):
            hint = " As the images' class it can be named by 'label'." if label is None else ""
            raise ConfigError(mistake + hint)
    if not prefix.strip():
        raise ConfigError("prefix: expected text with which names of images begin, found none.")


def factors(*, factors) -> dict | None:
    """Tell that only the job knows the values of factors."""
    return None if factors else {}


def factor_names(*, factors) -> list[str]:
    """Name the factors, which the config does."""
    return list(factors or ())
