"""Choosing a few of many images by their dissimilarities."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from repscape.analyses.lib import select_rdms
from repscape.analyses.lib.result import Result
from repscape.analyses.lib.select_rdms import Of, Where
from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.plugin.contract import Analysis, Seeded, parameter
from repscape.study.study import Study

VALUES = ("value", "bound", "gap", "exact", "mean", "sd", "greedy")

Goal = Literal["largest", "target", "uniform"]
Chosen = Annotated[int, Field(ge=2)]
Sets = Annotated[int, Field(ge=0, le=1_000_000)]


class Subset(Seeded, Analysis):
    """Choosing a few of many images by their dissimilarities."""

    k: Chosen = parameter("Int.")
    of: Of = parameter("Which rdms; see `repscape.analyses.lib.select_rdms`.", select_rdms.ALL)
    where: Where | None = parameter("Which rdms; see `repscape.analyses.lib.select_rdms`.", None)
    goal: Goal = parameter(
        "The mean dissimilarity of the chosen is as large as can be, or as close to `target`; or their "
        "dissimilarities are spread as evenly as can be over the range of all.",
        "largest",
    )
    target: float | None = parameter("Float.", None)
    random: Sets = parameter("How many random sets of k entries each choice is compared with.", 1000)

    def check(self) -> None:
        """Refuse keys that do not go together."""
        if (self.goal == "target") != (self.target is not None):
            needs = "needs one" if self.goal == "target" else "takes none"
            raise ConfigError(f"target: `goal: {self.goal}` {needs}, found {self.target}.")

    def inputs(self, study: Study) -> dict:
        """Name the files that hold the RDMs.

        Raises
        ------
        ConfigError
            The study has no such RDMs; a target is missing or in vain.
        """
        self.check()
        return select_rdms.inputs(study, self.of, self.where)

    def compute(self, files: Mapping) -> Result:
        """Choose k entries of each RDM; see `repscape.analyses.lib.subset_choice.choose`.

        RDMs of several draws of units, and of several presentations, are averaged first. Entries whose
        dissimilarities are undefined, where activity was constant, cannot be chosen; they, and RDMs that too few
        others are left of, are told in the log and the file.

        Parameters
        ----------
        files : what `inputs` named

        Returns
        -------
        Result
            ``chosen`` int32 (rdm, choice), the entries' places, and their labels (rdm, choice) under
            ``chosen_{label}``; ``value``, ``bound``, ``gap``, ``mean``, ``sd``, ``greedy`` float64 and ``exact``
            int8 (rdm), as in `repscape.analyses.lib.subset_choice.Subset`; ``random_value`` float64 (rdm,
            draw): the mean of random sets, or how uneven they are spread; ``ranking`` int32 (rdm, entry), all
            entries in greedy order (`repscape.analyses.lib.subset_choice.rankings`), -1 at the end where some
            are left out; ``entries`` (rdm), how many could be chosen; every label of the RDMs (rdm).

        Raises
        ------
        DataError
            No RDM has as many entries as are to be chosen.
        """
        from repscape.analyses.lib import subset_choice
        from repscape.analyses.mds import averaged
        from repscape.rdms.condensed import defined_entries
        from repscape.rdms.table import table as tables
        from repscape.rdms.table.rdm_stack import FOLLOWING

        table = averaged(select_rdms.read(files, self.of, self.where))
        labels = tables.labels(table)
        different = [label for label in labels if label not in FOLLOWING and table[label].nunique() > 1]
        levels = list(dict.fromkeys(str(name) for entries in table["entries"] for name in entries.names))
        most = max(map(len, table["entries"]))
        kept, found, left_out = [], [], []
        for at, row in table.iterrows():
            place = ", ".join(f"{label} {row[label]}" for label in different) or "the RDM"
            defined = np.flatnonzero(defined_entries(row["dissimilarity"][None])[0])
            lacking = len(row["entries"]) - len(defined)
            square = subset_choice.as_square(np.nan_to_num(row["dissimilarity"]))[np.ix_(defined, defined)]
            if len(defined) < self.k:
                left_out.append(
                    f"{place}: has {len(defined)} of {self.k} entries with defined dissimilarities"
                )
            elif self.goal == "uniform" and np.ptp(square[np.triu_indices(len(square), 1)]) == 0:
                left_out.append(f"{place}: all dissimilarities are equal")
            else:
                if lacking:
                    left_out.append(f"{place}: {lacking} entries with undefined dissimilarities")
                choice = subset_choice.choose(square, self.k, self.goal, target=self.target, seed=self.seed)
                ranking = np.full(most, -1, np.int32)
                ranking[: len(defined)] = defined[list(subset_choice.rankings(square))]
                values = subset_choice.random_values(
                    square, self.k, self.random, self.seed, uniform=self.goal == "uniform"
                )
                found.append((choice, defined[list(choice.indices)], ranking, values, len(defined)))
                kept.append(at)
                continue
            logger.warning("left out: %s", left_out[-1])
        if not found:
            raise DataError(
                f"{files['collection'][0]}: no RDM to choose {self.k} entries from: {'; '.join(left_out)}. "
                "Choose fewer."
            )
        table = table.loc[kept].reset_index(drop=True)
        places = np.array([chosen for _, chosen, *_ in found], np.int32)
        names = {
            f"chosen_{level}": [
                [str(value) for value in entries.get_level_values(level)[chosen]]
                if level in entries.names
                else [""] * self.k
                for entries, chosen in zip(table["entries"], places, strict=True)
            ]
            for level in levels
        }
        described = {"coordinates": " ".join([*labels, *names])}
        variables = {
            "chosen": (("rdm", "choice"), places, described),
            **{name: (("rdm", "choice"), values) for name, values in names.items()},
            **{
                name: (("rdm",), np.array([getattr(choice, name) for choice, *_ in found], np.float64))
                for name in VALUES
            },
            "ranking": (("rdm", "entry"), np.array([ranking for _, _, ranking, *_ in found])),
            "random_value": (("rdm", "draw"), np.array([values for *_, values, _ in found])),
            "entries": (("rdm",), np.array([count for *_, count in found], np.int32)),
            **{label: (("rdm",), list(table[label])) for label in labels},
        }
        variables["exact"] = (("rdm",), np.array([choice.exact for choice, *_ in found], np.int8))
        attributes = {
            "of": self.of, "k": self.k, "goal": self.goal, "target": self.target, "seed": self.seed, "random": self.random,
            "left_out": left_out or None,
        }  # fmt: skip
        return Result(variables, attributes)

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row a chosen entry."""
        variables = result.variables
        names = [name for name in variables if name.startswith("chosen_")]
        own = {*VALUES, "entries"}
        labels = [name for name, (dims, *_) in variables.items() if dims == ("rdm",) and name not in own]
        yield (*labels, *(name.removeprefix("chosen_") for name in names), *VALUES)
        for rdm, choice in np.ndindex(variables["chosen"][1].shape):
            yield (
                *(variables[label][1][rdm] for label in labels),
                *(variables[name][1][rdm][choice] for name in names),
                *(variables[name][1][rdm] for name in VALUES),
            )
