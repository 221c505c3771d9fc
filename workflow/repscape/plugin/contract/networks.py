"""All that a source of networks may define."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from repscape.plugin.base import Plugin

if TYPE_CHECKING:
    from repscape.networks.lib.loaded import Loaded
    from repscape.traced.preprocess import Preprocess


class Network(Plugin, shared=True):
    """A source of networks: ``networks/NAME.py``."""

    _required = ("load",)

    layers_depend_on: tuple[str, ...] | None = None
    """The parameters that its layers and their sizes depend on; None: all but the seed. Networks that have
    these in common share one table of layers, which is made with the other parameters left to their
    defaults."""

    @classmethod
    def takes_seed(cls, values: Mapping) -> bool:
        """Say whether weights are drawn at random."""
        return values.get("weights", "random") == "random"

    def load(self) -> "Loaded":
        """Build the network with its weights."""
        raise NotImplementedError

    def untrained(self) -> "Loaded":
        """Build the network with random weights, for the table of its layers.

        A plan asks for it once, on torch's meta device; where the network cannot be built without numbers, on
        the CPU. By default the network is built with its weights.
        """
        return self.load()

    def has_random_weights(self) -> bool:
        """Whether its weights are drawn at random, so that it is untrained unless the study trains it."""
        return self.takes_seed({name: getattr(self, name) for name in self.parameters})

    def known_preprocess(self) -> "Preprocess | None":
        """Return how images are resized, where that is known without the network's libraries."""
        return getattr(self, "preprocess", None)

    def code_files(self) -> Sequence[Path]:
        """Name files of code, beside the plugin's, that make the network."""
        return ()
