import contextlib
import errno
import fcntl
import hashlib
import os
import subprocess
import sys

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr
from safetensors import safe_open

from repscape.core import run
from repscape.core.errors import DataError
from repscape.io import netcdf


def example(path, **attributes):
    netcdf.write(
        path,
        kind="test",
        variables={
            "name": (("image",), ["a b", "日本", "c"]),
            "values": (("image", "unit"), np.arange(12, dtype=np.float32).reshape(3, 4), {"units": "s"}),
            "scalar": ((), np.float64(2.5)),
        },
        attributes={"flag": True, "absent": None, "order": 3} | attributes,
    )


def test_plain_xarray_reads_it_back(tmp_path):
    example(tmp_path / "file.nc")
    with xr.open_dataset(tmp_path / "file.nc") as dataset:
        assert dataset["name"].values.tolist() == ["a b", "日本", "c"]
        np.testing.assert_array_equal(dataset["values"], np.arange(12, dtype=np.float32).reshape(3, 4))
        assert dataset["values"].dtype == np.float32
        assert dataset["values"].attrs == {"units": "s"}
        assert float(dataset["scalar"]) == 2.5
        assert dataset.attrs["kind"] == "test"
        assert dataset.attrs["flag"] == 1
        assert "absent" not in dataset.attrs


def test_same_bytes_at_another_time_and_place(tmp_path):
    first, second = tmp_path / "first.nc", tmp_path / "folder" / "second.nc"
    example(first)
    os.utime(first, (0, 0))
    here = os.path.dirname(__file__)
    code = (
        f"import sys; sys.path.insert(0, {here!r}); import test_netcdf; test_netcdf.example({str(second)!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()


def test_large_variables_are_contiguous(tmp_path):
    example(tmp_path / "file.nc")
    with netCDF4.Dataset(tmp_path / "file.nc") as dataset:
        assert dataset["values"].chunking() == "contiguous"


def test_nothing_is_left_of_a_failure(tmp_path):
    def fail_while_writing():
        with netcdf.create(tmp_path / "file.nc", kind="test") as dataset:
            netcdf.add_variable(dataset, "x", ("x",), np.zeros(3))
            raise KeyError("interrupted")

    with pytest.raises(KeyError, match="interrupted"):
        fail_while_writing()
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_old_file(tmp_path):
    example(tmp_path / "file.nc")
    before = (tmp_path / "file.nc").read_bytes()
    with pytest.raises(ZeroDivisionError), netcdf.create(tmp_path / "file.nc", kind="test"):
        _ = 1 / 0
    assert (tmp_path / "file.nc").read_bytes() == before


def test_full_disk(tmp_path):
    """A limit on the size of files stands for a full disk: the system refuses to write more."""
    code = (
        "import resource, signal, numpy as np; from repscape.io import netcdf\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    variables = {'x': (('x',), np.ones(1_000_000))}\n"
        f"    netcdf.write({str(tmp_path / 'file.nc')!r}, kind='test', variables=variables)\n"
        "except netcdf.DataError as error:\n"
        "    print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "file.nc" in said
    assert "Free some disk space" in said
    assert list(tmp_path.iterdir()) == []


# each library reports in its own way that it cannot write
WRITERS = {
    "text": "temporary.write_text('x' * 10**6)",
    "torch": "import torch\n    with open(temporary, 'wb') as s: torch.save(torch.zeros(10**6), s)",
    "safetensors": "from safetensors.numpy import save_file; save_file({'x': np.zeros(10**6)}, temporary)",
    "figure": "import matplotlib; matplotlib.use('agg'); from matplotlib import pyplot as plt\n"
    "    f = plt.figure(); f.figimage(np.random.rand(900, 900)); f.savefig(temporary, format='png')",
}


@pytest.mark.parametrize("writer", WRITERS)
def test_full_disk_whoever_writes(tmp_path, writer):
    code = (
        "import resource, signal, numpy as np; from repscape.io import netcdf\n"
        "def write():\n"
        f"  with netcdf.replacing({str(tmp_path / 'file')!r}) as temporary:\n"
        f"    {WRITERS[writer]}\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    write()\n"
        "except netcdf.DataError as error:\n"
        "    print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"{tmp_path / 'file'}: cannot be written (" in said
    assert "File too large" in said
    assert "Free some disk space or check the permissions" in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "folder").touch()
    with pytest.raises(DataError, match=r"file\.nc:.*permissions"):
        example(tmp_path / "folder/file.nc")


def test_other_errors_stay_what_they_are(tmp_path):
    for error in (KeyError("x"), RuntimeError("something else"), DataError("a.nc: odd")):
        with pytest.raises(type(error), match=str(error)), netcdf.replacing(tmp_path / "file"):
            raise error


def test_a_file_that_is_read_is_not_taken_for_the_one_that_is_written(tmp_path):
    """Some libraries name the file that they do not find, others do not."""
    missing = tmp_path / "lut.npy"

    def gives_up(path):
        try:
            np.load(path)
        except OSError:
            raise RuntimeError("no table")  # noqa: B904

    for read in (np.load, h5py.File, lambda path: safe_open(path, "numpy"), gives_up):
        with (
            pytest.raises((FileNotFoundError, RuntimeError), match=r"lut\.npy|no table"),
            netcdf.create(tmp_path / "file.nc", kind="test"),
        ):
            read(missing)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["taken", "{}/taken"])
def test_a_place_that_is_taken(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    with (
        pytest.raises(DataError, match=r"taken:.*Is.*directory"),
        netcdf.replacing(path.format(tmp_path)) as temporary,
    ):
        temporary.touch()
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "missing"])
def test_unreadable_file(tmp_path, damage):
    path = tmp_path / "file.nc"
    example(path)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"truncated": content[: len(content) // 2], "empty": b"", "text": b"hello"}[damage])
    with pytest.raises(DataError, match=r"file\.nc: .*NetCDF"), netcdf.open_file(path):
        pass


def test_other_kind(tmp_path):
    example(tmp_path / "file.nc")
    with (
        pytest.raises(DataError, match=r"'rdm'.*'test'"),
        netcdf.open_file(tmp_path / "file.nc", "rdm"),
    ):
        pass


# File systems without locks (NFS, Lustre), for which HDF5 asks unless a variable says not to: a file that is
# locked here stands for one that cannot be locked. HDF5 looks at the
# variable once, so that a job is a process of its own here.

AS_A_JOB = """
import sys
sys.modules["__main__"].snakemake = object()
from repscape.core import job
import contextlib, h5py, numpy as np, xarray as xr
from repscape.io import netcdf
from repscape.io.array_files import array
if sys.argv[1].endswith(".h5"):
    print(array(sys.argv[1], None).tolist())
else:
    netcdf.replacing = lambda path, **_: contextlib.nullcontext(path)
    netcdf.write(sys.argv[1], kind="test", variables={"values": (("n",), np.arange(3))})
    with netcdf.open_file(sys.argv[1], "test") as file, xr.open_dataset(sys.argv[1]) as dataset:
        assert (file["values"][:] == dataset["values"].values).all()
        print(file["values"][:].tolist())
"""


@contextlib.contextmanager
def locked(path):
    with open(path, "ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield path


@pytest.mark.parametrize("name", ["file.nc", "file.h5"])
def test_jobs_need_no_locks(tmp_path, name):
    with h5py.File(tmp_path / name, "w") as file:
        file["values"] = np.arange(3)
    environment = {key: value for key, value in os.environ.items() if key != run.LOCKING}
    with locked(tmp_path / name) as path:
        done = subprocess.run(
            [sys.executable, "-c", AS_A_JOB, str(path)], capture_output=True, text=True, env=environment
        )
        assert done.stdout == "[0, 1, 2]\n", done.stderr


def test_what_helps_where_hdf5_had_been_used_before(tmp_path, monkeypatch):
    """It then asks for locks all the same, and says that permission is denied."""

    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(netCDF4, "Dataset", refuse)
    with pytest.raises(DataError, match="HDF5_USE_FILE_LOCKING=FALSE") as refused:
        netcdf.write(tmp_path / "file.nc", kind="test", variables={})
    assert "disk space" not in str(refused.value)
