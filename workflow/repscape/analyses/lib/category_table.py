"""What was found of categories in several RDMs, as variables of a file and as a table."""

from collections.abc import Iterator, Sequence

import numpy as np

from repscape.analyses.lib.category_rdm import MEANS, MEDIANS, CategoryRdm
from repscape.analyses.lib.result import Result
from repscape.core.errors import DataError
from repscape.core.natural_order import natural
from repscape.rdms.compare.significance import CORRECTIONS, corrected
from repscape.rdms.labels import FOLLOWING

ALL = "all categories"
WORDS = {
    "within": "mean dissimilarity within categories",
    "between": "mean dissimilarity between categories",
    "clustering": "between − within",
    "index": "(between − within) / (between + within)",
    "differentiation_within": "median dissimilarity within categories, mean over draws",
    "differentiation_between": "median dissimilarity between categories, mean over draws",
    "p": "by permuting the categories of images",
}
VALUES = tuple(f"{name}{end}" for name in (*MEANS, *MEDIANS) for end in ("", "_low", "_high"))
TESTS = ("p", *(f"p_{correction}" for correction in CORRECTIONS))


def variables(found: Sequence[CategoryRdm]) -> dict[str, tuple]:
    """Return what was found of RDMs as variables; NaN for categories that an RDM does not have.

    Raises
    ------
    DataError
        A category is called as all of them are.
    """
    from repscape.rdms.table.table import labels

    names = sorted({name for one in found for name in one.categories}, key=natural)
    if ALL in names:
        raise DataError(f"a category cannot be named '{ALL}', which stands for all categories. Rename it.")
    values = {name: np.full((len(found), 1 + len(names)), np.nan) for name in (*VALUES, "p")}
    images = np.zeros((len(found), 1 + len(names)), np.int32)
    squares = {name: np.full((len(found), len(names), len(names)), np.nan) for name in ("mean", "median")}
    for at, one in enumerate(found):
        own = np.array([names.index(name) for name in one.categories])
        columns = np.concatenate([[0], 1 + own])
        for name, array in values.items():
            array[at, columns] = one.values[name]
        images[at, columns] = [one.images.sum(), *one.images]
        for name, array in squares.items():
            array[at][np.ix_(own, own)] = getattr(one, name)
    rows = [one.rdm.row for one in found]
    cells = {label: [row[label] for row in rows] for label in labels(_frame(rows))}
    values |= {f"p_{name}": _corrected(values["p"], cells, name) for name in CORRECTIONS}
    coordinates = {"coordinates": " ".join(cells)}
    return {
        **{
            name: (
                ("rdm", "category"),
                array,
                coordinates | ({"long_name": WORDS[name]} if name in WORDS else {}),
            )
            for name, array in values.items()
        },
        "images": (("rdm", "category"), images),
        "mean_dissimilarity": (("rdm", "category_i", "category_j"), squares["mean"]),
        "median_dissimilarity": (("rdm", "category_i", "category_j"), squares["median"]),
        "permutations": (("rdm",), np.array([one.permutations for one in found], np.int32)),
        "exact": (("rdm",), np.array([one.exact for one in found], np.int8)),
        "category": (("category",), [ALL, *names]),
        "category_i": (("category_i",), names),
        "category_j": (("category_j",), names),
        **{label: (("rdm",), column) for label, column in cells.items()},
    }


def _frame(rows: list):
    import pandas as pd

    return pd.DataFrame(rows)


def _corrected(p: np.ndarray, cells: dict[str, list], correction: str) -> np.ndarray:
    """Correct p (rdm, category) for RDMs that differ in their layer alone, and for single categories."""
    labels = [name for name in cells if name not in ("layer", *FOLLOWING)]
    keys = list(zip(*(cells[name] for name in labels), strict=True)) or [()] * len(p)
    found = np.full_like(p, np.nan)
    for key in dict.fromkeys(keys):
        rows = [at for at, own in enumerate(keys) if own == key]
        for columns in (slice(0, 1), slice(1, None)):
            found[rows, columns] = corrected(p[rows, columns], correction)
    return found


def rows(result: Result) -> Iterator[tuple]:
    """Yield the header and the rows of the long table: a row an RDM and category that it has."""
    found = result.variables
    labels = [
        name
        for name, (dims, *_) in found.items()
        if dims == ("rdm",) and name not in ("permutations", "exact")
    ]
    yield (*labels, "category", "images", *VALUES, *TESTS)
    for rdm, category in np.argwhere(found["images"][1] > 0).tolist():
        yield (
            *(found[label][1][rdm] for label in labels),
            found["category"][1][category],
            *(found[name][1][rdm, category] for name in ("images", *VALUES, *TESTS)),
        )
