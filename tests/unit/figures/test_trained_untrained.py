"""The figure of twins finds them, and says which units they share."""

import numpy as np
import pytest
import xarray as xr
from legible import assert_mentions
from made_study import FIVE, FOUR
from trained_study import TRAINING

from repscape.core.errors import ConfigError
from repscape.figures import trained_untrained


def test_twins_are_found_and_compared(results, draw, artists):
    made = results(stimuli=FOUR, layers=FIVE, sources=("mobilenet_v2", "untrained")).layer_tables()
    made.differentiation()
    figure, caption = draw(made, "trained_untrained", stimuli=["bikes", "white_noise"], size=10000)
    with xr.open_dataset(made.root / made.study.path("analysis", analysis="differentiation")) as table:
        data = (
            table.differentiation.sel(population="random", size="10000", metric="sqeuclidean")
            .mean("repeat")
            .load()
        )
    shown = artists(figure, "lines")
    assert len(shown) == 6
    for stimulus in ("bikes", "white_noise"):
        first, second = (data.sel(source=name, stimulus=stimulus) for name in made.sources)
        np.testing.assert_allclose(shown[f"mobilenet_v2/{stimulus}"].get_ydata(), first)
        np.testing.assert_allclose(shown[f"untrained/{stimulus}"].get_ydata(), second)
        np.testing.assert_allclose(shown[f"ratio/{stimulus}"].get_ydata(), first / second)
    assert_mentions(caption, "mobilenet_v2", "IMAGENET1K_V1", "untrained", "different draws")


@pytest.mark.parametrize("sample", [{"size": 100000}, {"population": "filter_means"}])
def test_twins_whose_units_are_all_taken_have_no_draws(results, draw, sample):
    """A random population used whole has the same units of both: its seed is not the network's."""
    made = results(stimuli=FOUR, layers=FIVE, sources=("mobilenet_v2", "untrained")).layer_tables()
    _, caption = draw(made.differentiation(), "trained_untrained", **sample)
    assert "different draws" not in caption


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "weights: random"),
        ({"untrained": "vgg16"}, "untrained.*vgg16"),
        ({"trained": "mobilenet_v2", "untrained": "mobilenet_v2"}, "untrained.*mobilenet_v2"),
    ],
)
def test_what_there_is_not_is_refused(results, inputs, parameters, message):
    with pytest.raises(ConfigError, match=message):
        inputs(results(stimuli=FOUR, layers=FIVE).study, "trained_untrained", **parameters)


def test_a_network_that_is_trained_here_has_its_twin():
    same = {"kind": "python", "factory": "net.py:make", "weights": "random"}
    networks = {"a": same, "b": same | {"training": TRAINING}}
    assert trained_untrained.twins(networks, None, None) == ("b", "a")
    with pytest.raises(ConfigError, match="weights: random"):
        trained_untrained.twins({"a": same, "b": same}, None, None)
