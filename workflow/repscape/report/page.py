"""The page itself: what `contents` named, read, and put into the template."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from repscape import __version__
from repscape.core.words import listing, plural
from repscape.io import netcdf
from repscape.report import captions, templates
from repscape.report.thumbnails import most_of_each, thumbnails

INCH = 117  # pixels of the page that an inch of a figure takes: one of a page's width fills its column


def write(path, contents: Mapping[str, Any], files: Mapping[str, Sequence[str]]) -> None:
    """Write the page of a study, whole or not at all.

    Parameters
    ----------
    path : str or Path
    contents : mapping
        See `repscape.report.contents.contents`.
    files : mapping
        ``stimuli``, ``png`` and ``rst``: paths in the order of the stimuli and figures in `contents`.

    Raises
    ------
    DataError
        A stimulus is damaged, or the page cannot be written.
    """
    text = render(contents, files)
    with netcdf.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def render(contents: Mapping[str, Any], files: Mapping[str, Sequence[str]]) -> str:
    """Return the page as HTML; parameters as in `write`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(templates.FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"address": quote, "listing": listing, "title": title}
    return environment.get_template("index.html").render(
        study=contents["study"],
        stimuli=_stimuli(contents["stimuli"], files["stimuli"]),
        sources=[_source(source) for source in contents["sources"]],
        sources_title=_sources_title(contents["sources"]),
        figures=_figures(contents["figures"], files["png"], files["rst"]),
        analyses=contents["analyses"],
        config=_yaml(contents["config"]),
        summary=_summary(contents),
        version=__version__,
    ) + "\n"  # fmt: skip


def title(name: str) -> str:
    """Write a name of the config as a heading: of `rdm_gallery`, RDM gallery."""
    words = name.replace("_", " ").strip() or name
    abbreviations = {"rdm": "RDM", "rdms": "RDMs", "mds": "MDS", "pca": "PCA", "svm": "SVM", "r2": "R²"}
    words = " ".join(abbreviations.get(word, word) for word in words.split(" "))
    return words[:1].upper() + words[1:]


def details(keys: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Write what a section of the config says, key by key, each with one line or several."""
    return [(key, _lines(value)) for key, value in keys.items()]


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key}: {', '.join(_lines(inner))}" for key, inner in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        lines = [", ".join(_lines(one)) for one in value]
        return lines if any(len(line) > 24 for line in lines) else [", ".join(lines)]
    if value is None or isinstance(value, bool):  # as YAML has them
        return [{True: "true", False: "false", None: "null"}[value]]
    return [str(value)]


def _stimuli(described: Sequence[Mapping], paths: Sequence[str]) -> list[dict]:
    most = most_of_each(len(described))
    return [
        {**one, "details": details(one["keys"]), "shown": thumbnails(path, most)}
        for one, path in zip(described, paths, strict=True)
    ]


def _figures(described: Sequence[Mapping], pngs: Sequence[str], texts: Sequence[str]) -> list[dict]:
    found = []
    for one, png, text in zip(described, pngs, texts, strict=True):
        html = captions.as_html(Path(text).read_text(encoding="utf-8"))
        width, height = _size(png)
        found.append(
            {
                **one,
                "caption": html,
                "alternative": f"{title(one['name'])}: {captions.first_sentence(html)}",
                "width": width,
                "height": height,
            }
        )
    return found


def _size(png: str) -> tuple[int, int]:
    """Return width and height on the page, in its pixels."""
    from PIL import Image

    with Image.open(png) as picture:
        dots = picture.info.get("dpi", (300, 300))[0] or 300
        width, height = (round(side / dots * INCH) for side in picture.size)
    return width, height


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a network or a recording is, and how many layers or areas it has."""
    keys = source["keys"]
    what = [source["kind"], *(str(keys[key]) for key in ("architecture", "weights") if key in keys)]
    count = source["count"]
    of = "RDMs" if count is None else plural(count, source["of"], f"{source['of']}s")
    return {**source, "is": " · ".join(what), "of": of, "details": details(keys)}


def _sources_title(sources: Sequence[Mapping[str, Any]]) -> str:
    found = {"Networks" if source["of"] == "layer" else "recordings" for source in sources}
    return " and ".join(sorted(found)).capitalize()


def _summary(contents: Mapping[str, Any]) -> str:
    """Say in a line what a study has."""
    sources = contents["sources"]
    networks = sum(source["of"] == "layer" for source in sources)
    counts = [
        (len(contents["stimuli"]), "stimulus", "stimuli"),
        (networks, "network", "networks"),
        (len(sources) - networks, "recording", "recordings"),
        (len(contents["figures"]), "figure", "figures"),
    ]
    return " · ".join(plural(*each) for each in counts if each[0])


def _yaml(config: Mapping[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True, width=100)
