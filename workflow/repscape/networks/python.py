"""Networks of one's own: a function in Python makes them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from repscape.core.errors import ConfigError, unknown
from repscape.networks.lib import factory as factories
from repscape.networks.lib.loaded import Loaded, imagenet
from repscape.networks.lib.weights import PRETRAINED, drawn, insert, read
from repscape.plugin.parameter_types import ClassesOrNone, File
from repscape.traced.preprocess import Preprocess


def load(
    *,
    factory: str,
    kwargs: dict[str, Any] | None = None,
    weights: str | None = None,
    file: File | None = None,
    classes: ClassesOrNone | None = None,
    preprocess: Preprocess | None = None,
    seed: int = 0,
) -> Loaded:
    """Make a network and give it its weights.

    Parameters
    ----------
    factory : str
        ``path/to/file.py:function`` or ``package.module:function``: a function (or a class) that
        returns a torch.nn.Module which takes (image, 3, y, x).
    kwargs : mapping, optional
        What the function is called with, by name.
    weights : "random", optional
        Says that what the function gives is untrained. Without it and `file`, the weights are
        those that the function gives, which may have read them from somewhere.
    file : path, optional
        The state dict (.pth, .pt or .safetensors). In a config, a path or address given as
        `weights` arrives here.
    classes : int, optional
        How many classes the outputs (image, class) are; 0 where they are none. By default outputs of
        two axes are taken to be classes. With 1000 in a file, they have ImageNet's names.
    preprocess : Preprocess, optional
        By default the usual one for ImageNet.
    seed : int
        Of the generators of torch, Python and numpy when the function is called.

    Raises
    ------
    ConfigError
        The function is missing, fails, or does not return a network.
    DataError
        The file is not a state dict or does not fit the network.
    """
    check(factory=factory, weights=weights, file=file)
    loaded = untrained(factory=factory, kwargs=kwargs, classes=classes, preprocess=preprocess, seed=seed)
    if file is None:
        return loaded._replace(weights=weights or "factory")
    insert(loaded.module, read(Path(file)), Path(file), factory)
    return loaded._replace(weights=Path(file).name, categories=imagenet() if classes == 1000 else None)


def untrained(
    *,
    factory: str,
    kwargs: dict[str, Any] | None,
    classes: int | None,
    preprocess: Preprocess | None,
    seed: int = 0,
) -> Loaded:
    """Make the network as the function makes it; see `load`."""
    module = _made(factories.function(factory), kwargs or {}, factory, seed)
    folder = factories.folder(factory)
    nearby = folder.resolve().is_relative_to(Path.cwd())
    return Loaded(
        module.eval().float(),
        Preprocess.of(preprocess or Preprocess()),
        "random",
        None,
        classifies=classes != 0,
        folder=os.path.relpath(folder) if nearby else str(folder),
    )


def check(*, factory, weights, file) -> None:
    """Refuse what is no function of a file or module, and weights that it cannot have."""
    factories.source(factory)
    if weights is not None and weights.lower() in PRETRAINED:
        raise ConfigError(
            f"weights: expected random or the path of a state dict, found '{weights}'. Weights that the "
            "function gives are taken without this key; what it takes to load them goes into kwargs, such "
            "as {pretrained: true}."
        )
    if weights not in (None, "random"):
        raise ConfigError(f"weights: {unknown(weights, ['random'])} Or give the path of a state dict.")
    if weights == "random" and file is not None:
        raise ConfigError(f"weights are to be random, yet a file is given: {file}. Drop one of the two.")


def own_code(factory: str) -> list[Path]:
    """Return the files whose edits make the network anew."""
    return factories.sources(factory)


def _made(function: Callable, kwargs: dict, factory: str, seed: int):
    """Call the factory."""
    from torch import nn

    if isinstance(function, nn.Module):
        raise ConfigError(
            f"factory: {factory} is a network, expected a function that makes one. Put it into one: "
            "def make(): return …"
        )
    try:
        with drawn(seed):
            module = function(**kwargs)
    except Exception as error:
        given = ", ".join(f"{key}={value!r}" for key, value in kwargs.items())
        name = factory.rpartition(":")[2]
        raise ConfigError(f"factory: {name}({given}) failed: {factories.told(error)}.") from error
    if not isinstance(module, nn.Module):
        raise ConfigError(
            f"factory: expected {factory} to return a torch.nn.Module, found {type(module).__name__}."
        )
    return module
