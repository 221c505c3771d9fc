"""Types that plugins use for the parameters they take from the config."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PositiveInt

Size = Annotated[tuple[PositiveInt, PositiveInt], Field(description="height and width in pixels")]


class _Asset:
    """Marks a parameter that names files: an address, a path, a pattern (see assets.py)."""


File = Annotated[Path, _Asset]
Files = Annotated[list[Path], _Asset]


@dataclass(frozen=True)
class _Made:
    """Marks a parameter that names a stimulus or a network of the study; the function gets its file."""

    kind: Literal["stimulus", "network"]


StimulusFile = Annotated[Path, _Made("stimulus")]
StimulusFiles = Annotated[list[Path], _Made("stimulus")]
NetworkFile = Annotated[Path, _Made("network")]


def _none(value):
    if value is not None:
        raise ValueError("these images have the size of those they are made from: set 'size' there")


SizeOfMother = Annotated[None, BeforeValidator(_none)]
