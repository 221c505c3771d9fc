"""RDMs out of a struct array in a MATLAB ``.mat`` file, as the RSA toolbox saves them."""

from collections.abc import Iterator

from repscape.core.errors import DataError, some
from repscape.core.logs import logger
from repscape.io import mat_structs
from repscape.plugin.parameter_types import File
from repscape.recordings.lib.rdm_import import DEFAULT_LABEL, GivenRdm, Pairs, labels_in, labels_of


def read(
    *,
    path: File,
    variable: str,
    names: str = f"{{{DEFAULT_LABEL}}}",
    rdm: str = "RDM",
    named_by: str = "name",
    pairs: Pairs = "rows",
) -> Iterator[GivenRdm]:
    """Take the RDMs of a struct array whose names match a pattern.

    Parameters
    ----------
    path : a .mat file
    variable : str
        The struct array.
    names : str
        A pattern of RDMs' names, such as ``hIT | {subject} | Session: {session}``: names in braces become
        labels. Others are left out, and named in the log.
    rdm : str
        The field with the dissimilarities: square, or a vector of pairs.
    named_by : str
        The field with the RDM's name.
    pairs : {"rows", "columns"}
        The order of a vector's pairs; see `repscape.recordings.lib.rdm_import.GivenRdm`. MATLAB's
        squareform has rows.

    Raises
    ------
    DataError
        See `repscape.io.mat_structs.structs`; no name matches, or one can be read in several ways.
    """
    others, any_matched = [], False
    for number, element in enumerate(mat_structs.structs(path, variable, (rdm, named_by)), 1):
        where = f"{path}: {variable}({number})"
        name = mat_structs.text(element[named_by], f"{where}.{named_by}")
        labels = labels_of(names, name, where)
        if labels is None:
            others.append(f"'{name}'")
            continue
        any_matched = True
        yield GivenRdm(f"{where}, '{name}'", element[rdm], labels, pairs=pairs)
    if not any_matched:
        raise DataError(
            f"{path}: no RDM in '{variable}' has a name like '{names}'. Names there: "
            f"{', '.join(others) or 'none'}."
        )
    if others:
        logger.info("%s: RDMs left out, whose names are not like '%s': %s", path, names, some(others))


def check(*, names) -> None:
    """Refuse names in braces that cannot be labels; the config asks before a job does."""
    labels_in(names)


def labels(*, names) -> list[str]:
    """Name the labels that tell the RDMs apart."""
    return labels_in(names)
