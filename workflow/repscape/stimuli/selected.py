"""Images of another stimulus that a network takes for one thing, and is sure of."""

from collections.abc import Generator, Sequence

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from repscape.core.errors import DataError
from repscape.plugin.contract import parameter
from repscape.stimuli.lib.derived import Classified
from repscape.stimuli.lib.frame import Frame


class Selected(Classified):
    """The images whose most probable class is `category`, with a probability above `probability`.

    They keep their order.
    """

    category: NonNegativeInt | str = parameter("The class, by its name or its number from 0.")
    probability: float = parameter(
        "The threshold of the class's probability; the default is that with which the validation study "
        "chose its cats.",
        0.5,
        ge=0,
        lt=1,
    )
    count: PositiveInt | None = parameter(
        "Keep this many, the first; fewer are an error. By default all are kept.", None
    )

    def images(self) -> Generator[Frame, None, dict]:
        """Classify the images of the other stimulus and keep those of the class.

        Returns
        -------
        attributes : dict
            After the last image: ``category``, its name; ``considered``, the number of images of the other
            stimulus; ``probability``, that of each image kept.

        Raises
        ------
        DataError
            Fewer images than `count` (or than 3) are taken for the class; the network has no such class.
        """
        from repscape.stimuli.lib import parent_stimulus

        classifier = self.classifier()
        wanted = classifier.index(self.category)
        names, likely = classifier.probabilities(self.of, batch=self.batch, threads=self.threads)
        selected = np.flatnonzero((likely.argmax(axis=1) == wanted) & (likely[:, wanted] > self.probability))
        if len(selected) < (self.count or 3):
            raise DataError(
                f"{self.of}: expected at least {self.count or 3} images classified as "
                f"'{classifier.categories[wanted]}' with a probability above {self.probability:g}, found "
                f"{len(selected)} of {len(names)}. Most probable: "
                f"{_most_probable(names, likely, wanted, classifier.categories)}. Lower 'probability', add "
                "images, or choose another category."
            )
        selected = selected[: self.count]
        yield from parent_stimulus.read(self.of, selected.tolist())
        return {
            "category": classifier.categories[wanted],
            "considered": len(names),
            "probability": likely[selected, wanted],
        }


def _most_probable(names: Sequence[str], likely: np.ndarray, wanted: int, categories: Sequence[str]) -> str:
    """Name the three images that are most probably of a class, and what they are taken for."""
    first = np.argsort(-likely[:, wanted], kind="stable")[:3]
    return ", ".join(
        f"{names[at]} ({likely[at, wanted]:.3g}; classified as {categories[likely[at].argmax()]})"
        for at in first
    )
