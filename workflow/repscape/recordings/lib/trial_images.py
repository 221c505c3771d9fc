"""Which image each trial showed."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from repscape.core.errors import DataError, some
from repscape.recordings.lib.order import image_of_rows, text
from repscape.recordings.lib.responses import Responses, ShownStimulus
from repscape.stimuli.lib.names import find

# How far, in the factor's units, a trial's value may be from that of its image: files round.
TOLERANCE = 1e-3


def image_of_trials(
    responses: Responses, seen: ShownStimulus, order: str | Sequence[str] | None = None
) -> np.ndarray:
    """Return the index of each trial's image in the stimulus, -1 where it shows none: int array (trial,).

    Raises
    ------
    DataError
        There are not as many trials as images, or numbers or a factor are not those of the images; or their
        order is not declared.
    """
    trials, images, where = len(responses.values), len(seen.names), responses.where
    if responses.shown is None:
        if trials != images:
            raise DataError(
                f"{where}: has {trials} trials, but the stimulus '{responses.stimulus}' has {images} "
                "images. If the trials are not the images in their order, name the variable with each "
                "trial's image with 'images'."
            )
        return image_of_rows(seen.names, order, where) if responses.by_file else np.arange(images)
    if len(responses.shown) != trials:
        raise DataError(
            f"{where}: has responses to {trials} trials but {len(responses.shown)} labels. Every trial "
            "needs a label. Do 'axes' match the file?"
        )
    if responses.factor is not None:
        return _nearest(_numbers(responses), responses, seen)
    shown = labels_of(responses.shown)
    if shown.dtype.kind in "iuf":
        usable = np.isfinite(shown) & (shown >= 0) & (shown < images)
        if np.any(shown[np.isfinite(shown)] % 1):
            raise DataError(
                f"{where}: labels of trials are not whole numbers, as numbers of images are, but "
                f"{shown[shown % 1 != 0][0]:g}. If they are values of a factor, name the factor with 'by'."
            )
        numbers = np.where(usable, shown, 0).astype(int)
        of_row = image_of_rows(seen.names, order, where) if responses.by_file else np.arange(images)
        return np.where(usable, of_row[numbers], -1)
    try:
        return np.array(find([text(name) for name in shown], seen.names), int)
    except DataError as error:
        raise DataError(f"{where}: {error}.") from error


def summary(responses: Responses, values: np.ndarray, image: np.ndarray, seen: ShownStimulus, order) -> str:
    """Say in a line what was read: the array, its size, what is missing, which trial showed what."""
    shown = [seen.names[at] if at >= 0 else "no image" for at in image]
    other = next((at for at, name in enumerate(shown) if name != shown[0]), 0)  # not a repeat of the first
    first = ", ".join(f"trial {at}: {shown[at]}" for at in sorted({0, other, len(shown) - 1}))
    missing = np.isnan(values).sum()
    if responses.factor is not None:
        first += f" (by '{responses.factor}')"
    elif responses.by_file and (responses.shown is None or labels_of(responses.shown).dtype.kind in "iuf"):
        word = order if isinstance(order, str) else "stimulus's"
        first += f" (without names, in the {'given' if isinstance(order, list) else word} order)"
    of = f"{values.shape[2]} features of " if values.shape[2] > 1 else ""
    return (
        f"{responses.where}: {responses.what or 'responses'} to '{responses.stimulus}', {len(values)} "
        f"trials × {of}{values.shape[1]} neurons; {first}; {missing or 'no'} missing values"
    )


def valid_labels(responses: Responses, seen: ShownStimulus) -> str:
    """Say what trials of a stimulus can be labelled by."""
    if responses.factor is not None:
        values = some(list(seen.factors[responses.factor]))
        return (
            f"The images of the stimulus have these values of '{responses.factor}': {values}. Do 'bin' and "
            "'convention' match the stimulus?"
        )
    if labels_of(responses.shown).dtype.kind in "iuf":
        by = (
            f" If they are values of a factor ({', '.join(seen.factors)}), name it with 'by'."
            if seen.factors
            else ""
        )
        by += hint_from_one(responses, seen)
        return f"The images of the stimulus have the numbers 0 to {len(seen.names) - 1}.{by}"
    stems = {PurePosixPath(text(name)).stem for name in seen.names}
    bare = any(text(label) in stems for label in labels_of(responses.shown))
    return f"The images of the stimulus are: {some(list(seen.names))}." + (
        " Names include their endings." if bare else ""
    )


def hint_from_one(responses: Responses, seen: ShownStimulus) -> str:
    """Ask whether numbers of images count from 1, where they end at that; 0 may then be a blank."""
    numbers = labels_of(responses.shown)
    if responses.factor is not None or numbers.dtype.kind not in "iuf" or not numbers.size:
        return ""
    if np.nanmin(numbers) < 0 or np.nanmax(numbers) != len(seen.names):
        return ""
    return " Do the labels count from 1, as in MATLAB? Then subtract 1."


def labels_of(shown: Any) -> np.ndarray:
    """Return labels as numbers, or as text where any is text."""
    if not isinstance(shown, np.ndarray) and any(isinstance(label, str | bytes) for label in shown):
        return np.array([text(label) for label in shown], str)
    return np.asarray(shown)


def _numbers(responses: Responses) -> np.ndarray:
    try:
        return np.asarray(responses.shown).astype(np.float64)
    except ValueError as error:
        raise DataError(
            f"{responses.where}: expected values of '{responses.factor}' as labels of trials, found text "
            f"({error})."
        ) from error


def _nearest(shown: np.ndarray, responses: Responses, seen: ShownStimulus) -> np.ndarray:
    """Return the image whose factor has a trial's value."""
    factor, stimulus = responses.factor, responses.stimulus
    if factor is None or factor not in seen.factors:
        raise DataError(
            f"{responses.where}: trials are labelled by '{factor}', which is not a factor of the stimulus "
            f"'{stimulus}' (it has: {', '.join(seen.factors) or 'none'})."
        )
    try:
        values = np.array([float(value) for value in seen.factors[factor]])
    except ValueError as error:
        raise DataError(
            f"{responses.where}: trials are labelled by numbers, but '{factor}' of '{stimulus}' has values "
            f"that are not numbers ({error})."
        ) from error
    if len(np.unique(values)) < len(values):
        raise DataError(
            f"{responses.where}: '{factor}' does not distinguish the images of '{stimulus}': it has "
            f"{len(np.unique(values))} values for {len(values)} images."
        )
    order = np.argsort(values)
    ordered = values[order]
    right = np.searchsorted(ordered, shown).clip(1, len(values) - 1)
    nearest = np.where(shown - ordered[right - 1] < ordered[right] - shown, right - 1, right)
    return np.where(np.abs(ordered[nearest] - shown) <= TOLERANCE, order[nearest], -1)
