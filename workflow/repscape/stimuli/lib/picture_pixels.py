"""The pixels of a picture that Pillow has opened, with 8 bits a sample or with all that it has."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from repscape.core.errors import DataError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

# Pillow knows more formats, of which some run other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF")
# Raw modes of fewer bits, which Pillow scales to 8, but not the transparent value
_FEW = {"L;2": 85, "L;4": 17}


def opened(file: Path) -> "ImageFile":
    """Open a picture of the formats that are read."""
    from PIL import Image

    return Image.open(file, formats=FORMATS)


def shallow(image) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the 8-bit pixels of an opened picture, and their alpha from 0 to 1 where there is one."""
    from PIL import ImageOps

    raw = image.tile[0].args if image.tile else None
    image.load()
    if raw in _FEW and isinstance(image.info.get("transparency"), int):
        image.info["transparency"] *= _FEW[raw]
    image = ImageOps.exif_transpose(image)
    if image.mode in ("F", "I"):
        kind = "floating-point" if image.mode == "F" else "32-bit"
        raise DataError(f"has {kind} pixels, whose range is unknown; save it with 8 or 16 bits")
    if image.mode == "La":  # multiplied by alpha
        image = image.convert("LA")
    if image.has_transparency_data:
        whole = np.asarray(image.convert("RGBA"))
        return whole[..., :3], whole[..., 3] / np.float32(255)
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")), None


def deep(file: Path, image) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Return samples of more than 8 bits as uint16 (y, x) or (y, x, 3), and alpha, as deep or bool.

    None where there are none of more than 8 bits.

    Pillow keeps the upper byte of colours. Read as if their bytes were swapped, they give the lower one.
    """
    from PIL import ImageOps

    kind = image.tile[0].args if image.tile else ""
    raw = kind if isinstance(kind, str) else str(kind[0])
    transparent = image.info.get("transparency")
    if (image.mode == "I" and image.format == "PPM") or image.mode.startswith("I;16"):
        image.load()
        samples = np.asarray(ImageOps.exif_transpose(image)).astype(np.uint16)
        alpha = None if transparent is None else samples != transparent
        return samples, alpha
    if raw == "LA;16B":
        value = _bytes(file, "RGBA").astype(np.uint16)  # pairs of bytes
        return value[..., 0] * 256 + value[..., 1], value[..., 2] * 256 + value[..., 3]
    colours, _, order = raw.partition(";16")
    if colours not in ("RGB", "RGBX", "RGBA") or not order:
        return None
    native = "L" if sys.byteorder == "little" else "B"
    swapped = {"B": "L", "L": "B"}[native if order == "N" else order]
    high, low = (_bytes(file, f"{colours};16{end}").astype(np.uint16) for end in (order, swapped))
    samples = high * 256 + low
    if samples.shape[2] == 4:
        return samples[..., :3], samples[..., 3]
    alpha = None if transparent is None else (samples != transparent).any(-1)
    return samples, alpha


def _bytes(file: Path, raw: str) -> np.ndarray:
    """Read a picture with another of Pillow's raw modes: uint8 (y, x, sample)."""
    from PIL import ImageOps

    with opened(file) as image:
        (tile,) = image.tile
        args = raw if isinstance(tile.args, str) else (raw, *tile.args[1:])
        image.tile = [tile._replace(args=args)]
        image.load()
        image.info.pop("transparency", None)
        return np.asarray(ImageOps.exif_transpose(image))
