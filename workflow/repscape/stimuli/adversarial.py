"""Images changed so little that people hardly see it, and so that a network takes them for something else."""

from collections.abc import Generator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeInt

from repscape.core.errors import ConfigError
from repscape.core.logs import logger
from repscape.core.seeds import derive
from repscape.plugin.parameter_types import Batch, NetworkFile, SizeOfMother, StimulusFile, Threads
from repscape.stimuli.lib.frame import Frame


def frames(
    *,
    of: StimulusFile,
    network: NetworkFile,
    norm: Literal["linf", "l2"] = "linf",
    epsilon: Annotated[float, Field(gt=0, le=1e6)] | None = None,
    steps: Annotated[int, Field(ge=1, le=100_000)] = 20,
    targeted: NonNegativeInt | str | None = None,
    avoid: list[NonNegativeInt | str] | None = None,
    size: SizeOfMother = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    batch: Batch = 10,
    threads: Threads = 1,
    seed: int,
) -> Generator[Frame, None, dict]:
    """Change the images of a stimulus by projected gradient descent through a network (PGD).

    Madry et al. (2018), "Towards deep learning models resistant to adversarial attacks": from a
    random start within `epsilon` of the image, steps of 2.5 · `epsilon` / `steps` up the gradient (its
    sign for ``linf``, its direction for ``l2``), each projected back to within `epsilon` and to
    0 … 255. What goes up is the logarithm of the ratio of two probabilities: of the most probable
    class that is a success to the most probable one that is not (the margin of Carlini & Wagner 2017),
    since its gradient does not vanish where the network is sure. It is evaluated on images as they
    will be stored, with 8 bits; of all that are passed the best is kept. Gradients pass the network's
    resizing as if that did not round.

    Parameters
    ----------
    of : stimulus
        Its images' names, times and labels are kept.
    network : network of the study
    norm : {'linf', 'l2'}
        How far an image is changed: by its largest change of a value, or by the root of the sum of
        all squared ones. What is stored is within `epsilon`, after rounding.
    epsilon : float, optional
        In steps of 8-bit pixels (0 … 255). By default 4 for ``linf`` and 512 for ``l2``, which sums over
        all values of an image (2 where pixels run from 0 to 1).
    steps : int
    targeted : str or int, optional
        Make the network take each image for this class (its name, or its number from 0). Without it,
        for anything but what it takes the unchanged image for.
    avoid : list of str or int, optional
        Not targeted: classes that are no success either (all cats, where cats are to become
        something that is not a cat).
    device, batch, threads : as for activations
    seed : int
        With an image's name it gives the random start.

    Returns
    -------
    attributes : dict
        At the end of the frames: ``success_rate``, the share of images that the network takes for
        what it shall; for each image ``category_before``,
        ``category_after``, ``probability_before`` and ``probability_after`` (of these), and ``change``
        (its norm).

    Raises
    ------
    ConfigError
        `epsilon` is too small to change a pixel of 8 bits; both `targeted` and `avoid` are given.
    DataError
        The network has no classes, or not this one; the images have different sizes, or not those that
        its input is for.
    """
    from repscape.stimuli.lib import parent_stimulus
    from repscape.stimuli.lib.classifier import Classifier
    from repscape.stimuli.lib.pgd import attack

    check(epsilon=epsilon, targeted=targeted, avoid=avoid)
    epsilon = {"linf": 4.0, "l2": 512.0}[norm] if epsilon is None else epsilon
    shown = parent_stimulus.of_one_size(parent_stimulus.read(of), of, "an attack")
    classifier = Classifier(network, device)
    target = None if targeted is None else classifier.index(targeted)
    avoided = [classifier.index(category) for category in avoid or []]
    results = []
    for padded, images in classifier.batches(
        shown, of=of, batch=batch, threads=threads, what="changing images"
    ):
        draws = [np.random.default_rng(derive(seed, frame.name)) for frame in padded]
        noise = classifier.on_device(
            [draw.standard_normal(padded[0].pixels.shape, np.float32) for draw in draws]
        )
        results.append(attack(classifier, images, noise, target, avoided, norm, epsilon, steps))
    pixels, success, before, after, p_before, p_after, change = (
        np.concatenate(values)[: len(shown)] for values in zip(*results, strict=True)
    )
    for frame, changed in zip(shown, pixels, strict=True):
        yield frame._replace(pixels=changed)
    logger.info("%d of %d images are taken for what they shall", success.sum(), len(success))
    if not success.any():
        logger.warning(
            "%s: take a larger epsilon or more steps (epsilon %g, norm %s, images of %d values)",
            "no image is taken for what it shall"
            if change.any()
            else "rounded to 8 bits, no image is changed",
            epsilon, norm, pixels[0].size,
        )  # fmt: skip
    return {
        "success_rate": float(success.mean()),
        "category_before": [classifier.categories[index] for index in before],
        "category_after": [classifier.categories[index] for index in after],
        "probability_before": p_before,
        "probability_after": p_after,
        "change": change,
    }


def check(*, epsilon, targeted, avoid) -> None:
    """Refuse parameters that do not go together or change nothing; the config asks before a job does."""
    if targeted is not None and avoid:
        raise ConfigError("'avoid' does not go with 'targeted', which leaves one class. Remove one of them.")
    if epsilon is not None and epsilon < 1:
        raise ConfigError(
            f"epsilon: expected at least 1, the smallest change of a pixel (0 … 255); found {epsilon:g}."
        )
