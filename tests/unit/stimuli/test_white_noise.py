"""White noise: uniform, independent, and the same from the same seed."""

import math

import numpy as np

from repscape.stimuli import white_noise


def test_noise_is_uniform_and_independent():
    images = np.stack(
        [frame.pixels for frame in white_noise.WhiteNoise(count=30, size=(64, 48), seed=1).images()]
    )
    assert images.shape == (30, 64, 48, 3)
    assert images.dtype == np.uint8
    counts = np.bincount(images.ravel(), minlength=256)
    expected = images.size / 256
    assert ((counts - expected) ** 2 / expected).sum() < 256 + 5 * math.sqrt(2 * 256)  # chi-squared
    flat = images.reshape(30, -1).astype(float)
    r = np.corrcoef(flat)[~np.eye(30, dtype=bool)]
    assert np.abs(r).max() < 5 / math.sqrt(flat.shape[1])
    channels = np.corrcoef(images.reshape(-1, 3).T.astype(float))
    assert np.abs(channels[~np.eye(3, dtype=bool)]).max() < 0.02


def test_noise_follows_its_seed_and_more_images_keep_the_first():
    few = list(white_noise.WhiteNoise(count=3, size=(8, 8), seed=5).images())
    many = list(white_noise.WhiteNoise(count=6, size=(8, 8), seed=5).images())
    other = next(iter(white_noise.WhiteNoise(count=3, size=(8, 8), seed=6).images()))
    for short, long in zip(few, many, strict=False):
        np.testing.assert_array_equal(short.pixels, long.pixels)
    assert [frame.name for frame in few] == ["noise_000000", "noise_000001", "noise_000002"]
    assert (few[0].pixels != other.pixels).any()


def test_grey_noise_has_one_value_a_pixel():
    assert next(white_noise.WhiteNoise(size=(8, 9), colour="grey", seed=0).images()).pixels.shape == (8, 9)
