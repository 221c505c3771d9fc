"""One picture out of a file, as 8-bit grey or RGB, with a note of what was converted.

Pillow reads the formats. What it is known to read wrongly is read otherwise here, or refused: TIFF (see
`repscape.stimuli.lib.tiff`); JPEG files of which a part is lost, whose rest libjpeg fills with grey; colours
of more than 8 bits, of which it keeps the upper byte; their transparent colour (tRNS), which it compares
with that byte (and of 2 and 4 bits with the scaled value); JPEG 2000 of other depths than 8, whose white it
may turn into black.
"""

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError
from repscape.core.logs import logger
from repscape.stimuli.lib import picture_bytes
from repscape.stimuli.lib.picture_pixels import FORMATS, deep, opened, shallow

GREY = 128  # what transparent pixels are laid over
_SRGB_GAMMA = 0.45455
_ORIENTATION = 0x0112
_DARK = 2**14  # 16-bit samples that are all below are rather of 14 bits or fewer
_BLACK = 2**12  # those that nearly all are below are black but for what may be defects of the camera
_SAMPLED = 100_000  # pixels that are looked at for that


class Picture(NamedTuple):
    """A picture and how it was read.

    Attributes
    ----------
    pixels : uint8 array (y, x) or (y, x, 3)
        Grey or RGB.
    converted : tuple of str
        What was done to the file's pixels, and what was not.
    largest : int or None
        The largest value of 16-bit samples, unless it is known how many of these bits are used.
    frames : int
        How many pictures the file has, of which this is the first.
    usual : int
        What 99.9 % of the samples are at most, where `largest` is known.
    """

    pixels: np.ndarray
    converted: tuple[str, ...] = ()
    largest: int | None = None
    frames: int = 1
    usual: int = 0


class Depth:
    """The brightest of many pictures: whether their files can be right about their range."""

    def __init__(self):
        """Begin without pictures."""
        self._brightest, self._largest, self._usual = 0, 0, 0

    def add(self, picture: Picture) -> None:
        """Look at a picture."""
        self._brightest = max(self._brightest, int(picture.pixels.max()))
        if picture.largest is not None:
            self._largest = max(self._largest, picture.largest)
            self._usual = max(self._usual, picture.usual)

    def check(self, what: str) -> None:
        """Refuse pictures that are likely of fewer bits than their files say; `what` names them."""
        if 0 < self._largest < _DARK:
            white = next(white for white in (255, 1023, 4095, 16383) if self._largest <= white)
            raise DataError(
                f"{what}: the 16-bit pixels are at most {self._largest} of 65535, nearly black. If white "
                f"is {white} ({white.bit_length()} bits), set 'white_level: {white}' for this stimulus "
                "(kind: images). If the pictures are meant to be this dark, set 'white_level: 65535'. Or "
                "save them with 8 bits."
            )
        if self._largest >= _DARK and self._usual < _BLACK:
            logger.warning(
                "%s: 99.9 %% of the 16-bit pixels are at most %d of 65535, nearly black. Are the other "
                "pixels, up to %d, defects of the camera? Then clip them and save the pictures with 8 "
                "bits. If not, set 'white_level: 65535'",
                *(what, self._usual, self._largest),
            )
        if self._brightest == 1:
            raise DataError(
                f"{what}: all pixels are 0 or 1 of 255, nearly black. Save the pictures with 255 as white."
            )


def read(file: Path, white_level: int | None = None) -> Picture:
    """Read the first picture of a file.

    Parameters
    ----------
    file : path
    white_level : int, optional
        The value of white in samples of more than 8 bits, where the file does not say it.

    Raises
    ------
    DataError
        The file is missing, empty, truncated, too large, not a picture, or of a layout that has no agreed
        black and white or that is not read.
    """
    from PIL import Image, UnidentifiedImageError

    from repscape.stimuli.lib import tiff

    if not file.is_file():
        raise DataError(f"{file}: missing")
    if file.stat().st_size == 0:
        raise DataError(f"{file}: empty (0 bytes)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _read(file, white_level)
    except UnidentifiedImageError as error:
        known = tiff.description(file) or picture_bytes.unread_jpeg(file)
        kinds = ", ".join(FORMATS)
        found = f"not supported: {known}" if known else f"not a picture in a supported format ({kinds})"
        raise DataError(f"{file}: {found}. Save it as PNG") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: refused, {error}") from error
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        known = tiff.description(file)  # WebP and others, where libtiff lacks them
        also = f", or compressed in a way that is not supported: {known}. Save it as PNG" if known else ""
        raise DataError(f"{file}: damaged or truncated ({error}){also}") from error


def _read(file: Path, white_level: int | None) -> Picture:
    from repscape.stimuli.lib import tiff

    with tiff.through_libtiff(), opened(file) as image:
        bits, inverted, orientation = 16, False, 1
        if image.format == "TIFF":
            bits, inverted = tiff.depth(image)
            orientation = image.tag_v2.get(
                _ORIENTATION, 1
            )  # Pillow forgets it once it has turned the picture
        elif image.format == "PNG":
            picture_bytes.check_png(file.read_bytes())
        elif image.format in ("JPEG", "MPO"):
            picture_bytes.check_jpeg(file.read_bytes())
        elif image.format == "JPEG2000":
            bits = picture_bytes.jpeg2000_bits(file.read_bytes(), image.mode)
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        if frames > 1:
            image.seek(0)
        samples = deep(file, image)
        pixels, alpha = shallow(image) if samples is None else samples
        converted = _conversions(image, orientation)
        largest, usual = None, 0
        if samples is not None:
            if image.format == "JPEG2000":
                pixels = pixels >> (16 - bits)  # Pillow fills 16
            white = (1 << bits) - 1
            if bits == 16 and image.format != "JPEG2000":
                white = white_level or white
                brightest = int(pixels.max())
                if brightest > white:
                    raise DataError(f"has the value {brightest}, above 'white_level' ({white})")
                if white_level is None:
                    largest = brightest
                    usual = int(np.quantile(pixels.ravel()[:: -(-pixels.size // _SAMPLED)], 0.999))
            pixels = pixels * np.float32(255 / white)
            pixels = 255 - pixels if inverted else pixels
            converted.append(f"of {white.bit_length()} bits, scaled to 8")
            if alpha is not None and alpha.dtype != bool:
                alpha = np.minimum(alpha / np.float32(white), 1)
        if alpha is not None and (alpha < 1).any():
            converted.append(f"with transparency, laid over mean grey ({GREY})")
            share = (alpha if pixels.ndim == 2 else alpha[..., None]).astype(np.float32)
            pixels = GREY + (pixels - np.float32(GREY)) * share
        if pixels.dtype != np.uint8:
            pixels = np.rint(pixels).astype(np.uint8)
        return Picture(pixels, tuple(converted), largest, frames, usual)


def _conversions(image, orientation: int) -> list[str]:
    """Say what was done to the file's pixels, and what was not.

    Parameters
    ----------
    image : opened and loaded
    orientation : int
        Of TIFF.
    """
    converted = []
    if image.mode == "CMYK":
        converted.append("of CMYK, turned into RGB by (1 − ink) (1 − black)")
    if image.info.get("icc_profile"):
        converted.append("with a colour profile, which is not applied")
    elif abs(image.info.get("gamma", _SRGB_GAMMA) - _SRGB_GAMMA) > 0.01:
        converted.append(f"with a gamma of {image.info['gamma']:.3g}, which is not applied")
    if {orientation, image.getexif().get(_ORIENTATION, 1)} & set(range(2, 9)):
        converted.append("rotated as EXIF or TIFF says")
    return converted
