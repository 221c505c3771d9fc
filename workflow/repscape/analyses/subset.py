"""Choosing a few of many images by their dissimilarities."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from repscape.analyses.lib import subset_choice
from repscape.analyses.lib.of_rdms import OfRdms, OneRdm, each, leave_out
from repscape.analyses.lib.result import Result
from repscape.analyses.lib.subset_choice import VALUES
from repscape.analyses.lib.subset_goals import Name
from repscape.core.errors import ConfigError, DataError
from repscape.plugin.contract import Seeded, parameter

if TYPE_CHECKING:
    import pandas as pd


class Subset(Seeded, OfRdms):
    """A few entries of each RDM, chosen by their dissimilarities.

    RDMs of several draws of units, and of several presentations, are averaged first. Entries whose
    dissimilarities are undefined, where activity was constant, cannot be chosen; the log and the file say
    which these are, and which RDMs have too few others.
    """

    k: int = parameter("How many entries to choose.", ge=2)
    goal: Name = parameter(
        "The goal of the choice: `largest`, the largest mean dissimilarity of the chosen entries; "
        "`target`, a mean dissimilarity as close as possible to the target; `uniform`, dissimilarities "
        "spread as evenly as possible over the range of all.",
        "largest",
    )
    target: float | None = parameter("The mean dissimilarity for `goal: target`.", None)
    random: int = parameter(
        "The number of random sets of k entries with which each choice is compared.", 1000, ge=0, le=1_000_000
    )

    def check(self) -> None:
        """Refuse keys that do not go together."""
        if (self.goal == "target") != (self.target is not None):
            needs = "needs" if self.goal == "target" else "cannot have"
            raise ConfigError(f"target: `goal: {self.goal}` {needs} a target, found {self.target}.")

    def compute(self, files: Mapping) -> Result:
        """Choose k entries of each RDM; see `subset_choice.choose`.

        Returns
        -------
        Result
            ``chosen`` int32 (rdm, choice), the indices of entries, and their labels (rdm, choice) under
            ``chosen_{label}``; ``value``, ``mean``, ``sd``, ``greedy`` float64 (rdm), as in
            `subset_choice.Subset`; ``random_value`` float64 (rdm, draw): the mean of random sets, or how
            unevenly they are spread; ``ranking`` int32 (rdm, entry), all entries in greedy order
            (`subset_choice.rankings`), -1 at the end where some are left out; ``entries`` (rdm), how many
            could be chosen; every label of the RDMs (rdm).

        Raises
        ------
        DataError
            No RDM has as many entries as are to be chosen.
        """
        table = self.read_averaged(files)
        found, left_out = self._choices(table)
        if not found:
            raise DataError(
                f"{files['collection'][0]}: no RDM has {self.k} entries to choose: {'; '.join(left_out)}. "
                "Choose fewer."
            )
        attributes = {name: getattr(self, name) for name in ("of", "k", "goal", "target", "seed", "random")}
        return Result(_variables(found, table), attributes | {"left_out": left_out or None})

    def _choices(self, table: "pd.DataFrame") -> "tuple[list[_Choice], list[str]]":
        """Choose entries of each RDM of a table; say which are left out."""
        found: list[_Choice] = []
        left_out: list[str] = []
        for rdm in each(table):
            entries = np.flatnonzero(rdm.defined)
            lacking = len(rdm.defined) - len(entries)
            if len(entries) < self.k:
                what = f"has {len(entries)} of {self.k} entries with defined dissimilarities"
                leave_out(left_out, rdm, what, "too few entries are defined")
                continue
            if self.goal == "uniform" and np.ptp(rdm.values) == 0:
                leave_out(left_out, rdm, "all dissimilarities are equal", "no spread is more even")
                continue
            if lacking:
                leave_out(left_out, rdm, f"{lacking} entries with undefined dissimilarities")
            square = subset_choice.as_square(rdm.values)
            subset = subset_choice.choose(square, self.k, self.goal, target=self.target, seed=self.seed)
            random = subset_choice.random_values(
                square, self.k, self.random, self.seed, uniform=self.goal == "uniform"
            )
            ranking = entries[list(subset_choice.rankings(square))]
            found.append(_Choice(rdm, subset, entries[list(subset.indices)], ranking, random))
        return found, left_out

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row a chosen entry."""
        variables = result.variables
        names = [name for name in variables if name.startswith("chosen_")]
        others = {*VALUES, "entries"}
        labels = [name for name, (dims, *_) in variables.items() if dims == ("rdm",) and name not in others]
        yield (*labels, *(name.removeprefix("chosen_") for name in names), *VALUES)
        for rdm, choice in np.ndindex(variables["chosen"][1].shape):
            yield (
                *(variables[label][1][rdm] for label in labels),
                *(variables[name][1][rdm][choice] for name in names),
                *(variables[name][1][rdm] for name in VALUES),
            )


class _Choice(NamedTuple):
    """The entries chosen of an RDM, all of them in greedy order, and the values of random sets."""

    rdm: OneRdm
    subset: subset_choice.Subset
    chosen: np.ndarray
    ranking: np.ndarray
    random: np.ndarray


def _variables(found: list[_Choice], table: "pd.DataFrame") -> dict[str, tuple]:
    """Return choices as variables over RDMs."""
    from repscape.rdms.table import table as tables

    levels = list(dict.fromkeys(str(name) for entries in table["entries"] for name in entries.names))
    names = {
        f"chosen_{level}": [
            [str(value) for value in entries.get_level_values(level)[one.chosen]]
            if level in entries.names
            else [""] * len(one.chosen)
            for one, entries in ((one, one.rdm.row["entries"]) for one in found)
        ]
        for level in levels
    }
    labels = {label: [one.rdm.row[label] for one in found] for label in tables.labels(table)}
    ranking = np.full((len(found), max(map(len, table["entries"]))), -1, np.int32)
    for row, one in zip(ranking, found, strict=True):
        row[: len(one.ranking)] = one.ranking
    values = {name: np.array([getattr(one.subset, name) for one in found], np.float64) for name in VALUES}
    described = {"coordinates": " ".join([*labels, *names])}
    return {
        "chosen": (("rdm", "choice"), np.array([one.chosen for one in found], np.int32), described),
        **{name: (("rdm", "choice"), labels_of) for name, labels_of in names.items()},
        **{name: (("rdm",), array) for name, array in values.items()},
        "ranking": (("rdm", "entry"), ranking),
        "random_value": (("rdm", "draw"), np.array([one.random for one in found])),
        "entries": (("rdm",), np.array([len(one.ranking) for one in found], np.int32)),
        **{label: (("rdm",), cells) for label, cells in labels.items()},
    }
