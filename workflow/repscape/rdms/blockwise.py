"""RDMs of many images, computed in blocks and written as they come."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import netCDF4
import numpy as np

from repscape.core.errors import DataError
from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.single_trials import Trials
from repscape.metrics.lib.streamed_rows import Rows
from repscape.plugin.contract import Metric
from repscape.rdms import read as rdm_file
from repscape.rdms.compute import NamedMetric, dissimilarities

# What the interpreter and blocks of pairs and of rows take, in bytes; the rest may hold activity.
BLOCKS = 2**30


def define(
    file: netCDF4.Dataset, names: Sequence[str] | np.ndarray, metrics: int, repeats: int
) -> netCDF4.Variable:
    """Name the images, and make room for the dissimilarities: return the variable."""
    from repscape.io.netcdf import add_variable

    add_variable(file, "name", ("image",), names)
    for dim, size in (("metric", metrics), ("repeat", repeats), ("pair", len(names) * (len(names) - 1) // 2)):
        file.createDimension(dim, size)
    dims = ("metric", "repeat", "pair")
    values = file.createVariable("dissimilarity", "f4", dims, contiguous=True, fill_value=False)
    values.coordinates = "measure normalisation"
    return values


def fill(
    values: netCDF4.Variable,
    repeat: int,
    rows: Rows,
    metrics: Sequence[NamedMetric],
    scalings: Mapping[str, Scaling],
    trials: Trials | None,
) -> np.ndarray:
    """Write the RDMs of one draw part by part; return the number of undefined values of each metric.

    A metric that has no `in_blocks`, or takes trials, is computed for all pairs at once, up to 5,000 images.

    Parameters
    ----------
    values : netCDF4.Variable (metric, repeat, pair)
    repeat : int
    rows : Rows
        The activity of the drawn units.
    metrics : sequence of NamedMetric
    scalings : mapping of normalisation to Scaling
    trials : Trials, optional
        Of the drawn units.

    Raises
    ------
    DataError
        A metric cannot be computed in blocks and there are too many images for all pairs at once; it gives
        something else than a value a pair.
    """
    undefined = np.zeros(len(metrics), np.int64)
    for at, metric in enumerate(metrics):
        done = 0
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            for part in _parts(metric, rows, scalings, trials):
                stop = done + len(part)
                metric.check_values(part)
                if stop <= values.shape[-1]:
                    values[at, repeat, done:stop] = part
                    undefined[at] += np.isnan(part).sum()
                done = stop
        if done != values.shape[-1]:
            raise DataError(
                f"metric '{metric.name}': expected {values.shape[-1]} values, one per pair, but its "
                f"'in_blocks' returned {done}. Correct it."
            )
    return undefined


def _parts(
    metric: NamedMetric, rows: Rows, scalings: Mapping[str, Scaling], trials: Trials | None
) -> Iterator[np.ndarray]:
    """Yield an RDM's values in consecutive parts, with 0 for what rounding alone may have made."""
    if type(metric.metric).in_blocks is not Metric.in_blocks and not metric.takes(trials):
        parts = metric.metric.in_blocks(rows, scalings[metric.normalisation])
        near = metric.squared_rounding(rows, scalings, trials)
        yield from parts if near is None else _flushed(parts, metric, near)
        return
    if len(rows) > rdm_file.WHOLE:
        raise DataError(
            f"metric '{metric.name}': expected at most {rdm_file.WHOLE:,} images, since it is computed for "
            f"all pairs at once; found {len(rows):,}. Use fewer images or another metric, or add "
            "`in_blocks` to the metric (see CONTRIBUTING.md)."
        )
    yield dissimilarities(rows[0 : len(rows)], [metric], scalings, trials)[0]


def _flushed(parts: Iterable[np.ndarray], metric: NamedMetric, near: np.ndarray) -> Iterator[np.ndarray]:
    """Flush rounding in parts, each of all pairs i < j of some consecutive i; `near` is by image."""
    image = 0
    for part in parts:
        begin = 0
        while begin < len(part) and image < len(near):
            row = slice(begin, begin + len(near) - image - 1)
            part[row] = metric.flush_rounding(part[row], near[image], near[image + 1 :])
            begin, image = row.stop, image + 1
        yield part
