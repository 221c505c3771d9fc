"""Entries are shown by the images that they are of."""

from itertools import product

import numpy as np

from repscape.figures.lib.entry_pictures import EntryPictures

OBJECTS, HUES = ("cup", "hat"), ("000", "090", "180", "270")


def test_an_entry_is_shown_by_the_first_image_with_its_labels():
    import xarray

    names = [f"{o}_{h}" for o, h in product(OBJECTS, HUES)]
    stimulus = xarray.Dataset(
        {"images": (("image", "y", "x", "channel"), np.zeros((8, 8, 16, 3), np.uint8))},
        {
            "name": ("image", names),
            "obj": ("image", [n.split("_")[0] for n in names]),
            "color": ("image", [n.split("_")[1] for n in names]),
        },
        {"stimulus": "shapes", "factors": ["obj", "color"]},
    )
    find = EntryPictures([stimulus]).find
    assert find({"image": "hat_090"}) == ("shapes", 5)
    assert find({"obj": "hat", "color": "180", "layer": "fc1"}) == ("shapes", 6)
    assert find({"obj": "hat"}) == ("shapes", 4)
    assert find({"obj": "hat", "color": "warm"}) is None
    assert find({"source": "net", "layer": "fc1"}) is None
    assert find({"stimulus": "views", "obj": "hat"}) is None
    other = stimulus.assign_attrs(stimulus="views")
    assert EntryPictures([stimulus, other]).find({"obj": "hat"}) is None
    assert EntryPictures([stimulus, other]).find({"stimulus": "views", "obj": "hat"}) == ("views", 4)
