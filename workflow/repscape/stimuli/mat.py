"""Pictures out of a struct array in a MATLAB ``.mat`` file."""

from collections.abc import Iterator

import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.io import mat_structs
from repscape.plugin.contract import Stimulus, parameter
from repscape.plugin.parameter_types import File
from repscape.stimuli.lib.factors import name_mistake
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.picture import Depth, Picture


class Mat(Stimulus):
    """The pictures of a struct array, one per element, in their order.

    They are named by their number, from 1 as in MATLAB: ``image_01``, ….
    """

    path: File = parameter("A ``.mat`` file, of any version.")
    variable: str = parameter("The name of the struct array.")
    image: str = parameter(
        "The field with the picture, (height, width) or (height, width, 3): uint8, logical, or "
        "floating-point numbers. In all pictures these are either from 0 to 1, as from MATLAB's "
        "`im2double`, or whole numbers from 0 to 255.",
        "image",
    )
    label: str | None = parameter("The field with the class of the picture.", None)
    factors: list[str] | None = parameter("The fields with factors, each text or a number.", None)
    prefix: str = parameter("The text with which names of images begin.", "image")

    def images(self) -> Iterator[Frame]:
        """Read the pictures.

        Raises
        ------
        DataError
            See `repscape.io.mat_structs.structs`; a field is no picture, or neither text nor a number; all
            pixels are 0 or 1 of 255.
        """
        factors = self.factors or []
        wanted = dict.fromkeys([self.image, *([self.label] if self.label else []), *factors])
        elements = mat_structs.structs(self.path, self.variable, wanted, typed=True)
        digits = len(str(len(elements)))
        white = _white([element[self.image] for element in elements])
        depth = Depth()
        for number, element in enumerate(elements, 1):
            where = f"{self.path}: {self.variable}({number})"
            shown = pixels(element[self.image], white, f"{where}.{self.image}")
            depth.add(Picture(shown))
            yield Frame(
                f"{self.prefix}_{number:0{digits}}",
                shown,
                label=mat_structs.text(element[self.label], f"{where}.{self.label}") if self.label else None,
                factors={name: mat_structs.text(element[name], f"{where}.{name}") for name in factors}
                or None,
            )
        depth.check(f"{self.path}: {self.variable}.{self.image}")
        kinds = ", ".join(sorted({str(element[self.image].dtype) for element in elements}))
        span = f" from 0 to {white}" if "float" in kinds else ""
        first, last = (f"{self.variable}({number}).{self.image}" for number in (1, len(elements)))
        logger.info("%d images, %s to %s, of %s", len(elements), first, last, kinds + span)

    def check(self) -> None:
        """Refuse names that factors cannot have."""
        for name in self.factors or ():
            if mistake := name_mistake(name):
                hint = (
                    " If it is the class of the images, name it under 'label'." if self.label is None else ""
                )
                raise ConfigError(mistake + hint)
        if not self.prefix.strip():
            raise ConfigError("prefix: expected the text with which names of images begin, found none.")

    def image_factors(self) -> dict | None:
        """Return None where there are factors: only the job can read their values."""
        return None if self.factors else {}

    def factor_names(self) -> list[str]:
        """Return the fields that are factors."""
        return list(self.factors or ())


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
        f"{where}: expected a picture of shape (height, width) or (height, width, 3): uint8, logical, "
        f"numbers from 0 to 1 or whole numbers from 0 to 255; found {value.dtype} of shape "
        f"{value.shape}{span}. In MATLAB, `im2uint8` makes uint8, and `permute(image, [2 3 1])` moves "
        "channels to the end."
    )
