"""Which stream of a movie is taken, whether it is whole, and when its frames are shown."""

import logging
import random
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from repscape.core.errors import DataError
from repscape.stimuli import movie
from repscape.stimuli.lib import movie_file

RATE = 10
CODECS = {
    ".webm": "libvpx-vp9",
    ".avi": "mpeg4",
    ".wmv": "wmv2",
    ".gif": "gif",
    ".mjpeg": "mjpeg",
}
SOUNDS = {".webm": ("libopus", 48000)}
FORMATS = {".mjpeg": "yuvj420p", ".gif": "rgb8"}


def pictures(count, seed=0):
    """Return pictures of which each is as grey as its number says, with some texture."""
    texture = np.random.default_rng(seed).integers(-15, 16, (48, 64, 1))
    return [np.clip(20 + 8 * at + texture, 0, 255).repeat(3, 2).astype(np.uint8) for at in range(count)]


def number(frame):
    return round((frame.pixels.mean() - 20) / 8)


def add_video(output, suffix, size=(64, 48), **options):
    stream = output.add_stream(CODECS.get(suffix, "libx264"), rate=RATE, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = FORMATS.get(suffix, "yuv420p")
    if suffix in (".wmv", ".avi"):
        stream.bit_rate = 2_000_000
    return stream


def encode(stream, images, begin=0):
    for at, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = at + round(begin * RATE), Fraction(1, RATE)
        yield from stream.encode(frame)
    yield from stream.encode()


def silence(stream, seconds):
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
    frame.sample_rate = 8000
    for at in range(seconds):
        frame.pts = 8000 * at
        yield from stream.encode(frame)
    yield from stream.encode()


def write(path, count=20, begin=0, seconds=0, **options):
    """Write a movie of `count` frames, with as many `seconds` of sound."""
    with av.open(str(path), "w") as output:
        stream = add_video(output, path.suffix, **options)
        sound = output.add_stream(*SOUNDS.get(path.suffix, ("mp2", 16000))) if seconds else None
        packets = list(encode(stream, pictures(count), begin))
        if sound is not None:
            packets += silence(sound, seconds)
            packets.sort(key=lambda packet: packet.dts * packet.time_base)
        for packet in packets:
            output.mux(packet)
    return path


def cut(path, share):
    data = path.read_bytes()
    short = path.with_name(f"cut{path.suffix}")
    short.write_bytes(data[: int(len(data) * share)])
    return short


# ------------------------------------------------------------------------ streams


@pytest.fixture
def cover(tmp_path):
    """Return a function that writes a movie or a sound with the picture of a cover, in this order."""

    def cover(name, kinds):
        with av.open(str(tmp_path / name), "w") as output:
            packets, begun = [], {}
            for kind in kinds:
                if kind == "cover":
                    stream = output.add_stream("png", rate=1)
                    stream.width, stream.height, stream.pix_fmt = 200, 200, "rgb24"
                    stream.disposition = Disposition.attached_pic
                    frame = av.VideoFrame.from_ndarray(np.zeros((200, 200, 3), np.uint8), format="rgb24")
                elif kind == "sound":
                    stream = output.add_stream("mp2", rate=16000)
                else:
                    stream = add_video(output, ".mp4", size=(128, 96) if kind == "large" else (64, 48))
                begun[stream] = kind
            for stream, kind in begun.items():
                if kind == "cover":
                    packets += [*stream.encode(frame), *stream.encode()]
                else:
                    packets += silence(stream, 2) if kind == "sound" else encode(stream, pictures(20))
            for packet in packets:
                output.mux(packet)
        return tmp_path / name

    return cover


def boxes(data):
    """Split the content of an mp4, or of a box of it, into boxes."""
    while data:
        size = int.from_bytes(data[:4], "big")
        yield data[:size]
        data = data[size:]


@pytest.mark.parametrize("first", [False, True])
def test_the_picture_of_a_cover_is_no_movie(cover, first):
    path = cover("a.mp4", ("cover", "sound", "movie"))
    if first:  # as other programs write it: what describes the movie before its tracks
        *before, moov = boxes(path.read_bytes())
        inside = sorted(boxes(moov[8:]), key=lambda box: [b"mvhd", b"udta", b"trak"].index(box[4:8]))
        path.write_bytes(b"".join([*before, moov[:8], *inside]))
    with av.open(str(path)) as container:
        assert (container.streams[0].disposition & Disposition.attached_pic > 0) == first
    found = list(movie.Movie(path=path, count=4).images())
    assert [number(frame) for frame in found] == [0, 6, 12, 19]
    assert found[0].pixels.shape == (48, 64, 3)


def test_a_sound_with_a_cover_is_no_movie(cover):
    with pytest.raises(DataError, match=r"a\.mp4: .*cover"):
        list(movie.Movie(path=cover("a.mp4", ("sound", "cover")), count=3).images())


def test_of_several_movies_one_can_be_chosen(cover, caplog):
    caplog.set_level(logging.INFO)
    path = cover("a.mp4", ("movie", "large"))
    (first,) = movie.Movie(path=path, frames=[3]).images()
    assert "1 (h264, 128 × 96 pixels); 'stream'" in caplog.text
    (second,) = movie.Movie(path=path, frames=[3], stream=1).images()
    assert first.pixels.shape == (48, 64, 3)
    assert second.pixels.shape == (96, 128, 3)
    with pytest.raises(DataError, match=r"'stream'.* 2, .* 0 \(h264"):
        list(movie.Movie(path=path, frames=[3], stream=2).images())


# -------------------------------------------------------------------------- times


@pytest.mark.parametrize("name", ["a.h264", "a.hevc", "a.m4v"])
def test_the_rate_that_a_stream_without_container_states(tmp_path, name):
    codec = {"a.h264": "libx264", "a.hevc": "libx265", "a.m4v": "mpeg4"}[name]
    with av.open(str(tmp_path / name), "w", format=name[2:]) as output:
        stream = output.add_stream(codec, rate=RATE, options={"x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 64, 48, "yuv420p", 2_000_000
        for packet in encode(stream, pictures(20)):
            output.mux(packet)
    found = list(movie.Movie(path=tmp_path / name, every=0.2).images())
    assert [number(frame) for frame in found] == list(range(0, 20, 2))
    assert [frame.time for frame in found] == pytest.approx([at / 5 for at in range(10)])


def test_a_rate_that_no_one_states_is_asked_for(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    path = write(tmp_path / "a.mjpeg")
    with pytest.raises(DataError, match=r"a\.mjpeg: .*rate: 25"):
        list(movie.Movie(path=path, every=0.2).images())
    found = list(movie.Movie(path=path, count=3).images())
    assert [(number(frame), frame.time) for frame in found] == [(0, None), (9, None), (19, None)]
    assert "20 frames, " in caplog.text
    found = list(movie.Movie(path=path, every=1.0, rate=5).images())
    assert [(number(frame), frame.time) for frame in found] == [(0, 0), (5, 1), (10, 2), (15, 3)]


@pytest.mark.parametrize(
    ("name", "begin"), [("a.ts", 0), ("a.ts", 3), ("a.mkv", 3), ("a.mp4", 3), ("a.avi", 0)]
)
def test_times_are_since_the_first_frame(tmp_path, caplog, name, begin):
    caplog.set_level(logging.INFO)
    options = {"bf": "2"}  # shown in another order than decoded; avi keeps but the times of decoding
    path = write(tmp_path / name, begin=begin, **options)
    found = list(movie.Movie(path=path, every=0.1, start=0.5).images())
    assert [number(frame) for frame in found] == list(range(5, 20))
    assert [frame.time for frame in found] == pytest.approx([at / 10 for at in range(5, 20)])
    assert "s of the file's clock" in caplog.text
    assert "5 at 0.5 s, 6 at 0.6 s, 7 at 0.7 s, …, 19 at 1.9 s" in caplog.text


def test_frames_before_the_beginning_that_an_mp4_names_are_not_shown(tmp_path):
    # as `ffmpeg -ss 0.5 -c copy` writes it: frames from a key frame on, of which the first are hidden
    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        stream = add_video(output, ".mp4", g="40")
        for packet in encode(stream, pictures(20), begin=-0.5):
            output.mux(packet)
    found = list(movie.Movie(path=tmp_path / "a.mp4", every=0.1).images())
    assert [number(frame) for frame in found] == list(range(5, 20))
    assert [frame.time for frame in found] == pytest.approx([at / 10 for at in range(15)])


def test_a_clock_that_runs_backwards(tmp_path):
    write(tmp_path / "a.ts", begin=5)
    path = tmp_path / "two.ts"
    path.write_bytes((tmp_path / "a.ts").read_bytes() + write(tmp_path / "b.ts").read_bytes())
    with pytest.raises(DataError, match=r"two\.ts: .*'rate"):
        list(movie.Movie(path=path, every=0.5).images())
    found = list(movie.Movie(path=path, every=1.0, rate=RATE).images())
    assert [number(frame) for frame in found] == [0, 10, 0, 10]


def test_a_picture_that_stays_without_new_content():
    # Theora says so by empty packets; the frames and times are those of ffmpeg's command
    path = Path(__file__).parents[3] / "data/stays.ogv"
    found = list(movie.Movie(path=path, every=0.1).images())
    assert [frame.time for frame in found] == pytest.approx([at / 10 for at in (*range(5), *range(9, 20))])
    greys = [frame.pixels.mean() for frame in found]
    assert np.diff(greys)[4] == pytest.approx(5 * np.diff(greys)[:4].mean(), abs=3)


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        ([0, 33, 67, 100, 133, 167, 200], "30 a second"),  # rounded by Matroska
        (
            [0, 40, 80, 120, 160, 360, 400, 440],
            "25 a second except for 1 longer step, the longest of 0.2 s after frame 4",
        ),
        ([0, 40, 100, 350, 390, 1000], "uneven, 40 to 610 ms apart"),
        ([0], "one frame"),
    ],
)
def test_the_pace_is_said(milliseconds, said):
    assert movie._pace([Fraction(ms, 1000) for ms in milliseconds]) == said


def test_words_in_another_alphabet_beside_the_movie(tmp_path):
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as output:
        output.metadata["title"] = "caf??"
        stream = add_video(output, ".avi")
        for packet in encode(stream, pictures(5)):
            output.mux(packet)
    data = path.read_bytes()
    assert b"caf??" in data
    path.write_bytes(data.replace(b"caf??", "cafés".encode("latin-1")))
    assert movie_file.scan(path).frames == 5


# ------------------------------------------------------------------------- whole


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.mp4", "a.wmv", "a.ts"])
def test_a_sound_that_lasts_longer(tmp_path, name):
    path = write(tmp_path / name, seconds=5)
    assert movie_file.scan(path).times == [Fraction(at, RATE) for at in range(20)]
    with pytest.raises(DataError, match=r"cut\.\w+: .*again"):
        movie_file.scan(cut(path, 0.3))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm", "a.avi", "a.ts", "a.wmv", "a.gif"])
def test_a_movie_that_lacks_its_last_bytes(tmp_path, name):
    lacks_its_last_bytes(write(tmp_path / name), 20)


def test_an_ogg_that_lacks_its_last_bytes(tmp_path):
    source = Path(__file__).parents[3] / "data/stays.ogv"
    lacks_its_last_bytes(shutil.copy(source, tmp_path / "a.ogv"), 16)


def lacks_its_last_bytes(path, frames):
    assert movie_file.scan(path).frames == frames
    for share in (0.97 if path.suffix == ".wmv" else 0.999, 0.9):  # wmv ends with an index
        with pytest.raises(DataError, match=r"cut\.\w+: .*again"):
            movie_file.scan(cut(path, share))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.wmv", "a.gif"])
def test_a_movie_with_something_behind_it(tmp_path, name):
    path = write(tmp_path / name)
    path.write_bytes(path.read_bytes() + b"appended by a server\n" * 3)
    assert movie_file.scan(path).frames == 20


def test_an_avi_that_was_written_through_a_pipe(tmp_path):
    data = write(tmp_path / "a.avi").read_bytes()
    (tmp_path / "a.avi").write_bytes(data[:4] + b"\xff" * 4 + data[8:])
    assert movie_file.scan(tmp_path / "a.avi").frames == 20


def test_a_codec_that_no_one_knows(tmp_path):
    path = write(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))
    with pytest.raises(DataError, match=r"a\.mp4:.*Encode"):
        movie_file.scan(path)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.gif"])
def test_damage_anywhere_is_one_sentence_or_a_movie(tmp_path, name):
    data = write(tmp_path / name).read_bytes()
    draw = random.Random(0)
    for _ in range(20):
        at = draw.randrange(len(data) - 16)
        hurt = tmp_path / f"hurt{name[1:]}"
        hurt.write_bytes(data[:at] + draw.randbytes(16) + data[at + 16 :])
        try:
            list(movie.Movie(path=hurt, count=3).images())
        except DataError as error:
            assert str(hurt) in str(error)  # noqa: PT017 (some decode, most do not)
