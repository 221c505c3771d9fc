"""All that a stimulus may define."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from repscape.plugin.base import Plugin

if TYPE_CHECKING:
    from repscape.stimuli.lib.frame import Frame


class Stimulus(Plugin, shared=True):
    """A source of images: ``stimuli/NAME.py``."""

    _required = ("images",)

    def images(self) -> "Iterator[Frame]":
        """Yield the images in order.

        What the generator returns at its end, a mapping, becomes attributes of the stimulus's file.
        """
        raise NotImplementedError

    def image_count(self) -> int | None:
        """Return the number of images where the parameters say it."""
        return None

    def estimated_image_count(self) -> int | None:
        """Return about how many images there are, from the headers of files."""
        return self.image_count()

    def check_parents(self, image_counts: Mapping[str, int | None]) -> None:
        """Refuse stimuli that this one cannot be made from, with a `ConfigError`.

        Parameters
        ----------
        image_counts : for each parameter that names a stimulus, how many images that has, if it is known
        """

    def image_factors(self) -> Mapping[str, list[str]] | None:
        """Return the factors that images vary in, with the value of each image; None: only the job can."""
        return None

    def factor_names(self) -> list[str] | None:
        """Name the factors, where their values are not known before the job."""
        return None
