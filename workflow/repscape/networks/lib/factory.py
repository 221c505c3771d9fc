"""Calls functions of the user's that make networks.

A factory is called when a plan is made. So it must be a function or class of the user's file, or of an
installed package that uses torch: nothing of Python's standard library, whatever name it goes by.
"""

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from torch import nn

from repscape.core.errors import ConfigError
from repscape.plugin import user_functions
from repscape.traced.generators import drawing_from

KEY = "factory"  # of the config, for messages


def make(reference: str, arguments: Mapping[str, Any], seed: int) -> nn.Module:
    """Call a factory.

    Parameters
    ----------
    reference : str
        ``path/to/file.py:function`` or ``package.module:function``.
    arguments : mapping
    seed : int
        Of the generators of torch, Python and numpy meanwhile.

    Raises
    ------
    ConfigError
        The function is missing, fails, or does not return a network.
    """
    function = load(reference)
    if isinstance(function, nn.Module):
        raise ConfigError(
            f"{KEY}: expected a function that makes a network, found a network, {reference}. Write a "
            "function that returns it: def make(): return …"
        )
    try:
        with drawing_from(seed):
            module = function(**arguments)
    except Exception as error:
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        name = reference.rpartition(":")[2]
        raise ConfigError(f"{KEY}: {name}({given}) failed: {user_functions.describe(error)}.") from error
    if not isinstance(module, nn.Module):
        raise ConfigError(
            f"{KEY}: expected {reference} to return a torch.nn.Module, found {type(module).__name__}."
        )
    return module


def load(reference: str) -> Callable:
    """Import a factory; refuse what can be seen not to make networks before it is called.

    Raises
    ------
    ConfigError
    """
    function = user_functions.load(reference, KEY, by_its_name=True)
    installed = user_functions.is_installed(user_functions.file(reference, KEY))
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    inner = inspect.unwrap(inner)
    if isinstance(inner, nn.Module):
        return function  # `make` refuses it
    made_by = inner if hasattr(inner, "__module__") else type(inner)
    module = str(made_by.__module__).partition(".")[0]
    if module in sys.stdlib_module_names:
        raise ConfigError(user_functions.not_of_the_user(reference, KEY, made_by.__module__))
    if isinstance(inner, type) and not issubclass(inner, nn.Module):
        raise ConfigError(
            f"{KEY}: expected a torch.nn.Module, found another class, {reference}. Derive it from "
            "torch.nn.Module, or name a function that makes a network."
        )
    _check_annotation(inner, reference)
    known = getattr(inner, "__globals__", None)
    if installed and known is not None and not any(map(_is_of_torch, [*known.values()])):
        raise ConfigError(
            f"{KEY}: {reference} is from a module of an installed package that does not use torch, so it "
            "makes no torch.nn.Module. If it does make one, call it in a function in your file."
        )
    if installed and module == "torch" and not isinstance(inner, type):
        raise ConfigError(
            f"{KEY}: {reference} is a function of torch, and these do not make networks. Write a function "
            "in your file that calls it."
        )
    return function


def _check_annotation(function: Callable, reference: str) -> None:
    """Refuse a function whose annotation says that it returns something else than a network."""
    try:
        promised: Any = inspect.get_annotations(function, eval_str=True).get("return")
    except Exception:  # annotations may say anything
        return
    protocol = getattr(promised, "_is_protocol", False)
    named = isinstance(promised, type) and promised is not Any and not protocol
    if named and not issubclass(promised, nn.Module) and not issubclass(nn.Module, promised):
        raise ConfigError(
            f"{KEY}: expected a function that returns a torch.nn.Module, but {reference} is annotated to "
            f"return {promised.__name__}."
        )


def _is_of_torch(value) -> bool:
    """Whether an object is torch, a part of it, or what networks are made of."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return isinstance(name, str) and name.partition(".")[0] == "torch"
