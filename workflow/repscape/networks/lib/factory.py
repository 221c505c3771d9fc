"""Functions that make networks: ``path/to/file.py:function`` or ``package.module:function``.

They are found without being imported, for a plan is made without what they import. A module of a package
is looked for in the folder that the workflow runs in, then wherever Python looks. Unlike functions of
one file (user_functions.py), they may import modules that lie beside them.

A factory is called when a plan is made. So it must be a function or class of the user's file, or of an
installed package that uses torch: nothing of Python's standard library, whatever name it goes by.
"""

import ast
import functools
import importlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from repscape.core.errors import ConfigError, unknown
from repscape.plugin.user_functions import is_standard, look_in

FORM = "path/to/file.py:function or package.module:function"


def source(factory: str) -> Path:
    """Return the file that a function is defined in.

    Raises
    ------
    ConfigError
        There is no such file or module.
    """
    module, _ = _split(factory)
    if module.endswith(".py"):
        file = Path(module).expanduser()
        if not file.is_file():
            raise ConfigError(f"factory: {module}: no such file (looked from {Path.cwd()}).")
        if is_standard(file):
            raise ConfigError(_not_theirs(factory))
        return file
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise ConfigError(_not_theirs(factory))
    found = _module_file(module)
    if found is None:
        raise ConfigError(
            f"factory: expected {FORM}, found no module '{module}' (looked in {Path.cwd()} and where Python "
            "looks). Install it, or name its file."
        )
    if is_standard(found):
        raise ConfigError(_not_theirs(factory))
    return found


def sources(factory: str) -> list[Path]:
    """Return the file of a function and those beside it that it imports, directly or not.

    Of an installed package it is the file alone: packages have versions.

    Raises
    ------
    ConfigError
        A file is not there or is not Python.
    """
    first = source(factory)
    if "site-packages" in first.parts:
        return [first]
    top, waiting, seen = folder(factory), [first], []
    while waiting:
        file = waiting.pop(0)
        if file not in seen:
            seen.append(file)
            waiting += _imported(file, top)
    return seen


def folder(factory: str) -> Path:
    """Return the folder that Python has to look in for the module of a function."""
    file, module = source(factory), _split(factory)[0]
    if module.endswith(".py"):
        return file.parent
    return file.parents[module.count(".") + (file.name == "__init__.py")]


def function(factory: str) -> Callable:
    """Import a function; its folder stays where Python looks first.

    Raises
    ------
    ConfigError
        There is none, or what is executed on import fails.
    """
    file, (module, name) = source(factory), _split(factory)
    look_in(folder(factory))
    if module.endswith(".py"):
        module = file.stem
    try:
        imported = importlib.import_module(module)
    except Exception as error:
        raise ConfigError(f"factory: {file} cannot be imported: {told(error)}.") from error
    if Path(imported.__file__ or "").resolve() != file.resolve():
        raise ConfigError(f"factory: {file} has the name of another module, {imported.__file__}. Rename it.")
    found = getattr(imported, name, None)
    if not callable(found):
        own = [key for key, value in vars(imported).items() if callable(value) and not key.startswith("_")]
        raise ConfigError(f"factory: {file}: function {unknown(name, own)}")
    _check_gives_networks(found, factory, installed="site-packages" in file.parts)
    return found


def _check_gives_networks(found: Callable, factory: str, installed: bool) -> None:
    """Refuse what can be seen not to make networks, before it is called."""
    from torch import nn

    inner = found
    while isinstance(inner, functools.partial):
        inner = inner.func
    inner = inspect.unwrap(inner)
    if isinstance(inner, nn.Module):
        return  # said where it is called
    made_by = inner if hasattr(inner, "__module__") else type(inner)
    module = str(made_by.__module__).partition(".")[0]
    if module in sys.stdlib_module_names:
        raise ConfigError(_not_theirs(factory, f" ({made_by.__module__})"))
    if isinstance(inner, type) and not issubclass(inner, nn.Module):
        raise ConfigError(f"factory: {factory} is a class of objects that are no torch.nn.Module.")
    try:
        promised: Any = inspect.get_annotations(inner, eval_str=True).get("return")
    except Exception:  # annotations may say anything
        promised = None
    protocol = getattr(promised, "_is_protocol", False)
    named = isinstance(promised, type) and promised is not Any and not protocol
    if named and not issubclass(promised, nn.Module) and not issubclass(nn.Module, promised):
        raise ConfigError(
            f"factory: {factory} says that it returns {promised.__name__}, not a torch.nn.Module."
        )
    known = getattr(inner, "__globals__", None)
    if installed and known is not None and not any(map(_is_of_torch, [*known.values()])):
        raise ConfigError(
            f"factory: {factory} is of an installed package, in a module that does not use torch, so it "
            "makes no torch.nn.Module. If it does, call it in a function of your own file."
        )
    if installed and module == "torch" and not isinstance(inner, type):
        raise ConfigError(
            f"factory: {factory} is a function of torch's own, which do other things than make networks. "
            "Call it in a function of your own file."
        )


def _is_of_torch(value) -> bool:
    """Whether an object is torch, a part of it, or what networks are made of."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return isinstance(name, str) and name.partition(".")[0] == "torch"


def _not_theirs(factory: str, of: str = "") -> str:
    return (
        f"factory: {factory} is of Python's standard library{of}, which makes no networks. Expected a "
        f"function of your own file or of an installed package that returns a torch.nn.Module: {FORM}."
    )


def told(error: BaseException) -> str:
    """Say what an exception was and where it came from."""
    words = " ".join(str(error).split())
    if isinstance(error, SyntaxError):  # says where
        return f"{type(error).__name__}: {words}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {words} ({last.filename}, line {last.lineno})"


def _split(factory: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.+\.py|[A-Za-z_][\w.]*):([A-Za-z_]\w*)", factory)
    if not match:
        raise ConfigError(f"factory: expected {FORM}, found '{factory}'.")
    return match[1], match[2]


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


def _imported(file: Path, top: Path) -> list[Path]:
    """List the files below a folder that a file imports."""
    try:
        tree = ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        raise ConfigError(f"factory: {file} is not Python: {error.msg} in line {error.lineno}.") from error
    names: set[tuple[str, ...]] = set()
    package = file.parent.relative_to(top).parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            start += tuple(node.module.split(".")) if node.module else ()
            names |= {start} | {(*start, alias.name) for alias in node.names}
    candidates = set()
    for parts in names:
        for length in range(1, len(parts) + 1):
            path = top.joinpath(*parts[:length])
            candidates |= {path.with_name(f"{path.name}.py"), path / "__init__.py"}
    return sorted(path for path in candidates if path.is_file())
