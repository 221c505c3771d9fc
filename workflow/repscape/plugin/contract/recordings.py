"""All that a recording may define."""

from collections.abc import Iterator, Mapping
from typing import Any

from repscape.plugin.base import Plugin


class Recording(Plugin, shared=True):
    """What was recorded outside the workflow: ``recordings/NAME.py``, one of the two kinds below."""

    simulated: bool = False
    """Whether it is made up: all that is made of it then says so."""


class RdmRecording(Recording, shared=True):
    """A recording that gives RDMs."""

    _required = ("read", "labels")

    def read(self) -> Iterator:
        """Yield a `recordings.lib.given_rdm.GivenRdm` for each RDM."""
        raise NotImplementedError

    def labels(self) -> list[str]:
        """Name the labels that distinguish the RDMs."""
        raise NotImplementedError


class ResponseRecording(Recording, shared=True):
    """A recording that gives responses of neurons to stimuli: a source, as a network is."""

    _required = ("read",)

    def read(self, stimuli: Mapping) -> Any:
        """Read the trials.

        Parameters
        ----------
        stimuli : mapping of name to `recordings.lib.responses.ShownStimulus`
        """
        raise NotImplementedError
