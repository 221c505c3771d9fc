"""How the differentiation of a layer (CD) follows that of the images (SD), over stimuli."""

from collections.abc import Iterator, Mapping

import numpy as np

from repscape.analyses.lib import differentiation_table
from repscape.analyses.lib.differentiation_table import DIMS, KEYS, carried, mean_over_draws
from repscape.analyses.lib.over_stimuli import AgainstImages
from repscape.analyses.lib.regression import FEWEST, leave_one_out, regress
from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError
from repscape.core.logs import logger
from repscape.study.study import Study

FITTED = ("over", *KEYS)
COLUMNS = (
    "stimuli", "r", "r2", "r2_low", "r2_high", "slope", "intercept", "slope_normalised",
    "intercept_normalised",
)  # fmt: skip


class SdCd(AgainstImages):
    """How well differentiation of the images (SD) predicts that of a layer (CD): a regression over stimuli.

    Differentiation is averaged over draws before. The normalised values are divided by the reference
    stimulus's in the same layer. This is one constant for all stimuli, and no constant changes a correlation:
    there is one r and one R² for raw and normalised values, only slope and intercept differ. A few stimuli
    can make any R²: therefore also the range of R² when one stimulus is left out, and all of it without the
    reference, often noise and far from the others.

    A recording has no such layer: its areas are regressed on that of the first network that was shown the
    stimulus, which the file gives as that of the recording.
    """

    def inputs(self, study: Study) -> dict[str, str | list[str]]:
        """Name the table of differentiation.

        Raises
        ------
        ConfigError
            A source does not record the layer `against`; a stimulus is unknown; there are too few stimuli for
            a regression.
        """
        self.check_against(study)
        self.check_stimuli(study)
        wanted = set(self.stimuli or study.stimuli)
        most = max(len(set(study.stimuli_of(source)) & wanted) for source in study.layers)
        if most < FEWEST:
            raise ConfigError(
                f"a regression over stimuli needs at least {FEWEST} stimuli, found {most}. Add stimuli."
            )
        return {"differentiation": study.path("analysis", analysis="differentiation")}

    def compute(self, files: Mapping) -> Result:
        """Regress each layer's differentiation on that of a layer, by default the input, over stimuli.

        Returns
        -------
        Result
            ``differentiation`` and ``normalised`` float64 (source, stimulus, layer, population, size,
            metric); for each of ``over`` (`all` stimuli, and those `without_reference`), float64 (over,
            source, layer, population, size, metric): ``r`` (Pearson), ``r2``, ``r2_low`` and ``r2_high``
            (its range when any one stimulus is left out), ``slope``, ``intercept``, and of the normalised
            values ``slope_normalised``, ``intercept_normalised``; int32 ``stimuli``, how many. NaN with fewer
            than 3 stimuli or no variance. What `differentiation.carried` gives. Attribute ``same_pixels``: of
            stimuli with the same pixels, which count several times, the names.
        """
        from repscape.io import netcdf

        with netcdf.open_file(files["differentiation"], "analysis") as table:
            labels = {dim: table[dim][:] for dim in DIMS}
            chosen = self.indices(labels["stimulus"])
            values = mean_over_draws(table["differentiation"][:])
            attributes = {"reference": table.reference, "median": table.median}
            kept = carried(table, chosen)
        reference = np.flatnonzero(labels["stimulus"] == attributes["reference"])
        unit = values[:, reference] if len(reference) else np.nan
        values, labels["stimulus"] = values[:, chosen], labels["stimulus"][chosen]
        normalised = values / np.where(unit == 0, np.nan, unit)
        twins = self._warn(labels, kept)
        reference = np.flatnonzero(labels["stimulus"] == attributes["reference"])
        against = int(np.flatnonzero(labels["layer"] == self.against)[0])
        over = {"all": (values, normalised)}
        if len(reference):
            kept_values, kept_normalised = (np.delete(array, reference, axis=1) for array in over["all"])
            over["without_reference"] = kept_values, kept_normalised
        fits = [fits_over_stimuli(*arrays, against) for arrays in over.values()]
        for array in (values, normalised):
            array[:, :, [against]] = lent(array[:, :, [against]])
        return Result(
            variables={
                "differentiation": (DIMS, values, {"long_name": "differentiation, mean over draws"}),
                "normalised": (DIMS, normalised, {"long_name": "differentiation / that of the reference"}),
                **{name: (FITTED, np.stack([fit[name] for fit in fits])) for name in fits[0]},
                **kept,
                "over": (("over",), list(over)),
                **{dim: ((dim,), labels[dim]) for dim in DIMS},
            },
            attributes={
                "against": self.against,
                "same_pixels": [", ".join(names) for names in twins] or "",
                **attributes,
            },
        )

    def _warn(self, labels: Mapping[str, np.ndarray], kept: Mapping[str, tuple]) -> list[list[str]]:
        """Warn of stimuli with the same pixels, and return them; warn of those that no network was shown."""
        twins = same_pixels(labels["stimulus"], kept["stimulus_sha256"][1])
        for names in twins:
            logger.warning(
                "the stimuli %s have the same pixels, so the regression counts them %d times. List only "
                "one of them under 'stimuli' of this analysis.",
                ", ".join(names), len(names),
            )  # fmt: skip
        shown, recorded = (kept[name][1] > 0 for name in ("shown", "recording"))
        for source in np.flatnonzero(recorded):
            alone = shown[source] & ~shown[~recorded].any(0)
            if alone.any():
                self.warn_of_stimuli(labels["source"][source], labels["stimulus"][alone])
        return twins

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row a layer, and one without the reference."""
        some_stimulus = result.variables["stimuli"][1] > 0  # has this layer, population and size
        yield from differentiation_table.rows(result.variables, FITTED, COLUMNS, some_stimulus)


def fits_over_stimuli(values: np.ndarray, normalised: np.ndarray, against: int) -> dict[str, np.ndarray]:
    """Regress the differentiation of each layer on that of one layer, over stimuli.

    Parameters
    ----------
    values, normalised : float64 arrays (source, stimulus, layer, …)
    against : int
        The index of the layer that stands for the images.

    Returns
    -------
    dict of name to array (source, layer, …)
        ``r``, ``r2``, its range ``r2_low`` to ``r2_high`` when one stimulus is left out, ``slope``,
        ``intercept`` and those of normalised values; ``stimuli``, how many.
    """
    sd, scaled_sd = (lent(array[:, :, [against]]) for array in (values, normalised))
    fit, scaled = regress(sd, values, axis=1), regress(scaled_sd, normalised, axis=1)
    low, high = leave_one_out(sd, values, axis=1)
    return {
        "r": fit["r"], "r2": fit["r"] ** 2, "r2_low": low, "r2_high": high,
        "slope": fit["slope"], "intercept": fit["intercept"],
        "slope_normalised": scaled["slope"], "intercept_normalised": scaled["intercept"],
        "stimuli": fit["n"],
    }  # fmt: skip


def lent(values: np.ndarray) -> np.ndarray:
    """Give sources that have no values (source, …) each value of the first that has it."""
    lacking = np.isnan(values)
    lender = np.take_along_axis(values, lacking.argmin(0)[None], 0)
    return np.where(lacking.all(tuple(range(1, values.ndim)), keepdims=True), lender, values)


def same_pixels(names, sha256) -> list[list[str]]:
    """Return the names of stimuli that have the same pixels, those alike together."""
    alike: dict[str, list[str]] = {}
    for name, digest in zip(names, sha256, strict=True):
        alike.setdefault(str(digest), []).append(str(name))
    return [group for group in alike.values() if len(group) > 1]
