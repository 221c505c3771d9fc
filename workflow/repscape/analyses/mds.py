"""Maps of RDMs: their entries as points, by MDS, t-SNE or PCA; aligned from one RDM to the next."""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import numpy as np

from repscape.analyses.lib import embedding
from repscape.analyses.lib.map_labels import NUMBERS, OWN, chains
from repscape.analyses.lib.of_rdms import OneRdm, each, leave_out
from repscape.analyses.lib.points import Embedding, aligned, scaled
from repscape.analyses.lib.result import Result
from repscape.analyses.lib.squared_distances import OfDistances, distances, is_squared
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.plugin.contract import Seeded, parameter
from repscape.study.study import Study

if TYPE_CHECKING:
    import pandas as pd

STARTS = {"smacof": 16, "tsne": 4}  # by default


class Mds(Seeded, OfDistances):
    """Maps of RDMs: their entries as points whose distances approximate the dissimilarities.

    RDMs of several draws of units, and of several presentations, are averaged first. Where activity was
    constant, an RDM has no dissimilarities: entries are left out until none are lacking, and RDMs that too
    few are left of; the log and the file say which.
    """

    method: Literal["classical", "smacof", "tsne", "pca"] = parameter(
        "The method: `classical` MDS; `smacof`, metric MDS with least stress; `tsne`; `pca` of the patterns.",
        "smacof",
    )
    dims: int = parameter("The number of dimensions.", 2, ge=1, le=1000)
    n_init: int | None = parameter(
        "The number of random starts of SMACOF (by default 16) and t-SNE (4), in addition to one from "
        "classical MDS; also how often SMACOF moves some points elsewhere. The best map is kept.",
        None,
        ge=0,
        le=100_000,
    )
    perplexity: float | None = parameter(
        "For t-SNE: the effective number of neighbours. By default 30, and at most a third of the other "
        "entries.",
        None,
    )
    align: str | None = parameter(
        "A label of the RDMs, such as `layer`. Maps of RDMs that agree in all other labels are put in "
        "order (layers by depth), and each is rotated, reflected and shifted onto the one before it.",
        None,
    )
    scale: bool = parameter(
        "Whether each map is scaled to a root mean square distance of 1 from its centre before alignment.",
        False,
    )

    def check(self) -> None:
        """Refuse keys that do not go together."""
        if self.perplexity is not None and self.method != "tsne":
            raise ConfigError(f"perplexity: for t-SNE only, found `method: {self.method}`. Remove it.")

    def inputs(self, study: Study) -> dict[str, Any]:
        """Name the files that hold the RDMs.

        Raises
        ------
        ConfigError
            The study has no such RDMs, they have no label `align`, or a metric does not say what `root` is.
        """
        if self.align is not None:
            self.check_labels(study, "align", [self.align])
        return super().inputs(study)

    def compute(self, files: Mapping) -> Result:
        """Place the entries of each RDM; align the maps.

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
        return placed(self, self.read_averaged(files), files["collection"][0])

    def _options(self) -> dict[str, Any]:
        """Return what the method takes."""
        if self.method not in STARTS:
            return {}
        starts = STARTS[self.method] if self.n_init is None else self.n_init
        of_tsne = {"perplexity": self.perplexity} if self.method == "tsne" else {}
        return {"n_init": starts, "seed": self.seed, **of_tsne}

    def _maps(self, table: "pd.DataFrame", options: Mapping) -> "tuple[list[_Map], list[str]]":
        """Place the entries of each RDM of a table; say which are left out."""
        maps: list[_Map] = []
        left_out: list[str] = []
        for rdm in each(table):
            enough = rdm.defined.sum() > self.dims
            if not rdm.defined.all():
                missing = [_text(entry) for entry in rdm.row["entries"][~rdm.defined]]
                leave_out(left_out, rdm, ", ".join(missing) if enough else "all of it")
            if enough:
                squared = is_squared(rdm.row, self.root)
                apart = distances(rdm.values, squared)
                maps.append(_Map(rdm, squared, embedding.METHODS[self.method](apart, self.dims, **options)))
        return maps, left_out

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
                labels_of_entry = [
                    values[name][entry] if len(over[name]) == 1 else values[name][rdm, entry]
                    for name in entries
                ]
                yield (
                    *(values[label][rdm] for label in labels),
                    *labels_of_entry,
                    *values["position"][rdm, entry],
                    *(values[name][rdm] for name in numbers),
                )


class _Map(NamedTuple):
    """The map of an RDM; `squared`: of the roots of its dissimilarities."""

    rdm: OneRdm
    squared: bool
    found: Embedding


def placed(settings: Mds, table: "pd.DataFrame", name: str = "rdms") -> Result:
    """Place the entries of each RDM of a table, as `Mds.compute` does.

    Parameters
    ----------
    settings : Mds
    table : DataFrame
        RDMs, those of several draws of units averaged.
    name : str
        What it is called in messages.
    """
    from repscape.rdms.table import table as tables

    labels = tables.labels(table)
    if settings.align is not None and settings.align not in labels:
        raise ConfigError(f"align: {unknown(settings.align, labels)}")
    _check_names(labels, table["entries"].iloc[0].names)
    options = settings._options()
    maps, left_out = settings._maps(table, options)
    if not maps:
        raise DataError(
            f"{name}: no RDM has enough defined dissimilarities to be placed: {'; '.join(left_out)}."
        )
    table = table.loc[[one.rdm.at for one in maps]].reset_index(drop=True)
    most = max(map(len, table["entries"]))
    position = np.full((len(maps), most, settings.dims), np.nan)
    for points, one in zip(position, maps, strict=True):
        points[np.flatnonzero(one.rdm.defined)] = one.found.points
        if settings.scale:
            points[:] = scaled(points)
    described = {"coordinates": " ".join([*labels, *table["entries"].iloc[0].names])}
    variables = {
        "position": (("rdm", "entry", "dim"), position, described),
        "dim": (("dim",), np.arange(1, settings.dims + 1, dtype=np.int32)),
        **{label: (("rdm",), list(table[label])) for label in labels},
        **_entries(table["entries"], most),
        "placed": (("rdm",), np.array([one.rdm.defined.sum() for one in maps], np.int32)),
        "rooted": (("rdm",), np.array([one.squared for one in maps], np.int8)),
        **_goodness([one.found for one in maps], most),
    }
    if settings.align is not None:
        variables |= _aligned(table, position, labels, settings.align)
    attributes = {name: getattr(settings, name) for name in ("of", "method", "dims", "perplexity", "scale")}
    attributes |= {
        "n_init": options.get("n_init"),
        "seed": options.get("seed"),
        "align": settings.align or "",
    }
    attributes["left_out"] = left_out or None
    attributes["history"] = json.dumps(table.attrs.get("history", {}), sort_keys=True)
    return Result(variables, attributes)


def _aligned(table, position: np.ndarray, labels: list[str], align: str) -> dict:
    """Align maps, each onto the one before it."""
    previous = np.full(len(table), -1, np.int32)
    disparity = np.full(len(table), np.nan)
    for rows in chains(table, labels, align):
        for before, at in pairwise(rows):
            first, second = table["entries"][before], table["entries"][at]
            unshared = first.symmetric_difference(second)
            if len(unshared):
                raise DataError(
                    f"align: {align} {table[align][before]} and {table[align][at]} do not have the same "
                    f"entries: {_text(unshared[0])} is in one of them only. Choose RDMs of the same "
                    "entries with `where`."
                )
            points = position[at, : len(second)]
            points[:], disparity[at] = aligned(points, position[before, first.get_indexer(second)])
            previous[at] = before
    return {"previous": (("rdm",), previous), "disparity": (("rdm",), disparity)}


def _goodness(found: list[Embedding], most: int) -> dict:
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
            f"'{clash[0]}' is a label of the RDMs, but files of maps use this name already. Rename the "
            "factor."
        )


def _text(entry) -> str:
    return " ".join(map(str, entry)) if isinstance(entry, tuple) else str(entry)
