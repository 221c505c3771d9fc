"""A network that is shown stimuli batch by batch, and hands over what its layers answer."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from repscape import store
from repscape.frozen.network import thaw
from repscape.frozen.running import check_size, choose_device, settings
from repscape.logs import progress


class Viewer:
    """A frozen network on a device.

    Attributes
    ----------
    frozen : Frozen
    place : torch.device
    """

    def __init__(self, network: str | Path, device: str):
        """Open a frozen network and bring it to a device (``auto``, ``cpu`` or ``cuda``)."""
        self.frozen, self.place, self._network = thaw(network), choose_device(device), network
        self.on_cpu = self.place.type == "cpu"
        last = self.on_cpu and self.frozen.channels_last
        self._layout = torch.channels_last if last else torch.contiguous_format
        self.frozen.module.to(self.place, memory_format=self._layout)

    def stream(
        self,
        path: str | Path,
        watched: Mapping[str, Callable[[range, torch.Tensor], None]],
        *,
        batch: int,
        threads: int,
        what: str,
    ) -> None:
        """Show all images of a stimulus once.

        On a CPU the last batch is padded, since results depend in their last digits on the size of a
        batch and on the number of threads; the answers are those of a recording (see record.py).

        Parameters
        ----------
        path : the stimulus's file
        watched : mapping of node to function
            It is called with the range of the images in a batch and with their answers (image,
            channel, y, x), or (image, channel), … where there are no positions; it must not keep
            these: what runs next may overwrite them.
        batch : int
            Images at a time.
        threads : int
            Of torch, on a CPU.
        what : str
            What this does, for the log.

        Raises
        ------
        DataError
            The stimulus does not have the size that the network was frozen for.
        """
        with (
            store.open_file(path, "stimulus") as stimulus,
            settings(threads if self.on_cpu else None, "float32"),
            torch.inference_mode(),
        ):
            images = stimulus["images"]
            check_size(self.frozen, images.shape, path, self._network)
            ranges = [range(at, min(at + batch, len(images))) for at in range(0, len(images), batch)]
            for part in progress(ranges, what, "images", len(images)):
                pixels = torch.from_numpy(images[part.start : part.stop])
                if self.on_cpu and len(part) < batch:
                    pixels = torch.cat([pixels, pixels[-1:].expand(batch - len(part), -1, -1, -1)])
                shown = self.frozen.preprocess.apply(pixels.to(self.place))
                callbacks = {node: self._hand_over(node, part, watched[node]) for node in watched}
                self.frozen.run(shown.contiguous(memory_format=self._layout), callbacks)

    def _hand_over(self, node: str, part: range, take: Callable) -> Callable[[torch.Tensor], None]:
        axis = self.frozen.axes[node]
        return lambda output: take(part, output[: len(part)].movedim(axis, 1))
