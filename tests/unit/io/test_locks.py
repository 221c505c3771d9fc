"""File systems may lack locks (NFS, Lustre), and HDF5 asks for them unless it is told not to.

A file that is locked here stands for one that cannot be locked: whoever asks for a lock is refused.
"""

import contextlib
import errno
import fcntl

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr

from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.io.array_files import array

VALUES = np.arange(3)


@contextlib.contextmanager
def locked(path):
    with open(path, "ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield path


def test_files_are_written_and_read_without_locks(tmp_path, monkeypatch):
    with locked(tmp_path / "file.nc") as path:
        monkeypatch.setattr(netcdf, "replacing", lambda path, **_: contextlib.nullcontext(path))
        netcdf.write(path, kind="test", variables={"values": (("n",), VALUES)})
        with netcdf.open_file(path, "test") as file:
            assert file["values"][:].tolist() == VALUES.tolist()
        with xr.open_dataset(path) as dataset:
            assert dataset["values"].values.tolist() == VALUES.tolist()


def test_files_of_others_are_read_without_locks(tmp_path):
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["values"] = VALUES
    with locked(tmp_path / "file.h5") as path:
        assert array(path, None).tolist() == VALUES.tolist()


def test_what_helps_where_hdf5_had_been_used_before(tmp_path, monkeypatch):
    """It then asks for locks all the same, and says that permission is denied."""

    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(netCDF4, "Dataset", refuse)
    with pytest.raises(DataError, match="HDF5_USE_FILE_LOCKING=FALSE") as refused:
        netcdf.write(tmp_path / "file.nc", kind="test", variables={})
    assert "disk space" not in str(refused.value)
