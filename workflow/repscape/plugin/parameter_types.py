"""Types of what the config holds, first of all of the parameters that plugins take from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt


def _height_and_width(size):
    """Say once what a size is, where it is none."""
    if isinstance(size, list | tuple) and len(size) == 2:
        return size
    raise ValueError("expected [height, width] in pixels")


def _drawable(size: tuple[int, int]) -> tuple[int, int]:
    if size[0] * size[1] > MOST_PIXELS:
        raise ValueError(f"expected [height, width] of at most {MOST_PIXELS:,} pixels in all")
    return size


MOST_PIXELS = 89_478_485  # of one image; Pillow's limit, above which a picture is taken for an attack
Size = Annotated[
    tuple[PositiveInt, PositiveInt], BeforeValidator(_height_and_width), AfterValidator(_drawable)
]

# How many images are generated. More is a slip of the pen, such as a zero too many.
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Units = Annotated[int, Field(ge=1, lt=2**31)]  # their indices are int32
Classes = Annotated[int, Field(ge=1, le=1_000_000)]  # outputs of a network
ClassesOrNone = Annotated[int, Field(ge=0, le=1_000_000)]  # 0: its outputs are no classes
Batch = Annotated[int, Field(ge=1, le=65_536)]
Threads = Annotated[int, Field(ge=1, le=1024)]

Period = Annotated[float, Field(gt=0, le=1e6)]  # of a factor that goes round, in its own units
Degrees = Annotated[float, Field(ge=-360, le=360)]
Angles = Annotated[list[Degrees], Field(min_length=1)]

Names = Annotated[
    list[str],
    BeforeValidator(
        lambda value: [value] if isinstance(value, str) else value,
        json_schema_input_type=str | Annotated[list[str], Field(min_length=1)],
    ),
    Field(min_length=1),
]


Numbers = Annotated[
    list[float],
    BeforeValidator(
        lambda value: value if isinstance(value, list | None) else [value],
        json_schema_input_type=float | list[float],
    ),
]


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


def _refuse_size(value):
    if value is not None:
        raise ValueError(
            "these images have the size of the images they are made from: set 'size' of that stimulus"
        )


SizeOfParent = Annotated[None, BeforeValidator(_refuse_size)]


def _formed(layers):
    """Say once what a choice of layers looks like, where it is none."""

    def one(layer) -> bool:
        label, number = layer if isinstance(layer, list | tuple) and len(layer) == 2 else (layer, 0)
        return isinstance(label, str) and isinstance(number, int) and not isinstance(number, bool)

    parts = layers.values() if isinstance(layers, Mapping) else layers
    if all(map(one, parts if isinstance(layers, Mapping | list) else [layers])):
        return layers
    hint = f". Did you mean [[{layers[0]}, {layers[1]}]]?" if isinstance(layers, list) and one(layers) else ""
    raise ValueError(
        "expected blocks, all, a list of layers (conv1, [conv1, 1], features.0, blocks), or a mapping "
        f"from names to layers{hint}"
    )


_Label = str | tuple[str, int]
Layers = Annotated[
    str | list | dict[str, Any],
    BeforeValidator(
        _formed,
        json_schema_input_type=Literal["blocks", "all"] | str | list[_Label] | dict[str, _Label],
    ),
]
