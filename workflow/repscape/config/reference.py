"""The reference, a page a section of the config: ``python -m repscape.config.reference`` writes it."""

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

from repscape.config import shared_keys
from repscape.plugin import registry, schema
from repscape.plugin.contract import STEPS, Metric, RdmRecording, is_filled

FOLDER = Path(__file__).parents[2] / "docs/reference"
WIDTH = 150
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}
FILLED = {
    "seed": "follows from that of the study",
    "device": "that of the study",
    "batch": "that of `activations`",
    "threads": "that of `activations`",
}
_HUGE = 2**31 - 1  # bounds from here on keep out slips of the pen, and say nothing to a reader
_TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}


class Page(NamedTuple):
    """A page of the reference.

    Attributes
    ----------
    intro : str
        What the section is, in a sentence.
    guide : str
        The page of the guide that explains it.
    shared : mapping
        Title of a part to the place in `shared_keys.sections` of its keys.
    """

    intro: str
    guide: str
    shared: Mapping[str, str] = {}


PAGES = {
    "study": Page("Keys of the config's top level.", "config.md", {"Keys": ""}),
    "stimuli": Page("A stimulus is a set of images.", "stimuli.md", {"Keys of every stimulus": "stimuli"}),
    "networks": Page(
        "Networks are sources of activity: their layers are recorded.",
        "networks.md",
        {"Keys of every network": "networks"},
    ),
    "trainings": Page(
        "How a network with the key `training` is trained by the study.",
        "networks.md",
        {"Keys of every training": "networks.training"},
    ),
    "recordings": Page(
        "What was recorded outside the workflow: responses of neurons, or RDMs.",
        "recordings.md",
        {
            "Keys of recordings of responses": "recordings, of responses",
            "Keys of recordings of RDMs": "recordings, of RDMs",
        },
    ),
    "populations": Page("A population is the set of units that is recorded of each layer.", "populations.md"),
    "activations": Page("How networks are run.", "populations.md", {"Keys": "activations"}),
    "samples": Page(
        "A sample is a number of units drawn from a population.",
        "populations.md",
        {"Keys of an entry": "samples"},
    ),
    "rdms": Page(
        "How RDMs are computed: normalisation, metrics, sets of images.",
        "rdms.md",
        {"Keys of the section": "rdms"},
    ),
    "analyses": Page("What is computed from RDMs and activations.", "analyses.md"),
    "figures": Page("What is drawn; the [gallery](../gallery.md) shows each figure.", "figures.md"),
}
PLUGINS_OF = {"rdms": "metrics"}  # pages whose plugins are of a step of another name


def pages() -> dict[str, str]:
    """Return the reference as Markdown, by the name of the file: a page a section, a line a key."""
    written = {f"{section}.md": _page(section, page) for section, page in PAGES.items()}
    return {"README.md": _contents()} | written


def _contents() -> str:
    lines = [
        "# Reference",
        "",
        "Every key of a config, with its type, its default and a sentence. The code writes these pages",
        "(`python -m repscape.config.reference`). The [guide](../guide/README.md) explains the concepts.",
        "",
    ]
    for section, page in PAGES.items():
        lines += _wrapped("- ", f"[{section}]({section}.md): {page.intro} {_links(section)}".strip())
    return "\n".join(lines) + "\n"


def _links(section: str) -> str:
    names = registry.names(step) if (step := _step(section)) else []
    return " · ".join(f"[{name}]({section}.md#{name})" for name in names)


def _step(section: str) -> str | None:
    """Name the step whose plugins a page lists; None where it lists none."""
    step = PLUGINS_OF.get(section, section)
    return step if step in STEPS else None


def _page(section: str, page: Page) -> str:
    parts = dict(_parts(section, page))
    lines = [
        f"# Reference: {section}",
        "",
        f"{page.intro} Concepts, examples and pitfalls are in [the guide](../guide/{page.guide}).",
        "",
        *_wrapped("", "On this page: " + " · ".join(f"[{title}](#{slug(title)})" for title in parts)),
    ]
    for title, body in parts.items():
        lines += ["", f"## {title}", "", *body]
    return "\n".join(lines) + "\n"


def slug(title: str) -> str:
    """Return the anchor that a heading has on a page."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def _parts(section: str, page: Page) -> Iterator[tuple[str, list[str]]]:
    """Yield the title and the lines of each part of a page."""
    places = shared_keys.sections()
    for title, place in page.shared.items():
        keys = {key: field for key, field in places[place]["properties"].items() if key != schema.KIND}
        yield title, list(_keys(section, places[place], keys))
    step = _step(section)
    for name in registry.names(step) if step else []:
        yield f"`{name}`", list(_plugin(step or section, name))


def _plugin(step: str, name: str) -> Iterator[str]:
    plugin = registry.find(step, name)
    text = inspect.cleandoc(plugin.__doc__ or "").split("\n\n")[0]
    yield from _wrapped("", " ".join(text.split()))
    if issubclass(plugin, RdmRecording):
        yield from ("", "It gives RDMs.")
    if issubclass(plugin, Metric) and plugin.formula:
        yield ""
        yield from _wrapped("", f"{plugin.formula}.")
    fields = schema.model(plugin).model_json_schema()
    keys = {key: fields["properties"][key] for key in plugin.parameters}
    if keys:
        yield ""
        yield from _keys(step, fields, keys)


def _keys(step: str, fields: Mapping[str, Any], keys: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield a line a key; keys of a section inside stand below, further in."""
    defined = fields.get("$defs", {})
    for key, field in keys.items():
        kind = kind_of(field, defined)
        about = f"({kind}; {_default(step, key, fields)}): {field.get('description', '')}"
        inner = _inner(field, defined)
        if step == "study" and key in PAGES and key != step:  # it has a separate page
            about, inner = f"({kind}): {field['description']} See [{key}]({key}.md).", None
        yield from _wrapped(f"{indent}- ", " ".join(f"`{key}` {about}".split()).rstrip(": "))
        if inner:
            yield from _keys(step, {**inner, "$defs": defined}, inner["properties"], indent + "  ")


def _inner(field: Mapping[str, Any], defined: Mapping) -> Mapping[str, Any] | None:
    """Return the section that a key's value, or each of its values, is."""
    if "$ref" in field:
        found = defined[field["$ref"].rpartition("/")[2]]
        return found if "properties" in found else None
    inside = [*field.get("anyOf", ()), field.get("items"), field.get("additionalProperties")]
    found = [_inner(one, defined) for one in inside if isinstance(one, dict)]
    return next(filter(None, found), None)


def _default(step: str, key: str, fields: Mapping[str, Any]) -> str:
    if key in fields.get("required", ()):
        return "required"
    if step in STEPS and is_filled(step, key):
        return f"default: {FILLED[key]}"
    default = fields["properties"][key].get("default")
    if isinstance(default, list):  # of sections, what they say
        default = [_said(one) if isinstance(one, dict) else one for one in default]
    return "optional" if default is None else f"default `{_value(default)}`"


def _said(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if value is not None}


def kind_of(field: Mapping[str, Any], defined: Mapping[str, Any]) -> str:
    """Say in words what values a key takes.

    Parameters
    ----------
    field : mapping
        Its JSON schema.
    defined : mapping
        What this refers to by name.
    """
    if "$ref" in field:
        return kind_of(defined[field["$ref"].rpartition("/")[2]], defined)
    if "enum" in field or "const" in field:
        return " | ".join(f"`{_value(one)}`" for one in field.get("enum", [field.get("const")]))
    if "anyOf" in field:
        kinds = [kind_of(one, defined) for one in field["anyOf"] if one.get("type") != "null"]
        kinds = list(dict.fromkeys(kinds))
        lists = [f"list of {' or '.join(kinds[:n])}" for n in range(len(kinds))]
        kinds = ["a list" if kind == of_these else kind for kind, of_these in zip(kinds, lists, strict=True)]
        return " or ".join(kinds) or "nothing"
    if field.get("type") == "array":
        return _list(field, defined)
    if field.get("type") == "object":
        inner = field.get("additionalProperties")
        of = f" to {kind_of(inner, defined)}" if isinstance(inner, dict) and inner else ""
        return f"mapping{of}"
    bounds = [
        f"{words} {field[bound]:g}"
        for bound, words in _BOUNDS.items()
        if abs(field.get(bound, _HUGE)) < _HUGE
    ]
    return " ".join([_TYPES.get(field.get("type", ""), "anything"), ", ".join(bounds)]).strip()


def _list(field: Mapping[str, Any], defined: Mapping[str, Any]) -> str:
    if "prefixItems" in field:
        return f"[{', '.join(kind_of(one, defined) for one in field['prefixItems'])}]"
    return f"list of {kind_of(field.get('items', {}), defined)}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _wrapped(mark: str, text: str) -> list[str]:
    rest = " " * len(mark)
    return wrap(
        text.replace("``", "`"),
        WIDTH,
        initial_indent=mark,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in pages().items():
        (folder / file).write_text(text, encoding="utf-8")
