"""Functions of one's own, written in the config as ``FILE.py:FUNCTION``."""

import ast
import hashlib
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from types import ModuleType

from repscape.core.errors import ConfigError, DataError, unknown


def is_own(text: str) -> bool:
    """Whether a name in the config is one of these."""
    return ".py:" in text


def file(text: str) -> Path:
    """Return the file of a function."""
    return Path(text.rpartition(":")[0]).expanduser()


def is_standard(path: Path) -> bool:
    """Whether a file belongs to Python's standard library, whose functions are nobody's own."""
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    resolved = path.resolve()
    inside = any(resolved.is_relative_to(Path(folder).resolve()) for folder in folders)
    return inside and not {"site-packages", "dist-packages"} & set(resolved.parts)


def check(text: str, where: str) -> None:
    """Check that the file is there and defines the function, without running it.

    Raises
    ------
    ConfigError
    """
    path, name = file(text), text.rpartition(":")[2]
    if is_standard(path):
        raise ConfigError(f"{where}: {path}: a file of Python's standard library; name one of yours.")
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except OSError as error:
        raise ConfigError(
            f"{where}: {path}: cannot be read ({error.strerror}; looked from {Path.cwd()})."
        ) from error
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{where}: {path}: not valid Python ({error}).") from error
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if name not in defined:
        raise ConfigError(f"{where}: {path}: function {unknown(name, defined)}")


@cache
def load(text: str) -> Callable:
    """Import the file and return the function; what it raises becomes a `DataError` that names it.

    Raises
    ------
    ConfigError
        The file cannot be imported.
    """
    function = getattr(module(text), text.rpartition(":")[2])

    @wraps(function)
    def told(*arguments, **keywords):
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            raise DataError(f"{text}: the function failed: {error!r}.") from error

    return told


def module(text: str) -> ModuleType:
    """Import the file of a function.

    Raises
    ------
    ConfigError
        The file cannot be imported, or does not define the function.
    """
    check(text, text)
    try:
        return _module(file(text).resolve())
    except Exception as error:
        raise ConfigError(f"{text}: the file cannot be imported: {error!r}.") from error


@cache
def _module(path: Path) -> ModuleType:
    """Run a file once, as a module that Python knows, which dataclasses and pickle look up by its name.

    The name is made of the whole path, for other modules and files may be called alike.
    """
    name = f"own_{path.stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}".replace(".", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # type: ignore[arg-type] # a file .py has a loader
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]
    except BaseException:
        del sys.modules[name]
        raise
    return module


def look_in(path: str | Path) -> None:
    """Let Python look for modules in a folder first."""
    absolute = str(Path(path).resolve())
    if sys.path[0] != absolute:
        sys.path.insert(0, absolute)
        importlib.invalidate_caches()
