"""The figure of R² of differentiation shows its range without any one stimulus."""

import numpy as np
import pytest
from made_study import FIVE, FOUR

from repscape.core.errors import ConfigError


@pytest.fixture
def sd_cd(results):
    return results(stimuli=FOUR, layers=FIVE).differentiation().analyse("sd_cd")


def test_r2_by_depth_has_the_range_without_any_one_stimulus(sd_cd, draw, artists):
    figure, caption = draw(sd_cd, "sd_cd_r2_by_depth", metric="correlation", size=200)
    data = (
        sd_cd.read("analysis", analysis="sd_cd")
        .isel(source=0)
        .sel(population="random", size="200", metric="correlation")
    )
    for over in ("all", "without_reference"):
        found = artists(figure, "lines")[f"mobilenet_v2/{over}"].get_ydata()
        np.testing.assert_allclose(found, data.r2.sel(over=over).sel(layer=list(FIVE)))
        band = artists(figure, "collections")[f"mobilenet_v2/{over}/range"].get_paths()
        if over == "all":
            corners = np.concatenate([path.vertices for path in band])
            for at, layer in enumerate(FIVE):
                heights = corners[np.isclose(corners[:, 0], at), 1]
                here = data.sel(over=over, layer=layer)
                assert heights.min() == pytest.approx(float(here.r2_low))
                assert heights.max() == pytest.approx(float(here.r2_high))
    assert "without white_noise" in caption


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metric": "cosine"}, "metric.*cosine"),
    ],
)
def test_what_there_is_not_is_refused(results, inputs, parameters, message):
    with pytest.raises(ConfigError, match=message):
        inputs(results(stimuli=FOUR, layers=FIVE).study, "sd_cd_r2_by_depth", **parameters)
