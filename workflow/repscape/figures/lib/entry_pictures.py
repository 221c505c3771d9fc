"""The pictures that stand for entries of RDMs."""

from collections.abc import Mapping, Sequence

import numpy as np

from repscape.io import stored_images


class EntryPictures:
    """Finds the image of a stimulus that an entry is of, or is called by.

    An entry has the picture of its name; one that is called by values of factors has that of the
    first image with these.
    """

    def __init__(self, stimuli: Sequence):
        """Take stimuli opened with xarray."""
        self._stimuli = {str(stimulus.attrs["stimulus"]): stimulus for stimulus in stimuli}
        self._labels = {name: _image_labels(stimulus) for name, stimulus in self._stimuli.items()}

    def find(self, labels: Mapping[str, str]) -> tuple[str, int] | None:
        """Return the stimulus and the number of the image in it, or None.

        Parameters
        ----------
        labels : mapping of label to value
            Of the entry, and of the RDM that it is in.
        """
        names = [labels["stimulus"]] if "stimulus" in labels else list(self._stimuli)
        if len(names) != 1 or names[0] not in self._stimuli:
            return None
        own = self._labels[names[0]]
        agree = [own[label] == str(labels[label]) for label in own.keys() & labels.keys()]
        found = np.flatnonzero(np.logical_and.reduce(agree)) if agree else np.empty(0, int)
        return (names[0], int(found[0])) if len(found) else None

    def labels(self, found: tuple[str, int]) -> dict[str, str]:
        """Return what else is known of an image: its factors, its class."""
        stimulus, image = found
        return {label: str(values[image]) for label, values in self._labels[stimulus].items()}

    def images(self, stimulus: str) -> dict[str, np.ndarray]:
        """Return the labels of all images of a stimulus, str (image,); empty of one that is not there."""
        return self._labels.get(stimulus, {})

    def pixels(self, found: tuple[str, int]) -> np.ndarray:
        """Return an image: uint8 (y, x, channel)."""
        stimulus, image = found
        return stored_images.image(self._stimuli[stimulus], image)


def _image_labels(stimulus) -> dict[str, np.ndarray]:
    """Name, class and factors of a stimulus's images, by label: str (image,)."""
    factors = [str(name) for name in np.atleast_1d(stimulus.attrs.get("factors", [])) if name]
    named = {"image": "name", **{name: name for name in ("label", *factors) if name in stimulus}}
    return {label: stimulus[name].values.astype(str) for label, name in named.items()}
