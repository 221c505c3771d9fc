"""RDMs compared with each other: meta-RDMs, of any order."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from repscape.analyses.lib import select_rdms
from repscape.analyses.lib.of_rdms import OfRdms
from repscape.analyses.lib.result import Result
from repscape.plugin.contract import Seeded, parameter
from repscape.plugin.parameter_types import Names
from repscape.rdms.compare.comparison import Comparison
from repscape.rdms.compare.meta import check_labels, labels_after, meta_rdms
from repscape.study.study import Study

Comparisons = Annotated[
    tuple[Comparison, ...],
    BeforeValidator(
        lambda value: [value] if isinstance(value, str) else value,
        json_schema_input_type=Comparison | Annotated[list[Comparison], Field(min_length=1)],
    ),
    Field(min_length=1),
]


class MetaRdm(Seeded, OfRdms):
    """RDMs compared with each other: meta-RDMs, of any order."""

    entries: Names = parameter("Labels whose values become the entries of meta-RDMs.")
    groups: list[str] | None = parameter(
        "Labels that are the same for all RDMs that are compared. By default all except `entries`, labels "
        "of draws and presentations, and labels that follow from others.",
        None,
    )
    comparisons: Comparisons = parameter(
        "How RDMs are compared; one meta-RDM is made for each comparison.", ("pearson",)
    )
    permutations: int = parameter(
        "The number of permutations of the entries of one of two RDMs, for p; 0: no p.", 0, ge=0, le=1_000_000
    )

    def inputs(self, study: Study) -> dict[str, Any]:
        """Name the files of RDMs, and check the labels.

        Raises
        ------
        ConfigError
            There are no RDMs of that name, or they are made from themselves; a label is unknown.
        """
        check_labels(select_rdms.labels(study, self.of), self.entries, self.groups)
        return super().inputs(study)

    def rdm_labels(self, labels: list[str]) -> list[str]:
        """Name the labels of the RDMs that it makes, from those of the RDMs that go in."""
        return labels_after(labels, self.entries)

    def label_values(self, label: str, of_input: Callable[[str], list[str] | None]) -> list[str] | None:
        """Return the values that a label may have: comparisons, or those of the RDMs that go in."""
        return list(self.comparisons) if label == "metric" else of_input(label.removesuffix("_sub"))

    def entry_labels(self, entries: list[str] | None) -> list[str]:
        """Name the labels of the entries."""
        return list(self.entries)

    def compute(self, files: Mapping) -> Result:
        """Compare RDMs; see `repscape.rdms.compare.meta.meta_rdms`.

        Returns
        -------
        Result
            A table of RDMs as `repscape.rdms.table.table.encoded` makes it: ``dissimilarity``, ``left_out``
            and ``p`` float64 (rdm, pair); all labels (rdm); the entries' labels (entry). In groups, where
            meta-RDMs have different entries.
        """
        from repscape.rdms.table import table

        meta = meta_rdms(
            self.read(files), self.entries, self.groups, self.comparisons, self.permutations, self.seed
        )
        variables, attributes, parts = table.encoded(meta)
        attributes |= {name: getattr(self, name) for name in ("of", "permutations", "seed")}
        return Result(variables, attributes, parts)

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row a pair of entries of a meta-RDM."""
        variables = result.variables
        groups = result.groups
        header = None
        for part in [variables for variables, _ in groups.values()] if groups else [variables]:
            labels = {
                name: values
                for name, (dims, values, *_) in part.items()
                if dims == ("rdm",) and not name.startswith("entries")
            }
            levels = {name: values for name, (dims, values, *_) in part.items() if dims == ("entry",)}
            arrays = {name: values for name, (dims, values, *_) in part.items() if dims == ("rdm", "pair")}
            if header is None:
                header = (*labels, *(f"{name}_{end}" for end in "ij" for name in levels), *arrays)
                yield header
            first, second = part["entry_i"][1], part["entry_j"][1]
            for rdm, pair in np.ndindex(arrays["dissimilarity"].shape):
                yield (
                    *(values[rdm] for values in labels.values()),
                    *(values[end[pair]] for end in (first, second) for values in levels.values()),
                    *(values[rdm, pair] for values in arrays.values()),
                )
