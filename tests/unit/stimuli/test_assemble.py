import hashlib

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from repscape import store
from repscape.errors import DataError
from repscape.stimuli.assemble import assemble, pixels_sha256, resize
from repscape.stimuli.frame import Frame

rng = np.random.default_rng(0)


def frames(*shapes):
    return [Frame(f"{at}.png", rng.integers(0, 256, shape, np.uint8)) for at, shape in enumerate(shapes)]


def test_grey_becomes_rgb_and_pixels_stay_as_they_are():
    given_frames = frames((5, 7), (5, 7, 3), (5, 7))
    variables = assemble(given_frames)
    dims, images, _ = variables["images"]
    assert dims == ("image", "y", "x", "channel")
    assert images.shape == (3, 5, 7, 3)
    assert images.dtype == np.uint8
    for channel in range(3):
        np.testing.assert_array_equal(images[0, ..., channel], given_frames[0].pixels)
    np.testing.assert_array_equal(images[1], given_frames[1].pixels)
    assert variables["name"] == (("image",), ["0.png", "1.png", "2.png"])
    assert set(variables) == {"images", "name", "channel"}


def test_plain_xarray_reads_what_the_store_writes(tmp_path):
    timed = [frame._replace(time=at / 25, label="cat") for at, frame in enumerate(frames(*[(5, 7)] * 3))]
    store.write(tmp_path / "s.nc", kind="stimulus", variables=assemble(timed))
    with xr.open_dataset(tmp_path / "s.nc") as dataset:
        assert set(dataset.data_vars) == {"images"}
        assert dataset.time.values.tolist() == [0.0, 0.04, 0.08]
        assert dataset.time.units == "s"
        assert dataset.label.values.tolist() == ["cat"] * 3
        assert dataset.channel.values.tolist() == ["R", "G", "B"]


def test_squash_to_half_averages_as_the_triangle_filter_says():
    # Half size: the triangle spans 4 pixels with weights 1, 3, 3, 1 (of 8), inside the image.
    pixels = rng.integers(0, 256, (16, 16), np.uint8)
    small = resize(pixels, (8, 8), "squash")
    weights = np.array([1, 3, 3, 1]) / 8
    for y in range(1, 7):
        for x in range(1, 7):
            part = pixels[2 * y - 1 : 2 * y + 3, 2 * x - 1 : 2 * x + 3]
            assert abs(float(weights @ part @ weights) - small[y, x]) <= 1


@pytest.mark.parametrize("size", [(32, 32), (20, 50), (64, 10), (100, 90)])
def test_crop_is_pillows_fit(size):
    pixels = rng.integers(0, 256, (47, 80, 3), np.uint8)
    expected = ImageOps.fit(Image.fromarray(pixels), (size[1], size[0]), Image.Resampling.BILINEAR)
    difference = resize(pixels, size, "crop").astype(int) - np.asarray(expected)
    assert np.abs(difference).max() <= 2


def test_crop_keeps_the_middle_of_the_longer_side():
    pixels = np.zeros((10, 30), np.uint8)
    pixels[:, 10:20] = 200
    assert (resize(pixels, (10, 10), "crop") == 200).all()
    assert (resize(pixels.T, (10, 10), "crop") == 200).all()


def test_squash_keeps_everything():
    pixels = np.zeros((10, 30), np.uint8)
    pixels[:, 15:] = 200
    small = resize(pixels, (10, 10), "squash")
    assert (small[:, :4] == 0).all()
    assert (small[:, 6:] == 200).all()


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from(["squash", "crop"]),
    st.integers(0, 255),
)
def test_any_size_is_reached_and_a_uniform_image_stays_uniform(old, new, fit, value):
    resized = resize(np.full(old, value, np.uint8), new, fit)
    assert resized.shape == new
    assert (resized == value).all()


@given(st.tuples(st.integers(1, 20), st.integers(1, 20)), st.sampled_from(["squash", "crop"]))
def test_the_right_size_is_left_alone(size, fit):
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    np.testing.assert_array_equal(resize(pixels, size, fit), pixels)


def test_images_of_different_sizes_fit_after_resizing():
    assert assemble(frames((5, 7), (9, 9, 3), (4, 2)), (6, 6), "crop")["images"][1].shape == (3, 6, 6, 3)


@pytest.mark.parametrize(
    ("given_frames", "parts"),
    [
        ([], ["at least 3", "found 0"]),
        (frames((5, 7), (5, 7)), ["at least 3", "found 2", "0.png, 1.png"]),
        ([*frames((5, 7), (5, 7)), *frames((5, 7))], ["more than once: 0.png"]),
        (frames((5, 7), (5, 7), (7, 5)), ["0.png is 5 × 7", "2.png is 7 × 5", "size: [height, width]"]),
        (frames((5, 7), (5, 7), (5, 7, 4)), ["2.png", "(5, 7, 4)"]),
        ([Frame("a", np.zeros((5, 7)))], ["a: expected uint8", "float64"]),
    ],
)
def test_what_cannot_be_a_stimulus_is_told(given_frames, parts):
    with pytest.raises(DataError) as error:
        assemble(given_frames)
    assert all(part in str(error.value) for part in parts)


def test_the_checksum_is_of_shape_and_bytes():
    images = rng.integers(0, 256, (3, 4, 5, 3), np.uint8)
    expected = hashlib.sha256(b"(3, 4, 5, 3)" + images.tobytes()).hexdigest()
    assert pixels_sha256(images) == expected
    assert pixels_sha256(np.asfortranarray(images)) == expected
    assert pixels_sha256(images.reshape(3, 5, 4, 3)) != expected
