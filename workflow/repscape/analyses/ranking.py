"""Which stimulus a layer differentiates most: ranks by depth, with intervals."""

from collections.abc import Iterator, Mapping

import numpy as np

from repscape.analyses.lib import differentiation_table
from repscape.analyses.lib.differentiation_table import DIMS, KEYS, carried
from repscape.analyses.lib.image_resampling import interval
from repscape.analyses.lib.over_stimuli import OverStimuli
from repscape.analyses.lib.result import Result
from repscape.study.study import Study

RANKED = (*KEYS, "rank")
NAMES = ("stimulus", "differentiation", "low", "high", "rank_low", "rank_high", "above_next")


class Ranking(OverStimuli):
    """Which stimulus a layer differentiates most: the largest differentiation first, with intervals.

    Intervals hold the middle 95% of what resampled images give (see `image_bootstrap`); those of ranks take
    all stimuli together, each with its resampled images. A resample of copies of one image, which happens
    where a stimulus has few, has no D: what is compared with it leaves it out.
    """

    def inputs(self, study: Study) -> dict[str, str | list[str]]:
        """Name the differentiation of resampled images.

        Raises
        ------
        ConfigError
            A stimulus is unknown.
        """
        self.check_stimuli(study)
        return {"image_bootstrap": study.path("analysis", analysis="image_bootstrap")}

    def compute(self, files: Mapping) -> Result:
        """Order stimuli by differentiation in each layer.

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
            chosen = self.indices(labels["stimulus"])
            stimuli = labels["stimulus"][chosen]
            values, low, high = (
                np.moveaxis(table[name][:][:, chosen], 1, -1) for name in ("differentiation", "low", "high")
            )
            resampled = np.moveaxis(table["resampled"][:][:, chosen], 1, -2)  # (…, stimulus, resample)
            kept = carried(table, chosen)
            attributes = {"level": table.level, "resamples": table.resamples, "median": table.median}
        images = kept["images"][1]
        order = np.argsort(-values, axis=-1, kind="stable")  # NaN last
        known = np.isfinite(np.take_along_axis(values, order, -1))
        resampled = np.take_along_axis(resampled, order[..., None], -2)
        rank_low, rank_high = interval(ranks_of(resampled))
        variables = {
            "stimulus": np.where(known, stimuli[order], ""),
            "differentiation": np.take_along_axis(values, order, -1),
            "low": np.take_along_axis(low, order, -1),
            "high": np.take_along_axis(high, order, -1),
            "rank_low": rank_low,
            "rank_high": rank_high,
            "above_next": shares_above_next(resampled),
            "images": np.where(known, images[order], 0),
        }
        return Result(
            variables={
                **{name: variable for name, variable in kept.items() if "stimulus" not in variable[0]},
                **{name: (RANKED, array) for name, array in variables.items()},
                "rank": (("rank",), np.arange(1, len(stimuli) + 1, dtype=np.int32)),
                **{dim: ((dim,), labels[dim]) for dim in KEYS},
            },
            attributes=attributes,
        )

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table."""
        made = result.variables["stimulus"][1] != ""
        yield from differentiation_table.rows(result.variables, RANKED, NAMES, made)


def ranks_of(resampled: np.ndarray) -> np.ndarray:
    """Return the rank of each stimulus in each resample, 1 for the largest value.

    Parameters
    ----------
    resampled : float array (…, stimulus, resample)

    Returns
    -------
    float32 array (…, stimulus, resample)
        NaN of stimuli without values, and of resamples in which another stimulus has none.
    """
    ranks = np.full(resampled.shape, np.nan, np.float32)
    defined = np.isfinite(resampled)
    for at in np.ndindex(resampled.shape[:-2]):
        compared = np.flatnonzero(defined[at].any(-1))
        whole = np.ix_(compared, np.flatnonzero(defined[at][compared].all(0)))
        ranks[at][whole] = 1 + np.argsort(np.argsort(-resampled[at][whole], axis=0, kind="stable"), axis=0)
    return ranks


def shares_above_next(resampled: np.ndarray) -> np.ndarray:
    """Return the share of resamples in which each value is above that of the next stimulus.

    Parameters
    ----------
    resampled : float array (…, stimulus, resample)

    Returns
    -------
    float64 array (…, stimulus)
        NaN for the last, and where no resample has both values.
    """
    defined = np.isfinite(resampled)
    both = (defined[..., :-1, :] & defined[..., 1:, :]).sum(-1)
    more = (resampled[..., :-1, :] > resampled[..., 1:, :]).sum(-1)
    above = np.full(resampled.shape[:-1], np.nan)
    above[..., :-1] = more / np.where(both, both, np.nan)
    return above
