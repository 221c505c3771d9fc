"""What NetCDF files pack is read as netCDF4 and xarray read it."""

import netCDF4
import numpy as np
import pytest
import xarray as xr

from repscape.io.array_files import array

VALUES = np.array([[1, 2, -5], [100, 7, 0]])


def write(path, kind, form, fill=None, **attributes):
    with netCDF4.Dataset(path, "w", format=form) as opened:
        opened.createDimension("trial", 3)  # of which the last is not written
        opened.createDimension("neuron", 3)
        made = opened.createVariable("resp", kind, ("trial", "neuron"), fill_value=fill)
        made.set_auto_maskandscale(False)
        for name, value in attributes.items():
            made.setncattr(name, value)
        made[:2] = VALUES.astype(kind)


def masked(path):
    """Return what netCDF4 reads, with NaN for what it masks."""
    with netCDF4.Dataset(path) as opened:
        found = opened["resp"][:]
    return np.ma.filled(np.ma.asarray(found, np.float64), np.nan)


CASES = [
    ("f4", {}),
    ("f8", {"fill": -5.0}),
    ("f4", {"missing_value": np.float32([7, 2])}),
    ("i2", {}),
    ("i2", {"fill": -5, "scale_factor": 0.5, "add_offset": 3.0}),
    ("i2", {"scale_factor": np.float32(0.1)}),
    ("i2", {"missing_value": np.int16(7), "valid_range": np.int16([0, 50])}),
    ("i4", {"valid_min": np.int32(0)}),
    ("i4", {"valid_max": np.int32(50), "fill": 7}),
    ("i1", {"_Unsigned": "true", "fill": -5}),
    ("i2", {"_Unsigned": "true", "scale_factor": 2.0}),
    ("f8", {"fill": np.nan}),
    # reported to netcdf4-python: 794, 936, 840
    ("i2", {"_Unsigned": "true", "fill": -1, "valid_range": np.int16([0, -6]), "scale_factor": 0.0015}),
    ("i2", {"add_offset": 32768, "valid_range": np.int16([1, 1000])}),
    ("i4", {"fill": 6}),
]


@pytest.mark.parametrize("form", ["NETCDF3_CLASSIC", "NETCDF4"])
@pytest.mark.parametrize(("kind", "attributes"), CASES)
def test_as_netcdf4_reads(tmp_path, form, kind, attributes):
    path = tmp_path / "a.nc"
    write(path, kind, form, **attributes)
    np.testing.assert_allclose(array(path, "resp").astype(float), masked(path), rtol=1e-6)


@pytest.mark.parametrize("form", ["NETCDF3_CLASSIC", "NETCDF4"])
def test_as_xarray_reads(tmp_path, form):
    """It packs them itself here, and knows nothing of ranges and of fill values that are not declared."""
    given = xr.Dataset({"resp": (("trial", "neuron"), [[1.5, np.nan], [-2, 8]])})
    packing = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 1.0, "_FillValue": -32768}
    given.to_netcdf(tmp_path / "a.nc", encoding={"resp": packing}, format=form, engine="netcdf4")
    with xr.open_dataset(tmp_path / "a.nc") as opened:
        np.testing.assert_allclose(array(tmp_path / "a.nc", "resp"), opened.resp.values)


# netCDF4 takes -127 and 255 for none; xarray does not, nor does the User's Guide: they may be data
def test_bytes_that_are_responses_stay_whole_numbers(tmp_path):
    write(tmp_path / "a.nc", "u1", "NETCDF4")
    assert array(tmp_path / "a.nc", "resp").dtype == np.uint8
