"""Images in NumPy's ``.npy`` files: stacks, or a picture a file."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from repscape.core.errors import AssetError, ConfigError, DataError
from repscape.core.evenly_spaced import evenly_spaced
from repscape.core.logs import logger
from repscape.io.assets import local_files
from repscape.plugin.contract import Stimulus, parameter
from repscape.plugin.parameter_types import Files
from repscape.stimuli.lib import names
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.image_axes import CHANNELS, COLOUR_STACK, axes_of
from repscape.stimuli.lib.picture import GREY, Depth, Picture

Axis = Literal["image", "y", "x", "channel"]
EXPECTED = "uint8 of shape (T, height, width) or (T, height, width, 1, 3 or 4), or one picture per file"


class Npy(Stimulus):
    """Images in NumPy's ``.npy`` files: of stacks, one stack after the other, or of files of a picture each.

    Only the images that are taken are read from the disk. Those of stacks are named by their index in the
    stack, after the stack's name where there are several; pictures as their files.
    """

    path: Files = parameter("The files, with uint8 arrays.")
    axes: list[Axis] | None = parameter(
        "The axes of every file in their order, such as ``[image, channel, y, x]``. By default files are "
        "stacks (image, y, x) or (image, y, x, channel); several files (y, x, channel) and files (y, x) "
        "are pictures. For shapes that could be something else, `axes` is required. There are 1 channel "
        "(grey), 3 (RGB) or 4 (RGB and transparency, which is laid over mean grey, 128).",
        None,
    )
    start: NonNegativeInt = parameter(
        "The index of the first image in each stack, from 0; with one picture per file, of the first file.", 0
    )
    stop: PositiveInt | None = parameter("The index before which to stop, as in Python's slices.", None)
    step: PositiveInt | None = parameter("Take every step-th image; by default all.", None)
    count: PositiveInt | None = parameter(
        "Instead of `step`: take this many images from each stack, evenly spaced, including the first and "
        "the last.",
        None,
    )

    def images(self) -> Iterator[Frame]:
        """Take the images.

        Raises
        ------
        DataError
            Names all files that are missing, empty, truncated, of another shape or type, or hold pickled
            objects; a stack has fewer images than `count`; shapes can be read in several ways; all pixels are
            0 or 1.
        """
        self.check()
        arrays = _arrays(self.path)
        order = axes_of({file: array.shape for file, array in arrays.items()}, self.axes)
        stacks = {file: _ordered(file, array, order) for file, array in arrays.items()}
        depth = Depth()
        take = self._from_stacks if "image" in order else self._from_files
        for name, pixels in take(stacks, order):
            shown = _pixels(pixels)
            depth.add(Picture(shown))
            yield Frame(name, shown)
        depth.check(f"{self.path[0]}, the stimulus's first file" if len(self.path) > 1 else str(self.path[0]))

    def check(self) -> None:
        """Refuse axes that images do not have, and slices that take nothing."""
        if self.axes is not None and (
            len(set(self.axes)) < len(self.axes) or not {"y", "x"} <= set(self.axes)
        ):
            raise ConfigError(
                "axes: expected 'y' and 'x', and 'image' and 'channel' where the files have them, each once; "
                f"found {', '.join(self.axes)}."
            )
        if self.step is not None and self.count is not None:
            raise ConfigError("expected 'step' or 'count', found both. Remove one of them.")
        if self.stop is not None and self.stop <= self.start:
            raise ConfigError(f"expected 'stop' above 'start' ({self.start}), found {self.stop}.")

    def estimated_image_count(self) -> int | None:
        """Count the images of files that are on this machine, by their headers."""
        try:
            shapes = {file: read(file).shape for file in local_files(self.addresses("path"), "path")}
            order = axes_of(shapes, self.axes) if shapes else ()
        except (AssetError, DataError):  # reported with the assets, or by the job
            return None
        if not shapes:  # to be downloaded
            return None
        of_each = [len(shapes)]
        if "image" in order:
            of_each = [shape[order.index("image")] for shape in shapes.values()]
        return sum(self.count or len(self._slice(length)) for length in of_each)

    def _slice(self, length: int) -> range:
        return range(length)[self.start : self.stop : self.step]

    def _indices(self, length: int, what: str) -> list[int]:
        """Return which of so many images are taken; `what` has them.

        Raises
        ------
        DataError
            There are too few.
        """
        found = self._slice(length)
        if not found:
            raise DataError(
                f"{what}: found no image from index {self.start} on, only {length} in all. Set a smaller "
                "'start'."
            )
        if self.count is None:
            return list(found)
        if self.count > len(found):
            raise DataError(f"{what}: expected at least {self.count} images ('count'), found {len(found)}.")
        return [found[index] for index in evenly_spaced(len(found), self.count)]

    def _from_stacks(
        self, stacks: Mapping[Path, np.ndarray], axes: Sequence[str]
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Yield the name and the pixels of each image that is taken, and log which these are."""
        for file, stack in stacks.items():
            prefix = f"{file.stem}_" if len(stacks) > 1 else ""
            indices = self._indices(len(stack), str(file))
            height, width = stack.shape[1:3]
            logger.info(
                "%s: %d of %d images of %d × %d (height × width; axes %s), from index %d to %d",
                *(file, len(indices), len(stack), height, width, ", ".join(axes), indices[0], indices[-1]),
            )
            yield from ((f"{prefix}frame_{index:06d}", stack[index]) for index in indices)

    def _from_files(
        self, pictures: Mapping[Path, np.ndarray], axes: Sequence[str]
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Yield the name and the pixels of each picture that is taken, and log which these are."""
        files = list(pictures)
        indices = self._indices(len(files), f"{files[0]} and the others")
        named = names.of_files(files)
        first, last = (named[files[indices[at]]] for at in (0, -1))
        logger.info(
            "%d of %d files, one picture each (%s), from %s to %s",
            *(len(indices), len(files), ", ".join(axes), first, last),
        )
        yield from ((named[files[index]], pictures[files[index]][0]) for index in indices)


def _arrays(files: Sequence[Path]) -> dict[Path, np.ndarray]:
    """Map the arrays of all files into memory, or name all files that have none."""
    arrays, bad = {}, []
    for file in files:
        try:
            arrays[file] = read(file)
        except DataError as error:
            bad.append(f"  {error}\n")
    if bad:
        raise DataError(
            f"expected .npy files of {EXPECTED}:\n{''.join(bad)}Save the stack again as whole numbers from "
            "0 to 255 (for values in 0…1, with `numpy.save(file, (255 * "
            "stack).round().astype('uint8'))`), or leave it out."
        )
    return arrays


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


def _ordered(file: Path, array: np.ndarray, order: tuple[str, ...]) -> np.ndarray:
    """Bring a file's axes into the order (image, y, x, channel); without copying.

    Raises
    ------
    DataError
        It has another number of axes or of channels.
    """
    if array.ndim != len(order):
        raise DataError(
            f"{file}: 'axes' names {len(order)} axes ({', '.join(order)}), but the array has the shape "
            f"{array.shape}."
        )
    if "channel" in order and array.shape[order.index("channel")] not in CHANNELS:
        raise DataError(
            f"{file}: expected 1, 3 or 4 channels, found {array.shape[order.index('channel')]} (shape "
            f"{array.shape}, axes {', '.join(order)})."
        )
    array = array.transpose([order.index(axis) for axis in COLOUR_STACK if axis in order])
    return array if "image" in order else array[np.newaxis]


def _pixels(image: np.ndarray) -> np.ndarray:
    """Return uint8 pixels (y, x) or (y, x, 3), in memory, without transparency."""
    image = np.array(image, order="C")
    if image.ndim == 2 or image.shape[2] == 3:
        return image
    if image.shape[2] == 1:
        return image[..., 0]
    alpha = image[..., 3:] / 255
    return np.rint(image[..., :3] * alpha + GREY * (1 - alpha)).astype(np.uint8)
