"""Images in any number: in memory while they are few, else in a file that nobody sees."""

import os
import tempfile
from collections.abc import Iterator

import numpy as np

HELD = 2**26  # bytes: 400 images of 224 × 224
_BLOCK = 2**25


class Spool:
    """Images of one size, put in one after another.

    Parameters
    ----------
    folder : path, optional
        Where there is room for the file; by default that of temporary files. It has no name there, so that
        nothing is left of it when the process ends, in whatever way.
    """

    def __init__(self, folder=None):
        """Begin without images."""
        if folder is not None:
            os.makedirs(folder, exist_ok=True)
        self._file = tempfile.SpooledTemporaryFile(max_size=HELD, dir=folder)  # noqa: SIM115 (gone with it)
        self._image: tuple[int, ...] = ()
        self._count = 0

    def __del__(self):  # noqa: D105
        self._file.close()

    def put(self, image: np.ndarray) -> None:
        """Add an image, uint8 (y, x, channel), of the size that the first one had."""
        self._image = self._image or image.shape
        self._file.write(np.ascontiguousarray(image).data)
        self._count += 1

    @property
    def shape(self) -> tuple[int, ...]:
        """(image, y, x, channel)."""
        return (self._count, *self._image)

    @property
    def dtype(self) -> np.dtype:
        """Of all images."""
        return np.dtype(np.uint8)

    def blocks(self) -> Iterator[np.ndarray]:
        """Give all images back, uint8 (image, y, x, channel), some at a time."""
        self._file.seek(0)
        size = int(np.prod(self._image))
        for start in range(0, self._count, max(1, _BLOCK // size)):
            count = min(max(1, _BLOCK // size), self._count - start)
            yield np.frombuffer(self._file.read(count * size), np.uint8).reshape(count, *self._image)

    def images(self) -> "np.ndarray | Spool":
        """Return the images as an array if they are few, else the spool."""
        if np.prod(self.shape) > HELD:
            return self
        self._file.seek(0)
        return np.frombuffer(bytearray(self._file.read()), np.uint8).reshape(self.shape)
