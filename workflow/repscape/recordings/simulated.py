"""A simulated population instead of a recording; captions of all figures made from it say so."""

from collections.abc import Iterator, Mapping

import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.core.seeds import derive
from repscape.plugin.contract import ResponseRecording, Seeded, parameter
from repscape.recordings.lib import tuning_model as tuning
from repscape.recordings.lib.responses import Responses, ShownStimulus


class Simulated(Seeded, ResponseRecording):
    """A simulated population instead of a recording; captions of all figures made from it say so.

    Neurons are tuned to a circular factor; see `repscape.recordings.lib.tuning_model`.
    """

    simulated = True

    neurons: int = parameter("The number of neurons.", 1000, ge=1, le=1_000_000)
    repeats: int = parameter("How often each image is shown.", 10, ge=1, le=10_000)
    factor: str = parameter(
        "The factor of the images to which neurons are tuned; its values are numbers on a circle of "
        "length `period`.",
        "orientation",
    )
    period: float = parameter("The circle's length, in the factor's units.", 180.0, gt=0, le=1e6)
    half_width: float = parameter(
        "Half the width of tuning curves at half their height, in the factor's units.", 20.0, gt=0, le=1e6
    )
    tuned: float = parameter("The share of neurons that are tuned.", 0.8, ge=0, le=1)
    noise: float = parameter(
        "The SD of responses from trial to trial; the median height of tuning curves is 1.",
        1.0,
        ge=0,
        le=1000,
    )
    correlation: float = parameter(
        "The noise correlation of neurons with the same preference.", 0.1, ge=0, le=1
    )

    def read(self, stimuli: Mapping[str, ShownStimulus]) -> Iterator[Responses]:
        """Simulate the responses to each stimulus.

        Raises
        ------
        DataError
            The images lack the factor, or its values are no numbers.
        """
        population = tuning.population(
            self.neurons,
            self.half_width,
            self.period,
            self.tuned,
            np.random.default_rng(derive(self.seed, "neurons")),
        )
        for stimulus, shown in stimuli.items():
            if self.factor not in shown.factors:
                raise DataError(
                    f"'{stimulus}' has no factor '{self.factor}' to simulate neurons by; it has: "
                    f"{', '.join(shown.factors) or 'none'}."
                )
            try:
                angles = (
                    np.array([float(value) for value in shown.factors[self.factor]]) * 2 * np.pi / self.period
                )
            except ValueError as error:
                raise DataError(
                    f"'{self.factor}' of '{stimulus}' has values that are not numbers ({error})."
                ) from error
            generator = np.random.default_rng(derive(self.seed, "trials", stimulus))
            image = np.repeat(np.arange(len(angles)), self.repeats)
            values = tuning.mean_responses(population, angles)[image]
            values += tuning.noise(population, len(image), self.noise, self.correlation, generator)
            yield Responses(f"simulated responses to '{stimulus}'", stimulus, values, image, by_file=False)

    def check(self) -> None:
        """Refuse curves wider than can be."""
        if self.half_width >= self.period / 4:
            raise ConfigError(
                f"half_width: expected less than a quarter of the circle, {self.period / 4:g} of "
                f"{self.period:g}; found {self.half_width:g}."
            )
