"""Activity of more images than fit into memory: read block by block, where an array would be sliced."""

from collections.abc import Callable

import numpy as np

from repscape.core.chunks import slices

# A block of pairs is of so many values at most, and so is a block of rows: 128 MB of them each. Larger ones
# are not faster. They do not depend on the memory that there is, so neither do results.
BLOCK = 2**24


class Rows:
    """The activity of the drawn units, as a float array (image, unit) of which blocks are read.

    Parameters
    ----------
    read : callable
        Takes a slice of images, returns their activity, an array (image, unit).
    images, units : int
    block : int
        Values in a block of rows, or of pairs, that what reads them may have in memory.
    """

    def __init__(self, read: Callable[[slice], np.ndarray], images: int, units: int, block: int = BLOCK):
        """Remember how activity is read."""
        self._read = read
        self.shape = images, units
        self.block = block

    @classmethod
    def of(cls, recorded, columns: np.ndarray, memory: int, block: int = BLOCK) -> "Rows":
        """Take drawn units of recorded ones: read once if they fit into so many bytes, or else again.

        Parameters
        ----------
        recorded : array or netCDF4.Variable (image, unit)
        columns : int array (draw,)
            The columns that were drawn.
        memory, block : int
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
                rows = slice(block.start + part.start, block.start + part.stop)
                drawn[part] = np.take(recorded[rows], columns, axis=1)
            return drawn

        if images * len(columns) * 4 > memory:
            return cls(read, images, len(columns), block)
        in_memory = read(slice(0, images))
        return cls(in_memory.__getitem__, images, len(columns), block)

    def __len__(self) -> int:
        """Return the number of images."""
        return self.shape[0]

    def __getitem__(self, block: slice) -> np.ndarray:
        """Return the activity of consecutive images."""
        return self._read(block)

    @property
    def size(self) -> int:
        """How many values there are."""
        return self.shape[0] * self.shape[1]

    def max(self) -> float:
        """Return the largest value; NaN where one is, as of an array."""
        return np.max([self[block].max() for block in slices(len(self), max(1, 2**22 // self.shape[1]))])

    def mapped(self, function: Callable[[np.ndarray], np.ndarray]) -> "Rows":
        """Apply a function of activity (image, unit), image by image, to blocks when they are read."""
        return Rows(lambda block: function(self[block]), *self.shape, self.block)
