"""What a network of the study takes images for."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from repscape import store
from repscape.errors import DataError, unknown
from repscape.frozen.network import PREDICTIONS
from repscape.frozen.viewer import Viewer


class Classifier:
    """A frozen network that is asked for the probabilities of classes.

    Attributes
    ----------
    viewer : Viewer
        The network on its device.
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
        self._network, self.viewer = network, Viewer(network, device)
        self._frozen = self.viewer.frozen
        if not self._frozen.softmax:
            raise DataError(f"{network}: expected a network that classifies; this one has no classes.")
        with store.open_file(network.with_name("layers.nc"), "layers") as table:
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
            There is none; the message has close matches.
        """
        if isinstance(category, int) and category < len(self.categories):
            return category
        if category in self.categories:
            return self.categories.index(category)
        if isinstance(category, int):
            raise DataError(
                f"{self._network}: has the classes 0 to {len(self.categories) - 1}, not {category}."
            )
        said = unknown(category, self.categories).partition(" Valid: ")[0]
        raise DataError(
            f"{self._network}: class {said} Name one of its {len(self.categories)} classes (layers.nc beside "
            "it has them as 'category'), or give a class by its number from 0."
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
        shown = (smooth + (exact - smooth).detach()).contiguous(memory_format=self.viewer.layout)
        found: list[torch.Tensor] = []
        self._frozen.run(shown, {PREDICTIONS: found.append})
        return found[0]


def in_batches(images: Sequence, batch: int) -> Iterator[slice]:
    """Yield the slices of consecutive batches."""
    for first in range(0, len(images), batch):
        yield slice(first, first + batch)
