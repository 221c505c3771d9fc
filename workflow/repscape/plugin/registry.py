"""Plugins: one module is one name in the config.

A plugin is a module in the folder of its step that defines the step's entry function
(`ENTRY_POINTS`). The function's keyword-only parameters are the plugin's keys in the config:
their annotations are its schema, their defaults the config's defaults. A plugin may also define `check`,
which takes some of these parameters and raises a `ConfigError` if they do not go together; one of a
plugin that takes other stimuli may also ask for `how_many`: for each of these parameters the number of
images, or None. A source of stimuli may define `how_many`, which tells it from the parameters.
Adding a plugin is adding a file; nothing else is edited.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

from repscape.core.errors import ConfigError, unknown

ENTRY_POINTS = {
    "stimuli": "frames",
    "networks": "load",
    "trainings": "train",
    "recordings": "read",
    "populations": "select",
    "metrics": "dissimilarity",
    "analyses": "compute",
    "figures": "draw",
}


@cache
def names(step: str) -> tuple[str, ...]:
    """List the plugins of a step without importing them."""
    folder = Path(__file__).parents[1] / step
    entry = re.compile(rf"^def {ENTRY_POINTS[step]}\(", re.MULTILINE)
    found = (
        module.name
        for module in pkgutil.iter_modules([str(folder)])
        if not module.ispkg and entry.search((folder / f"{module.name}.py").read_text(encoding="utf-8"))
    )
    return tuple(sorted(found))


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
