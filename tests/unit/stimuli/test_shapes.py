"""Coloured shapes: their colours against CIE's formulas and known values, their forms, what they vary in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repscape.core.errors import ConfigError
from repscape.stimuli import shapes
from repscape.stimuli.lib import cieluv
from repscape.stimuli.lib.assemble import assemble

SMALL = {"size": (64, 64), "seed": 0}


def luv(pixels):
    """Return lightness, chroma and hue of 8-bit sRGB, from the standards' formulas, a colour at a time."""
    found = []
    for color in pixels:
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in color / 255]
        red, green, blue = linear
        x = 0.4124564 * red + 0.3575761 * green + 0.1804375 * blue
        y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
        z = 0.0193339 * red + 0.1191920 * green + 0.9503041 * blue
        lightness = 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y
        total = x + 15 * y + 3 * z
        u = 13 * lightness * (4 * x / total - 0.19784)  # D65
        v = 13 * lightness * (9 * y / total - 0.46834)
        found.append((lightness, np.hypot(u, v), np.degrees(np.arctan2(v, u)) % 360))
    return np.array(found)


@pytest.mark.parametrize(
    ("rgb", "expected"),  # as tables of the primaries of sRGB have them
    [
        ([1, 0, 0], (53.24, 179.04, 12.17)),
        ([0, 1, 0], (87.73, 135.78, 127.72)),
        ([0, 0, 1], (32.30, 130.68, 265.87)),
    ],
)
def test_known_colours(rgb, expected):
    np.testing.assert_allclose(cieluv.to_linear(*expected), rgb, atol=2e-4)
    np.testing.assert_allclose(luv(255 * np.array([rgb]))[0], expected, atol=0.05)


@settings(deadline=None)
@given(st.tuples(*[st.floats(0.001, 1)] * 3))
def test_there_and_back(rgb):
    encoded = cieluv.encoded(np.array(rgb))
    np.testing.assert_allclose(cieluv.decoded(encoded), rgb, atol=1e-6)
    np.testing.assert_allclose(cieluv.to_linear(*luv(255 * encoded[None])[0]), rgb, atol=2e-4)


@settings(max_examples=30, deadline=None)
@given(st.floats(1, 99))
def test_the_largest_chroma_is_in_the_gamut_in_all_hues_and_no_larger_one_is(lightness):
    chroma, hues = cieluv.largest_chroma(lightness), np.arange(0, 360, 0.5)
    inside = cieluv.to_linear(lightness, chroma, hues)
    assert inside.min() > -1e-6
    assert inside.max() < 1 + 1e-6
    beyond = cieluv.to_linear(lightness, chroma + 0.2, hues)
    assert beyond.min() < 0 or beyond.max() > 1


def test_chroma_is_as_documented():
    assert cieluv.largest_chroma(70) == 55.1
    assert cieluv.largest_chroma(76) == 59.9 == max(map(cieluv.largest_chroma, range(5, 96)))


def test_colours_are_of_equal_lightness_and_chroma_and_of_the_hue_they_are_called():
    for frame in shapes.Shapes(objects=1, colors=12, **SMALL).images():
        middle, corner = luv(frame.pixels[[32, 0], [32, 0]])
        assert abs(middle[0] - 70) < 0.2
        assert abs(middle[1] - 55.1) < 1
        assert abs((middle[2] - float(frame.factors["color"]) + 180) % 360 - 180) < 1
        assert abs(corner[0] - 70) < 0.2
        assert corner[1] < 0.1  # grey: less than 8 bits tell


def test_edges_are_of_the_background_s_lightness():
    for frame in shapes.Shapes(objects=1, colors=4, **SMALL).images():
        colors = np.unique(frame.pixels.reshape(-1, 3), axis=0)
        assert len(colors) > 20  # antialiased
        assert np.abs(luv(colors)[:, 0] - 70).max() < 0.4


def test_grey_background():
    frame = next(iter(shapes.Shapes(background="grey", **SMALL).images()))
    assert (frame.pixels[0, 0] == 128).all()


def test_factors_and_their_order():
    frames = list(shapes.Shapes(objects=2, colors=[90, 0], views=2, **SMALL).images())
    found = [tuple(frame.factors.values()) for frame in frames]
    expected = [
        (f"obj00{o}", color, str(view)) for o in (1, 2) for view in (1, 2) for color in ("090", "000")
    ]
    assert found == expected
    assert frames[0].name == "obj001_090_1"
    options = {"objects": 2, "colors": [90, 0], "views": 2}
    factors = shapes.Shapes(**options).image_factors()
    assert factors == {name: [frame.factors[name] for frame in frames] for name in ("obj", "color", "view")}
    assert shapes.Shapes(**options).image_count() == len(frames)
    variables = assemble(frames)
    assert variables["view"] == (("image",), ["1", "1", "2", "2"] * 2)


def test_one_view_is_no_factor():
    options = {"objects": 2, "colors": 3, "views": 1}
    frames = list(shapes.Shapes(**options, **SMALL).images())
    assert set(frames[0].factors) == {"obj", "color"} == set(shapes.Shapes(**options).image_factors())
    assert [frame.factors["color"] for frame in frames] == ["000", "120", "240"] * 2


def test_seven_hues_have_decimals():
    assert shapes.Shapes(objects=1, colors=7, views=1).image_factors()["color"][1:3] == ["051.43", "102.86"]


def mask(frame):
    return (frame.pixels != frame.pixels[0, 0]).any(axis=2)


def test_shapes_have_equal_areas_and_differ_however_they_are_turned():
    contours = shapes.distinct_contours(12, seed=3)
    np.testing.assert_allclose(np.pi * np.square(contours).mean(axis=1), shapes.AREA)
    assert contours.max() + shapes.SHIFT * np.sqrt(2) < 0.51
    for i in range(12):
        for j in range(i):
            turned = [np.roll(contours[j], shift) for shift in range(0, shapes.CONTOUR, 6)]
            least = min(np.sqrt(np.square(contours[i] - other).mean()) for other in turned)
            assert least > 0.1 * contours.mean()


def test_coverage_is_the_share_of_points_inside():
    contour, shorter = shapes.distinct_contours(2, 0)[1], 40
    turn, down, right, scale = 25.0, 0.03, -0.02, 0.9
    found = shapes.coverage(contour, (40, 56), turn, down, right, scale)
    for row, column in np.random.default_rng(0).integers(0, (40, 56), (300, 2)):
        inside = 0
        for dy in (np.arange(8) + 0.5) / 8:
            for dx in (np.arange(8) + 0.5) / 8:
                y = row + dy - 20 - down * shorter
                x = column + dx - 28 - right * shorter
                at = (np.degrees(np.arctan2(-y, x)) - turn) % 360 * 2
                below = int(at) % 720
                edge = contour[below] + (at - int(at)) * (contour[(below + 1) % 720] - contour[below])
                inside += np.hypot(y, x) < edge * scale * shorter
        assert abs(found[row, column] - inside / 64) < 0.02
    assert abs(found.sum() / shorter**2 - scale**2 * shapes.AREA) < 0.001


def test_colours_of_a_view_have_its_form_and_views_differ():
    frames = list(shapes.Shapes(objects=2, colors=2, views=3, **SMALL).images())
    for first, second in zip(frames[::2], frames[1::2], strict=True):
        np.testing.assert_array_equal(mask(first), mask(second))
        assert not mask(first)[[0, -1]].any()
        assert not mask(first)[:, [0, -1]].any()
    forms = [mask(frame) for frame in frames[::2]]
    assert all((forms[i] != forms[j]).mean() > 0.02 for i in range(6) for j in range(i))
    assert forms[1].mean() / forms[0].mean() != pytest.approx(forms[4].mean() / forms[3].mean(), rel=0.02)


def test_more_objects_and_views_leave_the_first_as_they_were_and_the_seed_decides():
    few = {
        frame.name: frame.pixels for frame in shapes.Shapes(objects=2, colors=[0], views=2, **SMALL).images()
    }
    many = {
        frame.name: frame.pixels for frame in shapes.Shapes(objects=4, colors=[0], views=3, **SMALL).images()
    }
    assert all((many[name] == few[name]).all() for name in few)
    other = next(iter(shapes.Shapes(objects=2, colors=[0], views=2, size=(64, 64), seed=1).images()))
    assert (other.pixels != few["obj001_000_1"]).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colors": [0, 90, 360]}, r"colors.*once: 000"),
        ({"chroma": 60.0}, r"at most 55\.1.* lightness 70.* 60"),
        ({"lightness": 20.0, "chroma": 50.0}, r"lightness 20.* 50"),
    ],
)
def test_what_cannot_be_is_told(options, message):
    with pytest.raises(ConfigError, match=message):
        next(shapes.Shapes(**options, **SMALL).images())
