"""The config's JSON schema, for editors: ``python -m repscape.config.json_schema config/schema.json``.

It says of every key what the contract says of it, for each `kind`: what it is, its type, bounds and default.
By it an editor completes keys and marks slips of the pen. A user's plugins are in it as well if their folders
are named after the file; installed packages are found. A config that has the key `plugins` may have kinds
that the schema does not know.

A file may go over another one (``--configfile a.yaml b.yaml``). Therefore null is a value of every key: it
takes away what the earlier file has. And keys are required only of a file that has stimuli, populations and
samples.
"""

import json
import sys
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any

from repscape.config.recordings import gives_rdms
from repscape.config.schema import Config
from repscape.config.shared_keys import COMMON
from repscape.plugin import registry, schema
from repscape.plugin.contract import KIND, STEPS, is_filled

WIDTH = 140
Json = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"  # what editors know
WHOLE = ["stimuli", "populations", "samples"]  # a file that has these goes over no other
BY_NAME = ("analyses", "figures")  # the name of a section is its kind, where it has none
_HAS_KIND = {"type": "object", "required": [KIND], "properties": {KIND: {"type": "string"}}}


def build() -> Json:
    """Return the schema of a config."""
    top = _cleaned(Config.model_json_schema())
    definitions, keys = top["$defs"], top["properties"]
    steps = [step for step in STEPS if step in keys]
    for step in [*steps, "trainings"]:
        definitions |= _definitions(step)
    for step in steps:
        keys[step]["additionalProperties"] = _ref(step)
    for step in BY_NAME:
        keys[step]["properties"] = {name: _named(step, name) for name in registry.names(step)}
    definitions["_Metric"]["properties"][KIND] |= _choice("metrics")
    definitions["_Rdms"]["properties"]["metrics"]["items"]["anyOf"][0] = _choice("metrics")

    known: Json = {step: {"additionalProperties": _known(step)} for step in steps}
    known["networks"]["additionalProperties"]["properties"]["training"] = _known("trainings")
    metric = {"enum": list(registry.names("metrics"))}
    one = {"if": {"type": "object"}, "then": {"properties": {KIND: metric}}, "else": metric}
    known["rdms"] = {"properties": {"metrics": {"items": one}}}
    return {
        "$schema": DIALECT,
        "title": "A study of repscape",
        "type": "object",
        "properties": keys,
        "additionalProperties": False,
        "allOf": [
            {"if": {"not": {"required": ["plugins"]}}, "then": {"properties": known}},
            {
                "if": {"required": WHOLE},
                "then": {"required": ["study"], "properties": {step: _whole(step) for step in steps}},
            },
        ],
        "$defs": definitions,
    }


def _definitions(step: str) -> Json:
    """Return the schema of any section of a step, and those of its plugins."""
    kinds = registry.names(step)
    by_kind = [_if_kind(kind, _ref(f"{step}.{kind}")) for kind in kinds]
    choice = {"description": "Which plugin: the name of its file.", **_choice(step)}
    section = {"type": ["object", "null"], "properties": {KIND: choice}, "allOf": by_kind}
    return {step: section} | {f"{step}.{kind}": _plugin(step, kind) for kind in kinds}


def _plugin(step: str, kind: str) -> Json:
    """Return the schema of a plugin's section."""
    found = _cleaned(_keys(step, kind))
    keys = found["properties"]
    for key in keys:
        if is_filled(step, key):
            keys[key].pop("default", None)
    if step == "networks":
        keys["training"] = {"description": keys["training"]["description"], "allOf": [_ref("trainings")]}
    keys[KIND] = {"description": _sentence(step, kind)}
    # An earlier file may have another kind, whose keys are then taken away.
    others = f"^({'|'.join(sorted(_all_keys(step) - keys.keys()))})$"
    return {
        "description": _sentence(step, kind),
        "type": ["object", "null"],
        "properties": keys,
        "patternProperties": {others: {"type": "null", "errorMessage": f"{kind} has no such key."}},
        "additionalProperties": False,
    }


def _keys(step: str, kind: str) -> Json:
    """Return pydantic's schema of a plugin's section, with definitions written out."""
    place = {"trainings": "networks.training", "recordings": "recordings, of responses"}.get(step, step)
    if step == "recordings" and gives_rdms(kind):
        place = "recordings, of RDMs"
    found = schema.model(registry.find(step, kind), COMMON.get(place)).model_json_schema()
    return _written_out(found, found.pop("$defs", {}))


@cache
def _all_keys(step: str) -> set[str]:
    return {key for kind in registry.names(step) for key in _keys(step, kind)["properties"]}


def _named(step: str, name: str) -> Json:
    """Return the schema of a section that is called as a plugin, which it is of if it has no `kind`."""
    return {
        "description": _sentence(step, name),
        "if": _HAS_KIND,
        "then": _ref(step),
        "else": _ref(f"{step}.{name}"),
    }


def _known(step: str) -> Json:
    """Return the schema of a section that is of a plugin that the schema knows."""
    return {
        "properties": {KIND: {"enum": [*registry.names(step), None]}},
        "if": _HAS_KIND,
        "else": {"propertyNames": {"enum": sorted(_all_keys(step))}},
    }


def _whole(step: str) -> Json:
    """Return the schema of a step's sections that have a `kind` and the keys that it needs."""
    required = {kind: _keys(step, kind).get("required", []) for kind in registry.names(step)}
    required = {kind: [key for key in keys if key != KIND] for kind, keys in required.items()}
    by_kind = {
        "required": [KIND],
        "allOf": [_if_kind(kind, {"required": keys}) for kind, keys in required.items() if keys],
    }
    if step not in BY_NAME:
        return {"additionalProperties": by_kind}
    named = {
        name: {"if": _HAS_KIND, "then": by_kind, "else": {"required": keys}}
        for name, keys in required.items()
    }
    return {"properties": named, "additionalProperties": by_kind}


def _if_kind(kind: str, then: Json) -> Json:
    return {"if": {"required": [KIND], "properties": {KIND: {"const": kind}}}, "then": then}


def _choice(step: str) -> Json:
    """Return the schema of a kind: an editor offers those there are, others are refused in `_known`."""
    kinds = registry.names(step)
    offered = {"enum": list(kinds), "enumDescriptions": [_sentence(step, kind) for kind in kinds]}
    return {"anyOf": [offered, {"type": ["string", "null"]}]}


def _sentence(step: str, kind: str) -> str:
    return _one_line(cleandoc(registry.find(step, kind).__doc__ or "").split("\n\n")[0])


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _written_out(field: Any, definitions: Json) -> Any:
    """Put definitions in the place of references to them."""
    if isinstance(field, list):
        return [_written_out(one, definitions) for one in field]
    if not isinstance(field, dict):
        return field
    if "$ref" in field:
        definition = dict(definitions[field["$ref"].rpartition("/")[2]])
        definition.pop("description", None)  # the key has its sentence; not every pydantic gives this one
        field = definition | {k: v for k, v in field.items() if k != "$ref"}
    return {key: _written_out(value, definitions) for key, value in field.items()}


def _cleaned(field: Any) -> Any:
    """Return a schema of pydantic's in draft 7, with null as a value of every key, and without its titles."""
    if isinstance(field, list):
        return [_cleaned(one) for one in field]
    if not isinstance(field, dict):
        return field
    cleaned: Json = {}
    field = field | ({"type": ["object", "null"]} if "properties" in field else {})
    for key, value in field.items():
        if key == "title" or (key == "default" and (value is None or isinstance(value, dict))):
            continue  # of a default that is a section, its keys say the parts
        if key == "properties":
            cleaned[key] = {name: _or_null(_cleaned(one)) for name, one in value.items()}
        elif key == "$defs":
            cleaned[key] = {name: _cleaned(one) for name, one in value.items()}
        elif key == "description":
            cleaned[key] = _one_line(value)
        else:
            cleaned["items" if key == "prefixItems" else key] = _cleaned(value)
    return cleaned


def _or_null(field: Json) -> Json:
    """Let a key be null as well."""
    null = {"type": "null"}
    if (
        isinstance(field.get("type"), str)
        and field["type"] != "null"
        and not field.keys() & {"enum", "const"}
    ):
        return field | {"type": [field["type"], "null"]}
    about = {key: value for key, value in field.items() if key in ("description", "default")}
    if "$ref" in field:  # of a section, which may be null; draft 7 reads nothing beside a reference
        return about | {"allOf": [{"$ref": field["$ref"]}]}
    value = {key: value for key, value in field.items() if key not in about}
    values = value.get("anyOf", [value])
    return field if null in values or {} in values else about | {"anyOf": [*values, null]}


def main(file: str, *folders: str) -> None:
    """Write the schema to a file, with the plugins in folders."""
    registry.use(folders)
    Path(file).write_text(text(build()) + "\n", encoding="utf-8")


def text(value: Any, margin: str = "") -> str:
    """Return JSON in which all that fits into a line is in one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(margin) + len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    deeper = margin + " "
    if isinstance(value, list):
        parts = [text(one, deeper) for one in value]
    else:
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {text(one, deeper)}" for key, one in value.items()]
    opened, closed = "[]" if isinstance(value, list) else "{}"
    return f"{opened}\n{deeper}" + f",\n{deeper}".join(parts) + f"\n{margin}{closed}"


if __name__ == "__main__":
    main(*sys.argv[1:])
