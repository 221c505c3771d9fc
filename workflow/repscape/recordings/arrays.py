"""Responses from files of arrays: trials × neurons, with the image of each trial."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.io.array_files import ordered
from repscape.io.csv_tables import number
from repscape.plugin.contract import parameter
from repscape.recordings.lib.from_files import FromFiles
from repscape.recordings.lib.order import text
from repscape.recordings.lib.responses import Responses, ShownStimulus
from repscape.stimuli.lib.orientations import Convention, conditions

Axis = Literal["trial", "image", "repeat", "neuron"]
ORDER: tuple[Axis, ...] = ("trial", "image", "repeat", "neuron")


class Arrays(FromFiles):
    """Responses from files of arrays: trials × neurons, with the image of each trial."""

    responses: str | None = parameter(
        "The variable with the responses (in HDF5, the dataset's path). It is not needed if the file has "
        "only one variable besides those named here. In a CSV table, rows are trials and all other "
        "columns are neurons.",
        None,
    )
    axes: list[Axis] = parameter(
        "The array's axes in their order: ``trial`` and ``neuron``; or ``image``, ``repeat`` (may be left "
        "out) and ``neuron``.",
        ["trial", "neuron"],
    )
    images: str | None = parameter(
        "The variable with the image of each trial (or of each entry of the axis ``image``): names of "
        "images, their numbers from 0, or values of a factor. Without it, the array has the images in the "
        "order that `order` gives.",
        None,
    )
    by: str | None = parameter(
        "The factor whose values `images` lists, such as ``orientation``; without it `images` lists images.",
        None,
    )
    bin: float = parameter(
        "The width in degrees of the bins into which the values of `by` are put; each bin is one condition.",
        1.0,
        gt=0,
    )
    convention: Convention = parameter(
        "How values of `by` become conditions; the log counts trials that are left out.", "angle"
    )

    def read(self, stimuli: Mapping[str, ShownStimulus]) -> Iterator[Responses]:
        """Read the responses to each stimulus.

        Raises
        ------
        DataError
            A file cannot be read, lacks a variable, or arrays do not fit each other.
        """
        for file, stimulus in self._files(stimuli):
            shown = stimuli[stimulus]
            excluded = (self.images, self.area_of)
            values, what = ordered(
                file, self.responses, self.axes, ORDER, excluded, self._options(shown.factors)
            )
            labels = None if self.images is None else self._labels(file, self.images)
            count = len(shown.names)
            if labels is None and "image" in self.axes and len(values) != count:
                raise DataError(
                    f"{file}: the axis 'image' has {len(values)} entries, but the stimulus '{stimulus}' "
                    f"has {count} images. Put 'axes' in the order of the file, or name the variable with "
                    "the images with 'images'."
                )
            values, labels = _by_trial(values, self.axes, labels, file)
            if self.by is not None and labels is not None:
                angles = _angles(labels, self.by, file)
                values, labels = _by_condition(values, angles, self.bin, self.convention, file)
            yield Responses(str(file), stimulus, values, labels, self.by, self._areas(file), what=what)

    def check(self) -> None:
        """Refuse keys that do not go together."""
        axes = set(self.axes)
        if len(axes) < len(self.axes) or axes not in (
            {"trial", "neuron"},
            {"image", "neuron"},
            {"image", "repeat", "neuron"},
        ):
            raise ConfigError(
                "axes: expected trial and neuron, or image, repeat and neuron, in the file's order; found "
                f"{', '.join(self.axes)}."
            )
        if self.by is not None and self.images is None:
            raise ConfigError(
                f"by: expected 'images' to name the variable with the values of '{self.by}', found no "
                "'images'. Add it."
            )
        if self.by is None and (self.bin != 1 or self.convention != "angle"):
            raise ConfigError(
                "bin and convention are for angles, so 'by' is required. Name the factor of the angles, "
                "as in 'by: orientation'."
            )
        self._check_files(responses=self.responses, images=self.images)


def _by_trial(values: np.ndarray, axes: Sequence[str], shown, file) -> tuple[np.ndarray, np.ndarray | None]:
    """Bring an array with axes in `ORDER` to (trial, neuron); each repeat of an image is a trial."""
    if shown is not None and len(shown) != len(values):
        what = "trial" if "trial" in axes else "image"
        raise DataError(
            f"{file}: has responses to {len(values)} {what}s but {len(shown)} labels. Every {what} needs a "
            "label. Do 'axes' match the file?"
        )
    if "repeat" in axes:
        repeats = values.shape[1]
        shown = np.repeat(np.arange(len(values)) if shown is None else shown, repeats)
        values = values.reshape(-1, values.shape[2])
    return values, shown


def _angles(shown: np.ndarray, by: str, file: Path) -> np.ndarray:
    """Return values of a factor as numbers, also those that a file has as text, such as ``090``."""
    if shown.dtype.kind in "iuf":
        return shown
    found = [number(text(value)) for value in shown]
    if None in found:
        odd = text(shown[found.index(None)])
        raise DataError(
            f"{file}: expected numbers, the values of '{by}' ('by'), as labels of trials; found '{odd}'. "
            "If the labels are names of images, leave out 'by'."
        )
    return np.array(found, np.float64)


def _by_condition(values, shown, width, convention, file) -> tuple[np.ndarray, np.ndarray]:
    """Replace each trial's value by that of its condition."""
    blank = np.isnan(shown) if shown.dtype.kind == "f" else np.zeros(len(shown), bool)
    try:
        found = conditions(shown[~blank], width, convention)
    except DataError as error:
        raise DataError(f"{file}: {error}.") from error
    condition = np.full(len(shown), np.nan)
    condition[~blank] = np.where(found.of_trial >= 0, found.values[found.of_trial], np.inf)
    kept = condition < np.inf
    kept |= blank
    if not kept.all():
        logger.info(
            "%s: %d of %d trials have angles above 180 degrees and are omitted",
            file,
            (~kept).sum(),
            len(kept),
        )
    return values[kept], condition[kept]
