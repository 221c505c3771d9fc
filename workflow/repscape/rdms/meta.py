"""Meta-RDMs: RDMs whose entries are RDMs, of any order.

`meta_rdms` takes a table of RDMs (see `repscape.rdms.table`) and returns one, so it can be applied to its
own result: RDMs of images, how alike they are for different objects, how alike *that* is in different
layers, and so on.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np

from repscape.errors import ConfigError, DataError
from repscape.labels import natural
from repscape.logs import logger
from repscape.plugins import unknown
from repscape.rdms.comparison import Comparison, compare, defined_entries, left_out, orders_used, p_values
from repscape.rdms.distances import pairs
from repscape.rdms.entries import Space, check_same, some, space, written

if TYPE_CHECKING:
    import pandas as pd

# Labels that follow from others, and the draws of units, over which RDMs are averaged.
DEPENDENT = ("layer_order", "measure", "normalisation", "repeat", "n_drawn")
_OWN = re.compile(r"(entries|metric)(_sub)*")  # columns that every level has
_ARRAYS = ("dissimilarity", "p", "left_out")


def meta_rdms(
    table: "pd.DataFrame",
    entries: Sequence[str],
    groups: Sequence[str] | None = None,
    comparisons: Sequence[Comparison] = ("pearson",),
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
        As `repscape.rdms.table.read` or this function gives it, perhaps filtered.
    entries : sequence of str
        Labels (columns) whose values tell the RDMs of a group apart.
    groups : sequence of str, optional
        Labels that are the same for all RDMs that are compared. By default all labels but `entries`, and but
        ``layer_order``, ``measure``, ``normalisation``, ``repeat`` and ``n_drawn``.
    comparisons : sequence of str
        See `repscape.rdms.comparison.compare`.
    permutations : int
        How often the entries of one of two RDMs are permuted, for the column ``p``; see
        `repscape.rdms.comparison.p_values`.
    seed : int
        Of the permutations.

    Returns
    -------
    DataFrame
        A row a group and comparison. Labels keep their names if they have one value in every group. What
        each level has of its own gets ``_sub`` for the RDMs that went in, ``_sub_sub`` for those that went
        into these: ``metric_sub``, ``entries_sub``; ``metric`` is now the comparison. ``dissimilarity``,
        ``p`` (with `permutations`) and ``left_out`` are float64 (pair,); ``left_out`` is the share of the
        pairs of lower entries that are undefined in one of the two RDMs, and so were not compared.
        What says how activity was compared (``measure``, ``normalisation``) is of the RDMs of images.
        ``attrs["history"]`` says what went in, level by level.

        RDMs that differ in nothing but ``repeat`` are averaged first. Entries are in the order in which
        their labels come in the table; those of the RDMs that go in are matched by their labels.

    Raises
    ------
    ConfigError
        A label or comparison is unknown.
    DataError
        RDMs of the same group and entry, or of different entries; no group with two RDMs.
    """
    import pandas as pd

    from repscape.rdms.table import labels

    if table.empty:
        raise DataError("expected RDMs to compare, found an empty table.")
    names = labels(table)
    entries = [entries] if isinstance(entries, str) else list(entries)
    comparisons = [comparisons] if isinstance(comparisons, str) else list(comparisons)
    check_labels(names, entries, groups)
    _check_comparisons(comparisons, permutations)
    groups = default_groups(names, entries) if groups is None else list(groups)

    cells = {name: table[name].tolist() for name in names}
    told = {name: own for name, own in cells.items() if len(set(own)) > 1} or cells
    spaces = _spaces(table["entries"])
    values = [values[space.places] for values, space in zip(table["dissimilarity"], spaces, strict=True)]
    lower = [name for name in table.columns if name.startswith("entries")]
    members = _members(cells, groups, range(len(table)))
    kept = [
        name
        for name in names
        if name not in entries and all(len({cells[name][at] for at in rows}) == 1 for rows in members)
    ]

    found, alone, lacking, incomparable, repeats = [], [], {}, {}, 1
    for rows in members:
        same = _members(cells, entries, rows)
        for several in same:
            _check_only_draws(several, cells, told, [*groups, *entries])
        if len(same) == 1:
            alone.append(rows[0])
            continue
        repeats = max(repeats, *map(len, same))
        firsts = [several[0] for several in same]
        check_same([spaces[at] for at in firsts], lambda at, firsts=firsts: _which(firsts[at], told))
        stack = np.array([np.mean([values[at] for at in several], axis=0) for several in same])
        lacking |= {
            at: defined
            for at, defined in zip(firsts, defined_entries(stack), strict=True)
            if not defined.all()
        }
        labelled = [tuple(cells[name][at] for name in entries) for at in firsts]
        shown = _order(labelled, [{v: at for at, v in enumerate(dict.fromkeys(cells[n]))} for n in entries])
        stack, labelled = stack[shown], [labelled[at] for at in shown]
        row = {_below(name): cells[name][rows[0]] for name in kept}
        row |= {_below(name): table[name].iat[rows[0]] for name in lower}
        row["entries"] = _index(entries, labelled)
        for kind in comparisons:
            arrays = {"dissimilarity": compare(stack, kind), "left_out": left_out(stack)}
            for at in np.flatnonzero(_without_any(arrays["dissimilarity"], len(stack))):
                row_at = firsts[shown[at]]
                if row_at not in lacking or lacking[row_at].sum() > 1:
                    incomparable.setdefault(kind, []).append(row_at)
            if permutations:
                arrays["p"] = _tested(stack, labelled, kind, permutations, seed)
            found.append({**row, "metric": kind, **arrays})
    if not found:
        raise DataError(
            f"nothing to compare: no two RDMs that are alike in {', '.join(groups) or 'nothing'} differ in "
            f"{', '.join(entries)}. Take a label out of `groups`, or choose others for `entries`."
        )
    if alone:
        single = some([_which(at, {name: cells[name] for name in groups}) for at in alone])
        logger.warning("no meta-RDM where there is a single RDM: %s", single)
    _tell_undefined(lacking, told, spaces)
    for kind, rows in incomparable.items():
        rdms = some([_which(at, told) for at in rows])
        logger.warning("%s is undefined for RDMs whose values are all equal or fewer than 3: %s", kind, rdms)
    _tell_orders(spaces, permutations)

    result = pd.DataFrame(
        {name: pd.Series([row[name] for row in found], dtype=_dtype(found[0][name])) for name in found[0]}
    )
    last = ["entries", *(_below(name) for name in lower), *(name for name in _ARRAYS if name in result)]
    result = result[[*(name for name in result if name not in last), *last]]
    result.attrs["history"] = {
        "entries": entries,
        "groups": groups,
        "comparisons": comparisons,
        "permutations": int(permutations),
        "seed": int(seed),
        "repeats_averaged": repeats,
        "labels": {name: sorted({str(value) for value in cells[name]}, key=natural) for name in names},
        "of": table.attrs.get("history", {}),
    }
    return result


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
            raise ConfigError(f"{key}: a label is listed twice: {', '.join(chosen)}.")
    for name in set(entries) & set(groups or ()):
        raise ConfigError(
            f"groups: '{name}' is in `entries` as well. Labels in `groups` are the same for all RDMs that "
            "are compared, labels in `entries` tell them apart: take it out of one of the two."
        )


def _check_comparisons(comparisons: Sequence[str], permutations: int) -> None:
    for kind in comparisons:
        if kind not in get_args(Comparison):
            raise ConfigError(f"comparisons: {unknown(kind, get_args(Comparison))}")
    if not comparisons:
        raise ConfigError(f"comparisons: expected at least one of {', '.join(get_args(Comparison))}.")
    if permutations < 0:
        raise ConfigError(f"permutations: expected 0 or more, found {permutations}.")


def _members(cells: Mapping[str, Sequence], names: Sequence[str], rows: Iterable[int]) -> list[list[int]]:
    """Put rows with the same labels together."""
    members: dict[tuple, list[int]] = {}
    for at in rows:
        members.setdefault(tuple(cells[name][at] for name in names), []).append(at)
    return list(members.values())


def _check_only_draws(rows: list[int], cells: Mapping, told: Mapping, chosen: Sequence[str]) -> None:
    """Refuse RDMs of the same group and entry that are not draws of the same."""
    if len(rows) == 1:
        return
    differing = [name for name in cells if len({cells[name][at] for at in rows}) > 1]
    if not differing:
        raise DataError(
            f"the table has this RDM twice: {_which(rows[0], told)}. Read each file once, or drop one of "
            "the rows."
        )
    if differing != ["repeat"]:
        name = next((name for name in differing if name not in DEPENDENT), differing[0])
        found = sorted({str(cells[name][at]) for at in rows}, key=natural)
        raise DataError(
            f"{len(rows)} RDMs have the labels {_which(rows[0], {own: cells[own] for own in chosen})}; they "
            f"differ in '{name}' ({some(found)}). Name '{name}' in `groups` or in `entries`, or choose one "
            "of its values with `where`."
        )


def _tested(stack: np.ndarray, labelled: Sequence[tuple], kind, permutations: int, seed: int) -> np.ndarray:
    """Test each two RDMs, taken in the natural order of labels, so that p does not depend on the table's."""
    natural_order = _order([tuple(map(str, label)) for label in labelled])
    place = np.argsort(natural_order)
    square = np.zeros((len(stack),) * 2)
    square[pairs(len(stack))] = p_values(stack[natural_order], kind, permutations, seed)
    square += square.T
    return square[np.ix_(place, place)][pairs(len(stack))]


def _order(labels: Sequence[tuple], ranks: Sequence[Mapping] | None = None) -> list[int]:
    """Sort labels by the ranks of their parts, by default naturally: which comes first, second, …."""

    def rank(at: int) -> list:
        if ranks is None:
            return [natural(part) for part in labels[at]]
        return [rank[part] for rank, part in zip(ranks, labels[at], strict=True)]

    return sorted(range(len(labels)), key=rank)


def _spaces(indices: Iterable) -> list[Space]:
    """Describe the entries of each RDM; many share them."""
    indices = list(indices)  # kept, so that no identity is given twice
    known = {id(index): index for index in indices}
    known = {key: space(index) for key, index in known.items()}
    return [known[id(index)] for index in indices]


def _which(at: int, cells: Mapping[str, Sequence]) -> str:
    """Name an RDM by its labels."""
    return written(cells, [own[at] for own in cells.values()])


def _without_any(values: np.ndarray, count: int) -> np.ndarray:
    """Find the entries of a meta-RDM that have no value with any other: bool (entry,)."""
    defined = np.zeros((count, count), bool)
    defined[pairs(count)] = np.isfinite(values)
    return ~(defined | defined.T).any(1)


def _tell_undefined(lacking: Mapping[int, np.ndarray], cells: Mapping, spaces: Sequence[Space]) -> None:
    """Say which entries were left out of comparisons."""
    told = []
    for at, defined in lacking.items():
        names, labels, _ = spaces[at]
        gone = [written(names, labels[entry]) for entry in np.flatnonzero(~defined)]
        told.append(f"{_which(at, cells)} ({some(gone) if defined.sum() > 1 else 'all entries'})")
    if told:
        logger.warning(
            "undefined dissimilarities in %d RDMs: these entries are left out of their comparisons (see "
            "`left_out`): %s", len(told), some(told),
        )  # fmt: skip


def _tell_orders(spaces: Sequence[Space], permutations: int) -> None:
    """Say how small p can be where the entries have few orders."""
    for count in sorted({len(each.labels) for each in spaces}):
        if (others := orders_used(count, permutations)) < permutations:
            logger.info(
                "%d entries have %d orders: each is taken once, and p is at least %.2g",
                count, others + 1, 1 / (others + 1),
            )  # fmt: skip


def _below(name: str) -> str:
    """Return how a column of the RDMs that go in is called one level up."""
    return f"{name}_sub" if _OWN.fullmatch(name) else name


def _index(names: Sequence[str], labels: Sequence[tuple]):
    """Make the index of a meta-RDM's entries."""
    import pandas as pd

    levels = [[str(label[at]) for label in labels] for at in range(len(names))]
    names = [_below(name) for name in names]
    return (
        pd.Index(levels[0], name=names[0])
        if len(names) == 1
        else pd.MultiIndex.from_arrays(levels, names=names)
    )


def _dtype(cell):
    """Keep arrays and indices in cells from being taken for rows."""
    return None if isinstance(cell, str | int | float) else object
