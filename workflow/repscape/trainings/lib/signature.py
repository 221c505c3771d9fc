"""The hyperparameters of a training function of one's own, read from its file without running it."""

import ast
from typing import Any, Literal

from pydantic import TypeAdapter

from repscape.core.errors import ConfigError
from repscape.plugin import user_functions

FORM = "def {name}(network, training, held_out, *, epochs: int = 10, …)"
PLAIN: dict[str, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "list": list,
    "dict": dict,
    "tuple": tuple,
}


def hyperparameters(text: str) -> dict[str, tuple[Any, Any]]:
    """Return the keyword-only parameters of a function with their types and defaults.

    Types are read where they are made of int, float, bool, str, None, list, tuple, dict, ``|`` and
    Literal; without an annotation a parameter is of the type of its default. Of other annotations anything
    is accepted.

    Parameters
    ----------
    text : str
        ``path/to/file.py:function``.

    Returns
    -------
    dict of name to (type, default)
        The default is ``...`` where there is none. As `pydantic.create_model` takes it.

    Raises
    ------
    ConfigError
        There is no such function, it does not take a network and examples, or a default is no plain value.
    """
    user_functions.check(text, "function")
    path, name = user_functions.file(text), text.rpartition(":")[2]
    tree = ast.parse(path.read_bytes(), filename=str(path))
    (*_, function) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    taken = function.args
    positional = len(taken.posonlyargs) + len(taken.args)
    if positional - len(taken.defaults) > 3 or (positional < 3 and taken.vararg is None):
        raise ConfigError(
            f"function: {path}: expected {FORM.format(name=name)}, found {name}({ast.unparse(taken)})."
        )
    found = {}
    for parameter, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True):
        value = ... if default is None else _value(default, f"function: {path}: '{parameter.arg}'")
        hint = _of(value) if parameter.annotation is None else _type(parameter.annotation)
        found[parameter.arg] = (hint, value)
    return found


def _value(node: ast.expr, where: str):
    try:
        return ast.literal_eval(node)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{where}: its default, {ast.unparse(node)}, cannot be known without running the file. Write the "
            "value itself."
        ) from error


def _of(default) -> Any:
    """Return the type that a default tells: numbers without a point may stand for others."""
    if isinstance(default, bool) or type(default) in (float, str):
        return type(default)
    return int | float if type(default) is int else Any


def _type(node: ast.expr) -> Any:
    """Turn an annotation into the type that it says; Any where it says something else, or no type at all."""
    try:
        found = _said(node)
        TypeAdapter(found)  # refuses list[...], dict[int] and the like
    except Exception:  # pydantic's errors have no other base
        return Any
    return found


def _said(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):  # "int"
        return _said(ast.parse(node.value, mode="eval").body)
    if isinstance(node, ast.Name):
        return PLAIN.get(node.id, Any)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = _said(node.left), _said(node.right)
        return Any if Any in (left, right) else left | right if left is not None else right | None
    if isinstance(node, ast.Subscript):
        base = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        if base == "Literal":
            return Literal[ast.literal_eval(node.slice)]
        if base in ("list", "tuple", "dict"):
            inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            return PLAIN[base][tuple(... if _is_dots(part) else _said(part) for part in inner)]
    return Any


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...
