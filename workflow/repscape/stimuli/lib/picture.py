"""One picture out of a file, as 8-bit grey or RGB, with a word of what was converted.

Pillow reads the formats. What it is known to read wrongly is read otherwise here, or refused: TIFF (see
`repscape.stimuli.lib.tiff`); JPEG files of which a part is lost, whose rest libjpeg fills with grey; colours
of more than 8 bits, of which it keeps the upper byte; their transparent colour (tRNS), which it compares
with that byte (and of 2 and 4 bits with the scaled value); JPEG 2000 of other depths than 8, whose white it
may turn into black.
"""

import sys
import warnings
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError
from repscape.core.logs import logger

# Pillow knows more formats, of which some run other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF")
GREY = 128  # what transparent pixels are laid over
_SRGB_GAMMA = 0.45455
_ORIENTATION = 0x0112
# Raw modes of fewer bits, which Pillow scales to 8, but not the transparent value
_FEW = {"L;2": 85, "L;4": 17}
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
        """Refuse pictures that are likely of fewer bits than their files say; `what` names them.

        Raises
        ------
        DataError
        """
        if 0 < self._largest < _DARK:
            white = next(white for white in (255, 1023, 4095, 16383) if self._largest <= white)
            raise DataError(
                f"{what}: 16-bit pixels of at most {self._largest} of 65535, nearly black. If their white is "
                f"{white} ({white.bit_length()} bits), set 'white_level: {white}' for this stimulus of "
                "'images'; if they are meant to be so dark, 'white_level: 65535'; or save them with 8 bits."
            )
        if self._largest >= _DARK and self._usual < _BLACK:
            logger.warning(
                "%s: 99.9 %% of the 16-bit pixels are at most %d of 65535, nearly black. Are the others, up "
                "to %d, defects of the camera? Then cut these off and save the pictures with 8 bits; if not, "
                "set 'white_level: 65535'",
                *(what, self._usual, self._largest),
            )
        if self._brightest == 1:
            raise DataError(f"{what}: all pixels are 0 or 1 of 255, black. Save them with 255 as white.")


def read(file: Path, white_level: int | None = None) -> Picture:
    """Read the first picture of a file.

    Parameters
    ----------
    file : path
    white_level : int, optional
        The value of white in samples of more than 8 bits, where the file does not tell it.

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
        known = tiff.description(file) or _unread_jpeg(file)
        kinds = ", ".join(FORMATS)
        found = f"not read: {known}" if known else f"not a picture of a kind that is read ({kinds})"
        raise DataError(f"{file}: {found}. Save it as PNG") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: refused, {error}") from error
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        known = tiff.description(file)  # WebP and others, where libtiff lacks them
        also = f", or compressed in a way that is not read: {known}. Save it as PNG" if known else ""
        raise DataError(f"{file}: damaged or truncated ({error}){also}") from error


def _read(file: Path, white_level: int | None) -> Picture:
    from repscape.stimuli.lib import tiff

    with tiff.through_libtiff(), _opened(file) as image:
        converted = []
        bits, inverted, turn = 16, False, 1
        if image.format == "TIFF":
            bits, inverted = tiff.depth(image)
            turn = image.tag_v2.get(_ORIENTATION, 1)  # Pillow forgets it when it has turned the picture
        elif image.format == "PNG":
            _check_png(file.read_bytes())
        elif image.format in ("JPEG", "MPO"):
            _check_jpeg(file.read_bytes())
        elif image.format == "JPEG2000":
            bits = _jpeg2000_bits(file.read_bytes(), image.mode)
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        if frames > 1:
            image.seek(0)
        deep = _deep(file, image)
        pixels, alpha = _shallow(image) if deep is None else deep
        if image.mode == "CMYK":
            converted.append("of CMYK, turned into RGB by (1 − ink) (1 − black)")
        if image.info.get("icc_profile"):
            converted.append("with a colour profile, which is not applied")
        elif abs(image.info.get("gamma", _SRGB_GAMMA) - _SRGB_GAMMA) > 0.01:
            converted.append(f"with a gamma of {image.info['gamma']:.3g}, which is not applied")
        if turn in range(2, 9) or image.getexif().get(_ORIENTATION, 1) in range(2, 9):
            converted.append("turned as EXIF or TIFF says")
        largest, usual = None, 0
        if deep is not None:
            if image.format == "JPEG2000":
                pixels = pixels >> (16 - bits)  # Pillow fills 16
            white = (1 << bits) - 1
            if bits == 16 and image.format != "JPEG2000":
                brightest = int(pixels.max())
                if white_level is None:
                    largest = brightest
                    usual = int(np.quantile(pixels.ravel()[:: -(-pixels.size // _SAMPLED)], 0.999))
                white = white_level or white
                if brightest > white:
                    raise DataError(f"has the value {brightest}, above 'white_level' ({white})")
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


def _opened(file: Path):
    from PIL import Image

    return Image.open(file, formats=FORMATS)


def _shallow(image) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the 8-bit pixels of a Pillow image, and their alpha from 0 to 1 where there is one."""
    from PIL import ImageOps

    raw = image.tile[0].args if image.tile else None
    image.load()
    if raw in _FEW and isinstance(image.info.get("transparency"), int):
        image.info["transparency"] *= _FEW[raw]
    image = ImageOps.exif_transpose(image)
    if image.mode in ("F", "I"):
        kind = "floating-point" if image.mode == "F" else "32-bit"
        raise DataError(f"has {kind} pixels, whose range is not known; save it with 8 or 16 bits")
    if image.mode == "La":  # multiplied by alpha
        image = image.convert("LA")
    if image.has_transparency_data:
        whole = np.asarray(image.convert("RGBA"))
        return whole[..., :3], whole[..., 3] / np.float32(255)
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")), None


def _deep(file: Path, image) -> tuple[np.ndarray, np.ndarray | None] | None:
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

    with _opened(file) as image:
        (tile,) = image.tile
        args = raw if isinstance(tile.args, str) else (raw, *tile.args[1:])
        image.tile = [tile._replace(args=args)]
        image.load()
        image.info.pop("transparency", None)
        return np.asarray(ImageOps.exif_transpose(image))


def _check_png(data: bytes) -> None:
    """Refuse a PNG whose pixels are not those of their checksum, which Pillow may not compare."""
    at = 8
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 8 + length
        checked = int.from_bytes(data[end : end + 4], "big")
        if kind == b"IDAT" and zlib.crc32(data[at + 4 : end]) != checked:
            raise DataError("damaged or truncated (a checksum of the PNG's pixels is wrong)")
        at = end + 4


def _check_jpeg(data: bytes) -> None:
    """Refuse a JPEG of which a part is lost: libjpeg fills it with grey and says nothing to Pillow.

    libav is asked, which stops at the first mistake in the coded pixels. What else it cannot read passes.
    """
    import av

    coded = data.find(b"\xff\xda")
    if data.rfind(b"\xff\xd9") < coded:
        raise DataError("damaged or truncated (the end of the JPEG is missing)")
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"err_detect": "explode"}
    decoder.thread_count = 1
    try:
        with av.logging.Capture():
            decoder.decode(av.Packet(_without_metadata(data)))
    except av.error.InvalidDataError as error:
        raise DataError("damaged or truncated (a part of the JPEG's coded pixels is lost)") from error
    except (av.FFmpegError, ValueError):
        return


def _without_metadata(data: bytes) -> bytes:
    """Leave out a JPEG's segments of metadata, in which only pixels may be damaged."""
    kept, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if not (0xE0 <= data[at + 1] <= 0xEF or data[at + 1] == 0xFE):
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, data[at:]])


def _jpeg2000_bits(data: bytes, mode: str) -> int:
    """Return the bits of a JPEG 2000's samples, as its codestream says; refuse what Pillow reads wrongly.

    In this `mode` it has opened the file.
    """
    start = data.find(b"\xff\x4f\xff\x51")
    if b"\xff\xd9" not in data[-2:] and data.find(b"\xff\xd9", len(data) - 4096) < 0:
        raise DataError("damaged or truncated (the end of the JPEG 2000 codestream is missing)")
    sizes = data[start + 42 :: 3][: int.from_bytes(data[start + 40 : start + 42], "big")]
    bits = max((size & 0x7F) + 1 for size in sizes)
    if any(size & 0x80 for size in sizes) or (bits != 8 and not mode.startswith("I;16")) or bits > 16:
        signed = "signed " if any(size & 0x80 for size in sizes) else ""
        raise DataError(
            f"a JPEG 2000 of {len(sizes)} {signed}samples a pixel of {bits} bits, which is not read; save it "
            "as PNG with 8 or 16 bits"
        )
    return bits


def _unread_jpeg(file: Path) -> str:
    """Describe a JPEG of a kind that is not read; "" if it is none."""
    data = file.read_bytes()[: 2**20]
    at = 2
    while data.startswith(b"\xff\xd8") and at + 5 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            lossless = "lossless " if kind in (0xC3, 0xC7, 0xCB, 0xCF) else ""
            return f"a {lossless}JPEG of {data[at + 4]} bits a sample"
        if kind == 0xF7:
            return f"a JPEG-LS of {data[at + 4]} bits a sample"
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return ""
