"""What stimuli that are made from another one have in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repscape.plugin.contract import OnDevice, Stimulus, parameter
from repscape.plugin.parameter_types import NetworkFile, SizeOfParent, StimulusFile
from repscape.stimuli.lib.frame import Frame

if TYPE_CHECKING:
    from repscape.stimuli.lib.classifier import Classifier


class Derived(Stimulus, shared=True):
    """Images made from those of another stimulus; they keep their names, times, labels and factors."""

    of: StimulusFile = parameter("The stimulus from whose images these are made.")
    size: SizeOfParent = parameter("Leave this out: the size is that of the images of `of`.", None)

    def parents_of_one_size(self, what: str) -> Sequence[Frame]:
        """Read the images of `of`; refuse different sizes, which `what` cannot work with.

        Raises
        ------
        DataError
        """
        from repscape.stimuli.lib import parent_stimulus

        return parent_stimulus.of_one_size(parent_stimulus.read(self.of), self.of, what)


class Classified(OnDevice, Derived, shared=True):
    """Images made from another stimulus by what a network takes them for."""

    network: NetworkFile = parameter("The network of the study that classifies the images.")

    def classifier(self) -> "Classifier":
        """Open the network.

        Raises
        ------
        DataError
            It has no classes.
        """
        from repscape.stimuli.lib.classifier import Classifier

        return Classifier(self.network, self.device)
