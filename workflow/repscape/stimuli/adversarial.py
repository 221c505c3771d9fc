"""Images changed so little that people hardly see it, and so that a network takes them for something else."""

from collections.abc import Generator
from typing import Literal

import numpy as np
from pydantic import NonNegativeInt

from repscape.core.errors import ConfigError
from repscape.core.logs import logger
from repscape.core.seeds import derive
from repscape.plugin.contract import Seeded, parameter
from repscape.stimuli.lib.derived import Classified
from repscape.stimuli.lib.frame import Frame

DEFAULT_EPSILON = {"linf": 4.0, "l2": 512.0}


class Adversarial(Seeded, Classified):
    """The images of another stimulus, changed by projected gradient descent through a network (PGD).

    Madry et al. (2018), "Towards deep learning models resistant to adversarial attacks": from a random start
    within `epsilon` of the image, steps of 2.5 · `epsilon` / `steps` up the gradient (its sign for ``linf``,
    its direction for ``l2``), each projected back to within `epsilon` and to 0 … 255. What goes up is the
    logarithm of the ratio of two probabilities: of the most probable class that is a success to the most
    probable one that is not (the margin of Carlini & Wagner 2017), since its gradient does not vanish where
    the network is sure. It is evaluated on images as they will be stored, with 8 bits; the best of all steps
    is kept. Gradients pass the network's resizing as if that did not round.
    """

    norm: Literal["linf", "l2"] = parameter(
        "How the size of a change is measured: ``linf``, its largest absolute value, or ``l2``, the root "
        "of the sum of its squares. The stored image is within `epsilon` after rounding.",
        "linf",
    )
    epsilon: float | None = parameter(
        "The largest change, in steps of 8-bit pixels (0 … 255). By default 4 for ``linf`` and 512 for "
        "``l2``, which sums over all values of an image (2 where pixels run from 0 to 1).",
        None,
        gt=0,
        le=1e6,
    )
    steps: int = parameter("The number of steps of the gradient descent.", 20, ge=1, le=100_000)
    targeted: NonNegativeInt | str | None = parameter(
        "The class that the network should predict for every changed image (its name, or its number from "
        "0). By default any class except that of the unchanged image.",
        None,
    )
    avoid: list[NonNegativeInt | str] | None = parameter(
        "Without `targeted`: further classes that do not count as success (for example all cats, if cats "
        "should become something other than a cat).",
        None,
    )

    def images(self) -> Generator[Frame, None, dict]:
        """Change the images of the other stimulus.

        Returns
        -------
        attributes : dict
            After the last image: ``success_rate``, the share of images that the network takes for what it is
            to; for each image ``category_before``, ``category_after``, ``probability_before`` and
            ``probability_after`` (of these), and ``change`` (its norm).

        Raises
        ------
        DataError
            The network has no classes, or not this one; the images have different sizes, or not those that
            its input is for.
        """
        from repscape.stimuli.lib.pgd import attack

        self.check()
        epsilon = DEFAULT_EPSILON[self.norm] if self.epsilon is None else self.epsilon
        parents = self.parents_of_one_size("an attack")
        classifier = self.classifier()
        target = None if self.targeted is None else classifier.index(self.targeted)
        avoided = [classifier.index(category) for category in self.avoid or []]
        results = []
        for padded, images in classifier.batches(
            parents, of=self.of, batch=self.batch, threads=self.threads, what="changing images"
        ):
            generators = [np.random.default_rng(derive(self.seed, frame.name)) for frame in padded]
            noise = classifier.on_device(
                [random.standard_normal(padded[0].pixels.shape, np.float32) for random in generators]
            )
            results.append(attack(classifier, images, noise, target, avoided, self.norm, epsilon, self.steps))
        pixels, success, before, after, p_before, p_after, change = (
            np.concatenate(values)[: len(parents)] for values in zip(*results, strict=True)
        )
        for frame, changed in zip(parents, pixels, strict=True):
            yield frame._replace(pixels=changed)
        logger.info("%d of %d images are classified as intended", success.sum(), len(success))
        if not success.any():
            logger.warning(
                "%s: take a larger epsilon or more steps (epsilon %g, norm %s, images of %d values)",
                "no image is classified as intended"
                if change.any()
                else "after rounding to 8 bits, no image has changed",
                *(epsilon, self.norm, pixels[0].size),
            )
        return {
            "success_rate": float(success.mean()),
            "category_before": [classifier.categories[index] for index in before],
            "category_after": [classifier.categories[index] for index in after],
            "probability_before": p_before,
            "probability_after": p_after,
            "change": change,
        }

    def check(self) -> None:
        """Refuse `avoid` beside `targeted`, and an `epsilon` that changes no pixel of 8 bits."""
        if self.targeted is not None and self.avoid:
            raise ConfigError(
                "'avoid' cannot be combined with 'targeted', which allows one class only. Remove one of them."
            )
        if self.epsilon is not None and self.epsilon < 1:
            raise ConfigError(
                "epsilon: expected at least 1, the smallest change of a pixel (0 … 255), found "
                f"{self.epsilon:g}."
            )
