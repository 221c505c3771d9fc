"""What the bytes of a picture's file say that Pillow does not: damage, depth, kinds that are not read."""

import zlib
from pathlib import Path

from repscape.core.errors import DataError


def check_png(data: bytes) -> None:
    """Refuse a PNG whose pixels are not those of their checksum, which Pillow may not compare."""
    at = 8
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 8 + length
        checked = int.from_bytes(data[end : end + 4], "big")
        if kind == b"IDAT" and zlib.crc32(data[at + 4 : end]) != checked:
            raise DataError("damaged or truncated (a checksum of the PNG's pixels is wrong)")
        at = end + 4


def check_jpeg(data: bytes) -> None:
    """Refuse a JPEG of which a part is lost: libjpeg fills it with grey and says nothing to Pillow.

    libav is asked, which stops at the first error in the coded pixels. What else it cannot read passes.
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
    segments, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if not (0xE0 <= data[at + 1] <= 0xEF or data[at + 1] == 0xFE):
            segments.append(data[at:end])
        at = end
    return b"".join([*segments, data[at:]])


def jpeg2000_bits(data: bytes, mode: str) -> int:
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
            f"a JPEG 2000 of {len(sizes)} {signed}samples per pixel of {bits} bits, which is not "
            "supported; save it as PNG with 8 or 16 bits"
        )
    return bits


def unread_jpeg(file: Path) -> str:
    """Describe a JPEG of a kind that is not read; "" if it is none."""
    data = file.read_bytes()[: 2**20]
    at = 2
    while data.startswith(b"\xff\xd8") and at + 5 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            lossless = "lossless " if kind in (0xC3, 0xC7, 0xCB, 0xCF) else ""
            return f"a {lossless}JPEG with {data[at + 4]} bits per sample"
        if kind == 0xF7:
            return f"a JPEG-LS with {data[at + 4]} bits per sample"
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return ""
