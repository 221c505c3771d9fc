"""Carries images from a file to where a network runs, and values from there into files.

On a CPU that is done in turn with the network. A GPU need not wait for it: one thread beside the one
that drives the GPU does all reading and writing, for netCDF's library must not be used by two at once.
It reads the next images ahead, and writes what was gathered when that has come out of the GPU.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch

from repscape.traced import WAITING


class IoThread:
    """Reads images and writes values: in turn, or `beside` in a separate thread until it is left.

    What is written is there when it is left without an error.
    """

    def __init__(self, beside: bool):  # noqa: D107
        self._thread = ThreadPoolExecutor(1) if beside else None
        self._waiting: deque[tuple[int, Future]] = deque()
        self._bytes = 0  # of what waits

    def __enter__(self):  # noqa: D105
        if self._thread is not None:
            self._thread.submit(int).result()  # starts the thread; Ctrl-C in a later start could make two
        return self

    def __exit__(self, kind, *_):  # noqa: D105
        if self._thread is None:
            return
        try:
            if kind is None:
                self._wait(-1)
        finally:
            for _, written in self._waiting:
                written.cancel()
            # Files must not be closed beneath the thread. Joining it would not do: a join that Ctrl-C
            # interrupts takes it for ended.
            self._thread.submit(int).result()
            self._thread.shutdown()

    def read(
        self, images: Callable[[range], np.ndarray], parts: Iterable[range]
    ) -> Iterator[tuple[range, torch.Tensor]]:
        """Yield each part of the images with its pixels, in page-locked memory if beside a GPU.

        Parameters
        ----------
        images : function of a range of images to their pixels, uint8 (image, y, x, channel)
            It reads the file, and resizes what must be.
        parts : ranges of images
        """

        def pixels(part: range) -> torch.Tensor:
            found = torch.from_numpy(images(part))
            return found.pin_memory() if self._thread and torch.cuda.is_available() else found

        if self._thread is None:
            yield from ((part, pixels(part)) for part in parts)
            return
        ahead: deque[tuple[range, Future]] = deque()
        for part in parts:
            ahead.append((part, self._thread.submit(pixels, part)))
            if len(ahead) == 2:
                before, read = ahead.popleft()
                yield before, read.result()
        yield from ((part, read.result()) for part, read in ahead)

    def write(self, values: torch.Tensor, variable, place: slice) -> None:
        """Put values (image, unit) into a variable of a file; their memory may be used again at once.

        Errors of writing beside are raised by a later call, or when this is left.
        """
        if self._thread is None:
            variable[place] = values.cpu().numpy()
            return
        # A copy out of a GPU, into page-locked memory, goes on by itself; the event says when it is complete.
        copy = values.to("cpu", non_blocking=True, copy=True)
        complete = torch.cuda.current_stream().record_event() if values.is_cuda else None

        def put() -> None:
            if complete:
                complete.synchronize()
            variable[place] = copy.numpy()

        self._waiting.append((copy.nbytes, self._thread.submit(put)))
        self._bytes += copy.nbytes
        self._wait(WAITING)

    def _wait(self, most: int) -> None:
        """Wait until no more than so many bytes wait; raise the error of what is done."""
        while self._waiting and (self._bytes > most or self._waiting[0][1].done()):
            size, written = self._waiting.popleft()
            self._bytes -= size
            written.result()
