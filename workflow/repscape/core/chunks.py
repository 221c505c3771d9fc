"""Cutting what is too long for memory into blocks."""

from collections.abc import Iterator


def slices(length: int, step: int) -> Iterator[slice]:
    """Cut a length into consecutive slices of at most `step`."""
    return (slice(start, min(start + step, length)) for start in range(0, length, step))
