"""Responses out of traces in time: each neuron's mean or power spectrum while an image was shown."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.io.array_files import ReadOptions, array, ordered
from repscape.plugin.contract import ResponseRecording, parameter
from repscape.plugin.parameter_types import Files, Names, Numbers
from repscape.recordings.lib.order import text
from repscape.recordings.lib.trials import Responses, Seen, by_stimulus, check_braces, check_variables

Axis = Literal["trial", "time", "neuron"]
State = Literal["mean", "power"]


class Traces(ResponseRecording):
    """Responses out of traces in time: each neuron's mean or power spectrum while an image was shown."""

    reads_path_labels = True

    path: Files = parameter("As in `repscape.recordings.arrays`.")
    rate: Annotated[float, Field(gt=0, le=1e6)] = parameter("Samples a second.")
    traces: str | None = parameter("The array; not needed where the file has but one.", None)
    axes: list[Axis] = parameter("Its axes in their order; ``trial`` may lack.", ["trial", "time", "neuron"])
    window: Annotated[float, Field(gt=0, le=1e6)] = parameter("How long a state is, in seconds.", 1.0)
    start: Annotated[float, Field(ge=-1e6, le=1e6)] = parameter(
        "When the first sample is, in seconds of the stimulus; of a movie 0 is its first frame.",
        0.0,
    )
    state: State = parameter("``power``: see `power`. ``mean``: of the window's samples.", "power")
    area_of: str | None = parameter("The variable with each neuron's area.", None)
    columns: Names | None = parameter("As in `repscape.recordings.arrays`.", None)
    leave_out: Names | None = parameter("As in `repscape.recordings.arrays`.", None)
    missing_values: Numbers | None = parameter("As in `repscape.recordings.arrays`.", None)
    other_files: Files | None = parameter("As in `repscape.recordings.arrays`.", None)

    def read(self, stimuli: Mapping[str, Seen]) -> Iterator[Responses]:
        """Cut the traces of each trial into a state an image.

        Parameters
        ----------
        stimuli : mapping of name to Seen
            Their images have times, such as the frames of a movie taken ``every: 1 s``.

        Raises
        ------
        DataError
            A file cannot be read; the stimulus has no times; a window reaches beyond the trace.
        """
        for file, stimulus in by_stimulus(self.path, self.path_labels or {}, stimuli):
            options = ReadOptions(
                self.columns, self.leave_out or (), (), self.missing_values, self.other_files or ()
            )
            values, what = ordered(
                file, self.traces, self.axes, ("trial", "time", "neuron"), (self.area_of,), options
            )
            values = values if "trial" in self.axes else values[None]
            samples = round(self.window * self.rate)
            first = beginnings(
                stimuli[stimulus].times,
                self.rate,
                self.start,
                samples,
                values.shape[1],
                f"{file} ({stimulus})",
            )
            _say(f"{file} ({stimulus})", first, samples, values.shape, lambda at: self.start + at / self.rate)
            states = np.stack([values[:, at : at + samples] for at in first], axis=1).astype(np.float64)
            answers = states.mean(2) if self.state == "mean" else power(states)
            frequencies = None if self.state == "mean" else np.fft.rfftfreq(samples, 1 / self.rate)
            areas = (
                None
                if self.area_of is None
                else [
                    text(area)
                    for area in array(
                        file, self.area_of, options=ReadOptions(other_files=options.other_files)
                    ).ravel()
                ]
            )
            shown = np.tile(np.arange(len(first)), len(values))
            answers = answers.reshape(-1, *answers.shape[2:])
            yield Responses(str(file), stimulus, answers, shown, None, areas, frequencies, what, False)

    def check(self) -> None:
        """Refuse keys that do not go together; the config asks before a job does."""
        if len(set(self.axes)) < len(self.axes) or set(self.axes) not in (
            {"time", "neuron"},
            {"trial", "time", "neuron"},
        ):
            raise ConfigError(
                f"axes: expected time and neuron, and trial where there are several; found {', '.join(self.axes)}."
            )
        if round(self.window * self.rate) < 1:
            raise ConfigError(f"window: {self.window:g} s have no sample at {self.rate:g} samples a second.")
        check_braces(self.addresses("path"))
        check_variables(self.addresses("path"), traces=self.traces, area_of=self.area_of)


def _say(where: str, first: np.ndarray, samples: int, shape: tuple[int, ...], seconds) -> None:
    """Log which samples are taken; `seconds` tells when a sample is, on the stimulus's clock."""
    trials, length, neurons = shape
    ends = [f"samples {at} to {at + samples - 1} ({seconds(at):g} s)" for at in (first[0], first[-1])]
    logger.info(
        f"{where}: {trials} trials × {length} samples ({seconds(0):g} to {seconds(length):g} s) × {neurons} "
        f"neurons; image 0 has {ends[0]}, the last, image {len(first) - 1}, {ends[1]}"
    )


def power(states: np.ndarray) -> np.ndarray:
    """Return each neuron's power spectrum in each state, |DFT|², neither tapered nor detrended.

    The state of a population is the spectra of all its neurons side by side. The median of the Euclidean
    distances between states is the neurophysiological differentiation of Mayner et al. (eNeuro 9:1, 2022,
    ENEURO.0280-21.2021; states of 1 s, distances divided by the root of the number of neurons).

    Parameters
    ----------
    states : float64 array (…, time, neuron)

    Returns
    -------
    float64 array (…, neuron, frequency)
    """
    spectrum = np.fft.rfft(states, axis=-2)
    return np.moveaxis(spectrum.real**2 + spectrum.imag**2, -2, -1)


def beginnings(times, rate: float, start: float, samples: int, length: int, where: str) -> np.ndarray:
    """Return the first sample of each image's state: int array (image,)."""
    if times is None:
        raise DataError(
            f"{where}: the images of the stimulus have no times, so it is not known when they were shown. "
            "Take a movie (one without times in its file with 'rate'), or average the traces yourself."
        )
    first = np.round((np.asarray(times) - start) * rate).astype(int)
    beyond = np.flatnonzero((first < 0) | (first + samples > length))
    if beyond.size:
        at = beyond[0]
        raise DataError(
            f"{where}: the traces are of {start:g} to {start + length / rate:g} s, but the state of image "
            f"{at} is of {times[at]:g} to {times[at] + samples / rate:g} s. Take the images that were "
            "recorded whole, with 'stop' or 'count' of the movie, or correct 'rate' and 'start'."
        )
    least = np.diff(first).min(initial=samples)
    if least < 0.9 * samples:  # a frame may begin a little before the time at which it is taken
        logger.warning(
            "%s: images follow each other faster than a state is long, so states overlap: the closest are %g "
            "s apart. Take frames further apart, or a shorter 'window'",
            *(where, least / rate),
        )
    return first
