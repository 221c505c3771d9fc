"""Images in any number: in memory while they are few, else in a temporary file without a name."""

import os
import tempfile
from collections.abc import Iterator

import numpy as np

IN_MEMORY = 2**26  # bytes: 400 images of 224 × 224


class ImageBuffer:
    """Images, put in one after another: as one array where they have one size, else as their pixels.

    Parameters
    ----------
    folder : path, optional
        Where the file is made; by default the folder of temporary files. It has no name, so that nothing is
        left of it when the process ends, in whatever way.
    in_memory : int
        Bytes up to which images stay in memory.
    block : int
        Bytes of what `blocks` yields.

    Attributes
    ----------
    sizes : list of (height, width)
        Of each image.
    """

    def __init__(self, folder=None, in_memory: int = IN_MEMORY, block: int = 2**25):
        """Begin without images."""
        if folder is not None:
            os.makedirs(folder, exist_ok=True)
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory, dir=folder)  # noqa: SIM115 (gone with it)
        self._in_memory, self._block = in_memory, block
        self.sizes: list[tuple[int, int]] = []

    def __del__(self):  # noqa: D105
        self._file.close()

    def add(self, image: np.ndarray) -> None:
        """Add an image, uint8 (y, x, 3)."""
        self._file.write(np.ascontiguousarray(image).data)
        self.sizes.append((image.shape[0], image.shape[1]))

    @property
    def alike(self) -> bool:
        """Whether all images have one size."""
        return len(set(self.sizes)) <= 1

    @property
    def first_pixels(self) -> np.ndarray:
        """Where each image begins among the pixels of all, int64 (image,)."""
        lengths = [height * width for height, width in self.sizes]
        return np.cumsum([0, *lengths], dtype=np.int64)[:-1]

    @property
    def shape(self) -> tuple[int, ...]:
        """(image, y, x, channel) of images of one size, else (pixel, channel)."""
        if self.alike:
            return (len(self.sizes), *(self.sizes or [(0, 0)])[0], 3)
        return (sum(height * width for height, width in self.sizes), 3)

    @property
    def dtype(self) -> np.dtype:
        """Of all images."""
        return np.dtype(np.uint8)

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield all images, or pixels, some at a time along the first dimension."""
        self._file.seek(0)
        total, *one = self.shape
        size = int(np.prod(one))
        for start in range(0, total, max(1, self._block // size)):
            count = min(max(1, self._block // size), total - start)
            yield np.frombuffer(self._file.read(count * size), np.uint8).reshape(count, *one)

    def images(self) -> "np.ndarray | ImageBuffer":
        """Return the images, or pixels, as an array if they are few, else the buffer."""
        if np.prod(self.shape) > self._in_memory:
            return self
        self._file.seek(0)
        return np.frombuffer(bytearray(self._file.read()), np.uint8).reshape(self.shape)
