"""The reference of all plugins and keys: ``python -m repscape.plugin.reference config/reference.md``."""

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from repscape.plugin import registry, schema
from repscape.plugin.contract import STEPS, is_filled

WIDTH = 150
TITLE = """# Reference: every plugin and its keys

Written from the code by `python -m repscape.plugin.reference config/reference.md`. What a study is made of,
and the keys that all plugins of a step share, are described in [README.md](README.md).
"""
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}
_HUGE = 2**31 - 1  # bounds from here on keep out slips of the pen, and say nothing to a reader
_TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}


def pages() -> str:
    """Return the reference as Markdown: a section a step, a part a plugin, a line a key."""
    lines = [TITLE]
    for step in STEPS:
        names = registry.names(step)
        lines += [
            f"## {step}",
            "",
            *_wrapped("", " · ".join(f"[{name}](#{anchor(step, name)})" for name in names)),
            "",
        ]
        for name in names:
            lines += [*_plugin(step, name), ""]
    return "\n".join(lines).rstrip() + "\n"


def anchor(step: str, name: str) -> str:
    """Return the address of a plugin's part: names of different steps may be the same."""
    return f"{step}-{name}"


def _plugin(step: str, name: str) -> Iterator[str]:
    plugin = registry.find(step, name)
    yield f'### <a id="{anchor(step, name)}"></a>`{name}`'
    yield ""
    text = inspect.cleandoc(plugin.__doc__ or "").split("\n\n")[0]
    yield from _wrapped("", " ".join(text.split()))
    fields = schema.model(plugin).model_json_schema()
    keys = {key: fields["properties"][key] for key in plugin.parameters}
    if keys:
        yield ""
    for key, field in keys.items():
        kind = kind_of(field, fields.get("$defs", {}))
        words = f"`{key}` ({kind}; {_default(step, key, fields)}): {field['description']}"
        yield from _wrapped("- ", " ".join(words.split()))


def _default(step: str, key: str, fields: Mapping[str, Any]) -> str:
    if key in fields.get("required", ()):
        return "required"
    default = None if is_filled(step, key) else fields["properties"][key].get("default")
    return "optional" if default is None else f"default `{_value(default)}`"


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
        text,
        WIDTH,
        initial_indent=mark,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(pages(), encoding="utf-8")
