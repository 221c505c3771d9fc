"""Pages of documentation: links lead somewhere on a code host, lines are short, every plugin is there."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from repscape import config
from repscape.plugin import registry
from repscape.plugin.contract import STEPS

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "workflow/docs"
PAGES = sorted(
    path
    for path in REPOSITORY.rglob("*.md")
    if not {"build", "results"} & set(path.relative_to(REPOSITORY).parts[:-2])
    and not any(part.startswith(".") for part in path.relative_to(REPOSITORY).parts)
)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+(?:\([^()]*\)[^()\s]*)?)\)")
SHORT = 3  # headings, from which on a page has a table of contents


def names(pages):
    return [path.relative_to(REPOSITORY).as_posix() for path in pages]


def prose(path):
    """Return the lines of a page outside of blocks of code."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [line for line in text.splitlines() if not line.startswith("    ")]


@cache
def anchors(path):
    """Return the anchors of a page's headings, as code hosts make them."""
    found = {}
    for line in prose(path):
        if heading := re.match(r"#{1,6} (.*)", line):
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1].strip()).lower()
            slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            found[slug] = found.get(slug, -1) + 1
    return {f"{slug}-{n}" if n else slug for slug, last in found.items() for n in range(last + 1)}


def broken(path):
    for link in LINK.findall("\n".join(prose(path))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and (target.suffix != ".md" or anchor not in anchors(target))):
            yield link


def test_slugs_are_those_of_code_hosts(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# What it costs: 2 × 3?\n\n## `rdm_gallery`\n\n## Twice\n\n## Twice\n\n```\n# code\n```\n"
    )
    assert anchors(page) == {"what-it-costs-2--3", "rdm_gallery", "twice", "twice-1"}
    page.write_text("# A\n\n[b](#b) [a](#a) [gone](gone.md) [out](https://example.org)\n")
    anchors.cache_clear()
    assert list(broken(page)) == ["#b", "gone.md"]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_page(page):
    assert list(broken(page)) == []
    long = [n for n, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1) if len(line) > 160]
    assert long == [], "lines above 160 characters"


GUIDE = [*sorted((DOCS / "guide").glob("*.md")), *sorted((DOCS / "reference").glob("*.md"))]
GUIDE = [path for path in GUIDE if path.name != "README.md"]


@pytest.mark.parametrize("page", GUIDE, ids=names(GUIDE))
def test_pages_of_several_parts_begin_with_a_table_of_contents(page):
    lines = prose(page)
    headings = [line for line in lines if line.startswith("## ")]
    contents = "\n".join(lines).partition("On this page:")[2].partition("\n\n")[0]
    if len(headings) >= SHORT:
        assert set(re.findall(r"\(#([^)]+)\)", contents)) == anchors(page) - first_heading(page)


def first_heading(page):
    """Return the anchors of the title and of parts of parts, which tables of contents leave out."""
    other = [line for line in prose(page) if re.match(r"# |###+ ", line)]
    return {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in other}


def test_folders_list_their_pages():
    """A new page is found from the list of its folder, or from that of all pages."""
    lists = [DOCS / "README.md", *DOCS.glob("*/README.md")]
    linked = {
        (path.parent / link.partition("#")[0]).resolve()
        for path in lists
        for link in LINK.findall("\n".join(prose(path)))
    }
    pages = [path for path in PAGES if path.is_relative_to(DOCS)]
    linked |= {DOCS / "glossary.md", DOCS / "gallery.md"}  # of the main README
    assert [path for path in names(pages) if REPOSITORY / path not in linked | set(lists)] == []


def test_every_plugin_is_in_the_guide():
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in [*DOCS.glob("guide/*.md"), *DOCS.glob("*.md")]
    )
    undocumented = [
        f"{step}: {name}"
        for step in STEPS
        for name in registry.names(step)
        if not re.search(rf"\b{name}\b", text)
    ]
    assert undocumented == []


def test_the_readme_is_short():
    assert len((REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()) < 150


def test_the_shortest_config(tmp_path, monkeypatch):
    """That of config/README.md is one, on its pictures alone."""
    text = (REPOSITORY / "config/README.md").read_text(encoding="utf-8")
    (tmp_path / "pictures").mkdir()
    for name in "abc":
        (tmp_path / f"pictures/{name}.jpg").touch()
    monkeypatch.chdir(tmp_path)
    study = config.resolve(yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]))
    assert study.stimuli == ("pictures",)
    assert study.layers["alexnet"][-1] == "predictions"


def test_every_config_is_in_the_list_of_configs():
    text = (REPOSITORY / "config/README.md").read_text(encoding="utf-8")
    configs = [path.name for path in (REPOSITORY / "config").iterdir() if path.suffix in (".yaml", ".json")]
    assert [name for name in configs if f"`{name}`" not in text] == []


def test_pictures_are_small():
    """At most 100 kB each, 2 MB in all: they are in git."""
    files = [path for path in DOCS.rglob("*") if path.suffix in (".svg", ".png", ".webp")]
    pictures = {path.name: path.stat().st_size for path in files}
    assert [name for name, size in pictures.items() if size > 100_000] == []
    assert sum(pictures.values()) < 2_000_000
