"""Plugins: one module is one name in the config.

A plugin is a module in the folder of its step that defines the step's entry function
(`ENTRY_POINTS`). The function's keyword-only parameters are the plugin's keys in the config:
their annotations are its schema, their defaults the config's defaults. A plugin may also define `check`,
which takes some of these parameters and raises a `ConfigError` if they do not go together. Adding
a plugin is adding a file; nothing else is edited.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Container, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from repscape.errors import ConfigError
from repscape.types import _Asset

ENTRY_POINTS = {
    "stimuli": "frames",
    "networks": "load",
    "populations": "select",
    "rdms": "dissimilarity",
    "analyses": "compute",
    "figures": "draw",
}


def names(step: str) -> list[str]:
    """List the plugins of a step without importing them."""
    folder = Path(__file__).parent / step
    entry = re.compile(rf"^def {ENTRY_POINTS[step]}\(", re.MULTILINE)
    return sorted(
        module.name
        for module in pkgutil.iter_modules([str(folder)])
        if entry.search((folder / f"{module.name}.py").read_text(encoding="utf-8"))
    )


def find(step: str, name: str, where: str) -> ModuleType:
    """Import a plugin.

    Parameters
    ----------
    step : str
        The folder of the package: a key of `ENTRY_POINTS`.
    name : str
        The plugin's module name.
    where : str
        Where the config asks for it, for the message.

    Raises
    ------
    ConfigError
        There is no plugin of that name; the message lists those there are.
    """
    if name not in names(step):
        raise ConfigError(f"{where}: {unknown(name, names(step))}")
    return importlib.import_module(f"repscape.{step}.{name}")


def entry(step: str, name: str, where: str = "config") -> Callable:
    """Return a plugin's entry function."""
    return getattr(find(step, name, where), ENTRY_POINTS[step])


def unknown(name: str, valid) -> str:
    """Say that a name is unknown, what was probably meant, and what there is."""
    valid = sorted(map(str, valid))
    close = get_close_matches(str(name), valid, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else "."
    return f"'{name}' is unknown{hint} Valid: {', '.join(valid) or 'none'}."


def asset_parameters(function: Callable) -> list[str]:
    """Name the parameters that take files (annotated `File` or `Files`)."""
    return [name for name, hint in _hints(function).items() if _is_asset(hint)]


def takes_several(function: Callable, name: str) -> bool:
    """Whether a parameter that takes files takes a list of them (`Files`)."""
    return "list[" in str(_hints(function)[name])


def model(function: Callable, **common) -> type[BaseModel]:
    """Build the closed schema of a plugin's section from its keyword-only parameters.

    Files stay text here: they are addresses or patterns until `assets` has found them.

    Parameters
    ----------
    function : the plugin's entry function
    common : name = (type, default)
        Further keys of the section; a parameter of the same name goes first.
    """
    parameters = inspect.signature(function).parameters
    fields: dict[str, Any] = {}
    for name, hint in _hints(function).items():
        default = parameters[name].default
        if _is_asset(hint):
            hint = (str | list[str]) if takes_several(function, name) else str
            hint = hint | None if default is None else hint
        fields[name] = (hint, ... if default is inspect.Parameter.empty else default)
    name = function.__module__.rsplit(".", 1)[-1]
    return create_model(name, __config__=ConfigDict(extra="forbid"), **(common | fields))


def section_arguments(function: Callable, section: Mapping, only: Container[str] | None = None) -> dict:
    """Pick the arguments that an entry function takes from a section, in the types it declares.

    Files stay text (see `arguments.fetched`). With `only`, no other arguments are picked.
    """
    return {
        name: section[name] if _is_asset(hint) else TypeAdapter(hint).validate_python(section[name])
        for name, hint in _hints(function).items()
        if name in section and (only is None or name in only)
    }


def _hints(function: Callable) -> dict[str, Any]:
    """Annotations of the keyword-only parameters, in order."""
    hints = get_type_hints(function, include_extras=True)
    return {
        name: hints.get(name, Any)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def _is_asset(hint) -> bool:
    """Whether an annotation is `File` or `Files`, possibly `| None`."""
    if get_origin(hint) is Annotated:
        return _Asset in hint.__metadata__
    return any(_is_asset(arg) for arg in get_args(hint))
