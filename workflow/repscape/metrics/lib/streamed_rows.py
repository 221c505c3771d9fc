"""Answers to more images than fit into memory: read block by block, where an array would be sliced."""

from collections.abc import Callable

import numpy as np

from repscape.core.chunks import slices


class Rows:
    """The answers of the drawn units to many images, as a float array (image, unit) of which blocks are read.

    Parameters
    ----------
    read : callable
        Takes a slice of images, returns the array (image, unit) of their answers.
    images, units : int
    """

    def __init__(self, read: Callable[[slice], np.ndarray], images: int, units: int):
        """Remember where answers come from."""
        self._read = read
        self.shape = images, units

    @classmethod
    def of(cls, recorded, columns: np.ndarray, memory: int) -> "Rows":
        """Take drawn units of recorded ones: held if they fit into so many bytes, or else read again.

        Parameters
        ----------
        recorded : array or netCDF4.Variable (image, unit)
        columns : int array (draw,)
            Places of the drawn units among the recorded ones.
        memory : int
        """
        images = recorded.shape[0]
        whole = len(columns) == recorded.shape[1] and np.array_equal(columns, np.arange(len(columns)))

        def read(block: slice) -> np.ndarray:
            if whole:
                return recorded[block]
            stop = min(block.stop, images)
            drawn = np.empty((stop - block.start, len(columns)), np.float32)
            # few images at once, however many units are recorded beside the drawn ones
            for part in slices(len(drawn), max(1, 2**24 // recorded.shape[1])):
                there = slice(block.start + part.start, block.start + part.stop)
                drawn[part] = np.take(recorded[there], columns, axis=1)
            return drawn

        if images * len(columns) * 4 > memory:
            return cls(read, images, len(columns))
        held = read(slice(0, images))
        return cls(held.__getitem__, *held.shape)

    def __len__(self) -> int:
        """Return the number of images."""
        return self.shape[0]

    def __getitem__(self, block: slice) -> np.ndarray:
        """Return the answers to consecutive images."""
        return self._read(block)

    @property
    def size(self) -> int:
        """How many answers there are."""
        return self.shape[0] * self.shape[1]

    def max(self) -> float:
        """Return the largest answer; NaN where one is, as of an array."""
        return np.max([self[block].max() for block in slices(len(self), max(1, 2**22 // self.shape[1]))])

    def mapped(self, function: Callable[[np.ndarray], np.ndarray]) -> "Rows":
        """Apply a function of each image's answers, an array (image, unit), to blocks when they are read."""
        return Rows(lambda block: function(self[block]), *self.shape)
