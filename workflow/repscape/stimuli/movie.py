"""Frames of a movie."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt

from repscape.core.errors import AssetError, ConfigError, DataError
from repscape.core.evenly_spaced import evenly_spaced
from repscape.core.logs import logger, progress
from repscape.io.assets import local_files
from repscape.plugin.contract import Stimulus, parameter
from repscape.plugin.parameter_types import File
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.movie_file import Scan, decode, open_movie, scan
from repscape.stimuli.lib.movie_pixels import brightness, described, displayed

UNITS: dict[str, int | Fraction] = {"": 1, "s": 1, "ms": Fraction(1, 1000), "min": 60}


def _seconds(value) -> float:
    parts = re.fullmatch(r"([0-9]*\.?[0-9]+) *(s|ms|min|)", str(value).strip())
    if not parts:
        raise ValueError("expected a time, such as 1.5, '1.5 s', '500 ms' or '2 min'")
    return float(Fraction(parts[1]) * UNITS[parts[2]])


_Apart = Annotated[float, Field(ge=0.001)]
Seconds = Annotated[float, BeforeValidator(_seconds, json_schema_input_type=float | str)]
SecondsApart = Annotated[_Apart, BeforeValidator(_seconds, json_schema_input_type=_Apart | str)]


class Movie(Stimulus):
    """Frames of a movie, chosen by exactly one of `every`, `count` and `frames`.

    The video stream is the one that players show, never the picture of a cover. Frames are named by their
    number in the movie, from 0. Their times are those of presentation that the file gives, in seconds since
    the first frame, wherever the file's clock begins. The movie is decoded twice, first to learn every
    frame's time and that all of it decodes (headers may lack or misstate the number of frames), then up to
    the last frame chosen.

    Images are what players show: turned and mirrored by quarters as the movie says, pixels that are not
    square widened or heightened (if by more than 1 %), transparent ones laid over mean grey (128). Colours
    become RGB by the matrix and the range that the movie names (ITU-R BT.601 where it names none). Fields are
    not separated (deinterlacing), and high dynamic range is not mapped; the log warns of both.
    """

    path: File = parameter("A file that FFmpeg can decode: avi, mp4, mov, webm and others.")
    every: SecondsApart | None = parameter(
        "Sample the movie at these intervals, from the first frame on: each time, the last frame that has "
        "begun. A frame that stays longer is taken once.",
        None,
    )
    count: PositiveInt | None = parameter(
        "Take this many frames, evenly spaced by number, including the first and the last.", None
    )
    frames: list[NonNegativeInt] | None = parameter(
        "Take the frames with these numbers, in ascending order, counted from 0.", None
    )
    start: Seconds | None = parameter(
        "With `every` and `count`: use only frames that begin at this time or later, counted from the "
        "first frame.",
        None,
    )
    stop: Seconds | None = parameter(
        "With `every` and `count`: use only frames that begin at this time or earlier, counted from the "
        "first frame.",
        None,
    )
    rate: float | None = parameter(
        "Frames per second, instead of the times in the file: for a stream without a container that "
        "states no rate, or if the times are wrong.",
        None,
        ge=0.001,
        le=100_000,
    )
    stream: NonNegativeInt | None = parameter(
        "The number of the video stream among all streams of the file, counted from 0; by default the "
        "best one.",
        None,
    )

    def images(self) -> Iterator[Frame]:
        """Decode the movie and take the frames.

        Raises
        ------
        DataError
            The movie is missing, empty, does not decode to its end, or lacks frames that are asked for; it
            does not say when frames are shown and `every`, `start` or `stop` ask; it is to be shown turned by
            another angle; its colours cannot be turned into RGB.
        """
        self.check()
        found = scan(self.path, self.rate, self.stream)
        selected = self._selected(found)
        _log(self.path, found, selected, self.rate)
        yield from progress(
            _decoded(self.path, self.stream, selected, found.times),
            f"decoding {self.path.name}",
            "images",
            len(selected),
            size=lambda _: 1,
        )

    def check(self) -> None:
        """Refuse frames that are chosen in several ways, or in none."""
        ways = {"every": self.every, "count": self.count, "frames": self.frames}
        given = [name for name, value in ways.items() if value is not None]
        if len(given) != 1:
            raise ConfigError(
                "expected one of 'every' (a time), 'count' and 'frames' (a list of numbers) to choose "
                f"frames, found {' and '.join(given) or 'none'}."
            )
        if self.frames is not None and (not self.frames or self.frames != sorted(set(self.frames))):
            raise ConfigError("expected the numbers in 'frames' in ascending order, each once.")
        if self.frames is not None and (self.start is not None or self.stop is not None):
            raise ConfigError(
                "'start' and 'stop' cannot be combined with 'frames', which are counted from the first "
                "frame of the file. Remove them."
            )
        if self.start is not None and self.stop is not None and self.stop <= self.start:
            raise ConfigError(f"expected 'stop' above 'start' ({self.start:g} s), found {self.stop:g} s.")

    def image_count(self) -> int | None:
        """Return the number of images where the movie has no say in it."""
        return self.count if self.frames is None else len(self.frames)

    def estimated_image_count(self) -> int | None:
        """Estimate the number of images from the movie's header, without decoding it, if it is here."""
        files = self.addresses("path")
        if self.every is None:
            return self.image_count()
        try:
            here = local_files(files, "path")
            if not here:  # to be downloaded
                return None
            with open_movie(here[0]) as (container, stream):
                seconds = float(stream.duration * stream.time_base if stream.duration else 0)
                seconds = seconds or (container.duration or 0) / 1_000_000
        except (AssetError, DataError):  # reported with the assets, or by the job
            return None
        return max(0, int((min(seconds, self.stop or seconds) - (self.start or 0)) / self.every))

    def _selected(self, found: Scan) -> list[int]:
        """Return the numbers of the frames that are asked for.

        Raises
        ------
        DataError
            The movie does not have them, or does not say when they are shown.
        """
        times = found.times
        timed = self.every is not None or self.start is not None or self.stop is not None
        if times is None and timed:
            raise DataError(
                f"{self.path}: the file does not state when its frames are shown ({found.stream}). Set "
                "'rate' to its number of frames per second, as in 'rate: 25', or choose frames by 'count' "
                "or 'frames' alone."
            )
        if self.frames is not None:
            if self.frames[-1] >= found.frames:
                raise DataError(
                    f"{self.path}: 'frames' asks for {self.frames[-1]}, but the movie has {found.frames} "
                    f"frames, 0 to {found.frames - 1}."
                )
            return self.frames
        first, last = 0, found.frames
        if times is not None:
            first, last = _window(self.path, times, self.start, self.stop)
            if self.every is not None:
                return _on_screen(times[:last], first, _exact(self.every))
        count = self.count or 0
        if count > last - first:
            part = f" from {float(times[first]):g} s to {float(times[last - 1]):g} s" if times else ""
            raise DataError(
                f"{self.path}: 'count' asks for {count} frames, found {last - first}{part}. Set a smaller "
                "'count' or a longer part of the movie."
            )
        return [first + index for index in evenly_spaced(last - first, count)]


def _exact(seconds: float) -> Fraction:
    """Return the decimal number that was meant: 0.04 as a float is a little above 1/25."""
    return Fraction(seconds).limit_denominator(10**6)


def _window(path: Path, times: list[Fraction], start: float | None, stop: float | None) -> tuple[int, int]:
    """Return the first frame that begins in [start, stop] and the one after the last."""
    first = (
        0
        if start is None
        else next((at for at, time in enumerate(times) if time >= _exact(start)), len(times))
    )
    last = len(times) if stop is None else bisect_right(times, _exact(stop))
    if first >= last:
        raise DataError(
            f"{path}: no frame begins between 'start' ({start}) and 'stop' ({stop}); frames begin from "
            f"{float(times[0]):g} s to {float(times[-1]):g} s. Correct 'start' and 'stop'."
        )
    return first, last


def _on_screen(times: list[Fraction], first: int, every: Fraction) -> list[int]:
    """Number the frames on the screen at the first one's time and at every multiple after it."""
    steps = int((times[-1] - times[first]) / every)
    shown = (bisect_right(times, times[first] + step * every) - 1 for step in range(steps + 1))
    return list(dict.fromkeys(shown))


def _decoded(
    path: Path, number: int | None, selected: list[int], times: list[Fraction] | None
) -> Iterator[Frame]:
    """Decode up to the last frame that is selected and turn the selected ones into what is shown."""
    remaining = iter(selected)
    wanted = next(remaining)
    hdr = None
    with open_movie(path, number) as (container, stream):
        for index, frame in enumerate(decode(path, container, stream)):
            if index != wanted:
                continue
            try:
                pixels = displayed(frame, stream.sample_aspect_ratio)
            except DataError as error:
                raise DataError(f"{path}: frame {index}: {error}") from error
            if index == selected[0]:
                logger.info("%s: %s", path, described(frame, stream.sample_aspect_ratio))
            hdr = hdr or brightness(frame)
            yield Frame(f"frame_{index:06d}", pixels, None if times is None else float(times[index]))
            wanted = next(remaining, None)
            if wanted is None:
                break
    if hdr:
        logger.warning(
            "%s: has high dynamic range (%s). Its values are used as they are, without the tone mapping "
            "of players. To choose a tone mapping, encode it in BT.709",
            *(path, hdr),
        )


def _log(path: Path, found: Scan, selected: list[int], rate: float | None) -> None:
    """Log which frames of which stream are taken."""
    times = found.times
    if times is None:
        when = "at times that the file does not state"
    else:
        when = f"0 to {float(times[-1]):g} s, {_pace(times)}"
        if rate is not None:
            when += " as set by 'rate'"
        elif found.clock:
            when += f"; 0 s is the first frame, at {float(found.clock):g} s of the file's clock"
    logger.info("%s: %s, %d frames, %s", path, found.stream, found.frames, when)
    shown = [
        f"{index}" if times is None else f"{index} at {float(times[index]):g} s"
        for index in (selected if len(selected) < 5 else (*selected[:3], selected[-1]))
    ]
    if len(selected) >= 5:
        shown.insert(-1, "…")
    logger.info("%s: using %d frames: %s", path, len(selected), ", ".join(shown))
    if found.interlaced:
        logger.warning(
            "%s: %d of %d frames are interlaced: odd and even lines show different moments. Deinterlace "
            "the movie first (ffmpeg -i IN -vf bwdif OUT)",
            *(path, found.interlaced, found.frames),
        )


def _pace(times: list[Fraction]) -> str:
    """Say how fast frames follow each other; times may be rounded to milliseconds."""
    steps = np.diff(np.array(times, float))
    if not len(steps):
        return "one frame"
    usual = float(np.median(steps))
    gaps = np.flatnonzero(steps > max(1.5 * usual, usual + 0.0021))
    even = np.delete(steps, gaps)
    if np.ptp(even) > 0.0021 or len(gaps) > len(even) / 4:
        return f"uneven, {1000 * steps.min():.4g} to {1000 * steps.max():.4g} ms apart"
    rate = f"{1 / even.mean():.6g} a second" if even.mean() else "all at once"
    if not len(gaps):
        return rate
    widest = int(steps.argmax())
    longer = f"{len(gaps)} longer {'step' if len(gaps) == 1 else 'steps'}"
    return f"{rate} except for {longer}, the longest of {steps[widest]:.4g} s after frame {widest}"
