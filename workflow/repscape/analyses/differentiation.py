"""Differentiation: the median dissimilarity of all pairs of images of a stimulus."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.analyses.lib.streaming_median import streamed_median
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.logs import logger
from repscape.rdms.condensed import entries_of
from repscape.study.study import Study

TABLE = True
STREAMS = True  # holds one RDM file at a time
DIMS = ("source", "stimulus", "layer", "population", "size", "metric", "repeat")
# What analyses of this table take over from it, by `carried`.
KEPT = (
    "images", "stimulus_sha256", "shown", "order", "n_drawn", "draws", "measure", "normalisation", "drawn",
    "selected", "recording", "presentations",
)  # fmt: skip

MANY = 2**21  # pairs from which medians are taken by counting, in constant memory: those of 2,049 images

Median = Literal["pairs", "full_matrix"]
ReferenceSize = Literal["same", "largest"]


def inputs(
    study: Study,
    *,
    reference: str | None = None,
    reference_size: ReferenceSize = "same",
    median: Median = "pairs",
) -> dict:
    """Name the study's RDM files.

    Raises
    ------
    ConfigError
        The reference is no stimulus of the study.
    """
    if reference is not None and reference not in study.stimuli:
        raise ConfigError(f"analyses.differentiation.reference: {unknown(reference, study.stimuli)}")
    return {"rdms": study.rdms()}


def compute(
    files: dict,
    *,
    reference: str | None = None,
    reference_size: ReferenceSize = "same",
    median: Median = "pairs",
) -> Result:
    """Take the median over pairs of every RDM and divide it by that of a reference stimulus.

    Parameters
    ----------
    files : ``{"rdms": paths}``
    reference : str, optional
        The stimulus whose differentiation, with the same source, layer, population and metric, is
        the unit of ``normalised``.
    reference_size : {"same", "largest"}
        Of the same size and repeat, hence the same units; or the mean over repeats of the largest
        sample, which does not vary with what is drawn for the smaller ones.
    median : {"pairs", "full_matrix"}
        Over pairs of images i < j; or over the whole square matrix, which has every pair twice
        and the zeros of its diagonal. The latter is smaller, the more so the fewer the images: it is
        there to compare with studies that computed it.

    Returns
    -------
    Result
        ``differentiation`` and ``normalised``, float64 (source, stimulus, layer, population, size,
        metric, repeat): NaN where there is no such RDM or it has undefined dissimilarities;
        ``measure`` and ``normalisation`` (metric), what each metric computes, and how activity was
        normalised before; ``selected`` (population), its ``select`` and keys as json; ``drawn``
        (population), how units were drawn: ``random``, ``equal`` or ``ranked``; ``recording`` (source), 1 of
        a recording, 0 of a network; ``presentations`` (source), of how many presentations of each image D was
        taken by itself, and then the mean, 0 where it is that of mean answers;
        ``images`` (stimulus), how many; ``stimulus_sha256`` (stimulus), of its pixels; ``shown`` (source,
        stimulus), 1 where it was, else 0; ``order`` (source, layer), from 0 for the input, -1 where
        the source has no such layer; ``n_drawn`` and ``draws`` (source, layer, population, size), how many
        units and how often, 0 where there is no such sample.

    Raises
    ------
    DataError
        The files were made from different stimuli or with different normalisations.
    """
    rdms = _read(files["rdms"], median)
    first = rdms[0]
    coordinates = {
        "source": _unique(rdms, "source"),
        "stimulus": _unique(rdms, "stimulus"),
        "layer": sorted(_unique(rdms, "layer"), key=_depth(rdms)),
        "population": _unique(rdms, "population"),
        "size": sorted(_unique(rdms, "size"), key=lambda size: (size == "all", size != "all" and int(size))),
        "metric": first["metric"],
        "repeat": np.arange(max(rdm["median"].shape[1] for rdm in rdms), dtype=np.int32),
    }
    at = {dim: {label: place for place, label in enumerate(labels)} for dim, labels in coordinates.items()}
    shape = {dim: len(labels) for dim, labels in coordinates.items()}
    values = np.full(tuple(shape.values()), np.nan)
    images = np.zeros(shape["stimulus"], np.int32)
    order = np.full((shape["source"], shape["layer"]), -1, np.int32)
    shown = np.zeros((shape["source"], shape["stimulus"]), np.int8)
    n_drawn = np.zeros((shape["source"], shape["layer"], shape["population"], shape["size"]), np.int32)
    draws = np.zeros_like(n_drawn)
    recording = np.zeros(shape["source"], np.int8)
    presentations = np.zeros(shape["source"], np.int32)
    of_population = {rdm["population"]: rdm for rdm in rdms}
    of_stimulus = {rdm["stimulus"]: rdm for rdm in rdms}
    for rdm in rdms:
        source, stimulus, layer, population, size = (at[dim][rdm[dim]] for dim in DIMS[:5])
        medians = rdm["median"]
        values[source, stimulus, layer, population, size, :, : medians.shape[1]] = medians
        images[stimulus] = rdm["images"]
        shown[source, stimulus] = 1
        recording[source] = rdm["recording"]
        presentations[source] = rdm["presentations"]
        order[source, layer] = rdm["order"]
        n_drawn[source, layer, population, size] = rdm["n_drawn"]
        draws[source, layer, population, size] = medians.shape[1]
    normalised = np.full_like(values, np.nan)
    if reference is not None:
        normalised = _normalise(values, at["stimulus"].get(reference), reference, reference_size)
    return Result(
        variables={
            "differentiation": (DIMS, values, {"long_name": "median dissimilarity of pairs of images"}),
            "normalised": (DIMS, normalised, {"long_name": "differentiation / that of the reference"}),
            "images": (("stimulus",), images),
            "order": (("source", "layer"), order),
            "n_drawn": (DIMS[:1] + DIMS[2:5], n_drawn),
            "draws": (DIMS[:1] + DIMS[2:5], draws),
            "shown": (DIMS[:2], shown),
            "recording": (("source",), recording),
            "presentations": (("source",), presentations),
            "stimulus_sha256": (
                ("stimulus",),
                [of_stimulus[name]["stimulus_sha256"] for name in coordinates["stimulus"]],
            ),
            **{key: (("metric",), first[key]) for key in ("measure", "normalisation")},
            **{
                key: (("population",), [of_population[name][key] for name in coordinates["population"]])
                for key in ("drawn", "selected")
            },
            **{dim: ((dim,), labels) for dim, labels in coordinates.items()},
        },
        attributes={"median": median, "reference": reference or "", "reference_size": reference_size},
    )


def carried(table, stimuli: np.ndarray | slice = slice(None)) -> dict:
    """Return what an analysis takes over of an open table of differentiation, or of an analysis of it.

    Parameters
    ----------
    table : netCDF4.Dataset
    stimuli : int array, optional
        Which, by their places; by default all.
    """
    return {
        name: (
            table[name].dimensions,
            table[name][:][
                tuple(stimuli if dim == "stimulus" else slice(None) for dim in table[name].dimensions)
            ],
        )
        for name in KEPT
    }


def rows(variables: dict) -> Iterator[tuple]:
    """Yield the header and the rows of the long table; draws that were not made have no row."""
    values, normalised, n_drawn = (
        variables[name][1] for name in ("differentiation", "normalised", "n_drawn")
    )
    labels = [variables[dim][1] for dim in DIMS]
    yield (*DIMS, "n_drawn", "differentiation", "normalised", "order")
    # A repeat was made if any stimulus or metric has it; what is undefined in all leaves its first.
    made = ~np.isnan(values).all(axis=(1, 5))
    made[..., 0] |= n_drawn > 0
    for index in np.ndindex(values.shape):
        source, _, layer, population, size, _, repeat = index
        if made[source, layer, population, size, repeat]:
            keys = (labels[dim][place] for dim, place in enumerate(index))
            drawn, order = n_drawn[source, layer, population, size], variables["order"][1][source, layer]
            yield (*keys, drawn, values[index], normalised[index], order)


def median_of(dissimilarity: np.ndarray, median: Median = "pairs") -> np.ndarray:
    """Return the median over the last axis, of pairs or of the square matrix that they fill.

    Parameters
    ----------
    dissimilarity : float array (…, pair)
        All pairs of n images: n (n − 1) / 2.
    median : {"pairs", "full_matrix"}

    Returns
    -------
    float64 array (…)
        NaN where any pair is.
    """
    values = dissimilarity.astype(np.float64)
    if median == "full_matrix":
        diagonal = np.zeros((*values.shape[:-1], entries_of(values.shape[-1])))
        values = np.concatenate([values, values, diagonal], axis=-1)
    return np.median(values, axis=-1)


def _read(paths, median: Median) -> list[dict]:
    """Read each RDM's keys and its medians, float64 (metric, draw)."""
    from repscape.io import netcdf
    from repscape.rdms import file as rdm_file

    rdms: list[dict] = []
    made_of: dict[str, dict] = {}
    for path in paths:
        with netcdf.open_file(path, "rdm") as file:
            rdm = {key: file.getncattr(key) for key in ("source", "stimulus", "layer", "population", "size")}
            rdm |= {
                "path": path,
                "order": int(file.order),
                "n_drawn": int(file.n_drawn),
                "drawn": file.drawn,
                "recording": "recording_sha256" in file.ncattrs(),
                "presentations": int(getattr(file, "presentations", 0)),
                "selected": file.selected,
                "measure": list(file["measure"][:]),
                "normalisation": list(file["normalisation"][:]),
                "stimulus_sha256": file.stimulus_sha256,
                "metric": list(file["metric"][:]),
                "images": rdm_file.count(file),
            }
            medians = _medians(file["dissimilarity"], rdm_file.count(file), median)
            each = rdm_file.presentations(file.__dict__)
            rdm["median"] = medians.reshape(len(medians), -1, each).mean(-1)
        rdms.append(rdm)
        _check(rdm, rdms[0], ("normalisation", "measure", "metric"))
        _check(rdm, made_of.setdefault(rdm["stimulus"], rdm), ("stimulus_sha256", "images"))
    return rdms


def _medians(dissimilarity, images: int, median: Median) -> np.ndarray:
    """Return the median over pairs of a variable (metric, repeat, pair); many pairs stay in their file."""
    pairs = dissimilarity.shape[-1]
    if pairs <= MANY:
        return median_of(dissimilarity[:], median)
    diagonal = images if median == "full_matrix" else 0
    values = np.empty(dissimilarity.shape[:-1])
    for at in np.ndindex(values.shape):

        def read(some: slice, at=at) -> np.ndarray:
            return dissimilarity[(*at, some)]

        values[at] = streamed_median(read, pairs, diagonal)
    return values


def _check(rdm: dict, other: dict, keys) -> None:
    for key in keys:
        if rdm[key] != other[key]:
            raise DataError(
                f"{other['path']} and {rdm['path']} cannot be joined: {key} is {other[key]} in the first and "
                f"{rdm[key]} in the second. Delete the outdated one and run again."
            )


def _unique(rdms: list[dict], key: str) -> list[str]:
    return list(dict.fromkeys(rdm[key] for rdm in rdms))


def _depth(rdms: list[dict]):
    """Order layers by their position in the network; equal ones as they come."""
    depth: dict[str, int] = {}
    for rdm in rdms:
        depth[rdm["layer"]] = min(rdm["order"], depth.get(rdm["layer"], rdm["order"]))
    return depth.get


def _normalise(values: np.ndarray, reference: int | None, name: str, size: ReferenceSize) -> np.ndarray:
    """Divide by the reference's differentiation; NaN and a warning where it is 0 or missing."""
    if reference is None:
        logger.warning("differentiation: no RDM of the reference '%s', so nothing is normalised", name)
        return np.full_like(values, np.nan)
    unit = values[:, [reference]]
    if size == "largest":
        unit = _largest(unit)
    zero = unit == 0
    missing = np.isnan(unit) & ~np.isnan(values).all(axis=1, keepdims=True)
    for which, why in ((zero, "is 0"), (missing, "is undefined")):
        if which.any():
            logger.warning(
                "differentiation: that of the reference '%s' %s in %d of %d cases, where 'normalised' is "
                "therefore NaN",
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
