"""All that a way to train networks may define."""

from collections.abc import Iterator

from repscape.plugin.base import Plugin


class Training(Plugin, shared=True):
    """A way to train networks: ``trainings/NAME.py``."""

    _required = ("train",)

    def train(self, network, training, held_out) -> Iterator[list[float]]:
        """Train a network in place; yield the loss of each step after each epoch.

        Parameters
        ----------
        network : torch.nn.Module
            In training mode.
        training, held_out : repscape.trainings.lib.dataset.Examples
        """
        raise NotImplementedError

    def check_outputs(self, outputs: int, classes: int) -> None:
        """Refuse a network of another number of outputs than the training needs, with a `ConfigError`."""
