import hashlib

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision import models
from torchvision.transforms import functional

from repscape.core.errors import DataError
from repscape.io import netcdf, stored_images
from repscape.stimuli.lib.assemble import assemble, covering, pixels_of, pixels_sha256, resize
from repscape.stimuli.lib.frame import Frame

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
    netcdf.write(tmp_path / "s.nc", kind="stimulus", variables=assemble(timed))
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


ODD = [(47, 80), (80, 47), (65, 64), (64, 66), (129, 65), (33, 200), (5, 7), (1, 9), (301, 64), (64, 64)]


@pytest.mark.parametrize("side", [64, 33])
@pytest.mark.parametrize("shape", ODD)
def test_crop_cuts_where_torchvision_does(shape, side):
    """Whole pixels, rounded as torchvision rounds them, also where images are enlarged."""
    pixels = rng.integers(0, 256, (*shape, 3), np.uint8)
    image = functional.resize(Image.fromarray(pixels), side)
    expected = np.asarray(functional.center_crop(image, side))
    np.testing.assert_array_equal(resize(pixels, (side, side), "crop"), expected)
    np.testing.assert_array_equal(resize(pixels[..., 0], (side, side), "crop"), expected[..., 0])


@given(st.tuples(st.integers(1, 500), st.integers(1, 500)), st.tuples(st.integers(1, 99), st.integers(1, 99)))
def test_crop_keeps_the_ratio_and_no_more_than_it_must(old, size):
    new = covering(old, size)
    assert (new[0] == size[0] and new[1] >= size[1]) or (new[1] == size[1] and new[0] >= size[0])
    scale = max(size[0] / old[0], size[1] / old[1])
    assert all(
        side - 1 < other <= max(side, wanted)
        for side, other, wanted in zip((scale * old[0] + 1e-9, scale * old[1] + 1e-9), new, size, strict=True)
    )


@pytest.mark.parametrize(("weights", "side"), [("IMAGENET1K_V1", 256), ("IMAGENET1K_V2", 232)])
def test_a_size_after_which_the_weights_own_transform_sees_the_same(weights, side):
    """As docs/scale.md advises: the side that the network resizes to, not the one that it crops to."""
    transform = models.ResNet50_Weights[weights].transforms()
    for shape in [(47, 80), (301, 222), (255, 256), (375, 500), (257, 391)]:
        pixels = rng.integers(0, 256, (*shape, 3), np.uint8)
        small = resize(pixels, (side, side), "crop")
        assert torch.equal(transform(Image.fromarray(small)), transform(Image.fromarray(pixels))), shape


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
    _, images, attributes = assemble(frames((5, 7), (9, 9, 3), (6, 6), (4, 2)), (6, 6), "crop")["images"]
    assert images.shape == (4, 6, 6, 3)
    assert attributes["resized"] == 3


def test_images_keep_sizes_of_their_own(tmp_path, caplog):
    caplog.set_level("INFO")
    made = frames((5, 7), (9, 4, 3), (1, 1, 3), (5, 7))
    variables = assemble([frame._replace(label="cat") for frame in made])
    names = list(variables["name"][1])
    assert f"{names[0]}, {names[1]} … {names[3]}" in caplog.text
    assert "3 different sizes, from 1 x 1 to 9 x 4" in caplog.text
    netcdf.write(tmp_path / "s.nc", kind="stimulus", variables=variables)
    expected = [np.dstack([f.pixels] * 3) if f.pixels.ndim == 2 else f.pixels for f in made]
    with netcdf.open_file(tmp_path / "s.nc") as file, xr.open_dataset(tmp_path / "s.nc") as dataset:
        assert set(dataset.data_vars) == {"pixels", "first_pixel", "image_height", "image_width"}
        assert dataset.pixels.dims == ("pixel", "channel")
        assert dataset.name.values.tolist() == ["0.png", "1.png", "2.png", "3.png"]
        assert dataset.label.values.tolist() == ["cat"] * 4
        first = int(dataset.first_pixel[1])  # as workflow/docs/guide/result_files.md says
        read = dataset.pixels[first : first + 36].values.reshape(9, 4, 3)
        np.testing.assert_array_equal(read, expected[1])
        for opened in (file, dataset):
            assert stored_images.count(opened) == 4
            assert stored_images.sizes(opened).tolist() == [[5, 7], [9, 4], [1, 1], [5, 7]]
            for index, pixels in enumerate(expected):
                np.testing.assert_array_equal(stored_images.image(opened, index), pixels)
            for pixels, wanted in zip(stored_images.some(opened, range(1, 3)), expected[1:3], strict=True):
                np.testing.assert_array_equal(pixels, wanted)


def test_the_checksum_tells_sizes_apart():
    """The same bytes are another stimulus if its images have other sizes."""
    pixels = rng.integers(0, 256, (30, 3), np.uint8)

    def checksum(*sizes):
        ends = np.cumsum([height * width for height, width in sizes])[:-1]
        cut = zip(np.split(pixels, ends), sizes, strict=True)
        return pixels_of(
            assemble([Frame(str(at), part.reshape(*size, 3)) for at, (part, size) in enumerate(cut)])
        )

    tall, wide = (5, 2), (2, 5)
    assert len({checksum(wide, tall, wide), checksum(tall, wide, wide), checksum(wide, wide, wide)}) == 3


@pytest.mark.parametrize(
    ("given_frames", "parts"),
    [
        ([], ["at least 3", "found 0"]),
        (frames((5, 7), (5, 7)), ["at least 3", "found 2", "0.png, 1.png"]),
        ([*frames((5, 7), (5, 7)), *frames((5, 7))], ["several named 0.png"]),
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
