"""Responses of neurons as a recording gives them: which image each trial showed, and what is left out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple

import numpy as np

from repscape.core.errors import AssetError, ConfigError, DataError, some, unknown
from repscape.core.logs import logger
from repscape.io import array_files, assets, path_patterns
from repscape.recordings.lib.order import rows, text
from repscape.stimuli.lib.names import find

# What is done about what cannot be used: stop, or leave it out and say how much.
Missing = Literal["refuse", "drop_neurons", "drop_trials"]
Constant = Literal["keep", "drop", "refuse"]
Others = Literal["refuse", "drop"]
# Whether RDMs are of the mean over an image's trials, or one of each presentation
Taken = Literal["mean", "each"]

# How far, in the factor's units, a trial's value may be from that of its image: files round.
TOLERANCE = 1e-3


# What a name in braces in a path may stand for
STIMULUS = "stimulus"


class Seen(NamedTuple):
    """A stimulus as a recording's source may need it: what its images are called and vary in.

    Attributes
    ----------
    names : list of str
    factors : dict of factor to its values (image,), as text
    times : float array (image,) or None
        When each is shown, in seconds.
    """

    names: list[str]
    factors: Mapping[str, Sequence[str]]
    times: np.ndarray | None = None


class Responses(NamedTuple):
    """What neurons answered to a stimulus, trial by trial.

    Attributes
    ----------
    where : str
        The file, for messages.
    stimulus : str
    values : number array (trial, neuron) or (trial, neuron, feature)
        Several features of a neuron's answer, such as its power at some frequencies, are units each.
    shown : sequence (trial,), optional
        What each trial showed: names of images, their numbers from 0, or values of `factor`. Without
        it, the trials are the images in their order.
    factor : str, optional
        The factor of the images that numbers in `shown` are values of. NaN: no image.
    areas : sequence of str (neuron,), optional
    frequencies : float array (feature,), optional
        In Hz, where features are powers.
    what : str
        Which variable and columns of the file they are, for the log.
    by_file : bool
        Whether rows and numbers in `shown` count the images as a file does, in an order that may have to be
        declared; else in the order of the stimulus.
    """

    where: str
    stimulus: str
    values: np.ndarray
    shown: Sequence | np.ndarray | None = None
    factor: str | None = None
    areas: Sequence[str] | None = None
    frequencies: np.ndarray | None = None
    what: str = ""
    by_file: bool = True


class Trials(NamedTuple):
    """Trials of one stimulus that are used, image by image.

    Attributes
    ----------
    response : float32 array (trial, neuron, feature)
        By image, the presentations of one in the order of the file.
    image : int32 array (trial,)
        The place of the trial's image in the stimulus.
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
        Numbers of the neurons that are used, which are their places in `response`, ascending.
    frequencies : float array (feature,) or None
    left_out : list of str
        What was left out, and how much of it.
    """

    trials: dict[str, Trials]
    neurons: dict[str, np.ndarray]
    frequencies: np.ndarray | None
    left_out: list[str]


def by_stimulus(
    files: Iterable[Path], in_path: Mapping[Path, Mapping[str, str]], stimuli: Mapping[str, Seen]
) -> Iterator[tuple[Path, str]]:
    """Yield each file with the stimulus that its name says, or the only one; others are left out."""
    for file in files:
        said = in_path.get(file, {}).get(STIMULUS)
        stimulus = next(iter(stimuli)) if said is None and len(stimuli) == 1 else said
        if stimulus is not None and stimulus in stimuli:
            yield file, stimulus
        else:
            logger.info("%s: not read, since '%s' is no stimulus of this recording", file, stimulus)


def check_braces(addresses: Iterable[str]) -> None:
    """Refuse names in braces in paths other than the stimulus's.

    Raises
    ------
    ConfigError
    """
    for address in addresses:
        other = [name for name in path_patterns.names(address) if name != STIMULUS]
        if other:
            raise ConfigError(f"path: expected no name in braces but {{stimulus}}, found {{{other[0]}}}.")


def check_variables(path: list[str], **named: str | None) -> None:
    """Refuse names of variables that a recording's file does not have, if it tells them at once.

    Of several files the first is asked: a plan has no time for all.

    Raises
    ------
    ConfigError
    """
    try:
        first = next(iter(assets.local_files(path, "path")), None)
        there = None if first is None else array_files.names(first)
    except (AssetError, DataError):  # told with other files that are not there, and when it is read
        return
    for key, variable in named.items():
        if there is not None and variable is not None and variable not in there:
            raise ConfigError(f"{key}: {first}: variable {unknown(variable, there)}")


def recorded(
    given: Iterable[Responses],
    stimuli: Mapping[str, Seen],
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
    stimuli : mapping of stimulus to Seen
    areas : names of the areas, in order
    missing : {"refuse", "drop_neurons", "drop_trials"}
        Of values that are not finite: refuse them, or leave out every neuron or every trial that has one.
    constant : {"keep", "drop", "refuse"}
        Of neurons that answer the same in all trials of all stimuli.
    others : {"refuse", "drop"}
        Of trials that show no image of the stimulus.
    trials : {"mean", "each"}
        How they are taken; each by itself only where images were shown equally often.
    order :
        In which order a file counts the images, where rows have no names; see `recordings.order.rows`.

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
            raise DataError(f"{responses.where}: a second file of responses to '{responses.stimulus}'.")
        values = _values(responses)
        if first is None:
            first, shape = responses, values.shape[1:]
        if values.shape[1:] != shape:
            told = " and ".join(f"{one.where} has {np.shape(one.values)[1]}" for one in (first, responses))
            raise DataError(
                f"a recording has the same neurons for all its stimuli, but of these {told}. Make it two "
                "recordings."
            )
        if missing == "refuse":
            _refuse_missing(values, responses.where)
        image = places(responses, stimuli[responses.stimulus], order)
        logger.info("%s", _taken(responses, values, image, stimuli[responses.stimulus], order))
        found[responses.stimulus] = _used_trials(
            responses, values, image, stimuli[responses.stimulus], missing, others, left_out
        )
        if trials == "each":
            _check_equally_often(found[responses.stimulus], responses)
    lacking = [name for name in stimuli if name not in found]
    if lacking or first is None:
        raise DataError(
            f"expected responses to {some(list(stimuli))}, found none to {some(lacking)}. Of several "
            "stimuli each has a file of its own, with '{stimulus}' for its name in 'path'."
        )
    of_area = _by_area(first, areas, left_out)
    used = _used_neurons(found, first.where, missing, constant, left_out)
    neurons = {area: numbers[used[numbers]] for area, numbers in of_area.items()}
    for area, numbers in neurons.items():
        if not numbers.size:
            raise DataError(f"{first.where}: no neuron of {area} is left. Left out: {'; '.join(left_out)}.")
    for line in left_out:
        logger.warning("left out: %s", line)
    return Recorded(found, neurons, first.frequencies, left_out)


def places(responses: Responses, seen: Seen, order: str | Sequence[str] | None = None) -> np.ndarray:
    """Return the place of each trial's image in the stimulus, -1 where it shows none: int array (trial,).

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
                f"{where}: has {trials} trials, the stimulus '{responses.stimulus}' has {images} images. "
                "Where trials are not the images in their order, say with 'images' which image each showed."
            )
        return rows(seen.names, order, where) if responses.by_file else np.arange(images)
    if len(responses.shown) != trials:
        raise DataError(
            f"{where}: has responses of {trials} trials and labels of {len(responses.shown)}. Each trial "
            "needs its label; are 'axes' those of the file?"
        )
    if responses.factor is not None:
        return _nearest(_numbers(responses), responses, seen)
    shown = _labels(responses.shown)
    if shown.dtype.kind in "iuf":
        usable = np.isfinite(shown) & (shown >= 0) & (shown < images)
        if np.any(shown[np.isfinite(shown)] % 1):
            raise DataError(
                f"{where}: labels of trials are numbers with fractions, such as "
                f"{shown[shown % 1 != 0][0]:g}: no numbers of images. Say with 'by' of which factor they "
                "are values."
            )
        numbers = np.where(usable, shown, 0).astype(int)
        of_row = rows(seen.names, order, where) if responses.by_file else np.arange(images)
        return np.where(usable, of_row[numbers], -1)
    try:
        return np.array(find([text(name) for name in shown], seen.names), int)
    except DataError as error:
        raise DataError(f"{where}: {error}.") from error


def _labels(shown: Any) -> np.ndarray:
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


def _taken(responses: Responses, values: np.ndarray, image: np.ndarray, seen: Seen, order) -> str:
    """Say in a line what was read: the array, its size, what is missing, which trial showed what."""
    shown = [seen.names[at] if at >= 0 else "no image" for at in image]
    other = next((at for at, name in enumerate(shown) if name != shown[0]), 0)  # not a repeat of the first
    first = ", ".join(f"trial {at}: {shown[at]}" for at in sorted({0, other, len(shown) - 1}))
    missing = np.isnan(values).sum()
    if responses.factor is not None:
        first += f" (by '{responses.factor}')"
    elif responses.by_file and (responses.shown is None or _labels(responses.shown).dtype.kind in "iuf"):
        word = order if isinstance(order, str) else "stimulus's"
        first += f" (without names, in the {'given' if isinstance(order, list) else word} order)"
    of = f"{values.shape[2]} features of " if values.shape[2] > 1 else ""
    return (
        f"{responses.where}: {responses.what or 'responses'} to '{responses.stimulus}', {len(values)} trials "
        f"× {of}{values.shape[1]} neurons; {first}; {missing or 'no'} values missing"
    )


def _nearest(shown: np.ndarray, responses: Responses, seen: Seen) -> np.ndarray:
    """Return the image whose factor has a trial's value."""
    factor, stimulus = responses.factor, responses.stimulus
    if factor is None or factor not in seen.factors:
        raise DataError(
            f"{responses.where}: trials are labelled by '{factor}', which is no factor of the stimulus "
            f"'{stimulus}' (it has: {', '.join(seen.factors) or 'none'})."
        )
    try:
        values = np.array([float(value) for value in seen.factors[factor]])
    except ValueError as error:
        raise DataError(
            f"{responses.where}: trials are labelled by numbers, but '{factor}' of '{stimulus}' has values "
            f"that are none ({error})."
        ) from error
    if len(np.unique(values)) < len(values):
        raise DataError(
            f"{responses.where}: '{factor}' does not tell the images of '{stimulus}' apart: it has "
            f"{len(np.unique(values))} values for {len(values)} images."
        )
    order = np.argsort(values)
    ordered = values[order]
    right = np.searchsorted(ordered, shown).clip(1, len(values) - 1)
    nearest = np.where(shown - ordered[right - 1] < ordered[right] - shown, right - 1, right)
    return np.where(np.abs(ordered[nearest] - shown) <= TOLERANCE, order[nearest], -1)


def _values(responses: Responses) -> np.ndarray:
    """Return the responses in single precision, as activity of networks is; refuse those it cannot hold."""
    values = np.asarray(responses.values)
    if values.dtype.kind not in "buif" or values.ndim not in (2, 3) or not values.size:
        hint = " Take their magnitude, or real and imaginary parts." if values.dtype.kind == "c" else ""
        raise DataError(
            f"{responses.where}: expected numbers of shape (trial, neuron), found {values.dtype} of shape "
            f"{values.shape}.{hint}"
        )
    values = values.reshape(*values.shape[:2], -1)
    with np.errstate(over="ignore"):
        single = values.astype(np.float32, copy=False)
    if values.dtype.itemsize > 4 or (values.dtype.kind in "iu" and values.dtype.itemsize == 4):
        _check_precision(values, responses.where)
    return single


def _check_precision(values: np.ndarray, where: str) -> None:
    """Refuse neurons whose responses differ by less than single precision tells apart.

    Floating-point numbers that differ by the rounding of double precision alone are taken for equal; whole
    numbers below 2^20 are kept.
    """
    low, high = values.min(0), values.max(0)
    for at in np.argwhere(~(np.isfinite(low) & np.isfinite(high))):
        neuron = values[(slice(None), *at)]
        finite = neuron[np.isfinite(neuron)]
        low[tuple(at)], high[tuple(at)] = (finite.min(), finite.max()) if finite.size else (0, 0)
    largest = np.maximum(np.abs(low.astype(float)), np.abs(high.astype(float)))
    with np.errstate(over="ignore"):
        span, least = (high - low).astype(float), 1000 * np.spacing(largest.astype(np.float32))
    rounding = 1e-12 * largest if values.dtype.kind == "f" else 0
    lost = (largest > np.finfo(np.float32).max) | ((span > rounding) & (span < least))
    for at in np.argwhere(lost & (largest < 2**20)):  # whole numbers, of which steps of 1 are no rounding
        neuron = values[(slice(None), *at)]
        lost[tuple(at)] = (neuron[np.isfinite(neuron)] % 1 != 0).any()
    if lost.any():
        neuron = int(np.argwhere(lost)[0][0])
        raise DataError(
            f"{where}: {lost.any(-1).sum()} neurons have responses that single precision cannot tell apart, "
            f"such as neuron {neuron}, from {low[neuron].min():.15g} to {high[neuron].max():.15g}. Subtract "
            "what they have in common, or scale them."
        )


def _has(responses: Responses, seen: Seen) -> str:
    """Say what trials of a stimulus can be labelled by."""
    if responses.factor is not None:
        values = some(list(seen.factors[responses.factor]))
        return (
            f"Its images have, of the factor '{responses.factor}': {values}. Are 'bin' and 'convention' "
            "those of the stimulus?"
        )
    if _labels(responses.shown).dtype.kind in "iuf":
        by = f" Values of a factor ({', '.join(seen.factors)}) need 'by'." if seen.factors else ""
        by += _from_one(responses, seen)
        return f"Its images have the numbers 0 to {len(seen.names) - 1}.{by}"
    stems = {PurePosixPath(text(name)).stem for name in seen.names}
    bare = any(text(label) in stems for label in _labels(responses.shown))
    return f"Its images are: {some(list(seen.names))}." + (" Names have their endings." if bare else "")


def _from_one(responses: Responses, seen: Seen) -> str:
    """Ask whether numbers of images count from 1, where they end at that; 0 may then be a blank."""
    numbers = _labels(responses.shown)
    if responses.factor is not None or numbers.dtype.kind not in "iuf" or not numbers.size:
        return ""
    if np.nanmin(numbers) < 0 or np.nanmax(numbers) != len(seen.names):
        return ""
    return " Do they count from 1, as MATLAB does? Then subtract 1."


def _used_trials(responses, values, image, seen: Seen, missing, others, left_out) -> Trials:
    """Choose and sort the trials of one stimulus."""
    names = seen.names
    where, stimulus = responses.where, responses.stimulus
    none = image < 0
    if none.any():
        labels = some(list(dict.fromkeys(text(label) for label in _labels(responses.shown)[none])))
        if others == "refuse" or none.all():
            raise DataError(
                f"{where}: {none.sum()} of {len(image)} trials show no image of '{stimulus}': {labels}. "
                f"{_has(responses, seen)} Correct the labels, or add these images to the stimulus"
                + ("." if none.all() else "; 'others: drop' leaves such trials out.")
            )
        asked = "." * bool(hint := _from_one(responses, seen)) + hint
        left_out.append(
            f"{none.sum()} of {len(image)} trials, which show no image of '{stimulus}': {labels}{asked}"
        )
    bad = ~np.isfinite(values).all(2)
    if missing == "drop_trials":
        what = f"trials of '{stimulus}' with values that are not finite"
        none = none | _told(bad.any(1) & ~none, what, left_out)
    kept = np.flatnonzero(~none)
    unseen = np.setdiff1d(np.arange(len(names)), image[kept])
    if unseen.size and np.isin(unseen, image[image >= 0]).any():
        raise DataError(
            f"{where}: 'missing: drop_trials' leaves out all trials of {unseen.size} of {len(names)} images "
            f"of '{stimulus}', whose values are not all finite: {some([names[at] for at in unseen])}. "
            f"{bad.any(0).sum()} of {bad.shape[1]} neurons have such values; 'missing: drop_neurons' leaves "
            "these out."
        )
    if unseen.size:
        raise DataError(
            f"{where}: {unseen.size} of {len(names)} images of '{stimulus}' have no trial: "
            f"{some([names[at] for at in unseen])}. Take a stimulus of the images that were shown."
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
            f"{bad.any(0).sum()} of {bad.shape[1]} neurons and {bad.any(1).sum()} of {bad.shape[0]} trials. "
            "Leave these out with 'missing: drop_neurons' or 'missing: drop_trials'."
        )


def _check_equally_often(trials: Trials, responses: Responses) -> None:
    counts = np.bincount(trials.image)
    if counts.min() < counts.max():
        raise DataError(
            f"{responses.where}: 'trials: each' takes images that were shown equally often; those of "
            f"'{responses.stimulus}' that are used were shown {counts.min()} to {counts.max()} times. Set "
            "'trials: mean' for this recording."
        )


def _used_neurons(found: Mapping[str, Trials], where, missing, constant, left_out) -> np.ndarray:
    """Say which neurons are used: bool array (neuron,)."""
    count = next(iter(found.values())).response.shape[1]
    used = np.ones(count, bool)
    if missing == "drop_neurons":
        bad = np.any([~np.isfinite(trials.response).all((0, 2)) for trials in found.values()], axis=0)
        used &= ~_told(bad, "neurons with values that are not finite", left_out)
    low = np.min([trials.response.min(0) for trials in found.values()], axis=0)
    high = np.max([trials.response.max(0) for trials in found.values()], axis=0)
    same = used & (low == high).all(1)
    if same.any():
        numbers = some([str(at) for at in np.flatnonzero(same)])
        if constant == "refuse":
            raise DataError(
                f"{where}: {same.sum()} of {count} neurons answer the same in all trials: {numbers}. Leave "
                "them out with 'constant: drop', or keep them with 'constant: keep'."
            )
        if constant == "drop":
            used &= ~_told(same, "neurons that answer the same in all trials", left_out)
        else:
            logger.warning(
                "%s: %d of %d neurons answer the same in all trials and are kept: %s",
                *(where, same.sum(), count, numbers),
            )
    return used


def _told(which: np.ndarray, what: str, left_out: list[str]) -> np.ndarray:
    if which.any():
        left_out.append(f"{which.sum()} of {len(which)} {what}")
    return which


def _by_area(responses: Responses, areas: Sequence[str], left_out: list[str]) -> dict[str, np.ndarray]:
    """Sort neurons into areas: {area: int32 numbers (neuron,)}."""
    count = np.shape(responses.values)[1]
    if responses.areas is None:
        if len(areas) > 1:
            raise DataError(
                f"{responses.where}: {len(areas)} areas are named, but no variable says to which each neuron "
                "belongs. Name it with 'area_of'."
            )
        return {areas[0]: np.arange(count, dtype=np.int32)}
    if len(responses.areas) != count:
        raise DataError(
            f"{responses.where}: has {count} neurons and areas of {len(responses.areas)}. Each neuron "
            "needs its area; are 'axes' those of the file?"
        )
    belongs = np.asarray([text(area) for area in responses.areas])
    unknown = [area for area in areas if area not in belongs]
    if unknown:
        raise DataError(
            f"{responses.where}: no neuron is of {some(unknown)}. Areas there: "
            f"{some(list(dict.fromkeys(belongs)))}."
        )
    _told(~np.isin(belongs, areas), f"neurons, which are of other areas than {some(areas)}", left_out)
    return {area: np.flatnonzero(belongs == area).astype(np.int32) for area in areas}
