"""SD against CD: against SciPy's regression."""

import csv
import io

import netCDF4
import numpy as np
import pytest
import xarray as xr
from scipy.stats import linregress

from repscape.analyses.sd_cd import SdCd
from repscape.core.errors import ConfigError

STIMULI = ("a", "b", "c", "d", "noise")


@pytest.fixture
def values():
    random = np.random.default_rng(3)
    values = random.gamma(2, size=(1, 5, 3, 1, 2, 2, 4))
    values[:, :, :, :, 1, :, 1:] = np.nan  # the larger size is drawn once
    return values


@pytest.mark.parametrize("over", ["all", "without_reference"])
def test_regression_of_mean_differentiation_equals_scipy(made, values, over):
    result = SdCd().compute({"differentiation": made(STIMULI).differentiation(values, "noise")})
    data = xr.Dataset(result.variables).sel(over=over)
    mean = np.nanmean(values, axis=-1)
    used = slice(None) if over == "all" else slice(4)
    for layer, size, metric in np.ndindex(3, 2, 2):
        x, y = mean[0, used, 0, 0, size, metric], mean[0, used, layer, 0, size, metric]
        here = data.isel(source=0, layer=layer, population=0, size=size, metric=metric)
        fit = linregress(x, y)
        assert float(here.r) == pytest.approx(fit.rvalue)
        assert float(here.r2) == pytest.approx(fit.rvalue**2)
        assert float(here.slope) == pytest.approx(fit.slope)
        assert float(here.intercept) == pytest.approx(fit.intercept, abs=1e-12)
        assert int(here.stimuli) == len(x)
        # each divided by noise in its own layer
        scaled = linregress(x / mean[0, 4, 0, 0, size, metric], y / mean[0, 4, layer, 0, size, metric])
        assert float(here.slope_normalised) == pytest.approx(scaled.slope)
        assert float(here.intercept_normalised) == pytest.approx(scaled.intercept, abs=1e-12)
        assert scaled.rvalue == pytest.approx(float(here.r))  # why there is one R² only
        left_out = [linregress(np.delete(x, left), np.delete(y, left)).rvalue ** 2 for left in range(len(x))]
        assert float(here.r2_low) == pytest.approx(min(left_out))
        assert float(here.r2_high) == pytest.approx(max(left_out))


def test_without_a_reference_all_stimuli_are_one_set(made, values):
    result = SdCd().compute({"differentiation": made(STIMULI).differentiation(values)})
    assert result.variables["over"][1] == ["all"]
    assert np.isnan(result.variables["normalised"][1]).all()
    assert np.isfinite(result.variables["r2"][1]).all()


def test_another_layer_can_be_compared_with(made, values):
    path = made(STIMULI).differentiation(values, "noise")
    data = xr.Dataset(SdCd(against="b").compute({"differentiation": path}).variables)
    np.testing.assert_allclose(data.r2.sel(layer="b", over="all"), 1)
    assert (data.r2.sel(layer="input") < 1).all()


def test_a_recording_is_compared_with_the_first_network_that_was_shown_its_stimulus(made, caplog):
    random = np.random.default_rng(0)
    study = made("abcde", sources=("first", "second", "v1"), layers=("input", "area"))
    values = random.gamma(2, size=(3, 5, 2, 1, 2, 2, 1))
    values[0, 1:] = np.nan  # the first network was shown a, the second all but e
    values[1, 4] = np.nan
    values[2, :, 0] = np.nan
    path = study.differentiation(values)
    with netCDF4.Dataset(path, "a") as file:
        file["recording"][:] = [0, 0, 1]
    data = xr.Dataset(SdCd().compute({"differentiation": path}).variables).sel(source="v1", over="all")
    for size, metric in np.ndindex(2, 2):
        x = np.r_[values[0, :1, 0, 0, size, metric, 0], values[1, 1:4, 0, 0, size, metric, 0]]
        fit = linregress(x, values[2, :4, 1, 0, size, metric, 0])
        here = data.sel(layer="area").isel(population=0, size=size, metric=metric)
        assert float(here.r) == pytest.approx(fit.rvalue)
        assert float(here.slope) == pytest.approx(fit.slope)
        assert int(here.stimuli) == 4
    (warning,) = (record.getMessage() for record in caplog.records)
    assert "'v1'" in warning
    assert ": e." in warning


def test_the_table_has_a_row_a_regression(made, values):
    result = SdCd().compute({"differentiation": made(STIMULI).differentiation(values, "noise")})
    stream = io.StringIO()
    csv.writer(stream).writerows(SdCd().rows(result))
    stream.seek(0)
    table = list(csv.DictReader(stream))
    assert len(table) == 2 * 3 * 2 * 2
    data = xr.Dataset(result.variables)
    for row in table:
        keys = {dim: row[dim] for dim in ("over", "source", "layer", "population", "size", "metric")}
        assert float(row["r2"]) == float(data.r2.sel(keys))


def test_what_is_missing_is_told_when_the_plan_is_made(made):
    with pytest.raises(ConfigError, match=r"against: 'net'.*'inptu'.*'input'"):
        SdCd(against="inptu").inputs(made(STIMULI).study)
    with pytest.raises(ConfigError, match=r"3.* 2"):
        SdCd().inputs(made(("a", "b")).study)
