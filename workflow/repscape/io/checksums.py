"""Checksums at the end of a file, which prove to its reader that it is what was written.

A file is followed by a CRC-32 of each of its blocks, by what it is of (the path under which a job wrote it),
and by a CRC-32 of these. HDF5, and PyTorch's archives, take no notice of what follows them. One flipped bit
in a block is always found, and of other damage all but one in 4 billion. Blocks are checked by themselves, so
that a job that reads some of many images need not read all.
"""

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

BLOCK = 2**20  # bytes
BLOCKS = 4096  # at most: PyTorch looks for the end of its archive in the last 64 KiB
_END = struct.Struct("<QQIII8s")  # bytes of the file, of a block, of the description; two checksums; the mark
_MARK = b"RSCPCRC1"
_CHUNK = 2**20

# The blocks that this process has checked, by file.
_checked: dict[tuple, set[int]] = {}


class Damaged(Exception):
    """A file is not what was written."""


class Unmarked(Damaged):
    """A file has no checksums: it was cut off, or an earlier version or another program wrote it."""


def append(path, described: Mapping[str, Any], block: int = BLOCK) -> None:
    """Append the checksums and the description of a file.

    Parameters
    ----------
    path : str or Path
    described : mapping
        The description.
    block : int
        Bytes of a block, at least.
    """
    with open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        block = max(block, -(-size // BLOCKS))
        file.seek(0)
        sums = [_sum(file, min(block, size - start)) for start in range(0, size, block)]
        packed = struct.pack(f"<{len(sums)}I", *sums)
        text = json.dumps(described, sort_keys=True).encode()
        head = _END.pack(size, block, len(text), zlib.crc32(packed), zlib.crc32(text), _MARK)
        file.write(packed + text + head + struct.pack("<I", zlib.crc32(head)))


def check(path, rows: range | None = None) -> dict[str, Any]:
    """Check a file and return its description.

    Parameters
    ----------
    path : str or Path
    rows : range, optional
        Of the file's largest variable only these rows, along its first dimension, will be read: its other
        blocks need not be checked.

    Raises
    ------
    Damaged
        A block is not what was written. Unmarked: there are no checksums.
    OSError
        The file cannot be read.
    """
    with open(path, "rb") as file:
        found = os.fstat(file.fileno())
        size, block, sums, described = _end(file, found.st_size)
        state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        checked = _checked.setdefault(state, set())
        for number in _blocks(size, block, described.get("largest"), rows):
            if number in checked:
                continue
            file.seek(number * block)
            length = min(block, size - number * block)
            if _sum(file, length) != sums[number]:
                raise Damaged(
                    f"some of the bytes {number * block:,} to {number * block + length:,} have changed"
                )
            checked.add(number)
    return described


def _end(file: BinaryIO, total: int) -> tuple[int, int, tuple[int, ...], dict]:
    """Read what follows the file's content."""
    length = _END.size + 4
    file.seek(max(0, total - length))
    end = file.read(length)
    if len(end) < length or end[-12:-4] != _MARK:
        raise Unmarked(
            "it has no checksums at its end: it was cut short, or another program or an earlier version "
            "wrote it"
        )
    if struct.pack("<I", zlib.crc32(end[:-4])) != end[-4:]:
        raise Damaged("its checksums have changed")
    size, block, texts, of_sums, of_text, _ = _END.unpack(end[:-4])
    count = -(-size // block)
    if size + 4 * count + texts + length != total:
        raise Damaged(f"expected {size + 4 * count + texts + length:,} bytes, found {total:,}")
    file.seek(size)
    packed, text = file.read(4 * count), file.read(texts)
    if zlib.crc32(packed) != of_sums or zlib.crc32(text) != of_text:
        raise Damaged("its checksums have changed")
    return size, block, struct.unpack(f"<{count}I", packed), json.loads(text)


def _blocks(size: int, block: int, largest: Mapping | None, rows: range | None) -> Iterator[int]:
    count = -(-size // block)
    if largest is None or rows is None:
        yield from range(count)
        return
    start, each = largest["offset"], largest["bytes"] // largest["rows"]
    stop = start + each * largest["rows"]
    yield from range(min(count, -(-start // block)))
    if rows:
        yield from range((start + each * rows.start) // block, -(-(start + each * rows.stop) // block))
    yield from range(stop // block, count)


def _sum(file: BinaryIO, length: int) -> int:
    """Return the CRC-32 of the next bytes of a file."""
    total, buffer = 0, memoryview(bytearray(min(length, _CHUNK)))
    while length:
        read = file.readinto(buffer[: min(length, _CHUNK)])  # type: ignore[attr-defined]
        if not read:
            raise Damaged("it is shorter than it was written")
        total = zlib.crc32(buffer[:read], total)
        length -= read
    return total
