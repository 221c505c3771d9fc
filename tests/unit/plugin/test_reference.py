"""The reference of all plugins, as it is written from the contract."""

from pathlib import Path

import pytest

from repscape.plugin import reference, registry
from repscape.plugin.contract import STEPS

REFERENCE = Path(__file__).parents[3] / "config/reference.md"


def test_the_page_is_what_the_code_says_now():
    assert REFERENCE.read_text(encoding="utf-8") == reference.pages(), "write it anew: see its first lines"


def test_every_plugin_and_key_is_there():
    text = reference.pages()
    for step in STEPS:
        for name in registry.names(step):
            _, _, part = text.partition(f'<a id="{reference.anchor(step, name)}">')
            part = part.partition("\n### ")[0].partition("\n## ")[0]
            assert all(f"- `{key}` (" in part for key in registry.find(step, name).parameters), name


def test_lines_are_short():
    assert max(map(len, reference.pages().splitlines())) <= 160


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "integer", "minimum": 2}, "whole number at least 2"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "number above 0, at most 1"),
        ({"type": "integer", "minimum": 0, "exclusiveMaximum": 2**63}, "whole number at least 0"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text"),
        ({"enum": ["rows", "columns"]}, "`rows` | `columns`"),
        ({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, "text or a list"),
        ({"type": "array", "items": {"type": "string"}}, "list of text"),
        ({"type": "array", "prefixItems": [{"type": "number"}] * 2}, "[number, number]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "mapping to whole number"),
        ({"$ref": "#/$defs/X"}, "true or false"),
        ({}, "anything"),
    ],
)
def test_kinds_of_values_in_words(field, words):
    assert reference.kind_of(field, {"X": {"type": "boolean"}}) == words
