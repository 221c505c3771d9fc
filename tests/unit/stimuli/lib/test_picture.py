"""Pictures written here byte by byte from the formats' specifications, with what their pixels must be."""

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from repscape.core.errors import DataError
from repscape.stimuli import images
from repscape.stimuli.lib import picture, tiff

y, x = np.mgrid[:16, :24]
SHARE = (x + 24 * y) / (16 * 24 - 1)  # from black to white
RGB_SHARE = np.stack([SHARE, SHARE[::-1], SHARE[:, ::-1]], -1)
SHOWN = np.rint(255 * SHARE)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_tiff(name, data: bytes, *, bits=(16,), photometric=1, order="<", planar=1, tags=()):
    """Write a TIFF of one strip (or of one a plane), 24 × 16."""
    planes = len(bits) if planar == 2 else 1
    entries = {
        256: ("H", (24,)), 257: ("H", (16,)), 258: ("H", bits), 259: ("H", (1,)), 262: ("H", (photometric,)),
        273: ("I", (0,) * planes), 277: ("H", (len(bits),)), 278: ("H", (16,)),
        279: ("I", (len(data) // planes,) * planes), 284: ("H", (planar,)),
    }  # fmt: skip
    entries |= dict(tags)
    begin = 8 + 2 + 12 * len(entries) + 4
    extra = b""
    sizes = {kind: (code, struct.calcsize(kind)) for kind, code in (("B", 1), ("H", 3), ("I", 4))}
    length = sum(len(v) * sizes[k][1] for k, v in entries.values() if len(v) * sizes[k][1] > 4)
    first = begin + length
    entries[273] = ("I", tuple(first + at * (len(data) // planes) for at in range(planes)))
    directory = struct.pack(f"{order}H", len(entries))
    for tag, (kind, values) in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        directory += struct.pack(f"{order}HHI", tag, sizes[kind][0], len(values))
        if len(packed) > 4:
            directory += struct.pack(f"{order}I", begin + len(extra))
            extra += packed
        else:
            directory += packed.ljust(4, b"\0")
    magic = b"II*\0" if order == "<" else b"MM\0*"
    Path(name).write_bytes(magic + struct.pack(f"{order}I", 8) + directory + bytes(4) + extra + data)
    return Path(name)


def packed_12(values):
    """Two values in three bytes, the first in the upper bits."""
    first, second = values[..., ::2], values[..., 1::2]
    return (
        np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], -1).astype(np.uint8).tobytes()
    )


def write_png(name, values, depth, colour, extra=b"", width=None):
    rows = values.astype(">u2" if depth == 16 else "u1").reshape(len(values), -1)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    head = struct.pack(">IIBBBBB", width or values.shape[1], len(values), depth, colour, 0, 0, 0)
    whole = chunk(b"IHDR", head) + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n" + whole)
    return Path(name)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def deep(share, bits):
    return np.rint(share * (2**bits - 1)).astype(np.uint16)


def over_grey(shown, alpha):
    return shown * alpha + 128 * (1 - alpha)


@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_grey_tiff_of_every_depth_that_is_read(white_is_zero, order):
    for bits in (12, 16):
        values = deep(1 - SHARE if white_is_zero else SHARE, bits)
        data = packed_12(values) if bits == 12 else values.astype(f"{order}u2").tobytes()
        if bits == 12 and order == ">":
            continue  # Pillow does not
        file = write_tiff("a.tif", data, bits=(bits,), photometric=1 - white_is_zero, order=order)
        assert np.abs(picture.read(file).pixels - SHOWN).max() <= 1
        assert picture.read(file).converted == (f"of {bits} bits, scaled to 8",)


@pytest.mark.parametrize("tag", [281, 341])  # MaxSampleValue, SMaxSampleValue
@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_fewer_bits_in_sixteen_where_the_file_says_so(tag, bits, white_is_zero):
    values = deep(1 - SHARE if white_is_zero else SHARE, bits)
    tags = {tag: ("H", (2**bits - 1,))}
    file = write_tiff("a.tif", values.tobytes(), photometric=1 - white_is_zero, tags=tags)
    assert np.abs(picture.read(file).pixels - SHOWN).max() <= 1
    # else it is the largest value that was used, by the standard
    file = write_tiff("a.tif", deep(SHARE, 16).tobytes(), tags={tag: ("H", (65000,))})
    assert np.abs(picture.read(file).pixels - SHOWN).max() <= 1


def test_fewer_bits_in_sixteen_where_nothing_says_so_are_asked_for():
    paths = [write_png(f"{at}.png", deep(SHARE * at / 3, 12), 16, 0) for at in (1, 2, 3)]
    with pytest.raises(DataError, match=r"1\.png.* 4095.*'white_level: 4095'"):
        list(images.Images(path=paths).images())
    found = list(images.Images(path=paths, white_level=4095).images())
    np.testing.assert_array_equal(found[2].pixels, np.rint(deep(SHARE, 12) / 4095 * 255))
    found = list(images.Images(path=paths, white_level=65535).images())
    np.testing.assert_array_equal(found[2].pixels, np.rint(deep(SHARE, 12) / 257))
    with pytest.raises(DataError, match=r"3\.png: .*4095.*'white_level'.*\(4000\)"):
        list(images.Images(path=paths, white_level=4000).images())


def test_a_hot_pixel_does_not_hide_that_there_are_fewer_bits(caplog):
    values = np.tile(deep(SHARE, 12), (4, 3))
    values[7, 7] = 65535
    paths = [write_png(f"{at}.png", values, 16, 0) for at in (1, 2, 3)]
    list(images.Images(path=paths, white_level=65535).images())
    list(images.Images(path=[*paths, write_png("4.png", deep(SHARE, 16), 16, 0)]).images())
    assert "nearly black" not in caplog.text
    list(images.Images(path=paths).images())
    assert re.search(r"1\.png.*99\.9 %.* 40", caplog.text)


@pytest.mark.parametrize("planar", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
def test_colour_tiff_of_sixteen_bits(planar, order):
    values = np.moveaxis(deep(RGB_SHARE, 16), -1, 0) if planar == 2 else deep(RGB_SHARE, 16)
    data = values.astype(f"{order}u2").tobytes()
    file = write_tiff("a.tif", data, bits=(16,) * 3, photometric=2, order=order, planar=planar)
    error = np.abs(picture.read(file).pixels - 255 * RGB_SHARE).max()
    assert error <= (0.51 if planar == 1 else 1)


@pytest.mark.parametrize("bits", [8, 16])
def test_tiff_is_turned_at_every_depth(bits):
    shown = deep(SHARE, bits)
    right = [
        shown, shown[:, ::-1], shown[::-1, ::-1], shown[::-1], shown.T, np.rot90(shown, -1),
        shown[::-1, ::-1].T, np.rot90(shown),
    ]  # fmt: skip
    for orientation, turned in enumerate(right, 1):
        data = shown.astype("u1" if bits == 8 else "<u2").tobytes()
        file = write_tiff("a.tif", data, bits=(bits,), tags={274: ("H", (orientation,))})
        found = picture.read(file)
        np.testing.assert_array_equal(found.pixels, np.rint(turned / (2**bits - 1) * 255))
        assert ("rotated as EXIF or TIFF says" in found.converted) == (orientation > 1)


def test_a_palette_of_eight_bits_in_tiff():
    colours = np.random.default_rng(0).integers(0, 256, (3, 256))
    index = (x + 10 * y).astype(np.uint8)
    for factor in (1, 257):  # what some programs write, and the standard
        tags = {320: ("H", tuple(map(int, (colours * factor).ravel())))}
        file = write_tiff("a.tif", index.tobytes(), bits=(8,), photometric=3, tags=tags)
        np.testing.assert_array_equal(picture.read(file).pixels, colours.T[index])


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"bits": (8,), "tags": {339: ("H", (2,))}}, "signed pixels"),
        ({"bits": (16,), "tags": {339: ("H", (2,))}}, "signed pixels"),
        ({"bits": (32,), "tags": {339: ("H", (2,))}}, "signed pixels"),
        ({"bits": (32,)}, "32-bit pixels"),
        ({"bits": (32,), "photometric": 0}, "32 bits, grey with white 0"),
        ({"bits": (32,), "tags": {339: ("H", (3,))}}, "floating-point pixels"),
        ({"bits": (64,), "tags": {339: ("H", (3,))}}, "floating-point samples of 64 bits"),
        ({"bits": (10,)}, "a TIFF of samples of 10 bits, grey"),
        ({"bits": (14,), "photometric": 0}, "a TIFF of samples of 14 bits, grey with white 0"),
        ({"bits": (12,) * 3, "photometric": 2}, "3 samples per pixel of 12 bits, RGB"),
        ({"bits": (8,) * 3, "photometric": 8}, r"CIE L\*a\*b\*"),
        ({"bits": (8,) * 2}, "2 samples per pixel of 8 bits, grey"),
        ({"bits": (8,) * 2, "tags": {338: ("H", (0,))}}, "2 samples per pixel of 8 bits"),
        ({"bits": (8,) * 4, "photometric": 5, "tags": {332: ("H", (2,))}}, "inks"),
        ({"bits": (16,), "tags": {317: ("H", (2,))}}, "predictor"),
        ({"bits": (16,), "photometric": 32803}, "raw colour filter array"),
    ],
)
def test_tiff_without_an_agreed_black_and_white_is_refused_by_name(keys, said):
    file = write_tiff("a.tif", bytes(16 * 24 * 16), **keys)
    with pytest.raises(DataError, match=rf"^a\.tif: .*{said}"):
        picture.read(file)


def test_pillow_is_left_as_it_was():
    from PIL import TiffImagePlugin

    before = TiffImagePlugin.READ_LIBTIFF, TiffImagePlugin.OPEN_INFO
    with tiff.through_libtiff():
        pass
    assert before == (TiffImagePlugin.READ_LIBTIFF, TiffImagePlugin.OPEN_INFO)


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_png_of_sixteen_bits(colour):
    share = SHARE if colour in (0, 4) else RGB_SHARE
    values = deep(share, 16).reshape(16, 24, -1)
    alpha = np.full((16, 24, 1), 65535, np.uint16)
    alpha[4:9, 4:9] = 20_000
    shown = 255 * share
    if colour in (4, 6):
        values = np.concatenate([values, alpha], 2)
        shown = over_grey(shown, (alpha / 65535).reshape(16, 24, *[1] * (colour == 6)))
    found = picture.read(write_png("a.png", values, 16, colour)).pixels
    assert np.abs(found - shown).max() <= 0.51


def test_white_level_is_that_of_transparency_too():
    values = np.concatenate([deep(RGB_SHARE, 12), np.full((16, 24, 1), 4095, np.uint16)], 2)
    found = picture.read(write_png("a.png", values, 16, 6), white_level=4095)
    assert np.abs(found.pixels - 255 * RGB_SHARE).max() <= 0.51


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("colour", [0, 2])
def test_the_transparent_colour_of_a_png(depth, colour):
    values = deep(SHARE if colour == 0 else RGB_SHARE, depth)
    values[2:5, 3:7] = values[0, 0]
    transparent = struct.pack(f">{np.size(values[0, 0])}H", *map(int, np.ravel(values[0, 0])))
    found = picture.read(write_png("a.png", values, depth, colour, chunk(b"tRNS", transparent)))
    shown = np.repeat(found.pixels[..., None], 3, 2) if found.pixels.ndim == 2 else found.pixels
    assert (shown[2:5, 3:7] == 128).all()
    assert (shown[0, 0] == 128).all()
    right = values / (2**depth - 1) * 255
    assert np.abs(shown[8:] - (right[8:, :, None] if colour == 0 else right[8:])).max() <= 0.51
    assert "with transparency, laid over mean grey (128)" in found.converted


@pytest.mark.parametrize("bits", [2, 4])
def test_the_transparent_grey_of_a_png_of_few_bits(bits):
    values = (x + y) % 2**bits
    each = (values[..., None] >> np.arange(bits)[::-1]) & 1
    packed = np.packbits(each.reshape(16, -1).astype(np.uint8), axis=1)
    file = write_png("a.png", packed, bits, 0, chunk(b"tRNS", struct.pack(">H", 1)), width=24)
    shown = np.where(values == 1, 128, values * 255 // (2**bits - 1))
    np.testing.assert_array_equal(picture.read(file).pixels[..., 0], shown)


@pytest.mark.parametrize("maximum", [100, 255, 1023, 65535])
@pytest.mark.parametrize("ascii_", [False, True])
def test_portable_greymaps_of_any_maximum(maximum, ascii_):
    values = np.rint(SHARE * maximum).astype(int)
    head = f"P{2 if ascii_ else 5}\n# made here\n24 16\n{maximum}\n".encode()
    body = " ".join(map(str, values.ravel())).encode()
    data = body if ascii_ else values.astype(">u2" if maximum > 255 else "u1").tobytes()
    Path("a.pgm").write_bytes(head + data)
    assert np.abs(picture.read(Path("a.pgm")).pixels - values / maximum * 255).max() <= 0.51


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"mode": "L"}, {"mode": "CMYK"}])
def test_a_jpeg_that_lost_a_part_is_refused(options):
    mode = options.pop("mode", "RGB")
    noise = np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8)
    Image.fromarray(noise).convert(mode).save("whole.jpg", quality=80, **options)
    whole = Path("whole.jpg").read_bytes()
    assert picture.read(Path("whole.jpg")).pixels.shape[:2] == (160, 160)
    half = whole[: len(whole) // 2]
    for name, data in {
        "cut": half,
        "ended": half + b"\xff\xd9",  # Pillow shows its lower half grey
        "padded": half + bytes(len(half)),
        "hole": half[:-200] + b"\xff\xd9" * 100 + whole[len(half) :],
    }.items():
        file = Path(f"{name}.jpg")
        file.write_bytes(data)
        with pytest.raises(DataError, match=rf"{name}\.jpg: damaged"):
            picture.read(file)
    Path("more.jpg").write_bytes(whole + b"appended by a camera")
    np.testing.assert_array_equal(
        picture.read(Path("more.jpg")).pixels, picture.read(Path("whole.jpg")).pixels
    )


@pytest.mark.parametrize(
    ("frame", "said"), [(b"\xff\xc1", r"JPEG.* 12 bits"), (b"\xff\xc3", r"lossless JPEG.* 12 bits")]
)
def test_jpegs_that_are_not_read_are_named(frame, said):
    size = struct.pack(">HBHHB", 11, 12, 16, 24, 1) + b"\x01\x11\x00"
    Path("a.jpg").write_bytes(b"\xff\xd8" + frame + size + b"\xff\xd9")
    with pytest.raises(DataError, match=said):
        picture.read(Path("a.jpg"))


def test_jpeg_2000():
    Image.fromarray(np.rint(255 * RGB_SHARE).astype(np.uint8)).save("a.jp2")
    whole = Path("a.jp2").read_bytes()
    np.testing.assert_array_equal(picture.read(Path("a.jp2")).pixels, np.rint(255 * RGB_SHARE))
    Path("cut.jp2").write_bytes(whole[: -len(whole) // 4])
    with pytest.raises(DataError, match=r"cut\.jp2: damaged"):
        picture.read(Path("cut.jp2"))
    at = whole.index(b"\xff\x4f\xff\x51") + 42  # the depths of its samples
    for depth, said in (
        (11, r"3 samples.*pixel.* 12 bits"),
        (3, " 4 bits"),
        (0x87, "3 signed samples per pixel of 8 bits"),
    ):
        other = bytearray(whole)
        other[at : at + 9 : 3] = [depth] * 3
        Path("deep.jp2").write_bytes(other)
        with pytest.raises(DataError, match=said):
            picture.read(Path("deep.jp2"))
    Image.fromarray(deep(SHARE, 16)).save("grey.jp2")
    np.testing.assert_array_equal(picture.read(Path("grey.jp2")).pixels, np.rint(deep(SHARE, 16) / 257))


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk(name):
    inks = np.rint(255 * np.dstack([RGB_SHARE, SHARE / 2])).astype(np.uint8)
    inks = np.kron(inks, np.ones((8, 8, 1), np.uint8))  # JPEG's blocks
    Image.fromarray(inks, "CMYK").save(name, quality=100)
    found = picture.read(Path(name))
    right = 255 * (1 - inks[..., :3] / 255) * (1 - inks[..., 3:] / 255)
    assert np.abs(found.pixels - right).max() <= 2
    assert found.converted == ("of CMYK, turned into RGB by (1 − ink) (1 − black)",)


def test_the_log_says_what_was_taken_and_converted(caplog):
    caplog.set_level("INFO")
    paths = [
        write_png("10.png", deep(SHARE, 16), 16, 0),
        write_png("9.png", SHOWN, 8, 0, chunk(b"gAMA", b"\0\1\x86\xa0")),
    ]
    paths.append(write_png("8.png", np.dstack([SHOWN, SHOWN]), 8, 4))
    paths.append(write_png("7.png", np.dstack([SHOWN, 255 + 0 * SHOWN]), 8, 4))  # opaque
    list(images.Images(path=paths).images())
    assert (
        "4 pictures, in this order: 10.png, 9.png … 7.png; 1 of 16 bits, scaled to 8; 1 with a gamma of "
        "1, which is not applied; 1 with transparency, laid over mean grey (128)" in caplog.text
    )


def test_pixels_of_zero_and_one_are_refused():
    paths = [write_png(f"{at}.png", 0.3 * at < SHARE, 8, 0) for at in (1, 2, 3)]
    with pytest.raises(DataError, match=r"1\.png.* 0.* 1"):
        list(images.Images(path=paths).images())


def test_a_compression_that_is_not_read_is_said_to_be_possible():
    """Of WebP, which libtiff may lack, it says as little as of damage."""
    write_tiff("webp.tif", SHOWN.astype(np.uint8).tobytes(), bits=(8,), tags={259: ("H", (50001,))})
    with pytest.raises(DataError, match=r"webp\.tif: .*compressed"):
        picture.read(Path("webp.tif"))
