"""Sections of plugins, checked one by one: each has the keys that the plugin's function takes."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from repscape.config.names import check_name
from repscape.config.schema import Config, as_list
from repscape.core.errors import AssetError, ConfigError, nearest, unknown
from repscape.core.seeds import derive
from repscape.io import assets, path_patterns
from repscape.plugin import registry, schema
from repscape.plugin.config_errors import Mistakes
from repscape.plugin.contract import Plugin

# A plugin that runs a network takes these from where the config has them.
RUNNING = {"device", "batch", "threads"}


def plugin_sections(
    step: str, sections: Mapping, mistakes: Mistakes, top: Config, common: type[Plugin] | None = None
) -> dict[str, dict]:
    """Check the named sections of a step, whose plugin the key `kind` selects.

    Analyses and figures are named as their plugin unless the key says another. `common` declares
    further keys of a section.
    """
    checked: dict[str, dict] = {}
    for name, section in sections.items():
        keys, values = (step, name), dict(section or {})
        check_name(mistakes, keys, name)
        unnamed = values.get(schema.KIND) is None
        if unnamed and step in ("analyses", "figures"):
            values[schema.KIND] = name
        kind = values.get(schema.KIND)
        if kind is None:
            valid = ", ".join(registry.names(step))
            mistakes.add(keys, f"the key '{schema.KIND}' is required; one of: {valid}.")
            continue
        if kind not in registry.names(step):
            at = keys if unnamed else (*keys, schema.KIND)
            if section is None and unnamed:
                mistakes.add(
                    at, _nothing_to_take_away(name, [one for one, its in sections.items() if its is not None])
                )
            else:
                mistakes.add(at, _unknown(kind, step, named=not unnamed))
            continue
        plugin = registry.find(step, kind, ".".join(keys))
        model = schema.model(plugin, common)
        # null says that a key is not there, also one of another plugin
        values = schema.without_nulls(model, values)
        absent = {key for key, value in values.items() if value is None} - model.model_fields.keys()
        if absent:
            absent &= _keys(step)
        values = {key: value for key, value in values.items() if key not in absent}
        if "seed" in model.model_fields and plugin.takes_seed(values):
            values.setdefault("seed", derive(top.seed, step, name))
        running = top.activations.model_dump() | {"device": top.device}
        for key in RUNNING & model.model_fields.keys():
            values.setdefault(key, running[key])
        accepted = _validated(mistakes, keys, name, model, values)
        checked |= accepted
        if accepted:
            mistakes.ask_plugin(keys, accepted[name], schema.make(step, accepted[name]).check)
            for parameter in schema.asset_parameters(plugin):
                several, braces = schema.takes_several(plugin, parameter), plugin.reads_path_labels
                _check_asset(mistakes, (*keys, parameter), accepted[name][parameter], several, braces)
    return checked


def _nothing_to_take_away(name: str, others: list[str]) -> str:
    """Say that null takes away what an earlier file has, which has no such name, and which was meant."""
    near = nearest(str(name), others)
    meant = f"; did you mean '{near}'?" if near else "."
    return f"null takes away what an earlier config file has, and none has '{name}'{meant}"


def _unknown(kind: Any, step: str, named: bool) -> str:
    """Say that a step has no such plugin; an analysis or a figure may be named as one, or must name one."""
    valid = registry.names(step)
    if named or nearest(str(kind), valid):
        return unknown(kind, valid)
    return f"the key '{schema.KIND}' is required, since '{kind}' is not a kind; one of: {', '.join(valid)}."


def without_keys(step: str) -> list[str]:
    """List the plugins of a step that need no key in the config."""
    models = {name: schema.model(registry.find(step, name)) for name in registry.names(step)}
    filled = RUNNING | {"seed", schema.KIND}
    return [
        name
        for name, model in models.items()
        if not any(field.is_required() for key, field in model.model_fields.items() if key not in filled)
    ]


@cache
def _keys(step: str) -> set[str]:
    """Name the keys that plugins of a step have."""
    return {
        key for name in registry.names(step) for key in schema.model(registry.find(step, name)).model_fields
    }


def _validated(mistakes: Mistakes, keys: tuple, name: str, model, values: Mapping) -> dict[str, dict]:
    """Check a section by its schema: {name: section}, or nothing where there is a mistake."""
    try:
        return {name: model.model_validate(values).model_dump(mode="json")}
    except ValidationError as error:
        mistakes.add_validation(keys, error, model, values)
        return {}
    except (TypeError, ValueError) as error:  # of a bound, or a default, that the type has not
        file = registry.file(keys[0], values[schema.KIND])
        raise ConfigError(f"{file}: a parameter's default or bounds do not fit its type: {error}.") from error


def _check_asset(mistakes: Mistakes, keys: tuple, value, several: bool, braces: bool) -> None:
    """Check that files are there: `several` may be, and `braces` in their names may stand for factors."""
    if value is None:
        return
    where = ".".join(keys)
    if not braces and has_names(value):
        mistakes.add(
            keys, "names in braces are factors of pictures, for kind: images only. Write '*' instead."
        )
        return
    try:
        assets.check(value, where)
        files = assets.local_files(value, where)
    except AssetError as error:
        mistakes.add(keys, str(error).removeprefix(f"{where}: "))
        return
    for mistake in path_patterns.unusable(files):
        mistakes.add(keys, mistake)
    if len(files) > 1 and not several:
        each = " (or set 'each: true' to make each file a stimulus)" if keys[0] == "stimuli" else ""
        mistakes.add(
            keys, f"expected one file, found {len(files)}: {files[0]}, {files[1]}, …. Name one of them{each}."
        )


def has_names(addresses: str | list[str]) -> bool:
    """Whether an address has names in braces, and is not a file that is called so."""
    return any(path_patterns.names(one) and not Path(one).expanduser().exists() for one in as_list(addresses))
