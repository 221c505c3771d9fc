"""Gratings: their formula, their spectrum, and how they look."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repscape.core.errors import ConfigError
from repscape.stimuli import gratings


@settings(max_examples=30, deadline=None)
@given(
    orientation=st.floats(0, 180),
    frequency=st.floats(0.5, 16),
    phase=st.floats(-360, 360),
    contrast=st.floats(0, 1),
    size=st.tuples(st.integers(32, 48), st.integers(32, 48)),
)
def test_a_sine_grating_is_its_formula(orientation, frequency, phase, contrast, size):
    (frame,) = gratings.Gratings(
        orientations=[orientation], spatial_frequency=frequency, phase=phase, contrast=contrast, size=size
    ).images()
    theta = math.radians(orientation)
    for row, column in [(0, 0), (3, 17), (size[0] - 1, size[1] - 1), (size[0] // 2, size[1] // 2)]:
        x = (column + 0.5 - size[1] / 2) / size[1]
        y = (row + 0.5 - size[0] / 2) / size[1]
        wave = math.sin(
            2 * math.pi * frequency * (x * math.sin(theta) + y * math.cos(theta)) + math.radians(phase)
        )
        assert abs(127.5 * (1 + contrast * wave) - int(frame.pixels[row, column])) <= 0.5 + 1e-6


@pytest.mark.parametrize("wave", ["sine", "square"])
@pytest.mark.parametrize("orientation", [0, 30, 45, 90, 120, 150])
def test_the_spectrum_peaks_at_the_orientation_and_frequency(orientation, wave):
    (frame,) = gratings.Gratings(
        orientations=[orientation], spatial_frequency=16, wave=wave, size=(128, 128)
    ).images()
    power = np.abs(np.fft.fft2(frame.pixels.astype(float) - frame.pixels.mean(), (512, 512)))
    row, column = np.unravel_index(power.argmax(), power.shape)
    down, right = np.fft.fftfreq(512)[row] * 128, np.fft.fftfreq(512)[column] * 128
    assert abs(math.hypot(down, right) - 16) < 0.5
    # bars run at right angles to the wave vector; y points down, angles turn counter-clockwise
    bars = math.degrees(math.atan2(right, down)) % 180
    assert min(abs(bars - orientation), 180 - abs(bars - orientation)) < 1.5


def test_orientations_as_seen():
    horizontal, vertical, rising = (
        frame.pixels
        for frame in gratings.Gratings(orientations=[0, 90, 45], spatial_frequency=2, size=(64, 64)).images()
    )
    assert (horizontal == horizontal[:, :1]).all()
    assert (vertical == vertical[:1]).all()
    np.testing.assert_array_equal(rising[:-1, 1:], rising[1:, :-1])  # constant from bottom left to top right


def test_square_waves_have_two_levels_and_straight_edges():
    (frame,) = gratings.Gratings(
        orientations=[90], spatial_frequency=4, wave="square", contrast=0.5, size=(32, 64)
    ).images()
    assert set(np.unique(frame.pixels)) == {np.rint(127.5 * 0.5), np.rint(127.5 * 1.5)}
    assert (frame.pixels == frame.pixels[:1]).all()
    assert np.flatnonzero(np.diff(frame.pixels[0].astype(int))).tolist() == list(range(7, 63, 8))


def test_outside_the_disc_is_mean_grey():
    (patch,) = gratings.Gratings(orientations=[20], aperture="circle", radius=0.25, size=(60, 100)).images()
    (full,) = gratings.Gratings(orientations=[20], size=(60, 100)).images()
    y, x = np.mgrid[:60, :100]
    inside = np.hypot(x + 0.5 - 50, y + 0.5 - 30) <= 0.25 * 60
    assert (patch.pixels[~inside] == 128).all()
    np.testing.assert_array_equal(patch.pixels[inside], full.pixels[inside])


def test_orientations_are_evenly_spaced_over_half_a_turn():
    names = [frame.name for frame in gratings.Gratings(count=4, size=(32, 32)).images()]
    assert names == [f"orientation_{angle}" for angle in ("000.000", "045.000", "090.000", "135.000")]
    assert len(list(gratings.Gratings(size=(32, 32)).images())) == 30


@pytest.mark.parametrize(
    "keys", [{"count": 7, "orientations": None}, {"count": None, "orientations": [3, 0.5]}]
)
def test_orientations_are_factors(keys):
    orientations = gratings.Gratings(**keys).image_factors()["orientation"]
    assert orientations == [
        frame.factors["orientation"] for frame in gratings.Gratings(size=(32, 32), **keys).images()
    ]
    expected = keys["orientations"] or [at * 180 / 7 for at in range(7)]
    np.testing.assert_allclose([float(text) for text in orientations], expected, rtol=1e-9)
    assert gratings.Gratings(**keys).image_count() == len(orientations)


@pytest.mark.parametrize(
    ("parameters", "part"),
    [
        ({"count": 3, "orientations": [1.0, 2.0, 3.0]}, r"'count'.*'orientations'"),
        ({"orientations": [1.0, 2.0, 1.0]}, "twice"),
        ({"spatial_frequency": 17.0, "size": (32, 32)}, "16"),
    ],
)
def test_parameters_that_do_not_go_together(parameters, part):
    with pytest.raises(ConfigError, match=part):
        next(gratings.Gratings(**parameters).images())
