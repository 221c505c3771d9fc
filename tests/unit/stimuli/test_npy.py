import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repscape.core.errors import ConfigError, DataError
from repscape.core.evenly_spaced import evenly_spaced
from repscape.stimuli import npy

rng = np.random.default_rng(0)


def save(path, array, **options):
    np.save(path, array, **options)
    return Path(path)


@pytest.mark.parametrize("shape", [(100, 6, 8), (100, 6, 8, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_thirtieth_image(tmp_path, shape, order):
    stack = np.asarray(rng.integers(0, 256, shape, np.uint8), order=order)
    found = list(npy.Npy(path=[save(tmp_path / "07_mousecam-18.mp4.npy", stack)], step=30).images())
    assert [frame.name for frame in found] == ["frame_000000", "frame_000030", "frame_000060", "frame_000090"]
    np.testing.assert_array_equal([frame.pixels for frame in found], stack[::30])
    assert not isinstance(found[0].pixels, np.memmap)


def test_part_of_a_stack_and_a_count(tmp_path):
    path = save(tmp_path / "a.npy", np.zeros((100, 2, 2), np.uint8))
    names = [frame.name for frame in npy.Npy(path=[path], start=10, stop=21, count=3).images()]
    assert names == ["frame_000010", "frame_000015", "frame_000020"]
    assert len(list(npy.Npy(path=[path]).images())) == 100


def test_several_stacks_are_told_apart(tmp_path):
    paths = [
        save(tmp_path / name, np.full((2, 5, 6), 7 * at, np.uint8))
        for at, name in enumerate(("b.npy", "a.npy"))
    ]
    found = list(npy.Npy(path=paths).images())
    assert [frame.name for frame in found] == [
        "b_frame_000000",
        "b_frame_000001",
        "a_frame_000000",
        "a_frame_000001",
    ]
    assert [frame.pixels[0, 0] for frame in found] == [0, 0, 7, 7]


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
        save(tmp_path / "flat.npy", np.zeros(48, np.uint8)),
        save(tmp_path / "many.npy", np.zeros((2, 9, 6, 8, 3), np.uint8)),
        save(tmp_path / "deep.npy", np.zeros((9, 6, 8), np.uint16)),
        save(tmp_path / "bool.npy", np.zeros((9, 6, 8), bool)),
        save(tmp_path / "none.npy", np.zeros((0, 6, 8), np.uint8)),
        save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True),
    ]
    with pytest.raises(DataError) as error:
        list(npy.Npy(path=paths).images())
    message = str(error.value)
    for part in (
        "(T, height, width)",
        "cut.npy: found not a whole",
        "empty.npy: empty",
        "text.npy: found not a whole",
        "gone.npy: missing",
        "archive.npy: found not a whole",
        "float.npy: found float32",
        "flat.npy: found uint8",
        "many.npy: found uint8 of shape (2, 9, 6, 8, 3)",
        "deep.npy: found uint16 of shape (9, 6, 8)",
        "bool.npy: found bool of shape (9, 6, 8)",
        "none.npy: found no pixels",
        "objects.npy: found pickled",
        "numpy.save",
    ):
        assert part in message
    assert "good.npy" not in message


@pytest.mark.parametrize(
    ("parameters", "part"),
    [({"count": 11}, r"a\.npy: .* 11 .*10"), ({"start": 10}, r"a\.npy: .* 10 .*\'start\'")],
)
def test_more_than_there_is(tmp_path, parameters, part):
    with pytest.raises(DataError, match=part):
        list(npy.Npy(path=[save(tmp_path / "a.npy", np.zeros((10, 2, 2), np.uint8))], **parameters).images())


@pytest.mark.parametrize("parameters", [{"step": 2, "count": 3}, {"start": 5, "stop": 5}])
def test_parameters_that_do_not_go_together(parameters):
    with pytest.raises(ConfigError, match="expected"):
        next(npy.Npy(path=[], **parameters).images())


RGB = rng.integers(0, 256, (4, 20, 30, 3), np.uint8)
GREY = RGB[..., 0]
ALPHA = np.full((4, 20, 30, 1), 255, np.uint8)
ALPHA[:, :5] = 51  # a fifth


def shown(tmp_path, *arrays, names=("p0.npy", "p1.npy", "p2.npy", "p3.npy"), **keys):
    paths = [save(tmp_path / name, array) for name, array in zip(names, arrays, strict=False)]
    return list(npy.Npy(path=paths, **keys).images())


def test_a_picture_a_file(tmp_path, caplog):
    """Not 20 images of 30 × 3 from each."""
    caplog.set_level("INFO")
    found = shown(tmp_path, *RGB)
    assert [frame.name for frame in found] == ["p0.npy", "p1.npy", "p2.npy", "p3.npy"]
    np.testing.assert_array_equal([frame.pixels for frame in found], RGB)
    assert re.search(r"4 of 4 .*\(y, x, channel\).*p0\.npy.*p3\.npy", caplog.text)
    for single in (GREY, GREY[..., None], np.asfortranarray(GREY)):
        np.testing.assert_array_equal([frame.pixels for frame in shown(tmp_path, *single)], GREY)
    assert [frame.name for frame in shown(tmp_path, *RGB, start=1, step=2)] == ["p1.npy", "p3.npy"]
    assert [frame.name for frame in shown(tmp_path, *RGB, count=2)] == ["p0.npy", "p3.npy"]
    assert (
        npy.Npy(path=[str(tmp_path / f"p{at}.npy") for at in range(4)], start=1).estimated_image_count() == 3
    )


def test_transparent_pixels_are_laid_over_mean_grey(tmp_path):
    expected = np.rint(RGB * (ALPHA / 255) + 128 * (1 - ALPHA / 255))
    for arrays in (np.concatenate([RGB, ALPHA], 3), [np.concatenate([RGB, ALPHA], 3)]):
        np.testing.assert_array_equal([frame.pixels for frame in shown(tmp_path, *arrays)], expected)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("axes", "moved", "right"),
    [
        (["image", "y", "x"], GREY, GREY),
        (["y", "x", "image"], GREY.transpose(1, 2, 0), GREY),  # MATLAB's
        (["image", "y", "x", "channel"], RGB, RGB),
        (["image", "y", "x", "channel"], GREY[..., None], GREY),
        (["image", "channel", "y", "x"], RGB.transpose(0, 3, 1, 2), RGB),  # torch's
        (["y", "x", "channel", "image"], RGB.transpose(1, 2, 3, 0), RGB),  # MATLAB's
        (["image", "channel", "x", "y"], RGB.transpose(0, 3, 2, 1), RGB),  # MATLAB's, by h5py
    ],
)
def test_axes_in_any_order(tmp_path, axes, moved, right, order):
    found = shown(tmp_path, np.asarray(moved, order=order), axes=axes)
    np.testing.assert_array_equal([frame.pixels for frame in found], right)
    path = str(tmp_path / "p0.npy")
    assert npy.Npy(path=path, axes=axes, step=2).estimated_image_count() == 2


def test_pictures_of_channels_first(tmp_path):
    found = shown(tmp_path, *RGB.transpose(0, 3, 1, 2), axes=["channel", "y", "x"])
    np.testing.assert_array_equal([frame.pixels for frame in found], RGB)


@pytest.mark.parametrize(
    ("shapes", "ways"),
    [
        (
            [(20, 30, 3)],
            ["[y, x, image], 3 images, 20 × 30", "[y, x, channel], one picture per file, 20 × 30"],
        ),
        ([(20, 30, 4)], ["[y, x, image], 4 images", "RGB and transparency"]),
        ([(3, 20, 30)], ["[image, y, x], 3 images", "[channel, y, x], one picture per file"]),
        ([(3, 20, 30)] * 3, ["[image, y, x], 3 images", "[channel, y, x], one picture per file"]),
        ([(3, 30, 3)] * 3, ["[y, x, channel]", "[channel, y, x]"]),
        (
            [(9, 3, 20, 30)],
            ["[image, channel, y, x], 9 images, 20 × 30", "[image, channel, x, y], 9 images, 30 × 20"],
        ),
        ([(20, 30, 3, 9)], ["[y, x, channel, image], 9 images, 20 × 30"]),
        ([(20, 30, 3, 3)], ["[y, x, channel, image]", "[image, y, x, channel]"]),
        ([(9, 20, 30, 2)], ["none of its axes"]),
        ([(64, 64, 200)], ["[y, x, image], 200 images, 64 × 64"]),  # square images, as MATLAB stacks them
        ([(480, 640, 20)], ["[y, x, image], 20 images, 480 × 640"]),  # not 480 images of 640 × 20
        ([(48, 64, 30)], ["[image, y, x], 48 images, 64 × 30", "[y, x, image], 30 images, 48 × 64"]),
    ],
)
def test_shapes_that_can_be_meant_in_several_ways_are_asked_for(tmp_path, shapes, ways):
    with pytest.raises(DataError, match=r"p0\.npy: .*'axes'") as error:
        shown(tmp_path, *[np.zeros(shape, np.uint8) for shape in shapes])
    assert all(way in str(error.value) for way in ways)


@pytest.mark.parametrize("shape", [(30, 40, 40), (80, 60, 45), (30, 45, 80), (41, 20, 33)])
def test_stacks_of_pictures_of_usual_shapes_are_not_asked_about(tmp_path, shape):
    assert len(shown(tmp_path, np.zeros(shape, np.uint8))) == shape[0]


@pytest.mark.parametrize(
    ("shapes", "axes", "said"),
    [
        ([(20, 30), (9, 20, 30)], None, "the same axes"),
        ([(20, 30, 3), (9, 20, 30)], None, "the same axes"),
        ([(20, 30, 3)] * 2, ["image", "y", "x", "channel"], r"'axes'.* 4.* \(20, 30, 3\)"),
        ([(9, 20, 30, 2)], ["image", "y", "x", "channel"], r"1, 3.* 4 channels.* 2"),
    ],
)
def test_axes_that_files_do_not_have(tmp_path, shapes, axes, said):
    with pytest.raises(DataError, match=said):
        shown(tmp_path, *[np.zeros(shape, np.uint8) for shape in shapes], axes=axes)


@pytest.mark.parametrize("axes", [["y", "image"], ["y", "x", "x"]])
def test_axes_that_images_do_not_have(axes):
    with pytest.raises(ConfigError, match=r"axes:.*'y'.*'x'"):
        npy.Npy(path="a.npy", axes=axes).check()


def test_files_of_one_name_are_told_apart(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
    found = shown(tmp_path, *RGB[:2], names=("a/p.npy", "b/p.npy"))
    assert [frame.name for frame in found] == ["a/p.npy", "b/p.npy"]


def test_masks_of_zero_and_one_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"p0\.npy:.* 0.* 1"):
        shown(tmp_path, (GREY > 99).astype(np.uint8))
