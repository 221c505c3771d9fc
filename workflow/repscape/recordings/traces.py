"""Responses from traces over time: each neuron's mean or power spectrum while an image was shown."""

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.io.array_files import ordered
from repscape.plugin.contract import parameter
from repscape.recordings.lib.from_files import FromFiles
from repscape.recordings.lib.responses import Responses, ShownStimulus

Axis = Literal["trial", "time", "neuron"]
ORDER: tuple[Axis, ...] = ("trial", "time", "neuron")
State = Literal["mean", "power"]


class Traces(FromFiles):
    """Responses from traces over time: each neuron's mean or power spectrum while an image was shown."""

    rate: float = parameter("The sampling rate of the traces, in samples per second.", gt=0, le=1e6)
    traces: str | None = parameter(
        "The variable with the traces (in HDF5, the dataset's path); not needed if the file has only one "
        "variable.",
        None,
    )
    axes: list[Axis] = parameter(
        "The array's axes in their order; ``trial`` may be left out.", ["trial", "time", "neuron"]
    )
    window: float = parameter("The length of a state, in seconds.", 1.0, gt=0, le=1e6)
    start: float = parameter(
        "The time of the first sample, in seconds of the stimulus; for a movie, 0 is its first frame.",
        0.0,
        ge=-1e6,
        le=1e6,
    )
    state: State = parameter(
        "What a state is made of: the mean of the window's samples, or their power spectrum.", "power"
    )

    def read(self, stimuli: Mapping[str, ShownStimulus]) -> Iterator[Responses]:
        """Cut the traces of each trial into a state an image.

        The images have times, such as the frames of a movie taken ``every: 1 s``.

        Raises
        ------
        DataError
            A file cannot be read; the stimulus has no times; a window reaches beyond the trace.
        """
        samples = round(self.window * self.rate)
        for file, stimulus in self._files(stimuli):
            where = f"{file} ({stimulus})"
            values, what = ordered(file, self.traces, self.axes, ORDER, (self.area_of,), self._options())
            values = values if "trial" in self.axes else values[None]
            times = stimuli[stimulus].times
            first = beginnings(times, self.rate, self.start, samples, values.shape[1], where)
            self._report(where, first, samples, values.shape)
            responses = states(values, first, samples, self.state)
            frequencies = None if self.state == "mean" else np.fft.rfftfreq(samples, 1 / self.rate)
            image = np.tile(np.arange(len(first)), len(values))
            yield Responses(
                str(file), stimulus, responses, image, None, self._areas(file), frequencies, what, False
            )

    def check(self) -> None:
        """Refuse keys that do not go together."""
        if len(set(self.axes)) < len(self.axes) or set(self.axes) not in (
            {"time", "neuron"},
            {"trial", "time", "neuron"},
        ):
            raise ConfigError(
                "axes: expected time and neuron, and trial where there are several; found "
                f"{', '.join(self.axes)}."
            )
        if round(self.window * self.rate) < 1:
            raise ConfigError(
                f"window: {self.window:g} s are too short for one sample at {self.rate:g} samples per "
                "second. Set a longer window."
            )
        self._check_files(traces=self.traces)

    def _report(self, where: str, first: np.ndarray, samples: int, shape: tuple[int, ...]) -> None:
        """Log which samples are taken, and when they are on the stimulus's clock."""

        def seconds(sample: int) -> str:
            return f"{self.start + sample / self.rate:g}"

        trials, length, neurons = shape
        ends = [f"samples {at} to {at + samples - 1} ({seconds(at)} s)" for at in (first[0], first[-1])]
        logger.info(
            f"{where}: {trials} trials × {length} samples ({seconds(0)} to {seconds(length)} s) × {neurons} "
            f"neurons; image 0 has {ends[0]}, the last, image {len(first) - 1}, {ends[1]}"
        )


def states(traces: np.ndarray, first: np.ndarray, samples: int, state: State) -> np.ndarray:
    """Return the states of each trial, one an image.

    Parameters
    ----------
    traces : float array (trial, time, neuron)
    first : int array (image,)
        The first sample of each state.
    samples : int
        How many a state is of.
    state : {"mean", "power"}
        The mean of the samples, or their `power`.

    Returns
    -------
    float64 array (trial × image, neuron) or (trial × image, neuron, frequency)
    """
    windows = np.stack([traces[:, at : at + samples] for at in first], axis=1).astype(np.float64)
    found = windows.mean(2) if state == "mean" else power(windows)
    return found.reshape(-1, *found.shape[2:])


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
            f"{where}: the images of the stimulus have no times, so it is unknown when they were shown. "
            "Use a movie (with 'rate', if its file has no times), or average the traces yourself."
        )
    first = np.round((np.asarray(times) - start) * rate).astype(int)
    beyond = np.flatnonzero((first < 0) | (first + samples > length))
    if beyond.size:
        at = beyond[0]
        raise DataError(
            f"{where}: the traces run from {start:g} to {start + length / rate:g} s, but the state of "
            f"image {at} from {times[at]:g} to {times[at] + samples / rate:g} s. Use only images within "
            "the recording ('stop' or 'count' of the movie), or correct 'rate' and 'start'."
        )
    least = np.diff(first).min(initial=samples)
    if least < 0.9 * samples:  # a frame may begin a little before the time at which it is taken
        logger.warning(
            "%s: states overlap, since they are longer than the time between images (at least %g s). Use "
            "frames that are further apart, or a shorter 'window'",
            *(where, least / rate),
        )
    return first
