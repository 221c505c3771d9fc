"""What would fill the memory is refused by its size, before it is read."""

import io
import zipfile
import zlib

import h5py
import numpy as np
import pytest
import torch
from scipy.io import savemat

from repscape.core.errors import DataError
from repscape.io import decompression, mat_structs
from repscape.io.array_files import array
from repscape.networks.lib import state_dicts
from repscape.stimuli import tilt_gratings
from repscape.stimuli.lib import movie_file

ZEROS = np.zeros((500, 1000))


def npz(path):
    with open(path, "wb") as stream:
        np.savez_compressed(stream, r=ZEROS)


def hdf5(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("r", shape=(10**9, 1000), dtype="f8", chunks=(1000, 1000), compression="gzip")


def mat(path):
    savemat(path, {"r": ZEROS}, appendmat=False, do_compression=True)


def state_dict(path):
    whole = io.BytesIO()
    torch.save({"w": torch.from_numpy(ZEROS)}, whole)
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        for member in archive.infolist():
            bomb.writestr(member.filename, archive.read(member))


READERS = {
    npz: [lambda path: array(path, "r"), lambda path: tilt_gratings.recorded_angles(path, "r", 1.0, "tilt")],
    hdf5: [lambda path: array(path, "r")],
    mat: [lambda path: array(path, "r"), lambda path: mat_structs.structs(path, "r", ())],
    state_dict: [state_dicts.read],
}


@pytest.fixture
def small(monkeypatch):
    """Let bombs be small, so that a test that fails does not take the memory."""
    monkeypatch.setattr(decompression, "SIZE", 10**6)


@pytest.mark.parametrize(
    ("write", "read"),
    [pytest.param(write, read, id=write.__name__) for write, readers in READERS.items() for read in readers],
)
def test_bombs_are_refused(tmp_path, small, write, read):
    write(tmp_path / "bomb")
    with pytest.raises(DataError, match=r"bomb.*: refused"):
        read(tmp_path / "bomb")


@pytest.mark.parametrize("write", [npz, mat])
def test_what_is_small_may_be_compressed_well(tmp_path, write):
    write(tmp_path / "file")
    np.testing.assert_array_equal(array(tmp_path / "file", "r"), ZEROS)


def test_what_is_compressed_as_data_are_may_be_large(tmp_path, small):
    numbers = np.random.default_rng(0).poisson(0.1, (500, 1000))
    np.savez_compressed(tmp_path / "a.npz", r=numbers)
    savemat(tmp_path / "b.mat", {"r": numbers}, do_compression=True)
    for name in ("a.npz", "b.mat"):
        np.testing.assert_array_equal(array(tmp_path / name, "r"), numbers)


def test_members_that_share_their_bytes_count_each(tmp_path, small):
    """As in the bombs of 10 MB that become 281 TB: the directory names one piece of the file many times."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", bytes(100_000))
        first = archive.filelist[0]
        archive.filelist += [first] * 500
    with pytest.raises(DataError, match="50,100,000"):
        decompression.check_zip(path)


@pytest.mark.parametrize("length", [0, 3, 100, 130, 140, 300])
def test_damaged_files_are_left_to_their_readers(tmp_path, length):
    mat(tmp_path / "cut")
    content = (tmp_path / "cut").read_bytes()
    (tmp_path / "cut").write_bytes(content[:length])
    decompression.check_mat(tmp_path / "cut")
    decompression.check_zip(tmp_path / "cut")
    (tmp_path / "cut").write_bytes(content[:150] + bytes(20) + content[170:])
    decompression.check_mat(tmp_path / "cut")
    with pytest.raises(DataError, match=r"not a complete|found an empty"):
        array(tmp_path / "cut", "r")


def test_the_check_of_a_mat_file_stops_early(tmp_path, small, monkeypatch):
    """It keeps nothing, and reads no more than it takes to refuse."""
    mat(tmp_path / "bomb")
    given = []
    real = zlib.decompressobj

    class Counting:
        def __init__(self):
            self._real = real()

        def __getattr__(self, name):
            return getattr(self._real, name)

        def decompress(self, *arguments):
            content = self._real.decompress(*arguments)
            given.append(len(content))
            return content

    monkeypatch.setattr(decompression.zlib, "decompressobj", Counting)
    with pytest.raises(DataError, match="refused"):
        decompression.check_mat(tmp_path / "bomb", chunk=2**16)
    assert sum(given) < 1.2e6 < ZEROS.nbytes
    assert max(given) <= 2**16


def test_frames_of_a_movie_have_the_limit_of_pictures(tmp_path, monkeypatch):
    import av

    with av.open(str(tmp_path / "movie.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert movie_file.scan(tmp_path / "movie.mp4").frames == 5
    monkeypatch.setattr(movie_file, "MOST_PIXELS", 64 * 48 - 1)
    with pytest.raises(DataError, match=r"movie\.mp4: refused.*64 × 48"):
        movie_file.scan(tmp_path / "movie.mp4")
