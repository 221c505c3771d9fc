"""Types that plugins use for the parameters they take from the config."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt

Size = Annotated[tuple[PositiveInt, PositiveInt], Field(description="height and width in pixels")]


class _Asset:
    """Marks a parameter that names files: an address, a path, a pattern (see assets.py)."""


File = Annotated[Path, _Asset]
Files = Annotated[list[Path], _Asset]
