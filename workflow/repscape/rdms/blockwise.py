"""RDMs of many images, computed in blocks and written as they come."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence

import netCDF4
import numpy as np

from repscape.core.errors import DataError
from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.streamed_rows import Rows
from repscape.rdms import file as rdm_file

# What the interpreter and blocks of pairs and of rows take, in bytes; the rest may hold answers.
BLOCKS = 2**30


def define(file: netCDF4.Dataset, names: Sequence[str], metrics: int, repeats: int) -> netCDF4.Variable:
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
    measures: Sequence,
    scalings: Mapping[str, Scaling],
    whole: Callable,
    trials: bool,
) -> np.ndarray:
    """Write the RDMs of one draw part by part; return the number of undefined values of each metric.

    Parameters
    ----------
    values : netCDF4.Variable (metric, repeat, pair)
    repeat : int
    rows : Rows
        The answers of the drawn units.
    measures : sequence of compute.Metric
    scalings : mapping of normalisation to Scaling
    whole : callable
        Takes a metric, computes it for all pairs at once: float array (pair,). Asked for where a metric has
        no `in_blocks` or needs trials, up to 5,000 images.
    trials : bool
        Whether there are single trials, for the metrics that take them.

    Raises
    ------
    DataError
        A metric cannot be computed in blocks and there are too many images for all pairs at once; it gives
        something else than a value a pair.
    """
    undefined = np.zeros(len(measures), np.int64)
    for at, measure in enumerate(measures):
        done = 0
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            for part in _parts(measure, rows, scalings, whole, trials):
                stop = done + len(part)
                if stop <= values.shape[-1]:
                    values[at, repeat, done:stop] = part
                    undefined[at] += np.isnan(part).sum()
                done = stop
        if done != values.shape[-1]:
            raise DataError(
                f"metric '{measure.name}': expected {values.shape[-1]} values in all, one a pair; its "
                f"'in_blocks' gave {done}. Correct it."
            )
    return undefined


def _parts(measure, rows: Rows, scalings: Mapping, whole: Callable, trials: bool) -> Iterator[np.ndarray]:
    in_blocks = getattr(inspect.getmodule(measure.function), "in_blocks", None)
    if in_blocks is not None and not (trials and measure.takes_trials):
        near, image = measure.rounding(rows, scalings, trials), 0
        for part in in_blocks(rows, scalings[measure.normalisation]):
            if near is not None:
                begin = 0
                while begin < len(part) and image < len(rows):  # a part has all pairs of some images
                    row = slice(begin, begin + len(rows) - image - 1)
                    part[row] = measure.settled(part[row], near[image], near[image + 1 :])
                    begin, image = row.stop, image + 1
            yield part
        return
    if len(rows) > rdm_file.WHOLE:
        raise DataError(
            f"metric '{measure.name}' is computed for all pairs at once, expected at most "
            f"{rdm_file.WHOLE:,} images for that, found {len(rows):,}. Take fewer images or another metric; "
            "one of your own can be a plugin with 'in_blocks' (see CONTRIBUTING.md)."
        )
    yield whole(measure)
