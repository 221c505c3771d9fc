"""The figure of first filters shows the weights before and after training."""

import numpy as np
import pytest
from legible import assert_mentions

from repscape.core.errors import ConfigError, DataError


def test_filters_of_one_channel_share_a_diverging_scale(trained, draw, artists):
    weights = trained.write("net")["filters"]
    figure, caption = draw(trained, "first_filters")
    images = artists(figure, "images")
    assert len(images) == 18
    for when, kind in enumerate(("before", "after")):
        for number in range(6):
            np.testing.assert_array_equal(images[f"{kind}/{number}"].get_array(), weights[when, number, 0])
            limit = np.abs(weights).max()
            assert images[f"{kind}/{number}"].get_clim() == pytest.approx((-limit, limit))
    change = weights[1] - weights[0]
    np.testing.assert_allclose(images["change/3"].get_array(), change[3, 0])
    assert images["change/3"].get_clim()[1] == pytest.approx(np.abs(change).max())
    assert_mentions(caption, "6 filters", "7 × 7")


def test_filters_of_three_channels_are_coloured(trained, draw, artists):
    weights = trained.write("net", filters=(64, 3, 3, 3))["filters"]
    figure, caption = draw(trained, "first_filters")
    images = artists(figure, "images")
    assert len(images) == 3 * 24
    assert {"before/0", "after/63"} <= images.keys()
    expected = 0.5 + weights[0, 0].transpose(1, 2, 0) / (2 * np.abs(weights).max())
    np.testing.assert_allclose(images["before/0"].get_array(), expected, atol=1e-6)
    assert_mentions(caption, "24 of 64 filters", "grey is 0")
    figure, _ = draw(trained, "first_filters", filters=[5, 2])
    names = [name for name in artists(figure, "images") if name.startswith("before")]
    assert names == ["before/5", "before/2"]


def test_filters_that_cannot_be_shown(trained, draw, inputs):
    with pytest.raises(ConfigError, match=r"filters: .* 63.*'net'.* 64"):
        inputs(trained.study, "first_filters", filters=[0, 64])
    trained.write("net", filters=(4, 2, 3, 3))
    with pytest.raises(DataError, match=r"net: .*conv.* 2"):
        draw(trained, "first_filters")
    trained.write("net", filters=None)
    with pytest.raises(DataError, match=r"net: .*torch\.nn\.Conv2d"):
        draw(trained, "first_filters")
