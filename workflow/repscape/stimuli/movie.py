"""Frames of a movie."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Annotated, cast

import numpy as np
from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt

from repscape.assets import local_files
from repscape.errors import AssetError, ConfigError, DataError
from repscape.logs import progress
from repscape.stimuli.frame import Frame
from repscape.stimuli.selection import evenly_spaced
from repscape.types import File

PIXELS = 89_478_485  # of a frame; Pillow's limit for pictures
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
) -> Iterator[Frame]:
    """Take frames out of a movie, chosen in exactly one of three ways.

    Frames are named by their number in the movie, from 0, and keep their presentation times as
    the file gives them. The movie is decoded twice, first to learn every frame's time and that all
    of it decodes (headers may lack or misstate the number of frames), then up to the last frame
    chosen; only chosen frames are turned into RGB, by the colour matrix that the movie names
    (ITU-R BT.601 where it names none). A movie that says it is to be shown turned is turned.

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
        With `every` and `count`: consider only frames that begin in [start, stop].

    Raises
    ------
    DataError
        The movie is missing, empty, does not decode to its end, or lacks frames that are asked for.
    ConfigError
        Not exactly one of `every`, `count` and `frames` is given; numbers not in ascending order;
        `stop` not above `start`.
    """
    check(every=every, count=count, frames=frames, start=start, stop=stop)
    times = timestamps(path)
    if frames is not None:
        chosen = frames
        if chosen[-1] >= len(times):
            raise DataError(
                f"{path}: has {len(times)} frames, 0 to {len(times) - 1}; 'frames' asks for {chosen[-1]}."
            )
    else:
        first, last = _window(path, times, start, stop)
        if count is not None:
            if count > last - first:
                raise DataError(
                    f"{path}: 'count' asks for {count} frames, found {last - first} from "
                    f"{float(times[first]):g} s to {float(times[last - 1]):g} s. Make 'count' smaller or the "
                    "part of the movie longer."
                )
            chosen = [first + index for index in evenly_spaced(last - first, count)]
        else:
            chosen = _on_screen(times[:last], first, _exact(cast(float, every)))
    yield from progress(
        _decoded(path, chosen, times), f"decoding {path.name}", "images", len(chosen), size=_one
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
        with _open(local_files(path, "path")[0]) as (container, stream):
            seconds = float(stream.duration * stream.time_base if stream.duration else 0)
            seconds = seconds or (container.duration or 0) / 1_000_000
    except (AssetError, DataError):  # told by the assets, or by the job
        return None
    return int((min(seconds, stop or seconds) - (start or 0)) / every)


def timestamps(path: Path) -> list[Fraction]:
    """Decode a whole movie and return its frames' presentation times in seconds.

    Raises
    ------
    DataError
        The movie does not decode, or ends before its header says.
    """
    times: list[Fraction] = []
    with _open(path) as (container, stream):
        for frame in container.decode(stream):
            times.append(_time(frame, stream, len(times)))
            if frame.is_corrupt:
                raise DataError(
                    f"{path}: frame {len(times) - 1} (at {float(times[-1]):g} s) is damaged. The file may be "
                    "truncated: copy or encode it again."
                )
        if not times:
            raise DataError(f"{path}: expected a movie, found no frame that decodes. Encode it again.")
        if stream.duration is not None:
            promised = stream.duration * stream.time_base
        else:
            promised = Fraction(container.duration or 0, 1_000_000)
        end = times[-1] - times[0] + Fraction(frame.duration or 0) * stream.time_base
    if end < promised * Fraction(95, 100) - Fraction(1, 10):
        raise DataError(
            f"{path}: its header says that it lasts {float(promised):.3f} s, found frames for "
            f"{float(end):.3f} s. The file is truncated or damaged: copy or encode it again."
        )
    return times


@contextmanager
def _open(path: Path):
    """Open a movie and its video stream; whatever FFmpeg cannot do becomes a DataError."""
    import av

    if not path.is_file():
        raise DataError(f"{path}: missing. Check the path in the config.")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: expected a movie, found an empty file (0 bytes).")
    try:
        # as a `file:`, lest a name with a colon be taken for a protocol, and nothing but files
        with av.open(f"file:{path}", options={"protocol_whitelist": "file"}) as container:
            if not container.streams.video:
                raise DataError(f"{path}: expected a movie, found no video in it.")
            stream = container.streams.video[0]
            if stream.width * stream.height > PIXELS:
                raise DataError(
                    f"{path}: refused, its frames of {stream.width} × {stream.height} pixels have more than "
                    f"{PIXELS:,}. Encode it smaller."
                )
            yield container, stream
    except (av.FFmpegError, ValueError) as error:
        raise DataError(
            f"{path}: does not decode as a movie ({getattr(error, 'strerror', None) or error}). Check that "
            "it plays; copy or encode it again (for example as H.264 in mp4)."
        ) from error


def _time(frame, stream, index: int) -> Fraction:
    """Presentation time in seconds; by the frame rate where the file has no times."""
    return index / stream.average_rate if frame.pts is None else frame.pts * frame.time_base


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


def _decoded(path: Path, chosen: list[int], times: list[Fraction]) -> Iterator[Frame]:
    """Decode up to the last chosen frame and turn the chosen ones into RGB."""
    left = iter(chosen)
    wanted = next(left)
    with _open(path) as (container, stream):
        for index, frame in enumerate(container.decode(stream)):
            if index == wanted:
                pixels = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
                yield Frame(f"frame_{index:06d}", np.ascontiguousarray(pixels), float(times[index]))
                wanted = next(left, None)
                if wanted is None:
                    return


def _one(_) -> int:
    return 1
