"""The figure of R² of distances shows what was computed, and what is significant."""

import numpy as np
import pytest
from legible import assert_mentions
from made_study import FIVE, FOUR

from repscape.core.errors import ConfigError


def test_full_markers_are_significant(pairs, draw, artists):
    pairs.analyse("distances", seed=0, permutations=99)
    data = pairs.read("analysis", analysis="distances").isel(source=0).sel(metric="sqeuclidean")
    figure, _ = draw(pairs, "distance_r2_by_depth")
    shown = artists(figure, "lines")
    for stimulus in FOUR:
        here = data.sel(stimulus=stimulus)
        np.testing.assert_allclose(shown[stimulus].get_ydata(), here.r2)
        assert shown[stimulus].get_color() == pairs.style.colour(stimulus)
        sure = np.flatnonzero(here.p_layers.values < 0.05)
        np.testing.assert_array_equal(shown[f"{stimulus}/sure"].get_xdata(), sure)
        unsure = np.flatnonzero(here.p_layers.values >= 0.05)
        np.testing.assert_array_equal(shown[f"{stimulus}/unsure"].get_xdata(), unsure)
    np.testing.assert_allclose(shown["all pooled"].get_ydata(), data.pooled_r2)
    np.testing.assert_allclose(shown["all, within stimuli"].get_ydata(), data.within_r2)


def test_pooled_values_are_of_all_stimuli_and_say_so(pairs, draw, artists):
    pairs.analyse("distances", seed=0, permutations=19)
    figure, caption = draw(pairs, "distance_r2_by_depth", stimuli=["bikes", "pictures"])
    np.testing.assert_allclose(
        artists(figure, "lines")["all pooled"].get_ydata(),
        pairs.read("analysis", analysis="distances").isel(source=0).pooled_r2.sel(metric="sqeuclidean"),
    )
    assert_mentions(caption, "2 stimuli", "all 4")
    assert "all 4" not in draw(pairs, "distance_r2_by_depth")[1]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metric": "cosine"}, "metric.*cosine"),
        ({"stimuli": ["cats"]}, "stimuli.*cats"),
    ],
)
def test_what_there_is_not_is_refused(results, inputs, parameters, message):
    with pytest.raises(ConfigError, match=message):
        inputs(results(stimuli=FOUR, layers=FIVE).study, "distance_r2_by_depth", **parameters)
