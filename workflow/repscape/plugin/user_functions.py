"""Functions of the user's: ``path/to/file.py:function`` or ``package.module:function`` in the config.

They are found and checked without being imported, for a plan is made without what they import. A module of a
package is looked for in the folder that the workflow runs in, then wherever Python looks. A file may import
modules that lie beside it: edits of these count as edits of the file.
"""

import ast
import hashlib
import importlib
import importlib.util
import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable
from functools import wraps
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from repscape.core.errors import ConfigError, DataError, unknown

FORM = "path/to/file.py:function or package.module:function"
_INSTALLED = {"site-packages", "dist-packages"}


def is_reference(text: str) -> bool:
    """Whether a text of the config names a function so."""
    return ":" in text


def file(reference: str, where: str) -> Path:
    """Return the file that a function is defined in.

    Parameters
    ----------
    reference : str
    where : str
        The key of the config, for messages.

    Raises
    ------
    ConfigError
        There is no such file or module, or it is of Python's standard library.
    """
    module, _ = split(reference, where)
    found: Path | None
    if module.endswith(".py"):
        found = Path(module).expanduser()
    elif module.partition(".")[0] in sys.stdlib_module_names:
        raise ConfigError(not_of_the_user(reference, where))
    else:
        found = _module_file(module)
    if found is None:
        raise ConfigError(
            f"{where}: expected {FORM}, found no module '{module}' (searched {Path.cwd()} and Python's "
            "path). Install it, or give its file."
        )
    if not found.is_file():
        raise ConfigError(f"{where}: {module}: no such file (paths start at {Path.cwd()}). Check the path.")
    if _is_standard(found):
        raise ConfigError(not_of_the_user(reference, where))
    return found


def code_files(reference: str, where: str) -> list[Path]:
    """Return the file of a function and those below its folder that it imports, directly or not.

    Of an installed package it is the file alone: packages have versions.

    Raises
    ------
    ConfigError
        A file is missing or is not Python.
    """
    first = file(reference, where)
    if is_installed(first):
        return [first]
    top, waiting, found = folder(reference, where), [first], []
    while waiting:
        path = waiting.pop(0)
        if path not in found:
            found.append(path)
            waiting += _imported_files(path, top, where)
    return found


def folder(reference: str, where: str) -> Path:
    """Return the folder in which Python has to look for the module of a function."""
    path, module = file(reference, where), split(reference, where)[0]
    if module.endswith(".py"):
        return path.parent
    return path.parents[module.count(".") + (path.name == "__init__.py")]


def check(reference: str, where: str) -> None:
    """Check that a function is defined in its file, without running that.

    Raises
    ------
    ConfigError
    """
    path, name = file(reference, where), split(reference, where)[1]
    defined = [node.name for node in _tree(path, where).body if isinstance(node, ast.FunctionDef)]
    if name not in defined:
        raise ConfigError(f"{where}: {path}: function {unknown(name, defined)}")


def load(reference: str, where: str, *, by_its_name: bool = False) -> Callable:
    """Import a function; its folder stays where Python looks first.

    Parameters
    ----------
    reference : str
    where : str
        The key of the config, for messages.
    by_its_name : bool
        Whether other processes must find the module by its name, because objects of its classes are written
        to files. Else a file whose name another module has is imported under another name.

    Raises
    ------
    ConfigError
        There is no such function, or what runs on import fails.
    """
    path, (module, name) = file(reference, where), split(reference, where)
    try:
        imported = _import(path, module, folder(reference, where))
    except Exception as error:
        raise ConfigError(f"{where}: {path} cannot be imported: {describe(error)}.") from error
    if imported is None and by_its_name:
        other = getattr(sys.modules[_name(path, module)], "__file__", "one of Python's")
        raise ConfigError(f"{where}: {path} has the name of another module, {other}. Rename it.")
    try:
        imported = imported or _import_under_another_name(path.resolve())
    except Exception as error:
        raise ConfigError(f"{where}: {path} cannot be imported: {describe(error)}.") from error
    function = getattr(imported, name, None)
    if not callable(function):
        callables = [
            key for key, value in vars(imported).items() if callable(value) and not key.startswith("_")
        ]
        raise ConfigError(f"{where}: {path}: function {unknown(name, callables)}")
    return function


def reporting(function: Callable, reference: str) -> Callable:
    """Let what a function raises become a `DataError` that names it."""

    @wraps(function)
    def called(*arguments, **keywords):
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            raise DataError(f"{reference}: the function failed: {describe(error)}.") from error

    return called


def describe(error: BaseException) -> str:
    """Say what an exception was and where it came from."""
    words = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if isinstance(error, SyntaxError):  # says where
        return words
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{words} ({last.filename}, line {last.lineno})"


def look_in(path: str | Path) -> None:
    """Let Python look for modules in a folder first."""
    absolute = str(Path(path).resolve())
    if sys.path[0] != absolute:
        sys.path.insert(0, absolute)
        importlib.invalidate_caches()


def is_installed(path: Path) -> bool:
    """Whether a file belongs to an installed package."""
    return bool(_INSTALLED & set(path.parts))


def not_of_the_user(reference: str, where: str, module: str = "") -> str:
    """Say that a function is of Python's standard library, which is never called."""
    of = f" ({module})" if module else ""
    return (
        f"{where}: {reference} is from Python's standard library{of}. Expected a function from your file "
        f"or an installed package: {FORM}."
    )


def split(reference: str, where: str) -> tuple[str, str]:
    """Split a reference into the file or module and the function."""
    match = re.fullmatch(r"(.+\.py|[A-Za-z_][\w.]*):([A-Za-z_]\w*)", reference)
    if not match:
        raise ConfigError(f"{where}: expected {FORM}, found '{reference}'.")
    return match[1], match[2]


def _is_standard(path: Path) -> bool:
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    resolved = path.resolve()
    inside = any(resolved.is_relative_to(Path(folder).resolve()) for folder in folders)
    return inside and not is_installed(resolved)


def _name(path: Path, module: str) -> str:
    return path.stem if module.endswith(".py") else module


def _import(path: Path, module: str, top: Path) -> ModuleType | None:
    """Import a module by its name; None if another module has it."""
    look_in(top)
    imported = importlib.import_module(_name(path, module))
    return imported if Path(imported.__file__ or "").resolve() == path.resolve() else None


def _import_under_another_name(path: Path) -> ModuleType:
    """Run a file once, as a module that Python knows: dataclasses and pickle look it up by its name."""
    name = f"user_{path.stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}".replace(".", "_")
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # type: ignore[arg-type] # .py has a loader
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _module_file(module: str) -> Path | None:
    """Find the file of a module without importing the packages that it lies in."""
    parts = module.split(".")
    spec = PathFinder.find_spec(parts[0], [str(Path.cwd()), *sys.path])
    spec = spec or importlib.util.find_spec(parts[0])  # packages installed for editing
    for length in range(2, len(parts) + 1):
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = PathFinder.find_spec(".".join(parts[:length]), list(spec.submodule_search_locations))
    origin = None if spec is None else spec.origin
    return Path(origin) if origin is not None and origin.endswith(".py") else None


def _tree(path: Path, where: str) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except OSError as error:
        raise ConfigError(f"{where}: {path}: cannot be read ({error.strerror}).") from error
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{where}: {path}: not valid Python ({error}).") from error


def _imported_files(path: Path, top: Path, where: str) -> list[Path]:
    """List the files below a folder that a file imports."""
    names: set[tuple[str, ...]] = set()
    package = path.parent.relative_to(top).parts
    for node in ast.walk(_tree(path, where)):
        if isinstance(node, ast.Import):
            names |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            start += tuple(node.module.split(".")) if node.module else ()
            names |= {start} | {(*start, alias.name) for alias in node.names}
    candidates = set()
    for parts in names:
        for length in range(1, len(parts) + 1):
            inner = top.joinpath(*parts[:length])
            candidates |= {inner.with_name(f"{inner.name}.py"), inner / "__init__.py"}
    return sorted(candidate for candidate in candidates if candidate.is_file())
