"""The table of ranks is sorted, and its numbers are short."""

import numpy as np
import pytest
import xarray as xr
from made_study import FIVE, FOUR

from repscape.core.errors import ConfigError
from repscape.figures.ranking_table import decimals, interval, power


def test_the_table_of_ranks_is_sorted_in_every_layer(pairs, draw):
    pairs.analyse("differentiation").analyse("image_bootstrap", seed=0, resamples=100).analyse("ranking")
    figure, caption = draw(pairs, "ranking_table", layers=["input", "fc1"])
    data = (
        pairs.read("analysis", analysis="differentiation")
        .isel(source=0)
        .differentiation.sel(population="random", size="100000", metric="sqeuclidean")
    )
    names = {text.get_gid(): text.get_text() for text in figure.axes[0].texts if text.get_gid()}
    for layer in ("input", "fc1"):
        d = data.sel(layer=layer).mean("repeat")
        expected = [str(d.stimulus.values[i]) for i in np.argsort(-d.values)]
        assert [names[f"{layer}/{rank}"] for rank in range(1, 5)] == expected
    assert "95% interval" in caption


@pytest.mark.parametrize(
    ("values", "expected"),
    [([5.1e-4, 7.6e-6], -4), ([0.02, 1e-5], 0), ([0.0], 0), ([3e6, 2.0], 6), ([3e-3, np.nan], -3)],
)
def test_small_d_has_a_power_of_ten(values, expected):
    assert power(xr.Dataset({"differentiation": ("rank", np.array(values))})) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(1.23456, 1.2, 1.3)], ["1.23 [1.20, 1.30]"]),
        (
            [(2.04, 1.5, 3.2), (2.0375, 2.0338, 2.0412)],
            ["2.0400 [1.5000, 3.2000]", "2.0375 [2.0338, 2.0412]"],
        ),
        ([(14.2, 9.1, 22.3)], ["14 [9, 22]"]),
        ([(2.04, 1.5, 3.2), (0.02, 0.0, 2.0)], ["2.040 [1.500, 3.200]", "0.020 [0.000, 2.000]"]),
        ([(5.1, 3.5, 8.5), (0.076, 0.058, 0.09)], ["5.100 [3.500, 8.500]", "0.076 [0.058, 0.090]"]),
        ([(0.0, 0.0, 0.0)], ["0"]),
        ([(1.5, np.nan, np.nan)], ["1.5"]),
    ],
)
def test_d_has_the_same_decimals_down_a_column(rows, expected):
    column = xr.Dataset(
        {
            name: ("rank", np.array(values))
            for name, values in zip(("differentiation", "low", "high"), zip(*rows, strict=True), strict=True)
        }
    )
    digits = decimals(column)
    assert [interval(column.isel(rank=rank), digits) for rank in range(len(rows))] == expected


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"layers": ["blok2"]}, "layers.*blok2.*block2"),
    ],
)
def test_what_there_is_not_is_refused(results, inputs, parameters, message):
    with pytest.raises(ConfigError, match=message):
        inputs(results(stimuli=FOUR, layers=FIVE).study, "ranking_table", **parameters)
