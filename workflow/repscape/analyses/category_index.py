"""Whether images of a category are alike: dissimilarities within and between categories."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.analyses.lib import category_table, select_rdms
from repscape.analyses.lib.category_rdm import CategoryRdm, measure
from repscape.analyses.lib.entry_categories import (
    categories_of,
    category_factor,
    read_known,
    stimuli_with,
)
from repscape.analyses.lib.of_rdms import OfRdms, OneRdm, averaged_rows, each, leave_out
from repscape.analyses.lib.result import Result
from repscape.core.errors import DataError
from repscape.core.logs import logger
from repscape.core.words import plural
from repscape.plugin.contract import Seeded, parameter
from repscape.rdms.compare.significance import LEVEL
from repscape.rdms.labels import Where
from repscape.study.study import Study

if TYPE_CHECKING:
    import pandas as pd


class CategoryIndex(Seeded, OfRdms):
    """Dissimilarities within and between categories of images: means, an index, differentiation, tests.

    Categories are the values of a factor of the images, such as the folders of
    ``pictures/{category}/*.jpg``. Every pair of images counts once. RDMs of several draws of units, and of
    several presentations, are averaged first; differentiation is the mean over them, as in the analysis
    `differentiation`. Images whose dissimilarities are undefined, where activity was constant, are left
    out. p is by permuting which image is of which category. Intervals are by drawing the images of each
    category again (bootstrap); a pair of an image and its copy is left out. They need 4 images of each
    category.
    """

    factor: str | None = parameter(
        "The factor of the images that gives their categories, or ``label`` for their class. By default "
        "`category`, else `label`, else the only factor.",
        None,
    )
    permutations: int = parameter(
        "The number of permutations of the images' categories; fewer than 19 cannot give p = 0.05.",
        10_000,
        ge=19,
        le=1_000_000,
    )
    resamples: int = parameter(
        "The number of bootstrap samples of images, for intervals.", 1000, ge=100, le=1_000_000
    )

    def inputs(self, study: Study) -> dict[str, Any]:
        """Name the files of RDMs, and of the stimuli whose images have categories.

        Raises
        ------
        ConfigError
            There are no such RDMs, or no stimulus has such a factor.
        """
        stimuli = select_rdms.stimuli(study, self.of, self.where)
        having = stimuli_with(study, stimuli, self.factor)
        where: Where = dict(self.where or {})
        if len(having) < len(stimuli) and "stimulus" in select_rdms.labels(study, self.of):
            where["stimulus"] = [*having]
        files = select_rdms.inputs(study, self.of, where)
        return files | {"stimuli": [study.path("stimulus", stimulus=name) for name in having]}

    def compute(self, files: Mapping) -> Result:
        """Compare dissimilarities within and between categories, of each RDM.

        Returns
        -------
        Result
            Over ``rdm`` and ``category``, of which the first is ``all categories``, float64: ``within``,
            ``between``, ``clustering`` (their difference), ``index`` ((between − within) / (between +
            within)), ``differentiation_within`` and ``differentiation_between`` (medians), each with
            ``…_low`` and ``…_high``; ``p``, and ``p_fdr``, ``p_holm``, corrected for the RDMs that differ in
            their layer alone, of single categories also for these. ``images`` int32 (rdm, category).
            ``mean_dissimilarity`` and ``median_dissimilarity`` (rdm, category_i, category_j), on the diagonal
            within a category. ``permutations`` and ``exact`` (rdm): how many were taken, and whether these
            are all. Every label of the RDMs (rdm).

        Raises
        ------
        DataError
            No RDM has two categories, one of them of two images; or the factor is unknown.
        """
        table = self.read(files)
        known = read_known(files["stimuli"])
        factor = category_factor(known) if self.factor is None else self.factor
        found, notes = self._measured(table, factor, known)
        if not found:
            factors = list(dict.fromkeys(name for own in known.values() for name in own if name != "image"))
            raise DataError(
                f"no RDM has images of two categories (factor '{factor}') with two images in one of them: "
                f"{'; '.join(notes) or 'its images have no such factor'}. Factors of the images: "
                f"{', '.join(factors) or 'none'}. Choose another with 'factor', or add images."
            )
        attributes = {name: getattr(self, name) for name in ("of", "resamples", "seed")}
        attributes |= {"factor": factor, "level": LEVEL, "left_out": notes or None}
        return Result(category_table.variables(found), attributes)

    def _measured(
        self, table: "pd.DataFrame", factor: str, known: Mapping
    ) -> tuple[list[CategoryRdm], list[str]]:
        """Measure each RDM whose images have the factor; say what is left out."""
        mean, groups = averaged_rows(table)
        found: list[CategoryRdm] = []
        notes: list[str] = []
        for rdm, rows in zip(each(mean), groups, strict=True):
            categories = categories_of(rdm.row, factor, known)
            if categories is None:
                logger.info("%s: its images have no '%s'", rdm.name, factor)
                continue
            single = np.array([table["dissimilarity"].iloc[at] for at in rows])
            of_rdm = self._measure(rdm, np.array(categories), single, notes)
            found += [] if of_rdm is None else [of_rdm]
        return found, notes

    def _measure(
        self, rdm: OneRdm, categories: np.ndarray, single: np.ndarray, notes: list[str]
    ) -> CategoryRdm | None:
        """Measure one RDM; None, with a note, where it cannot be."""
        lacking = len(categories) - rdm.defined.sum()
        names, sizes = np.unique(categories[rdm.defined], return_counts=True)
        if rdm.defined.sum() < 2:
            leave_out(notes, rdm, "all dissimilarities are undefined")
            return None
        if lacking:
            leave_out(notes, rdm, f"{plural(lacking, 'image', 'images')} with undefined dissimilarities")
        if len(names) < 2 or sizes.max() < 2:
            has = f"one category, {names[0]}" if len(names) == 1 else f"{len(names)} categories of one image"
            leave_out(notes, rdm, has, "two categories are needed, one of them of two images")
            return None
        alone = [str(name) for name, size in zip(names, sizes, strict=True) if size == 1]
        if alone:
            why = "categories with one image have no pairs within them"
            leave_out(notes, rdm, f"single images, so that within is undefined: {', '.join(alone)}", why)
        return measure(rdm, categories, single, self.permutations, self.resamples, self.seed)

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row an RDM and category."""
        yield from category_table.rows(result)
