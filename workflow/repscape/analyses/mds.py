"""Maps of RDMs: their entries as points, by MDS, t-SNE or PCA; aligned from one RDM to the next."""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, cast

import numpy as np
from pydantic import Field

from repscape.analyses.lib import embedding, select_rdms
from repscape.analyses.lib.result import Result
from repscape.analyses.lib.select_rdms import Of, Where
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.logs import logger
from repscape.plugin.contract import Analysis, Seeded, parameter
from repscape.rdms import REPEATED
from repscape.rdms.condensed import defined_entries
from repscape.rdms.table.rdm_stack import FOLLOWING
from repscape.study.study import Study

if TYPE_CHECKING:
    import pandas as pd

# What a map has beside the labels of its RDM
NUMBERS = ("stress", "stress_1", "divergence", "negative", "disparity")
OWN = (*NUMBERS, "position", "previous", "rooted", "placed", "eigenvalue", "explained", "rdm", "entry", "dim")

Method = Literal["classical", "smacof", "tsne", "pca"]
Starts = Annotated[int, Field(ge=0, le=100_000)]
STARTS = {"smacof": 16, "tsne": 4}  # by default


class Mds(Seeded, Analysis):
    """Maps of RDMs: their entries as points, by MDS, t-SNE or PCA; aligned from one RDM to the next."""

    of: Of = parameter("Which rdms; see `repscape.analyses.lib.select_rdms`.", select_rdms.ALL)
    where: Where | None = parameter("Which rdms; see `repscape.analyses.lib.select_rdms`.", None)
    method: Method = parameter(
        "``classical`` MDS; ``smacof``, metric MDS of least stress; ``tsne``; ``pca`` of the patterns. "
        "See `repscape.analyses.lib.embedding`.",
        "smacof",
    )
    dims: Annotated[int, Field(ge=1, le=1000)] = parameter("Int.", 2)
    n_init: Starts | None = parameter(
        "Random starts of SMACOF (by default 16) and t-SNE (4), beside one from classical MDS, and how "
        "often SMACOF places some points anew. The best is kept.",
        None,
    )
    perplexity: float | None = parameter("Of t-SNE; see `embedding.tsne`.", None)
    root: bool | None = parameter(
        "Whether dissimilarities are squared distances, so that their roots are taken. By default those "
        "of metrics that say so are, whatever the study calls them (`repscape.rdms.measures`): √(1 − r) "
        "is a distance in space, 1 − r is not.",
        None,
    )
    align: str | None = parameter(
        "A label of the RDMs, such as ``layer``: RDMs that agree in all other labels are put in order "
        "(layers by depth) and each is rotated, reflected and moved onto the one before it.",
        None,
    )
    scale: bool = parameter(
        "Whether each map is brought to a root mean square distance of 1 from its centre, before it is "
        "aligned. Scaling each onto the one before would shrink them along the way.",
        False,
    )

    def check(self) -> None:
        """Refuse keys that do not go together."""
        if self.perplexity is not None and self.method != "tsne":
            raise ConfigError(f"perplexity: only t-SNE has one, found `method: {self.method}`.")

    def inputs(self, study: Study) -> dict:
        """Name the files that hold the RDMs.

        Raises
        ------
        ConfigError
            The study has no such RDMs, they have no label `align`, or a metric does not say what `root` is.
        """
        labels = select_rdms.labels(study, self.of)
        if self.align is not None and self.align not in labels:
            raise ConfigError(f"align: {unknown(self.align, labels)}")
        embedding.check_metrics(study, self.of, self.where, self.root)
        return select_rdms.inputs(study, self.of, self.where)

    def compute(self, files: Mapping) -> Result:
        """Place the entries of each RDM so that distances between points are like dissimilarities.

        RDMs of several draws of units, and of several presentations, are averaged first. Where activity was
        constant, an RDM has no dissimilarities: entries are left out until none are lacking, and RDMs that too
        few are left of; both are told, in the log and the file.

        Parameters
        ----------
        files : what `inputs` named

        Returns
        -------
        Result
            ``position`` float64 (rdm, entry, dim), NaN where an entry is left out and at the end of
            shorter RDMs; every label of the RDMs (rdm); the entries' labels (entry), or (rdm, entry) where
            RDMs have different ones; ``draws``, ``presentations``; ``placed``, how many entries; ``rooted``
            (rdm); ``stress``, raw, and ``stress_1``; of classical and pca ``eigenvalue`` (rdm, component),
            ``explained`` (rdm, dim) and ``negative`` (rdm); of tsne ``divergence``; of aligned maps
            ``previous``, the map onto which it was aligned or -1, and ``disparity`` (rdm).

        Raises
        ------
        ConfigError
            There is no label `align`.
        DataError
            No RDM can be placed, or RDMs to be aligned have different entries.
        """
        from repscape.rdms.table import table as tables

        table = averaged(select_rdms.read(files, self.of, self.where))
        labels = tables.labels(table)
        if self.align is not None and self.align not in labels:
            raise ConfigError(f"align: {unknown(self.align, labels)}")
        _check_names(labels, table["entries"].iloc[0].names)
        options: dict = {"seed": self.seed} if self.method in STARTS else {}
        if self.method in STARTS:
            options["n_init"] = STARTS[self.method] if self.n_init is None else self.n_init
        options |= {"perplexity": self.perplexity} if self.method == "tsne" else {}
        different = [label for label in labels if label not in FOLLOWING and table[label].nunique() > 1]
        maps, left_out, kept = [], [], []
        for at, row in table.iterrows():
            place = ", ".join(f"{label} {row[label]}" for label in different)
            squared = embedding.is_squared(row, self.root)
            placed = defined_entries(row["dissimilarity"][None])[0]
            if not placed.all():
                missing = [_text(entry) for entry in row["entries"][~placed]]
                everything = placed.sum() <= self.dims
                what = "all of it" if everything else ", ".join(missing)
                left_out.append(f"{place}: {what}" if place else what)
                logger.warning("left out, because dissimilarities are undefined: %s", left_out[-1])
                if everything:
                    continue
            first, second = np.triu_indices(len(placed), 1)
            distances = embedding.distances(row["dissimilarity"][placed[first] & placed[second]], squared)
            maps.append((placed, squared, embedding.METHODS[self.method](distances, self.dims, **options)))
            kept.append(at)
        if not maps:
            raise DataError(
                f"{files['collection'][0]}: no RDM has enough defined dissimilarities to be placed: "
                f"{'; '.join(left_out)}."
            )
        table = table.loc[kept].reset_index(drop=True)
        most = max(map(len, table["entries"]))
        position = np.full((len(table), most, self.dims), np.nan)
        for at, (placed, _, found) in enumerate(maps):
            points = np.full((len(placed), self.dims), np.nan)
            points[placed] = found.points
            position[at, : len(placed)] = embedding.scaled(points) if self.scale else points
        variables = {
            "position": (("rdm", "entry", "dim"), position),
            "dim": (("dim",), np.arange(1, self.dims + 1, dtype=np.int32)),
            **{label: (("rdm",), list(table[label])) for label in labels},
            **_entries(table["entries"], most),
            "placed": (("rdm",), np.array([placed.sum() for placed, _, _ in maps], np.int32)),
            "rooted": (("rdm",), np.array([squared for _, squared, _ in maps], np.int8)),
            **_goodness([found for _, _, found in maps], most),
        }
        if self.align is not None:
            variables |= _aligned(table, position, labels, self.align)
        described = {"coordinates": " ".join([*labels, *table["entries"].iloc[0].names])}
        variables["position"] += (described,)
        return Result(
            variables,
            {
                "of": self.of, "method": self.method, "dims": self.dims, "n_init": options.get("n_init"), "align": self.align or "",
                "perplexity": self.perplexity, "scale": self.scale, "seed": options.get("seed"),
                "left_out": left_out or None,
                "history": json.dumps(table.attrs.get("history", {}), sort_keys=True),
            },
        )  # fmt: skip

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row an entry that is placed."""
        variables = result.variables
        over = {name: variable[0] for name, variable in variables.items()}
        values = {name: variable[1] for name, variable in variables.items()}
        labels = [name for name in over if over[name] == ("rdm",) and name not in OWN]
        entries = [name for name in over if over[name] in (("entry",), ("rdm", "entry"))]
        numbers = [name for name in NUMBERS if name in over]
        yield (*labels, *entries, *(f"dim_{dim}" for dim in values["dim"]), *numbers)
        for rdm, entry in np.ndindex(values["position"].shape[:2]):
            if np.isfinite(values["position"][rdm, entry]).all():
                own = [
                    values[name][entry] if len(over[name]) == 1 else values[name][rdm, entry]
                    for name in entries
                ]
                yield (
                    *(values[label][rdm] for label in labels),
                    *own,
                    *values["position"][rdm, entry],
                    *(values[name][rdm] for name in numbers),
                )


def averaged(table: "pd.DataFrame") -> "pd.DataFrame":
    """Average the RDMs of a table over draws of units and presentations.

    ``draws`` and, where there were, ``presentations`` say of how many each is the mean.
    """
    from repscape.rdms.table import table as tables

    if "repeat" not in table:
        return table
    labels = [label for label in tables.labels(table) if label not in REPEATED]
    repeated = [label for label in REPEATED if label in table]
    groups = table.groupby(labels, sort=False, dropna=False)
    means = groups["dissimilarity"].apply(lambda values: np.mean(list(values), axis=0))
    once = table.drop_duplicates(labels).drop(columns=repeated).reset_index(drop=True)
    for label, count in zip(repeated, ("draws", "presentations"), strict=False):
        counts = groups[label].nunique().to_numpy()
        once.insert(once.columns.get_loc("entries"), count, counts)
        if counts.max() > 1:
            logger.info("RDMs are averaged over %s: at most %d", count, counts.max())
    return once.assign(dissimilarity=list(means))


def chains(table, labels: list[str], align: str) -> list[list[int]]:
    """Put in order the RDMs that agree in all labels but one: layers by depth, others as they are listed."""
    others = [label for label in labels if label not in (align, *FOLLOWING)]
    found: dict[tuple, list[int]] = {}
    for at in range(len(table)):
        found.setdefault(tuple(table[label][at] for label in others), []).append(at)
    if align == "layer" and "layer_order" in labels:
        return [sorted(rows, key=list(table["layer_order"]).__getitem__) for rows in found.values()]
    return list(found.values())


def _aligned(table, position: np.ndarray, labels: list[str], align: str) -> dict:
    """Align maps in place, each onto the one before it."""
    previous = np.full(len(table), -1, np.int32)
    disparity = np.full(len(table), np.nan)
    for rows in chains(table, labels, align):
        for before, at in pairwise(rows):
            first, second = table["entries"][before], table["entries"][at]
            unshared = first.symmetric_difference(second)
            if len(unshared):
                raise DataError(
                    f"align: {align} {table[align][before]} and {table[align][at]} do not have the same "
                    f"entries: {_text(unshared[0])} is in one of them alone. Choose RDMs of the same entries "
                    "with `where`."
                )
            own = position[at, : len(second)]
            own[:], disparity[at] = embedding.aligned(own, position[before, first.get_indexer(second)])
            previous[at] = before
    return {"previous": (("rdm",), previous), "disparity": (("rdm",), disparity)}


def _goodness(found: list[embedding.Embedding], most: int) -> dict:
    """How well maps do, as variables over RDMs."""
    variables: dict[str, tuple] = {}
    for name in ("stress", "stress_1", "divergence"):
        values = np.array([getattr(one, name) for one in found])
        if not np.isnan(values).all():
            variables[name] = (("rdm",), values)
    if found[0].eigenvalues is not None:
        eigenvalue = np.full((len(found), most), np.nan)
        for at, one in enumerate(found):
            values = cast(np.ndarray, one.eigenvalues)  # all maps are of one method
            eigenvalue[at, : len(values)] = values
        variables |= {
            "eigenvalue": (("rdm", "component"), eigenvalue),
            "explained": (("rdm", "dim"), np.array([one.explained for one in found])),
            "negative": (("rdm",), np.array([one.negative for one in found])),
        }
    return variables


def _entries(indices, most: int) -> dict:
    """The entries' labels: once where all RDMs have the same."""
    names = list(indices.iloc[0].names)
    if all(index.equals(indices.iloc[0]) for index in indices):
        return {name: (("entry",), list(indices.iloc[0].get_level_values(name))) for name in names}
    padded = {name: np.full((len(indices), most), "", object) for name in names}
    for at, index in enumerate(indices):
        for name in names:
            padded[name][at, : len(index)] = index.get_level_values(name)
    return {name: (("rdm", "entry"), values) for name, values in padded.items()}


def _check_names(labels: list[str], names: list[str]) -> None:
    clash = sorted({*labels, *names} & set(OWN)) or sorted(set(labels) & set(names))
    if clash:
        raise DataError(
            f"'{clash[0]}' is a label of the RDMs, and what a file of maps calls something else. Rename "
            "that factor."
        )


def _text(entry) -> str:
    return " ".join(map(str, entry)) if isinstance(entry, tuple) else str(entry)
