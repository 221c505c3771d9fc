"""The RDMs of an inference as arrays: those of the reference, of samples of its units, and of models."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from repscape.analyses.lib.inference_labels import DEPENDENT, Roles, keys, written
from repscape.core.errors import DataError
from repscape.core.logs import logger
from repscape.core.natural_order import natural
from repscape.rdms.compare.bootstrap import Units
from repscape.rdms.compare.comparison import COMPARISONS
from repscape.rdms.condensed import defined_entries
from repscape.rdms.labels import UNITS
from repscape.rdms.table.entries import Space, check_same, spaces_of
from repscape.rdms.table.entries import written as written_entry

if TYPE_CHECKING:
    import pandas as pd

FEWEST_SAMPLES = 20  # of units: fewer tell no variance
_ROUNDING = 1e-12  # of the largest value: what differs by less is equal


class Reference(NamedTuple):
    """The RDMs of a reference, by set of entries.

    Attributes
    ----------
    vectors : list of float64 arrays (repeat, pair), one a set
        Of the pairs that are used.
    spaces : list of Space
        The entries.
    used : list of bool arrays (pair,)
        Which pairs are.
    sets, repeats : lists of tuples of str
        Their labels.
    left_out : list of str
    """

    vectors: list[np.ndarray]
    spaces: list[Space]
    used: list[np.ndarray]
    sets: list[tuple[str, ...]]
    repeats: list[tuple[str, ...]]
    left_out: list[str]


class Models(NamedTuple):
    """The RDMs of models.

    Attributes
    ----------
    vectors : list of float64 arrays (model, pair), one a set
    labels : dict of label to list, a value a model
    left_out : list of str
    by, over : lists of str
        The labels in which models differ, and in which the RDMs do that were averaged.
    averaged : int32 array (model, set)
        Of how many RDMs each is the mean.
    """

    vectors: list[np.ndarray]
    labels: dict[str, list]
    left_out: list[str]
    by: list[str]
    over: list[str]
    averaged: np.ndarray


def arrange_reference(table: "pd.DataFrame", roles: Roles) -> Reference:
    """Arrange the RDMs of a reference by set and repeat.

    Raises
    ------
    DataError
        Two RDMs have the same labels; a set lacks a repeat; RDMs of a set have different entries, or no
        values that differ.
    """
    rows: dict[tuple, dict[tuple, int]] = {}
    for at, (key, repeat) in enumerate(zip(keys(table, roles.sets), keys(table, roles.repeats), strict=True)):
        if repeat in rows.setdefault(key, {}):
            raise DataError(
                f"reference: two RDMs have the same labels ({written(roles.sets, key)}; "
                f"{written(roles.repeats, repeat)}). Give them different ones, or leave one out."
            )
        rows[key][repeat] = at
    repeats = list(dict.fromkeys(repeat for by_repeat in rows.values() for repeat in by_repeat))
    spaces = spaces_of(table["entries"])
    found = Reference([], [], [], list(rows), repeats, [])
    for key, by_repeat in rows.items():
        of_set = written(roles.sets, key)
        names = [written(roles.repeats, repeat) for repeat in repeats]
        for repeat, name in zip(repeats, names, strict=True):
            if repeat not in by_repeat:
                raise DataError(
                    f"reference: {of_set} has no RDM with {name}, but other sets have. Choose labels that "
                    "all sets have."
                )
        described = [spaces[by_repeat[repeat]] for repeat in repeats]
        check_same(described, [f"{of_set}, {name}" for name in names].__getitem__)
        values = np.array([_ordered(table, by_repeat[repeat], spaces) for repeat in repeats])
        defined = defined_entries(values.mean(0)[None])[0]
        if not defined.all():
            entries = described[0]
            lacking = [written_entry(entries.names, entries.labels[at]) for at in np.flatnonzero(~defined)]
            _leave_out(found.left_out, f"reference, {of_set}: undefined for {'; '.join(lacking)}")
        first, second = np.triu_indices(len(defined), 1)
        used = defined[first] & defined[second]
        if used.sum() < 3 or any(_constant(row) for row in values[:, used]):
            raise DataError(f"reference: all dissimilarities of an RDM of {of_set} are equal. Leave it out.")
        found.vectors.append(values[:, used])
        found.spaces.append(described[0])
        found.used.append(used)
    return found


def arrange_units(table: "pd.DataFrame", roles: Roles, reference: Reference) -> Units:
    """Arrange the RDMs of samples of units as those of the reference are.

    Raises
    ------
    DataError
        Fewer than `FEWEST_SAMPLES` samples have all dissimilarities.
    """
    samples = sorted(set(table[UNITS]), key=natural)
    shape = len(samples), len(reference.repeats)
    found = [np.full((*shape, int(used.sum())), np.nan) for used in reference.used]
    of_set, of_repeat, of_sample = (
        {key: at for at, key in enumerate(known)} for known in (reference.sets, reference.repeats, samples)
    )
    spaces = spaces_of(table["entries"])
    by_row = zip(keys(table, roles.sets), keys(table, roles.repeats), table[UNITS], strict=True)
    for row, (key, repeat, sample) in enumerate(by_row):
        if key in of_set and repeat in of_repeat:
            at = of_set[key]
            names = ("the reference", "a sample of its units")
            check_same([reference.spaces[at], spaces[row]], names.__getitem__)
            values = _ordered(table, row, spaces)[reference.used[at]]
            found[at][of_sample[sample], of_repeat[repeat]] = values
    usable = np.logical_and.reduce(
        [np.isfinite(one).all((1, 2)) & (np.ptp(one, axis=2) > 0).all(1) for one in found]
    )
    if not usable.all():
        logger.warning(
            "reference: %d of %d samples of units lack dissimilarities and are omitted",
            (~usable).sum(), len(usable),
        )  # fmt: skip
    if usable.sum() < FEWEST_SAMPLES:
        raise DataError(
            f"reference: expected at least {FEWEST_SAMPLES} samples of units with all dissimilarities, found "
            f"{usable.sum()}. Make more (`units` of split_rdms)."
        )
    return Units(int(min(table["n_drawn"])), [one[usable] for one in found])


def arrange_models(table: "pd.DataFrame", roles: Roles, reference: Reference, comparison: str) -> Models:
    """Arrange the RDMs of models by set; those of the same model are averaged.

    Raises
    ------
    DataError
        RDMs have other entries than the reference; no model is left.
    """
    labels = [label for label in roles.models if label not in DEPENDENT]
    index = {key: at for at, key in enumerate(reference.sets)}
    groups: dict[tuple, list[list[int]]] = {}
    for at, (key, of_set) in enumerate(zip(keys(table, labels), keys(table, roles.sets), strict=True)):
        if of_set in index:
            groups.setdefault(key, [[] for _ in index])[index[of_set]].append(at)
    spaces = spaces_of(table["entries"])
    vectors: list[list[np.ndarray]] = []
    kept: list[list[list[int]]] = []
    left_out: list[str] = []
    for key, rows in groups.items():
        name = written(labels, key)
        missing = [at for at, of_set in enumerate(rows) if not of_set]
        means = [] if missing else _means(table, rows, reference, spaces, name)
        if missing:
            _leave_out(left_out, f"{name}: no RDM of {written(roles.sets, reference.sets[missing[0]])}")
        elif not all(np.isfinite(mean).all() for mean in means):
            _leave_out(left_out, f"{name}: undefined dissimilarities")
        elif COMPARISONS[comparison].centred and any(map(_constant, means)):
            _leave_out(left_out, f"{name}: all dissimilarities are equal")
        else:
            kept.append(rows)
            vectors.append(means)
    if not kept:
        raise DataError(
            "models: found none to compare with the reference: "
            + ("; ".join(left_out[:3]) or f"none has RDMs of {written(roles.sets, reference.sets[0])}")
            + "."
        )
    by = [label for at, label in enumerate(labels) if len({key[at] for key in groups}) > 1]
    averaged = np.array([[len(of_set) for of_set in rows] for rows in kept], np.int32)
    stacked = [np.array(of_set) for of_set in zip(*vectors, strict=True)]
    described = _labels_of(table, roles, [rows[0][0] for rows in kept])
    return Models(stacked, described, left_out, by, _averaged_over(table, roles, kept), averaged)


def _means(
    table: "pd.DataFrame", rows: list[list[int]], reference: Reference, spaces: list[Space], name: str
) -> list[np.ndarray]:
    """Return the mean RDM of a model for each set, float64 (pair,)."""
    means = []
    for at, of_set in enumerate(rows):
        names = ["the reference", *[name] * len(of_set)]
        check_same([reference.spaces[at], *(spaces[row] for row in of_set)], names.__getitem__)
        mean = np.mean([_ordered(table, row, spaces) for row in of_set], axis=0)
        means.append(mean[reference.used[at]])
    return means


def _labels_of(table: "pd.DataFrame", roles: Roles, rows: list[int]) -> dict[str, list]:
    return {
        label: [getattr(value, "item", lambda v=value: v)() for value in table[label].iloc[rows]]
        for label in roles.models
    }


def _averaged_over(table: "pd.DataFrame", roles: Roles, models: list[list[list[int]]]) -> list[str]:
    """Name the labels in which RDMs differ that are averaged."""
    from repscape.rdms.table import table as tables

    beside = [label for label in tables.labels(table) if label not in (*roles.models, *roles.sets)]
    together = [of_set for rows in models for of_set in rows if len(of_set) > 1]
    return [label for label in beside if any(table[label].iloc[rows].nunique() > 1 for rows in together)]


def log_roles(roles: Roles, reference: Reference, models: Models) -> None:
    """Log what the labels were taken for."""
    for known, labels, what in (
        (reference.sets, roles.sets, "sets of entries, each compared separately"),
        (reference.repeats, roles.repeats, "repeated measurements, whose similarities are averaged"),
    ):
        if len(known) > 1:
            differing = [label for at, label in enumerate(labels) if len({key[at] for key in known}) > 1]
            logger.info("reference: %d %s: they differ in %s", len(known), what, ", ".join(differing))
    if models.by:
        logger.info("models: %d, which differ in %s", len(models.averaged), ", ".join(models.by))
    if models.over:
        counts = sorted(set(models.averaged.ravel().tolist()))
        most = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else counts[0]
        logger.info("models: averaged over %s: %s RDMs each", ", ".join(models.over), most)


def _ordered(table: "pd.DataFrame", row: int, spaces: Sequence[Space]) -> np.ndarray:
    """Return an RDM's values, its entries in natural order."""
    return table["dissimilarity"].iloc[row][spaces[row].pairs]


def _leave_out(notes: list[str], what: str) -> None:
    notes.append(what)
    logger.warning("omitted: %s", what)


def _constant(values: np.ndarray) -> bool:
    return bool(np.ptp(values) <= _ROUNDING * np.abs(values).max())
