"""Images of another stimulus that a network takes for one thing, and is sure of."""

from collections.abc import Generator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from repscape.errors import DataError
from repscape.stimuli.frame import Frame
from repscape.types import Batch, NetworkFile, SizeOfMother, StimulusFile, Threads


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
    import torch

    from repscape.stimuli import mother
    from repscape.stimuli.classify import Classifier

    shown = mother.read(of)
    classifier = Classifier(network, device)
    wanted = classifier.index(category)
    with torch.inference_mode():
        found = [
            classifier(images).cpu().numpy()
            for _, images in classifier.batches(
                shown, of=of, batch=batch, threads=threads, what="classifying"
            )
        ]
    likely = np.concatenate(found)[: len(shown)]
    chosen = np.flatnonzero((likely.argmax(axis=1) == wanted) & (likely[:, wanted] > probability))
    fewest = count or 3
    if len(chosen) < fewest:
        raise DataError(_too_few(of, shown, likely, wanted, classifier, probability, chosen, fewest))
    chosen = chosen[:count]
    yield from (shown[index] for index in chosen)
    return {
        "category": classifier.categories[wanted],
        "considered": len(shown),
        "probability": likely[chosen, wanted],
    }


def _too_few(of, shown, likely, wanted, classifier, probability, chosen, fewest) -> str:
    surest = np.argsort(-likely[:, wanted], kind="stable")[:3]
    tops = likely.argmax(axis=1)
    named = ", ".join(
        f"{shown[at].name} ({likely[at, wanted]:.3g}; it is taken for {classifier.categories[tops[at]]})"
        for at in surest
    )
    return (
        f"{of}: expected at least {fewest} images that the network takes for "
        f"'{classifier.categories[wanted]}' with a probability above {probability:g}, found {len(chosen)} of "
        f"{len(shown)}. Most probable: {named}. Lower 'probability', give more images, or choose another "
        "category."
    )
