"""Pictures out of a struct array in a MATLAB ``.mat`` file."""

from collections.abc import Iterator

import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.io import mat_structs
from repscape.plugin.parameter_types import File
from repscape.stimuli.lib.factors import name_mistake
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.picture import Depth, Picture


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
    path : a .mat file
    variable : str
        The struct array.
    image : str
        The field with the picture, (height, width) or (height, width, 3): uint8, logical, or floating-point
        numbers, in all pictures from 0 to 1, as MATLAB's `im2double` makes them, or whole ones from 0 to 255.
    label : str, optional
        The field with the image's class.
    factors : list of str, optional
        Fields that are factors, text or numbers.
    prefix : str
        How names begin.

    Raises
    ------
    DataError
        See `repscape.io.mat_structs.structs`; a field is no picture, or neither text nor a number; all pixels
        are 0 or 1 of 255.
    """
    factors = factors or []
    wanted = dict.fromkeys([image, *([label] if label else []), *factors])
    elements = mat_structs.structs(path, variable, wanted, typed=True)
    digits = len(str(len(elements)))
    white = _white([element[image] for element in elements])
    depth = Depth()
    for number, element in enumerate(elements, 1):
        where = f"{path}: {variable}({number})"
        shown = pixels(element[image], white, f"{where}.{image}")
        depth.add(Picture(shown))
        yield Frame(
            f"{prefix}_{number:0{digits}}",
            shown,
            label=mat_structs.text(element[label], f"{where}.{label}") if label else None,
            factors={name: mat_structs.text(element[name], f"{where}.{name}") for name in factors} or None,
        )
    depth.check(f"{path}: {variable}.{image}")
    kinds = ", ".join(sorted({str(element[image].dtype) for element in elements}))
    logger.info(
        "%d images, %s(1).%s to %s(%d).%s, of %s", *(len(elements), variable, image, variable),
        *(len(elements), image, kinds + (f" from 0 to {white}" if "float" in kinds else "")),
    )  # fmt: skip


def _white(values: list) -> int:
    """Return the white of floating-point pictures: 1, or 255 where some are above 1 (`double(imread(…))`)."""
    floating = [value for value in map(np.asarray, values) if value.dtype.kind == "f" and value.size]
    return 255 if any(value.max() > 1 for value in floating) else 1


def pixels(value: np.ndarray, white: int, where: str) -> np.ndarray:
    """Return a picture as 8-bit grey or RGB.

    Parameters
    ----------
    value : array (y, x) or (y, x, 3)
        uint8; bool; or floating-point numbers, from 0 to 1, or whole ones from 0 to 255 (`white`).
    white : {1, 255}
        Of floating-point numbers: the same for all pictures.
    where : str
        Which picture, for the message.

    Raises
    ------
    DataError
        It is none.
    """
    value = np.asarray(value)
    shaped = value.ndim in (2, 3) and value.shape[2:] in ((), (3,)) and value.size
    if shaped and value.dtype == np.uint8:
        return value
    if shaped and value.dtype.kind == "b":
        return value * np.uint8(255)
    if shaped and value.dtype.kind == "f" and value.min() >= 0 and value.max() <= white:
        scaled = 255 / white * value
        if white == 1 or (value % 1 == 0).all():
            return np.rint(scaled).astype(np.uint8)
    span = f" from {value.min():g} to {value.max():g}" if value.size and value.dtype.kind in "iuf" else ""
    raise DataError(
        f"{where}: expected a picture, uint8, logical, numbers from 0 to 1 or whole ones from 0 to 255, of "
        f"shape (height, width) or (height, width, 3); found {value.dtype} of shape {value.shape}{span}. In "
        "MATLAB, `im2uint8` makes the first; `permute(image, [2 3 1])` brings channels to the end."
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
