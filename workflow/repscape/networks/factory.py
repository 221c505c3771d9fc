"""Functions that make networks: ``path/to/file.py:function`` or ``package.module:function``.

They are found without being imported, for a plan is made without what they import. A module of a package
is looked for in the folder that the workflow runs in, then wherever Python looks. Unlike functions of
one file (own.py), they may import modules that lie beside them.
"""

import ast
import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import PathFinder
from pathlib import Path

from repscape.errors import ConfigError, unknown
from repscape.own import look_in

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
        return file
    found = _module_file(module)
    if found is None:
        raise ConfigError(
            f"factory: expected {FORM}, found no module '{module}' (looked in {Path.cwd()} and where Python "
            "looks). Install it, or name its file."
        )
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
    if not callable(getattr(imported, name, None)):
        own = [key for key, value in vars(imported).items() if callable(value) and not key.startswith("_")]
        raise ConfigError(f"factory: {file}: function {unknown(name, own)}")
    return getattr(imported, name)


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
