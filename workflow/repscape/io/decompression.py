"""Compressed files that would fill the memory: a few megabytes that claim to be, or are, many gigabytes.

Data are compressed too, and sparse ones strongly, so only what is large and hundreds of times its size on
the disk is refused; who means it can save it without compression.
"""

import struct
import zipfile
import zlib
from pathlib import Path

from repscape.core.errors import DataError

SIZE = 2**30  # bytes
RATIO = 200  # zeros reach 1,032; counts of spikes, one in a hundred bins as float64, 240
_COMPRESSED = 15  # the tag of compressed elements in .mat files


def check(packed: int, unpacked: int, what) -> None:
    """Refuse what is far larger than its size on the disk.

    Parameters
    ----------
    packed, unpacked : int
        Bytes on the disk and when read.
    what : path or text
        For the message.

    Raises
    ------
    DataError
    """
    if unpacked > SIZE and unpacked > RATIO * packed:
        raise DataError(
            f"{what}: refused, since {packed:,} bytes would become {unpacked:,} or more when read, as in a "
            "decompression bomb. If the data are right, save them without compression or in a smaller "
            "type."
        )


def check_zip(file: Path) -> None:
    """Check a zip archive by its directory; what is no zip archive, or a damaged one, passes to its reader.

    Members that share bytes count each, the archive's bytes once.

    Raises
    ------
    DataError
    """
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        return
    check(file.stat().st_size, unpacked, file)


def check_mat(file: Path, chunk: int = 2**24) -> None:
    """Check the compressed variables of a .mat file of version 5, by decompressing them and keeping nothing.

    Parameters
    ----------
    file : path
    chunk : int
        Bytes that are decompressed at a time.

    Raises
    ------
    DataError
    """
    with open(file, "rb") as stream:
        header = stream.read(128)
        order = "<" if header[126:] == b"IM" else ">"
        while len(tag := stream.read(8)) == 8:
            kind, size = struct.unpack(f"{order}II", tag)
            after = stream.tell() + size
            if kind == _COMPRESSED:
                _check_deflated(stream, size, file, chunk)
            stream.seek(after)


def _check_deflated(stream, size: int, file: Path, chunk: int) -> None:
    decompressor, left, unpacked = zlib.decompressobj(), size, 0
    while left and not decompressor.eof:
        waiting = stream.read(min(left, chunk))
        left -= len(waiting)
        if not waiting:
            return  # truncated: its reader says so
        while waiting:
            try:
                unpacked += len(decompressor.decompress(waiting, chunk))
            except zlib.error:
                return  # damaged: its reader says so
            check(size, unpacked, file)
            waiting = decompressor.unconsumed_tail
