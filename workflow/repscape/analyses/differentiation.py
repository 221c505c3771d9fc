"""Differentiation: the median dissimilarity of all pairs of images of a stimulus."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from repscape.analyses.lib.differentiation_table import DIMS as TABLE_DIMS
from repscape.analyses.lib.medians import Median, stored_medians
from repscape.analyses.lib.over_stimuli import by_depth
from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.logs import logger
from repscape.plugin.contract import Analysis, parameter
from repscape.study.study import Study

DIMS = (*TABLE_DIMS, "repeat")
SAMPLES = ("source", "layer", "population", "size")


class Differentiation(Analysis):
    """Differentiation: the median dissimilarity of all pairs of images, divided by that of a reference
    stimulus.
    """

    streams = True

    reference: str | None = parameter(
        "The reference stimulus: `normalised` is differentiation divided by that of this stimulus, with "
        "the same source, layer, population and metric. By default none.",
        None,
    )
    reference_size: Literal["same", "largest"] = parameter(
        "The sample of the reference: ``same``, the same size and repeat, and so the same units; or "
        "``largest``, the mean over repeats of the largest size, which does not depend on the draws of "
        "smaller sizes.",
        "same",
    )
    median: Median = parameter(
        "``pairs``: the median over pairs of images i < j. ``full_matrix``: the median over the whole "
        "square matrix, which has every pair twice and the zeros of its diagonal. The latter is smaller, "
        "most of all for few images; use it only to compare with studies that computed it.",
        "pairs",
    )

    def inputs(self, study: Study) -> dict[str, str | list[str]]:
        """Name the study's RDM files.

        Raises
        ------
        ConfigError
            The reference is no stimulus of the study.
        """
        if self.reference is not None and self.reference not in study.stimuli:
            raise ConfigError(f"reference: {unknown(self.reference, study.stimuli)}")
        return {"rdms": study.rdms()}

    def compute(self, files: Mapping) -> Result:
        """Take the median over pairs of every RDM and divide it by that of a reference stimulus.

        Returns
        -------
        Result
            ``differentiation`` and ``normalised``, float64 (source, stimulus, layer, population, size,
            metric, repeat): NaN where there is no such RDM or it has undefined dissimilarities; ``measure``
            and ``normalisation`` (metric), what each metric computes, and how activity was normalised before;
            ``selected`` (population), its ``kind`` and keys as json; ``drawn`` (population), how units were
            drawn: ``random``, ``equal`` or ``ranked``; ``recording`` (source), 1 of a recording, 0 of a
            network; ``presentations`` (source), of how many presentations of each image D was taken by
            itself, and then the mean, 0 where it is that of mean answers; ``images`` (stimulus), how many;
            ``stimulus_sha256`` (stimulus), of its pixels; ``shown`` (source, stimulus), 1 where it was, else
            0; ``order`` (source, layer), from 0 for the input, -1 where the source has no such layer;
            ``n_drawn`` and ``draws`` (source, layer, population, size), how many units and how often, 0 where
            there is no such sample.

        Raises
        ------
        DataError
            The files were made from different stimuli or with different normalisations.
        """
        rdms = _read(files["rdms"], self.median)
        labels = _labels(rdms)
        variables = _arranged(rdms, labels)
        values = variables["differentiation"][1]
        normalised = np.full_like(values, np.nan)
        if self.reference is not None:
            if self.reference in labels["stimulus"]:
                at = labels["stimulus"].index(self.reference)
                normalised = normalise(values, at, self.reference, self.reference_size)
            else:
                logger.warning(
                    "no RDM of the reference '%s', so differentiation is not normalised", self.reference
                )
        variables["normalised"] = (DIMS, normalised, {"long_name": "differentiation / that of the reference"})
        return Result(
            variables,
            attributes={
                "median": self.median,
                "reference": self.reference or "",
                "reference_size": self.reference_size,
            },
        )

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table; draws that were not made have no row."""
        variables = result.variables
        values, normalised, n_drawn = (
            variables[name][1] for name in ("differentiation", "normalised", "n_drawn")
        )
        labels = [variables[dim][1] for dim in DIMS]
        yield (*DIMS, "n_drawn", "differentiation", "normalised", "order")
        # A repeat was made if any stimulus or metric has it; what is undefined in all leaves its first
        made = ~np.isnan(values).all(axis=(1, 5))
        made[..., 0] |= n_drawn > 0
        for index in np.ndindex(values.shape):
            source, _, layer, population, size, _, repeat = index
            if made[source, layer, population, size, repeat]:
                keys = (labels[dim][at] for dim, at in enumerate(index))
                units, order = n_drawn[source, layer, population, size], variables["order"][1][source, layer]
                yield (*keys, units, values[index], normalised[index], order)


class _Rdm(NamedTuple):
    """The medians of an RDM file, and what it says of itself.

    Attributes
    ----------
    median : float64 array (metric, draw)
    presentations : int
        Of how many presentations of each image D was taken by itself; 0 where it is that of mean activity.
    """

    path: str
    source: str
    stimulus: str
    layer: str
    population: str
    size: str
    median: np.ndarray
    metric: list[str]
    measure: list[str]
    normalisation: list[str]
    images: int
    stimulus_sha256: str
    order: int
    n_drawn: int
    drawn: str
    selected: str
    recording: bool
    presentations: int


def _read(paths: Sequence[str], median: Median) -> list[_Rdm]:
    """Read each RDM's medians and labels.

    Raises
    ------
    DataError
        The files were made from different stimuli or with different normalisations.
    """
    from repscape.io import netcdf
    from repscape.rdms import read as rdm_file

    rdms: list[_Rdm] = []
    of_stimulus: dict[str, _Rdm] = {}
    for path in paths:
        with netcdf.open_file(path, "rdm") as file:
            images = rdm_file.count(file)
            medians = stored_medians(file["dissimilarity"], images, median)
            each = rdm_file.presentations(file.__dict__)
            rdm = _Rdm(
                path=path,
                source=file.source,
                stimulus=file.stimulus,
                layer=file.layer,
                population=file.population,
                size=file.getncattr("size"),
                median=medians.reshape(len(medians), -1, each).mean(-1),
                metric=list(file["metric"][:]),
                measure=list(file["measure"][:]),
                normalisation=list(file["normalisation"][:]),
                images=images,
                stimulus_sha256=file.stimulus_sha256,
                order=int(file.order),
                n_drawn=int(file.n_drawn),
                drawn=file.drawn,
                selected=file.selected,
                recording="recording_sha256" in file.ncattrs(),
                presentations=int(getattr(file, "presentations", 0)),
            )
        rdms.append(rdm)
        _check_same(rdm, rdms[0], ("normalisation", "measure", "metric"))
        _check_same(rdm, of_stimulus.setdefault(rdm.stimulus, rdm), ("stimulus_sha256", "images"))
    return rdms


def _check_same(rdm: _Rdm, other: _Rdm, names: Sequence[str]) -> None:
    for name in names:
        if getattr(rdm, name) != getattr(other, name):
            raise DataError(
                f"{other.path} and {rdm.path} do not match: {name} is {getattr(other, name)} in the first "
                f"and {getattr(rdm, name)} in the second. Delete the outdated one and run again."
            )


def _labels(rdms: list[_Rdm]) -> dict[str, list]:
    """Return the labels of each dimension."""

    def by_size(size: str) -> tuple[bool, int]:
        return size == "all", 0 if size == "all" else int(size)

    found: dict[str, list] = {dim: list(dict.fromkeys(getattr(rdm, dim) for rdm in rdms)) for dim in DIMS[:5]}
    found["layer"] = by_depth((rdm.layer, rdm.order) for rdm in rdms)
    found["size"].sort(key=by_size)
    repeats = max(rdm.median.shape[1] for rdm in rdms)
    found["metric"], found["repeat"] = rdms[0].metric, list(np.arange(repeats, dtype=np.int32))
    return found


def _arranged(rdms: list[_Rdm], labels: Mapping[str, list]) -> dict[str, tuple]:
    """Return the medians, and what the files say, as variables over the labels."""
    at = {dim: {label: index for index, label in enumerate(known)} for dim, known in labels.items()}

    def array(dims: Sequence[str], kind: type, of: Callable[[_Rdm], float], empty: float = 0) -> tuple:
        values: np.ndarray = np.full([len(labels[dim]) for dim in dims], empty, kind)
        for rdm in rdms:
            values[tuple(at[dim][getattr(rdm, dim)] for dim in dims)] = of(rdm)
        return tuple(dims), values

    values = np.full([len(known) for known in labels.values()], np.nan)
    for rdm in rdms:
        index = tuple(at[dim][getattr(rdm, dim)] for dim in DIMS[:5])
        values[index][:, : rdm.median.shape[1]] = rdm.median
    of_stimulus = {rdm.stimulus: rdm for rdm in rdms}
    of_population = {rdm.population: rdm for rdm in rdms}
    long_name = {"long_name": "median dissimilarity of pairs of images"}
    return {
        "differentiation": (DIMS, values, long_name),
        "images": array(["stimulus"], np.int32, lambda rdm: rdm.images),
        "order": array(["source", "layer"], np.int32, lambda rdm: rdm.order, empty=-1),
        "n_drawn": array(SAMPLES, np.int32, lambda rdm: rdm.n_drawn),
        "draws": array(SAMPLES, np.int32, lambda rdm: rdm.median.shape[1]),
        "shown": array(["source", "stimulus"], np.int8, lambda rdm: 1),
        "recording": array(["source"], np.int8, lambda rdm: rdm.recording),
        "presentations": array(["source"], np.int32, lambda rdm: rdm.presentations),
        "stimulus_sha256": (
            ("stimulus",),
            [of_stimulus[name].stimulus_sha256 for name in labels["stimulus"]],
        ),
        "measure": (("metric",), rdms[0].measure),
        "normalisation": (("metric",), rdms[0].normalisation),
        "drawn": (("population",), [of_population[name].drawn for name in labels["population"]]),
        "selected": (("population",), [of_population[name].selected for name in labels["population"]]),
        **{dim: ((dim,), known) for dim, known in labels.items()},
    }


def normalise(values: np.ndarray, reference: int, name: str, size: Literal["same", "largest"]) -> np.ndarray:
    """Divide differentiation by that of a reference stimulus; NaN and a warning where it is 0 or missing.

    Parameters
    ----------
    values : float64 array, its dimensions are `DIMS`
    reference : int
        The index of the stimulus.
    name : str
        For the warning.
    size : {"same", "largest"}
        See `Differentiation`.

    Returns
    -------
    float64 array of the same shape
    """
    unit = values[:, [reference]]
    if size == "largest":
        unit = _largest(unit)
    zero = unit == 0
    missing = np.isnan(unit) & ~np.isnan(values).all(axis=1, keepdims=True)
    for which, why in ((zero, "is 0"), (missing, "is undefined")):
        if which.any():
            logger.warning(
                "the differentiation of the reference '%s' %s in %d of %d cases, where 'normalised' is NaN",
                name, why, which.sum(), unit.size,
            )  # fmt: skip
    return values / np.where(zero, np.nan, unit)


def _largest(values: np.ndarray) -> np.ndarray:
    """Return the mean over repeats of the largest size that there is, with both axes of length one."""
    draws = np.isfinite(values).sum(axis=-1, keepdims=True)
    means = np.nansum(values, axis=-1, keepdims=True) / np.where(draws, draws, np.nan)
    sizes = DIMS.index("size")
    ascending = np.moveaxis(means, sizes, 0)
    largest = ascending[0]
    for mean in ascending[1:]:
        largest = np.where(np.isnan(mean), largest, mean)
    return np.expand_dims(largest, sizes)
