"""Responses out of files of arrays: trials × neurons, with what each trial showed."""

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
    """Responses out of files of arrays: trials × neurons, with what each trial showed."""

    responses: str | None = parameter(
        "The variable of the responses (in HDF5, the dataset's path). It is not needed where the file has "
        "but one beside those named here. In a CSV table, whose rows are trials, all other columns are "
        "neurons.",
        None,
    )
    axes: list[Axis] = parameter(
        "The array's axes in their order: ``trial`` and ``neuron``; or ``image``, ``repeat`` (which may "
        "lack) and ``neuron``.",
        ["trial", "neuron"],
    )
    images: str | None = parameter(
        "The variable that says what each trial (or image) of the array is: names of images, their numbers "
        "from 0, or values of a factor. Without it they are the images in an order, the recording's `order`.",
        None,
    )
    by: str | None = parameter(
        "The factor that values in `images` are of, such as ``orientation``; without it they are images.",
        None,
    )
    bin: float = parameter(
        "The width of the bins, in degrees, into which values of `by` are put to become conditions.",
        1.0,
        gt=0,
    )
    convention: Convention = parameter(
        "How values of `by` become conditions. Trials that it leaves out are counted in the log.", "angle"
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
                    f"{file}: the axis 'image' has {len(values)} entries, the stimulus '{stimulus}' has "
                    f"{count} images. Put 'axes' in the order of the file, or say with 'images' which images "
                    "these are."
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
                f"by: values of '{self.by}' are expected in the variable 'images', which is not named."
            )
        if self.by is None and (self.bin != 1 or self.convention != "angle"):
            raise ConfigError(
                "bin and convention are of angles: say under 'by' of which factor, such as orientation."
            )
        self._check_files(responses=self.responses, images=self.images)


def _by_trial(values: np.ndarray, axes: Sequence[str], shown, file) -> tuple[np.ndarray, np.ndarray | None]:
    """Bring an array with axes in `ORDER` to (trial, neuron); each repeat of an image is a trial."""
    if shown is not None and len(shown) != len(values):
        what = "trial" if "trial" in axes else "image"
        raise DataError(
            f"{file}: has responses to {len(values)} {what}s and labels of {len(shown)}. Each needs its "
            "label; are 'axes' those of the file?"
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
            f"{file}: 'by' takes numbers, values of '{by}'; found '{odd}' as a trial's. Where trials have "
            "names of images, leave out 'by'."
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
            "%s: %d of %d trials are at more than 180 degrees and are left out",
            file,
            (~kept).sum(),
            len(kept),
        )
    return values[kept], condition[kept]
