"""What the RDMs of a layer are made of: activity, drawn units, trials, sets of images."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import netCDF4
import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.metrics.lib import single_trials
from repscape.metrics.lib.single_trials import Trials
from repscape.rdms import sets as sets_of_images
from repscape.rdms.compute import NamedMetric, columns_of
from repscape.stimuli.lib import factors

# What an RDM file takes over from the activations it was made of
_KEYS = (
    "source", "stimulus", "population", "selected", "layer", "order", "stimulus_sha256", "weights_sha256",
    "recording_sha256", "simulated",
)  # fmt: skip


class Layer(NamedTuple):
    """What the RDMs of a layer are computed from, and how their file describes them.

    Attributes
    ----------
    names : str array (image,)
    factors : dict of factor to str array (image,)
    groups : dict of name to Group
        The sets of images.
    metrics : sequence of NamedMetric
    repeats : list of (activity, columns)
        Of each repeat the activity (image, unit), an array or of many images a file's variable, and which
        columns of it were drawn.
    trials : Trials or None
        All units, where a metric takes them.
    attributes, labels : dict
        What the file says of all RDMs, and of each metric and repeat, as variables.
    """

    names: np.ndarray
    factors: dict[str, np.ndarray]
    groups: dict[str, sets_of_images.Group]
    metrics: Sequence[NamedMetric]
    repeats: list[tuple[Any, np.ndarray]]
    trials: Trials | None
    attributes: dict[str, Any]
    labels: dict[str, tuple]

    @property
    def called(self) -> str:
        """What the RDMs are of, the stimulus first: by it the end of a run sorts what has no value."""
        of = self.attributes
        return f"{of['stimulus']}: layer {of['layer']} of {of['source']}"

    @property
    def activity(self) -> Any:
        """The activity (image, unit) of the first repeat, all units."""
        return self.repeats[0][0]


def read_names(recording: netCDF4.Dataset) -> np.ndarray:
    """Return the images' names; refuse fewer than 3."""
    names = recording["name"][:]
    if len(names) < 3:
        raise DataError(
            f"{recording.filepath()}: expected at least 3 images, for an RDM with more than one distance; "
            f"found {len(names)}. Add images to the stimulus."
        )
    return names


def read_layer(
    recording, sample, names, varied: dict, groups, metrics: Sequence[NamedMetric], many: bool
) -> Layer:
    """Read what RDMs are made of; of many images the activity stays in the file."""
    attributes = {key: getattr(recording, key, None) for key in _KEYS}
    attributes |= {key: sample.getncattr(key) for key in ("size", "n_drawn", "drawn")}
    attributes |= factors.attributes(varied)
    columns = columns_of(recording, sample)
    activity = recording["activation"] if many else recording["activation"][:]
    repeats = [(activity, of_draw) for of_draw in columns]
    labels: dict[str, tuple] = {}
    if getattr(recording, "trials", "mean") == "each":
        shown = single_trials.by_presentation(single_trials.read(recording))
        repeats = [(each, of_draw) for of_draw in columns for each in shown]
        attributes["presentations"] = len(shown)
        draw, presentation = np.divmod(np.arange(len(repeats), dtype=np.int32), len(shown))
        labels = {"draw": (("repeat",), draw), "presentation": (("repeat",), presentation)}
    described = {
        "metric": (("metric",), [metric.name for metric in metrics]),
        "measure": (("metric",), [metric.kind for metric in metrics]),
        "normalisation": (("metric",), [metric.normalisation for metric in metrics]),
        "repeat": (("repeat",), np.arange(len(repeats), dtype=np.int32)),
    }
    trials = _trials(recording, metrics, groups)
    return Layer(names, varied, groups, metrics, repeats, trials, attributes, described | labels)


def _trials(recording: netCDF4.Dataset, metrics: Sequence[NamedMetric], groups: Mapping) -> Trials | None:
    """Read single trials where a metric takes them and the activity is a recording's."""
    wanted = [metric.name for metric in metrics if metric.metric.uses_trials]
    if not wanted or not single_trials.has_noise(recording):
        return None
    if getattr(recording, "trials", "mean") == "each":
        raise DataError(
            f"{recording.filepath()}: metric '{wanted[0]}' needs all trials of an image, but 'trials: "
            f"each' separates them. Set 'trials: mean' for the recording '{recording.source}', or leave "
            "out the metric."
        )
    combined = [name for name, group in groups.items() if group.combines]
    if combined:
        raise DataError(
            f"rdms.sets.{combined[0].rpartition('/')[0]}: metric '{wanted[0]}' needs the trials of the "
            f"recording '{recording.source}', but entries that combine images have none. Leave out the set "
            "or the metric."
        )
    try:
        return single_trials.read(recording)
    except DataError as error:
        raise DataError(f"{recording.filepath()}: metric '{wanted[0]}': {error}") from error


def divide(sets: Mapping, found: Mapping, names: np.ndarray, file) -> dict[str, sets_of_images.Group]:
    """Divide the images into the sets of each definition: {name/number: group}."""
    groups: dict[str, sets_of_images.Group] = {}
    for name, definition in sets.items():
        parts = {key: value for key, value in definition.items() if key != "stimulus"}
        try:
            divided = sets_of_images.groups(found, list(names), **parts)
        except ConfigError as error:
            raise ConfigError(f"rdms.sets.{name}: {error} (Images of {file}.)") from error
        groups |= {f"{name}/{number}": group for number, group in enumerate(divided)}
    return groups


def check_same_layer(recording: netCDF4.Dataset, sample: netCDF4.Dataset) -> None:
    """Refuse a sample that was drawn for another layer."""
    for key in ("source", "population", "layer"):
        if getattr(recording, key) != getattr(sample, key):
            raise DataError(
                f"{recording.filepath()} and {sample.filepath()} do not match: {key} is "
                f"'{getattr(recording, key)}' in the first and '{getattr(sample, key)}' in the second. "
                "Delete the misplaced file and run again."
            )
