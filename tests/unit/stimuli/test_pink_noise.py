import numpy as np
import pytest

from repscape.stimuli import pink_noise


@pytest.mark.parametrize("size", [(64, 48), (33, 50)])
@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.7])
def test_the_amplitude_falls_as_a_power_of_frequency(size, exponent):
    plane = pink_noise.luminance(size, exponent, 0.2, np.random.default_rng(0))
    assert abs(plane.mean() - 127.5) < 1e-9
    assert abs(plane.std() / plane.mean() - 0.2) < 1e-12
    amplitude = np.abs(np.fft.fft2(plane))
    rows, columns = np.mgrid[: size[0], : size[1]]
    down = np.minimum(rows, size[0] - rows) / size[0]
    right = np.minimum(columns, size[1] - columns) / size[1]
    frequency = np.sqrt(down**2 + right**2).ravel()[1:]
    product = amplitude.ravel()[1:] * frequency**exponent
    np.testing.assert_allclose(product, product[0], rtol=1e-9)


def test_images_follow_the_seed_and_more_keep_the_first(collect):
    few, attributes = collect(pink_noise.PinkNoise(count=3, size=(32, 40), seed=1).images())
    many, _ = collect(pink_noise.PinkNoise(count=5, size=(32, 40), seed=1).images())
    other, _ = collect(pink_noise.PinkNoise(count=3, size=(32, 40), seed=2).images())
    assert few[0].pixels.shape == (32, 40, 3)
    assert few[0].pixels.dtype == np.uint8
    for short, long in zip(few, many, strict=False):
        np.testing.assert_array_equal(short.pixels, long.pixels)
    assert (few[0].pixels != other[0].pixels).any()
    values = np.stack([frame.pixels for frame in few]).astype(float)
    np.testing.assert_allclose(values.std(axis=(1, 2)), 0.3 * 127.5, rtol=0.02)
    assert 0 <= attributes["clipped_share"] < 0.005
    assert pink_noise.PinkNoise(count=3).image_count() == 3


def test_channels_and_images_are_independent(collect):
    frames, _ = collect(pink_noise.PinkNoise(count=8, size=(64, 64), seed=0).images())
    planes = np.concatenate([frame.pixels.transpose(2, 0, 1) for frame in frames]).reshape(24, -1)
    r = np.corrcoef(planes.astype(float))[np.triu_indices(24, 1)]
    assert abs(r.mean()) < 0.05
    assert np.abs(r).max() < 0.7  # neighbours are alike, so chance correlations are large
    assert next(pink_noise.PinkNoise(size=(8, 9), colour="grey", seed=0).images()).pixels.shape == (8, 9)


def test_clipping_is_counted(collect):
    frames, attributes = collect(pink_noise.PinkNoise(count=3, size=(64, 64), contrast=1.0, seed=0).images())
    ends = np.mean([np.isin(frame.pixels, [0, 255]).mean() for frame in frames])
    assert 0.2 < attributes["clipped_share"] <= ends
