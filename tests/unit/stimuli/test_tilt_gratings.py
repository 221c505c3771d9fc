"""Tilt gratings are those of the exercise, pixel by pixel; their keys, factors and files."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repscape.core.errors import ConfigError, DataError
from repscape.plugin import schema
from repscape.stimuli import tilt_gratings

CHOICE = dict.fromkeys(("orientations", "count", "random", "recorded"))


def exercise(angle, sf=1 / 28, res=0.1, patch=False):
    """Transcribe `grating` of Neuromatch Academy, W1D5."""
    angle = np.deg2rad(angle)
    wpix, hpix = 640, 480
    xx, yy = np.meshgrid(sf * np.arange(0, wpix * res) / res, sf * np.arange(0, hpix * res) / res)
    if patch:
        gratings = np.cos(xx * np.cos(angle + 0.1) + yy * np.sin(angle + 0.1))
        gratings[gratings < 0] = 0
        gratings[gratings > 0] = 1
        xcent = gratings.shape[1] * 0.75
        ycent = gratings.shape[0] / 2
        xxc, yyc = np.meshgrid(np.arange(0, gratings.shape[1]), np.arange(0, gratings.shape[0]))
        icirc = ((xxc - xcent) ** 2 + (yyc - ycent) ** 2) ** 0.5 < wpix / 3 / 2 * res
        gratings[~icirc] = 0.5
    else:
        gratings = np.cos(xx * np.cos(angle) + yy * np.sin(angle))
        gratings[gratings < 0] = 0
        gratings[gratings > 0] = 1
    return gratings


def frames(**keys):
    return list(tilt_gratings.TiltGratings(**{"seed": 0} | keys).images())


@settings(max_examples=60, deadline=None)
@given(
    angle=st.floats(-90, 90),
    cycles=st.floats(0.001, 0.2),
    resolution=st.sampled_from([0.07, 0.1, 0.25, 0.3, 1.0]),
    patch=st.booleans(),
)
def test_pixels_are_those_of_the_exercise(angle, cycles, resolution, patch):
    (frame,) = frames(orientations=[angle], spatial_frequency=cycles, resolution=resolution, patch=patch)
    expected = exercise(angle, cycles, resolution, patch)
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.shape == expected.shape
    for value, grey in ((0, 0), (0.5, 128), (1, 255)):
        np.testing.assert_array_equal(frame.pixels == grey, expected == value)


def test_the_default_is_the_exercises():
    for frame in frames(count=7):
        angle = float(frame.factors["orientation"])
        assert frame.pixels.shape == (48, 64)
        np.testing.assert_array_equal(frame.pixels, 255 * exercise(angle))


def test_a_patch_lies_on_the_right_and_is_grey_outside():
    (frame,) = frames(orientations=[30], patch=True, resolution=1)
    inside = frame.pixels != 128
    rows, columns = np.nonzero(inside)
    assert abs(columns.mean() - 480) < 1
    assert abs(rows.mean() - 240) < 1
    assert inside.sum() == pytest.approx(np.pi * (640 / 6) ** 2, rel=0.01)


def test_random_orientations_are_drawn_as_the_exercise_draws_them():
    np.random.seed(12)
    expected = (np.random.rand(200) - 0.5) * 180
    drawn = frames(random=200, seed=12)
    assert [float(frame.factors["orientation"]) for frame in drawn] == expected.tolist()
    assert [frame.label for frame in drawn] == ["right" if angle > 0 else "left" for angle in expected]
    fewer = frames(random=50, seed=12)
    assert [frame.name for frame in fewer] == [frame.name for frame in drawn[:50]]
    other = frames(random=50, seed=12 + 2**32 + 1)
    assert [frame.factors for frame in other] != [frame.factors for frame in fewer]


def test_evenly_spaced_orientations():
    angles = [float(frame.factors["orientation"]) for frame in frames(count=6)]
    assert angles == [-90, -60, -30, 0, 30, 60]
    assert [frame.label for frame in frames(count=6)] == ["left"] * 4 + ["right"] * 2


def test_names_are_unique_where_angles_agree_to_three_decimals():
    named = [frame.name for frame in frames(orientations=[10.0001, 10.0002, -10.0002])]
    assert named == ["grating_000000_+010.000", "grating_000001_+010.000", "grating_000002_-010.000"]


@pytest.mark.parametrize(
    "keys", [{"count": 5}, {"random": 5}, {"orientations": [1.5, -3, 1 / 3]}], ids=["count", "random", "list"]
)
def test_numbers_and_factors_are_known_before_the_job(keys):
    section = schema.model(tilt_gratings.TiltGratings)(kind="tilt_gratings", seed=3, **keys).model_dump(
        mode="json"
    )
    made = frames(**keys, seed=3)
    assert schema.factors(section) == {"orientation": [frame.factors["orientation"] for frame in made]}
    known = {key: section[key] for key in ("orientations", "count", "random")}
    assert tilt_gratings.TiltGratings(**known).image_count() == len(made)


def test_orientations_of_a_recording(tmp_path):
    """Angles of trials from 0 to 360: those up to 180, less 90, ascending, as `load_data` of the exercise."""
    angles = np.array([200.0, 3.25, 90.5, 3.25, 180.0, 359.0, 91.75])
    np.savez(tmp_path / "v1.npz", stimuli=angles, resp=np.zeros((7, 2)))
    np.save(tmp_path / "v1.npy", angles)
    for name in ("v1.npz", "v1.npy"):
        found = [float(f.factors["orientation"]) for f in frames(recorded=tmp_path / name)]
        assert found == [-86.75, 0.5, 1.75, 90.0]
    found = [float(f.factors["orientation"]) for f in frames(recorded=tmp_path / "v1.npz", bin=5)]
    bins = np.digitize(angles, np.arange(0, 365, 5))
    means = np.array([angles[bins == number].mean() for number in np.unique(bins)])
    assert found == (means[means <= 180] - 90).tolist()
    assert schema.factors({"kind": "tilt_gratings", "seed": 0} | CHOICE) is None


def test_angles_of_a_recording_are_read_out_of_any_kind_of_file(tmp_path):
    (tmp_path / "v1.csv").write_text("neuron,stimuli\n1,30\n2,120\n3,\n4,30\n")
    found = frames(recorded=tmp_path / "v1.csv")  # one trial showed nothing
    assert [float(frame.factors["orientation"]) for frame in found] == [-60, 30]


def test_angles_from_vertical_are_no_angles_of_the_exercise(tmp_path, caplog):
    np.save(tmp_path / "v1.npy", np.arange(-90.0, 90, 30))
    with pytest.raises(DataError, match=r"v1\.npy: stimuli: .*-90.*convention: angle"):
        frames(recorded=tmp_path / "v1.npy")
    found = frames(recorded=tmp_path / "v1.npy", convention="angle")
    assert [float(frame.factors["orientation"]) for frame in found] == [-90, -60, -30, 0, 30, 60]
    assert "radians" not in caplog.text
    np.save(tmp_path / "v1.npy", np.arange(0, 181, 30))
    assert len(frames(recorded=tmp_path / "v1.npy")) == 7
    assert "-90 and 90 degrees" in caplog.text
    np.save(tmp_path / "v1.npy", np.linspace(0, 3, 7))
    frames(recorded=tmp_path / "v1.npy")
    assert "radians" in caplog.text


def test_files_of_a_recording_that_cannot_be_used(tmp_path):
    np.savez(tmp_path / "v1.npz", stim=np.zeros(3))
    (tmp_path / "text.npy").write_text("no array")
    np.save(tmp_path / "matrix.npy", np.zeros((3, 2)))
    with pytest.raises(DataError, match=r"v1\.npz: .*stimuli.*'stim'"):
        frames(recorded=tmp_path / "v1.npz")
    with pytest.raises(DataError, match=r"text\.npy: .*stimuli"):
        frames(recorded=tmp_path / "text.npy")
    with pytest.raises(DataError, match=r"matrix\.npy: stimuli: .*\(3, 2\)"):
        frames(recorded=tmp_path / "matrix.npy")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "'orientations', 'count', 'random', 'recorded'.*none"),
        ({"count": 3, "random": 3}, "count and random"),
        ({"orientations": [1, 2, 1]}, "orientations.*twice"),
        ({"orientations": [1, float("nan")]}, "orientations.*finite"),
        ({"count": 3, "spatial_frequency": 0.5}, "spatial_frequency.*0.3142.*resolution.*0.1592"),
    ],
)
def test_keys_that_do_not_go_together(keys, said):
    with pytest.raises(ConfigError, match=said):
        frames(**keys)
