from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repscape.errors import ConfigError, DataError
from repscape.stimuli import npy
from repscape.stimuli.selection import evenly_spaced

rng = np.random.default_rng(0)


def save(path, array, **options):
    np.save(path, array, **options)
    return Path(path)


@pytest.mark.parametrize("shape", [(100, 6, 8), (100, 6, 8, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_thirtieth_image(tmp_path, shape, order):
    stack = np.asarray(rng.integers(0, 256, shape, np.uint8), order=order)
    found = list(npy.frames(path=[save(tmp_path / "07_mousecam-18.mp4.npy", stack)], step=30))
    assert [frame.name for frame in found] == ["frame_000000", "frame_000030", "frame_000060", "frame_000090"]
    np.testing.assert_array_equal([frame.pixels for frame in found], stack[::30])
    assert not isinstance(found[0].pixels, np.memmap)


def test_part_of_a_stack_and_a_count(tmp_path):
    path = save(tmp_path / "a.npy", np.zeros((100, 2, 2), np.uint8))
    names = [frame.name for frame in npy.frames(path=[path], start=10, stop=21, count=3)]
    assert names == ["frame_000010", "frame_000015", "frame_000020"]
    assert len(list(npy.frames(path=[path]))) == 100


def test_several_stacks_are_told_apart(tmp_path):
    paths = [
        save(tmp_path / name, np.full((2, 4, 4), at, np.uint8)) for at, name in enumerate(("b.npy", "a.npy"))
    ]
    found = list(npy.frames(path=paths))
    assert [frame.name for frame in found] == [
        "b_frame_000000",
        "b_frame_000001",
        "a_frame_000000",
        "a_frame_000001",
    ]
    assert [frame.pixels[0, 0] for frame in found] == [0, 0, 1, 1]


@given(st.integers(1, 300), st.data())
def test_evenly_spaced_indices(length, data):
    count = data.draw(st.integers(1, length))
    indices = evenly_spaced(length, count)
    assert len(set(indices)) == count
    assert indices[0] == 0
    assert indices == sorted(indices)
    if count > 1:
        assert indices[-1] == length - 1
        assert np.ptp(np.diff(indices)) <= 1


def test_of_fewer_all_are_taken():
    assert evenly_spaced(3, 6) == [0, 1, 2]
    assert evenly_spaced(0, 6) == []


def test_all_bad_files_are_named_at_once(tmp_path):
    whole = save(tmp_path / "good.npy", np.zeros((9, 6, 8), np.uint8))
    cut, empty, text = (tmp_path / name for name in ("cut.npy", "empty.npy", "text.npy"))
    cut.write_bytes(whole.read_bytes()[:-1])
    empty.touch()
    text.write_text("1,2,3")
    with open(tmp_path / "archive.npy", "wb") as stream:
        np.savez(stream, a=np.zeros(3))
    paths = [
        whole,
        cut,
        empty,
        text,
        tmp_path / "gone.npy",
        tmp_path / "archive.npy",
        save(tmp_path / "float.npy", np.zeros((9, 6, 8), np.float32)),
        save(tmp_path / "flat.npy", np.zeros((6, 8), np.uint8)),
        save(tmp_path / "first.npy", np.zeros((9, 3, 6, 8), np.uint8)),
        save(tmp_path / "none.npy", np.zeros((0, 6, 8), np.uint8)),
        save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True),
    ]
    with pytest.raises(DataError) as error:
        list(npy.frames(path=paths))
    message = str(error.value)
    for part in (
        "uint8 of shape (T, height, width) or (T, height, width, 3)",
        "cut.npy: found not a whole .npy file",
        "empty.npy: empty",
        "text.npy: found not a whole .npy file",
        "gone.npy: missing",
        "archive.npy: found not a whole .npy file",
        "float.npy: found float32 of shape (9, 6, 8)",
        "flat.npy: found uint8 of shape (6, 8)",
        "first.npy: found uint8 of shape (9, 3, 6, 8)",
        "none.npy: found no pixels (shape (0, 6, 8))",
        "objects.npy: found pickled Python objects",
        "numpy.save",
    ):
        assert part in message
    assert "good.npy" not in message


@pytest.mark.parametrize(
    ("parameters", "part"),
    [({"count": 11}, r"a\.npy: expected at least 11"), ({"start": 10}, r"a\.npy: has 10 images, none from")],
)
def test_more_than_there_is(tmp_path, parameters, part):
    with pytest.raises(DataError, match=part):
        list(npy.frames(path=[save(tmp_path / "a.npy", np.zeros((10, 2, 2), np.uint8))], **parameters))


@pytest.mark.parametrize("parameters", [{"step": 2, "count": 3}, {"start": 5, "stop": 5}])
def test_parameters_that_do_not_go_together(parameters):
    with pytest.raises(ConfigError, match="expected"):
        next(npy.frames(path=[], **parameters))
