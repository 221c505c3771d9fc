"""Images and their classes, batch by batch."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from repscape.core.errors import DataError
from repscape.core.natural_order import natural
from repscape.io import netcdf, stored_images
from repscape.stimuli.lib import factors
from repscape.stimuli.lib.assemble import pixels_sha256
from repscape.traced.preprocess import Preprocess

LABEL = "label"


class Examples:
    """The images of a stimulus and their classes.

    Attributes
    ----------
    stimulus : str
    sha256 : str
        Of its pixels.
    classes : tuple of str
        What the images can be, in natural order.
    targets : int64 tensor (image,)
        The index of each image's class in `classes`, on the device.
    pixels : uint8 tensor (image, y, x, 3)
        Resized and cropped for the network, in memory; a batch of them at a time becomes what it takes.
    sizes : int array (image, 2)
        Height and width of the images in the stimulus.
    digests : list of str
        The checksum of each image in the stimulus.
    """

    def __init__(
        self,
        path: str | Path,
        target: str,
        preprocess: Preprocess,
        device: torch.device,
        classes: Sequence[str] | None = None,
    ):
        """Read a stimulus.

        Parameters
        ----------
        path : its file
        target : str
            ``label``, or a factor of the images.
        preprocess : Preprocess
            The network's.
        device : torch.device
            Where batches go.
        classes : sequence of str, optional
            Those that the network is trained on; by default those that the images have.

        Raises
        ------
        DataError
            The images have no such target, only one class, or classes that are not trained on; they
            give inputs of different sizes.
        """
        with netcdf.open_file(path, "stimulus") as file:
            self.stimulus, self.sha256 = file.stimulus, file.sha256
            known = factors.read(file) | ({LABEL: file[LABEL][:]} if LABEL in file.variables else {})
            if target not in known:
                raise DataError(
                    f"{path}: the images have no {target}; they have "
                    f"{', '.join(sorted(known)) or 'neither labels nor factors'}. Set training.target to "
                    "one of these, or train on another stimulus."
                )
            labels = list(map(str, known[target]))
            self.sizes = stored_images.sizes(file)
            self.digests: list[str] = []
            try:
                preprocess.output_sizes(self.sizes)
                self.pixels = torch.from_numpy(preprocess.ready(self._read(file)))
            except DataError as error:
                raise DataError(f"{path}: {error}") from error
        self.classes = tuple(sorted(set(labels), key=natural)) if classes is None else tuple(classes)
        if len(self.classes) < 2:
            raise DataError(
                f"{path}: expected at least two classes of images, found one, with the {target} "
                f"{self.classes[0]}. Train on a stimulus with more classes, or set another training.target."
            )
        others = sorted(set(labels) - set(self.classes), key=natural)
        if others:
            raise DataError(
                f"{path}: its images have values of {target} that the network is not trained on: "
                f"{', '.join(others[:5])}{', …' if len(others) > 5 else ''}. Those in training are "
                f"{', '.join(self.classes[:5])}{', …' if len(self.classes) > 5 else ''}. Hold out images "
                "of these classes."
            )
        index_of = {name: index for index, name in enumerate(self.classes)}
        self.targets = torch.tensor([index_of[value] for value in labels], device=device)
        self._preprocess, self._device = preprocess, device

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.pixels)

    def batches(
        self, size: int, order: torch.Tensor | None = None
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield all images once.

        Parameters
        ----------
        size : int
            Images at a time; the last batch may be smaller.
        order : int64 tensor (image,), optional
            ``torch.randperm(len(examples))`` shuffles; by default as in the stimulus.

        Yields
        ------
        images : float32 tensor (image, 3, y, x)
            Preprocessed, on the device.
        targets : int64 tensor (image,)
        """
        for indices in (torch.arange(len(self)) if order is None else order.cpu()).split(size):
            images = self._preprocess.normalised(self.pixels[indices].to(self._device))
            yield images.contiguous(), self.targets[indices.to(self._device)]

    def shared(self, others: "Examples") -> int:
        """Count the images that have the very pixels of some image among others."""
        theirs = set(others.digests)
        return sum(digest in theirs for digest in self.digests)

    def _read(self, file) -> Iterator[np.ndarray]:
        """Read the images one by one, and keep their checksums."""
        for index in range(stored_images.count(file)):
            image = stored_images.image(file, index)
            self.digests.append(pixels_sha256(image))
            yield image
