"""The order of names in which numbers count as numbers."""

import re


def natural(name: str) -> list[tuple[str, int, str]]:
    """Sort key that puts ``2.png`` before ``10.png``."""
    parts = [*re.split(r"([0-9]+)", name), "0"]
    return [(text, int(digits), digits) for text, digits in zip(parts[::2], parts[1::2], strict=True)]
