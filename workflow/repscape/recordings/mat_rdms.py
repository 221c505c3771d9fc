"""RDMs from a struct array in a MATLAB ``.mat`` file, as the RSA toolbox saves them."""

from collections.abc import Iterator

from repscape.core.errors import DataError, some
from repscape.core.logs import logger
from repscape.io import mat_structs
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import File
from repscape.recordings.lib.given_rdm import DEFAULT_LABEL, FromVectors, GivenRdm, labels_in, labels_of


class MatRdms(FromVectors):
    """RDMs from a struct array in a MATLAB ``.mat`` file, as the RSA toolbox saves them."""

    path: File = parameter("The .mat file.")
    variable: str = parameter("The variable with the struct array.")
    names: str = parameter(
        "A pattern of RDMs' names, such as ``hIT | {subject} | Session: {session}``: names in braces are "
        "labels. RDMs whose names do not fit are left out and named in the log.",
        f"{{{DEFAULT_LABEL}}}",
    )
    rdm: str = parameter("The field with the dissimilarities: square, or a vector of pairs.", "RDM")
    named_by: str = parameter("The field with the RDM's name.", "name")

    def read(self) -> Iterator[GivenRdm]:
        """Take the RDMs of a struct array whose names match a pattern.

        Raises
        ------
        DataError
            See `repscape.io.mat_structs.structs`; no name matches, or one can be read in several ways.
        """
        others, any_matched = [], False
        for number, element in enumerate(
            mat_structs.structs(self.path, self.variable, (self.rdm, self.named_by)), 1
        ):
            where = f"{self.path}: {self.variable}({number})"
            name = mat_structs.text(element[self.named_by], f"{where}.{self.named_by}")
            labels = labels_of(self.names, name, where)
            if labels is None:
                others.append(f"'{name}'")
                continue
            any_matched = True
            yield GivenRdm(f"{where}, '{name}'", element[self.rdm], labels, pairs=self.pairs)
        if not any_matched:
            raise DataError(
                f"{self.path}: expected names like '{self.names}' in '{self.variable}', found: "
                f"{', '.join(others) or 'none'}."
            )
        if others:
            logger.info(
                "%s: omitted RDMs whose names are not like '%s': %s", self.path, self.names, some(others)
            )

    def check(self) -> None:
        """Refuse names in braces that cannot be labels."""
        labels_in(self.names)

    def labels(self) -> list[str]:
        """Name the labels that distinguish the RDMs."""
        return labels_in(self.names)
