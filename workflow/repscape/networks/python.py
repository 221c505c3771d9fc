"""Networks of the user: a function in Python makes them."""

import os
from pathlib import Path
from typing import Any

from repscape.core.errors import ConfigError, unknown
from repscape.networks.lib.loaded import Loaded, imagenet
from repscape.networks.lib.state_dicts import load_file
from repscape.networks.lib.weights import PRETRAINED, WithWeights
from repscape.plugin import user_functions
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import ClassesOrNone
from repscape.traced.preprocess import Preprocess


class Python(WithWeights):
    """A network of the user: a function in Python makes it."""

    layers_depend_on = ("factory", "kwargs", "classes", "preprocess")

    factory: str = parameter(
        "``path/to/file.py:function`` or ``package.module:function``: a function (or a class) that "
        "returns a torch.nn.Module which takes (image, 3, y, x)."
    )
    kwargs: dict[str, Any] | None = parameter("Keyword arguments for the function.", None)
    weights: str | None = parameter(
        "``random``: the function returns an untrained network. A path or address: a state dict to load. "
        "By default the weights are those of the network that the function returns, which may have loaded "
        "them.",
        None,
    )
    classes: ClassesOrNone | None = parameter(
        "The number of classes if the outputs (image, class) are classes, else 0. By default, outputs "
        "with two axes are classes. If weights from a file have 1000 classes, these have ImageNet's names.",
        None,
    )
    seed: int = parameter(
        "The seed of torch's, Python's and numpy's generators when the function is called.", 0
    )

    def load(self) -> Loaded:
        """Make the network and give it its weights.

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
        path = Path(self.file)
        load_file(loaded.module, path, self.factory)
        return loaded._replace(weights=path.name, categories=imagenet() if self.classes == 1000 else None)

    def untrained(self) -> Loaded:
        """Make the network as the function makes it; see `load`."""
        from repscape.networks.lib.factory import make

        module = make(self.factory, self.kwargs or {}, self.seed)
        folder = user_functions.folder(self.factory, "factory")
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
        user_functions.file(self.factory, "factory")
        if self.weights is not None and self.weights.lower() in PRETRAINED:
            raise ConfigError(
                f"weights: expected random or the path of a state dict, found '{self.weights}'. To use the "
                "weights that the function loads, leave this key out and set the function's arguments "
                "with kwargs, as in {pretrained: true}."
            )
        if self.weights not in (None, "random"):
            raise ConfigError(
                f"weights: {unknown(self.weights, ['random'])} Or give the path of a state dict."
            )
        self.check_not_random_and_file()

    def code_files(self) -> list[Path]:
        """Return the file of the function and those beside it that it imports."""
        return user_functions.code_files(self.factory, "factory")
