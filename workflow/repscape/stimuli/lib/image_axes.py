"""Which axis of an array of images is what: as the user says, or as only one reading of its shape can be."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from repscape.core.errors import DataError

STACK, COLOUR_STACK = ("image", "y", "x"), ("image", "y", "x", "channel")
GREY_PICTURE, PICTURE = ("y", "x"), ("y", "x", "channel")
CHANNELS = (1, 3, 4)  # grey, RGB, RGB with transparency
# Images of sides further apart are rather cut along another axis than that of images
_THIN = 4
_RATIOS = (1, 5 / 4, 4 / 3, 3 / 2, 8 / 5, 16 / 9)


def axes_of(shapes: Mapping[Path, tuple[int, ...]], axes: Sequence[str] | None) -> tuple[str, ...]:
    """Return the axes of all files, in their order: those given, or the only likely ones of their shapes.

    Parameters
    ----------
    shapes : mapping of file to its array's shape
    axes : sequence of str, optional

    Raises
    ------
    DataError
        The files differ in their axes, or could have several.
    """
    first, *others = shapes
    for file in others:
        if len(shapes[file]) != len(shapes[first]):
            raise DataError(
                f"expected files of the same axes; {first} has shape {shapes[first]}, {file} "
                f"{shapes[file]}. Make them separate stimuli."
            )
    if axes is not None:
        return tuple(axes)
    for file, shape in shapes.items():
        likely = _likely(shape, alone=not others)
        if len(likely) != 1:
            ways = "; or ".join(
                f"[{', '.join(way)}], {_words(shape, way)}" for way in likely or _possible(shape)
            )
            raise DataError(
                f"{file}: an array of shape {shape} can be read in several ways, or in an unusual way. "
                f"Name its axes with 'axes': {ways or 'none of its axes is one of 1, 3 or 4 channels'}."
            )
    found = {_likely(shape, alone=not others)[0] for shape in shapes.values()}
    if len(found) > 1:
        raise DataError(
            f"expected files of the same axes; {first} has shape {shapes[first]}, other files have stacks "
            "of another kind. Name the axes with 'axes', or make them separate stimuli."
        )
    return found.pop()


def _likely(shape: tuple[int, ...], alone: bool) -> list[tuple[str, ...]]:
    """Return the likely layouts of a shape: none or several where the user has to say it."""
    colours = CHANNELS[1:]
    if len(shape) == 2:
        return [GREY_PICTURE]
    if len(shape) == 4:
        usual = shape[3] in CHANNELS and not (shape[1] in colours or shape[2] in colours)
        return [COLOUR_STACK] if usual else []
    if shape[2] == 1:
        return [PICTURE]
    if shape[0] == 3:  # channels, or images
        return []
    if shape[2] in colours:  # of one file alone they may be images
        return [] if alone else [PICTURE]
    square = shape[0] == shape[1] != shape[2]
    thin = max(shape[1:]) > _THIN * min(shape[1:])
    turned = _of_cameras(*shape[:2]) and not _of_cameras(*shape[1:])  # rather (y, x, image), as MATLAB's
    return [] if square or thin or turned else [STACK]


def _of_cameras(height: int, width: int) -> bool:
    """Whether sides are in a ratio that cameras and screens have, within 1 %."""
    ratio = max(height, width) / min(height, width)
    return any(abs(ratio / usual - 1) < 0.01 for usual in _RATIOS)


def _possible(shape: tuple[int, ...]) -> list[tuple[str, ...]]:
    """List the layouts in use that a shape can have."""
    ways = [
        STACK, ("y", "x", "image"), PICTURE, ("channel", "y", "x"), COLOUR_STACK,
        ("image", "channel", "y", "x"), ("y", "x", "channel", "image"), ("image", "channel", "x", "y"),
        ("channel", "image", "y", "x"), ("channel", "y", "x", "image"),
    ]  # fmt: skip
    return [
        way
        for way in ways
        if len(way) == len(shape) and ("channel" not in way or shape[way.index("channel")] in CHANNELS)
    ]


def _words(shape: tuple[int, ...], way: tuple[str, ...]) -> str:
    size = dict(zip(way, shape, strict=True))
    kind = {None: "grey", 1: "grey", 3: "RGB", 4: "RGB and transparency"}[size.get("channel")]
    count = f"{size['image']} images" if "image" in size else "one picture per file"
    return f"{count}, {size['y']} × {size['x']} (height × width), {kind}"
