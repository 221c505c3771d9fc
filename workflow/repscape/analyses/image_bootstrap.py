"""How differentiation would vary with other images of the same kind: the bootstrap over images."""

from collections.abc import Iterator, Mapping

import numpy as np

from repscape.analyses.lib import differentiation_table
from repscape.analyses.lib.differentiation_table import DIMS, carried, mean_over_draws
from repscape.analyses.lib.image_resampling import interval, resampled_medians
from repscape.analyses.lib.result import Result
from repscape.core.seeds import derive
from repscape.plugin.contract import Analysis, Seeded, parameter
from repscape.rdms.compare.significance import LEVEL
from repscape.study.study import Study


class ImageBootstrap(Seeded, Analysis):
    """How differentiation would vary with other images of the same kind: the bootstrap over images.

    Each stimulus's images are drawn again with replacement, and the median is taken over the pairs drawn. A
    pair of two copies of the same image has distance 0 by construction and says nothing of other images: it
    is left out. Otherwise a pair counts as often as it was drawn. The interval between the 2.5th and the
    97.5th percentile (Efron, Ann. Statist. 7:1, 1979) then says how D would vary with other images *of the
    same kind, drawn independently*. Successive frames of a movie are alike: for them it is too narrow. It
    holds for the units drawn; how D varies with those, the repeats say.

    Where D is the median of the full matrix (`differentiation`, ``median: full_matrix``), the interval of the
    median over pairs is moved to lie around it. A stimulus's images are drawn in the same way for all of its
    layers, populations, sizes and metrics.
    """

    streams = True

    resamples: int = parameter("The number of bootstrap samples of images.", 1000, ge=100, le=1_000_000)
    draws: int = parameter(
        "The most RDMs that are resampled of each sample size. If there are more draws, the interval is "
        "shifted by the difference of these RDMs from the mean of all, so that it lies around D.",
        5,
        ge=1,
        le=100_000,
    )

    def inputs(self, study: Study) -> dict[str, str | list[str]]:
        """Name the study's RDM files and the table of differentiation."""
        return {
            "differentiation": study.path("analysis", analysis="differentiation"),
            "rdms": study.rdms(),
        }

    def compute(self, files: Mapping) -> Result:
        """Resample the images of every RDM.

        Returns
        -------
        Result
            ``differentiation`` (mean over draws), ``low`` and ``high`` float64 (source, stimulus, layer,
            population, size, metric); ``resampled`` float32 (…, resample); what
            `differentiation.carried` gives.
        """
        from repscape.io import netcdf

        with netcdf.open_file(files["differentiation"], "analysis") as table:
            labels = {dim: list(table[dim][:]) for dim in DIMS}
            values = mean_over_draws(table["differentiation"][:])
            kept = carried(table)
            attributes = {"reference": table.reference, "median": table.median}
        resampled = self._resampled(files["rdms"], labels, values)
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
            attributes={"level": LEVEL, "resamples": self.resamples, "draws": self.draws, "seed": self.seed}
            | attributes,
        )

    def _resampled(self, paths, labels: Mapping[str, list], values: np.ndarray) -> np.ndarray:
        """Return the medians of resampled images around the values, float32 (…, resample)."""
        from repscape.io import netcdf
        from repscape.rdms import read as rdm_file

        resampled = np.full((*values.shape, self.resamples), np.nan, np.float32)
        counts: dict[str, np.ndarray] = {}
        for path in paths:
            with netcdf.open_file(path, "rdm") as file:
                at = tuple(labels[dim].index(file.getncattr(dim)) for dim in DIMS[:5])
                each = rdm_file.presentations(file.__dict__)
                rdm = rdm_file.whole(file)[:, : self.draws * each].astype(np.float64)
                metrics = [labels["metric"].index(name) for name in file["metric"][:]]
                stimulus, images = file.stimulus, rdm_file.count(file)
            if stimulus not in counts:
                generator = np.random.default_rng(derive(self.seed, stimulus))
                counts[stimulus] = generator.multinomial(
                    images, np.full(images, 1 / images), self.resamples
                ).T
            for metric, repeats in zip(metrics, rdm, strict=True):
                medians = [resampled_medians(distances, counts[stimulus]) for distances in repeats]
                shift = values[at][metric] - np.median(repeats, axis=1).mean()
                resampled[at][metric] = np.mean(medians, axis=0) + shift
        return resampled

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table."""
        variables = result.variables
        made = np.isfinite(variables["differentiation"][1])
        yield from differentiation_table.rows(variables, DIMS, ("differentiation", "low", "high"), made)
