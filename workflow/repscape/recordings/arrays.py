"""Responses out of files of arrays: trials × neurons, with what each trial showed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import PositiveFloat

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.io.array_files import ReadOptions, array, ordered
from repscape.io.csv_tables import number
from repscape.plugin.contract import ResponseRecording, parameter
from repscape.plugin.parameter_types import Files, Names, Numbers
from repscape.recordings.lib.order import text
from repscape.recordings.lib.trials import Responses, Seen, by_stimulus, check_braces, check_variables
from repscape.stimuli.lib.orientations import Convention, conditions

Axis = Literal["trial", "image", "repeat", "neuron"]
ORDER = ("trial", "image", "repeat", "neuron")


class Arrays(ResponseRecording):
    """Responses out of files of arrays: trials × neurons, with what each trial showed."""

    reads_path_labels = True

    path: Files = parameter(
        ".npz, .npy, NetCDF, HDF5 (also .nwb: name the dataset's path), .mat or CSV; see `array_files`. "
        "Of several stimuli a file each, whose name has the stimulus: ``responses/{stimulus}.npy``."
    )
    responses: str | None = parameter(
        "The array; not needed where the file has but one beside those named below. In a CSV table, whose "
        "rows are trials, all columns but these are neurons.",
        None,
    )
    axes: list[Axis] = parameter(
        "The array's axes in their order: ``trial`` and ``neuron``; or ``image``, ``repeat`` (which may "
        "lack) and ``neuron``.",
        ["trial", "neuron"],
    )
    images: str | None = parameter(
        "The variable that says what each trial (or image) of the array is: names of images, their "
        "numbers from 0, or values of a factor. Without it they are the images in an order "
        "(`recordings.order`).",
        None,
    )
    by: str | None = parameter("The factor that values in `images` are of, such as ``orientation``.", None)
    bin: PositiveFloat = parameter(
        "How values of `by` become conditions; see `repscape.stimuli.lib.orientations.conditions`. Trials "
        "that the convention leaves out are counted in the log.",
        1.0,
    )
    convention: Convention = parameter("Its convention.", "angle")
    area_of: str | None = parameter("The variable with each neuron's area.", None)
    columns: Names | None = parameter(
        "Which columns of a CSV table are neurons, and which are none; see `repscape.io.neuron_columns.select`.",
        None,
    )
    leave_out: Names | None = parameter(
        "Which columns of a CSV table are neurons, and which are none; see `repscape.io.neuron_columns.select`.",
        None,
    )
    missing_values: Numbers | None = parameter(
        "Numbers that stand for missing responses; [] says that none does.", None
    )
    other_files: Files | None = parameter("That an HDF5 file points to and that may be read.", None)

    def read(self, stimuli: Mapping[str, Seen]) -> Iterator[Responses]:
        """Read the responses to each stimulus.

        Parameters
        ----------
        stimuli : mapping of name to Seen
            The stimuli that were shown.
        bin, convention :
            How values of `by` become conditions; see `repscape.stimuli.lib.orientations.conditions`. Trials that
            the convention leaves out are counted in the log.

        Raises
        ------
        DataError
            A file cannot be read, lacks a variable, or arrays do not fit each other.
        """
        for file, stimulus in by_stimulus(self.path, self.path_labels or {}, stimuli):
            seen = stimuli[stimulus]
            options = ReadOptions(
                self.columns,
                self.leave_out or (),
                set(seen.factors),
                self.missing_values,
                self.other_files or (),
            )
            values, what = ordered(
                file, self.responses, self.axes, ORDER, (self.images, self.area_of), options
            )
            only = ReadOptions(other_files=options.other_files)
            shown = None if self.images is None else array(file, self.images, options=only).ravel()
            count = len(seen.names)
            if shown is None and "image" in self.axes and len(values) != count:
                raise DataError(
                    f"{file}: the axis 'image' has {len(values)} places, the stimulus '{stimulus}' has {count} "
                    "images. Put 'axes' in the order of the file, or say with 'images' which images these are."
                )
            values, shown = _by_trial(values, self.axes, shown, file)
            if self.by is not None and shown is not None:
                values, shown = _by_condition(
                    values, _angles(shown, self.by, file), self.bin, self.convention, file
                )
            areas = (
                None
                if self.area_of is None
                else [text(area) for area in array(file, self.area_of, options=only).ravel()]
            )
            yield Responses(str(file), stimulus, values, shown, self.by, areas, what=what)

    def check(self) -> None:
        """Refuse keys that do not go together; the config asks before a job does."""
        given = set(self.axes)
        if len(given) < len(self.axes) or given not in (
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
        check_braces(self.addresses("path"))
        check_variables(
            self.addresses("path"), responses=self.responses, images=self.images, area_of=self.area_of
        )


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
    """Put the value of its condition in place of each trial's own."""
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
