import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from repscape.core.errors import AssetError, ConfigError, DataError
from repscape.plugin import schema
from repscape.plugin.arguments import ready
from repscape.stimuli import images
from repscape.stimuli.lib import picture
from repscape.stimuli.lib.assemble import assemble

rng = np.random.default_rng(0)
GREY = rng.integers(0, 256, (6, 9), np.uint8)
RGB = rng.integers(0, 256, (6, 9, 3), np.uint8)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def save(path, pixels, **options):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return Path(path)


def pixels(path):
    return picture.read(path).pixels


def test_pictures_in_the_order_given_under_their_file_names():
    paths = [save("naïve 猫.png", RGB), save("a.png", GREY), save("c d.bmp", RGB)]
    found = list(images.Images(path=paths).images())
    assert [frame.name for frame in found] == ["naïve 猫.png", "a.png", "c d.bmp"]
    np.testing.assert_array_equal(found[0].pixels, RGB)
    np.testing.assert_array_equal(found[1].pixels, GREY)
    assert {(frame.label, frame.time) for frame in found} == {(None, None)}


def test_equal_file_names_are_told_apart_by_their_folders():
    paths = [save(f"all/{kind}/1.png", GREY) for kind in ("cat", "dog")] + [save("all/cat/2.png", GREY)]
    found = list(images.Images(path=paths, labels="folders").images())
    assert [frame.name for frame in found] == ["cat/1.png", "dog/1.png", "2.png"]
    assert [frame.label for frame in found] == ["cat", "dog", "cat"]


def test_a_file_named_twice_is_told():
    path = save("1.png", GREY)
    with pytest.raises(DataError, match=r"named 1\.png"):
        assemble(images.Images(path=[path, path, save("2.png", GREY)]).images())


def test_palette():
    # An exact palette of the four colours that the picture has.
    colours = np.array([[10, 20, 30], [200, 100, 0], [0, 0, 0], [255, 255, 255]], np.uint8)
    index = rng.integers(0, 4, (6, 9)).astype(np.uint8)
    image = Image.fromarray(index, "P")
    image.putpalette(colours.tobytes())
    np.testing.assert_array_equal(pixels(save("p.png", image)), colours[index])


def test_transparent_pixels_are_laid_over_mean_grey():
    alpha = rng.integers(0, 256, (6, 9, 1)).astype(np.uint8)
    expected = RGB * (alpha / 255) + 128 * (1 - alpha / 255)
    found = pixels(save("t.png", np.concatenate([RGB, alpha], 2)))
    assert np.abs(found - expected).max() <= 1
    grey = pixels(save("g.png", np.stack([GREY, alpha[..., 0]], 2)))
    assert (
        np.abs(grey - (GREY * (alpha / 255)[..., 0] + 128 * (1 - alpha / 255)[..., 0])[..., None]).max() <= 1
    )


def test_sixteen_bits_are_scaled_to_eight():
    values = np.array([[0, 128, 129, 257], [32768, 65278, 65535, 300]], np.uint16)
    expected = np.rint(values / 65535 * 255).astype(np.uint8)
    for name in ("deep.png", "deep.tif"):
        np.testing.assert_array_equal(pixels(save(name, values)), expected)


def test_black_and_white_pictures():
    bits = GREY > 127
    np.testing.assert_array_equal(pixels(save("b.png", bits)), bits * np.uint8(255))


def test_a_picture_is_turned_as_its_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned a quarter clockwise
    found = pixels(save("turned.png", RGB, exif=exif))
    np.testing.assert_array_equal(found, np.rot90(RGB, -1))


def test_the_first_of_several_pictures_is_taken(caplog):
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    path = Path("many.tif")
    frames[0].save(path, save_all=True, append_images=frames[1:])
    (found,) = images.Images(path=[path]).images()
    np.testing.assert_array_equal(found.pixels, GREY)
    assert re.search(r"many\.tif.* 2 ", caplog.text)


def bomb(path):
    """Write a PNG that says it is 50,000 × 50,000."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return Path(path)


def test_all_bad_files_are_named_at_once():
    good = save("good.png", RGB)
    truncated, cut_jpeg, empty, text = map(Path, ("cut.png", "cut.jpg", "empty.png", "notes.png"))
    truncated.write_bytes(good.read_bytes()[:80])
    whole = save("whole.jpg", rng.integers(0, 256, (64, 64, 3), np.uint8)).read_bytes()
    cut_jpeg.write_bytes(whole[: len(whole) // 2])
    empty.touch()
    text.write_text("not a picture")
    postscript = Path("figure.eps")
    postscript.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    floating = save("float.tif", RGB[..., 0].astype(np.float32))
    paths = [good, truncated, empty, text, Path("gone.png"), bomb("bomb.png"), cut_jpeg, postscript, floating]
    with pytest.raises(DataError) as error:
        list(images.Images(path=paths).images())
    message = str(error.value)
    assert message.startswith("8 files")
    for part in (
        "cut.png: damaged",
        "cut.jpg: damaged",
        "empty.png: empty",
        "notes.png: not ",
        "figure.eps: not ",
        "gone.png: missing",
        "bomb.png: refused",
        "float.tif: has floating-point",
    ):
        assert part in message
    assert "good.png" not in message


def test_a_picture_that_is_large_but_below_pillows_error_is_refused_too(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    with pytest.raises(DataError, match=r"a\.png: refused"):
        pixels(save("a.png", GREY))


def test_any_cut_of_a_picture_is_one_error_unless_no_pixel_is_lost():
    whole = save("whole.png", RGB).read_bytes()
    path = Path("cut.png")
    refused = 0
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            np.testing.assert_array_equal(pixels(path), RGB)
        except DataError as error:
            assert str(error).startswith("cut.png: ")  # noqa: PT017
            refused += 1
    assert refused >= len(whole) - 20  # two checksums and the last, empty chunk
    flipped = bytearray(whole)
    for at in range(whole.index(b"IDAT") + 4, len(whole) - 16):
        flipped[at] ^= 16
        path.write_bytes(flipped)
        with pytest.raises(DataError, match=r"cut\.png: damaged"):
            pixels(path)
        flipped[at] ^= 16


def table(text, encoding="utf-8"):
    Path("labels.csv").write_text(text, encoding=encoding)
    return Path("labels.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_labels_from_a_table_which_may_lie_in_the_folder(encoding):
    labels = table('label,name\n"cat, tame",猫 1.png\ndog,2.png\nbird,other.png\n', encoding)
    paths = [save("2.png", GREY), labels, save("猫 1.png", GREY)]
    found = list(images.Images(path=paths, table=labels.resolve()).images())
    assert [(frame.name, frame.label) for frame in found] == [("2.png", "dog"), ("猫 1.png", "cat, tame")]
    assert {frame.factors for frame in found} == {None}


def test_other_columns_of_a_table_are_factors():
    listed = table("name,obj,label,color\n1.png,cup,x,000\n2.png,cup,y,090\n")
    found = list(images.Images(path=[save("2.png", GREY), save("1.png", GREY)], table=listed).images())
    assert [frame.label for frame in found] == ["y", "x"]
    assert [frame.factors for frame in found] == [{"obj": "cup", "color": color} for color in ("090", "000")]
    assert images.Images(path=["2.png", "1.png"], table="labels.csv").image_factors() == {
        "obj": ["cup", "cup"],
        "color": ["090", "000"],
    }


def test_tables_of_another_machine_and_of_spreadsheets():
    """Paths are those of other folders; empty columns and blanks are what Excel leaves behind."""
    listed = table("name , label,\nC:\\lab\\dogs\\1.png , dog,\n/lab/food/1.png,pie,\n/lab/2.png,cat,\n,,\n")
    for folder in ("dogs", "food"):
        Path(folder).mkdir()
    paths = [save("food/1.png", GREY), save("2.png", GREY)]
    assert [frame.label for frame in images.Images(path=paths, table=listed).images()] == ["pie", "cat"]
    paths = [save("dogs/1.png", GREY), *paths]
    found = list(images.Images(path=paths, table=listed).images())
    assert [(frame.name, frame.label) for frame in found] == [
        ("dogs/1.png", "dog"), ("food/1.png", "pie"), ("2.png", "cat"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["labels.csv", "'name'", "nothing"]),
        ("file,label\n1.png,cat\n", ["labels.csv", "'name'", "'file', 'label'"]),
        ("name\n1.png\n", ["labels.csv", "'label'"]),
        ("name,obj,obj\n1.png,a,b\n", ["labels.csv", "each once", "'name', 'obj', 'obj'"]),
        ("name,obj\n", ["labels.csv", "0 rows"]),
        ("name,label\n1.png,cat\n", ["labels.csv", ": 2.png"]),
        ("name,label\n1.png,cat\n2.png,\n", ["labels.csv", ": 2.png"]),
        ("name,obj,color\n1.png,a,b\n2.png,a\n", ["labels.csv", "'obj', 'color'", ": 2.png"]),
        ("name,obj\n1.png,a,b\n2.png,a\n", ["labels.csv", "line 2"]),
        ("name,label\n1.png,cat\n2.png,dog\n1.png,dog\n", ["'1.png'", "cat", "dog"]),
        ("name,stimulus\n1.png,a\n2.png,a\n", ["'stimulus'", "factor"]),
        (",name,obj\n0,1.png,a\n1,2.png,a\n", ["labels.csv", "pandas"]),
        ("name;obj\n1.png;a\n2.png;a\n", ["commas", "semicolons"]),
        ("name,obj\nx/1.png,a\ny/1.png,a\n2.png,a\n", ["'1.png'", ": x/1.png; y/1.png"]),
    ],
)
def test_tables_that_do_not_label_every_picture(text, parts):
    paths = [save("1.png", GREY), save("2.png", GREY)]
    with pytest.raises((DataError, ConfigError)) as error:
        list(images.Images(path=paths, table=table(text)).images())
    assert all(part in str(error.value) for part in parts)


def test_a_table_in_another_encoding_is_told():
    with pytest.raises(DataError, match="UTF-8"):
        list(
            images.Images(
                path=[save("1.png", GREY)], table=table("name,label\n1.png,Bär\n", "latin-1")
            ).images()
        )


def test_labels_by_the_names_of_pictures():
    paths = [save("a/1.png", GREY), save("b/1.png", GREY), save("ü.png", GREY)]
    labels = {"cat": ["b/1.png", "u\u0308.png"], "dog": ["a/1.png"]}
    plugin = images.Images(path=paths, labels=labels)
    plugin.check()
    assert [frame.label for frame in plugin.images()] == ["dog", "cat", "cat"]
    assert plugin.image_factors() == {}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"cat": ["1.png"]}, ["labels:", "none for 2.png"]),
        ({"cat": ["1.png", "2.png"], "dog": ["1.png"]}, ["labels.dog:", "'1.png'", "'cat'"]),
        ({"cat": ["1.png", "3.png"], "dog": ["2.png"]}, ["labels.cat:", "'3.png' is unknown", "2.png"]),
        ({}, ["labels:", "none for 1.png; 2.png"]),
    ],
)
def test_mistakes_in_labels_by_name(labels, said):
    plugin = images.Images(path=[save("1.png", GREY), save("2.png", GREY)], labels=labels)
    with pytest.raises(ConfigError) as caught:
        plugin.check()
    assert all(part in str(caught.value) for part in said), caught.value


def test_one_kind_of_labels():
    labels = table("name,label\n1.png,cat\n")
    with pytest.raises(ConfigError, match=r"'labels'.*'label'"):
        next(images.Images(path=[save("1.png", GREY)], labels="folders", table=labels).images())


def in_config(path, **keys):
    """Get frames as a job does from a section of the config."""
    section = schema.model(images.Images)(kind="images", path=path, **keys).model_dump()
    schema.make("stimuli", section).check()
    return list(ready("stimuli", section, "stimuli.mine", {}).images())


@pytest.fixture
def cups():
    for obj in ("cup", "jug 2"):
        for color in ("000", "090"):
            save(f"{obj}/{obj}_{color}deg.jpg", RGB)


@pytest.mark.parametrize(
    "path", ["{obj}/{obj}_{color}deg.jpg", "./**/{obj}_{color}deg.j*", "*/{obj}_{color}d[ae]?.jpg"]
)
def test_names_in_braces_are_factors(cups, path):
    found = in_config(path)
    assert [frame.factors for frame in found] == [
        {"obj": obj, "color": color} for obj in ("cup", "jug 2") for color in ("000", "090")
    ]
    assert found[0].name == "cup_000deg.jpg"
    assert images.Images(path=path).image_factors() == {
        "obj": ["cup", "cup", "jug 2", "jug 2"],
        "color": ["000", "090", "000", "090"],
    }


def test_paths_and_a_table_give_factors_together(cups):
    table(
        "name,size_of\n"
        + "".join(f"{o}_{c}deg.jpg,{len(o)}\n" for o in ("cup", "jug 2") for c in ("000", "090"))
    )
    found = in_config(["cup/{obj}_{color}deg.jpg", "jug 2/{obj}_{color}deg.jpg"], table="labels.csv")
    assert [tuple(frame.factors.values()) for frame in found] == [
        ("cup", "000", "3"), ("cup", "090", "3"), ("jug 2", "000", "5"), ("jug 2", "090", "5"),
    ]  # fmt: skip


def test_addresses_that_are_not_here_tell_no_factors_yet():
    address = "https://example.org/1.png#sha256=" + "0" * 64
    table("name,obj\n1.png,cup\n")
    images.Images(path=[address], table="labels.csv").check()
    assert images.Images(path=[address], table="labels.csv").image_factors() is None


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("{obj}/{obj}_{hue}.png", r"stimuli\.mine\.path: .*\{hue\}\.png.*none"),
        ("*/{obj}{color}deg.jpg", r"\(obj: \w, color:.*obj:"),
        ("{obj}/{}.jpg", r"names in braces"),
        ("{obj}/{1a}.jpg", r"names in braces"),
        ("*/{stimulus}_{color}deg.jpg", r"'stimulus'.*factor"),
        ("*/{label}_{color}deg.jpg", r"'label'.*factor"),
        (["{obj}/*_{color}deg.jpg", "plain.jpg"], r"plain\.jpg.*obj, color"),
    ],
)
def test_paths_with_braces_that_cannot_be(cups, path, message):
    save("plain.jpg", RGB)
    with pytest.raises((AssetError, ConfigError), match=message):
        in_config(path)


def test_files_of_which_a_name_used_twice_differs_are_named(cups):
    save("cup/other_000deg.jpg", RGB)
    with pytest.raises(AssetError, match=r"\{obj\}.* cup/other_000deg\.jpg"):
        in_config("{obj}/{obj}_{color}deg.jpg")
    assert len(in_config("{obj}/c*_{color}deg.jpg")) == 2


def test_a_factor_is_in_the_path_or_in_the_table(cups):
    table("name,obj\ncup_000deg.jpg,cup\n")
    with pytest.raises(ConfigError, match=r"'obj'.*'path'.*'table'"):
        in_config("{obj}/*.jpg", table="labels.csv")


def test_a_table_may_name_the_pictures():
    """In its order, relative to its folder; an absolute path stays one."""
    for name in ("set/b/2.png", "set/b/10.png", "else/1.png"):
        save(name, GREY)
    listed = Path("set/list.csv")
    listed.write_text(f"path,obj\nb/10.png,cup\n{Path('else/1.png').resolve()},jug\nb/2.png,jug\n")
    found = list(images.Images(table=listed).images())
    assert [(frame.name, frame.factors["obj"]) for frame in found] == [
        ("10.png", "cup"), ("1.png", "jug"), ("2.png", "jug"),
    ]  # fmt: skip
    keys = {"path": None, "table": "set/list.csv"}
    assert images.Images(**keys).image_count() == 3
    files = images.Images(**keys).further_files()
    assert files == [Path("set/b/10.png"), Path("else/1.png").resolve(), Path("set/b/2.png")]
    assert images.Images(**keys).image_factors() == {"obj": ["cup", "jug", "jug"]}


def test_a_table_may_have_nothing_but_paths():
    save("a/1.png", GREY), save("b/1.png", RGB)
    Path("list.csv").write_text("path\nb/1.png\na/1.png\n")
    found = list(images.Images(table=Path("list.csv")).images())
    assert [frame.name for frame in found] == ["b/1.png", "a/1.png"]
    np.testing.assert_array_equal(found[0].pixels, RGB)


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("path\n1.png\nno.png\n", None, r"list\.csv:.*missing: no\.png"),
        ("path\n1.png\n1.png\n", None, r"list\.csv: 1\.png.*twice"),
        ("name,obj\n1.png,cup\n", None, r"column 'path'.*'table'"),
        ("path,obj\n1.png,cup\n", "1.png", r"'path'.* list\.csv"),
        (None, None, r"'path'.*'table'.*neither"),
    ],
)
def test_tables_that_cannot_name_pictures(text, path, said):
    save("1.png", GREY)
    if text:
        Path("list.csv").write_text(text)
    with pytest.raises(ConfigError, match=said):
        images.Images(path=path, table="list.csv" if text else None).check()
