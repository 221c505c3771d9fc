"""Meta-RDMs: RDMs whose entries are RDMs, of any order.

`meta_rdms` takes a table of RDMs (see `repscape.rdms.table.table`) and returns one, so it can be applied
to its own result: RDMs of images, how alike they are for different objects, how alike *that* is in
different layers, and so on.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.logs import logger
from repscape.core.natural_order import natural
from repscape.metrics.lib.distances import pairs
from repscape.rdms.compare.comparison import COMPARISONS, Comparison, compare, left_out
from repscape.rdms.compare.permutation import p_values
from repscape.rdms.labels import FOLLOWING, REPEATED
from repscape.rdms.table.cells import frame, text_index
from repscape.rdms.table.rdm_stack import Labelled, Notes

if TYPE_CHECKING:
    import pandas as pd

# RDMs are averaged over draws of units and presentations
DEPENDENT = (*FOLLOWING, *REPEATED)
_OWN = re.compile(r"(entries|metric|measure)(_sub)*")  # columns that every level has
_ARRAYS = ("dissimilarity", "p", "left_out")


def meta_rdms(
    table: "pd.DataFrame",
    entries: Sequence[str],
    groups: Sequence[str] | None = None,
    comparisons: Comparison | Sequence[Comparison] = ("pearson",),
    permutations: int = 0,
    seed: int = 0,
) -> "pd.DataFrame":
    """Compare the RDMs of a table with each other.

    The RDMs that have the same labels `groups` make one meta-RDM for each comparison; its entries are the
    values of the labels `entries`. To see how alike the colour spaces of objects are, separately in each
    layer, `obj` is the entry and `layer` a group; with both as entries, each object's space in each layer
    is compared with every other.

    Parameters
    ----------
    table : DataFrame
        As `repscape.rdms.table.table.read` or this function gives it, perhaps filtered.
    entries : sequence of str
        Labels (columns) whose values distinguish the RDMs of a group.
    groups : sequence of str, optional
        Labels that are the same for all RDMs that are compared. By default all labels but `entries`, and but
        ``repeat``, ``presentation`` and those that follow from others (`repscape.rdms.labels.FOLLOWING`).
    comparisons : sequence of str
        See `repscape.rdms.compare.comparison.compare`.
    permutations : int
        How often the entries of one of two RDMs are permuted, for the column ``p``; see
        `repscape.rdms.compare.comparison.p_values`.
    seed : int
        Of the permutations.

    Returns
    -------
    DataFrame
        A row a group and comparison. Labels keep their names if they have one value in every group. What
        a level adds gets ``_sub`` for the RDMs that went in, ``_sub_sub`` for those that went
        into these: ``metric_sub``, ``measure_sub``, ``entries_sub``; ``metric`` is now the comparison.
        ``dissimilarity``, ``p`` (with `permutations`) and ``left_out`` are float64 (pair,); ``left_out`` is
        the share of the pairs of lower entries that are undefined in one of the two RDMs, and so were not
        compared. ``normalisation`` is of the RDMs of images. ``attrs["history"]`` says what went in, level
        by level.

        RDMs that differ in nothing but ``repeat`` and ``presentation`` are averaged first. Entries are in the
        order in which their labels come in the table; those of the RDMs that go in are matched by their
        labels.

    Raises
    ------
    ConfigError
        A label or comparison is unknown.
    DataError
        RDMs of the same group and entry, or of different entries; no group with two RDMs.
    """
    from repscape.rdms.table.table import FACTORS, labels

    if table.empty:
        raise DataError("expected RDMs to compare, found an empty table.")
    names = labels(table)
    entries = [entries] if isinstance(entries, str) else list(entries)
    comparisons = [comparisons] if isinstance(comparisons, str) else list(comparisons)
    check_labels(names, entries, groups)
    _check_comparisons(comparisons, permutations)
    groups = default_groups(names, entries) if groups is None else list(groups)

    rdms = Labelled(table, names)
    notes = Notes(rdms)
    lower = [name for name in table.columns if name.startswith("entries") and name != FACTORS]
    members = rdms.alike(groups)
    common = [
        name for name in names if name not in entries and all(rdms.same(name, rows) for rows in members)
    ]
    rank = _ranking(rdms, entries)
    found, repeats = [], 1
    for rows in members:
        draws = sorted(rdms.alike(entries, rows), key=rank)
        for several in draws:
            rdms.check_only_draws(several, [*groups, *entries], DEPENDENT)
        if len(draws) == 1:
            notes.alone.append(rows[0])
            continue
        repeats = max(repeats, *map(len, draws))
        labelled = [rdms.label(several[0], entries) for several in draws]
        row = {_below(name): rdms.cells[name][rows[0]] for name in common}
        row |= {_below(name): table[name].iat[rows[0]] for name in lower}
        row["entries"] = text_index(dict(zip(map(_below, entries), zip(*labelled, strict=True), strict=True)))
        for kind, arrays in _compared(rdms, notes, draws, labelled, comparisons, permutations, seed):
            found.append({**row, "metric": kind, **arrays})
    _check_found(found, groups, entries)
    notes.log(groups, permutations)
    if repeats > 1:
        logger.info("RDMs are averaged over draws of units or presentations: at most %d", repeats)
    result = _table(found, lower)
    result.attrs["history"] = {
        "entries": entries,
        "groups": groups,
        "comparisons": comparisons,
        "permutations": int(permutations),
        "seed": int(seed),
        "repeats_averaged": repeats,
        "labels": {name: sorted(set(map(str, rdms.cells[name])), key=natural) for name in names},
        "of": table.attrs.get("history", {}),
    }
    return result


def _ranking(rdms: Labelled, entries: Sequence[str]) -> Callable[[list[int]], list]:
    """Return a key that sorts rows as the table does, but layers by depth: networks share names of some."""
    order = {
        name: {value: rank for rank, value in enumerate(dict.fromkeys(rdms.cells[name]))} for name in entries
    }
    depth = rdms.cells.get("layer_order")

    def rank(rows: list[int]) -> list:
        at = rows[0]
        return [
            depth[at] if name == "layer" and depth is not None else order[name][rdms.cells[name][at]]
            for name in entries
        ]

    return rank


def _compared(
    rdms: Labelled,
    notes: Notes,
    draws: list[list[int]],
    labelled: list[tuple],
    comparisons,
    permutations,
    seed,
) -> Iterator[tuple[Comparison, dict[str, np.ndarray]]]:
    """Yield each comparison of RDMs, which are means over draws, with its arrays over pairs."""
    firsts = [several[0] for several in draws]
    rdms.check_same_entries(firsts)
    stack = np.array([np.mean([rdms.values[at] for at in several], axis=0) for several in draws])
    notes.undefined(firsts, stack)
    for kind in comparisons:
        arrays = {"dissimilarity": compare(stack, kind), "left_out": left_out(stack)}
        notes.without_comparison(kind, firsts, arrays["dissimilarity"])
        if permutations:
            arrays["p"] = _tested(stack, labelled, kind, permutations, seed)
        yield kind, arrays


def _table(rows: list[dict], lower: Sequence[str]) -> "pd.DataFrame":
    """Make a table of rows, entries and arrays last."""
    result = frame({name: [row[name] for row in rows] for name in rows[0]})
    last = ["entries", *(_below(name) for name in lower), *(name for name in _ARRAYS if name in result)]
    return result[[*(name for name in result if name not in last), *last]]


def labels_after(names: Iterable[str], entries: Sequence[str]) -> list[str]:
    """Name the labels that meta-RDMs may have, from those of the RDMs that go in."""
    return [*(_below(name) for name in names if name not in entries), "metric"]


def default_groups(names: Iterable[str], entries: Sequence[str]) -> list[str]:
    """Name the labels that are groups where none are given."""
    return [name for name in names if name not in entries and name not in DEPENDENT]


def check_labels(names: Sequence[str], entries: Sequence[str], groups: Sequence[str] | None) -> None:
    """Raise a `ConfigError` where entries and groups are not labels of the RDMs, or not different ones."""
    if not entries:
        raise ConfigError(f"entries: expected at least one label of the RDMs. Valid: {', '.join(names)}.")
    for key, chosen in (("entries", entries), ("groups", groups or ())):
        for name in chosen:
            if name not in names:
                raise ConfigError(f"{key}: {unknown(name, names)}")
        if len(set(chosen)) < len(chosen):
            raise ConfigError(f"{key}: a label is listed twice: {', '.join(chosen)}. Remove one.")
    for name in set(entries) & set(groups or ()):
        raise ConfigError(
            f"groups: '{name}' is in `entries` as well. RDMs that are compared agree in the labels in "
            "`groups` and differ in those in `entries`. Remove it from one of them."
        )


def _check_found(found: list, groups: Sequence[str], entries: Sequence[str]) -> None:
    if not found:
        raise DataError(
            f"nothing to compare: no two RDMs that agree in {', '.join(groups) or 'nothing'} differ in "
            f"{', '.join(entries)}. Remove a label from `groups`, or choose others for `entries`."
        )


def _check_comparisons(comparisons: Sequence[Comparison], permutations: int) -> None:
    for kind in comparisons:
        if kind not in COMPARISONS:
            raise ConfigError(f"comparisons: {unknown(kind, COMPARISONS)}")
    if len(set(comparisons)) < len(comparisons):
        raise ConfigError(f"comparisons: one is listed twice: {', '.join(comparisons)}. Remove one.")
    if not comparisons:
        raise ConfigError(f"comparisons: expected at least one of {', '.join(COMPARISONS)}.")
    if permutations < 0:
        raise ConfigError(f"permutations: expected 0 or more, found {permutations}.")


def _tested(stack: np.ndarray, labelled: Sequence[tuple], kind, permutations: int, seed: int) -> np.ndarray:
    """Test each two RDMs, taken in the natural order of labels, so that p does not depend on the table's."""
    order = sorted(range(len(stack)), key=lambda at: [natural(str(value)) for value in labelled[at]])
    place = np.argsort(order)
    square = np.zeros((len(stack),) * 2)
    square[pairs(len(stack))] = p_values(stack[order], kind, permutations, seed)
    square += square.T
    return square[np.ix_(place, place)][pairs(len(stack))]


def _below(name: str) -> str:
    """Return how a column of the RDMs that go in is called one level up."""
    return f"{name}_sub" if _OWN.fullmatch(name) else name
