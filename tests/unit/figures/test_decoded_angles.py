"""The figure of decoded angles shows them against the true ones."""

import numpy as np
import pytest
from coding import LAYERS, drawn
from legible import assert_mentions

from repscape.core.errors import ConfigError
from repscape.figures.decoded_angles import nearest


def test_decoded_angles_are_drawn_in_the_nearest_turn(decoded, artists):
    np.testing.assert_allclose(nearest(np.array([179.0, 1, 90, 50]), np.array([1.0, 179, 0, 60]), 180),
                               [-1, 181, -90, 50])  # fmt: skip
    figure, caption, table = drawn(decoded, "decoded_angles")
    dots = artists(figure, "collections")
    for source in ("alexnet", "mouse"):
        own = table["error"].sel(source=source, decoder="ridge")
        layer = str(table["layer"].values[int(np.nanargmin(own.values))])
        points = dots[f"{source}/{layer}/relu"].get_offsets()
        error = np.abs(points[:, 1] - points[:, 0]).mean()
        assert error == pytest.approx(float(table["error"].sel(source=source, layer=layer, decoder="relu")))
    assert_mentions(caption, "smallest error")
    best = str(table["layer"].values[int(np.nanargmin(table["error"].sel(source="mouse", decoder="ridge")))])
    assert f"mouse · {best}" in [axes.get_title("left") for axes in figure.axes]
    with pytest.raises(ConfigError, match=r"layers:.* 5.* 8"):
        drawn(
            decoded,
            "decoded_angles",
            layers={name: list(LAYERS) for name in ("alexnet", "alexnet_untrained")},
        )
    with pytest.raises(ConfigError, match=r"layers\.mouse: 'V4'"):
        drawn(decoded, "decoded_angles", layers={"mouse": ["V4"]})
