import numpy as np
import pytest

from repscape.core.errors import ConfigError, DataError
from repscape.stimuli import phase_scramble

METHODS = {
    "temporal_phase_1d": (0,),
    "spatial_phase_2d": (1, 2),
    "spatial_phase_3d": (0, 1, 2),
    "scrambled_spatial_phase_3d": (0, 1, 2),
}


def amplitude(movie, axes):
    return np.abs(np.fft.fftn(np.asarray(movie, float), axes=axes))


@pytest.mark.parametrize("shape", [(7, 24, 18, 3), (6, 15, 16, 3), (2, 9, 9, 3)])
@pytest.mark.parametrize("axes", [(0,), (1, 2), (0, 1, 2)])
def test_amplitudes_stay_and_phases_change(shape, axes):
    movie = np.random.default_rng(0).integers(0, 256, shape)
    turned = phase_scramble.scramble(movie, axes, np.random.default_rng(1))
    assert turned.dtype == np.float64  # real
    before, after = amplitude(movie, axes), amplitude(turned, axes)
    assert np.abs(after - before).max() < 1e-5
    assert np.abs(turned - movie).mean() > 20


def test_phases_are_uniform_antisymmetric_and_shared_by_channels():
    movie = np.random.default_rng(0).integers(0, 256, (9, 32, 33, 3))
    turned = phase_scramble.scramble(movie, (0, 1, 2), np.random.default_rng(1))
    axes = (0, 1, 2)
    turn = np.fft.fftn(turned, axes=axes) / np.fft.fftn(movie.astype(float), axes=axes)
    np.testing.assert_allclose(turn, turn[..., :1].repeat(3, axis=3), atol=1e-6)
    mirrored = turn[np.ix_(*(-np.arange(n) % n for n in turn.shape[:3]), range(3))]
    np.testing.assert_allclose(turn, mirrored.conj(), atol=1e-6)
    angles = np.angle(turn[..., 0]).ravel()
    counts, _ = np.histogram(angles, 16, (-np.pi, np.pi))
    expected = len(angles) / 16
    # each angle has its mirror image, so the counts vary twice as much
    assert ((counts - expected) ** 2 / expected).sum() / 2 < 15 + 5 * np.sqrt(2 * 15)


@pytest.mark.parametrize("method", METHODS)
def test_images_keep_their_spectrum_but_for_rounding(method, write, collect, movie):
    path = write(movie, times=np.arange(7) / 5, labels=[f"label {n}" for n in range(7)])
    frames, attributes = collect(phase_scramble.PhaseScramble(of=path, method=method, seed=3).images())
    scrambled = np.stack([frame.pixels for frame in frames])
    parent = movie[attributes["image_order"]] if method.startswith("scrambled") else movie
    axes = METHODS[method]
    assert attributes["clipped_share"] == 0
    points = np.prod([movie.shape[axis] for axis in axes])
    difference = amplitude(scrambled, axes) - amplitude(parent, axes)
    # rounding adds white noise of variance 1/12 a value
    assert np.sqrt((difference**2).mean()) < np.sqrt(points / 12) * 1.1
    assert np.abs(scrambled - parent.astype(float)).mean() > 5
    assert [frame.name for frame in frames] == [f"image_{n}" for n in range(7)]
    assert [frame.time for frame in frames] == list(np.arange(7) / 5)
    assert frames[2].label == "label 2"


def test_what_each_method_keeps(write, collect, movie):
    """Means over time of each pixel, means of each image, or the mean of all."""
    path = write(movie)
    made = {
        method: np.stack(
            [
                f.pixels
                for f in collect(phase_scramble.PhaseScramble(of=path, method=method, seed=0).images())[0]
            ]
        )
        for method in METHODS
    }
    np.testing.assert_allclose(made["temporal_phase_1d"].mean(0), movie.mean(0), atol=0.5)
    np.testing.assert_allclose(made["spatial_phase_2d"].mean((1, 2)), movie.mean((1, 2)), atol=0.2)
    for method in METHODS:
        np.testing.assert_allclose(made[method].mean((0, 1, 2)), movie.mean((0, 1, 2)), atol=0.1)


def test_the_order_is_shuffled(write, collect, movie):
    order = collect(
        phase_scramble.PhaseScramble(of=write(movie), method="scrambled_spatial_phase_3d", seed=0).images()
    )[1]
    assert sorted(order["image_order"]) == list(range(7))
    assert list(order["image_order"]) != list(range(7))


def test_the_share_of_clipped_values(write, collect):
    half = np.zeros((3, 16, 16, 3), np.uint8)
    half[:, :, 8:] = 255
    frames, attributes = collect(
        phase_scramble.PhaseScramble(of=write(half), method="spatial_phase_2d", seed=0).images()
    )
    exact = phase_scramble.scramble(half, (1, 2), np.random.default_rng(0))
    beyond = (exact < -0.5) | (exact > 255.5)
    assert attributes["clipped_share"] == beyond.mean() > 0.1
    np.testing.assert_array_equal([f.pixels for f in frames], np.clip(np.rint(exact), 0, 255))


def test_seeds(write, collect, movie):
    path = write(movie)
    one, same, other = (
        np.stack([f.pixels for f in collect(phase_scramble.PhaseScramble(of=path, seed=seed).images())[0]])
        for seed in (0, 0, 1)
    )
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize("method", METHODS)
def test_a_single_image(method, write, collect, movie):
    path = write(movie[:1])
    scramble = phase_scramble.PhaseScramble(of=path, method=method, seed=0)
    if method == "spatial_phase_2d":
        scramble.check_parents({"of": 1})
        assert len(collect(scramble.images())[0]) == 1
        return
    with pytest.raises(ConfigError, match=method):
        scramble.check_parents({"of": 1})
    with pytest.raises(DataError, match=rf"parent\.nc: .*{method}.*spatial_phase_2d"):
        collect(scramble.images())
    scramble.check_parents({"of": None})
