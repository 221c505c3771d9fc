import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from repscape.core.errors import ConfigError, DataError
from repscape.stimuli import mat
from repscape.stimuli.lib import factors
from repscape.stimuli.lib.assemble import assemble

rng = np.random.default_rng(0)


def save(path, **fields):
    """Write a struct array, as MATLAB does: 1 × n, text and numbers as arrays of their own."""
    count = len(next(iter(fields.values())))
    elements = np.empty((1, count), [(name, object) for name in fields])
    for name, values in fields.items():
        for at, value in enumerate(values):
            elements[0, at][name] = value
    savemat(path, {"stimuli": elements})
    return path


@pytest.fixture
def pictures():
    return list(rng.integers(0, 256, (12, 5, 6, 3), np.uint8))


def test_pictures_with_labels_and_factors(tmp_path, pictures):
    words = ["human face", "dog"] * 6
    animal = [np.uint8(at % 2) for at in range(12)]
    path = save(tmp_path / "a.mat", category=words, animal=animal, picture=pictures)
    found = list(
        mat.Mat(
            path=path,
            variable="stimuli",
            image="picture",
            label="category",
            factors=["animal"],
            prefix="object",
        ).images()
    )
    assert [frame.name for frame in found] == [f"object_{at:02d}" for at in range(1, 13)]
    np.testing.assert_array_equal([frame.pixels for frame in found], pictures)
    assert [frame.label for frame in found] == words
    assert [frame.factors for frame in found] == [{"animal": str(at % 2)} for at in range(12)]
    assert assemble(found)["animal"][1] == ["0", "1"] * 6


def test_grey_and_floating_point_pictures(tmp_path, pictures):
    grey = [picture[..., 0] / 255 for picture in pictures]
    found = list(mat.Mat(path=save(tmp_path / "a.mat", image=grey), variable="stimuli").images())
    np.testing.assert_array_equal([frame.pixels for frame in found], [p[..., 0] for p in pictures])
    assert found[0][2:] == (None, None, None)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.full((5, 6), 1.5), "found float64 of shape (5, 6) from 1.5 to 1.5"),
        (np.full((5, 6), np.nan), "found float64"),
        (np.zeros((5, 6, 4), np.uint8), "of shape (5, 6, 4)"),
        (np.zeros((5, 6), np.int16), "int16"),
        ("file.png", "found <U8"),
    ],
)
def test_no_picture(tmp_path, pictures, picture, said):
    path = save(tmp_path / "a.mat", image=[*pictures[:2], picture])
    with pytest.raises(DataError) as error:
        list(mat.Mat(path=path, variable="stimuli").images())
    assert "a.mat: stimuli(3).image: " in str(error.value)
    assert said in str(error.value)


def test_a_label_that_is_a_picture(tmp_path, pictures):
    path = save(tmp_path / "a.mat", image=pictures)
    with pytest.raises(DataError, match=r"stimuli\(1\)\.image: .*uint8"):
        list(mat.Mat(path=path, variable="stimuli", label="image").images())


def keys(**parameters):
    """As the plan has them: the file is text."""
    return mat.Mat(path="a.mat", variable="stimuli", **parameters)


def test_names_are_checked_before_the_job():
    keys(factors=["animal"], prefix="object").check()
    with pytest.raises(ConfigError, match=r"'label'.*factor"):
        keys(factors=["label"], prefix="object").check()
    with pytest.raises(ConfigError, match="prefix"):
        keys(factors=None, prefix=" ").check()


def test_what_is_known_of_factors_before_the_job():
    assert keys(factors=None).image_factors() == {}
    assert keys(factors=["animal"]).image_factors() is None
    assert factors.name_mistake("animal") is None


def test_the_92_objects():
    """Kriegeskorte et al. (2008): 48 animate objects come first; of these 24 are human, 24 have faces."""
    mirrors = os.environ.get("REPSCAPE_MIRROR", "").split(":")
    name = "Kriegeskorte_Neuron2008_supplementalData.mat"
    file = next((file for mirror in mirrors if mirror for file in Path(mirror).rglob(name)), None)
    if file is None:
        pytest.skip(f"REPSCAPE_MIRROR has no {name}")
    named = ["animal", "face", "human", "natural"]
    found = list(
        mat.Mat(
            path=file, variable="stimuli_92objs", label="category", factors=named, prefix="object"
        ).images()
    )
    assert len(found) == 92
    assert found[-1].name == "object_92"
    assert {frame.pixels.shape for frame in found} == {(175, 175, 3)}
    animal = [frame.factors["animal"] == "1" for frame in found]
    assert animal == [True] * 48 + [False] * 44
    assert sum(frame.factors["human"] == "1" for frame in found) == 24
    assert [frame.label.endswith(" face") for frame in found] == [f.factors["face"] == "1" for f in found]
    assert len({frame.label for frame in found}) == 6


def test_black_and_white_pictures(tmp_path, pictures):
    """scipy gives MATLAB's logical as uint8 of 0 and 1, nearly black, unless asked for MATLAB's types."""
    bits = [picture[..., 0] > 127 for picture in pictures]
    for values in (bits, [bit.astype(float) for bit in bits]):
        found = mat.Mat(path=save(tmp_path / "a.mat", image=values), variable="stimuli").images()
        np.testing.assert_array_equal([frame.pixels for frame in found], np.array(bits) * 255)
    path = save(tmp_path / "a.mat", image=[bit.astype(np.uint8) for bit in bits])
    with pytest.raises(DataError, match=r"stimuli\.image:.* 0.* 1"):
        list(mat.Mat(path=path, variable="stimuli").images())


def test_doubles_that_matlab_saves_as_bytes_are_doubles(tmp_path, pictures):
    """A picture of 0 and 1 among those of im2double: white is 1. MATLAB saves whole doubles as bytes."""
    bits = [(picture[..., 0] > 127).astype(float) for picture in pictures]
    path = save(tmp_path / "a.mat", image=bits)
    data, double = path.read_bytes(), np.dtype("<f8").itemsize
    saved = bits[0].T.astype("<f8").tobytes()
    count = bits[0].size
    as_double = struct.pack("<II", 9, double * count) + saved
    as_bytes = struct.pack("<II", 2, count) + bits[0].T.astype("u1").tobytes() + bytes(-count % 8)
    at = data.index(as_double)
    assert data.count(as_double[:8]) == len(bits)
    # the element's, the struct's and the variable's sizes, behind which the picture lies
    less = len(as_double) - len(as_bytes)
    changed = bytearray(data[:at] + as_bytes + data[at + len(as_double) :])
    for tag in (at - 48, 128):
        kind, size = struct.unpack_from("<II", changed, tag)
        assert kind == 14
        struct.pack_into("<I", changed, tag + 4, size - less)
    path.write_bytes(changed)
    found = list(mat.Mat(path=path, variable="stimuli").images())
    np.testing.assert_array_equal([frame.pixels for frame in found], np.array(bits) * 255)


def test_whole_doubles_up_to_255(tmp_path, pictures):
    """As of `double(imread(file))`; a dark one among them is as dark as it is."""
    dark = np.zeros((5, 6, 3))
    dark[2, 3] = 1
    values = [*[picture.astype(float) for picture in pictures], dark]
    found = list(mat.Mat(path=save(tmp_path / "a.mat", image=values), variable="stimuli").images())
    np.testing.assert_array_equal([frame.pixels for frame in found], [*pictures, dark])
    path = save(tmp_path / "a.mat", image=[*values[:-1], dark / 2])
    with pytest.raises(DataError, match=r"stimuli\(13\)\.image:.*float64.*shape.* 0.* 0\.5"):
        list(mat.Mat(path=path, variable="stimuli").images())


def test_the_log_says_what_was_taken(tmp_path, pictures, caplog):
    caplog.set_level("INFO")
    list(
        mat.Mat(path=save(tmp_path / "a.mat", image=[p / 255 for p in pictures]), variable="stimuli").images()
    )
    assert re.search(r"12 .*stimuli\(1\)\.image.*stimuli\(12\)\.image.*float64", caplog.text)
