"""Maps of ANOVA show shares of variance by place."""

import numpy as np
import pytest
from legible import assert_mentions
from unit_analyses import SHAPES, write_anova

from repscape.core.errors import ConfigError, DataError


def test_maps_are_means_over_channels(results, draw, artists):
    made = results()
    eta2 = write_anova(made)
    figure, caption = draw(made, "anova_maps")
    images = artists(figure, "images")
    assert {gid.split("/")[0] for gid in images} == {"input", "conv1", "dead"}
    np.testing.assert_allclose(images["input/color"].get_array(), eta2["input"][1].mean(0), rtol=1e-5)
    conv1 = images["conv1/error"].get_array()
    assert np.ma.getmaskarray(np.ma.masked_invalid(conv1))[0, 0]
    np.testing.assert_allclose(conv1[1:], eta2["conv1"][3].mean(0)[1:], rtol=1e-5)
    assert len({image.get_clim() for image in images.values()}) == 1
    assert_mentions(caption, "Grey")


def test_maps_of_chosen_layers(results, draw, artists):
    made = results(layers=tuple(SHAPES))
    write_anova(made)
    figure, _ = draw(made, "anova_maps", layers=["conv1"])
    assert {gid.split("/")[0] for gid in artists(figure, "images")} == {"conv1"}
    with pytest.raises(ConfigError, match=r"layers: 'conv2'.*'conv1'"):
        draw(made, "anova_maps", layers=["conv2"])
    write_anova(made, layers={"fc1": (5, 1, 1)})
    with pytest.raises(DataError, match=r"layer.*position"):
        draw(made, "anova_maps")
