"""Colours that anyone can tell apart, and files with the same bytes every time."""

import re
import subprocess
import sys
import warnings
from itertools import combinations, pairwise
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
import xarray as xr
from colour_vision import VISION, ciede2000, lab, linear

from repscape.figures.lib.style import (
    COLOURS,
    RAMP,
    REFERENCE,
    Style,
    along,
    dashes,
    figure,
    palette,
    save,
    settings,
)
from repscape.plugin import registry


@pytest.mark.parametrize(
    ("first", "second", "difference"),  # Sharma et al., table 1: pairs 1, 7, 17, 25
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_the_colour_difference_is_the_published_one(first, second, difference):
    assert ciede2000(first, second) == pytest.approx(difference, abs=1e-4)


@pytest.mark.parametrize("vision", VISION)
def test_any_two_colours_can_be_told_apart(vision):
    seen = {colour: lab(np.array(VISION[vision]) @ linear(colour)) for colour in (REFERENCE, *COLOURS)}
    nearest = min(combinations(seen, 2), key=lambda pair: ciede2000(seen[pair[0]], seen[pair[1]]))
    assert ciede2000(seen[nearest[0]], seen[nearest[1]]) >= 10, nearest


def test_lines_stand_out_from_white_paper():
    luminance = {colour: linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (REFERENCE, *COLOURS)}
    contrast = {colour: 1.05 / (value + 0.05) for colour, value in luminance.items()}
    assert min(contrast.values()) > 1.5, contrast
    assert min(contrast[colour] for colour in (REFERENCE, *COLOURS[:7])) > 2


def test_colours_depend_on_the_names_alone():
    names = [f"movie{i}" for i in range(12)] + ["white_noise"]
    given = palette(names, "white_noise")
    assert palette(names[::-1], "white_noise") == given
    assert list(given)[:3] == ["movie0", "movie1", "movie2"]  # natural order: 2 before 10
    assert given["white_noise"] == REFERENCE


@pytest.mark.parametrize("count", [1, 8, 9, 16, 32, 33, 60, 200])
def test_every_stimulus_has_a_colour_and_shape_of_its_own(count):
    given = palette([f"s{i}" for i in range(count)] + ["noise"], "noise")
    style = Style(given)
    assert len({(colour, style.marker(name)) for name, colour in given.items()}) == count + 1
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in given.values())
    assert style.repeats == (8 < count <= 32)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("count", [12, 20, 32])
def test_stimuli_of_one_shape_can_be_told_apart_as_lines(vision, count):
    style = Style(palette([f"s{i}" for i in range(count)]))
    seen = {name: lab(np.array(VISION[vision]) @ linear(style.colour(name))) for name in style.colours}
    for first, second in combinations(seen, 2):
        if style.marker(first) == style.marker(second):
            assert ciede2000(seen[first], seen[second]) >= 10, (first, second)


def test_shapes_that_tell_stimuli_apart_are_seen_along_many_layers():
    twenty = Style(palette([f"s{i:02d}" for i in range(20)]))
    assert twenty.dots("s01", 150)["markersize"] == 1.0
    square = twenty.dots("s09", 150)
    assert square["markersize"] > 2
    assert square["markevery"] > 1
    assert Style(palette([f"s{i}" for i in range(8)])).dots("s7", 150)["markersize"] == 1.0


def test_many_stimuli_run_from_dark_to_light():
    lightness = [lab(linear(colour))[0] for colour in along(RAMP, 40)]
    assert all(before < after for before, after in pairwise(lightness))


def test_the_largest_size_is_solid_and_styles_differ():
    styles = dashes(["200", "1000", "10000", "all"])
    assert styles["all"] == "-"
    assert len(set(map(str, styles.values()))) == 4


def drawn():
    fig = figure(40)
    axes = fig.subplots()
    axes.plot([1, 2, 3], label="räksmörgås")
    axes.imshow(np.eye(3))
    fig.legend(loc="outside right upper")
    return fig


def test_files_have_the_same_bytes_every_time(tmp_path):
    for run in ("first", "second"):
        with settings():
            save(drawn(), tmp_path / run / "a.svg", tmp_path / run / "a.png")
    for name in ("a.svg", "a.png"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == ["a.png", "a.svg"]


def test_svg_keeps_text_and_no_date(tmp_path):
    with settings():
        save(drawn(), tmp_path / "a.svg", tmp_path / "a.png")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "räksmörgås</text>" in text
    assert "<dc:date>" not in text
    assert matplotlib.__version__ not in text


def test_png_is_fine_enough_for_print(tmp_path):
    with settings():
        save(drawn(), tmp_path / "a.svg", tmp_path / "a.png")
    width = int.from_bytes((tmp_path / "a.png").read_bytes()[16:20], "big")
    assert width >= 180 / 25.4 * 200


def test_a_users_own_settings_neither_matter_nor_change(tmp_path):
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "path"}):
        with settings():
            save(drawn(), tmp_path / "own.svg", tmp_path / "own.png")
        assert matplotlib.rcParams["font.size"] == 30
    with settings():
        save(drawn(), tmp_path / "a.svg", tmp_path / "a.png")
    assert (tmp_path / "own.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()


def test_planning_imports_nothing_heavy():
    modules = [f"repscape.figures.{name}" for name in registry.names("figures")]
    check = (
        f"import sys, importlib; [importlib.import_module(name) for name in {modules}]; "
        "print([name for name in ('matplotlib', 'xarray', 'netCDF4', 'PIL', 'scipy') if name in sys.modules])"
    )
    assert len(modules) >= 6
    assert subprocess.check_output([sys.executable, "-c", check], text=True).strip() == "[]"


# Names that the figures' font has no characters for


@pytest.mark.parametrize("installed", [None, "DejaVu Sans Mono"])
def test_characters_that_no_font_has_are_written_by_their_numbers(monkeypatch, tmp_path, installed):
    from repscape.figures.lib import style

    monkeypatch.setattr(style, "_font_of", lambda signs: installed)
    fig = style.figure(20, 40)
    text, other = fig.text(0.1, 0.5, "猫_01.jpg"), fig.text(0.1, 0.1, "näme − 1")
    with style.settings(), warnings.catch_warnings():
        warnings.simplefilter("error" if installed is None else "ignore")
        style.save(fig, tmp_path / "a.svg", tmp_path / "a.png")
    assert text.get_text() == ("U+732B_01.jpg" if installed is None else "猫_01.jpg")
    assert installed is None or text.get_fontfamily() == ["DejaVu Sans", installed]
    assert other.get_text() == "näme − 1"
    assert style.printable("猫") == bool(installed)


def test_a_font_that_has_the_characters_is_found():
    from matplotlib import font_manager

    from repscape.figures.lib import style

    assert style._lacking("猫 a\nä − ²") == "猫"
    assert style._font_of("aä") is not None
    found = style._font_of("猫")
    if found is not None:
        assert ord("猫") in font_manager.get_font(font_manager.findfont(found)).get_charmap()


def test_an_image_that_cannot_be_named_has_its_number(monkeypatch):
    from repscape.figures.lib import activation_panels, style

    stimulus = xr.Dataset({"name": ("image", ["猫.jpg", "cat.jpg"])})
    monkeypatch.setattr(style, "_font_of", lambda signs: None)
    assert [activation_panels.title(stimulus, image) for image in (0, 1)] == ["image 0", "cat.jpg"]


def test_names_break_behind_their_joints():
    from repscape.figures.lib.captions import wrapped

    assert wrapped("white_noise", 13) == ["white_noise"]
    assert wrapped("phase_scrambled_3d", 13) == ["phase_", "scrambled_3d"]
    assert wrapped("a" * 30, 13) == ["a" * 13, "a" * 13, "a" * 4]
    assert (
        "".join(wrapped("02_mousecam-with_a_rather…name-2.mp4", 12)) == "02_mousecam-with_a_rather…name-2.mp4"
    )
    assert max(map(len, wrapped("02_mousecam-with_a_rather…name-2.mp4", 12))) <= 13


def test_beyond_six_stimuli_shapes_vary_as_well():
    style = Style(palette([f"s{i}" for i in range(15)] + ["noise"], "noise"))
    shapes = [style.marker(f"s{i}") for i in range(15)]
    assert shapes == ["o"] * 6 + ["s"] * 6 + ["^"] * 3
    assert style.marker("noise") == "o"
    assert len({(style.colour(f"s{i}"), shape) for i, shape in enumerate(shapes)}) == 15


def test_names_are_text_and_powers_of_ten_are_no_formulas(tmp_path):
    names = ["$x$.png", "$\\frac{$ $", "a$b$c_1", "<a>.png", "50%"]
    with settings():
        fig = figure(60)
        left, right = fig.subplots(1, 2)
        left.set_title(names[0])
        left.set(xlim=(-0.5, 4.5), yscale="log", ylim=(1e-3, 1e3))
        left.set_xticks(range(5), names)
        right.set(xlim=(2e-4, 9e-4), xscale="log")
        right.legend(right.plot([3e-4, 4e-4], [0, 1]), names[2:3])
        save(fig, tmp_path / "a.svg", tmp_path / "a.png")
    drawn = [text.text for text in ElementTree.parse(tmp_path / "a.svg").iter() if text.tag.endswith("}text")]
    assert {*names, "10⁻³", "10³", "3·10⁻⁴"} <= set(drawn)
    assert not any("math" in text for text in drawn)
