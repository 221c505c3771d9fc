"""A movie's file: its video stream, whether it is whole, and when its frames are shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from repscape.core.errors import DataError
from repscape.plugin.parameter_types import MOST_PIXELS
from repscape.stimuli.lib.movie_size import declared_size

AGAIN = "The file is truncated or damaged. Copy or encode it again."
# libvpx decodes the transparency that WebM keeps beside the picture, FFmpeg's decoders leave it out
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


class Scan(NamedTuple):
    """What a movie was found to be when all of it was decoded.

    Attributes
    ----------
    frames : int
        How many there are.
    times : list of Fraction, or None
        When each frame is shown, in seconds since the first; None where the file does not say it.
    clock : Fraction
        What the file's clock says at the first frame, in seconds.
    stream : str
        Which stream it is, for the log.
    interlaced : int
        How many frames hold two fields of different moments.
    """

    frames: int
    times: list[Fraction] | None
    clock: Fraction
    stream: str
    interlaced: int


@contextmanager
def open_movie(path: Path, number: int | None = None) -> Iterator[tuple]:
    """Open a movie and a video stream of it; whatever FFmpeg cannot do becomes a DataError.

    The stream is that of this number, else the one that players show.
    """
    import av

    if not path.is_file():
        raise DataError(f"{path}: no such file. Check the path in the config.")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: expected a movie, found an empty file (0 bytes).")
    # titles in another alphabet, which PyAV before 19 refuses if this is not said
    lenient = {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "replace"}
    try:
        # as a `file:`, lest a name with a colon be taken for a protocol, and nothing but files
        with av.open(f"file:{path}", options={"protocol_whitelist": "file"}, **lenient) as container:
            yield container, _video(path, container, number)
    except (av.FFmpegError, ValueError) as error:
        raise DataError(
            f"{path}: does not decode as a movie ({getattr(error, 'strerror', None) or error}). Check that "
            "it plays, or copy or encode it again (for example as H.264 in mp4)."
        ) from error


def decode(path: Path, container, stream, ends: dict[int, Fraction] | None = None) -> Iterator:
    """Decode the frames of a stream in the order in which they are shown.

    Parameters
    ----------
    path, container, stream : as `open_movie` gives them
    ends : dict, optional
        Takes up when the last packet of each stream ends, in seconds on the file's clock.
    """
    import av

    decoder = stream.codec_context
    if stream.metadata.get("alpha_mode") == "1" and decoder.name in _WITH_ALPHA:
        decoder = av.CodecContext.create(_WITH_ALPHA[decoder.name], "r")
    for packet in container.demux():
        begins = packet.dts if packet.pts is None else packet.pts
        if ends is not None and begins is not None:
            end = (begins + (packet.duration or 0)) * packet.stream.time_base
            ends[packet.stream.index] = max(end, ends.get(packet.stream.index, end))
        # one without content and with a time lets the last picture stay; without either, it is the end
        if packet.stream.index != stream.index or not (packet.size or begins is None):
            continue
        for frame in decoder.decode(packet):
            _check_size(path, frame.width, frame.height)
            yield frame


def scan(path: Path, rate: float | None = None, number: int | None = None) -> Scan:
    """Decode a whole movie to learn when its frames are shown.

    Headers may lack or misstate the number of frames and the rate. Times are the file's. A file that keeps
    no times of presentation but times of decoding (avi) is shown at these. A stream without a container (such
    as .h264 or .m2v) has neither: its frames follow each other at the rate that the stream states.

    Parameters
    ----------
    path : file
    rate : float, optional
        Frames a second, instead of what the file says.
    number : int, optional
        Of the stream.

    Raises
    ------
    DataError
        The movie does not decode, or ends before its header says.
    """
    seen: list[tuple[int | None, int | None, int]] = []  # when shown, when decoded, for how long
    ends: dict[int, Fraction] = {}
    interlaced = 0
    with open_movie(path, number) as (container, stream):
        size, declared = path.stat().st_size, declared_size(path, container.format.name)
        if declared is not None and declared > size:
            raise DataError(
                f"{path}: expected {declared:,} bytes or more by the file's structure, found {size:,}. "
                f"{AGAIN}"
            )
        for frame in decode(path, container, stream, ends):
            if frame.is_corrupt:
                raise DataError(f"{path}: frame {len(seen)} is damaged. {AGAIN}")
            seen.append((frame.pts, frame.dts, frame.duration or 0))
            interlaced += frame.interlaced_frame
        if not seen:
            raise DataError(
                f"{path}: expected a movie, found no frame that can be decoded. If it was cut from another "
                "movie, cut it again at a key frame, or encode it again."
            )
        if missing := _ends_early(container, stream, ends):
            raise DataError(f"{path}: {missing}. {AGAIN}")
        ticks = None if _has_no_clock(container) else _shown(seen)
        every = _step(container, stream, rate)
        times: list[Fraction] | None = [Fraction(0)] if len(seen) == 1 else None
        clock = Fraction(0)
        if every is not None:
            times = [index * every for index in range(len(seen))]
        elif ticks is not None:
            times = [(tick - ticks[0]) * stream.time_base for tick in ticks]
            clock = ticks[0] * stream.time_base
        named = f"video stream {_named(stream)} of {len(container.streams)}"
        if others := [_named(video) for video in _videos(container) if video.index != stream.index]:
            named += f" (others: {', '.join(others)}; 'stream' chooses)"
    return Scan(len(seen), times, clock, named, interlaced)


def _step(container, stream, rate: float | None) -> Fraction | None:
    """Return how long a frame is shown where frames are only counted, in seconds.

    For a stream without a container FFmpeg gives 25 as a default: what the stream itself states is taken.
    """
    if rate is not None:
        return 1 / Fraction(rate).limit_denominator(10**6)
    stated = stream.codec_context.framerate if _has_no_clock(container) else None
    return 1 / Fraction(stated) if stated else None


def _videos(container) -> list:
    """Return the streams of moving pictures: not the picture of a cover."""
    from av.stream import Disposition

    return [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]


def _video(path: Path, container, number: int | None):
    """Select a video stream: the one of this number, or the best by FFmpeg's rule."""
    videos = _videos(container)
    if not videos:
        found = "only a cover picture" if container.streams.video else "no video"
        raise DataError(f"{path}: expected a movie, found {found}.")
    best = container.streams.best("video")
    stream = best if best in videos else videos[0]
    if number is not None:
        if number not in [video.index for video in videos]:
            available = ", ".join(map(_named, videos))
            raise DataError(
                f"{path}: 'stream' is {number}, but the file's video streams are {available}. Choose one "
                "of these."
            )
        stream = container.streams[number]
    if stream.codec_context is None:
        raise DataError(f"{path}: FFmpeg cannot decode this kind of video. Encode it again.")
    _check_size(path, stream.width, stream.height)
    return stream


def _named(stream) -> str:
    codec = stream.codec_context
    kind = "unknown" if codec is None else f"{codec.name}, {codec.width} × {codec.height} pixels"
    return f"{stream.index} ({kind})"


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise DataError(
            f"{path}: refused, since its frames of {width} × {height} pixels have more than "
            f"{MOST_PIXELS:,} pixels. Encode it at a smaller size."
        )


def _has_no_clock(container) -> bool:
    """Whether frames have no times in the file: a coded stream alone, or pictures one after another."""
    from av.format import Flags

    return bool(container.format.flags & Flags.no_timestamps.value) or container.format.name.endswith("_pipe")


def _shown(seen: list[tuple[int | None, int | None, int]]) -> list[int] | None:
    """Return when frames are shown, in ticks, ascending; None where the file does not say it.

    As FFmpeg's guess: the times of presentation, if they ascend, else those of decoding. The last frames,
    which the decoder gives at the end, have none of these and follow each other.
    """
    shown = [pts for pts, _, _ in seen if pts is not None]
    if len(shown) == len(seen) and _ascend(shown):
        return shown
    decoded = [dts for _, dts, _ in seen if dts is not None]
    if not decoded or any(dts is None for _, dts, _ in seen[: len(decoded)]):
        return None
    for _, _, duration in seen[len(decoded) - 1 : -1]:
        decoded.append(decoded[-1] + duration)
    return decoded if _ascend(decoded) else None


def _ascend(times: list[int]) -> bool:
    return all(a <= b for a, b in pairwise(times))


def _ends_early(container, stream, ends: dict[int, Fraction]) -> str | None:
    """Say how long a movie is if its header says that it is longer."""
    end = ends.get(stream.index, Fraction(0))
    if stream.duration is not None and container.format.name != "asf":
        promised = stream.duration * stream.time_base
        end -= (stream.start_time or 0) * stream.time_base
    else:  # that of all streams together, of which others may last longer
        promised = Fraction(container.duration or 0, 1_000_000)
        end = max(ends.values(), default=end)
    # avi counts frames; other headers may be rounded
    counted = container.format.name == "avi" and stream.average_rate
    spare = 2 / stream.average_rate if counted else promised / 20 + Fraction(1, 10)
    if end >= promised - spare:
        return None
    return f"its header says that it lasts {float(promised):.3f} s, found {float(end):.3f} s"
