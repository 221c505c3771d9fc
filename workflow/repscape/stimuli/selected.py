"""Images of another stimulus that a network takes for one thing, and is sure of."""

from collections.abc import Generator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from repscape.core.errors import DataError
from repscape.plugin.parameter_types import Batch, NetworkFile, SizeOfMother, StimulusFile, Threads
from repscape.stimuli.lib.frame import Frame


def frames(
    *,
    of: StimulusFile,
    network: NetworkFile,
    category: NonNegativeInt | str,
    probability: Annotated[float, Field(ge=0, lt=1)] = 0.5,
    count: PositiveInt | None = None,
    size: SizeOfMother = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    batch: Batch = 10,
    threads: Threads = 1,
) -> Generator[Frame, None, dict]:
    """Keep the images whose most probable class is `category`, with a probability above `probability`.

    Parameters
    ----------
    of : stimulus
        To select from; its images keep their order, names, times and labels.
    network : network of the study
    category : str or int
        The name of a class, or its number from 0.
    probability : float
        The threshold; the default is the one by which the validation study chose its cats.
    count : int, optional
        Keep the first so many; it is a mistake if there are fewer.
    device, batch, threads : as for activations

    Returns
    -------
    attributes : dict
        At the end of the frames: ``category``, its name; ``considered``, the number of images that
        were looked at; ``probability``, that of each image kept.

    Raises
    ------
    DataError
        Fewer images than `count` (or than 3) are taken for the class; says how sure the network is of
        which; the network has no such class.
    """
    from repscape.stimuli.lib import parent_stimulus
    from repscape.stimuli.lib.classifier import Classifier

    classifier = Classifier(network, device)
    wanted = classifier.index(category)
    names, likely = classifier.probabilities(of, batch=batch, threads=threads)
    chosen = np.flatnonzero((likely.argmax(axis=1) == wanted) & (likely[:, wanted] > probability))
    fewest = count or 3
    if len(chosen) < fewest:
        raise DataError(_too_few(of, names, likely, wanted, classifier, probability, chosen, fewest))
    chosen = chosen[:count]
    yield from parent_stimulus.read(of, chosen.tolist())
    return {
        "category": classifier.categories[wanted],
        "considered": len(names),
        "probability": likely[chosen, wanted],
    }


def _too_few(of, names, likely, wanted, classifier, probability, chosen, fewest) -> str:
    surest = np.argsort(-likely[:, wanted], kind="stable")[:3]
    tops = likely.argmax(axis=1)
    named = ", ".join(
        f"{names[at]} ({likely[at, wanted]:.3g}; it is taken for {classifier.categories[tops[at]]})"
        for at in surest
    )
    return (
        f"{of}: expected at least {fewest} images that the network takes for "
        f"'{classifier.categories[wanted]}' with a probability above {probability:g}, found {len(chosen)} of "
        f"{len(names)}. Most probable: {named}. Lower 'probability', give more images, or choose another "
        "category."
    )
