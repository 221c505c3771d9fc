"""RDMs averaged over labels: over subjects, sessions, draws of units; of networks and recordings alike."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from repscape.analyses.lib.of_rdms import OfRdms, mean_over
from repscape.analyses.lib.result import Result
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import Names
from repscape.study.study import Study

if TYPE_CHECKING:
    import pandas as pd


class MeanRdm(OfRdms):
    """RDMs averaged over labels: over subjects, sessions, draws of units."""

    over: Names = parameter("The labels over which RDMs are averaged. RDMs without them stay unchanged.")

    def inputs(self, study: Study) -> dict[str, Any]:
        """Name the files of RDMs, and check the labels.

        Raises
        ------
        ConfigError
            There are no RDMs of that name, or a label is unknown.
        """
        self.check_labels(study, "over", self.over)
        return super().inputs(study)

    def rdm_labels(self, labels: list[str]) -> list[str]:
        """Name the labels of the RDMs that it makes, from those of the RDMs that go in."""
        return [*(label for label in labels if label not in (*self.over, "averaged")), "averaged"]

    def compute(self, files: Mapping) -> Result:
        """Average the RDMs that are alike in all labels but some.

        Returns
        -------
        Result
            A table of RDMs as `repscape.rdms.table.table.encoded` makes it, without the labels `over`;
            ``averaged``, how many each is the mean of. A pair of entries that is undefined in one RDM is so
            in the mean.

        Raises
        ------
        DataError
            RDMs that are to be averaged have different entries.
        """
        from repscape.rdms.table import table as tables

        table = self.read(files)
        mean = averaged(table, self.over)
        mean.attrs["history"] = {"over": self.over, "of": table.attrs.get("history", {})}
        variables, attributes, parts = tables.encoded(mean)
        return Result(variables, {**attributes, "of": self.of, "over": self.over}, parts)


def averaged(table: "pd.DataFrame", over: list[str]) -> "pd.DataFrame":
    """Average the RDMs of a table that differ in no other labels than some; ``averaged`` counts them."""
    mean, groups = mean_over(table, [*over, "averaged"])
    mean.insert(mean.columns.get_loc("entries"), "averaged", [len(rows) for rows in groups])
    return mean
