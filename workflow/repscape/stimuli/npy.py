"""Stacks of images in NumPy's ``.npy`` files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from repscape.assets import local_files
from repscape.errors import AssetError, ConfigError, DataError
from repscape.stimuli.frame import Frame
from repscape.stimuli.selection import evenly_spaced
from repscape.types import Files

EXPECTED = "uint8 of shape (T, height, width) or (T, height, width, 3)"


def frames(
    *,
    path: Files,
    start: NonNegativeInt = 0,
    stop: PositiveInt | None = None,
    step: PositiveInt | None = None,
    count: PositiveInt | None = None,
) -> Iterator[Frame]:
    """Take images from stacks, one stack after the other.

    Only the images that are taken are read from the disk. They are named by their index in the
    stack, after the stack's name where there are several.

    Parameters
    ----------
    path : files with uint8 arrays (T, height, width) or (T, height, width, 3)
    start, stop : int
        Take images from index `start` to before `stop`, as in Python's slices.
    step : int, optional
        Take every step-th of these; all of them if `count` is not given either.
    count : int, optional
        Take so many of these from each stack, evenly spaced, the first and the last included.

    Raises
    ------
    DataError
        Names all files that are missing, empty, truncated, of another shape or type, or hold
        pickled objects; a stack has fewer images than `count`.
    ConfigError
        Both `step` and `count` are given.
    """
    check(start=start, stop=stop, step=step, count=count)
    stacks, bad = {}, []
    for file in path:
        try:
            stacks[file] = read(file)
        except DataError as error:
            bad.append(str(error))
    if bad:
        raise DataError(
            f"expected .npy files of {EXPECTED}:\n" + "\n".join(f"  {line}" for line in bad) + "\nSave "
            "the stack again as whole numbers from 0 to 255 (values in 0…1, for example, by "
            "`numpy.save(file, (255 * stack).round().astype('uint8'))`), or leave it out."
        )
    for file, stack in stacks.items():
        prefix = f"{file.stem}_" if len(stacks) > 1 else ""
        for index in _indices(file, len(stack), start, stop, step, count):
            yield Frame(f"{prefix}frame_{index:06d}", np.array(stack[index]))


def check(*, start, stop, step, count) -> None:
    """Refuse parameters that do not go together; the config asks before a job does."""
    if step is not None and count is not None:
        raise ConfigError("expected 'step' or 'count', found both. Remove one of them.")
    if stop is not None and stop <= start:
        raise ConfigError(f"expected 'stop' above 'start' ({start}), found {stop}.")


def about_how_many(*, path, start, stop, step, count) -> int | None:
    """Count the images of stacks that are on this machine, by their headers."""
    try:
        lengths = [len(read(file)) for file in local_files(path, "path")]
    except (AssetError, DataError):  # told by the assets, or by the job
        return None
    return sum(count or len(range(length)[start:stop:step]) for length in lengths)


def read(file: Path) -> np.ndarray:
    """Map a stack into memory.

    Raises
    ------
    DataError
        The file is not a stack of images; the message says what was found.
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
    if stack.dtype != np.uint8 or stack.ndim not in (3, 4) or stack.shape[3:] not in ((), (3,)):
        raise DataError(f"{file}: found {stack.dtype} of shape {stack.shape}")
    if stack.size == 0:
        raise DataError(f"{file}: found no pixels (shape {stack.shape})")
    return stack


def _indices(file, length, start, stop, step, count) -> list[int]:
    chosen = range(length)[start:stop:step]
    if not chosen:
        raise DataError(f"{file}: has {length} images, none from index {start} on. Make 'start' smaller.")
    if count is None:
        return list(chosen)
    if count > len(chosen):
        raise DataError(f"{file}: expected at least {count} images ('count'), found {len(chosen)}.")
    return [chosen[index] for index in evenly_spaced(len(chosen), count)]
