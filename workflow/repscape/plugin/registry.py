"""Plugins, found by their step and name: in the package, in folders of the user's, in installed packages.

All have the same layout: ``{step}/{name}.py`` holds one plugin (see `repscape.plugin.contract`). A folder is
named in the config (``plugins: my_lab``); an installed package names itself by an entry point of the group
``repscape.plugins``, whose value is the package that has these folders. Files in a plugin's folder import
each other relatively (``from ..lib.filters import gabor``).
"""

import importlib
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from repscape.core.errors import ConfigError, in_words, nearest, raised_in, unknown
from repscape.core.run import PLUGINS, plugin_folders
from repscape.plugin.contract import STEPS, Plugin

PACKAGE = Path(__file__).parents[1]
GROUP = "repscape.plugins"


def names(step: str) -> tuple[str, ...]:
    """List the plugins of a step without importing them."""
    return tuple(sorted(_files(step)))


def file(step: str, name: str) -> Path:
    """Return the file of a plugin."""
    return _files(step)[name]


def find(step: str, name: str, where: str = "config") -> type[Any]:
    """Import a plugin.

    Parameters
    ----------
    step : str
        A key of `repscape.plugin.contract.STEPS`.
    name : str
    where : str
        Where the config asks for it, for the message.

    Returns
    -------
    type
        The class in the plugin's file.

    Raises
    ------
    ConfigError
        There is no plugin of that name (the message lists those there are), or its file does not hold one.
    """
    if name not in _files(step):
        raise ConfigError(f"{where}: {unknown(name, names(step))}")
    return _load(step, name)


def find_or_base(step: str, name: str) -> type[Any]:
    """Import a plugin; of a name that is none, such as what a recording calls its metric, its step's base."""
    return find(step, name) if name in _files(step) else STEPS[step]


def library_versions(step: str, name: str) -> dict[str, str]:
    """Return the versions of the packages that a plugin's result depends on.

    Raises
    ------
    ConfigError
        One is not installed.
    """
    from importlib.metadata import PackageNotFoundError, version

    plugin = find(step, name)
    try:
        return {library: version(library) for library in plugin.libraries}
    except PackageNotFoundError as error:
        raise ConfigError(
            f"{file(step, name)}: {plugin.__name__}.libraries: '{error.name}' is not installed. Install "
            "it, or write the name that pip uses (scikit-learn, not sklearn)."
        ) from error


@cache
def _load(step: str, name: str) -> type[Plugin]:
    """Import a plugin; whatever is wrong with its file is said with the file and the line."""
    path = file(step, name)
    root = path.parents[1]
    try:
        module = importlib.import_module(f"{_package(root)}.{step}.{name}")
    except (Exception, SystemExit) as error:
        where = raised_in(error, [root]) or str(path)
        what = str(error) if isinstance(error, ConfigError) else f"cannot be imported: {in_words(error)}."
        if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] == root.name:
            what += (
                " Files of the folder import each other by relative imports: from ..lib.filters import gabor."
            )
        raise ConfigError(f"{where}: {what}") from error
    return _only_class(module, step, path)


def _only_class(module: ModuleType, step: str, path: Path) -> type[Plugin]:
    """Return the plugin that a module holds."""
    base = STEPS[step]
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        what = ", ".join(one.__name__ for one in found) or "none"
        raise ConfigError(f"{path}: expected one class derived from {base.__name__}, found {what}.")
    contract = {one for parent in base.__mro__ for one in vars(parent) if not one.startswith("_")}
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) == module.__name__ and name in contract and callable(value):
            raise ConfigError(
                f"{path}: the function '{name}' has the name of a method of {base.__name__}. Move it into "
                f"{found[0].__name__}, or begin its name with an underscore."
            )
    return found[0]


def use(folders: Iterable[str | Path], where: str = "plugins") -> None:
    """Take plugins from folders as well, in this process and in the jobs that it starts.

    Parameters
    ----------
    folders : paths
        Installed packages that name themselves are added.
    where : str
        The key in the config, for messages.

    Raises
    ------
    ConfigError
        A folder is not there or holds no plugins; a plugin has the name of another.
    """
    paths = list(dict.fromkeys([*(Path(folder).expanduser().resolve() for folder in folders), *_installed()]))
    for path in paths:
        _check_folder(path, where)
    os.environ[PLUGINS] = os.pathsep.join(map(str, paths))
    for known in (_files, _load):
        known.cache_clear()
    for step in STEPS:
        names(step)


def _check_folder(path: Path, where: str) -> None:
    """Refuse a folder that holds no plugins, or some in a folder whose name is misspelt."""
    if not path.is_dir():
        raise ConfigError(
            f"{where}: {path}: expected a folder, found {'a file' if path.exists() else 'none'}."
        )
    if os.pathsep in str(path):
        raise ConfigError(f"{where}: {path}: a path cannot contain '{os.pathsep}'. Rename the folder.")
    inside = [entry.name for entry in path.iterdir() if entry.is_dir()]
    for name in set(inside) - STEPS.keys():
        meant = nearest(name, STEPS)
        if meant and not {meant, "lib"} & set(inside) and any((path / name).glob("*.py")):
            raise ConfigError(f"{where}: {path}: {unknown(name, STEPS)} Rename the folder.")
    if not STEPS.keys() & set(inside):
        raise ConfigError(
            f"{where}: {path}: expected folders of plugins ({', '.join(STEPS)}), found "
            f"{', '.join(sorted(inside)) or 'none'}."
        )


def _installed() -> list[Path]:
    """Return the folders of installed packages that hold plugins."""
    from importlib.metadata import entry_points

    found = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        spec = None
        with suppress(ImportError, ValueError):  # the package that it should lie in is not there
            spec = find_spec(point.value)
        if spec is None or not spec.submodule_search_locations:
            raise ConfigError(f"entry point {point.name} of {GROUP}: {point.value} is not a package.")
        found.append(Path(next(iter(spec.submodule_search_locations))).resolve())
    return found


@cache
def _files(step: str) -> dict[str, Path]:
    """Map the plugins of a step to their files.

    Raises
    ------
    ConfigError
        Two have one name.
    """
    found: dict[str, Path] = {}
    for root in [PACKAGE, *map(Path, plugin_folders())]:
        for path in sorted((root / step).glob("[!_]*.py")):
            if "." in path.stem:
                raise ConfigError(f"{path}: expected a name without dots. Rename the file.")
            if path.stem in found:
                raise ConfigError(
                    f"{path}: another plugin has this name: {found[path.stem]}. Rename the file."
                )
            found[path.stem] = path
    return found


@cache
def _package(folder: Path) -> str:
    """Return the name of the package that a folder is for Python.

    One that cannot be imported by its name gets one that no other has.
    """
    if folder == PACKAGE:
        return "repscape"
    for path in map(Path, sys.path):
        name = ".".join(folder.relative_to(path).parts) if folder.is_relative_to(path) else ""
        with suppress(ImportError, ValueError):
            spec = find_spec(name) if name else None
            if spec and str(folder) in (spec.submodule_search_locations or ()):
                return name
    name = f"repscape_plugins_{sha256(os.fsencode(folder)).hexdigest()[:16]}"
    package = sys.modules[name] = ModuleType(name)
    package.__path__ = [str(folder)]
    return name
