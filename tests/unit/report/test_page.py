import json
import re
import shutil
import subprocess
from html import unescape
from itertools import pairwise
from urllib.parse import unquote

import pytest
from made_page import NASTY, Parsed, without_pictures
from PIL import Image

from repscape.report import page, templates

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
STYLE = (templates.FOLDER / "page.css").read_text(encoding="utf-8")
# Says to the page around it how wide it is, and how wide its content
MEASURE = """<script>const root = document.documentElement;
parent.postMessage(JSON.stringify([innerWidth, root.scrollWidth - root.clientWidth,
[...document.querySelectorAll("main *")].filter(
  e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".strip, .frame, pre")
).map(e => e.outerHTML.slice(0, 80)),
[...document.images].filter(i => i.src.startsWith("data:") && !i.naturalWidth).length,
document.querySelector("main").textContent.length]), "*")</script></body>"""
AROUND = """<!DOCTYPE html><meta charset="utf-8"><pre id="said"></pre><script>
addEventListener("message", e => document.getElementById("said").textContent = e.data)</script>
<iframe src="measured.html" style="width: {width}px; height: 900px; border: 0"></iframe>"""


@pytest.fixture(scope="module")
def written(nasty):
    folder, contents, files = nasty
    page.write(folder / "index.html", contents, files)
    return folder / "index.html"


@pytest.fixture(scope="module")
def read(written):
    return Parsed(written.read_text(encoding="utf-8"))


def test_it_opens_by_itself(written, read):
    """No address leads elsewhere, and what is named relatively lies beside it."""
    assert read.addresses
    for address in read.addresses:
        assert not re.match(r"(?!data:)[a-z][\w+.-]*:|//", address, re.I), address
        if address.startswith("data:"):
            assert re.match(r"data:image/(png|jpeg);base64,[\w+/]+=*$", address)
        elif not address.startswith("#"):
            assert "#" not in address
            assert (written.parent / unquote(address)).is_file(), address
    text = without_pictures(written.read_text(encoding="utf-8"))
    assert not re.search(r"https?://|@import|url\(", text.replace("http://www.w3.org", ""))
    assert written.stat().st_size < 2_000_000


def test_links_within_the_page_lead_somewhere(read):
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inner = {unquote(one[1:]) for one in read.addresses if one.startswith("#")}
    assert inner <= set(ids)
    assert {f"figure-{name}" for name in ("rdm_gallery", "tall")} <= inner


def test_names_stay_text(read, nasty):
    assert "script" not in {tag for tag, _ in read.tags}
    assert not [key for _, attributes in read.tags for key in attributes if key.startswith("on")]
    for name in (nasty[1]["study"], *NASTY):
        assert name in read.text
    titles = "\n".join(attributes.get("title") or "" for attributes in read.all("li"))
    assert all(name in titles for name in NASTY)
    assert "alert(2)" in read.text


def test_it_can_be_read_to_someone(read):
    (html,) = read.all("html")
    assert html["lang"] == "en"
    assert all(attributes["alt"] for attributes in read.all("img"))
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert {"nav", "main", "figcaption", "figure"} <= {tag for tag, _ in read.tags}


def test_of_many_images_it_says_that_some_are_shown(read):
    assert "40 of 300 images are shown" in read.text
    assert read.text.count("images are shown") == 1


def luminance(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_contrast_in_light_and_dark():
    """At least 4.5 : 1, as WCAG 2.2 (1.4.3) has it."""
    schemes = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", scheme))
        for front in ("text", "quiet", "link"):
            for back in ("ground", "card", "code"):
                light, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back)


def test_a_study_without_figures_networks_and_analyses_has_a_page(nasty, tmp_path):
    _, contents, files = nasty
    contents = contents | {"figures": [], "sources": [], "analyses": []}
    read = Parsed(page.render(contents, {"stimuli": files["stimuli"], "png": [], "rst": []}))
    assert {unquote(one) for one in read.addresses if one.startswith("#")} >= {"#stimuli", "#config"}
    assert "#figures" not in read.addresses


def test_it_is_written_whole_or_not_at_all(nasty, tmp_path):
    _, contents, files = nasty
    path = tmp_path / "index.html"
    path.write_text("before")
    with pytest.raises(FileNotFoundError):
        page.write(path, contents, files | {"rst": [*files["rst"][:-1], str(tmp_path / "lacking.rst")]})
    assert [one.name for one in tmp_path.iterdir()] == ["index.html"]
    assert path.read_text() == "before"


def test_the_same_page_each_time(nasty):
    assert page.render(*nasty[1:]) == page.render(*nasty[1:])


def browse(*options, page_file):
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=4000",
        *options,
    ]
    done = subprocess.run([*command, page_file.as_uri()], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed, in which to look at pages"
)


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(written, width):
    text = written.read_text(encoding="utf-8")
    (written.parent / "measured.html").write_text(text.replace("</body>", MEASURE), encoding="utf-8")
    around = written.parent / "around.html"
    around.write_text(AROUND.format(width=width))
    said = re.search(r'<pre id="said">(.*?)</pre>', browse("--dump-dom", page_file=around), re.DOTALL)[1]
    inner, too_wide, beyond, unseen, letters = json.loads(unescape(said))
    assert inner == width
    assert too_wide == 0
    assert beyond == []
    assert unseen == 0
    assert letters > 1000


@needs_browser
def test_it_follows_the_readers_choice_of_light_or_dark(written):
    ground = {}
    for name, number in {"dark": 0, "light": 1}.items():
        shot = written.parent / f"{name}.png"
        scheme = f"--blink-settings=preferredColorScheme={number}"
        browse(scheme, "--window-size=1280,900", f"--screenshot={shot}", page_file=written)
        with Image.open(shot) as picture:
            ground[name] = picture.convert("L").getpixel((5, 5))
            assert len(picture.convert("L").getcolors(256)) > 30  # something is on it
    assert ground["dark"] < 60
    assert ground["light"] > 200
