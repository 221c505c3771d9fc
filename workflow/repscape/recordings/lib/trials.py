"""The trials of a recording that are used, and what is left out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from repscape.core.errors import DataError, some
from repscape.core.logs import logger
from repscape.recordings.lib.order import text
from repscape.recordings.lib.responses import Responses, ShownStimulus
from repscape.recordings.lib.single_precision import to_single
from repscape.recordings.lib.trial_images import (
    hint_from_one,
    image_of_trials,
    labels_of,
    summary,
    valid_labels,
)

# What is done about what cannot be used: stop, or leave it out and say how much.
Missing = Literal["refuse", "drop_neurons", "drop_trials"]
Constant = Literal["keep", "drop", "refuse"]
Others = Literal["refuse", "drop"]
# Whether RDMs are of the mean over an image's trials, or one of each presentation
Taken = Literal["mean", "each"]


class Trials(NamedTuple):
    """Trials of one stimulus that are used, image by image.

    Attributes
    ----------
    response : float32 array (trial, neuron, feature)
        By image, the presentations of one in the order of the file.
    image : int32 array (trial,)
        The index of the trial's image in the stimulus.
    repeat : int32 array (trial,)
        Which presentation of its image the trial is, from 0.
    """

    response: np.ndarray
    image: np.ndarray
    repeat: np.ndarray


class Recorded(NamedTuple):
    """A recording: by stimulus its trials, by area the neurons, and what was left out.

    Attributes
    ----------
    trials : dict of stimulus to Trials
    neurons : dict of area to int32 array (neuron,)
        Numbers of the neurons that are used, their indices in `response`, ascending.
    frequencies : float array (feature,) or None
    left_out : list of str
        What was left out, and how much of it.
    """

    trials: dict[str, Trials]
    neurons: dict[str, np.ndarray]
    frequencies: np.ndarray | None
    left_out: list[str]


def match_trials(
    given: Iterable[Responses],
    stimuli: Mapping[str, ShownStimulus],
    areas: Sequence[str],
    *,
    missing: Missing = "refuse",
    constant: Constant = "keep",
    others: Others = "refuse",
    trials: Taken = "mean",
    order: str | Sequence[str] | None = None,
) -> Recorded:
    """Match trials with images and leave out what the policies say.

    Parameters
    ----------
    given : iterable of Responses, one a stimulus
    stimuli : mapping of stimulus to ShownStimulus
    areas : names of the areas, in order
    missing : {"refuse", "drop_neurons", "drop_trials"}
        Of values that are not finite: refuse them, or leave out every neuron or every trial that has one.
    constant : {"keep", "drop", "refuse"}
        Of neurons whose responses are equal in all trials of all stimuli.
    others : {"refuse", "drop"}
        Of trials that show no image of the stimulus.
    trials : {"mean", "each"}
        How they are taken; each by itself only where images were shown equally often.
    order :
        In which order a file counts the images, where rows have no names; see `order.image_of_rows`.

    Raises
    ------
    DataError
        Numbers of trials, images, neurons or areas do not agree; a policy refuses what was found; an image
        has no trial, or nothing is left.
    """
    left_out: list[str] = []
    found: dict[str, Trials] = {}
    first: Responses | None = None
    shape: tuple[int, ...] = ()
    for responses in given:
        if responses.stimulus in found:
            raise DataError(
                f"{responses.where}: expected one file of responses to '{responses.stimulus}', found a "
                "second. Remove one."
            )
        values = to_single(responses)
        if first is None:
            first, shape = responses, values.shape[1:]
        if values.shape[1:] != shape:
            counts = " and ".join(f"{one.where} has {np.shape(one.values)[1]}" for one in (first, responses))
            raise DataError(
                f"expected the same neurons for all stimuli of a recording, but {counts}. Make them "
                "separate recordings."
            )
        if missing == "refuse":
            _refuse_missing(values, responses.where)
        image = image_of_trials(responses, stimuli[responses.stimulus], order)
        logger.info("%s", summary(responses, values, image, stimuli[responses.stimulus], order))
        found[responses.stimulus] = _used_trials(
            responses, values, image, stimuli[responses.stimulus], missing, others, left_out
        )
        if trials == "each":
            _check_equally_often(found[responses.stimulus], responses)
    lacking = [name for name in stimuli if name not in found]
    if lacking or first is None:
        raise DataError(
            f"expected responses to {some(list(stimuli))}, found none to {some(lacking)}. Give each "
            "stimulus a file, and write '{stimulus}' in place of its name in 'path'."
        )
    of_area = _by_area(first, areas, left_out)
    used = _used_neurons(found, first.where, missing, constant, left_out)
    neurons = {area: numbers[used[numbers]] for area, numbers in of_area.items()}
    for area, numbers in neurons.items():
        if not numbers.size:
            raise DataError(
                f"{first.where}: all neurons of {area} are left out: {'; '.join(left_out)}. Check the keys "
                "that leave them out."
            )
    for line in left_out:
        logger.warning("left out: %s", line)
    return Recorded(found, neurons, first.frequencies, left_out)


def _used_trials(responses, values, image, seen: ShownStimulus, missing, others, left_out) -> Trials:
    """Choose and sort the trials of one stimulus."""
    names = seen.names
    where, stimulus = responses.where, responses.stimulus
    none = image < 0
    if none.any():
        labels = some(list(dict.fromkeys(text(label) for label in labels_of(responses.shown)[none])))
        if others == "refuse" or none.all():
            raise DataError(
                f"{where}: {none.sum()} of {len(image)} trials show no image of '{stimulus}': {labels}. "
                f"{valid_labels(responses, seen)} Correct the labels, add these images to the stimulus"
                + ("." if none.all() else ", or set 'others: drop' to leave such trials out.")
            )
        asked = "." * bool(hint := hint_from_one(responses, seen)) + hint
        left_out.append(
            f"{none.sum()} of {len(image)} trials that show no image of '{stimulus}': {labels}{asked}"
        )
    bad = ~np.isfinite(values).all(2)
    if missing == "drop_trials":
        what = f"trials of '{stimulus}' with missing or non-finite values"
        none = none | _note(bad.any(1) & ~none, what, left_out)
    kept = np.flatnonzero(~none)
    unseen = np.setdiff1d(np.arange(len(names)), image[kept])
    if unseen.size and np.isin(unseen, image[image >= 0]).any():
        raise DataError(
            f"{where}: 'missing: drop_trials' leaves out all trials of {unseen.size} of {len(names)} "
            f"images of '{stimulus}', whose values are not all finite: "
            f"{some([names[at] for at in unseen])}. {bad.any(0).sum()} of {bad.shape[1]} neurons have such "
            "values. To leave out these neurons instead, set 'missing: drop_neurons'."
        )
    if unseen.size:
        raise DataError(
            f"{where}: {unseen.size} of {len(names)} images of '{stimulus}' have no trial: "
            f"{some([names[at] for at in unseen])}. Use a stimulus with only the images that were shown."
        )
    kept = kept[np.argsort(image[kept], kind="stable")]
    counts = np.bincount(image[kept], minlength=len(names))
    repeat = np.concatenate([np.arange(count) for count in counts])
    return Trials(values[kept], image[kept].astype(np.int32), repeat.astype(np.int32))


def _refuse_missing(values: np.ndarray, where: str) -> None:
    bad = ~np.isfinite(values).all(2)
    if bad.any():
        raise DataError(
            f"{where}: {bad.sum()} responses are not finite (NaN or inf, or missing), in "
            f"{bad.any(0).sum()} of {bad.shape[1]} neurons and {bad.any(1).sum()} of {bad.shape[0]} "
            "trials. To leave these out, set 'missing: drop_neurons' or 'missing: drop_trials'."
        )


def _check_equally_often(trials: Trials, responses: Responses) -> None:
    counts = np.bincount(trials.image)
    if counts.min() < counts.max():
        raise DataError(
            f"{responses.where}: 'trials: each' needs images that were shown equally often; those used of "
            f"'{responses.stimulus}' were shown {counts.min()} to {counts.max()} times. Set 'trials: mean' "
            "for this recording."
        )


def _used_neurons(found: Mapping[str, Trials], where, missing, constant, left_out) -> np.ndarray:
    """Say which neurons are used: bool array (neuron,)."""
    count = next(iter(found.values())).response.shape[1]
    used = np.ones(count, bool)
    if missing == "drop_neurons":
        bad = np.any([~np.isfinite(trials.response).all((0, 2)) for trials in found.values()], axis=0)
        used &= ~_note(bad, "neurons with missing or non-finite values", left_out)
    low = np.min([trials.response.min(0) for trials in found.values()], axis=0)
    high = np.max([trials.response.max(0) for trials in found.values()], axis=0)
    same = used & (low == high).all(1)
    if same.any():
        numbers = some([str(at) for at in np.flatnonzero(same)])
        if constant == "refuse":
            raise DataError(
                f"{where}: {same.sum()} of {count} neurons have equal responses in all trials: {numbers}. "
                "To leave them out, set 'constant: drop'; to keep them, set 'constant: keep'."
            )
        if constant == "drop":
            used &= ~_note(same, "neurons with equal responses in all trials", left_out)
        else:
            logger.warning(
                "%s: %d of %d neurons have equal responses in all trials and are kept: %s",
                *(where, same.sum(), count, numbers),
            )
    return used


def _note(which: np.ndarray, what: str, left_out: list[str]) -> np.ndarray:
    """Note what is left out, and return it."""
    if which.any():
        left_out.append(f"{which.sum()} of {len(which)} {what}")
    return which


def _by_area(responses: Responses, areas: Sequence[str], left_out: list[str]) -> dict[str, np.ndarray]:
    """Sort neurons into areas: {area: int32 numbers (neuron,)}."""
    count = np.shape(responses.values)[1]
    if responses.areas is None:
        if len(areas) > 1:
            raise DataError(
                f"{responses.where}: 'area' names {len(areas)} areas, but no variable gives the area of "
                "each neuron. Name it with 'area_of'."
            )
        return {areas[0]: np.arange(count, dtype=np.int32)}
    if len(responses.areas) != count:
        raise DataError(
            f"{responses.where}: has {count} neurons but areas of {len(responses.areas)}. Every neuron "
            "needs an area. Do 'axes' match the file?"
        )
    belongs = np.asarray([text(area) for area in responses.areas])
    unknown = [area for area in areas if area not in belongs]
    if unknown:
        raise DataError(
            f"{responses.where}: found no neuron in {some(unknown)}. Areas in the file: "
            f"{some(list(dict.fromkeys(belongs)))}."
        )
    _note(~np.isin(belongs, areas), f"neurons in areas other than {some(areas)}", left_out)
    return {area: np.flatnonzero(belongs == area).astype(np.int32) for area in areas}
