"""All that a dissimilarity may define."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from repscape.plugin.base import Plugin

if TYPE_CHECKING:
    import numpy as np

    from repscape.metrics.lib.normalisation import Scaling
    from repscape.metrics.lib.single_trials import Trials
    from repscape.metrics.lib.streamed_rows import Rows


class Metric(Plugin, shared=True):
    """A dissimilarity of two activity patterns: ``metrics/NAME.py``."""

    _required = ("dissimilarity",)

    squared: bool | None = None
    """Whether it is a squared distance between patterns, up to a factor: maps then take its root. Where it
    does not say, the user is asked."""

    caption: str = ""
    """What figures call it: ``correlation distance (1 − r)``."""

    formula: str = ""
    """Its definition, for the RDM's file."""

    largest: float | None = None
    """The largest value that it can have."""

    signed: bool = False
    """Whether it can be negative, as cross-validated distances are."""

    synonyms: tuple[str, ...] = ()
    """What else it is called, in small letters and digits alone, to find it by a wrong name."""

    uses_trials: ClassVar[bool] = False
    """Whether it takes a recording's single trials: it defines `of_trials`."""

    def __init_subclass__(cls, **keywords) -> None:
        """Note whether the metric takes trials."""
        super().__init_subclass__(**keywords)
        cls.uses_trials = cls.of_trials is not Metric.of_trials

    def dissimilarity(self, activity: "np.ndarray", scaling: "Scaling") -> "np.ndarray":
        """Return the dissimilarities of all pairs of images, float64 (pair,).

        Parameters
        ----------
        activity : float32 array (image, unit)
        scaling : Scaling
            The layer's shift and scale.
        """
        raise NotImplementedError

    def of_trials(self, activity: "np.ndarray", trials: "Trials") -> "np.ndarray":
        """Return the dissimilarities of a recording's images, float64 (pair,), from its single trials.

        Of networks, which have none, `dissimilarity` is asked.

        Parameters
        ----------
        activity : float32 array (image, unit)
            The mean over trials.
        trials : Trials
            Of the same images and units.
        """
        raise NotImplementedError

    def in_blocks(self, activity: "Rows", scaling: "Scaling") -> "Iterator[np.ndarray]":
        """Yield what `dissimilarity` returns in consecutive parts, for images in any number."""
        raise NotImplementedError

    def squared_rounding(self, activity: "np.ndarray | Rows", scaling: "Scaling") -> "np.ndarray | None":
        """Return what rounding may add to squared distances from each image, float64 (image,).

        Smaller distances become 0. None: nothing is known.
        """
        return None
