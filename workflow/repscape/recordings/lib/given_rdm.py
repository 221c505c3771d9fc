"""What a recording's plugin reads: RDMs out of files, and the labels that distinguish them."""

from typing import Literal, NamedTuple

import numpy as np

from repscape.core.errors import AssetError, ConfigError, DataError
from repscape.io import path_patterns
from repscape.plugin.contract import RdmRecording, parameter
from repscape.stimuli.lib.factors import name_mistake

# In which order a vector has the pairs above the diagonal
Pairs = Literal["rows", "columns"]
# The label of RDMs that have no other
DEFAULT_LABEL = "rdm_name"


class GivenRdm(NamedTuple):
    """An RDM out of a file.

    Attributes
    ----------
    where : str
        Which one, for messages: the file and the RDM's name in it.
    values : number array (image, image) or (pair,)
        The matrix, or its pairs: see `pairs`.
    labels : dict of str to str
        Distinguish it from the recording's other RDMs: ``subject``, ``session``.
    images : list of str, optional
        The names of its rows; without them, they are the stimulus's images in a declared order.
    pairs : {"rows", "columns"}
        Of a vector: the pairs i<j row by row, as `scipy.spatial.distance.squareform`, MATLAB's and R's `dist`
        have them, or column by column, as R's `upper.tri` and NumPy's `tril_indices` have them.
    """

    where: str
    values: np.ndarray
    labels: dict[str, str]
    images: list[str] | None = None
    pairs: Pairs = "rows"


class FromVectors(RdmRecording, shared=True):
    """RDMs that may lie in files as vectors of pairs."""

    pairs: Pairs = parameter(
        "The order of a vector's pairs i<j: row by row, as in `squareform` of SciPy and MATLAB and R's "
        "`dist`, or column by column, as in R's `upper.tri` and NumPy's `tril_indices`.",
        "rows",
    )


def labels_in(pattern: str) -> list[str]:
    """Name the labels in braces of a pattern.

    Raises
    ------
    ConfigError
        A name cannot be a label.
    """
    found = path_patterns.names(pattern)
    for name in found:
        if mistake := name_mistake(name):
            raise ConfigError(mistake.replace("a factor", "a label"))
    return found


def labels_of(pattern: str, name: str, where: str) -> dict[str, str] | None:
    """Return what the labels in braces stand for in an RDM's name; None where it does not match.

    Raises
    ------
    DataError
        The name can be read in several ways.
    """
    try:
        return path_patterns.values(pattern, name)
    except AssetError as error:
        raise DataError(
            f"{where}: {name!r} fits the pattern {pattern!r} in several ways. Write more of the pattern out."
        ) from error
