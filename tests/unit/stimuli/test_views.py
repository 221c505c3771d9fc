import numpy as np
import pytest
from PIL import Image

from repscape.core.errors import ConfigError, DataError
from repscape.stimuli import views


@pytest.fixture
def ramps(tmp_path):
    """A picture whose red grows to the right, green downwards, blue nowhere: a pixel tells its place."""
    down, right = np.mgrid[:100, :200]
    pixels = np.stack([right, 2 * down, np.full_like(down, 100)], axis=2)
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "ramps.png")
    return tmp_path / "ramps.png"


def test_views_are_parts_of_the_picture(ramps, collect):
    frames, attributes = collect(
        views.Views(path=ramps, count=40, size=(50, 60), scale=(0.5, 0.8), lighting=0.0, seed=0).images()
    )
    assert attributes["clipped_share"] == 0
    widths, lefts, tops, turned = [], [], [], 0
    for frame in frames:
        pixels = frame.pixels.astype(float)
        assert pixels.shape == (50, 60, 3)
        assert (pixels[..., 2] == 100).all()
        slope_right = (pixels[25, -10, 0] - pixels[25, 9, 0]) / 40  # picture's pixels a view's pixel
        slope_down = (pixels[-10, 30, 1] - pixels[9, 30, 1]) / 31 / 2
        turned += slope_right < 0
        assert abs(abs(slope_right) - slope_down) < 0.08  # no change of the ratio of sides
        widths.append(abs(slope_right) * 60)
        lefts.append(pixels[..., 0].min())
        tops.append(pixels[..., 1].min() / 2)
    largest = 100 / 50 * 60
    assert min(widths) > 0.5 * largest - 3
    assert max(widths) < 0.8 * largest + 3
    assert np.ptp(widths) > 0.2 * largest
    assert np.ptp(lefts) > 60
    assert np.ptp(tops) > 20
    assert 10 <= turned <= 30


def test_lighting_multiplies(ramps, collect):
    keys = {"path": ramps, "count": 20, "size": (40, 40), "flip": False, "seed": 5}
    plain, _ = collect(views.Views(lighting=0.0, **keys).images())
    lit, attributes = collect(views.Views(lighting=1.0, **keys).images())
    gains = []
    for one, other in zip(plain, lit, strict=True):
        gain = other.pixels[..., 2].mean() / 100
        expected = np.clip(np.rint(one.pixels * gain), 0, 255)
        assert np.abs(expected - other.pixels).max() <= 2
        gains.append(np.log2(gain))
    assert -1 <= min(gains) < -0.6
    assert 0.6 < max(gains) <= 1
    assert 0 < attributes["clipped_share"] < 0.2


def test_more_views_keep_the_first(ramps, collect):
    few, _ = collect(views.Views(path=ramps, count=3, seed=1).images())
    many, _ = collect(views.Views(path=ramps, count=5, seed=1).images())
    for one, other in zip(few, many, strict=False):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    assert [frame.name for frame in few] == ["view_000000", "view_000001", "view_000002"]


def test_a_picture_of_another_stimulus(write, movie, collect):
    path = write(movie, labels=list("abcdefg"))
    whole = {"size": (24, 18), "scale": (1.0, 1.0), "flip": False, "lighting": 0.0, "seed": 0}
    frames, _ = collect(views.Views(of=path, image="image_3", count=3, **whole).images())
    np.testing.assert_array_equal(frames[1].pixels, movie[3])
    assert frames[1].label == "d"
    longer, _ = collect(views.Views(of=path, image="folder/image_3", count=3, **whole).images())
    np.testing.assert_array_equal(longer[1].pixels, movie[3])
    first, _ = collect(views.Views(of=path, count=3, **whole).images())
    np.testing.assert_array_equal(first[0].pixels, movie[0])
    with pytest.raises(DataError, match=r"'image_9'.*'image_"):
        collect(views.Views(of=path, image="image_9", **whole).images())


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "found none"),
        ({"path": "a.png", "of": "b"}, "found both"),
        ({"path": "a.png", "image": "c"}, "'of'"),
    ],
)
def test_one_picture(keys, said):
    with pytest.raises(ConfigError, match=said):
        views.Views(**{"path": None, "of": None, "image": None} | keys).check()
