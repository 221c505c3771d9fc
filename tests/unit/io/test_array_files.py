"""Arrays out of files of many kinds, which their first bytes say."""

import io
import os
import pickle
import tracemalloc
import zipfile

import h5py
import netCDF4
import numpy as np
import pytest
from scipy.io import savemat

from repscape.core.errors import DataError
from repscape.io.array_files import array, kind, ordered
from repscape.recordings import rdms
from repscape.stimuli import tilt_gratings

RESP = np.random.default_rng(0).normal(size=(4, 3))
ANGLES = np.array([0.0, 45, 90, 135])


def npz(file):
    np.savez(file, resp=RESP, stimuli=ANGLES)


def hdf5(file):
    with h5py.File(file, "w") as opened:
        opened["resp"], opened["stimuli"] = RESP, ANGLES
        opened["processing/ophys/names"] = ["a", "b", "c"]


def netcdf(file):
    with netCDF4.Dataset(file, "w", format="NETCDF3_CLASSIC") as opened:
        opened.createDimension("trial", 4)
        opened.createDimension("neuron", 3)
        opened.createVariable("resp", "f8", ("trial", "neuron"))[:] = RESP
        opened.createVariable("stimuli", "f8", ("trial",))[:] = ANGLES
        opened.createDimension("letters", 5)
        opened.createVariable("area", "S1", ("neuron", "letters"))[:] = netCDF4.stringtochar(
            np.array(["V1", "LM", "AL"], "S5")
        )


def netcdf4(file):
    with netCDF4.Dataset(file, "w") as opened:
        opened.createDimension("trial", 4)
        opened.createDimension("neuron", 3)
        opened.createVariable("resp", "f8", ("trial", "neuron"))[:] = RESP
        opened.createVariable("stimuli", "f8", ("trial",))[:] = ANGLES


def mat(file):
    savemat(file, {"resp": RESP, "stimuli": ANGLES}, appendmat=False)


@pytest.mark.parametrize(
    ("write", "what"), [(npz, "npz"), (hdf5, "hdf5"), (netcdf, "netcdf"), (netcdf4, "hdf5"), (mat, "mat")]
)
def test_arrays_are_read_whatever_the_file_is_called(tmp_path, write, what):
    made = tmp_path / "made.npz"
    write(made)
    file = made.rename(tmp_path / "download")  # as some addresses end
    assert kind(file) == what
    np.testing.assert_array_equal(array(file, "resp"), RESP)
    np.testing.assert_array_equal(array(file, "stimuli").ravel(), ANGLES)
    with pytest.raises(DataError, match=r"'rsep'.*'resp'"):
        array(file, "rsep")


def test_the_only_other_array_needs_no_name(tmp_path):
    npz(tmp_path / "a.npz")
    np.testing.assert_array_equal(array(tmp_path / "a.npz", None, ("stimuli", None)), RESP)
    with pytest.raises(DataError, match=r"2: resp; stimuli.*'responses: "):
        array(tmp_path / "a.npz", None)


def test_datasets_have_paths_and_text(tmp_path):
    hdf5(tmp_path / "a.nwb")
    assert array(tmp_path / "a.nwb", "/processing/ophys/names").tolist() == ["a", "b", "c"]


def test_classic_files_have_text_of_characters(tmp_path):
    netcdf(tmp_path / "a.nc")
    assert array(tmp_path / "a.nc", "area").tolist() == ["V1", "LM", "AL"]


def test_a_npy_file_has_one_array(tmp_path):
    np.save(tmp_path / "a.npy", RESP)
    np.testing.assert_array_equal(array(tmp_path / "a.npy", None), RESP)
    with pytest.raises(DataError, match=r"\.npy.*without.*name"):
        array(tmp_path / "a.npy", "resp")


def test_of_a_table_other_columns_are_neurons(tmp_path):
    (tmp_path / "a.csv").write_text("image,n1,n2\na.png,1,2.5\nb.png,3,\n", encoding="utf-8-sig")
    assert array(tmp_path / "a.csv", "image").tolist() == ["a.png", "b.png"]
    np.testing.assert_array_equal(array(tmp_path / "a.csv", None, ("image",)), [[1, 2.5], [3, np.nan]])
    with pytest.raises(DataError, match=r"image \(line"):
        array(tmp_path / "a.csv", None)
    with pytest.raises(DataError, match=r"'imge'.*'image'"):
        array(tmp_path / "a.csv", "imge")


@pytest.mark.parametrize(("text", "said"), [(",n1\n0,1.5\n", "index"), ("a;b\n1;2\n", "semicolons")])
def test_tables_of_other_forms_are_refused(tmp_path, text, said):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        array(tmp_path / "a.csv", None)


def test_what_executes_when_read_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", resp=np.array([{"a": 1}], object))
    with pytest.raises(DataError, match="execute code"):
        array(tmp_path / "a.npz", "resp")


@pytest.mark.parametrize("write", [npz, hdf5, netcdf, mat])
def test_damaged_files_are_told(tmp_path, write):
    file = tmp_path / "a.npz"
    write(file)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(DataError, match=r"a\.npz"):
        array(file, "resp")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match=r"No such file"):
        array(tmp_path / "none.npz", "resp")


def test_large_arrays_stay_on_the_disk(tmp_path):
    """Traces may be larger than the memory: of a file of 18 MB little is held at once."""
    np.save(tmp_path / "traces.npy", np.ones((4_500_000, 1), np.float32))
    tracemalloc.start()
    try:
        values, _ = ordered(tmp_path / "traces.npy", None, ["time", "neuron"], ("time", "neuron"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert values.shape == (4_500_000, 1)
    assert most < 2**20


def test_axes_are_brought_into_order(tmp_path):
    values = np.arange(24).reshape(2, 3, 4)
    np.save(tmp_path / "a.npy", values)
    found = ordered(
        tmp_path / "a.npy", None, ["neuron", "repeat", "image"], ("trial", "image", "repeat", "neuron")
    )
    np.testing.assert_array_equal(found.values, values.transpose(2, 1, 0))
    with pytest.raises(DataError, match=r"2 axes \(trial, neuron\).*\(2, 3, 4\).*'axes'"):
        ordered(tmp_path / "a.npy", None, ["trial", "neuron"], ("trial", "neuron"))


class Evil:
    """Unpickling this makes a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_pickled_objects_are_refused_and_not_executed(tmp_path):
    objects = np.array([Evil(tmp_path / "taken"), 1], object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", r=objects)
    for name, what in (("a.npy", "a.npy: its array"), ("a.npz", "a.npz: 'r'")):
        with pytest.raises(DataError, match=rf"{what}.*Python objects"):
            array(tmp_path / name, "r" if name == "a.npz" else None)
    (tmp_path / "bare").write_bytes(pickle.dumps(Evil(tmp_path / "taken")))
    with pytest.raises(DataError, match="bare"):
        array(tmp_path / "bare", None)
    with pytest.raises(DataError, match=r"a\.npy: .*Python objects"):
        list(rdms.Rdms(path=[tmp_path / "a.npy"]).read())
    with pytest.raises(DataError, match=r"a\.npz: 'r'.*Python objects"):
        tilt_gratings.recorded_angles(tmp_path / "a.npz", "r", 1.0, "tilt")
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_short_npz_is_called_short(tmp_path, save, keep):
    """It was said to hold Python objects, which a whole file does not make true."""
    path = tmp_path / "short.npz"
    save(path, responses=np.random.default_rng(0).normal(size=(30, 20)))
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(DataError, match="cut short") as refused:
        array(path, None)
    assert "Python objects" not in str(refused.value)


def test_an_npz_whose_array_is_short_is_called_short(tmp_path):
    path = tmp_path / "short.npz"
    whole = io.BytesIO()
    np.save(whole, np.zeros((30, 20)))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("responses.npy", whole.getvalue()[:-100])
    with pytest.raises(DataError, match=r"'responses'.*cut short"):
        array(path, None)
