"""What a network of the study takes images for."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from repscape.core.chunks import slices
from repscape.core.errors import DataError, unknown
from repscape.core.logs import progress
from repscape.io import netcdf
from repscape.stimuli.lib.frame import Frame
from repscape.traced.device import settings
from repscape.traced.network import PREDICTIONS
from repscape.traced.runner import Runner


class Classifier:
    """A network that classifies images.

    Attributes
    ----------
    categories : list of str
        The names of the classes; their numbers where the network's table has no names.
    """

    def __init__(self, network: Path, device: str):
        """Open a frozen network and the names of its classes.

        Raises
        ------
        DataError
            The network has no classes.
        """
        self._network, self._runner = network, Runner(network, device)
        self._frozen = self._runner.frozen
        if not self._frozen.softmax:
            raise DataError(
                f"{network}: expected a network that classifies, found one without classes. Choose another "
                "network."
            )
        with netcdf.open_file(network.with_name("layers.nc"), "layers") as table:
            named = "category" in table.variables
            self.categories = (
                [str(name) for name in table["category"][:]]
                if named
                else [str(index) for index in range(self._frozen.rows[-1].units)]
            )

    def index(self, category: str | int) -> int:
        """Find a class by its name or number.

        Raises
        ------
        DataError
            The network does not have it; the message has close matches.
        """
        if isinstance(category, int) and category < len(self.categories):
            return category
        if category in self.categories:
            return self.categories.index(category)
        if isinstance(category, int):
            raise DataError(
                f"{self._network}: expected a class from 0 to {len(self.categories) - 1}, found {category}."
            )
        said = unknown(category, self.categories).partition(" Valid: ")[0]
        raise DataError(
            f"{self._network}: class {said} Name one of its {len(self.categories)} classes ('category' in "
            "the file layers.nc beside it lists them), or give a class by its number from 0."
        )

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return the probabilities (image, class) of images.

        The values are those for the images as 8-bit pixels; gradients are those of the same steps
        without rounding after the network's resizing.

        Parameters
        ----------
        images : float32 tensor (image, 3, y, x) of whole numbers, 0 … 255
        """
        preprocess = self._frozen.preprocess
        smooth = preprocess.differentiable(images)
        exact = preprocess.apply(images.detach().to(torch.uint8).permute(0, 2, 3, 1))
        shown = (smooth + (exact - smooth).detach()).contiguous(memory_format=self._runner.layout)
        found: list[torch.Tensor] = []
        self._frozen.run(shown, {PREDICTIONS: found.append})
        return found[0]

    def probabilities(self, of: Path, *, batch: int, threads: int) -> tuple[list[str], np.ndarray]:
        """Return the names of a stimulus's images and the probabilities of classes, float32 (image, class).

        Images stream from the file and may have different sizes; parameters are those of `batches`.
        """
        with netcdf.open_file(of, "stimulus") as file:
            names = list(map(str, file["name"][:]))
        found: list[np.ndarray] = []

        def take(_: range, answers: torch.Tensor) -> None:
            found.append(answers.flatten(1).float().cpu().numpy().copy())

        self._runner.stream(of, {PREDICTIONS: take}, batch=batch, threads=threads, what="classifying")
        return names, np.concatenate(found)

    def batches(
        self, shown: Sequence[Frame], *, of: Path, batch: int, threads: int, what: str
    ) -> Iterator[tuple[Sequence[Frame], torch.Tensor]]:
        """Yield consecutive images, and as they are called with, with torch set up and progress shown.

        As where activations are recorded, on a CPU the last batch is padded: with its last image.

        Parameters
        ----------
        shown : sequence of Frame
        of : their stimulus's file, for messages
        batch : int
            Images at a time.
        threads : int
            Of torch, on a CPU.
        what : str
            What this does, for the log.

        Raises
        ------
        DataError
            The images do not have the size that the network was frozen for.
        """
        self._runner.check_sizes(np.array([frame.pixels.shape[:2] for frame in shown]), of)
        on_cpu = self._runner.on_cpu
        parts = (shown[part] for part in slices(len(shown), batch))
        with settings(threads if on_cpu else None, "float32"):
            for part in progress(parts, what, "images", len(shown)):
                padded = [*part, *part[-1:] * (batch - len(part) if on_cpu else 0)]
                yield padded, self.on_device([frame.pixels for frame in padded])

    def on_device(self, arrays: Sequence[np.ndarray]) -> torch.Tensor:
        """Return arrays (y, x, 3) as a float32 tensor (image, 3, y, x) where the network is."""
        return torch.from_numpy(np.stack(arrays)).to(self._runner.device).permute(0, 3, 1, 2).float()
