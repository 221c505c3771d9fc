"""What figures of single images, units and filters share."""

import numpy as np
import pytest

from repscape.figures.lib import captions
from repscape.figures.lib.activation_panels import seen


@pytest.mark.parametrize(
    ("value", "text"), [(4e-6, "4·10⁻⁶"), (1e-5, "10⁻⁵"), (-2.5e7, "−2.5·10⁷"), (0.25, "0.25"), (-3, "−3")]
)
def test_numbers_have_powers_of_ten(value, text):
    assert captions.plain(value) == text


def test_images_are_cropped_to_what_the_network_is_shown():
    pixels = np.arange(32 * 64).reshape(32, 64)
    assert seen(pixels, '{"resize": 256, "crop": null}').shape == (32, 64)
    # shorter side 32 to 256: 512 wide; 224 of 256 rows and of 512 columns
    np.testing.assert_array_equal(seen(pixels, '{"resize": 256, "crop": 224}'), pixels[2:30, 18:46])
    np.testing.assert_array_equal(seen(pixels, '{"resize": [16, 16], "crop": [16, 8]}'), pixels[:, 16:48])
    np.testing.assert_array_equal(seen(pixels, '{"resize": null, "crop": 100}'), pixels)
