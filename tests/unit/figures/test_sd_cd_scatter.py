"""The figure of differentiation against that of images shows what was measured, and lines."""

import numpy as np
import pytest
from legible import assert_mentions
from made_study import FIVE, FOUR
from scipy.stats import linregress

from repscape.core.errors import ConfigError


@pytest.fixture
def sd_cd(results):
    return results(stimuli=FOUR, layers=FIVE).differentiation().analyse("sd_cd")


def test_each_panel_has_its_own_regression_lines(sd_cd, draw, artists):
    figure, caption = draw(sd_cd, "sd_cd_scatter")
    data = sd_cd.read("analysis", analysis="differentiation").isel(source=0)
    d = data.differentiation.sel(population="random", size="100000", metric="sqeuclidean", repeat=0)
    relative = d / d.sel(stimulus="white_noise")
    for variable, values in (("differentiation", d), ("normalised", relative)):
        for layer in FIVE:
            x, y = values.sel(layer="input").values, values.sel(layer=layer).values
            fit = linregress(x, y)
            line = artists(figure, "lines")[f"{variable}/{layer}"]
            assert line.get_xdata()[[0, -1]] == pytest.approx([x.min(), x.max()])
            expected = fit.slope * line.get_xdata() + fit.intercept
            there = expected > 0
            np.testing.assert_allclose(line.get_ydata()[there], expected[there], rtol=1e-6)
        for stimulus in FOUR:
            found = artists(figure, "collections")[f"{variable}/{stimulus}"]
            own = values.sel(stimulus=stimulus)
            np.testing.assert_allclose(found.get_offsets()[:, 1], own.values)
            np.testing.assert_allclose(found.get_offsets()[:, 0], float(own.sel(layer="input")))
            np.testing.assert_allclose(  # the deepest has the stimulus's own colour
                found.get_facecolors()[-1][:3], np.array(rgb(sd_cd.style.colour(stimulus)))
            )
    assert_mentions(caption, "R²")


def rgb(colour):
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def test_without_a_reference_there_is_nothing_to_divide_by(results, draw, artists):
    made = results(stimuli=FOUR, layers=FIVE, reference=None)
    made.reference = ""
    made.differentiation().analyse("sd_cd")
    figure, caption = draw(made, "sd_cd_scatter")
    assert not [gid for gid in artists(figure, "lines") if gid.startswith("normalised")]
    assert "divided" not in caption
    figure, _ = draw(made, "sd_cd_r2_by_depth")
    assert list(artists(figure, "lines")) == ["mobilenet_v2/all"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"source": "vgg16"}, "source.*vgg16"),
        ({"size": 5}, "size.*5"),
        ({"analysis": "distances"}, "analysis.*distances.*sd_cd"),
    ],
)
def test_what_there_is_not_is_refused(results, inputs, parameters, message):
    with pytest.raises(ConfigError, match=message):
        inputs(results(stimuli=FOUR, layers=FIVE).study, "sd_cd_scatter", **parameters)
