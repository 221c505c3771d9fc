"""RDMs of one stimulus, population and sample size: all layers, metrics, repeats and sets of images."""

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import netCDF4
import numpy as np

from repscape.core.chunks import slices
from repscape.core.errors import ConfigError, DataError
from repscape.core.labels import check_equal
from repscape.core.logs import NO_VALUE, logger
from repscape.io import netcdf
from repscape.metrics.lib import single_trials
from repscape.metrics.lib.distances import pairs
from repscape.metrics.lib.normalisation import Kind, Scaling, scaling
from repscape.metrics.lib.single_trials import Trials
from repscape.metrics.lib.streamed_rows import Rows
from repscape.plugin import user_functions
from repscape.plugin.registry import entry
from repscape.rdms import blockwise
from repscape.rdms import file as rdm_file
from repscape.rdms import measures as properties
from repscape.rdms import sets as sets_of_images
from repscape.stimuli.lib import factors

# What an RDM file takes over from the activations it was made of.
_KEYS = (
    "source", "stimulus", "population", "selected", "layer", "order", "stimulus_sha256", "weights_sha256",
    "recording_sha256", "simulated",
)  # fmt: skip


class Metric(NamedTuple):
    """A metric as a study calls it, what it measures (``metric`` in the config), and its normalisation."""

    name: str
    function: Callable
    normalisation: Kind
    measure: str

    @property
    def takes_trials(self) -> bool:
        """Whether its function takes single trials, where there are any."""
        return single_trials.asked_for(self.function)

    def rounding(self, activity, scalings: Mapping[str, Scaling], trials: bool) -> np.ndarray | None:
        """Return what rounding may add to squared distances, by image; None where it is not known."""
        tell = getattr(inspect.getmodule(self.function), "squared_rounding", None)
        if tell is None or (trials and self.takes_trials):
            return None
        return tell(activity, scalings[self.normalisation])

    def settled(self, values: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return dissimilarities, with 0 for what rounding may have made alone."""
        return properties.settled(values, first, second, properties.described(self.measure).squared)


def write_rdms(
    activations: Mapping,
    samples: Mapping,
    outputs: Mapping,
    *,
    metrics: Sequence[Mapping[str, Any]],
    sets: Mapping[str, Mapping] | None = None,
    memory: int = 2**32,
) -> None:
    """Write one RDM file a layer.

    The RDMs of sets of images are normalised as that of all images is, by the same shift and scale: where
    no entry combines images, a set's RDM is part of it. A metric whose function has a parameter ``trials``
    gets a recording's single trials of the drawn units. A recording whose trials are taken each by itself has
    an RDM of each presentation in each draw: ``draw`` and ``presentation`` (repeat) say which a repeat is.

    RDMs of more than 2,000 images are computed in blocks and written as they come; see `repscape.rdms.file`
    for what their files lack. The values do not depend on `memory`.

    Parameters
    ----------
    activations, samples, outputs : mappings of layer to path
    metrics : sequence of mappings
        Of each metric its ``name``, the plugin or function of one's own (``metric``) and the
        ``normalisation``.
    sets : mapping of name to definition, optional
        What `repscape.rdms.sets.groups` takes.
    memory : int
        In bytes: of many images, answers that fit into it are held, others read again for each block.

    Raises
    ------
    DataError
        Files that do not belong together, fewer than 3 images, too few trials for a metric, or too many
        images for one.
    ConfigError
        The stimulus cannot be divided into these sets.
    """
    measures = [
        Metric(metric["name"], function_of(metric["metric"]), metric["normalisation"], metric["metric"])
        for metric in metrics
    ]
    names = names_file = None
    for layer in outputs:
        with (
            netcdf.open_file(activations[layer], "activations") as recording,
            netcdf.open_file(samples[layer], "sample") as sample,
        ):
            _check_keys(recording, sample)
            if names is None:
                names, names_file = recording["name"][:], activations[layer]
                if len(names) < 3:
                    raise DataError(
                        f"{names_file}: expected at least 3 images, found {len(names)}. A stimulus "
                        "needs 3 images for an RDM with more than one distance; add some."
                    )
                groups = _groups(sets or {}, factors.read(recording), names_file)
            check_equal("image", names, names_file, recording["name"][:], activations[layer])
            keys = {key: getattr(recording, key, None) for key in _KEYS}
            keys |= {key: sample.getncattr(key) for key in ("size", "n_drawn", "drawn")}
            columns = columns_of(recording, sample)
            blockwise = len(names) > rdm_file.LABELLED
            activity = recording["activation"] if blockwise else recording["activation"][:]
            trials = _trials(recording, measures, groups)
            looks = [(activity, drawn) for drawn in columns]
            if getattr(recording, "trials", "mean") == "each":
                shown = single_trials.by_presentation(single_trials.read(recording))
                looks = [(each, drawn) for drawn in columns for each in shown]
                keys["presentations"] = len(shown)
            described = {
                "metric": (("metric",), [measure.name for measure in measures]),
                "measure": (("metric",), [measure.measure for measure in measures]),
                "normalisation": (("metric",), [measure.normalisation for measure in measures]),
                "repeat": (("repeat",), np.arange(len(looks), dtype=np.int32)),
            }
            said = properties.variables(measure.measure for measure in measures)
            if "presentations" in keys:
                draw, presentation = np.divmod(np.arange(len(looks), dtype=np.int32), len(shown))
                described |= {"draw": (("repeat",), draw), "presentation": (("repeat",), presentation)}
            if blockwise:
                _write_in_blocks(
                    outputs[layer], names, looks, measures, trials, keys, described, said, groups, memory
                )
                continue
        values = np.empty((len(measures), len(looks), len(names) * (len(names) - 1) // 2), np.float32)
        scalings = []
        for repeat, (recorded, drawn) in enumerate(looks):
            answers = _drawn(recorded, drawn)
            scalings.append(scalings_of(answers, measures))
            some = trials and trials.of_units(drawn)
            try:
                values[:, repeat] = dissimilarities(answers, measures, scalings[repeat], some)
            except DataError as error:
                raise DataError(f"{activations[layer]}: {error}") from error
        degenerate = bool(np.isnan(values).any())
        if degenerate:
            _tell_nan(_called(keys), measures, np.isnan(values).mean(axis=(1, 2)), activity)
        first, second = pairs(len(names))
        netcdf.write(
            outputs[layer],
            kind="rdm",
            variables={
                "dissimilarity": (
                    ("metric", "repeat", "pair"),
                    values,
                    {"coordinates": "image_i image_j name_i name_j measure normalisation definition squared"},
                ),
                **described,
                **said,
                "image_i": (("pair",), first.astype(np.int32)),
                "image_j": (("pair",), second.astype(np.int32)),
                "name_i": (("pair",), names[first]),
                "name_j": (("pair",), names[second]),
            },
            attributes=keys | {"degenerate": degenerate},
            groups={
                name: _of_sets(_called(keys), name, group, values, looks, measures, scalings, described)
                for name, group in groups.items()
            },
        )
    wanted = [measure.name for measure in measures if measure.takes_trials]
    if outputs and wanted and trials is None:
        logger.info(
            "%s has no single trials: %s computed without them (mahalanobis and crossnobis as sqeuclidean)",
            keys["source"], ", ".join(wanted),
        )  # fmt: skip


def _write_in_blocks(path, names, looks, measures, trials, keys, described, said, groups, memory) -> None:
    """Write one RDM file of many images."""
    undefined, scalings = np.zeros(len(measures), np.int64), []
    try:
        with netcdf.create(path, kind="rdm", attributes=keys) as file:
            values = blockwise.define(file, names, len(measures), len(looks))
            for name, (dims, labels) in (described | said).items():
                netcdf.add_variable(file, name, dims, labels)
            for repeat, (recorded, drawn) in enumerate(looks):
                rows = Rows.of(recorded, drawn, memory - blockwise.BLOCKS)
                scalings.append(scalings_of(rows, measures))
                some = trials and trials.of_units(drawn)

                def whole(measure, rows=rows, own=scalings[repeat], some=some) -> np.ndarray:
                    return dissimilarities(rows[0 : len(rows)], [measure], own, some)[0]

                noisy = some is not None
                undefined += blockwise.fill(values, repeat, rows, measures, scalings[repeat], whole, noisy)
            if undefined.any():
                _tell_nan(_called(keys), measures, undefined / values[0].size, looks[0][0])
            netcdf.set_attributes(file, {"degenerate": bool(undefined.any())})
            for name, group in groups.items():
                _check_size(name, group)
                variables, attributes = _of_sets(
                    _called(keys), name, group, values, looks, measures, scalings, described
                )
                netcdf.fill(file.createGroup(name), variables, attributes)
    except DataError as error:
        raise DataError(f"{keys['stimulus']}, layer {keys['layer']}: {error}") from error


def _check_size(name: str, group: sets_of_images.Group) -> None:
    if len(group.members[0]) > rdm_file.WHOLE:
        raise DataError(
            f"rdms.sets.{name.rpartition('/')[0]}: expected at most {rdm_file.WHOLE:,} entries of a set, "
            f"found {len(group.members[0]):,}. Combine images, or name more factors in 'by'."
        )


def dissimilarities(
    activity: np.ndarray,
    measures: Sequence[Metric],
    scalings: Mapping[str, Scaling],
    trials: Trials | None = None,
) -> np.ndarray:
    """Compute the RDMs of all metrics.

    Parameters
    ----------
    activity : float32 array (image, unit)
        Of the drawn units.
    measures : sequence of Metric
    scalings : mapping of normalisation to Scaling
    trials : Trials, optional
        Of the same images and units, where there are any.

    Returns
    -------
    float32 array (metric, pair)
        Exactly 0 where the rounding of the activity may have made the distance alone.

    Raises
    ------
    DataError
        A metric does not return a value a pair, or needs more trials.
    """
    images = len(activity)
    first, second = pairs(images)
    values = np.empty((len(measures), images * (images - 1) // 2), np.float32)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # told once a layer
        for at, measure in enumerate(measures):
            further = {"trials": trials} if measure.takes_trials else {}
            try:
                found = measure.function(activity, scalings[measure.normalisation], **further)
            except DataError as error:
                raise DataError(f"metric '{measure.name}': {error}") from error
            if np.shape(found) != values.shape[1:]:
                raise DataError(
                    f"metric '{measure.name}': expected a dissimilarity for each pair of {images} images, "
                    f"shape {values.shape[1:]}; it returned {np.shape(found)}. Correct the function."
                )
            near = measure.rounding(activity, scalings, trials is not None)
            values[at] = found if near is None else measure.settled(found, near[first], near[second])
    return values


def function_of(metric: str) -> Callable:
    """Return the function of a metric, a plugin's or one's own."""
    return (
        user_functions.load(metric)
        if user_functions.is_own(metric)
        else entry("metrics", metric, "rdms.metrics")
    )


def _trials(recording: netCDF4.Dataset, measures: Sequence[Metric], groups: Mapping) -> Trials | None:
    """Read single trials where a metric takes them and the activity is a recording's."""
    wanted = [measure.name for measure in measures if measure.takes_trials]
    if not wanted or not single_trials.has_noise(recording):
        return None
    if getattr(recording, "trials", "mean") == "each":
        raise DataError(
            f"{recording.filepath()}: metric '{wanted[0]}' needs all trials of an image, but each is taken "
            f"by itself. Set 'trials: mean' for the recording '{recording.source}', or leave out the metric."
        )
    combined = [name for name, group in groups.items() if group.combines]
    if combined:
        raise DataError(
            f"rdms.sets.{combined[0].rpartition('/')[0]}: entries that combine images have no trials, which "
            f"metric '{wanted[0]}' needs of the recording '{recording.source}'. Leave out the set or the "
            "metric."
        )
    try:
        return single_trials.read(recording)
    except DataError as error:
        raise DataError(f"{recording.filepath()}: metric '{wanted[0]}': {error}") from error


def _drawn(activity: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    return activity if len(drawn) == activity.shape[1] else activity.take(drawn, axis=1)


def scalings_of(answers: np.ndarray | Rows, measures: Sequence[Metric]) -> dict[str, Scaling]:
    """Return the shift and scale of each normalisation that the metrics use."""
    with np.errstate(invalid="ignore", over="ignore"):
        return {kind: scaling(answers, kind) for kind in {measure.normalisation for measure in measures}}


def _groups(sets: Mapping, found: Mapping, file) -> dict[str, sets_of_images.Group]:
    """Divide the images into the sets of each definition: {name/number: group}."""
    groups: dict[str, sets_of_images.Group] = {}
    for name, definition in sets.items():
        parts = {key: value for key, value in definition.items() if key != "stimulus"}
        try:
            divided = sets_of_images.groups(found, **parts)
        except ConfigError as error:
            raise ConfigError(f"rdms.sets.{name}: {error} (Images of {file}.)") from error
        groups |= {f"{name}/{number}": group for number, group in enumerate(divided)}
    return groups


def _of_sets(called, name, group, whole, looks, measures, scalings, described) -> tuple[dict, dict]:
    """Return the variables and attributes of sets with the same entries.

    They are part of the RDMs of all images, `whole` (an array or a file's variable); where entries combine
    images, they are computed from the images' activity.
    """
    count, activity = len(group.members[0]), looks[0][0]
    first, second = pairs(count)
    values = np.empty((len(group.sets), len(measures), len(looks), len(first)), np.float32)
    for at, members in enumerate(group.members):
        if group.combines:
            combined: dict[int, np.ndarray] = {}  # many draws are of one recording
            for repeat, (recorded, drawn) in enumerate(looks):
                if id(recorded) not in combined:
                    combined[id(recorded)] = sets_of_images.activity_of(members, recorded)
                answers = _drawn(combined[id(recorded)], drawn)
                values[at, :, repeat] = dissimilarities(answers, measures, scalings[repeat])
        else:
            images = np.array(members)
            values[at] = rdm_file.of_pairs(whole, images[first], images[second], len(activity))
    degenerate = bool(np.isnan(values).any())
    if degenerate and group.combines:  # else it is told of all images
        _tell_nan(f"{called}, {name}", measures, np.isnan(values).mean(axis=(0, 2, 3)), activity)
    variables = {
        "dissimilarity": (
            ("set", "metric", "repeat", "entry_pair"),
            values,
            {"coordinates": " ".join([*group.sets[0], "entry_i", "entry_j", "measure", "normalisation"])},
        ),
        **described,
        **{factor: (("set",), [labels[factor] for labels in group.sets]) for factor in group.sets[0]},
        **{factor: (("entry",), values) for factor, values in group.entries.items()},
        "entry_i": (("entry_pair",), first.astype(np.int32)),
        "entry_j": (("entry_pair",), second.astype(np.int32)),
    }
    attributes = {
        "set": name.rpartition("/")[0],
        "by": list(group.sets[0]) or "",
        "entries": list(group.entries),
        "degenerate": degenerate,
    }
    return variables, attributes


def _check_keys(recording: netCDF4.Dataset, sample: netCDF4.Dataset) -> None:
    """Refuse a sample that was drawn for another layer."""
    for key in ("source", "population", "layer"):
        if getattr(recording, key) != getattr(sample, key):
            raise DataError(
                f"{recording.filepath()} and {sample.filepath()} do not belong together: {key} is "
                f"'{getattr(recording, key)}' in the first and '{getattr(sample, key)}' in the second. "
                "Delete the one that is misplaced and run again."
            )


def columns_of(recording: netCDF4.Dataset, sample: netCDF4.Dataset) -> np.ndarray:
    """Return where in the recording the drawn units are: int array (repeat, draw)."""
    recorded, drawn = recording["unit"][:], sample["unit"][:]
    order = np.argsort(recorded, kind="stable")
    columns = order[np.searchsorted(recorded, drawn, sorter=order).clip(max=len(recorded) - 1)]
    absent = drawn[recorded[columns] != drawn]
    if absent.size:
        raise DataError(
            f"{recording.filepath()} lacks {absent.size} of the units that {sample.filepath()} draws, "
            f"the first being unit {absent[0]}. Delete the sample and run again, so that it is drawn "
            "from the population that was recorded."
        )
    return columns


def _called(keys: Mapping) -> str:
    """Name what an RDM is of, the stimulus first, by which the end of a run sorts what has no value."""
    return f"{keys['stimulus']}: layer {keys['layer']} of {keys['source']}"


def _tell_nan(called: str, measures: Sequence[Metric], shares: np.ndarray, activity) -> None:
    """Say which metrics are NaN, in which share of pairs, and why."""
    named = zip(measures, shares, strict=True)
    which = ", ".join(f"{measure.name} {share:.0%}" for measure, share in named if share)
    blocks = (activity[block] for block in slices(activity.shape[0], 1000))
    low, high = np.array([(block.min(), block.max()) for block in blocks]).T  # NaN where one is
    finite = np.isfinite([low, high]).all()
    same = f"every unit answers {low[0]:g} to every image" if low.min() == high.max() else None
    why = (same or "some drawn activity is constant") if finite else "the activity is not finite"
    level = NO_VALUE if finite else logging.WARNING
    logger.log(level, "%s: %s, so these dissimilarities are NaN: %s", called, why, which)
