"""The gallery of preprocessing shows each step."""

import numpy as np
import xarray as xr
from legible import assert_mentions


def test_preprocessing_shows_each_step_on_an_honest_scale(results, draw, artists):
    made = results().preprocessing()
    figure, caption = draw(made, "preprocessing_gallery")
    path = made.root / made.study.path("analysis", analysis="preprocessing")
    shown = artists(figure, "images")
    assert len(shown) == 6 * 6
    with xr.open_dataset(path, group="mobilenet_v2/bikes") as steps:
        for name, step in (("original", "original"), ("resized", "resized"), ("cropped", "rgb")):
            np.testing.assert_array_equal(shown[f"bikes/{name}"].get_array(), steps[step].values)
        for place, channel in enumerate("RGB"):
            image = shown[f"bikes/normalised {channel}"]
            np.testing.assert_allclose(image.get_array(), steps.normalised.values[place])
    # the whitest blue is the farthest from the mean that a pixel can be
    limits = {image.get_clim() for gid, image in shown.items() if "normalised" in gid}
    assert len(limits) == 1
    np.testing.assert_allclose(limits.pop(), np.array([-1, 1]) * (1 - 0.406) / 0.225)
    assert_mentions(caption, "232 pixels", "224 × 224 pixels")
