"""Frames of a movie."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, cast

import numpy as np
from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt

from repscape.core.errors import AssetError, ConfigError, DataError
from repscape.core.logs import logger, progress
from repscape.io.assets import local_files
from repscape.plugin.parameter_types import File
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.movie_file import Scan, decode, open_movie, scan
from repscape.stimuli.lib.movie_pixels import brightness, described, displayed

UNITS: dict[str, int | Fraction] = {"": 1, "s": 1, "ms": Fraction(1, 1000), "min": 60}


def _seconds(value) -> float:
    parts = re.fullmatch(r"([0-9]*\.?[0-9]+) *(s|ms|min|)", str(value).strip())
    if not parts:
        raise ValueError("expected a time, such as 1.5, '1.5 s', '500 ms' or '2 min'")
    return float(Fraction(parts[1]) * UNITS[parts[2]])


Seconds = Annotated[float, BeforeValidator(_seconds)]


def frames(
    *,
    path: File,
    every: Annotated[Seconds, Field(ge=0.001)] | None = None,
    count: PositiveInt | None = None,
    frames: list[NonNegativeInt] | None = None,
    start: Seconds | None = None,
    stop: Seconds | None = None,
    rate: Annotated[float, Field(ge=0.001, le=100_000)] | None = None,
    stream: NonNegativeInt | None = None,
) -> Iterator[Frame]:
    """Take frames out of a movie, chosen in exactly one of three ways.

    The video stream is the one that players show, never the picture of a cover. Frames are named by their
    number in the movie, from 0. Their times are those of presentation that the file gives, in seconds since
    the first frame, wherever the file's clock begins. The movie is decoded twice, first to learn every
    frame's time and that all of it decodes (headers may lack or misstate the number of frames), then up to
    the last frame chosen.

    Images are what players show: turned and mirrored by quarters as the movie says, pixels that are not
    square widened or heightened (if by more than 1 %), transparent ones laid over mean grey (128). Colours
    become RGB by the matrix and the range that the movie names (ITU-R BT.601 where it names none). Neither
    fields are separated (deinterlacing) nor high dynamic range is mapped; the log warns of both.

    Parameters
    ----------
    path : avi, mp4, mov, webm or what else FFmpeg reads
    every : time
        Take what is on the screen at the first frame's time and at every multiple of `every` after
        it: the last frame that begins by then. A frame that stays longer is taken once.
    count : int
        Take so many frames, evenly spaced in number, the first and the last included.
    frames : list of int
        Take the frames of these numbers, in ascending order.
    start, stop : times, optional
        With `every` and `count`: consider only frames that begin in [start, stop], since the first frame.
    rate : float, optional
        Frames a second, in place of the times in the file: for a stream without a container that states no
        rate, or where times are wrong.
    stream : int, optional
        The number of the video stream among all streams of the file, from 0, in place of the best one.

    Raises
    ------
    DataError
        The movie is missing, empty, does not decode to its end, or lacks frames that are asked for; it does
        not tell when frames are shown and `every`, `start` or `stop` ask; it is to be shown turned by another
        angle; its colours cannot be turned into RGB.
    ConfigError
        Not exactly one of `every`, `count` and `frames` is given; numbers not in ascending order;
        `stop` not above `start`.
    """
    check(every=every, count=count, frames=frames, start=start, stop=stop)
    found = scan(path, rate, stream)
    times = found.times
    if times is None and (every is not None or start is not None or stop is not None):
        raise DataError(
            f"{path}: does not tell when its frames are shown ({found.stream}). Write 'rate: 25', with its "
            "number of frames a second, or choose frames by 'count' or 'frames' alone."
        )
    if frames is not None:
        chosen = frames
        if chosen[-1] >= found.frames:
            raise DataError(
                f"{path}: has {found.frames} frames, 0 to {found.frames - 1}; 'frames' asks for {chosen[-1]}."
            )
    else:
        first, last = (0, found.frames) if times is None else _window(path, times, start, stop)
        if count is None:
            times = cast(list[Fraction], times)
            chosen = _on_screen(times[:last], first, _exact(cast(float, every)))
        elif count > last - first:
            part = f" from {float(times[first]):g} s to {float(times[last - 1]):g} s" if times else ""
            raise DataError(
                f"{path}: 'count' asks for {count} frames, found {last - first}{part}. Make 'count' smaller "
                "or the part of the movie longer."
            )
        else:
            chosen = [first + index for index in evenly_spaced(last - first, count)]
    _say(path, found, chosen, rate)
    yield from progress(
        _decoded(path, stream, chosen, times), f"decoding {path.name}", "images", len(chosen), size=_one
    )


def check(*, every, count, frames, start, stop) -> None:
    """Refuse parameters that do not go together; the config asks before a job does."""
    ways = {"every": every, "count": count, "frames": frames}
    given = [name for name, value in ways.items() if value is not None]
    if len(given) != 1:
        raise ConfigError(
            "expected exactly one of 'every' (a time), 'count' and 'frames' (a list of numbers), to choose "
            f"frames; found {' and '.join(given) or 'none'}."
        )
    if frames is not None and (not frames or frames != sorted(set(frames))):
        raise ConfigError("expected the numbers in 'frames' in ascending order, each once.")
    if frames is not None and (start is not None or stop is not None):
        raise ConfigError(
            "'start' and 'stop' do not go with 'frames', which are numbered from the first. Remove them."
        )
    if start is not None and stop is not None and stop <= start:
        raise ConfigError(f"expected 'stop' above 'start' ({start:g} s), found {stop:g} s.")


def how_many(*, count, frames) -> int | None:
    """Say how many images there will be, where that does not hang on the movie."""
    return count if frames is None else len(frames)


def about_how_many(*, path, every, start, stop) -> int | None:
    """Estimate the number of images from a movie's header, without decoding it, if it is on this machine."""
    if "://" in path:
        return None
    try:
        with open_movie(local_files(path, "path")[0]) as (container, stream):
            seconds = float(stream.duration * stream.time_base if stream.duration else 0)
            seconds = seconds or (container.duration or 0) / 1_000_000
    except (AssetError, DataError):  # told by the assets, or by the job
        return None
    return max(0, int((min(seconds, stop or seconds) - (start or 0)) / every))


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
            f"{path}: its frames begin from {float(times[0]):g} s to {float(times[-1]):g} s; none between "
            f"'start' ({start}) and 'stop' ({stop}). Correct these."
        )
    return first, last


def _on_screen(times: list[Fraction], first: int, every: Fraction) -> list[int]:
    """Number the frames on the screen at the first one's time and at every multiple after it."""
    steps = int((times[-1] - times[first]) / every)
    shown = (bisect_right(times, times[first] + step * every) - 1 for step in range(steps + 1))
    return list(dict.fromkeys(shown))


def _decoded(
    path: Path, number: int | None, chosen: list[int], times: list[Fraction] | None
) -> Iterator[Frame]:
    """Decode up to the last chosen frame and turn the chosen ones into what is shown."""
    left = iter(chosen)
    wanted = next(left)
    hdr = None
    with open_movie(path, number) as (container, stream):
        for index, frame in enumerate(decode(path, container, stream)):
            if index != wanted:
                continue
            try:
                pixels = displayed(frame, stream.sample_aspect_ratio)
            except DataError as error:
                raise DataError(f"{path}: frame {index}: {error}") from error
            if index == chosen[0]:
                logger.info("%s: %s", path, described(frame, stream.sample_aspect_ratio))
            hdr = hdr or brightness(frame)
            yield Frame(f"frame_{index:06d}", pixels, None if times is None else float(times[index]))
            wanted = next(left, None)
            if wanted is None:
                break
    if hdr:
        logger.warning(
            "%s: is of high dynamic range (%s): its values are taken as they are, without the tone mapping "
            "of players. Encode it in BT.709 to choose one",
            path,
            hdr,
        )


def _say(path: Path, found: Scan, chosen: list[int], rate: float | None) -> None:
    """Log which frames of which stream are taken."""
    times = found.times
    if times is None:
        when = "at times that the file does not tell"
    else:
        when = f"0 to {float(times[-1]):g} s, {_pace(times)}"
        if rate is not None:
            when += " as 'rate' says"
        elif found.clock:
            when += f"; 0 s is the first frame, at {float(found.clock):g} s of the file's clock"
    logger.info("%s: %s, %d frames, %s", path, found.stream, found.frames, when)
    shown = [
        f"{index}" if times is None else f"{index} at {float(times[index]):g} s"
        for index in (chosen if len(chosen) < 5 else (*chosen[:3], chosen[-1]))
    ]
    if len(chosen) >= 5:
        shown.insert(-1, "…")
    logger.info("%s: takes %d frames: %s", path, len(chosen), ", ".join(shown))
    if found.interlaced:
        logger.warning(
            "%s: %d of %d frames are interlaced, so that odd and even lines are of different moments. "
            "Deinterlace it before (ffmpeg -i IN -vf bwdif OUT)",
            path,
            found.interlaced,
            found.frames,
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
    return f"{rate} but for {longer}, the longest of {steps[widest]:.4g} s after frame {widest}"


def _one(_) -> int:
    return 1
