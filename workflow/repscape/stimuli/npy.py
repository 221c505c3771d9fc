"""Images in NumPy's ``.npy`` files: stacks, or a picture a file."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from repscape.core.errors import AssetError, ConfigError, DataError
from repscape.core.logs import logger
from repscape.io.assets import local_files
from repscape.plugin.parameter_types import Files
from repscape.stimuli.lib import names
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.picture import GREY, Depth, Picture

Axis = Literal["image", "y", "x", "channel"]
STACK, COLOUR_STACK = ("image", "y", "x"), ("image", "y", "x", "channel")
GREY_PICTURE, PICTURE = ("y", "x"), ("y", "x", "channel")
CHANNELS = (1, 3, 4)  # grey, RGB, RGB with transparency
EXPECTED = "uint8 of shape (T, height, width) or (T, height, width, 1, 3 or 4), or a picture a file"
# Images of sides further apart are rather cut along another axis than that of images
_THIN = 4
_RATIOS = (1, 5 / 4, 4 / 3, 3 / 2, 8 / 5, 16 / 9)


def frames(
    *,
    path: Files,
    axes: list[Axis] | None = None,
    start: NonNegativeInt = 0,
    stop: PositiveInt | None = None,
    step: PositiveInt | None = None,
    count: PositiveInt | None = None,
) -> Iterator[Frame]:
    """Take images from stacks, one stack after the other, or from files of a picture each.

    Only the images that are taken are read from the disk. Those of stacks are named by their index in the
    stack, after the stack's name where there are several; pictures as their files (`stimuli.names`).

    Parameters
    ----------
    path : files with uint8 arrays
    axes : list of str, optional
        The axes of every file in their order, ``[image, channel, y, x]`` for one. By default files are
        stacks (image, y, x) or (image, y, x, channel); several files (y, x, channel) and files (y, x) are
        pictures. Shapes that could be something else need it. A channel has 1 value (grey), 3 (RGB) or 4
        (RGB and transparency, which is laid over mean grey, 128).
    start, stop : int
        Take images from index `start` to before `stop`, as in Python's slices; of pictures a file, of these
        files in their order.
    step : int, optional
        Take every step-th of these; all of them if `count` is not given either.
    count : int, optional
        Take so many of these from each stack, evenly spaced, the first and the last included.

    Raises
    ------
    DataError
        Names all files that are missing, empty, truncated, of another shape or type, or hold
        pickled objects; a stack has fewer images than `count`; shapes can be read in several ways; all pixels
        are 0 or 1.
    ConfigError
        Both `step` and `count` are given; `axes` are not those of images.
    """
    check(axes=axes, start=start, stop=stop, step=step, count=count)
    arrays, bad = {}, []
    for file in path:
        try:
            arrays[file] = read(file)
        except DataError as error:
            bad.append(str(error))
    if bad:
        raise DataError(
            f"expected .npy files of {EXPECTED}:\n" + "\n".join(f"  {line}" for line in bad) + "\nSave "
            "the stack again as whole numbers from 0 to 255 (values in 0…1, for example, by "
            "`numpy.save(file, (255 * stack).round().astype('uint8'))`), or leave it out."
        )
    order = _axes({file: array.shape for file, array in arrays.items()}, axes)
    stacks = {file: _ordered(file, array, order) for file, array in arrays.items()}
    depth = Depth()
    for name, pixels in _taken(stacks, order, start, stop, step, count):
        shown = _pixels(pixels)
        depth.add(Picture(shown))
        yield Frame(name, shown)
    depth.check(f"{path[0]}, the stimulus's first file" if len(path) > 1 else str(path[0]))


def check(*, axes, start, stop, step, count) -> None:
    """Refuse parameters that do not go together; the config asks before a job does."""
    if axes is not None and (len(set(axes)) < len(axes) or not {"y", "x"} <= set(axes)):
        raise ConfigError(
            "axes: expected 'y' and 'x', and 'image' and 'channel' where the files have them, each once; "
            f"found {', '.join(axes)}."
        )
    if step is not None and count is not None:
        raise ConfigError("expected 'step' or 'count', found both. Remove one of them.")
    if stop is not None and stop <= start:
        raise ConfigError(f"expected 'stop' above 'start' ({start}), found {stop}.")


def about_how_many(*, path, axes, start, stop, step, count) -> int | None:
    """Count the images of files that are on this machine, by their headers."""
    try:
        files = local_files(path, "path")
        shapes = {file: read(file).shape for file in files}
        order = _axes(shapes, axes)
    except (AssetError, DataError):  # told by the assets, or by the job
        return None
    if "image" not in order:
        return count or len(range(len(files))[start:stop:step])
    at = order.index("image")
    return sum(count or len(range(shape[at])[start:stop:step]) for shape in shapes.values())


def read(file: Path) -> np.ndarray:
    """Map an array into memory.

    Raises
    ------
    DataError
        The file holds no images; the message says what was found.
    """
    if not file.is_file():
        raise DataError(f"{file}: missing")
    if file.stat().st_size == 0:
        raise DataError(f"{file}: empty (0 bytes)")
    try:
        stack = np.lib.format.open_memmap(file, mode="r")
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        found = "pickled Python objects" if "Python objects" in str(error) else "not a whole .npy file"
        raise DataError(f"{file}: found {found} ({error})") from error
    if stack.dtype != np.uint8 or stack.ndim not in (2, 3, 4):
        raise DataError(f"{file}: found {stack.dtype} of shape {stack.shape}")
    if stack.size == 0:
        raise DataError(f"{file}: found no pixels (shape {stack.shape})")
    return stack


def _axes(shapes: Mapping[Path, tuple[int, ...]], axes: Sequence[str] | None) -> tuple[str, ...]:
    """Return the axes of all files: those given, or the only ones that their shapes can be meant by.

    Raises
    ------
    DataError
        The files differ in their axes, or could have several.
    """
    first, *others = shapes
    for file in others:
        if len(shapes[file]) != len(shapes[first]):
            raise DataError(
                f"expected files of the same axes; {first} has shape {shapes[first]}, {file} {shapes[file]}. "
                "Make them stimuli of their own."
            )
    if axes is not None:
        return tuple(axes)
    for file, shape in shapes.items():
        meant = _meant(shape, alone=not others)
        if len(meant) != 1:
            ways = "; or ".join(
                f"[{', '.join(way)}], {_words(shape, way)}" for way in meant or _possible(shape)
            )
            raise DataError(
                f"{file}: an array of shape {shape} can be read in several ways, or in an unusual one. Say "
                f"by 'axes' which axis is what: {ways or 'none of its axes is one of 1, 3 or 4 channels'}."
            )
    meant = {_meant(shape, alone=not others)[0] for shape in shapes.values()}
    if len(meant) > 1:
        raise DataError(
            f"expected files of the same axes; {first} has shape {shapes[first]}, others have stacks of "
            "another kind. Say by 'axes' which axis is what, or make them stimuli of their own."
        )
    return meant.pop()


def _meant(shape: tuple[int, ...], alone: bool) -> list[tuple[str, ...]]:
    """Return the layouts that a shape is likely meant by: none or several where it must be asked."""
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
    count = f"{size['image']} images" if "image" in size else "a picture a file"
    return f"{count}, {size['y']} × {size['x']} (height × width), {kind}"


def _ordered(file: Path, array: np.ndarray, order: tuple[str, ...]) -> np.ndarray:
    """Bring a file's axes into the order (image, y, x, channel); without copying.

    Raises
    ------
    DataError
        It has another number of axes or of channels.
    """
    if array.ndim != len(order):
        raise DataError(f"{file}: 'axes' are {len(order)} ({', '.join(order)}), its shape is {array.shape}.")
    if "channel" in order and array.shape[order.index("channel")] not in CHANNELS:
        raise DataError(
            f"{file}: expected 1, 3 or 4 channels, found {array.shape[order.index('channel')]} (shape "
            f"{array.shape}, axes {', '.join(order)})."
        )
    array = array.transpose([order.index(axis) for axis in COLOUR_STACK if axis in order])
    return array if "image" in order else array[np.newaxis]


def _taken(stacks: Mapping[Path, np.ndarray], order, start, stop, step, count) -> Iterator[tuple]:
    """Yield the name and the pixels of each image that is taken, and log which these are."""
    if "image" in order:
        for file, stack in stacks.items():
            prefix = f"{file.stem}_" if len(stacks) > 1 else ""
            indices = _indices(file, len(stack), start, stop, step, count)
            logger.info("%s: %s", file, _told(indices, stack, order))
            yield from ((f"{prefix}frame_{index:06d}", stack[index]) for index in indices)
        return
    files = list(stacks)
    indices = _indices(f"{files[0]} and the others", len(files), start, stop, step, count)
    named = names.of_files(files)
    first, last = (named[files[indices[at]]] for at in (0, -1))
    logger.info(
        "%d of %d files, a picture each (%s), from %s to %s",
        *(len(indices), len(files), ", ".join(order), first, last),
    )
    yield from ((named[files[index]], stacks[files[index]][0]) for index in indices)


def _told(indices: Sequence[int], stack: np.ndarray, order: Sequence[str]) -> str:
    """Say which images of a stack are taken."""
    height, width = stack.shape[1:3]
    return (
        f"{len(indices)} of {len(stack)} images of {height} × {width} (height × width; axes "
        f"{', '.join(order)}), from index {indices[0]} to {indices[-1]}"
    )


def _pixels(image: np.ndarray) -> np.ndarray:
    """Return uint8 pixels (y, x) or (y, x, 3), in memory, without transparency."""
    image = np.array(image, order="C")
    if image.ndim == 2 or image.shape[2] == 3:
        return image
    if image.shape[2] == 1:
        return image[..., 0]
    alpha = image[..., 3:] / 255
    return np.rint(image[..., :3] * alpha + GREY * (1 - alpha)).astype(np.uint8)


def _indices(what, length, start, stop, step, count) -> list[int]:
    chosen = range(length)[start:stop:step]
    if not chosen:
        raise DataError(f"{what}: has {length} images, none from index {start} on. Make 'start' smaller.")
    if count is None:
        return list(chosen)
    if count > len(chosen):
        raise DataError(f"{what}: expected at least {count} images ('count'), found {len(chosen)}.")
    return [chosen[index] for index in evenly_spaced(len(chosen), count)]
