"""All that a figure may define."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from repscape.plugin.base import Plugin

if TYPE_CHECKING:
    from repscape.figures.lib.style import Style
    from repscape.study.study import Study


class Figure(Plugin, shared=True):
    """A figure: ``figures/NAME.py``."""

    _required = ("inputs", "draw")

    category: str = ""
    """Its group in the report."""

    saves_data: bool = False
    """Whether `draw` also returns a `Result`, because no analysis holds what is shown."""

    streams: bool = False
    """Whether it holds one file at a time."""

    shows_stimuli: bool = False
    """Whether stimuli have their colours in it, which `style` knows."""

    style: "Style"
    """Colours of stimuli, filled in where `shows_stimuli`."""

    def inputs(self, study: "Study") -> dict[str, str | list[str]]:
        """Name the files that `draw` reads; refuse what the study does not have, with a `ConfigError`."""
        raise NotImplementedError

    def draw(self, data: Mapping) -> tuple:
        """Draw the figure.

        Parameters
        ----------
        data : mapping
            The files that `inputs` named, opened with xarray: a Dataset, or a list of them.

        Returns
        -------
        Figure, str
            The figure and its caption in plain reStructuredText; with `saves_data` a `Result` as well.
        """
        raise NotImplementedError
