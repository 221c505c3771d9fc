"""Which stimulus a layer differentiates most: ranks by depth, with intervals."""

from collections.abc import Iterator

import numpy as np

from repscape.analyses.differentiation import carried
from repscape.analyses.image_bootstrap import interval
from repscape.analyses.lib.result import Result
from repscape.analyses.sd_cd import DIMS, KEYS, check_stimuli, drawn_and_order, places
from repscape.study.study import Study

TABLE = True


def inputs(study: Study, *, stimuli: list[str] | None = None) -> dict:
    """Name the differentiation of resampled images.

    Raises
    ------
    ConfigError
        A stimulus is unknown.
    """
    check_stimuli(study, stimuli, "analyses.ranking.stimuli")
    return {"image_bootstrap": study.path("analysis", analysis="image_bootstrap")}


def compute(files: dict, *, stimuli: list[str] | None = None) -> Result:
    """Order stimuli by differentiation in each layer, the largest first.

    Intervals hold the middle 95% of what resampled images give (see `image_bootstrap`); those of
    ranks take all stimuli together, each with its own resampled images. A resample of copies of one
    image, which happens where a stimulus has few, has no D: what is compared with it leaves it out.

    Parameters
    ----------
    files : ``{"image_bootstrap": path}``
    stimuli : list of str, optional
        By default all.

    Returns
    -------
    Result
        By (source, layer, population, size, metric, rank): ``stimulus`` str, empty below the last;
        ``differentiation``, ``low``, ``high``; ``rank_low``, ``rank_high``, the interval of its rank;
        ``above_next``, the share of resamples in which its D is above that of the next in rank; float64,
        NaN below the last, and where no resample has all that is compared. What
        `differentiation.carried` gives, but of stimuli.
    """
    from repscape.io import netcdf

    with netcdf.open_file(files["image_bootstrap"], "analysis") as table:
        labels = {dim: table[dim][:] for dim in DIMS}
        chosen = places(labels["stimulus"], stimuli)
        labels["stimulus"] = labels["stimulus"][chosen]
        values, low, high = (
            np.moveaxis(table[name][:][:, chosen], 1, -1) for name in ("differentiation", "low", "high")
        )
        resampled = np.moveaxis(table["resampled"][:][:, chosen], 1, -2)  # (…, stimulus, resample)
        kept = carried(table, chosen)
        images = kept["images"][1]
        kept = {name: own for name, own in kept.items() if "stimulus" not in own[0]}
        attributes = {"level": table.level, "resamples": table.resamples, "median": table.median}
    order = np.argsort(-values, axis=-1, kind="stable")  # NaN last
    there = np.isfinite(np.take_along_axis(values, order, -1))
    resampled = np.take_along_axis(resampled, order[..., None], -2)
    ranks = np.full(resampled.shape, np.nan, np.float32)
    defined = np.isfinite(resampled)
    for at in np.ndindex(values.shape[:-1]):
        compared = np.flatnonzero(defined[at].any(-1))
        whole = np.ix_(compared, np.flatnonzero(defined[at][compared].all(0)))
        ranks[at][whole] = 1 + np.argsort(np.argsort(-resampled[at][whole], axis=0, kind="stable"), axis=0)
    rank_low, rank_high = interval(ranks)
    above = np.full(values.shape, np.nan)
    both = (defined[..., :-1, :] & defined[..., 1:, :]).sum(-1)
    more = (resampled[..., :-1, :] > resampled[..., 1:, :]).sum(-1)
    above[..., :-1] = more / np.where(both, both, np.nan)
    dims = (*KEYS, "rank")
    variables = {
        "stimulus": np.where(there, labels["stimulus"][order], ""),
        "differentiation": np.take_along_axis(values, order, -1),
        "low": np.take_along_axis(low, order, -1),
        "high": np.take_along_axis(high, order, -1),
        "rank_low": rank_low,
        "rank_high": rank_high,
        "above_next": above,
    }
    return Result(
        variables={
            **{name: (dims, array) for name, array in variables.items()},
            **kept,
            "images": (dims, np.where(there, images[order], 0)),
            "rank": (("rank",), np.arange(1, values.shape[-1] + 1, dtype=np.int32)),
            **{dim: ((dim,), labels[dim]) for dim in KEYS},
        },
        attributes=attributes,
    )


def rows(variables: dict) -> Iterator[tuple]:
    """Yield the header and the rows of the long table."""
    names = ("stimulus", "differentiation", "low", "high", "rank_low", "rank_high", "above_next")
    dims = (*KEYS, "rank")
    labels = [variables[dim][1] for dim in dims]
    yield (*dims, *names, "n_drawn", "order")
    for index in np.ndindex(variables["stimulus"][1].shape):
        if variables["stimulus"][1][index]:
            keys = (labels[dim][place] for dim, place in enumerate(index))
            values = (variables[name][1][index] for name in names)
            yield (*keys, *values, *drawn_and_order(variables, *index[:4]))
