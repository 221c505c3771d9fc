"""Many images make the same file as few, in memory that does not grow with them."""

import tracemalloc

import numpy as np
import pytest

from repscape.io import netcdf, stored_images
from repscape.stimuli.lib.assemble import assemble, pixels_of, pixels_sha256
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.image_buffer import ImageBuffer


def frames(count, size=(6, 5)):
    random = np.random.default_rng(0)
    return (Frame(f"{at}.png", random.integers(0, 256, (*size, 3), np.uint8), at / 25) for at in range(count))


def of_own_sizes(count):
    random = np.random.default_rng(0)
    return (Frame(f"{at}", random.integers(0, 256, (at % 5 + 1, 3, 3), np.uint8)) for at in range(count))


@pytest.mark.parametrize("frames", [frames, of_own_sizes])
@pytest.mark.parametrize("block", [1, 200, 10_000])
def test_the_same_file_whether_images_fit_into_memory_or_not(tmp_path, block, frames):
    written = {}
    for name, in_memory in (("few", 2**20), ("many", 100)):
        variables = assemble(frames(23), buffer=ImageBuffer(tmp_path, in_memory, block))
        images = variables["images" if "images" in variables else "pixels"][1]
        assert isinstance(images, np.ndarray if name == "few" else ImageBuffer)
        attributes = {"sha256": pixels_of(variables)}
        netcdf.write(tmp_path / f"{name}.nc", kind="stimulus", variables=variables, attributes=attributes)
        written[name] = (tmp_path / f"{name}.nc").read_bytes()
    assert written["many"] == written["few"]
    with netcdf.open_file(tmp_path / "many.nc") as file:
        for index, frame in enumerate(frames(23)):
            np.testing.assert_array_equal(stored_images.image(file, index), frame.pixels)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few.nc", "many.nc"]


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    """The larger stimulus has 30 MB of pixels."""
    peaks = []
    for count in (250, 1000):
        tracemalloc.start()
        variables = assemble(frames(count, (100, 100)), buffer=ImageBuffer(tmp_path, 2**20, 2**18))
        attributes = {"sha256": pixels_sha256(variables["images"][1])}
        netcdf.write(tmp_path / "stimulus.nc", kind="stimulus", variables=variables, attributes=attributes)
        peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0] < 5, peaks
