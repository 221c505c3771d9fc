"""What captions say of populations: numbers, names and the choice of channels."""

import pytest

from repscape.plugin import registry, schema


@pytest.mark.parametrize(
    ("section", "mentioned"),
    [
        ({"kind": "all"}, ["all units"]),
        ({"kind": "random", "units": 5000}, ["5,000 units", "at random"]),
        ({"kind": "random", "units": 1}, ["1 unit "]),
        ({"kind": "top", "units": 2000, "reference": ["faces", "houses"]}, ["faces and houses", "2,000"]),
        ({"kind": "top", "units": 3, "reference": "faces"}, ["response to faces,"]),
        ({"kind": "filters", "channels": [0, 7]}, [": 0 and 7"]),
        ({"kind": "filters", "channels": "0:32"}, [": 0:32"]),
        ({"kind": "filters", "channels": {"conv1": [1]}}, ["chosen in each layer"]),
        ({"kind": "region", "centre": [112, 80.5], "radius": 20}, ["20 pixels", "y = 112, x = 80.5"]),
        ({"kind": "filter_means"}, ["means", "filters over positions"]),
        ({"kind": "filter_means", "channels": [1]}, ["means", "filters chosen"]),
        ({"kind": "position_means"}, ["means", "positions over channels"]),
    ],
)
def test_caption(section, mentioned):
    said = schema.make("populations", section).caption()
    assert all(words in said for words in mentioned), said
    assert not said.endswith(".")


def test_every_population_has_one():
    keys = {"units": 3, "reference": ["a"], "channels": [1], "centre": [1, 2], "radius": 3}
    found = [
        schema.make("populations", {"kind": name, **keys}).caption() for name in registry.names("populations")
    ]
    assert "" not in found
    assert len(set(found)) == len(found)
