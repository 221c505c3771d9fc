"""Sections of plugins, checked one by one: each has the keys that the plugin's function takes."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from repscape.config.names import check_name
from repscape.config.schema import Config, as_list
from repscape.core.errors import AssetError, unknown
from repscape.core.seeds import derive
from repscape.io import assets, path_patterns
from repscape.plugin import registry, schema
from repscape.plugin.config_errors import Mistakes

# A plugin that runs a network takes these from where the config has them.
RUNNING = {"device", "batch", "threads"}


def plugin_sections(
    step: str, sections: Mapping, selector: str, mistakes: Mistakes, top: Config, **common: tuple
) -> dict[str, dict]:
    """Check the named sections of a step, whose plugin is chosen by the key `selector`.

    Analyses and figures are named as their plugin unless the key says another. `common` are further keys
    that a section may have: name=(type, default).
    """
    checked: dict[str, dict] = {}
    for name, section in sections.items():
        keys, values = (step, name), dict(section or {})
        check_name(mistakes, keys, name)
        unnamed = values.get(selector) is None
        if unnamed and step in ("analyses", "figures"):
            values[selector] = name
        plugin = values.get(selector)
        if plugin is None:
            valid = ", ".join(registry.names(step))
            mistakes.add(keys, f"the key '{selector}' is required; one of: {valid}.")
            continue
        if plugin not in registry.names(step):
            at = keys if unnamed else (*keys, selector)
            mistakes.add(at, unknown(plugin, registry.names(step)))
            continue
        function = registry.entry(step, plugin)
        model = schema.model(function, **{selector: (str, ...)}, **common)
        # null says that a key is not there, also one of another plugin
        values = schema.without_nulls(model, values)
        absent = {key for key, value in values.items() if value is None} - model.model_fields.keys()
        if absent:
            absent &= _keys(step)
        values = {key: value for key, value in values.items() if key not in absent}
        if "seed" in model.model_fields and _draws(inspect.getmodule(function), values):
            values.setdefault("seed", derive(top.seed, step, name))
        running = top.activations.model_dump() | {"device": top.device}
        for key in RUNNING & model.model_fields.keys():
            values.setdefault(key, running[key])
        accepted = _validated(mistakes, keys, name, model, values)
        checked |= accepted
        if accepted:
            check_together(mistakes, keys, function, accepted[name])
            for parameter in schema.asset_parameters(function):
                several = schema.takes_several(function, parameter)
                braces = schema.IN_PATH in inspect.signature(function).parameters
                _check_asset(mistakes, (*keys, parameter), accepted[name][parameter], several, braces)
    return checked


def without_keys(step: str) -> list[str]:
    """List the plugins of a step that need no key in the config."""
    models = {name: schema.model(registry.entry(step, name)) for name in registry.names(step)}
    filled = RUNNING | {"seed"}
    return [
        name
        for name, model in models.items()
        if not any(field.is_required() for key, field in model.model_fields.items() if key not in filled)
    ]


@cache
def _keys(step: str) -> set[str]:
    """Name the keys that plugins of a step have."""
    return {
        key for name in registry.names(step) for key in schema.model(registry.entry(step, name)).model_fields
    }


def _draws(plugin, values: Mapping) -> bool:
    """Whether anything is drawn at random; a new seed does not concern what draws nothing."""
    if hasattr(plugin, "draws"):
        return plugin.draws(values)
    return values.get("weights", "random") == "random"  # trained weights are not drawn


def _validated(mistakes: Mistakes, keys: tuple, name: str, model, values: Mapping) -> dict[str, dict]:
    """Check a section by its schema: {name: section}, or nothing where there is a mistake."""
    try:
        return {name: model.model_validate(values).model_dump(mode="json")}
    except ValidationError as error:
        mistakes.add_validation(keys, error, model, values)
        return {}


def check_together(
    mistakes: Mistakes, keys: tuple, function: Callable, section: Mapping, how_many: Mapping | None = None
) -> None:
    """Ask the plugin whether its keys go together, if it has a `check`.

    One that wants to know how many images the stimuli named in the section have is asked when all
    sections are known.
    """
    check = getattr(inspect.getmodule(function), "check", None)
    if check is None:
        return
    parameters = inspect.signature(check).parameters
    if ("how_many" in parameters) == (how_many is not None):
        further = {} if how_many is None else {"how_many": how_many}
        mistakes.ask(keys, check, **schema.arguments(function, section, only=parameters), **further)


def _check_asset(mistakes: Mistakes, keys: tuple, value, several: bool, braces: bool) -> None:
    """Check that files are there: `several` may be, and `braces` in their names may stand for factors."""
    if value is None:
        return
    where = ".".join(keys)
    if not braces and has_names(value):
        mistakes.add(keys, "names in braces are factors of pictures (source: images). Write '*' instead.")
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
        each = " (or 'each: true', for a stimulus of each)" if keys[0] == "stimuli" else ""
        mistakes.add(
            keys, f"expected one file, found {len(files)}: {files[0]}, {files[1]}, …; name one of them{each}."
        )


def has_names(addresses: str | list[str]) -> bool:
    """Whether an address has names in braces, and is not a file that is called so."""
    return any(path_patterns.names(one) and not Path(one).expanduser().exists() for one in as_list(addresses))
