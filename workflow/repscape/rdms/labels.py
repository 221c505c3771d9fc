"""Labels of RDMs: which there are, which follow from others, and choosing by them."""

from collections.abc import Mapping, Sequence

import numpy as np

from repscape.core.errors import ConfigError, unknown

# Labels of a study's RDM file
OF_FILE = ("source", "stimulus", "population", "layer", "size")
# Labels of all RDMs of networks and responses, in the order of a table's columns
COLUMNS = (
    "source", "stimulus", "set", "population", "layer", "layer_order", "size", "metric", "measure",
    "normalisation", "repeat", "presentation", "n_drawn",
)  # fmt: skip
# Labels of the RDMs of a recording that gives RDMs, beside those that it names itself
OF_RECORDINGS = ("source", "stimulus", "layer", "layer_order", "metric", "measure")
# Labels of repeated RDMs: of other draws of units, of other presentations of the images
REPEATED = ("repeat", "presentation")
# Labels of the RDMs of parts of a recording: ways to split trials, which part of them, which sample of units
SPLIT, PART, UNITS = OF_PARTS = ("split", "part", "unit_sample")
WHOLE, HALVES = "all", ("a", "b")  # parts of trials
AS_RECORDED = "0"  # the units that are no sample
# Labels that follow from others: of RDMs that differ in these, they need not be named
FOLLOWING = ("layer_order", "measure", "normalisation", "n_drawn", "draws", "presentations", "averaged")

# Labels, and the values that they may have
Where = dict[str, str | int | list[str | int]]


def as_list(values) -> list:
    """Return a list of one value or several."""
    return list(values) if isinstance(values, list | tuple | set) else [values]


def wanted_values(where: Mapping | None) -> dict[str, set[str]]:
    """Return the values that each label may have, as text."""
    return {label: set(map(str, as_list(values))) for label, values in (where or {}).items()}


def check_where(
    wanted: Mapping[str, set[str]], known: Mapping[str, set[str]], *, what: str = "RDM", key: str = "where"
) -> None:
    """Refuse labels and values that there are not.

    Parameters
    ----------
    wanted : mapping of label to values, as `wanted_values` gives it
    known : mapping of label to the values that some RDM has, as text
    what : str
        What has the labels, for messages.
    key : str
        The key of the config that says it, for messages.

    Raises
    ------
    ConfigError
    """
    for label, values in wanted.items():
        if label not in known:
            raise ConfigError(f"{key}: {unknown(label, known)}")
        for value in sorted(values - set(known[label])):
            raise ConfigError(f"{key}: {label}: {unknown(value, known[label])}")


def none_left(wanted: Mapping[str, set[str]], *, what: str = "RDM", key: str = "where") -> ConfigError:
    """Return the error that nothing has all labels that are wanted."""
    labels = "; ".join(f"{label}: {', '.join(sorted(values))}" for label, values in wanted.items())
    return ConfigError(f"{key}: no {what} has all these labels ({labels}). Choose fewer of them.")


def indices_where(
    labels: Mapping[str, Sequence] | Mapping,
    where: Mapping | None,
    *,
    what: str = "RDM",
    key: str = "where",
    lacking: Mapping[str, np.ndarray] | None = None,
) -> list[int]:
    """Return the indices at which labels have certain values.

    Parameters
    ----------
    labels : mapping of label to its values, in the same order; also a table
    where : mapping of label to a value or several, or None for all indices
    what, key : str
        For messages; see `check_where`.
    lacking : mapping of label to a bool array, optional
        Where a label is lacking: it then leaves nothing out.

    Raises
    ------
    ConfigError
        A label or value is unknown, or nothing has all of them.
    """
    wanted = wanted_values(where)
    keep = np.ones(len(next(iter(labels[name] for name in labels))), bool)
    for label, values in wanted.items():
        if label not in labels:
            raise ConfigError(f"{key}: {unknown(label, labels)}")
        found = np.array([str(value) for value in labels[label]], object)
        without = np.zeros(len(found), bool) if lacking is None or label not in lacking else lacking[label]
        check_where({label: values}, {label: set(found[~without])}, what=what, key=key)
        keep &= np.isin(found, list(values)) | without
    if not keep.any():
        raise none_left(wanted, what=what, key=key)
    return np.flatnonzero(keep).tolist()
