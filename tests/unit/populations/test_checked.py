"""What a population's plugin selects is checked: records are read by these indices."""

import numpy as np
import pytest

from repscape.core.errors import DataError
from repscape.populations.lib.file import check
from repscape.populations.lib.layer import Layer, Selection

LAYER = Layer("conv", channels=3, height=4, width=5, units=60)


@pytest.mark.parametrize(
    ("unit", "statistic"),
    [([0, 7, 59], "unit"), ([0, 1, 2], "channel_mean"), ([3, 19], "position_mean"), ([5], "unit")],
)
def test_units_of_the_layer_pass(unit, statistic):
    check(Selection(np.array(unit, np.int32), statistic, 9), LAYER, "mine")


@pytest.mark.parametrize(
    ("unit", "statistic"),
    [
        ([7, 0], "unit"),
        ([0, 0, 1], "unit"),
        ([-1, 3], "unit"),
        ([0, 60], "unit"),
        ([0, 3], "channel_mean"),
        ([0, 20], "position_mean"),
        ([0.5, 1.5], "unit"),
        ([True, False], "unit"),
        ([[0, 1]], "unit"),
        (np.array([], int), "unit"),
    ],
)
def test_others_are_refused(unit, statistic):
    with pytest.raises(DataError, match=r"population 'mine', layer conv:.*numbers.* 0.*\d+"):
        check(Selection(np.array(unit), statistic, 9), LAYER, "mine")


def test_what_is_no_selection_or_of_an_unknown_statistic_is_refused():
    with pytest.raises(DataError, match=r"Selection.*ndarray"):
        check(np.arange(3), LAYER, "mine")
    with pytest.raises(DataError, match=r"'units'.*'unit'"):
        check(Selection(np.arange(3), "units", 3), LAYER, "mine")
