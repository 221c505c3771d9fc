"""TIFF files: which layouts Pillow reads rightly, and what the values of the others mean.

Pillow's reader takes planes of 16 bits for ones of 8, and scrambles turned pictures of 16 bits that are
not compressed; through libtiff it reads both. It gives 12 bits, and 16 bits of which 0 is white, as they are
in the file: `depth` says how to scale them. Signed samples it takes for unsigned ones; they are refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from repscape.core.errors import DataError

_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _MAX, _PLANAR, _PREDICTOR = 258, 259, 262, 277, 281, 284, 317
_COLORMAP, _INKS, _EXTRA, _FORMAT, _SMAX = 320, 332, 338, 339, 341
_PREDICTED = (5, 8, 32946, 34925, 50000)  # LZW, Deflate twice, LZMA, Zstandard
_MEANINGS = {
    0: "grey with white 0", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr",
    8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32803: "raw colour filter array", 32844: "LogL",
    32845: "LogLuv", 34892: "linear raw", 51177: "depth map",
}  # fmt: skip
_KINDS = {1: "", 2: "signed ", 3: "floating-point ", 5: "complex ", 6: "complex "}


@contextmanager
def through_libtiff() -> Iterator[None]:
    """Let Pillow read all TIFF files through libtiff, and 12 and 16 bits also where 0 is white."""
    from PIL import TiffImagePlugin as pillow

    before = pillow.READ_LIBTIFF, pillow.OPEN_INFO
    also = {
        (order, 0, *layout): found
        for (order, photometric, *layout), found in pillow.OPEN_INFO.items()
        if photometric == 1 and found[0].startswith("I;16")
    }
    pillow.READ_LIBTIFF, pillow.OPEN_INFO = True, pillow.OPEN_INFO | also
    try:
        yield
    finally:
        pillow.READ_LIBTIFF, pillow.OPEN_INFO = before


def depth(image) -> tuple[int, bool]:
    """Return how many bits the samples of an opened file use, and whether 0 is white and Pillow left it so.

    Parameters
    ----------
    image : TiffImageFile
        As opened; its palette is mended where the file has it in 8 bits.

    Raises
    ------
    DataError
        The layout has no agreed black and white, or Pillow reads it wrongly.
    """
    tags = image.tag_v2
    bits = max(tags.get(_BITS, (1,)))
    found = _described(tags)
    if set(tags.get(_FORMAT, (1,))) != {1} or bits > 16:
        kind = _KINDS.get(max(tags.get(_FORMAT, (1,))), "undefined ") or f"{bits}-bit "
        raise DataError(f"has {kind}pixels ({found}), whose range is unknown; save it with 8 or 16 bits")
    if tags.get(_PREDICTOR, 1) != 1 and tags.get(_COMPRESSION, 1) not in _PREDICTED:
        raise DataError(f"{found} with a predictor, but without a compression that uses one; save it again")
    if tags.get(_PHOTOMETRIC) == 8:
        raise DataError(f"{found}, whose white is unknown; save it as RGB")
    if tags.get(_PHOTOMETRIC) == 5 and tags.get(_INKS, 1) != 1:
        raise DataError(f"{found}, whose inks are not those of CMYK; save it as RGB")
    if tags.get(_PHOTOMETRIC, 1) in (0, 1) and tags.get(_SAMPLES, 1) > 1 and 0 in tags.get(_EXTRA, (0,)):
        raise DataError(
            f"{found}; the file does not state what the second is (ExtraSamples 0). Save one channel"
        )
    if image.mode == "P" and 0 < max(tags[_COLORMAP]) < 256:  # in 8 bits, against the standard
        from PIL import ImagePalette

        image.palette = ImagePalette.raw("RGB;L", bytes(tags[_COLORMAP]))
    # the largest value that was used, by the standard; those of whole bits are written for the range
    used = max((int(value) for tag in (_MAX, _SMAX) for value in _several(tags.get(tag, ()))), default=0)
    if bits == 16 and used < 2**15 and (used + 1).bit_count() == 1 and used > 255:
        bits = used.bit_length()
    return bits, tags.get(_PHOTOMETRIC) == 0 and bits > 8


def description(file: Path) -> str:
    """Describe a TIFF file's layout, from its tags alone; "" if it is none."""
    from PIL import TiffImagePlugin

    with open(file, "rb") as stream:
        header = stream.read(8)
        if not header.startswith(tuple(TiffImagePlugin.PREFIXES)):
            return ""
        try:
            if header[2] == 43 or header[3] == 43:
                header += stream.read(8)
            tags = TiffImagePlugin.ImageFileDirectory_v2(header)
            stream.seek(tags.next)
            tags.load(stream)
            return _described(tags)
        except Exception:  # damaged
            return ""


def _described(tags) -> str:
    """Say what a pixel is: ``a TIFF of 3 floating-point samples a pixel of 32 bits, RGB``."""
    photometric = tags.get(_PHOTOMETRIC)
    count = tags.get(_SAMPLES, 1)
    kind = _KINDS.get(max(_several(tags.get(_FORMAT, 1))), "undefined ")
    samples = f"{kind}samples" if count == 1 else f"{count} {kind}samples per pixel"
    meaning = _MEANINGS.get(photometric, f"PhotometricInterpretation {photometric}")
    planes = ", in planes" if tags.get(_PLANAR, 1) == 2 else ""
    return f"a TIFF of {samples} of {max(_several(tags.get(_BITS, 1)))} bits, {meaning}{planes}"


def _several(value) -> tuple:
    return value if isinstance(value, tuple) else (value,)
