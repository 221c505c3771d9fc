"""Frames of a movie as players show them."""

import re
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from repscape.core.errors import DataError
from repscape.stimuli import movie
from repscape.stimuli.lib import movie_pixels

HEIGHT, WIDTH = 48, 64


@pytest.fixture
def picture():
    """Return an RGB picture that no turn or mirror leaves as it is."""
    pixels = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    pixels[:24, :32], pixels[24:, :32], pixels[:24, 32:] = (220, 40, 10), (20, 200, 60), (90, 90, 220)
    return pixels


@pytest.fixture
def write(tmp_path):
    """Return a function that writes three frames of the same planes without loss."""

    def write(name, pixels, pixel_format="rgb24", codec="ffv1", encoded=None, colours=None, **settings):
        with av.open(str(tmp_path / name), "w") as output:
            stream = output.add_stream(codec, rate=10, options=settings.pop("options", {}))
            shape = pixels.shape[-2:] if pixel_format == "yuv444p" else pixels.shape[:2]
            stream.height, stream.width = shape
            stream.pix_fmt = encoded or pixel_format
            for key, value in {**settings, **(colours or {})}.items():
                setattr(stream.codec_context, key, value)
            for _ in range(3):
                frame = av.VideoFrame.from_ndarray(pixels, format=pixel_format)
                for key, value in (colours or {}).items():
                    setattr(frame, key, value)
                output.mux(stream.encode(frame))
            output.mux(stream.encode())
        return tmp_path / name

    return write


def shown(path):
    (frame,) = movie.Movie(path=path, frames=[1]).images()
    return frame.pixels


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_turned_and_mirrored(tmp_path, picture, quarters, mirrored):
    # checked against ffmpeg's command, which turns and mirrors by filters
    with av.open(str(tmp_path / "a.mov"), "w") as output:
        stream = output.add_stream("qtrle", rate=10)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "rgb24"
        stream.set_display_rotation(90 * quarters, hflip=mirrored)
        for _ in range(3):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode())
    expected = np.rot90(picture, quarters)  # both counter-clockwise
    np.testing.assert_array_equal(shown(tmp_path / "a.mov"), expected[:, ::-1] if mirrored else expected)


def test_how_it_is_shown_is_said(write, picture, caplog):
    caplog.set_level("INFO")
    shown(oblong(write, picture, Fraction(4, 3)))
    assert "a.mkv: gbrp, pixels of 4:3" in caplog.text
    shown(write("b.mkv", picture, codec="ffv1", encoded="yuva444p"))
    assert "b.mkv: yuva444p, colours by BT.601" in caplog.text


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_as_exif_says(tmp_path, picture, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(picture).save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)
    with Image.open(tmp_path / "a.jpg") as image:
        expected = np.asarray(ImageOps.exif_transpose(image)).astype(int)
    (found,) = movie.Movie(path=tmp_path / "a.jpg", frames=[0]).images()
    assert np.abs(found.pixels - expected).max() <= 4


def test_another_angle_is_refused(tmp_path, picture):
    with av.open(str(tmp_path / "a.mov"), "w") as output:
        stream = output.add_stream("qtrle", rate=10)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "rgb24"
        stream.set_display_rotation(30)
        output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode())
    with pytest.raises(DataError, match=r"a\.mov: frame 0:.*multiple.* 90"):
        list(movie.Movie(path=tmp_path / "a.mov", frames=[0]).images())


@pytest.mark.parametrize(
    ("name", "codec", "encoded", "options"),
    [
        ("a.mov", "qtrle", "argb", {}),
        ("a.mkv", "ffv1", "bgra", {}),
        ("a.mov", "prores_ks", "yuva444p10le", {"profile": "4444"}),
        ("a.webm", "libvpx-vp9", "yuva420p", {"lossless": "1"}),
        ("a.apng", "apng", "rgba", {}),
    ],
)
def test_transparent_pixels_lie_over_grey(write, name, codec, encoded, options):
    pixels = np.full((HEIGHT, WIDTH, 4), (200, 60, 20, 255), np.uint8)
    pixels[:, 32:, 3] = 64
    found = shown(write(name, pixels, "rgba", codec, encoded, options=options)).astype(int)
    assert np.abs(found[8:40, 4:28] - (200, 60, 20)).max() <= 3
    expected = 64 / 255 * np.array([200, 60, 20]) + 191 / 255 * 128
    assert np.abs(found[8:40, 36:60] - expected).max() <= 3


def oblong(write, picture, aspect):
    options = {"qp": "0"}  # in H.264, which says the shape of its pixels
    return write(
        "a.mkv", picture, codec="libx264rgb", encoded="rgb24", options=options, sample_aspect_ratio=aspect
    )


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(Fraction(4, 3), (48, 85)), (Fraction(3, 4), (64, 64)), (Fraction(1280, 1281), (48, 64))],
)
def test_pixels_that_are_not_square(write, picture, aspect, size):
    found = shown(oblong(write, picture, aspect))
    assert found.shape[:2] == size
    at = size[0] // 2, size[1] // 2  # the corners of four colours meet in the middle
    for y, x in ((0, 0), (-1, 0), (0, -1), (-1, -1)):
        np.testing.assert_array_equal(found[y, x], picture[y, x])
    assert (found[: at[0] - 2, : at[1] - 2] == picture[0, 0]).all()


def test_absurd_pixels_are_refused(picture):
    with pytest.raises(DataError, match="60000"):
        movie_pixels.squared(picture, Fraction(60000))


# Kr and Kb of ITU-R BT.601, BT.709 and BT.2020; the number of the matrix in ITU-T H.273
MATRICES = {6: (0.299, 0.114), 1: (0.2126, 0.0722), 9: (0.2627, 0.0593), 2: (0.299, 0.114)}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", MATRICES)
def test_colours_by_the_matrix_and_range_that_are_named(write, matrix, full):
    kr, kb = MATRICES[matrix]
    planes = np.stack([np.full((16, 16), value, np.uint8) for value in (120, 100, 160)])  # Y, Cb, Cr
    path = write("a.mkv", planes, "yuv444p", colours={"colorspace": matrix, "color_range": 2 if full else 1})
    y, cb, cr = (120 / 255, -28 / 255, 32 / 255) if full else (104 / 219, -28 / 224, 32 / 224)
    red, blue = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    expected = 255 * np.array([red, green, blue])
    assert np.abs(shown(path)[8, 8] - expected).max() <= 1.5


def test_a_matrix_that_is_not_followed_is_refused(write):
    planes = np.full((3, 16, 16), 100, np.uint8)
    path = write("a.mkv", planes, "yuv444p", colours={"colorspace": 8, "color_range": 2})  # YCgCo
    with pytest.raises(DataError, match=r"a\.mkv: frame 1: .*matrix 8"):
        shown(path)


def test_what_is_left_as_it_is_is_said(write, picture, caplog):
    shown(write("hdr.mkv", picture, encoded="bgr0", colours={"color_trc": 16}))
    assert re.search(r"hdr\.mkv: .*PQ", caplog.text)
    options = {"x264-params": "interlaced=1"}
    shown(write("tv.mkv", picture, codec="libx264", encoded="yuv420p", options=options))
    assert re.search(r"tv\.mkv: 3 of 3 .*interlaced", caplog.text)
