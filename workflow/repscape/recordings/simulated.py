"""A simulated population, in place of a recording that is not at hand; all that is made of it says so."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.core.errors import ConfigError, DataError
from repscape.core.seeds import derive
from repscape.plugin.parameter_types import Count, Period
from repscape.recordings.lib import tuning_model as tuning
from repscape.recordings.lib.trials import Responses, Seen

SIMULATED = True

Share = Annotated[float, Field(ge=0, le=1)]


def read(
    stimuli: Mapping[str, Seen],
    *,
    neurons: Count = 1000,
    repeats: Annotated[int, Field(ge=1, le=10_000)] = 10,
    factor: str = "orientation",
    period: Period = 180.0,
    half_width: Period = 20.0,
    tuned: Share = 0.8,
    noise: Annotated[float, Field(ge=0, le=1000)] = 1.0,
    correlation: Share = 0.1,
    seed: int,
) -> Iterator[Responses]:
    """Simulate neurons that are tuned to a circular factor; see `repscape.recordings.lib.tuning_model`.

    Parameters
    ----------
    stimuli : mapping of name to Seen
    neurons, repeats : int
        How many, and how often each image is shown.
    factor : str
        A factor of the images whose values are numbers, on a circle of `period`.
    period, half_width : float
        In the factor's units.
    tuned : float
        Share of neurons that are tuned.
    noise : float
        SD from trial to trial; tuning curves are of height 1 in the median.
    correlation : float
        Of the noise of neurons with the same preference.
    seed : int

    Raises
    ------
    DataError
        The images lack the factor, or its values are no numbers.
    """
    population = tuning.population(
        neurons, half_width, period, tuned, np.random.default_rng(derive(seed, "neurons"))
    )
    for stimulus, seen in stimuli.items():
        if factor not in seen.factors:
            raise DataError(
                f"'{stimulus}' has no factor '{factor}' to simulate neurons by; it has: "
                f"{', '.join(seen.factors) or 'none'}."
            )
        try:
            angles = np.array([float(value) for value in seen.factors[factor]]) * 2 * np.pi / period
        except ValueError as error:
            raise DataError(
                f"'{factor}' of '{stimulus}' has values that are no numbers ({error})."
            ) from error
        generator = np.random.default_rng(derive(seed, "trials", stimulus))
        shown = np.repeat(np.arange(len(angles)), repeats)
        values = tuning.mean_responses(population, angles)[shown]
        values += tuning.noise(population, len(shown), noise, correlation, generator)
        yield Responses(f"simulated responses to '{stimulus}'", stimulus, values, shown, by_file=False)


def check(*, period, half_width) -> None:
    """Refuse curves wider than can be; the config asks before a job does."""
    if half_width >= period / 4:
        raise ConfigError(
            f"half_width: a tuning curve on a circle of {period:g} is less than {period / 4:g} wide on each "
            f"side; found {half_width:g}."
        )
