"""Responses out of files of arrays: trials × neurons, with what each trial showed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import PositiveFloat

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.io.array_files import How, array, ordered
from repscape.io.csv_tables import number
from repscape.plugin.parameter_types import Files, Names, Numbers
from repscape.recordings.lib.order import text
from repscape.recordings.lib.trials import Responses, Seen, by_stimulus, check_braces, check_variables
from repscape.stimuli.lib.orientations import Convention, conditions

Axis = Literal["trial", "image", "repeat", "neuron"]
ORDER = ("trial", "image", "repeat", "neuron")


def read(
    stimuli: Mapping[str, Seen],
    in_path: Mapping[Path, Mapping[str, str]] | None = None,
    *,
    path: Files,
    responses: str | None = None,
    axes: list[Axis] = ["trial", "neuron"],  # noqa: B006 (never changed)
    images: str | None = None,
    by: str | None = None,
    bin: PositiveFloat = 1.0,
    convention: Convention = "angle",
    area_of: str | None = None,
    columns: Names | None = None,
    leave_out: Names | None = None,
    missing_values: Numbers | None = None,
    other_files: Files | None = None,
) -> Iterator[Responses]:
    """Read the responses to each stimulus.

    Parameters
    ----------
    stimuli : mapping of name to Seen
        The stimuli that were shown.
    in_path : mapping of file to {name: value}, optional
        What names in braces stand for in the path of each file.
    path : file or files
        .npz, .npy, NetCDF, HDF5 (also .nwb: name the dataset's path), .mat or CSV; see `array_files`. Of
        several stimuli a file each, whose name has the stimulus: ``responses/{stimulus}.npy``.
    responses : str, optional
        The array; not needed where the file has but one beside those named below. In a CSV table, whose
        rows are trials, all columns but these are neurons.
    axes : list of str
        The array's axes in their order: ``trial`` and ``neuron``; or ``image``, ``repeat`` (which may
        lack) and ``neuron``.
    images : str, optional
        The variable that says what each trial (or image) of the array is: names of images, their numbers
        from 0, or values of a factor. Without it they are the images in an order (`recordings.order`).
    by : str, optional
        The factor that values in `images` are of, such as ``orientation``.
    bin, convention :
        How values of `by` become conditions; see `repscape.stimuli.lib.orientations.conditions`. Trials that
        the convention leaves out are counted in the log.
    area_of : str, optional
        The variable with each neuron's area.
    columns, leave_out : names of columns or patterns, optional
        Which columns of a CSV table are neurons, and which are none; see `repscape.io.csv_tables.neurons`.
    missing_values : list of float, optional
        Numbers that stand for missing responses; [] says that none does.
    other_files : files, optional
        That an HDF5 file points to and that may be read.

    Raises
    ------
    DataError
        A file cannot be read, lacks a variable, or arrays do not fit each other.
    """
    for file, stimulus in by_stimulus(path, in_path or {}, stimuli):
        seen = stimuli[stimulus]
        how = How(columns, leave_out or (), set(seen.factors), missing_values, other_files or ())
        values, what = ordered(file, responses, axes, ORDER, (images, area_of), how)
        only = How(other_files=how.other_files)
        shown = None if images is None else array(file, images, how=only).ravel()
        count = len(seen.names)
        if shown is None and "image" in axes and len(values) != count:
            raise DataError(
                f"{file}: the axis 'image' has {len(values)} places, the stimulus '{stimulus}' has {count} "
                "images. Put 'axes' in the order of the file, or say with 'images' which images these are."
            )
        values, shown = _by_trial(values, axes, shown, file)
        if by is not None and shown is not None:
            values, shown = _by_condition(values, _angles(shown, by, file), bin, convention, file)
        areas = None if area_of is None else [text(area) for area in array(file, area_of, how=only).ravel()]
        yield Responses(str(file), stimulus, values, shown, by, areas, what=what)


def check(*, path, responses, axes, images, by, bin, convention, area_of) -> None:
    """Refuse keys that do not go together; the config asks before a job does."""
    given = set(axes)
    if len(given) < len(axes) or given not in (
        {"trial", "neuron"},
        {"image", "neuron"},
        {"image", "repeat", "neuron"},
    ):
        raise ConfigError(
            "axes: expected trial and neuron, or image, repeat and neuron, in the file's order; found "
            f"{', '.join(axes)}."
        )
    if by is not None and images is None:
        raise ConfigError(f"by: values of '{by}' are expected in the variable 'images', which is not named.")
    if by is None and (bin != 1 or convention != "angle"):
        raise ConfigError(
            "bin and convention are of angles: say under 'by' of which factor, such as orientation."
        )
    check_braces(path)
    check_variables(path, responses=responses, images=images, area_of=area_of)


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
