"""RDMs of activity: all metrics, of the drawn units."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import netCDF4
import numpy as np

from repscape.core.errors import DataError
from repscape.metrics.lib.distances import pairs
from repscape.metrics.lib.normalisation import Kind, Scaling, scaling
from repscape.metrics.lib.rounding import flush_rounding
from repscape.metrics.lib.single_trials import Trials
from repscape.metrics.lib.streamed_rows import Rows
from repscape.plugin.contract import Metric
from repscape.plugin.registry import find


class NamedMetric(NamedTuple):
    """A metric as a study uses it.

    Attributes
    ----------
    name : str
        What the study calls it.
    metric : Metric
    normalisation : str
        Of the activity.
    kind : str
        The plugin's name.
    """

    name: str
    metric: Metric
    normalisation: Kind
    kind: str

    @classmethod
    def of(cls, name: str, kind: str, normalisation: Kind) -> "NamedMetric":
        """Make the plugin of a metric."""
        return cls(name, find("metrics", kind, "rdms.metrics")(), normalisation, kind)

    def takes(self, trials: Trials | None) -> bool:
        """Whether it is computed from single trials, of which there are some."""
        return trials is not None and self.metric.uses_trials

    def squared_rounding(
        self, activity: np.ndarray | Rows, scalings: Mapping[str, Scaling], trials: Trials | None
    ) -> np.ndarray | None:
        """Return what rounding may add to squared distances, by image; None where it is not known."""
        if self.takes(trials):
            return None
        return self.metric.squared_rounding(activity, scalings[self.normalisation])

    def flush_rounding(self, values: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return dissimilarities, with 0 for what rounding alone may have made."""
        return flush_rounding(values, first, second, self.metric.squared)

    def check_values(self, values: np.ndarray) -> None:
        """Refuse what no dissimilarity is: infinite, or negative though the metric is not `signed`.

        NaN is undefined, and rounding may make of 0 a little less: a millionth of the largest value.

        Raises
        ------
        DataError
        """
        if not values.size:
            return
        lowest, highest = (float(extreme.reduce(values)) for extreme in (np.fmin, np.fmax))  # but for NaN
        if np.isinf([lowest, highest]).any():
            raise DataError(
                f"metric '{self.name}': expected finite dissimilarities, or NaN where they are undefined; "
                f"found {highest if np.isinf(highest) else lowest} (in single precision). Correct it."
            )
        if lowest < -max(1e-6 * highest, 1e-12) and not self.metric.signed:
            raise DataError(
                f"metric '{self.name}': expected no negative dissimilarity, found {lowest:g}. Correct it; "
                "or, if it may be negative, as cross-validated distances are, write `signed = True` in it."
            )


def dissimilarities(
    activity: np.ndarray,
    metrics: Sequence[NamedMetric],
    scalings: Mapping[str, Scaling],
    trials: Trials | None = None,
) -> np.ndarray:
    """Compute the RDMs of all metrics.

    Parameters
    ----------
    activity : float32 array (image, unit)
        Of the drawn units.
    metrics : sequence of NamedMetric
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
        A metric does not return a real number a pair, returns what no dissimilarity is, or needs more trials.
    """
    images = len(activity)
    first, second = pairs(images)
    values = np.empty((len(metrics), images * (images - 1) // 2), np.float32)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # reported once a layer
        for at, metric in enumerate(metrics):
            try:
                if trials is not None and metric.takes(trials):
                    found = metric.metric.of_trials(activity, trials)
                else:
                    found = metric.metric.dissimilarity(activity, scalings[metric.normalisation])
            except DataError as error:
                raise DataError(f"metric '{metric.name}': {error}") from error
            if np.shape(found) != values.shape[1:]:
                raise DataError(
                    f"metric '{metric.name}': expected a dissimilarity for each pair of {images} images, "
                    f"shape {values.shape[1:]}, but it returned {np.shape(found)}. Correct it."
                )
            if (
                np.asarray(found).dtype.kind not in "biuf"
            ):  # of complex numbers NumPy would keep the real part
                raise DataError(
                    f"metric '{metric.name}': expected real numbers, but it returned "
                    f"{np.asarray(found).dtype}. Correct it."
                )
            near = metric.squared_rounding(activity, scalings, trials)
            values[at] = found if near is None else metric.flush_rounding(found, near[first], near[second])
            metric.check_values(values[at])
    return values


def scalings_of(activity: np.ndarray | Rows, metrics: Sequence[NamedMetric]) -> dict[str, Scaling]:
    """Return the shift and scale of each normalisation that the metrics use."""
    with np.errstate(invalid="ignore", over="ignore"):
        return {kind: scaling(activity, kind) for kind in {metric.normalisation for metric in metrics}}


def take_columns(activity: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the activity of the drawn units, (image, draw)."""
    return activity if len(columns) == activity.shape[1] else activity.take(columns, axis=1)


def columns_of(recording: netCDF4.Dataset, sample: netCDF4.Dataset) -> np.ndarray:
    """Return the columns of the recorded activity that were drawn: int array (repeat, draw).

    Raises
    ------
    DataError
        A drawn unit was not recorded.
    """
    recorded, drawn = recording["unit"][:], sample["unit"][:]
    order = np.argsort(recorded, kind="stable")
    columns = order[np.searchsorted(recorded, drawn, sorter=order).clip(max=len(recorded) - 1)]
    absent = drawn[recorded[columns] != drawn]
    if absent.size:
        raise DataError(
            f"{recording.filepath()} lacks {absent.size} of the units drawn in {sample.filepath()}, first "
            f"unit {absent[0]}. Delete the sample and run again to draw it from the population that was "
            "recorded."
        )
    return columns
