"""Counts and lists in sentences."""

from collections.abc import Iterable


def number(value) -> str:
    """Write a number with thousands: 10,000; other text stays."""
    return f"{int(value):,}" if str(value).isdigit() else str(value)


def plural(count: int, one: str, several: str) -> str:
    """Write a count with its noun."""
    return f"{number(count)} {one if count == 1 else several}"


def listing(items: Iterable) -> str:
    """Join words: a, b and c."""
    items = [str(item) for item in items]
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
