"""What the labels of RDMs mean for an inference: sets of entries, repeats of the reference, or models."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from repscape.core.errors import ConfigError, DataError, unknown
from repscape.rdms.labels import FOLLOWING, OF_PARTS, REPEATED, UNITS, Where, indices_where

if TYPE_CHECKING:
    import pandas as pd

# Labels that follow from others; but `measure`, which models may differ in by itself
DEPENDENT = tuple(label for label in FOLLOWING if label != "measure")
# Labels of what was measured and how; others of the reference are of sets of entries, or of its repeats
OF_MODELS = ("source", "population", "layer", "size", "metric", "measure", *DEPENDENT)
# Labels of which images RDMs are
OF_ENTRIES = ("set", "stimulus")
# Variables of the result over models, which no label of them may be called
TAKEN = (
    "similarity", "sem", "low", "high", "difference", "each", "resampled", "entries", "ceiling", "limit",
    "other", "other_source", "entry_set", "data_repeat", "resample", "rdms_averaged",
)  # fmt: skip
_LACKING = ("", 0)  # in RDMs that lack a label


class Roles(NamedTuple):
    """The labels that tell apart sets of entries, repeats of the reference, and models."""

    sets: list[str]
    repeats: list[str]
    models: list[str]


def keys(table: "pd.DataFrame", labels: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the values of some labels as text, row by row; empty text for labels that the table lacks."""
    columns = [list(map(str, table[label])) if label in table else [""] * len(table) for label in labels]
    return list(zip(*columns, strict=True)) if columns else [()] * len(table)


def written(labels: Sequence[str], values: Sequence[str]) -> str:
    """Write labels with their values; empty ones say nothing."""
    return ", ".join(f"{label} {value}" for label, value in zip(labels, values, strict=True) if value)


def choose(table: "pd.DataFrame", key: str, labels: Where, where: Where) -> "pd.DataFrame":
    """Choose RDMs by labels; those of `where` concern only RDMs that have them.

    Parameters
    ----------
    table : DataFrame
    key : str
        The parameter that has the labels, for messages.
    labels, where : mapping of label to a value or several

    Raises
    ------
    ConfigError
        A label or value is unknown, or no RDM is left.
    """
    from repscape.rdms.table import table as tables

    cells = table[tables.labels(table)]
    lacking = {
        label: (table[label] == "").to_numpy() for label in where if label in cells and label not in labels
    }
    chosen = table.iloc[indices_where(cells, where | labels, key=key, lacking=lacking)].reset_index(drop=True)
    chosen.attrs = table.attrs
    return chosen


def without_reference(
    reference: "pd.DataFrame", models: "pd.DataFrame", repeats: Sequence[str], chosen_by: Mapping
) -> "pd.DataFrame":
    """Return the models without the reference: what agrees with it in all that it was chosen by.

    Raises
    ------
    DataError
        Nothing is left.
    """
    no_model = (*DEPENDENT, *repeats, *REPEATED, *OF_ENTRIES, *OF_PARTS)
    labels = [
        label
        for label in reference.columns
        if (_of_models(label) or label in chosen_by) and label not in no_model and label in models
    ]
    same = set(keys(reference, labels))
    keep = [at for at, key in enumerate(keys(models, labels)) if key not in same]
    if not keep:
        raise DataError(
            "models: found none to compare with the reference, since the RDMs of the reference are not "
            "models."
        )
    return models.iloc[keep].reset_index(drop=True)


def roles_of(reference: "pd.DataFrame", models: "pd.DataFrame", repeats: Sequence[str]) -> Roles:
    """Say which labels are of sets of entries, of repeats, and of models.

    Parameters
    ----------
    reference, models : DataFrame
    repeats : sequence of str
        Labels that the config names as those of repeats.

    Raises
    ------
    ConfigError
        `repeats` has an unknown label; RDMs of the reference differ in a label that has no role.
    DataError
        A label of models is called as something else is in the file.
    """
    from repscape.rdms.table import table as tables

    labels = tables.labels(reference)
    for label in repeats:
        if label not in labels:
            raise ConfigError(f"repeats: {unknown(label, labels)}")
    known = (*repeats, *REPEATED, UNITS)
    others = [
        label
        for label in labels
        if not _of_models(label) and label not in known and (label in OF_ENTRIES or _values(reference, label))
    ]
    shared = {*OF_ENTRIES, *(label for label in others if _values(reference, label) & _values(models, label))}
    sets = [label for label in others if label in shared]
    of_reference = [label for label in others if label not in shared]
    no_model = (*sets, *repeats, *REPEATED, *OF_PARTS)
    roles = Roles(
        sets=sets,
        repeats=[label for label in (*REPEATED, *repeats, *of_reference) if label in labels],
        models=[
            label
            for label in tables.labels(models)
            if label not in no_model and (_of_models(label) or _values(models, label))
        ],
    )
    for label in roles.models:
        if label in TAKEN or label.startswith("p_"):
            raise DataError(
                f"models: '{label}' is a label of their RDMs, but files of inferences use this name "
                "already. Rename the label."
            )
    for label in labels:
        values = list(dict.fromkeys(map(str, reference[label])))
        if _of_models(label) and label not in (*repeats, *DEPENDENT) and len(values) > 1:
            some = ", ".join(values[:4]) + (", …" if len(values) > 4 else "")
            raise ConfigError(
                f"reference: its RDMs differ in {label} ({some}), which distinguishes neither sets of "
                f"entries nor repeats. Choose one value under `reference` or `where`, or add {label} to "
                "`repeats`."
            )
    return roles


def _values(table: "pd.DataFrame", label: str) -> set:
    """Return the values that a label has in those RDMs that have it."""
    return set(table[label]).difference(_LACKING) if label in table else set()


def _of_models(label: str) -> bool:
    """Whether a label, also one of a lower level, tells what was measured and how."""
    while label.endswith("_sub"):
        label = label.removesuffix("_sub")
    return label in OF_MODELS
