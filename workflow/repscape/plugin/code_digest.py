"""Code is an input too: digests of the code that makes a file.

Snakemake sees edits to a script by the script's date and edits to an imported package not at
all. A rule's parameters therefore hold a digest of its script and of every module of this package
that the script imports, directly or not, plus those of the plugins it is given by name. The
digest is of the syntax tree: comments, docstrings, layout and dates do not count.
"""

import ast
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from repscape.core import shipped

PACKAGE = shipped.PACKAGE
SCRIPTS = shipped.WORKFLOW / "scripts"

# What these modules say does not change what a job computes.
WITHOUT_EFFECT = {
    "repscape",
    "repscape.core.errors",
    "repscape.io.file_digests",
    "repscape.core.job",
    "repscape.core.logs",
    "repscape.core.terminal",
    "repscape.core.run",
    "repscape.io.cache_lock",
    "repscape.io.asset_store",  # its files have the checksums that the config names
    "repscape.io.downloads",
}


@cache
def digest(*files: str | Path) -> str:
    """Digest some files and all modules of the package that they import, transitively.

    Parameters
    ----------
    files : paths of scripts, modules or plugins
        What a user's plugin imports from its own folder (``from ..lib import filters``) counts as well. Files
        outside the workflow's folder are known by their order, not by where they lie: a study may have two of
        one name.

    Returns
    -------
    str
        16 hexadecimal digits; the same on every machine and Python version that is supported.
    """
    given = [Path(one).resolve() for one in files]
    waiting = [(_key(file, number, file), file, number) for number, file in enumerate(given)]
    seen: dict[str, str] = {}
    while waiting:
        key, file, number = waiting.pop()
        if key not in seen:
            seen[key], found = _read(file)
            waiting += [(_key(one, number, given[number]), one, number) for one in found]
    lines = "\n".join(f"{key} {seen[key]}" for key in sorted(seen))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def imports(tree: ast.AST) -> set[str]:
    """Name the modules of this package that a syntax tree imports, also inside functions."""
    found = set()
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in inner if name.startswith("repscape.") and _module_file(name).exists()}
            found |= modules or {node.module}
    found = {name for name in found if name.split(".")[0] == "repscape"}
    return found - WITHOUT_EFFECT


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a syntax tree, but for what only type checkers read."""
    if isinstance(tree, ast.Module):
        for statement in tree.body:
            if not _is_for_types(statement):
                yield from ast.walk(statement)
    else:
        yield from ast.walk(tree)


def _is_for_types(node: ast.AST) -> bool:
    """Whether this is ``if TYPE_CHECKING:``, which never runs."""
    return isinstance(node, ast.If) and not node.orelse and _is_name(node.test, "TYPE_CHECKING")


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def serialise(node) -> str:
    """Write a syntax tree as text without positions, comments, docstrings or sentences of parameters.

    `ast.dump` is not used: what it prints differs between Python versions.
    """
    if isinstance(node, ast.AST):
        fields = []
        for name, value in ast.iter_fields(node):
            if name == "body" and isinstance(
                node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            ):
                value = value[1:] if ast.get_docstring(node, clean=False) is not None else value
                value = [one for one in value if not _is_for_types(one)]
            if name == "args" and isinstance(node, ast.Call) and _is_name(node.func, "parameter"):
                value = value[1:]  # its sentence
            if name not in ("ctx", "kind", "type_comment", "type_ignores") and value not in (None, []):
                fields.append(f"{name}={serialise(value)}")
        return f"{type(node).__name__}({','.join(fields)})"
    if isinstance(node, list):
        return "[" + ",".join(map(serialise, node)) + "]"
    return repr(node)


def neighbours(tree: ast.AST, file: Path) -> list[Path]:
    """Name the files that a user's plugin imports from its own folders, relatively or by their package."""
    found = []
    for node in _walk(tree):
        if isinstance(node, ast.ImportFrom):
            parts = node.module.split(".") if node.module else []
            root = file.parents[node.level - 1] if node.level else _above(file, parts[0])
            if root:
                folder = root.joinpath(*parts)
                found += [folder, *(folder / alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found += [root.joinpath(*parts) for parts in names if (root := _above(file, parts[0]))]
    files = [one for path in found for one in (path.with_suffix(".py"), path / "__init__.py")]
    return [one for one in files if one.is_file()]


def _above(file: Path, package: str) -> Path | None:
    """Return the folder that holds a package in which a file lies."""
    return next((folder.parent for folder in file.parents if folder.name == package), None)


@cache
def _read(file: Path) -> tuple[str, tuple[Path, ...]]:
    tree = ast.parse(file.read_bytes(), filename=str(file))
    modules = [_module_file(module) for module in sorted(imports(tree))]
    beside = [] if file.is_relative_to(PACKAGE) else neighbours(tree, file)
    return hashlib.sha256(serialise(tree).encode()).hexdigest(), (*modules, *beside)


def _module_file(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    file = path.with_suffix(".py")
    return file if file.exists() else path / "__init__.py"


def _key(file: Path, number: int, given: Path) -> str:
    """Name a file of the workflow by its path below that folder, in a clone as in an installed package.

    Another is named by its path from the file that it was found from, and by that file's number.
    """
    for folder in (SCRIPTS, PACKAGE):
        if file.is_relative_to(folder):
            return file.relative_to(folder.parent).as_posix()
    return f"{number} {os.path.relpath(file, given.parent)}"
