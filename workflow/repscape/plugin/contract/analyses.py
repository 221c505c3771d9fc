"""All that an analysis may define."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from repscape.plugin.base import Plugin

if TYPE_CHECKING:
    from repscape.analyses.lib.result import Result
    from repscape.study.study import Study


class Analysis(Plugin, shared=True):
    """What follows from RDMs or activations: ``analyses/NAME.py``."""

    _required = ("inputs", "compute")

    streams: bool = False
    """Whether it holds one file at a time, so that it needs the memory of the largest and not of all."""

    makes_table: ClassVar[bool] = False
    """Whether a CSV table lies beside its file: it defines `rows`."""

    makes_rdms: ClassVar[bool] = False
    """Whether others can be `of` it: it defines `rdm_labels`."""

    def __init_subclass__(cls, **keywords) -> None:
        """Note what the analysis makes."""
        super().__init_subclass__(**keywords)
        cls.makes_table = cls.rows is not Analysis.rows
        cls.makes_rdms = cls.rdm_labels is not Analysis.rdm_labels

    def inputs(self, study: "Study") -> dict[str, str | list[str]]:
        """Name the files that `compute` reads; refuse what the study does not have, with a `ConfigError`."""
        raise NotImplementedError

    def compute(self, files: Mapping) -> "Result":
        """Compute the analysis from the files that `inputs` named."""
        raise NotImplementedError

    def rows(self, result: "Result") -> Iterator[tuple]:
        """Yield the header and the rows of the CSV table."""
        raise NotImplementedError

    def rdm_labels(self, labels: list[str]) -> list[str]:
        """Name the labels of the RDMs that are made, from those of the RDMs that go in."""
        raise NotImplementedError

    def label_values(self, label: str, of_input: Callable[[str], list[str] | None]) -> list[str] | None:
        """Return the values that a label of the RDMs made may have; None: only the job can tell.

        Parameters
        ----------
        label : str
        of_input : function
            Returns those of a label of the RDMs that go in.
        """
        return of_input(label)

    def entry_labels(self, entries: list[str] | None) -> list[str] | None:
        """Name the labels of the entries of the RDMs made, from those of the RDMs that go in.

        None: only the job can tell.
        """
        return entries

    def from_study(self, study: "Study") -> dict[str, Any]:
        """Return what else of the study the result depends on."""
        return {}

    def megabytes_kept(self, study: "Study") -> int:
        """Return the megabytes that are kept beside a network that is run."""
        return 0
