"""A network that is shown stimuli batch by batch, and hands over what its layers answer.

Memory stays below the sum of: the network's weights; two batches of images; the outputs that are alive at
once within one batch (on a CPU up to twice that, see `repscape.core.job`); and with a GPU, on the host,
what waits to be written (see `io_thread`). None of these grows with the number of images.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import torch

from repscape.core.errors import DataError, DeviceError, gpu_memory_ran_out
from repscape.core.logs import logger, progress
from repscape.io import netcdf, stored_images
from repscape.traced.device import choose_device, settings
from repscape.traced.double_resizing import warning
from repscape.traced.io_thread import IoThread
from repscape.traced.network import Frozen, open_network

REDUCED = {"float16": torch.float16, "bfloat16": torch.bfloat16}

Watched = Mapping[str, Callable[[range, torch.Tensor], None]]


class Runner:
    """A frozen network on a device.

    Attributes
    ----------
    frozen : Frozen
    device : torch.device
    on_cpu : bool
    layout : torch.memory_format
        Of the network's weights, and so of what it is shown.
    io_thread : IoThread
        While images stream: writes what is taken from answers.
    """

    io_thread: IoThread

    def __init__(self, network: str | Path | Frozen, device: str):
        """Open a frozen network that is a file; bring it to a device (``auto``, ``cpu`` or ``cuda``)."""
        self.device = choose_device(device)
        self.frozen = network if isinstance(network, Frozen) else open_network(network)
        self._network = "the network" if isinstance(network, Frozen) else network
        self.on_cpu = self.device.type == "cpu"
        last = self.on_cpu and self.frozen.channels_last
        self.layout = torch.channels_last if last else torch.contiguous_format
        self.frozen.module.to(self.device, memory_format=self.layout)

    def check_sizes(self, sizes: np.ndarray, stimulus: str | Path) -> None:
        """Refuse images that do not give the input that the network was frozen for.

        Parameters
        ----------
        sizes : int (image, 2)
            Height and width of each.
        stimulus : path
            Their file, for the message.

        Raises
        ------
        DataError
            Says both sizes, and which image it is where images have different sizes.
        """
        expected = (self.frozen.rows[0].height, self.frozen.rows[0].width)
        try:
            of_each = self.frozen.preprocess.output_sizes(sizes)
        except DataError as error:
            raise DataError(f"{stimulus}: {error}") from error
        for size, found in of_each.items():
            if found != expected:
                raise DataError(
                    f"{stimulus}: its images of {size[0]} x {size[1]} pixels give an input of {found[0]} x "
                    f"{found[1]}, but {self._network} was prepared for {expected[0]} x {expected[1]}. Set "
                    "preprocess.crop of the network, or the same size for all stimuli."
                )

    def stream(
        self,
        path: str | Path,
        watched: Watched,
        *,
        batch: int,
        threads: int,
        what: str,
        precision: str = "float32",
        images: range | None = None,
    ) -> int:
        """Show the images of a stimulus once, and hand over each image's answers once.

        On a CPU the batch is constant and the last one is padded, since results depend in their last
        digits on the size of a batch and on the number of threads. On a GPU the batch is halved when
        memory runs out.

        Parameters
        ----------
        path : the stimulus's file
        watched : mapping of node to function
            It is called with the range of some images and with their answers (image, channel, y, x), or
            (image, channel), … where there are no positions. It must not keep these: what runs next may
            overwrite them. If memory runs out in it, it must not have taken anything yet.
        batch : int
            Images at a time.
        threads : int
            Of torch, on a CPU; and of what resizes images.
        what : str
            What this does, for the log.
        precision : {"float32", "tf32", "float16", "bfloat16"}
            What the network computes in.
        images : range, optional
            Which images, by default all.

        Returns
        -------
        int
            The smallest batch that was used.

        Raises
        ------
        DataError
            The stimulus does not have the size that the network was frozen for.
        DeviceError
            One image does not fit into the GPU's memory.
        """
        with netcdf.open_file(path, "stimulus", rows=images and range(0)) as stimulus:
            sizes, preprocess = stored_images.sizes(stimulus), self.frozen.preprocess
            self.check_sizes(sizes, path)
            if twice := warning(stimulus, preprocess):
                logger.warning("%s", twice)
            here = range(stored_images.count(stimulus)) if images is None else images
            self.warn_framed(sizes[here.start : here.stop], what)
            netcdf.check(path, stored_images.rows(stimulus, here))
            return self.show(
                lambda part: stored_images.some(stimulus, part),
                here,
                watched,
                batch=batch,
                threads=threads,
                what=what,
                precision=precision,
            )

    def warn_framed(self, sizes: np.ndarray, what: str) -> None:
        """Warn of images that get a black frame; `sizes` int (image, 2), `what` for the log."""
        if framed := self.frozen.preprocess.framed(sizes):
            logger.warning(
                "%s: %d of %d images are smaller than 'preprocess.crop' of the network and get a black "
                "frame, as torchvision does it. To avoid the frame, set 'preprocess.resize' or leave "
                "small images out",
                *(what, framed, len(sizes)),
            )

    def show(
        self,
        some: Callable[[range], np.ndarray | Iterable[np.ndarray]],
        images: range,
        watched: Watched,
        *,
        batch: int,
        threads: int,
        what: str,
        precision: str = "float32",
    ) -> int:
        """Show images once, as `stream` does, wherever they come from.

        Parameters
        ----------
        some : function of a range of images to these, as `Preprocess.ready` takes them
        images : range
            Which images.
        watched, batch, threads, what, precision : as in `stream`
        """
        with (
            settings(threads if self.on_cpu else None, precision),
            torch.inference_mode(),
            torch.autocast(self.device.type, REDUCED.get(precision), enabled=precision in REDUCED),
            IoThread(beside=not self.on_cpu) as self.io_thread,
        ):
            if self.frozen.noise_seed is not None:
                batch = 1  # what an image is answered must not depend on the others
            parts = [range(first, min(first + batch, images.stop)) for first in images[::batch]]

            def ready(part: range) -> np.ndarray:
                return self.frozen.preprocess.ready(some(part), threads)

            read = progress(self.io_thread.read(ready, parts), what, "images", len(images), _length)
            handed: dict[str, int] = {}

            def show(part: range, pixels: torch.Tensor, size: int) -> None:
                self._show(pixels, self._callbacks(watched, part, handed), size)

            return _in_batches(show, read, batch, what)

    def _show(self, pixels: torch.Tensor, callbacks: Mapping, size: int) -> None:
        """Show resized and cropped pixels (image, y, x, channel), on a CPU padded to `size` images."""
        if self.on_cpu and len(pixels) < size:
            pixels = torch.cat([pixels, pixels[-1:].expand(size - len(pixels), -1, -1, -1)])
        there = pixels.to(self.device, non_blocking=True)
        shown = self.frozen.preprocess.normalised(there).contiguous(memory_format=self.layout)
        self.frozen.run(shown, callbacks)

    def _callbacks(self, watched: Watched, part: range, handed: dict[str, int]) -> dict[str, Callable]:
        """Make what hands over the answers of a batch, where it has not been done before memory ran out.

        `handed` has of each node up to which image its answers have been handed over.
        """

        def hand_over(node: str) -> Callable[[torch.Tensor], None]:
            def take(output: torch.Tensor) -> None:
                new = range(max(part.start, handed.get(node, 0)), part.stop)
                if new:
                    answers = output.movedim(self.frozen.axes[node], (0, 1))
                    watched[node](new, answers[new.start - part.start : len(part)])
                    handed[node] = new.stop

            return take

        return {node: hand_over(node) for node in watched}


def _in_batches(show: Callable, parts: Iterable[tuple[range, torch.Tensor]], batch: int, what: str) -> int:
    """Show each part, in batches halved while memory runs out; return the smallest used."""
    size = batch
    for part, pixels in parts:
        left = part
        while left:
            now = left[:size]
            at = now.start - part.start
            try:
                show(now, pixels[at : at + len(now)], size)
            except RuntimeError as error:
                if not gpu_memory_ran_out(error):
                    raise
                if size == 1:
                    raise DeviceError(
                        f"{what}: one image does not fit into the GPU's memory "
                        f"({str(error).splitlines()[0]}). Free memory on the GPU, use a smaller network or "
                        "smaller images, or set device: cpu."
                    ) from error
                size = max(1, size // 2)
                failed = True
            else:
                left, failed = left[size:], False
            if failed:  # outside the handler, which keeps the tensors alive
                logger.warning("%s: out of GPU memory, continuing with batches of %d", what, size)
                torch.cuda.empty_cache()
    return size


def _length(part: tuple[range, torch.Tensor]) -> int:
    return len(part[0])
