"""Checksums: every damage to a file is found by whoever reads it, and no file is taken for another."""

import os

import netCDF4
import numpy as np
import pytest
import xarray as xr

from repscape.core import run
from repscape.core.errors import DataError
from repscape.io import checksums, netcdf
from repscape.recordings.lib import file as recordings
from repscape.stimuli.lib import parent_stimulus


@pytest.fixture
def in_job(tmp_path, monkeypatch):
    """This process as a job, in a folder of a study."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "in_job", True)


def write(path, seed=0, images=4, **keywords):
    values = np.random.default_rng(seed).normal(size=(images, 30)).astype(np.float32)
    netcdf.write(
        path,
        kind="activations",
        variables={
            "activation": (("image", "unit"), values),
            "name": (("image",), [f"image {k}" for k in range(images)]),
        },
        attributes={"stimulus": "pictures", "layer": "conv1"},
        **keywords,
    )
    return values


def reads(path, **keywords):
    with netcdf.open_file(path, "activations", **keywords) as file:
        return file["activation"][:], list(file["name"][:]), file.stimulus


def flip(path, at, bit=1):
    content = bytearray(path.read_bytes())
    content[at] ^= bit
    path.write_bytes(content)


def test_every_flipped_byte_is_found(tmp_path, in_job):
    """Wherever it is: values, names, attributes, HDF5's structures, the checksums."""
    path = tmp_path / "file.nc"
    write(path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 61):
        flip(path, at, 1 << at % 8)
        with pytest.raises(DataError, match=r"file\.nc:"):
            reads(path)
        path.write_bytes(whole)
        checksums._checked.clear()
    reads(path)


@pytest.mark.parametrize("change", ["cut", "longer", "no checksums", "last byte"])
def test_another_length(tmp_path, in_job, change):
    path = tmp_path / "file.nc"
    write(path)
    whole = path.read_bytes()
    with netCDF4.Dataset(path) as file:
        assert file.kind == "activations"
    size = len(whole) - len(whole) % 64 if change == "cut" else len(whole)
    other = {
        "cut": whole[: size - 64],
        "longer": whole + b"\0",
        "no checksums": whole[: whole.index(b'{"path"')],
        "last byte": whole[:-1],
    }
    path.write_bytes(other[change])
    with pytest.raises(DataError, match=r"file\.nc:"):
        reads(path)


def test_other_programs_read_the_files_and_theirs_are_read_outside_jobs(tmp_path):
    path = tmp_path / "file.nc"
    values = write(path)
    with xr.open_dataset(path) as dataset:
        np.testing.assert_array_equal(dataset["activation"], values)
        dataset.load().to_netcdf(tmp_path / "copy.nc")
    np.testing.assert_array_equal(reads(tmp_path / "copy.nc")[0], values)


def test_a_file_under_the_name_of_another(tmp_path, in_job):
    first, second = (f"results/small/stimuli/{name}.nc" for name in "ab")
    write(first)
    write(second, seed=1)
    os.rename(first, "third")
    os.rename(second, first)
    os.rename("third", second)
    for path, written in ((first, second), (second, first)):
        with pytest.raises(DataError, match=f"{path}: .*{written}"):
            reads(path)


def test_outside_jobs_files_go_by_any_name(tmp_path, in_job, monkeypatch):
    values = write("results/small/stimuli/a.nc")
    os.rename("results", "backup")
    monkeypatch.setattr(run, "in_job", False)
    np.testing.assert_array_equal(reads("backup/small/stimuli/a.nc")[0], values)


def test_who_reads_a_part_checks_a_part(tmp_path):
    """Of the largest variable of a large file; all else is checked in any case."""
    path = tmp_path / "file.nc"
    write(path, images=100, block=128)
    with netCDF4.Dataset(path) as file:
        row = file["activation"][50].tobytes()
    at = path.read_bytes().index(row)
    flip(path, at + 8)
    for rows in (range(0), range(40), range(60, 100)):
        reads(path, rows=rows)
    for rows in (range(50, 51), range(100), None):
        with pytest.raises(DataError, match=r"file\.nc: .*changed"):
            reads(path, rows=rows)
    flip(path, at + 8)
    flip(path, path.read_bytes().index(b"pictures"))
    with pytest.raises(DataError, match=r"file\.nc: .*changed"):
        reads(path, rows=range(0))


def test_labels_are_read_without_the_images(tmp_path):
    path = tmp_path / "stimulus.nc"
    images = np.random.default_rng(0).integers(0, 256, (9, 20, 20, 3), np.uint8)
    variables = {"images": (("image", "y", "x", "channel"), images), "name": (("image",), list("abcdefghi"))}
    attributes = {"sha256": "0", "stimulus": "s"}
    netcdf.write(path, kind="stimulus", variables=variables, attributes=attributes, block=64)
    flip(path, path.read_bytes().index(images[4].tobytes()) + 600)
    assert recordings.shown_stimulus(path).names == list("abcdefghi")
    with pytest.raises(DataError, match=r"stimulus\.nc: .*changed"):
        parent_stimulus.read(path)


def test_as_many_blocks_as_an_archive_bears(tmp_path):
    """PyTorch looks for the end of its archive in the last 64 KiB."""
    path = tmp_path / "file"
    path.write_bytes(bytes(1_000_003))
    checksums.append(path, {}, block=16)
    assert path.stat().st_size - 1_000_003 < 2**15
    flip(path, 1_000_002)
    with pytest.raises(checksums.Damaged):
        checksums.check(path)
