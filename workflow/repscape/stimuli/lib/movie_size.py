"""How many bytes a movie's file has by its structure, to notice one that was cut off."""

from pathlib import Path


def declared_size(path: Path, container: str) -> int | None:
    """Return how many bytes a whole file has at least; None where its kind does not say.

    Parameters
    ----------
    path : file
    container : str
        As FFmpeg names its format.
    """
    size_found = path.stat().st_size
    with open(path, "rb") as file:
        if container.startswith("mov"):
            return _boxes(file, size_found)
        if container.startswith("matroska"):
            return _segment(file)
        if container == "avi":
            return _riffs(file, size_found)
        if container == "asf":
            return _objects(file, size_found)
        if container == "ogg":
            return _pages(file, size_found)
        if container == "mpegts":
            return _packets(file, size_found)
        if container == "gif":
            return _blocks(file)
    return None


def _boxes(file, size_found: int) -> int | None:
    """Return where the last box of an mp4 with content ends (ISO/IEC 14496-12, 4.2)."""
    at, end = 0, None
    while at < size_found:
        file.seek(at)
        head = file.read(16)
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size < 8:  # 0: up to the end of the file
            break
        at += size
        if kind in (b"mdat", b"moov", b"moof"):
            end = at
    return end


def _segment(file) -> int | None:
    """Return where the segment of a Matroska file ends (RFC 8794, 4; RFC 9559, 4.5)."""
    head = file.read(4096)
    at = head.find(b"\x18\x53\x80\x67") + 4
    if at < 4 or at == len(head) or not head[at]:
        return None
    length = 9 - head[at].bit_length()
    size = int.from_bytes(head[at : at + length], "big") & ((1 << 7 * length) - 1)
    return None if size == (1 << 7 * length) - 1 else at + length + size  # all ones: unknown


def _riffs(file, size_found: int) -> int | None:
    """Return where the last part of an avi ends; longer ones than 1 GB have several (OpenDML)."""
    at = 0
    while at < size_found:
        file.seek(at)
        head = file.read(8)
        size = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or size in (0, 0xFFFFFFFF):  # written without an end, such as through a pipe
            break
        at += 8 + size
    return at or None


def _objects(file, size_found: int) -> int | None:
    """Return where the data object of an asf (wmv) ends; objects are a GUID, their size and content."""
    at, data = 0, bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
    while at < size_found:
        file.seek(at)
        head = file.read(24)
        size = int.from_bytes(head[16:], "little")
        if size < 24:  # a broadcast that was not closed
            break
        at += size
        if head[:16] == data:
            return at
    return None


def _pages(file, size_found: int) -> int | None:
    """Return where the last page of an ogg ends (RFC 3533, 6)."""
    begin = max(0, size_found - 2 * 65_307)  # the largest page
    file.seek(begin)
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or at + 27 > len(tail):
        return None if at < 0 else size_found + 1
    segments = tail[at + 26]
    return begin + at + 27 + segments + sum(tail[at + 27 : at + 27 + segments])


def _blocks(file) -> int | None:
    """Return where a gif ends with its trailer; a byte more than it has where that is missing (GIF89a)."""
    data = file.read()

    def after(at: int, flags: int) -> int:  # a table of colours
        return at + (3 << ((flags & 7) + 1) if flags & 128 else 0)

    try:
        at = after(13, data[10])
        while data[at] in b"!,":
            at = after(at + 10, data[at + 9]) + 1 if data[at] == 44 else at + 2
            while data[at]:
                at += data[at] + 1
            at += 1
        return at + 1 if data[at] == 59 else None
    except IndexError:
        return len(data) + 1


def _packets(file, size_found: int) -> int | None:
    """Return the size of a transport stream of whole packets (ISO/IEC 13818-1, 2.4.3.2; also m2ts)."""
    head = file.read(5 + 204)
    for first, length in ((0, 188), (4, 192), (0, 204)):
        if head[first : first + 1] == head[first + length : first + length + 1] == b"G":
            return -(-size_found // length) * length
    return None
