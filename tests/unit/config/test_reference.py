"""The reference, as it is written from the contract."""

import pytest

from repscape.config import reference
from repscape.config.common_keys import NetworkKeys, RdmRecordingKeys, ResponseKeys, StimulusKeys
from repscape.config.schema import Config
from repscape.plugin import registry
from repscape.plugin.contract import STEPS
from repscape.trainings.lib.config_section import TrainingKeys


@pytest.fixture(scope="module")
def pages():
    return reference.pages()


def part(text, title):
    """Return the part of a page with a heading."""
    _, found, rest = text.partition(f"\n## {title}\n")
    assert found, title
    return rest.partition("\n## ")[0]


def test_the_pages_are_what_the_code_says_now(pages):
    written = {path.name: path.read_text(encoding="utf-8") for path in reference.FOLDER.glob("*.md")}
    assert written == pages, "write them anew: python -m repscape.config.reference"


def test_every_plugin_and_key_is_there(pages):
    page_of = {step: page for page, step in reference.PLUGINS_OF.items()}
    for step in STEPS:
        for name in registry.names(step):
            keys = part(pages[f"{page_of.get(step, step)}.md"], f"`{name}`")
            assert all(f"\n- `{key}` (" in keys for key in registry.find(step, name).parameters), name


@pytest.mark.parametrize(
    ("page", "keys"),
    [
        ("stimuli", StimulusKeys), ("networks", NetworkKeys), ("trainings", TrainingKeys),
        ("recordings", RdmRecordingKeys), ("recordings", ResponseKeys),
    ],
)  # fmt: skip
def test_keys_that_plugins_share(pages, page, keys):
    assert [key for key in keys.parameters if f"\n- `{key}` (" not in pages[f"{page}.md"]] == []


def test_keys_of_the_top_level_and_below(pages):
    assert all(f"\n- `{key}` (" in pages["study.md"] for key in Config.model_fields)
    assert "\n- `shard` (whole number above 0; default `2000`): " in pages["activations.md"]
    assert "\n- `repeats` (" in pages["samples.md"]
    assert "\n    - `of` (list of mapping" in pages["rdms.md"]  # of a combination
    assert (
        "\n  - `crop` (whole number or [whole number, whole number]; default `224`): " in pages["networks.md"]
    )


def test_every_key_has_a_sentence(pages):
    for name, text in pages.items():
        keys = [line for line in text.split("\n") if line.lstrip().startswith("- `")]
        assert [line for line in keys if line.rstrip().endswith(")")] == [], name


def test_contents_lead_to_every_part(pages):
    for name, text in pages.items():
        contents = text.partition("On this page:")[2].partition("\n\n")[0]
        titles = [line[3:] for line in text.splitlines() if line.startswith("## ")]
        assert [title for title in titles if f"](#{reference.slug(title)})" not in contents] == [], name


def test_lines_are_short():
    assert max(len(line) for text in reference.pages().values() for line in text.splitlines()) <= 160


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
