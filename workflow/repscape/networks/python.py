"""Networks of one's own: a function in Python makes them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from repscape.core.errors import ConfigError, unknown
from repscape.networks.lib import factory as factories
from repscape.networks.lib.loaded import Loaded, imagenet
from repscape.networks.lib.weights import PRETRAINED, drawn, insert, read
from repscape.plugin.contract import Network, parameter
from repscape.plugin.parameter_types import ClassesOrNone, File
from repscape.traced.preprocess import Preprocess


class Python(Network):
    """Networks of one's own: a function in Python makes them."""

    factory: str = parameter(
        "``path/to/file.py:function`` or ``package.module:function``: a function (or a class) that "
        "returns a torch.nn.Module which takes (image, 3, y, x)."
    )
    kwargs: dict[str, Any] | None = parameter("What the function is called with, by name.", None)
    weights: str | None = parameter(
        "Says that what the function gives is untrained. Without it and `file`, the weights are those "
        "that the function gives, which may have read them from somewhere.",
        None,
    )
    file: File | None = parameter(
        "The state dict (.pth, .pt or .safetensors). In a config, a path or address given as `weights` "
        "arrives here.",
        None,
    )
    classes: ClassesOrNone | None = parameter(
        "How many classes the outputs (image, class) are; 0 where they are none. By default outputs of "
        "two axes are taken to be classes. With 1000 in a file, they have ImageNet's names.",
        None,
    )
    preprocess: Preprocess | None = parameter("By default the usual one for ImageNet.", None)
    seed: int = parameter("Of the generators of torch, Python and numpy when the function is called.", 0)

    def load(self) -> Loaded:
        """Make a network and give it its weights.

        Raises
        ------
        ConfigError
            The function is missing, fails, or does not return a network.
        DataError
            The file is not a state dict or does not fit the network.
        """
        self.check()
        loaded = self.untrained()
        if self.file is None:
            return loaded._replace(weights=self.weights or "factory")
        insert(loaded.module, read(Path(self.file)), Path(self.file), self.factory)
        return loaded._replace(
            weights=Path(self.file).name, categories=imagenet() if self.classes == 1000 else None
        )

    def untrained(self) -> Loaded:
        """Make the network as the function makes it; see `load`."""
        module = _made(factories.function(self.factory), self.kwargs or {}, self.factory, self.seed)
        folder = factories.folder(self.factory)
        nearby = folder.resolve().is_relative_to(Path.cwd())
        return Loaded(
            module.eval().float(),
            Preprocess.of(self.preprocess or Preprocess()),
            "random",
            None,
            classifies=self.classes != 0,
            folder=os.path.relpath(folder) if nearby else str(folder),
        )

    def check(self) -> None:
        """Refuse what is no function of a file or module, and weights that it cannot have."""
        factories.source(self.factory)
        if self.weights is not None and self.weights.lower() in PRETRAINED:
            raise ConfigError(
                f"weights: expected random or the path of a state dict, found '{self.weights}'. Weights that the "
                "function gives are taken without this key; what it takes to load them goes into kwargs, such "
                "as {pretrained: true}."
            )
        if self.weights not in (None, "random"):
            raise ConfigError(
                f"weights: {unknown(self.weights, ['random'])} Or give the path of a state dict."
            )
        if self.weights == "random" and self.file is not None:
            raise ConfigError(
                f"weights are to be random, yet a file is given: {self.file}. Drop one of the two."
            )

    def code_files(self) -> list[Path]:
        """Return the files whose edits make the network anew."""
        return factories.sources(self.factory)


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
