"""How differentiation would vary with other images of the same kind: the bootstrap over images."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.analyses.differentiation import carried
from repscape.analyses.lib.result import Result
from repscape.analyses.sd_cd import DIMS, average, drawn_and_order
from repscape.core.seeds import derive
from repscape.study.study import Study

TABLE = True
STREAMS = True  # holds one RDM file at a time
LEVEL = 0.95
_BLOCK = 2**18  # counts of pairs held at once: they fit the processor's cache

Resamples = Annotated[int, Field(ge=100, le=1_000_000)]
Draws = Annotated[int, Field(ge=1, le=100_000)]


def inputs(study: Study, *, seed: int, resamples: Resamples = 1000, draws: Draws = 5) -> dict:
    """Name the study's RDM files and the table of differentiation."""
    return {
        "differentiation": study.path("analysis", analysis="differentiation"),
        "rdms": study.rdms(),
    }


def compute(files: dict, *, seed: int, resamples: Resamples = 1000, draws: Draws = 5) -> Result:
    """Draw each stimulus's images again with replacement and take the median over the pairs drawn.

    A pair of two copies of the same image has distance 0 by construction and says nothing of other
    images: it is left out. Otherwise a pair counts as often as it was drawn. The interval between
    the 2.5th and the 97.5th percentile (Efron, Ann. Statist. 7:1, 1979) then says how D would vary
    with other images *of the same kind, drawn independently*. Successive frames of a movie are alike:
    for them it is too narrow. It holds for the units drawn; how D varies with those, the repeats say.

    Where D is the median of the full matrix (`differentiation`, ``median: full_matrix``), the interval
    of the median over pairs is moved to lie around it.

    A stimulus's images are drawn in the same way for all of its layers, populations, sizes and metrics.

    Parameters
    ----------
    files : ``{"differentiation": path, "rdms": paths}``
    seed : int
    resamples : int
    draws : int
        Of a sample size drawn more often than this, only so many RDMs are resampled; their
        difference from the mean of all is added, so that the interval lies around D.

    Returns
    -------
    Result
        ``differentiation`` (mean over draws), ``low`` and ``high`` float64 (source, stimulus, layer,
        population, size, metric); ``resampled`` float32 (…, resample); what
        `differentiation.carried` gives.
    """
    from repscape.io import netcdf
    from repscape.rdms import file as rdm_file

    with netcdf.open_file(files["differentiation"], "analysis") as table:
        labels = {dim: list(table[dim][:]) for dim in DIMS}
        values = average(table["differentiation"][:])
        kept = carried(table)
        attributes = {"reference": table.reference, "median": table.median}
    resampled = np.full((*values.shape, resamples), np.nan, np.float32)
    counts: dict[str, np.ndarray] = {}
    for path in files["rdms"]:
        with netcdf.open_file(path, "rdm") as file:
            at = tuple(labels[dim].index(file.getncattr(dim)) for dim in DIMS[:5])
            each = rdm_file.presentations(file.__dict__)
            rdm = rdm_file.whole(file)[:, : draws * each].astype(np.float64)
            metrics = [labels["metric"].index(name) for name in file["metric"][:]]
            if file.stimulus not in counts:
                images = rdm_file.count(file)
                generator = np.random.default_rng(derive(seed, file.stimulus))
                drawn = generator.multinomial(images, np.full(images, 1 / images), resamples)
                counts[file.stimulus] = drawn.T
            for place, repeats in zip(metrics, rdm, strict=True):
                own = [resampled_medians(distances, counts[file.stimulus]) for distances in repeats]
                shift = values[at][place] - np.median(repeats, axis=1).mean()
                resampled[at][place] = np.mean(own, axis=0) + shift
    low, high = interval(resampled)
    return Result(
        variables={
            "differentiation": (DIMS, values, {"long_name": "differentiation, mean over draws"}),
            "low": (DIMS, low),
            "high": (DIMS, high),
            "resampled": ((*DIMS, "resample"), resampled),
            **kept,
            **{dim: ((dim,), labels[dim]) for dim in DIMS},
        },
        attributes={"level": LEVEL, "resamples": resamples, "draws": draws, "seed": seed} | attributes,
    )


def resampled_medians(distances: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the median over the pairs of different images, in every resample.

    Parameters
    ----------
    distances : float64 array (pair,)
    counts : int array (image, resample)
        How often each image was drawn; a pair counts as often as the product of its two.

    Returns
    -------
    float64 array (resample,)
        NaN where a resample has copies of one image only, and everywhere if a distance is NaN.
    """
    images, resamples = counts.shape
    if np.isnan(distances).any():
        return np.full(resamples, np.nan)
    first, second = np.triu_indices(images, 1)
    order = np.argsort(distances, kind="stable")
    first, second, ordered = first[order], second[order], np.append(distances[order], np.nan)
    drawn = np.ascontiguousarray(counts.T, np.int16 if images**2 < 2**16 else np.int32)
    medians = np.empty(resamples)
    step = max(1, _BLOCK // len(order))
    for start in range(0, resamples, step):
        block = drawn[start : start + step]
        until = np.take(block, first, axis=1)
        np.multiply(until, np.take(block, second, axis=1), out=until)
        np.cumsum(until, axis=1, out=until)
        total = until[:, -1]
        # Of an even number of values the median is the mean of the two in the middle.
        lower, upper = (
            np.add.reduce(until <= middle[:, None], axis=1, dtype=np.int32)
            for middle in ((total - 1) // 2, total // 2)
        )
        medians[start : start + step] = np.where(total > 0, (ordered[lower] + ordered[upper]) / 2, np.nan)
    return medians


def interval(resampled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits that hold the middle 95% of the last axis; NaN where nothing is."""
    ordered = np.sort(np.asarray(resampled, np.float64), axis=-1)  # NaN last
    count = np.isfinite(ordered).sum(-1)
    limits = []
    for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2):
        place = share * np.maximum(count - 1, 0)
        below = np.floor(place).astype(int)
        pair = [
            np.take_along_axis(ordered, at[..., None], -1)[..., 0]
            for at in (below, np.minimum(below + 1, np.maximum(count - 1, 0)))
        ]
        limits.append(pair[0] + (place - below) * (pair[1] - pair[0]))
    return limits[0], limits[1]


def rows(variables: dict) -> Iterator[tuple]:
    """Yield the header and the rows of the long table."""
    names = ("differentiation", "low", "high")
    labels = [variables[dim][1] for dim in DIMS]
    values = [variables[name][1] for name in names]
    yield (*DIMS, *names, "n_drawn", "order")
    for index in np.ndindex(values[0].shape):
        if np.isfinite(values[0][index]):
            keys = (labels[dim][place] for dim, place in enumerate(index))
            drawn = drawn_and_order(variables, index[0], *index[2:5])
            yield (*keys, *(value[index] for value in values), *drawn)
