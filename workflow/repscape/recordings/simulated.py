"""A simulated population, in place of a recording that is not at hand; all that is made of it says so."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.core.errors import ConfigError, DataError
from repscape.core.seeds import derive
from repscape.plugin.contract import ResponseRecording, Seeded, parameter
from repscape.plugin.parameter_types import Count, Period
from repscape.recordings.lib import tuning_model as tuning
from repscape.recordings.lib.trials import Responses, Seen

Share = Annotated[float, Field(ge=0, le=1)]


class Simulated(Seeded, ResponseRecording):
    """A simulated population, in place of a recording that is not at hand; all that is made of it says so."""

    simulated = True

    neurons: Count = parameter("How many, and how often each image is shown.", 1000)
    repeats: Annotated[int, Field(ge=1, le=10_000)] = parameter(
        "How many, and how often each image is shown.", 10
    )
    factor: str = parameter(
        "A factor of the images whose values are numbers, on a circle of `period`.", "orientation"
    )
    period: Period = parameter("In the factor's units.", 180.0)
    half_width: Period = parameter("In the factor's units.", 20.0)
    tuned: Share = parameter("Share of neurons that are tuned.", 0.8)
    noise: Annotated[float, Field(ge=0, le=1000)] = parameter(
        "SD from trial to trial; tuning curves are of height 1 in the median.", 1.0
    )
    correlation: Share = parameter("Of the noise of neurons with the same preference.", 0.1)

    def read(self, stimuli: Mapping[str, Seen]) -> Iterator[Responses]:
        """Simulate neurons that are tuned to a circular factor; see `repscape.recordings.lib.tuning_model`.

        Parameters
        ----------
        stimuli : mapping of name to Seen

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
        for stimulus, seen in stimuli.items():
            if self.factor not in seen.factors:
                raise DataError(
                    f"'{stimulus}' has no factor '{self.factor}' to simulate neurons by; it has: "
                    f"{', '.join(seen.factors) or 'none'}."
                )
            try:
                angles = (
                    np.array([float(value) for value in seen.factors[self.factor]]) * 2 * np.pi / self.period
                )
            except ValueError as error:
                raise DataError(
                    f"'{self.factor}' of '{stimulus}' has values that are no numbers ({error})."
                ) from error
            generator = np.random.default_rng(derive(self.seed, "trials", stimulus))
            shown = np.repeat(np.arange(len(angles)), self.repeats)
            values = tuning.mean_responses(population, angles)[shown]
            values += tuning.noise(population, len(shown), self.noise, self.correlation, generator)
            yield Responses(f"simulated responses to '{stimulus}'", stimulus, values, shown, by_file=False)

    def check(self) -> None:
        """Refuse curves wider than can be; the config asks before a job does."""
        if self.half_width >= self.period / 4:
            raise ConfigError(
                f"half_width: a tuning curve on a circle of {self.period:g} is less than {self.period / 4:g} wide on each "
                f"side; found {self.half_width:g}."
            )
