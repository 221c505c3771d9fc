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
from repscape.study.study import Study

TABLE = True
VALUES = ("value", "bound", "gap", "exact", "mean", "sd", "greedy")

Goal = Literal["largest", "target", "uniform"]
Chosen = Annotated[int, Field(ge=2)]
Sets = Annotated[int, Field(ge=0, le=1_000_000)]


def check(*, goal: Goal = "largest", target: float | None = None) -> None:
    """Refuse keys that do not go together."""
    if (goal == "target") != (target is not None):
        needs = "needs one" if goal == "target" else "takes none"
        raise ConfigError(f"target: `goal: {goal}` {needs}, found {target}.")


def inputs(
    study: Study,
    *,
    seed: int,
    k: Chosen,
    of: Of = select_rdms.ALL,
    where: Where | None = None,
    goal: Goal = "largest",
    target: float | None = None,
    random: Sets = 1000,
) -> dict:
    """Name the files that hold the RDMs.

    Raises
    ------
    ConfigError
        The study has no such RDMs; a target is missing or in vain.
    """
    check(goal=goal, target=target)
    return select_rdms.inputs(study, of, where)


def compute(
    files: Mapping,
    *,
    seed: int,
    k: Chosen,
    of: Of = select_rdms.ALL,
    where: Where | None = None,
    goal: Goal = "largest",
    target: float | None = None,
    random: Sets = 1000,
) -> Result:
    """Choose k entries of each RDM; see `repscape.analyses.lib.subset_choice.choose`.

    RDMs of several draws of units, and of several presentations, are averaged first. Entries whose
    dissimilarities are undefined, where activity was constant, cannot be chosen; they, and RDMs that too few
    others are left of, are told in the log and the file.

    Parameters
    ----------
    files : what `inputs` named
    seed : int
        Of random starts and of random sets to compare with; every RDM has the same.
    k : int
    of, where : which RDMs; see `repscape.analyses.lib.select_rdms`
    goal : {"largest", "target", "uniform"}
        The mean dissimilarity of the chosen is as large as can be, or as close to `target`; or their
        dissimilarities are spread as evenly as can be over the range of all.
    target : float, optional
    random : int
        How many random sets of k entries each choice is compared with.

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
    from repscape.rdms.compare.comparison import defined_entries
    from repscape.rdms.table import table as tables
    from repscape.rdms.table.rdm_stack import FOLLOWING

    table = averaged(select_rdms.read(files, of, where))
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
        if len(defined) < k:
            left_out.append(f"{place}: has {len(defined)} of {k} entries with defined dissimilarities")
        elif goal == "uniform" and np.ptp(square[np.triu_indices(len(square), 1)]) == 0:
            left_out.append(f"{place}: all dissimilarities are equal")
        else:
            if lacking:
                left_out.append(f"{place}: {lacking} entries with undefined dissimilarities")
            choice = subset_choice.choose(square, k, goal, target=target, seed=seed)
            ranking = np.full(most, -1, np.int32)
            ranking[: len(defined)] = defined[list(subset_choice.rankings(square))]
            values = subset_choice.random_values(square, k, random, seed, uniform=goal == "uniform")
            found.append((choice, defined[list(choice.indices)], ranking, values, len(defined)))
            kept.append(at)
            continue
        logger.warning("left out: %s", left_out[-1])
    if not found:
        raise DataError(
            f"{files['collection'][0]}: no RDM to choose {k} entries from: {'; '.join(left_out)}. "
            "Choose fewer."
        )
    table = table.loc[kept].reset_index(drop=True)
    places = np.array([chosen for _, chosen, *_ in found], np.int32)
    names = {
        f"chosen_{level}": [
            [str(value) for value in entries.get_level_values(level)[chosen]]
            if level in entries.names
            else [""] * k
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
        "of": of, "k": k, "goal": goal, "target": target, "seed": seed, "random": random,
        "left_out": left_out or None,
    }  # fmt: skip
    return Result(variables, attributes)


def rows(variables: dict) -> Iterator[tuple]:
    """Yield the header and the rows of the long table: a row a chosen entry."""
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
