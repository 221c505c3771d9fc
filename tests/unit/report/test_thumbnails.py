import base64
import io

import numpy as np
import pytest
from made_page import noise, stimulus
from PIL import Image

from repscape.core.errors import DataError
from repscape.report.thumbnails import MOST, SIDE, most_of_each, thumbnails


def decoded(thumbnail):
    kind, _, code = thumbnail.address.partition(";base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(code)))
    assert kind == f"data:image/{picture.format.lower()}"
    assert picture.size == (thumbnail.width, thumbnail.height)
    return np.asarray(picture.convert("RGB"))


def test_all_of_few_images_in_order(tmp_path):
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    pixels = np.broadcast_to(colours[:, None, None], (3, 200, 100, 3))
    shown = thumbnails(stimulus(tmp_path / "s.nc", pixels, label=["r", "g", "b"], time=[0.0, 0.5, 1.0]))
    assert shown.images == 3
    assert [one.number for one in shown.thumbnails] == [1, 2, 3]
    assert [one.label for one in shown.thumbnails] == ["r", "g", "b"]
    assert [one.time for one in shown.thumbnails] == ["0.00 s", "0.50 s", "1.00 s"]
    assert "100 × 200" in shown.size  # width × height
    for thumbnail, colour in zip(shown.thumbnails, colours, strict=True):
        found = decoded(thumbnail)
        assert found.shape == (SIDE, SIDE // 2, 3)
        assert np.abs(found.astype(int) - colour).max() < 10


def test_of_many_images_evenly_spaced_ones(tmp_path):
    shown = thumbnails(stimulus(tmp_path / "s.nc", noise(300, 6, 6, 3)))
    numbers = [one.number for one in shown.thumbnails]
    assert (shown.images, len(numbers), numbers[0], numbers[-1]) == (300, MOST, 1, 300)
    assert set(np.diff(numbers)) <= {7, 8}
    assert [one.name for one in shown.thumbnails] == [f"image_{number - 1}" for number in numbers]


def test_very_small_images_are_kept_pixel_by_pixel(tmp_path):
    pixels = noise(3, 5, 7, 3)
    shown = thumbnails(stimulus(tmp_path / "s.nc", pixels))
    assert all((decoded(one) == image).all() for one, image in zip(shown.thumbnails, pixels, strict=True))


def test_grey_images_and_images_of_their_own_sizes(tmp_path):
    grey = np.repeat(noise(60, 300, 1), 3, axis=2)
    shown = thumbnails(stimulus(tmp_path / "s.nc", [grey, noise(2, 900, 3), noise(30, 30, 3)]))
    sizes = [(one.width, one.height) for one in shown.thumbnails]
    assert sizes == [(SIDE, round(60 * SIDE / 300)), (SIDE, 1), (30, 30)]
    first = decoded(shown.thumbnails[0])
    assert (first[..., 0] == first[..., 1]).all()
    assert "3 sizes" in shown.size


def test_a_page_of_many_stimuli_stays_small():
    assert most_of_each(1) == MOST
    assert all(most_of_each(count) * count <= 400 for count in range(1, 100))


def test_a_damaged_stimulus_is_refused(tmp_path):
    path = stimulus(tmp_path / "s.nc", noise(3, 50, 50, 3))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match="not as it was written"):
        thumbnails(path)
